//! What the person wants of this machine: its clipboard, its browser, a file. Done beside the loop; what
//! became of it comes back as a message.

use std::future::pending;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::clipboard;
use crate::app::msg::NotWritten;
use crate::app::{Effect, Msg};

/// How long the end of the screen waits for a file that is being written.
const GRACE: Duration = Duration::from_secs(3);

type Copy = dyn Fn(&str) -> Result<(), String> + Send + Sync;
type Open = dyn Fn(&str) -> Result<(), String> + Send + Sync;

/// This machine, as far as the screen uses it.
pub struct Outside {
    copy: Arc<Copy>,
    open: Arc<Open>,
    running: JoinSet<Msg>,
}

impl Outside {
    /// This machine as it is.
    #[must_use]
    pub fn here() -> Self {
        Self::with(clipboard::copy, open)
    }

    /// Another clipboard and another browser; each answers why it could not, in a sentence.
    #[must_use]
    pub fn with(
        copy: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
        open: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self { copy: Arc::new(copy), open: Arc::new(open), running: JoinSet::new() }
    }

    /// Does what an effect wants of this machine; others are not for it.
    pub(super) fn obey(&mut self, effect: Effect) {
        match effect {
            // At once, so that it is not mixed up with a frame.
            Effect::Copy { text } => {
                if let Err(why) = (self.copy)(&text) {
                    self.running.spawn(async { Msg::NotCopied { why } });
                }
            }
            Effect::Open { url } => {
                let open = Arc::clone(&self.open);
                self.running.spawn_blocking(move || {
                    let result = if is_link(&url) {
                        open(&url)
                    } else {
                        Err("It is no web or mail address.".to_owned())
                    };
                    Msg::Opened { url, result }
                });
            }
            Effect::Write { path, body, over } => {
                self.running.spawn_blocking(move || {
                    let whole = whole_path(&path);
                    let result = write(&whole, body.as_bytes(), over);
                    Msg::Written { path: whole.display().to_string(), result }
                });
            }
            _ => {}
        }
    }

    /// What became of what was wanted, as it ends.
    pub(super) async fn told(&mut self) -> Msg {
        loop {
            match self.running.join_next().await {
                Some(Ok(msg)) => return msg,
                // One that failed in itself has been told by the panic hook.
                Some(Err(_)) => {}
                None => pending().await,
            }
        }
    }

    /// Lets what is being written end.
    pub(super) async fn finish(mut self) {
        let all = async { while self.running.join_next().await.is_some() {} };
        // A disk that hangs must not keep the person here.
        let _ = tokio::time::timeout(GRACE, all).await;
    }
}

/// Whether a browser or a mail program may be given this. Nothing else is: a file or a program of another
/// scheme would be opened in the name of whoever wrote the case.
fn is_link(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "mailto"))
}

/// Opens a link with whatever this desktop uses, detached, so that it neither writes on our screen nor ends
/// with us.
fn open(url: &str) -> Result<(), String> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !has_desktop(is_set) {
        return Err("There is no browser here: no display was found.".to_owned());
    }
    open::that_detached(url).map_err(|why| format!("No browser could be started ({why})."))
}

/// Whether there is a desktop in front of the person, by the variables that are set.
fn has_desktop(is_set: impl Fn(&str) -> bool) -> bool {
    if cfg!(target_os = "macos") {
        // From afar it would open before nobody.
        return !is_set("SSH_CONNECTION");
    }
    is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") || is_set("WSL_DISTRO_NAME")
}

/// The path from the root, `~` being the person's own folder.
fn whole_path(path: &str) -> PathBuf {
    let home = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    let path = match path.strip_prefix("~/").and_then(|rest| Some(home()?.join(rest))) {
        Some(path) => path,
        None => PathBuf::from(path),
    };
    std::path::absolute(&path).unwrap_or(path)
}

