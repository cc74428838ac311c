//! The words of the command line. Each subcommand's own are in its file.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Args, Parser, Subcommand, ValueEnum};

use super::{
    admin, assign, attach, cache, close, config, corrections, demo, download, eligibility,
    escalate, hand_back, info_received, keys, list, logout, note, outbox, phone, release, reopen,
    reply, report, request_info, respond, serve, severity, show, sla, take, workaround,
};

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let zones = crate::sla::calendar::time_zone_version();
    format!("{} (time zones {zones})", env!("CARGO_PKG_VERSION"))
});

const ABOUT: &str = "A terminal desk for support cases, with the SLA clocks in view";

const LONG_ABOUT: &str = "\
A terminal desk for support cases, with the SLA clocks in view.

Without a command it opens the screen on the configured desk. The commands do the same acts without a \
screen, for shells and scripts: what is for scripts goes to standard output, everything else to standard \
error.";

const AFTER: &str = "\
Examples:
  caseload demo
  caseload list --sort severity
  caseload note C-10412 \"Asked for the log files by phone\"

Exit codes:
  0 done, 1 failed, 2 wrong usage, 3 no such case, 4 refused by a rule or a right,
  5 the case changed meanwhile, 6 desk not reached, 7 not logged in

Environment:
  CASELOAD_URL, CASELOAD_TOKEN or CASELOAD_TOKEN_FILE: a desk without a configuration
  CASELOAD_CONFIG, CASELOAD_DESK, CASELOAD_HOME, CASELOAD_ASCII, CASELOAD_THEME, NO_COLOR
  CASELOAD_SMTP_URL: the mail server of serve and demo
  CASELOAD_LOG=info: write a log into the state folder
  CASELOAD_INSECURE_HTTP=1: allow plain http to another machine";

#[derive(Debug, Parser)]
#[command(name = "caseload", version = VERSION.as_str(), about = ABOUT, long_about = LONG_ABOUT,
    after_help = AFTER, max_term_width = 100, infer_long_args = false)]
pub struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that work before and after the command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Globals {
    /// The configuration file to read
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The configured desk to work on; of several, the screen and list take all without it
    #[arg(long, global = true, value_name = "NAME")]
    pub desk: Option<String>,
    /// Write JSON to standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but errors
    #[arg(long, global = true)]
    pub quiet: bool,
    /// Colours: NO_COLOR and a pipe switch them off by themselves
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,
    /// Only ASCII signs
    #[arg(long, global = true)]
    pub ascii: bool,
    // Not in the help, since there is none yet; taken so that whoever asks for it is told.
    #[arg(long, global = true, hide = true)]
    pub line: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(demo::Args),
    Serve(serve::Args),
    List(list::Args),
    Show(show::Args),
    Respond(respond::Args),
    Take(take::Args),
    Release(release::Args),
    Assign(assign::Args),
    Note(note::Args),
    Reply(reply::Args),
    RequestInfo(request_info::Args),
    InfoReceived(info_received::Args),
    Workaround(workaround::Args),
    Phone(phone::Args),
    Severity(severity::Args),
    Eligibility(eligibility::Args),
    Escalate(escalate::Args),
    HandBack(hand_back::Args),
    Close(close::Args),
    Reopen(reopen::Args),
    Report(report::Args),
    Corrections(corrections::Args),
    Attach(attach::Args),
    Download(download::Args),
    Sla(sla::Args),
    Outbox(outbox::Args),
    Cache(cache::Args),
    Logout(logout::Args),
    Config(config::Args),
    Keys(keys::Args),
    Admin(admin::Args),
}

/// What every act takes.
#[derive(Debug, Clone, Args)]
pub struct Guard {
    /// Act only if the case is still at this revision; else exit code 5
    #[arg(long, value_name = "N")]
    pub if_revision: Option<u64>,
    /// Change nothing: show the clocks before and after
    #[arg(long)]
    pub dry_run: bool,
}

/// The cases of an act that several can be given to.
#[derive(Debug, Clone, Args)]
pub struct Ids {
    /// Case ids, such as C-10412
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
}

/// The parser of one of the domain's closed sets of words: in any case, and with `-` for `_` as well.
#[derive(Clone)]
pub struct Words<T: 'static> {
    pub all: &'static [T],
    pub word: fn(T) -> &'static str,
}

impl<T: Copy + Send + Sync + 'static> Words<T> {
    fn names(&self) -> PossibleValuesParser {
        let (all, word) = (self.all, self.word);
        PossibleValuesParser::new(all.iter().map(|value| PossibleValue::new(word(*value))))
    }
}

impl<T: Copy + Send + Sync + 'static> TypedValueParser for Words<T> {
    type Value = T;

    fn parse_ref(
        &self,
        cmd: &clap::Command,
        arg: Option<&Arg>,
        given: &OsStr,
    ) -> Result<T, clap::Error> {
        let plain = given.to_string_lossy().replace('-', "_").to_lowercase();
        match self.all.iter().find(|value| (self.word)(**value) == plain) {
            Some(value) => Ok(*value),
            // Its error names the nearest word and all of them.
            None => self.names().parse_ref(cmd, arg, given).map(|_| self.all[0]),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let word = self.word;
        Some(Box::new(self.all.iter().map(move |value| PossibleValue::new(word(*value)))))
    }
}

macro_rules! word {
    ($set:ty) => {
        $crate::cli::args::Words { all: <$set>::ALL, word: <$set>::word }
    };
}
pub(super) use word;
