//! One file of a case to this machine.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::part::Part;
use super::{Progress, local, name};
use crate::client::files::{Downloaded, Receiver};
use crate::client::{Answer, CallError, CaseApi};
use crate::domain::{Attachment, CaseId};

/// Why a file did not come.
#[derive(Debug)]
pub enum NotBrought {
    /// Something is there already.
    There,
    /// What came cannot be kept here.
    Here(io::Error),
    /// `kept`: bytes that stay in `NAME.part`, from which the next time goes on.
    Call { error: CallError, kept: u64 },
    /// Other bytes came than the desk has.
    Other,
}

/// Brings one file to a path; what is there of it in `NAME.part` is not brought again. `force`: over what is there.
///
/// # Errors
/// [`NotBrought`].
pub async fn bring(
    api: &dyn CaseApi,
    id: &CaseId,
    file: &Attachment,
    path: &Path,
    force: bool,
    progress: &Progress,
) -> Result<Answer<()>, NotBrought> {
    // A link is there as well, wherever it leads.
    if !force && path.symlink_metadata().is_ok() {
        return Err(NotBrought::There);
    }
    let mut part = Part::open(path).map_err(NotBrought::Here)?;
    loop {
        let have = part.goes_on_with(file);
        let resumed = have.is_some();
        let mut counted = Counted { part: &mut part, total: file.size, progress };
        let answer = match api.download(id, &file.id, have.as_ref(), &mut counted).await {
            Ok(answer) => answer,
            Err(error) => return Err(NotBrought::Call { error, kept: part.length() }),
        };
        if let Downloaded::NotKept(error) = answer.value {
            return Err(NotBrought::Here(error));
        }
        if part.is(file) {
            part.finish(path).map_err(NotBrought::Here)?;
            return Ok(Answer { value: (), date: answer.date });
        }
        part.restart().map_err(NotBrought::Here)?;
        if !resumed {
            return Err(NotBrought::Other);
        }
    }
}

/// Brings one of a case's files into a folder of the case's own, under a name that is safe here. What is there is
/// never overwritten: if it is that very file it is enough, else the new one gets a number. `to`: where the
/// case's folder is; empty: among the downloads of this machine.
///
/// # Errors
/// [`NotBrought`]; [`NotBrought::Here`] with `NotFound` if the case has no file of that id.
pub async fn bring_into(
    api: &dyn CaseApi,
    id: &CaseId,
    files: &[Attachment],
    which: &str,
    to: &Path,
    progress: &Progress,
) -> Result<PathBuf, NotBrought> {
    let names = name::of_all(files);
    let Some((file, named)) = files.iter().zip(names).find(|(file, _)| file.id == which) else {
        return Err(NotBrought::Here(io::ErrorKind::NotFound.into()));
    };
    let to = if to.as_os_str().is_empty() { local::downloads() } else { local::expanded(to) };
    let folder = to.join(name::safe(id.as_str(), "case"));
    tokio::fs::create_dir_all(&folder).await.map_err(NotBrought::Here)?;
    let (stem, ending) = name::split(&named);
    let mut path = folder.join(&named);
    let mut number = 1;
    while path.symlink_metadata().is_ok() {
        if holds(&path, file).await {
            return Ok(path);
        }
        number += 1;
        path = folder.join(format!("{stem}-{number}{ending}"));
    }
    bring(api, id, file, &path, false, progress).await.map(|_| path)
}

/// Whether a path is that very file. One whose sum the desk does not tell may be another.
async fn holds(path: &Path, file: &Attachment) -> bool {
    let same_size = tokio::fs::symlink_metadata(path)
        .await
        .is_ok_and(|known| known.is_file() && known.len() == file.size);
    if !same_size || file.sha256.is_empty() {
        return false;
    }
    let Ok(content) = tokio::fs::read(path).await else { return false };
    let mut sum = String::new();
    for byte in Sha256::digest(content) {
        let _ = write!(sum, "{byte:02x}");
    }
    sum == file.sha256
}

/// Tells how much of a file is there.
struct Counted<'a> {
    part: &'a mut Part,
    total: u64,
    progress: &'a Progress,
}

impl Counted<'_> {
    fn tell(&self) {
        self.progress.send_replace((self.part.length(), self.total));
    }
}

impl Receiver for Counted<'_> {
    fn begin(&mut self, at: u64) -> io::Result<()> {
        self.part.begin(at)?;
        self.tell();
        Ok(())
    }

    fn piece(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.part.piece(bytes)?;
        self.tell();
        Ok(())
    }
}