/// Writes a file that its owner alone reads, since it holds customers' data: whole, or not at all.
fn write(path: &Path, body: &[u8], over: bool) -> Result<(), NotWritten> {
    let exists = path.symlink_metadata().is_ok();
    if path.is_dir() {
        return Err(NotWritten::Failed("it is a folder; add a file name".to_owned()));
    }
    if exists && !over {
        return Err(NotWritten::Exists);
    }
    write_whole(path, body, over).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => NotWritten::Exists,
        io::ErrorKind::NotFound => {
            NotWritten::Failed("the folder does not exist; make it, or name another".to_owned())
        }
        io::ErrorKind::PermissionDenied => {
            NotWritten::Failed("you may not write there; name another folder".to_owned())
        }
        io::ErrorKind::StorageFull => {
            NotWritten::Failed("the disk is full; name another, or make room".to_owned())
        }
        _ => NotWritten::Failed(error.to_string()),
    })
}

fn write_whole(path: &Path, body: &[u8], over: bool) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let part = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&part)?;
    let written = file.write_all(body).and_then(|()| file.sync_all()).and_then(|()| {
        // A link, unlike a renaming, never takes the place of a file that has come meanwhile.
        if over { std::fs::rename(&part, path) } else { std::fs::hard_link(&part, path) }
    });
    if !over || written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_new_and_its_owners_alone_and_none_is_written_over_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cases.csv");
        write(&path, b"id\nC-1\n", false).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(write(&path, b"other", false), Err(NotWritten::Exists));
        assert_eq!(fs::read(&path).unwrap(), b"id\nC-1\n");
        write(&path, b"other", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"other");
        assert_eq!(names(folder.path()), ["cases.csv"], "nothing half-written is left");
    }

    #[test]
    fn what_cannot_be_written_says_what_to_do_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let failed = |path: &Path| match write(path, b"x", false).unwrap_err() {
            NotWritten::Failed(why) => why,
            NotWritten::Exists => panic!("it is not there"),
        };
        assert_eq!(
            failed(&folder.path().join("none/cases.csv")),
            "the folder does not exist; make it, or name another"
        );
        assert_eq!(failed(folder.path()), "it is a folder; add a file name");
        // A link to nowhere is something, too: following it would write elsewhere.
        let link = folder.path().join("link.csv");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
        assert_eq!(write(&link, b"x", false), Err(NotWritten::Exists));
        assert_eq!(names(folder.path()), ["link.csv"]);
    }

    #[test]
    fn only_web_and_mail_addresses_are_opened() {
        for good in ["https://desk.example/case/1", "http://x.example", "mailto:ida@fjord.example"]
        {
            assert!(is_link(good), "{good}");
        }
        for bad in ["file:///etc/passwd", "javascript:alert(1)", "--help", "C-1", "", "ssh://x"] {
            assert!(!is_link(bad), "{bad}");
        }
    }

    #[test]
    fn a_desktop_is_known_by_its_display() {
        if cfg!(target_os = "linux") {
            assert!(has_desktop(|name| name == "WAYLAND_DISPLAY"));
            assert!(has_desktop(|name| name == "DISPLAY"));
            assert!(!has_desktop(|name| name == "SSH_CONNECTION"));
        }
    }

    #[tokio::test]
    async fn what_became_of_it_comes_back_as_a_message() {
        let no = |_: &str| Err("The clipboard is gone.".to_owned());
        let mut outside = Outside::with(no, |_| Ok(()));
        outside.obey(Effect::Copy { text: "C-1".to_owned() });
        let why = "The clipboard is gone.".to_owned();
        assert_eq!(outside.told().await, Msg::NotCopied { why });
        outside.obey(Effect::Open { url: "file:///etc/passwd".to_owned() });
        let Msg::Opened { result, .. } = outside.told().await else { panic!("another message") };
        assert_eq!(result, Err("It is no web or mail address.".to_owned()));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.md").display().to_string();
        outside.obey(Effect::Write { path: path.clone(), body: "# A".to_owned(), over: false });
        assert_eq!(outside.told().await, Msg::Written { path: path.clone(), result: Ok(()) });
        outside.finish().await;
        assert_eq!(fs::read_to_string(path).unwrap(), "# A");
    }
}
