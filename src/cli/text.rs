//! The texts of acts: from an argument, from standard input, or from an editor.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

use super::act::Order;
use super::args::Guard;
use super::outcome::{Exit, Failure};
use crate::config::{Environment, SECRETS};
use crate::domain::Action;

/// The case of an act that takes a reason and no other text.
#[derive(Debug, clap::Args)]
pub struct IdAndReason {
    /// Case id, such as C-10412
    #[arg(value_name = "ID")]
    id: String,
    /// Why; - reads standard input
    #[arg(long, value_name = "R")]
    reason: String,
    #[command(flatten)]
    guard: Guard,
}

impl IdAndReason {
    /// The order for the act that is made of the reason.
    pub fn order(self, act: impl FnOnce(String) -> Action) -> Result<Order, Failure> {
        let reason = Texts::default().resolve(self.reason)?;
        Order::one(self.id, &self.guard, act(reason))
    }
}

/// The cases of an act and its text: ids first, several at once; after a single id the text may follow as
/// a plain argument. A further argument that looks like an id is one.
#[derive(Debug, clap::Args)]
pub struct IdsAndText {
    /// Case ids; after a single one the text may follow in quotes
    #[arg(value_name = "ID", required = true)]
    words: Vec<String>,
    /// The text; - reads standard input
    #[arg(long, value_name = "T")]
    text: Option<String>,
    /// Write the text in an editor: VISUAL, EDITOR or vi
    #[arg(long, conflicts_with = "text")]
    editor: bool,
}

impl IdsAndText {
    pub fn split(
        mut self,
        environment: &Environment,
    ) -> Result<(Vec<String>, Option<String>), Failure> {
        let plain = self.text.is_none()
            && self.words.len() > 1
            && !self.words[1..].iter().all(|word| looks_like_an_id(word));
        if plain && (self.editor || self.words.len() > 2) {
            return Err(Failure::usage(
                "after one id comes one text, in quotes; for several cases give it with --text or \
                 --editor",
            ));
        }
        let text = if self.editor {
            Some(from_editor(environment)?)
        } else if plain {
            self.words.pop()
        } else {
            self.text
        };
        Ok((self.words, resolved(text)?))
    }

    /// The same where there must be a text.
    pub fn split_with_text(
        self,
        environment: &Environment,
    ) -> Result<(Vec<String>, String), Failure> {
        let (ids, text) = self.split(environment)?;
        let text = text.ok_or_else(|| {
            Failure::usage(
                "there is no text: give it with --text or --editor, or in quotes after a single id",
            )
        })?;
        Ok((ids, text))
    }
}

pub fn resolved(text: Option<String>) -> Result<Option<String>, Failure> {
    Texts::default().resolve_if(text)
}

