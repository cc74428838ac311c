//! The settings: files, environment and flags, merged once, each value with where it came from.
//!
//! A flag wins over the environment, the environment over the file, the file over the default.

pub mod canned;
pub mod desk;
pub mod environment;
pub mod file;
pub mod holidays;
mod keys;
pub mod log;
mod new_desk;
pub mod places;
pub mod policy_file;
pub mod serve;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use crate::domain::nearest;
use crate::domain::outbox::ASK_AFTER;
pub use desk::{Desk, Desks, TokenPlace};
pub use environment::{Environment, SECRETS};
pub use file::{DeskKind, QuietHours, Theme};
pub use keys::Keys;
pub use new_desk::{NewDesk, NewToken};
pub use places::Places;
pub use serve::{LogFormat, LogTo, Serve};

use crate::domain::canned::Canned;
use file::{At, ConfigFile, FileError, TokenSource};

/// The largest configuration file that is read.
const FILE_CAP: u64 = 1024 * 1024;

/// What is wrong with the settings: a sentence for people, or several lines of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl From<FileError> for ConfigError {
    fn from(error: FileError) -> Self {
        Self(error.to_string())
    }
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// Line of the configuration file.
    Line(usize),
    Variable(&'static str),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A value in force, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    pub value: T,
    pub from: Origin,
}

impl<T> Setting<T> {
    const fn new(value: T, from: Origin) -> Self {
        Self { value, from }
    }

    fn of_file(written: Option<At<T>>, default: T) -> Self {
        match written {
            Some(At { value, line }) => Self::new(value, Origin::Line(line)),
            None => Self::new(default, Origin::Default),
        }
    }
}

/// What the command line says of the settings.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub desk: Option<String>,
    pub ascii: bool,
}

#[derive(Debug, Clone)]
pub struct Screen {
    pub theme: Setting<Theme>,
    pub ascii: Setting<bool>,
    pub mouse: Setting<bool>,
    pub reduced_motion: Setting<bool>,
    /// Where files of cases are put; None: where this machine puts downloads.
    pub downloads: Option<Setting<PathBuf>>,
}

#[derive(Debug, Clone)]
pub struct Alerts {
    /// Time left at which to tell, the longest first.
    pub at: Setting<Vec<Duration>>,
    pub bell: Setting<bool>,
    pub osc: Setting<bool>,
    pub quiet: Setting<Option<QuietHours>>,
}

/// Everything that is set.
#[derive(Debug, Clone)]
pub struct Settings {
    pub places: Places,
    /// Where the configuration file is looked for.
    pub file: Setting<PathBuf>,
    /// Whether it is there.
    pub file_read: bool,
    /// The policy file that `serve` and `demo` use instead of the built-in policy.
    pub policy: Option<Setting<PathBuf>>,
    pub screen: Screen,
    pub alerts: Alerts,
    /// How long an act that weighs may wait for the desk and still be sent without being asked about.
    pub ask_after: Setting<Duration>,
    pub serve: Serve,
    /// Action to keys, as `[keys]` changes them.
    pub keys: BTreeMap<String, Setting<Vec<String>>>,
    /// The keymap that comes of it.
    pub keymap: Keys,
    /// Canned answers and macros.
    pub canned: Canned,
    pub desks: Desks,
    /// The desk that was asked for by name.
    pub desk: Option<Setting<String>>,
    /// Plain http to a host that is not this one is allowed.
    pub insecure_http: bool,
}

