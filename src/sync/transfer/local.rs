//! Files of this machine as people name them: `~`, what is there, what a beginning can become.

use std::path::{Path, PathBuf};

use crate::client::files::Upload;
use crate::domain::ask::LocalFile;

/// More names than these help nobody.
const MOST_NAMES: usize = 200;

/// A path as it was typed: `~` at its beginning is the home folder.
#[must_use]
pub fn expanded(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), directories::BaseDirs::new()) {
        (Ok(rest), Some(dirs)) => dirs.home_dir().join(rest),
        _ => path.to_owned(),
    }
}

/// Where files are put that come down, if nobody says another place: the system's folder for downloads, else
/// the home folder.
pub(super) fn downloads() -> PathBuf {
    let theirs = directories::UserDirs::new()
        .and_then(|dirs| dirs.download_dir().map(Path::to_owned))
        .or_else(|| directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()));
    theirs.unwrap_or_default()
}

/// A file as it can be sent.
///
/// # Errors
/// Half a sentence that says why not.
pub async fn look_at(path: &Path) -> Result<LocalFile, String> {
    let name = path.file_name().ok_or("it is not a file")?.to_string_lossy().into_owned();
    // Asked first: to open a pipe would wait for somebody to write into it.
    let known = tokio::fs::metadata(path).await.map_err(|error| told(&error))?;
    if !known.is_file() {
        return Err("it is not a file".to_owned());
    }
    if known.len() == 0 {
        return Err("it is empty".to_owned());
    }
    Ok(LocalFile { path: path.to_owned(), name, size: known.len() })
}

pub(super) async fn open(path: &Path) -> Result<Upload, String> {
    let LocalFile { name, size, .. } = look_at(path).await?;
    let content = tokio::fs::File::open(path).await.map_err(|error| told(&error))?;
    Ok(Upload { name, size, content: Box::pin(content) })
}

fn told(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
        _ => error.to_string(),
    }
}

/// What a path that is being typed can become: the names in its folder that begin so, folders with `/`, as they
/// would be typed. Hidden ones only where the name begins with a dot.
pub async fn completed(typed: &str) -> Vec<String> {
    let at = typed.rfind('/').map_or(0, |at| at + 1);
    let (folder, begun) = typed.split_at(at);
    let there = match folder {
        "" => PathBuf::from("."),
        folder => expanded(Path::new(folder)),
    };
    let Ok(mut entries) = tokio::fs::read_dir(there).await else { return Vec::new() };
    let mut names = Vec::new();
    while let Ok(Some(entry)) = entries.next_entry().await {
        // A name that is no text cannot be typed.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !name.starts_with(begun) || (name.starts_with('.') && !begun.starts_with('.')) {
            continue;
        }
        let is_folder = tokio::fs::metadata(entry.path()).await.is_ok_and(|known| known.is_dir());
        names.push(format!("{folder}{name}{}", if is_folder { "/" } else { "" }));
        if names.len() == MOST_NAMES {
            break;
        }
    }
    names.sort();
    names
}
