//! Takes out what is kept: the caches, and all of one owner.

use std::fs;
use std::io;
use std::path::Path;

use super::{Place, Store, StoreError};
use crate::domain::CaseId;

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freed {
    pub files: u64,
    pub bytes: u64,
}

impl Place {
    /// Deletes the caches of all users of the desk. A process that has one open goes on with it to its end, and
    /// the next one makes it anew.
    pub fn clear_cache(&self) -> io::Result<Freed> {
        let mut freed = Freed::default();
        clear(&self.cache, &mut freed)?;
        Ok(freed)
    }
}

/// Deletes the caches of all desks in the program's cache folder.
pub fn clear_all_caches(cache: &Path) -> io::Result<Freed> {
    let mut freed = Freed::default();
    for desk in entries(&cache.join("desks"))? {
        if desk.file_type()?.is_dir() {
            clear(&desk.path(), &mut freed)?;
        }
    }
    Ok(freed)
}

fn clear(folder: &Path, freed: &mut Freed) -> io::Result<()> {
    let mut files: Vec<_> = entries(folder)?
        .into_iter()
        .filter(|file| file.file_name().to_str().is_some_and(is_of_a_cache))
        .map(|file| file.path())
        .collect();
    // The log before its file: a new file must never meet the log of an old one.
    files.sort_by_key(|file| file.extension().is_some_and(|end| end == "db"));
    for file in files {
        let bytes = fs::symlink_metadata(&file).map_or(0, |file| file.len());
        match fs::remove_file(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => {
                removed?;
                freed.files += 1;
                freed.bytes += bytes;
            }
        }
    }
    // It stays if something of somebody else's is in it.
    let _ = fs::remove_dir(folder);
    Ok(())
}

/// `u-HASH.db` and its side files. The demo's folder holds `keep.db`, too.
fn is_of_a_cache(name: &str) -> bool {
    name.starts_with("u-") && name.contains(".db")
}

fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.collect(),
    }
}

impl Store {
    /// Forgets everything of the owner's that must last: whose the token is, what waits to be sent, drafts, what
    /// the screen was left with.
    pub async fn forget(&self) -> Result<(), StoreError> {
        let owners = self.owner_words();
        let fingerprint = self.fingerprint.as_str().to_owned();
        self.keep
            .write(move |conn| {
                Box::pin(async move {
                    for owner in owners.all() {
                        for table in [
                            "DELETE FROM outbox WHERE owner = $1",
                            "DELETE FROM drafts WHERE owner = $1",
                            "DELETE FROM own_revisions WHERE owner = $1",
                            "DELETE FROM remembered WHERE owner = $1",
                        ] {
                            sqlx::query(table).bind(owner).execute(&mut *conn).await?;
                        }
                    }
                    sqlx::query("DELETE FROM identities WHERE fingerprint = $1")
                        .bind(fingerprint)
                        .execute(conn)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}

impl Store {
    /// What we did ourselves to a case no longer puts a revision forward: an act that is bound to one is bound to
    /// that one alone.
    pub async fn forget_own_revisions(&self, id: &CaseId) -> Result<(), StoreError> {
        let (owners, id) = (self.owner_words(), id.as_str().to_owned());
        self.keep
            .write(move |conn| {
                Box::pin(async move {
                    for owner in owners.all() {
                        sqlx::query("DELETE FROM own_revisions WHERE owner = $1 AND case_id = $2")
                            .bind(owner)
                            .bind(&id)
                            .execute(&mut *conn)
                            .await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caches_go_and_what_must_last_stays() {
        let home = tempfile::tempdir().unwrap();
        let desks = home.path().join("desks");
        for (desk, file) in [
            ("a", "u-1.db"),
            ("a", "u-1.db-wal"),
            ("a", "keep.db"),
            ("b", "u-2.db"),
            ("b", "u-2.db-shm"),
        ] {
            fs::create_dir_all(desks.join(desk)).unwrap();
            fs::write(desks.join(desk).join(file), "12345").unwrap();
        }
        let place = Place { state: desks.join("b"), cache: desks.join("b") };
        assert_eq!(place.clear_cache().unwrap(), Freed { files: 2, bytes: 10 });
        assert!(!desks.join("b").exists());
        assert_eq!(clear_all_caches(home.path()).unwrap(), Freed { files: 2, bytes: 10 });
        assert!(desks.join("a/keep.db").exists());
        assert_eq!(clear_all_caches(home.path()).unwrap(), Freed::default());
        assert_eq!(clear_all_caches(&home.path().join("none")).unwrap(), Freed::default());
    }
}