impl Settings {
    /// Merges everything once.
    pub fn load(environment: &Environment, flags: &Flags) -> Result<Self, ConfigError> {
        let places = Places::find(environment).ok_or_else(|| {
            ConfigError::new("no home folder is known; set HOME or CASELOAD_HOME")
        })?;
        let path = if let Some(path) = &flags.config {
            Setting::new(path.clone(), Origin::Flag("--config"))
        } else if let Some(path) = environment.os("CASELOAD_CONFIG") {
            Setting::new(PathBuf::from(path), Origin::Variable("CASELOAD_CONFIG"))
        } else {
            Setting::new(places.config_file(), Origin::Default)
        };
        let text = read(&path)?;
        let file = match &text {
            Some(text) => ConfigFile::parse(&path.value, text)?,
            None => ConfigFile { path: path.value.clone(), ..ConfigFile::default() },
        };
        let is_literal = |at: &At<TokenSource>| matches!(at.value, TokenSource::Literal(_));
        if file.desks.values().any(|desk| desk.token.as_ref().is_some_and(is_literal)) {
            desk::refuse_if_shared("the configuration holds a token, and", &path.value)?;
        }
        let desks = Desks::gather(&path.value, &file.desks, environment)?;
        let mut screen = Screen {
            theme: Setting::of_file(
                file.theme.map(|at| At { value: beside(at.value, &path.value, environment), ..at }),
                Theme::Auto,
            ),
            ascii: Setting::of_file(file.ascii, false),
            mouse: Setting::of_file(file.mouse, true),
            reduced_motion: Setting::of_file(file.reduced_motion, false),
            downloads: file.downloads.map(|At { value, line }| {
                let folder = places::resolve(&value, &path.value, environment);
                Setting::new(folder, Origin::Line(line))
            }),
        };
        if let Some(name) = environment.os("CASELOAD_THEME") {
            let theme = Theme::named(&name.to_string_lossy())
                .map_err(|why| ConfigError::new(format!("CASELOAD_THEME: {why}")))?;
            screen.theme = Setting::new(theme, Origin::Variable("CASELOAD_THEME"));
        }
        if flags.ascii {
            screen.ascii = Setting::new(true, Origin::Flag("--ascii"));
        } else if environment.os("CASELOAD_ASCII").is_some() {
            let value = environment.says_yes("CASELOAD_ASCII");
            screen.ascii = Setting::new(value, Origin::Variable("CASELOAD_ASCII"));
        }
        let desk = match (&flags.desk, environment.text("CASELOAD_DESK")) {
            (Some(name), _) => Some(Setting::new(name.clone(), Origin::Flag("--desk"))),
            (None, Some(name)) => {
                Some(Setting::new(name.to_owned(), Origin::Variable("CASELOAD_DESK")))
            }
            (None, None) => None,
        };
        let mut at = Setting::of_file(
            file.alerts_at,
            [3600, 900, 0].into_iter().map(Duration::from_secs).collect(),
        );
        at.value.sort_unstable_by(|a, b| b.cmp(a));
        at.value.dedup();
        let keymap = Keys::load(&path.value, &file.keys)?;
        let canned = file.canned.merge(&path.value, &keymap.keymap)?;
        Ok(Self {
            keymap,
            canned,
            policy: file.policy.map(|at| {
                let policy = places::resolve(&at.value, &path.value, environment);
                Setting::new(policy, Origin::Line(at.line))
            }),
            screen,
            serve: Serve::merge(file.serve, &path.value, environment),
            alerts: Alerts {
                at,
                bell: Setting::of_file(file.bell, true),
                osc: Setting::of_file(file.osc, true),
                quiet: Setting::of_file(
                    file.quiet.map(|at| At { value: Some(at.value), line: at.line }),
                    None,
                ),
            },
            ask_after: Setting::of_file(file.ask_after, ASK_AFTER),
            keys: file
                .keys
                .into_iter()
                .map(|(action, at)| (action, Setting::new(at.value, Origin::Line(at.line))))
                .collect(),
            desks,
            desk,
            insecure_http: environment.says_yes("CASELOAD_INSECURE_HTTP"),
            places,
            file_read: text.is_some(),
            file: path,
        })
    }

    /// The desks that are meant by what can be done on several at once.
    pub fn meant_desks(&self) -> Result<Vec<&Desk>, ConfigError> {
        self.desks.meant(self.desk.as_ref())
    }

    /// The desk that is meant.
    pub fn selected_desk(&self) -> Result<&Desk, ConfigError> {
        self.desks.select(self.desk.as_ref())
    }
}

/// A theme's file stands beside the configuration.
fn beside(theme: Theme, path: &Path, environment: &Environment) -> Theme {
    match theme {
        Theme::File(written) => {
            let path = places::resolve(&written, path, environment);
            Theme::File(path.to_string_lossy().into_owned())
        }
        theme => theme,
    }
}

/// The file's text; None if it is not there and nobody asked for it by name.
fn read(path: &Setting<PathBuf>) -> Result<Option<String>, ConfigError> {
    let fail = |why: &dyn fmt::Display| {
        let from = match path.from {
            Origin::Default => String::new(),
            from => format!(" ({from})"),
        };
        ConfigError::new(format!(
            "could not read the configuration {}{from}: {why}",
            shown(&path.value)
        ))
    };
    let mut file = match std::fs::File::open(&path.value) {
        Ok(file) => file,
        Err(error)
            if error.kind() == std::io::ErrorKind::NotFound && path.from == Origin::Default =>
        {
            return Ok(None);
        }
        Err(error) => return Err(fail(&error)),
    };
    let mut bytes = Vec::new();
    (&mut file).take(FILE_CAP + 1).read_to_end(&mut bytes).map_err(|error| fail(&error))?;
    if bytes.len() as u64 > FILE_CAP {
        return Err(fail(&"it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| fail(&"it is not UTF-8"))
}

fn shown(path: &Path) -> String {
    crate::domain::text::safe_line(&path.to_string_lossy(), 400)
}

#[cfg(test)]
mod tests;
