//! The person's own editor on a text of a form: it has the terminal, its keys and its signals as long as it
//! runs, while the lines to the desks go on.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use uuid::Uuid;

use super::input::Gate;
use super::screen;

/// What came of editing: the text, or a sentence why there is none.
pub type Edited = Result<String, String>;

/// What can give a text to an editor.
pub trait Editing {
    /// Begins; the answer comes when the editor has ended and the terminal is ours again.
    fn edit(&mut self, name: String, text: String) -> BoxFuture<'static, Edited>;

    /// The program is to end: so is the editor.
    fn end(&mut self);
}

/// The largest text that is taken back.
const CAP: u64 = 4 * 1024 * 1024;
/// How long an editor that is told to end has for it.
const GRACE: Duration = Duration::from_secs(2);

/// The editor of `VISUAL` or `EDITOR`.
pub struct OwnEditor {
    command: Option<String>,
    mouse: bool,
    gate: Gate,
    ending: Arc<Notify>,
}

impl OwnEditor {
    pub fn new(command: Option<String>, mouse: bool, gate: Gate) -> Self {
        Self { command, mouse, gate, ending: Arc::new(Notify::new()) }
    }
}

impl Editing for OwnEditor {
    fn edit(&mut self, name: String, text: String) -> BoxFuture<'static, Edited> {
        let (command, gate, ending) =
            (self.command.clone(), self.gate.clone(), Arc::clone(&self.ending));
        edit(command, self.mouse, gate, ending, name, text).boxed()
    }

    fn end(&mut self) {
        self.ending.notify_one();
    }
}

async fn edit(
    command: Option<String>,
    mouse: bool,
    gate: Gate,
    ending: Arc<Notify>,
    name: String,
    text: String,
) -> Edited {
    let Some(command) = command.filter(|command| !command.trim().is_empty()) else {
        return Err(
            "No editor is set: say which in VISUAL or EDITOR, such as EDITOR=vi.".to_owned()
        );
    };
    let no = |what: &str, error: &dyn std::fmt::Display| {
        format!("{what}: {error}. The text is as it was.")
    };
    let sheet =
        Sheet::write(&name, &text).map_err(|e| no("No file could be made for the editor", &e))?;
    // From here on the editor gets what is typed.
    gate.close().map_err(|e| no("The keyboard could not be handed to the editor", &e))?;
    screen::give_back();
    let ended = run(&command, &sheet, &ending).await;
    let taken = screen::take(mouse);
    gate.open();
    taken.map_err(|e| no("The terminal did not come back whole", &e))?;
    match ended {
        Ok(status) if status.success() => {
            sheet.read().map_err(|e| no("What the editor left could not be read", &e))
        }
        Ok(status) => Err(match status.code() {
            Some(126 | 127) => {
                "The editor of VISUAL or EDITOR could not be started. The text is as it \
                                was."
                    .to_owned()
            }
            Some(code) => format!("The editor ended with {code}. The text is as it was."),
            None => "The editor was stopped. The text is as it was.".to_owned(),
        }),
        Err(error) => Err(no("The editor could not be started", &error)),
    }
}

/// Runs the editor by the shell, since its variable may hold options, as git does.
async fn run(command: &str, sheet: &Sheet, ending: &Notify) -> io::Result<ExitStatus> {
    let mut child = Command::new("sh")
        .args(["-c", &format!("{command} \"$@\""), "editor"])
        .arg(&sheet.file)
        .kill_on_drop(true)
        .spawn()?;
    tokio::select! {
        status = child.wait() => return status,
        () = ending.notified() => {}
    }
    tell_to_end(&child);
    match tokio::time::timeout(GRACE, child.wait()).await {
        Ok(status) => status,
        Err(_) => {
            child.start_kill()?;
            child.wait().await
        }
    }
}

fn tell_to_end(child: &Child) {
    let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    if let Some(id) = id {
        // One that has ended just now needs no telling.
        let _ = kill_process(id, Signal::TERM);
    }
}

/// The text in a file that nobody else can read, in a folder of its own, where the editor may put its own
/// files besides. All of it goes when this does.
struct Sheet {
    folder: PathBuf,
    file: PathBuf,
}

impl Sheet {
    fn write(name: &str, text: &str) -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("caseload-{}", Uuid::new_v4()));
        DirBuilder::new().mode(0o700).create(&folder)?;
        // A case id is the desk's own; in a path it is letters and digits.
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' };
        let name: String = name.chars().map(plain).take(80).collect();
        let sheet = Self { file: folder.join(name.trim_start_matches('.')), folder };
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&sheet.file)?;
        file.write_all(text.as_bytes())?;
        Ok(sheet)
    }

    fn read(&self) -> Result<String, String> {
        let mut bytes = Vec::new();
        let read =
            File::open(&self.file).and_then(|file| file.take(CAP + 1).read_to_end(&mut bytes));
        read.map_err(|error| error.to_string())?;
        if bytes.len() as u64 > CAP {
            return Err("it is larger than 4 MiB".to_owned());
        }
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
    }
}

impl Drop for Sheet {
    fn drop(&mut self) {
        // What cannot be removed is readable by nobody else.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_file_is_private_named_safely_and_gone_afterwards() {
        let sheet = Sheet::write("../C-1 ü-reply.txt", "Dear").unwrap();
        let mode = |path: &PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&sheet.folder), mode(&sheet.file)), (0o700, 0o600));
        assert_eq!(sheet.file.parent(), Some(sheet.folder.as_path()));
        assert_eq!(sheet.read().unwrap(), "Dear");
        std::fs::write(&sheet.file, [0xff]).unwrap();
        assert_eq!(sheet.read().unwrap_err(), "it is not UTF-8");
        let folder = sheet.folder.clone();
        drop(sheet);
        assert!(!folder.exists());
    }
}
