//! The log, written only when `CASELOAD_LOG` asks for it: a file in the state place, readable by its owner
//! alone, and never the terminal. A service may write it as JSON, and to standard error.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::{ConfigError, Environment, LogFormat, LogTo, Places, Serve};

/// Opens the log if `CASELOAD_LOG` is set, to a filter such as `info` or `caseload=debug`.
pub fn start(environment: &Environment, places: &Places) -> Result<(), ConfigError> {
    let Some(log) = environment.os("CASELOAD_LOG") else { return Ok(()) };
    let filter = filter(&log.to_string_lossy())
        .map_err(|why| ConfigError::new(format!("CASELOAD_LOG: {why}")))?;
    begin(filter, LogFormat::Text, log_file(places)?)
}

/// Opens the log of a service, if one is asked for.
pub fn start_serving(serve: &Serve, places: &Places) -> Result<(), ConfigError> {
    let Some(log) = &serve.log else { return Ok(()) };
    let filter = filter(&log.value)
        .map_err(|why| ConfigError::new(format!("the log ({}): {why}", log.from)))?;
    match serve.log_to.value {
        LogTo::File => begin(filter, serve.log_format.value, log_file(places)?),
        LogTo::Stderr => begin(filter, serve.log_format.value, Lines::new(io::stderr())),
    }
}

/// The filter that a text describes.
///
/// # Errors
/// The sentence that says what is wrong with it.
pub(super) fn filter(text: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(text).map_err(|error| {
        let why = crate::domain::text::safe_line(&error.to_string(), 200);
        format!("{why}; write a level, such as info or debug")
    })
}

fn begin<W: Write + Send + 'static>(
    filter: EnvFilter,
    format: LogFormat,
    lines: Lines<W>,
) -> Result<(), ConfigError> {
    tracing::subscriber::set_global_default(subscriber(filter, format, lines))
        .map_err(|error| ConfigError::new(format!("could not start the log: {error}")))
}

/// What writes records of that form.
pub fn subscriber<W: Write + Send + 'static>(
    filter: EnvFilter,
    format: LogFormat,
    mut lines: Lines<W>,
) -> Box<dyn tracing::Subscriber + Send + Sync> {
    lines.format = format;
    let records =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(lines);
    match format {
        LogFormat::Text => Box::new(records.finish()),
        LogFormat::Json => {
            Box::new(records.json().flatten_event(true).with_span_list(false).finish())
        }
    }
}

fn log_file(places: &Places) -> Result<Lines<File>, ConfigError> {
    let path = places.log_file();
    let file = open(&path).map_err(|error| {
        let path = crate::domain::text::safe_line(&path.to_string_lossy(), 400);
        ConfigError::new(format!("could not open the log {path}: {error}"))
    })?;
    Ok(Lines::new(file))
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

/// Writes events as lines. Whatever text is in an event, it stays one line, which does nothing to a terminal.
pub struct Lines<W> {
    out: Mutex<W>,
    format: LogFormat,
}

impl<W> Lines<W> {
    pub fn new(out: W) -> Self {
        Self { out: Mutex::new(out), format: LogFormat::Text }
    }
}

/// One event.
pub struct Record<'a, W>(&'a Lines<W>);

impl<'a, W: Write + 'a> MakeWriter<'a> for Lines<W> {
    type Writer = Record<'a, W>;

    fn make_writer(&'a self) -> Record<'a, W> {
        Record(self)
    }
}

impl<W: Write> Write for Record<'_, W> {
    /// The subscriber hands over one whole event at a time.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let line = one_line(event, self.0.format);
        let mut out = self.0.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.out.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

fn one_line(event: &[u8], format: LogFormat) -> String {
    use std::fmt::Write;
    let text = String::from_utf8_lossy(event);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let mut line = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}') {
            line.push(c);
        } else if format == LogFormat::Json {
            // Within a string, since nothing else in JSON holds such a character. None is beyond 16 bits, and
            // writing to a String cannot fail.
            let _ = write!(line, "\\u{:04x}", u32::from(c));
        } else {
            line.extend(c.escape_default());
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
        let text = |event: &str| one_line(event.as_bytes(), LogFormat::Text);
        assert_eq!(text("a\nb\x1b[31mc\n"), "a\\nb\\u{1b}[31mc\n");
        assert_eq!(text("é\u{9b}\u{2028}"), "é\\u{9b}\\u{2028}\n");
    }

    #[test]
    fn a_json_record_gives_back_every_character_and_is_one_line() {
        let event = "{\"m\":\"é\u{9b}\u{2028}\u{7f}\"}\n";
        let line = one_line(event.as_bytes(), LogFormat::Json);
        assert_eq!(line, "{\"m\":\"é\\u009b\\u2028\\u007f\"}\n");
        let back: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["m"], "é\u{9b}\u{2028}\u{7f}");
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
