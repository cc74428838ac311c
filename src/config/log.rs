//! The log: a file in the state place, written only when `CASELOAD_LOG` asks for it, readable by its
//! owner alone, and never the terminal.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::{ConfigError, Environment, Places};

/// Opens the log if `CASELOAD_LOG` is set, to a filter such as `info` or `caseload=debug`.
pub fn start(environment: &Environment, places: &Places) -> Result<(), ConfigError> {
    let Some(filter) = environment.os("CASELOAD_LOG") else { return Ok(()) };
    let filter = EnvFilter::try_new(filter.to_string_lossy()).map_err(|error| {
        let why = crate::domain::text::safe_line(&error.to_string(), 200);
        ConfigError::new(format!("CASELOAD_LOG: {why}; write a level, such as info or debug"))
    })?;
    let path = places.log_file();
    let file = open(&path).map_err(|error| {
        let path = crate::domain::text::safe_line(&path.to_string_lossy(), 400);
        ConfigError::new(format!("could not open the log {path}: {error}"))
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(LogFile(Mutex::new(file)))
        .try_init()
        .map_err(|error| ConfigError::new(format!("could not start the log: {error}")))
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let file = options.mode(0o600).open(path)?;
        // One that was there before, made with other rights, is ours to mend.
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
}

/// Makes the folder, for its owner alone; one that is there is left as it is.
pub fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

struct LogFile(Mutex<File>);

/// One event.
struct Record<'a>(&'a LogFile);

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = Record<'a>;

    fn make_writer(&'a self) -> Record<'a> {
        Record(self)
    }
}

impl Write for Record<'_> {
    /// The subscriber hands over one whole event at a time. Whatever text is in it, it stays one line.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let mut file = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(one_line(event).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

fn one_line(event: &[u8]) -> String {
    let text = String::from_utf8_lossy(event);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let mut line = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_is_in_it() {
        assert_eq!(one_line(b"a\nb\x1b[31mc\n"), "a\\nb\\u{1b}[31mc\n");
        assert_eq!(one_line("é\u{9b}\u{2028}".as_bytes()), "é\\u{9b}\\u{2028}\n");
    }

    #[cfg(unix)]
    #[test]
    fn the_log_is_for_its_owner_alone_even_if_it_was_not() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/caseload.log");
        drop(open(&path).unwrap());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        drop(open(&path).unwrap());
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }
}