/// `C-10412`, and ids of that shape.
fn looks_like_an_id(arg: &str) -> bool {
    arg.split_once('-').is_some_and(|(letters, digits)| {
        (1..=8).contains(&letters.len())
            && letters.bytes().all(|b| b.is_ascii_alphabetic())
            && !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

/// What somebody writes in their editor.
fn from_editor(environment: &Environment) -> Result<String, Failure> {
    let path = std::env::temp_dir().join(format!("caseload-{}.txt", uuid::Uuid::new_v4().simple()));
    let written = edit(&path, environment);
    // It is the person's own; if it cannot be removed it is at least readable by nobody else.
    let _ = fs::remove_file(&path);
    written
}

fn edit(path: &Path, environment: &Environment) -> Result<String, Failure> {
    let fail = |why: String| Failure::new(Exit::Failed, format!("Could not write the text: {why}"));
    let mut file = OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.open(path)
        .and_then(|mut file| file.flush())
        .map_err(|error| fail(format!("no file for it: {error}.")))?;
    let editor = environment
        .text("VISUAL")
        .or_else(|| environment.text("EDITOR"))
        .unwrap_or("vi")
        .to_owned();
    // By a shell, since people write options into these variables.
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(path);
    for secret in SECRETS {
        shell.env_remove(secret);
    }
    let ended = shell.status().map_err(|error| fail(format!("no editor: {error}.")))?;
    if !ended.success() {
        return Err(fail(format!("the editor failed ({ended}). Nothing was sent.")));
    }
    let text = fs::read_to_string(path).map_err(|error| fail(format!("{error}.")))?;
    let text = text.trim_end().to_owned();
    if text.is_empty() {
        return Err(fail("nothing was written, so nothing was sent.".to_owned()));
    }
    Ok(text)
}

/// The texts of a command; `-` is standard input, once.
#[derive(Debug, Default)]
pub struct Texts {
    taken: bool,
}

/// The longest text that is read from standard input; what a case takes is less, and the desk says so.
const STDIN_CAP: u64 = 4 * 1024 * 1024;

impl Texts {
    pub fn resolve(&mut self, text: String) -> Result<String, Failure> {
        if text == "-" { self.read(std::io::stdin().lock()) } else { Ok(text) }
    }

    fn resolve_if(&mut self, text: Option<String>) -> Result<Option<String>, Failure> {
        text.map(|text| self.resolve(text)).transpose()
    }

    /// All of the input; the line end that a shell puts at its end is not part of the text.
    fn read(&mut self, input: impl Read) -> Result<String, Failure> {
        if std::mem::replace(&mut self.taken, true) {
            return Err(Failure::usage("only one text can come from standard input (\"-\")"));
        }
        let mut bytes = Vec::new();
        input.take(STDIN_CAP + 1).read_to_end(&mut bytes).map_err(|error| {
            Failure::new(Exit::Failed, format!("could not read standard input: {error}"))
        })?;
        if bytes.len() as u64 > STDIN_CAP {
            return Err(Failure::usage("the text on standard input is longer than 4 MiB"));
        }
        let mut text = String::from_utf8(bytes)
            .map_err(|_| Failure::usage("the text on standard input is not UTF-8"))?;
        if text.ends_with('\n') {
            text.truncate(text.len() - if text.ends_with("\r\n") { 2 } else { 1 });
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_from_standard_input_once_and_without_its_last_line_end() {
        let mut texts = Texts::default();
        assert_eq!(texts.resolve("plain".to_owned()).unwrap(), "plain");
        assert_eq!(texts.read(&b"two\nlines\r\n"[..]).unwrap(), "two\nlines");
        assert!(texts.read(&b"again"[..]).is_err());
        assert!(Texts::default().read(&b"\xff"[..]).is_err());
    }

    #[test]
    fn ids_come_first_and_a_text_may_follow_a_single_one() {
        let split = |args: &[&str], text: Option<&str>| {
            let words = args.iter().map(|a| (*a).to_owned()).collect();
            let what = IdsAndText { words, text: text.map(str::to_owned), editor: false };
            what.split(&Environment::of(&[]))
        };
        let ids = |ids: &[&str]| ids.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>();
        for (args, text, expected) in [
            (&["C-1"][..], None, (ids(&["C-1"]), None)),
            (&["C-1", "it works"], None, (ids(&["C-1"]), Some("it works"))),
            (&["C-1", "fixed"], None, (ids(&["C-1"]), Some("fixed"))),
            (&["C-1", "C-2"], None, (ids(&["C-1", "C-2"]), None)),
            (&["C-1", "C-2"], Some("both"), (ids(&["C-1", "C-2"]), Some("both"))),
            (&["C-1"], Some("C-2"), (ids(&["C-1"]), Some("C-2"))),
            (&["17", "x"], None, (ids(&["17"]), Some("x"))),
        ] {
            let (got, said) = split(args, text).unwrap();
            assert_eq!((got, said.as_deref()), expected, "{args:?}");
        }
        // Words that were not put in quotes must not become ids.
        assert_eq!(split(&["C-1", "it", "works"], None).unwrap_err().exit(), Exit::Usage);
        assert_eq!(split(&["C-1", "C-2", "works"], None).unwrap_err().exit(), Exit::Usage);
    }
}
