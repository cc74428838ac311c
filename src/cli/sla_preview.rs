//! `caseload sla preview`: an act with `--dry-run`, by the words of the act itself.

use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;

use super::args::{Cli, Command, Globals};
use super::outcome::Failure;
use super::sla;
use crate::domain::ActionKind;

/// Show what an act would do to a case's clocks, without doing it
///
/// The act is written as its own command has it, after the case: its name, then its fields. The clocks are
/// shown as they are and as they would be. `--dry-run` after any act does the same, also for several cases.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload sla preview C-10412 escalate --reason \"Replicated on 15.2\"
  caseload sla preview C-10412 severity low --reason \"A workaround is known\" --json")]
pub struct Args {
    /// Case id, such as C-10412
    #[arg(value_name = "ID")]
    id: String,
    /// The act and its fields: escalate --reason R, close --resolution WORD --text T, …
    #[arg(value_name = "ACT", required = true, num_args = 1.., trailing_var_arg = true,
        allow_hyphen_values = true)]
    words: Vec<OsString>,
}

impl Args {
    /// The command line reads a preview as an act before anything runs, so that this is not reached.
    pub fn unread(&self) -> Failure {
        Failure::usage(format!("the act of the preview of {} was not read", self.id))
    }
}

/// The command of an act.
const fn command(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Respond => "respond",
        ActionKind::Take => "take",
        ActionKind::Release => "release",
        ActionKind::Assign => "assign",
        ActionKind::Note => "note",
        ActionKind::Reply => "reply",
        ActionKind::RequestInfo => "request-info",
        ActionKind::InfoReceived => "info-received",
        ActionKind::SetSeverity => "severity",
        ActionKind::RecordWorkaround => "workaround",
        ActionKind::LogPhoneCall => "phone",
        ActionKind::SetEligibility => "eligibility",
        ActionKind::Escalate => "escalate",
        ActionKind::HandBack => "hand-back",
        ActionKind::Close => "close",
        ActionKind::Reopen => "reopen",
    }
}

/// Puts the act in the place of a preview of it; every other command line stays as it is.
///
/// # Errors
/// What the act's own command says to its words; its help, if that is asked for.
pub fn as_an_act(cli: Cli) -> Result<Cli, clap::Error> {
    let Cli { globals, command } = cli;
    let args = match command {
        Some(Command::Sla(sla::Args { command: sla::Command::Preview(args) })) => args,
        command => return Ok(Cli { globals, command }),
    };
    let mut words = args.words.into_iter();
    let given = words.next().unwrap_or_default();
    // By the name of its command, or by the word of the case API.
    let word = given.to_string_lossy().replace('-', "_").to_lowercase();
    let kind = ActionKind::ALL
        .iter()
        .copied()
        .find(|kind| kind.word() == word || command_word(*kind) == word);
    let Some(kind) = kind else {
        let known: Vec<&str> = ActionKind::ALL.iter().map(|kind| self::command(*kind)).collect();
        let sentence = format!(
            "\"{}\" is not an act; there are: {}\n",
            crate::domain::text::safe_line(&given.to_string_lossy(), 40),
            known.join(", ")
        );
        return Err(clap::Error::raw(ErrorKind::InvalidSubcommand, sentence));
    };
    let start = ["caseload", self::command(kind), "--dry-run", &args.id].map(OsString::from);
    let act = Cli::try_parse_from(start.into_iter().chain(words))?;
    Ok(Cli { globals: both(globals, act.globals), command: act.command })
}

fn command_word(kind: ActionKind) -> String {
    command(kind).replace('-', "_")
}

/// Global options may stand before the preview and among the words of its act.
fn both(outer: Globals, inner: Globals) -> Globals {
    use super::args::ColorWhen;
    Globals {
        config: inner.config.or(outer.config),
        desk: inner.desk.or(outer.desk),
        json: inner.json || outer.json,
        quiet: inner.quiet || outer.quiet,
        color: if inner.color == ColorWhen::Auto { outer.color } else { inner.color },
        ascii: inner.ascii || outer.ascii,
        line: inner.line || outer.line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from([&["caseload", "sla", "preview"], line].concat()).and_then(as_an_act)
    }

    #[test]
    fn the_words_of_every_act_are_those_of_its_command() {
        let lines: [&[&str]; 16] = [
            &["respond"],
            &["take"],
            &["release"],
            &["assign", "--to", "lito"],
            &["note", "a text"],
            &["reply", "--text", "t"],
            &["request_info", "t", "--item", "log_files"],
            &["info-received"],
            &["severity", "low", "--reason", "r"],
            &["set_severity", "low", "--reason", "r"],
            &["record_workaround", "t"],
            &["phone", "--with", "w", "--text", "t"],
            &["eligibility", "eligible", "--reason", "r"],
            &["escalate", "--reason", "r"],
            &["hand-back", "--reason", "r"],
            &["close", "--resolution", "workaround", "--text", "t"],
        ];
        for words in lines {
            let cli = read(&[&["C-1"], words].concat()).unwrap_or_else(|e| panic!("{e}"));
            assert!(!matches!(cli.command, None | Some(Command::Sla(_))), "{words:?}");
        }
        let Some(Command::Escalate(args)) =
            read(&["C-1", "escalate", "--reason", "r"]).unwrap().command
        else {
            panic!("not the act")
        };
        assert!(args.order().unwrap().dry_run);
    }

    #[test]
    fn global_options_may_stand_everywhere() {
        for line in [
            ["--json", "--desk", "d", "C-1", "take"],
            ["C-1", "take", "--json", "--desk", "d"],
            ["--desk", "d", "C-1", "take", "--json"],
        ] {
            let globals = read(&line).unwrap().globals;
            assert!(globals.json && globals.desk.as_deref() == Some("d"), "{line:?}");
        }
    }

    #[test]
    fn what_is_no_act_is_named_with_those_there_are() {
        let error = read(&["C-1", "list"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("\"list\" is not an act; there are: respond, take"));
        let error = read(&["C-1", "escalate"]).unwrap_err();
        assert!(error.to_string().contains("--reason"), "{error}");
        assert_eq!(read(&["C-1", "escalate", "--help"]).unwrap_err().exit_code(), 0);
        assert_eq!(read(&["C-1"]).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn the_examples_of_the_help_are_right() {
        for line in [
            ["C-10412", "escalate", "--reason", "Replicated on 15.2"].as_slice(),
            &["C-10412", "severity", "low", "--reason", "A workaround is known", "--json"],
        ] {
            read(line).unwrap();
        }
    }
}
