//! Where output goes and how it looks there. Text from elsewhere is made safe for a terminal and is left
//! byte for byte in a pipe or a file.

use std::io::{self, BufWriter, IsTerminal, Write};

use ratatui::style::{Color, Modifier, Style};
use serde::Serialize;

use super::args::{ColorWhen, Globals};
use super::outcome::Failure;
use crate::config::Environment;
use crate::domain::text::{columns, safe_line};
use crate::domain::{CaseId, Untrusted};

/// The width where nothing says how wide the terminal is.
const WIDTH: usize = 80;

#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Output {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    /// Standard output is a terminal.
    pub terminal: bool,
    /// Both ends are a terminal: the screen can be opened.
    pub interactive: bool,
    pub colour: bool,
    pub json: bool,
    pub quiet: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Output {
    #[must_use]
    pub fn of_process(globals: &Globals, environment: &Environment) -> Self {
        let terminal = io::stdout().is_terminal();
        let dumb = environment.text("TERM").is_none_or(|term| term == "dumb");
        let width = environment
            .text("COLUMNS")
            .and_then(|columns| columns.parse().ok())
            .or_else(|| {
                let (columns, _) = crossterm::terminal::size().ok().filter(|_| terminal)?;
                Some(usize::from(columns))
            })
            .filter(|columns| (20..=2000).contains(columns))
            .unwrap_or(WIDTH);
        Self {
            out: Box::new(BufWriter::new(io::stdout())),
            err: Box::new(io::stderr()),
            terminal,
            interactive: terminal && io::stdin().is_terminal(),
            colour: match globals.color {
                ColorWhen::Always => true,
                ColorWhen::Never => false,
                ColorWhen::Auto => terminal && !dumb && environment.os("NO_COLOR").is_none(),
            },
            json: globals.json,
            quiet: globals.quiet,
            width,
        }
    }

    /// For tests: output into memory, as into a pipe.
    #[cfg(test)]
    pub fn captured() -> (Self, Captured, Captured) {
        let (out, err) = (Captured::default(), Captured::default());
        let output = Self {
            out: Box::new(out.clone()),
            err: Box::new(err.clone()),
            terminal: false,
            interactive: false,
            colour: false,
            json: false,
            quiet: false,
            width: WIDTH,
        };
        (output, out, err)
    }

    /// One line on standard output.
    pub fn line(&mut self, text: impl AsRef<[u8]>) -> Result<(), Failure> {
        self.out.write_all(text.as_ref())?;
        Ok(self.out.write_all(b"\n")?)
    }

    pub fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// What was done, for people; `--quiet` leaves it out.
    pub fn done(&mut self, text: impl AsRef<[u8]>) -> Result<(), Failure> {
        if self.quiet { Ok(()) } else { self.line(text) }
    }

    /// A remark on standard error; `--quiet` leaves it out.
    pub fn remark(&mut self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// What went wrong, on standard error, in its order with what was written before.
    pub fn complain(&mut self, text: &str) {
        // Nobody is left to tell if this cannot be written.
        let _ = self.out.flush();
        let _ = writeln!(self.err, "{text}");
        let _ = self.err.flush();
    }

    pub fn failure(&mut self, failure: &Failure) {
        if let Failure::Said { sentence, .. } = failure {
            self.complain(&format!("caseload: {sentence}"));
        }
    }

    /// One line of JSON. On a terminal every character that could act there is written as an escape,
    /// which is the same JSON.
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = self.json_text(value)?;
        self.line(text)
    }

    /// An array with one element a line.
    pub fn json_array<T: Serialize>(&mut self, values: &[T]) -> Result<(), Failure> {
        if values.is_empty() {
            return self.line("[]");
        }
        for (n, value) in values.iter().enumerate() {
            let text = self.json_text(value)?;
            self.out.write_all(if n == 0 { b"[" } else { b",\n " })?;
            self.out.write_all(text.as_bytes())?;
        }
        self.line("]")
    }

    fn json_text(&self, value: &impl Serialize) -> Result<String, Failure> {
        let text = serde_json::to_string(value).map_err(io::Error::other)?;
        Ok(if self.terminal { escaped(&text) } else { text })
    }

    /// Text from elsewhere as one field: at most `width` columns on a terminal, as it came elsewhere.
    #[must_use]
    pub fn field(&self, text: &Untrusted, width: usize) -> String {
        if self.terminal { text.cell(width) } else { text.raw().to_owned() }
    }

    /// A text of several lines from elsewhere, indented and wrapped on a terminal.
    pub fn prose(&mut self, text: &Untrusted, indent: usize) -> Result<(), Failure> {
        if !self.terminal {
            return self.line(text.raw());
        }
        for line in text.wrapped(self.width.saturating_sub(indent).max(20), usize::MAX) {
            self.line(format!("{:indent$}{line}", "").trim_end())?;
        }
        Ok(())
    }

    #[must_use]
    pub fn id(&self, id: &CaseId) -> String {
        if self.terminal { id.to_string() } else { id.as_str().to_owned() }
    }

    /// The text in that look, if there are colours.
    #[must_use]
    pub fn paint(&self, style: Style, text: &str) -> String {
        let codes = if self.colour { codes(style) } else { String::new() };
        if codes.is_empty() || text.is_empty() {
            text.to_owned()
        } else {
            format!("\u{1b}[{codes}m{text}\u{1b}[0m")
        }
    }
}

/// What was written, for tests.
#[cfg(test)]
#[derive(Clone, Default)]
pub struct Captured(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

#[cfg(test)]
impl Captured {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

#[cfg(test)]
impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The text with spaces up to so many columns.
#[must_use]
pub fn padded(text: &str, width: usize) -> String {
    let used = columns(text);
    format!("{text}{:1$}", "", width.saturating_sub(used))
}

fn escaped(json: &str) -> String {
    use std::fmt::Write as _;
    let mut buffer = [0; 4];
    let mut units = [0; 2];
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let alone: &str = c.encode_utf8(&mut buffer);
        if (' '..='~').contains(&c) || safe_line(alone, 4) == alone {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                // Writing into a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// A look as the numbers of a "select graphic rendition" sequence.
fn codes(style: Style) -> String {
    let mut codes = Vec::new();
    for (modifier, code) in [
        (Modifier::BOLD, 1),
        (Modifier::DIM, 2),
        (Modifier::ITALIC, 3),
        (Modifier::UNDERLINED, 4),
        (Modifier::REVERSED, 7),
    ] {
        if style.add_modifier.contains(modifier) {
            codes.push(code.to_string());
        }
    }
    codes.extend(style.fg.and_then(|colour| colour_code(colour, 0)));
    codes.extend(style.bg.and_then(|colour| colour_code(colour, 10)));
    codes.join(";")
}

fn colour_code(colour: Color, plus: u8) -> Option<String> {
    let plain = match colour {
        Color::Reset => return None,
        Color::Black => 30,
        Color::Red => 31,
        Color::Green => 32,
        Color::Yellow => 33,
        Color::Blue => 34,
        Color::Magenta => 35,
        Color::Cyan => 36,
        Color::Gray => 37,
        Color::DarkGray => 90,
        Color::LightRed => 91,
        Color::LightGreen => 92,
        Color::LightYellow => 93,
        Color::LightBlue => 94,
        Color::LightMagenta => 95,
        Color::LightCyan => 96,
        Color::White => 97,
        Color::Indexed(n) => return Some(format!("{};5;{n}", 38 + plus)),
        Color::Rgb(r, g, b) => return Some(format!("{};2;{r};{g};{b}", 38 + plus)),
    };
    Some((plain + plus).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_on_a_terminal_is_the_same_json_without_anything_that_acts() {
        let text = "a\u{1b}[2J\u{9b}31m\u{202e}\u{7f}é日\u{e0041}\n";
        let json = serde_json::to_string(text).unwrap();
        let shown = escaped(&json);
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        assert!(shown.contains("\\u009b31m\\u202e\\u007fé日\\udb40\\udc41"), "{shown}");
    }

    #[test]
    fn a_look_is_written_as_its_codes() {
        assert_eq!(codes(Style::new()), "");
        assert_eq!(codes(Style::new().fg(Color::Red).add_modifier(Modifier::REVERSED)), "7;31");
        assert_eq!(
            codes(Style::new().fg(Color::Indexed(208)).bg(Color::LightBlue)),
            "38;5;208;104"
        );
    }
}
