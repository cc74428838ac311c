//! The desk that is being connected: its fields, and what is known of them.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui_textarea::TextArea;

use super::{Found, NewDesk, Question, Token};
use crate::app::form::editor;
use crate::domain::Untrusted;

/// After the last key, before what is typed is asked about: people who type do not stop so long.
pub const PAUSE: TimeDelta = TimeDelta::milliseconds(600);

/// Hosts' first labels that say nothing of whose desk it is.
const COMMON: &[&str] = &[
    "www", "desk", "support", "help", "helpdesk", "case", "cases", "caseload", "api", "service",
    "tickets",
];
/// The longest name of a desk.
const NAME_CAP: usize = 64;

/// Where the token is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// In a file that nobody else can read.
    #[default]
    File,
    Keyring,
    /// In a variable of the environment, which the person sets.
    Variable,
    /// Nowhere: a command writes it.
    Command,
}

impl Keep {
    pub const ALL: [Self; 4] = [Self::File, Self::Keyring, Self::Variable, Self::Command];

    pub const fn label(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Keyring => "keyring",
            Self::Variable => "variable",
            Self::Command => "command",
        }
    }

    /// The name of what is typed beside it.
    pub const fn secret_label(self) -> &'static str {
        match self {
            Self::File | Self::Keyring => "Token",
            Self::Variable => "Variable",
            Self::Command => "Command",
        }
    }

    /// Whether the token itself is typed, so that nobody may read it on the screen.
    pub const fn is_typed(self) -> bool {
        matches!(self, Self::File | Self::Keyring)
    }
}

/// A place that has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    #[default]
    Address,
    Keep,
    Secret,
    Name,
    Button,
}

impl Part {
    pub const ALL: [Self; 5] = [Self::Address, Self::Keep, Self::Secret, Self::Name, Self::Button];
}

#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and any may hold with any"
)]
#[derive(Default)]
pub struct Connect {
    pub address: TextArea<'static>,
    pub keep: Keep,
    pub token: TextArea<'static>,
    pub variable: TextArea<'static>,
    pub command: TextArea<'static>,
    pub name: TextArea<'static>,
    /// The person wrote the name; else it follows the address.
    pub is_named: bool,
    pub focus: Part,
    /// Counts what was asked, so that late answers are known for what they are.
    pub number: u64,
    /// When what was typed is asked about.
    pub due: Option<DateTime<Utc>>,
    /// It is being asked about.
    pub is_asked: bool,
    /// What is known of what stands there now.
    pub found: Option<Found>,
    /// To be saved as soon as the desk takes the token.
    pub is_sending: bool,
    /// It is being written into the configuration.
    pub is_saving: bool,
    pub error: Option<Untrusted>,
}

fn line(area: &TextArea) -> String {
    area.lines().join(" ").trim().to_owned()
}

impl Connect {
    /// The text field that has the keys.
    pub fn text(&mut self) -> Option<&mut TextArea<'static>> {
        match self.focus {
            Part::Address => Some(&mut self.address),
            Part::Secret => Some(self.secret_mut()),
            Part::Name => Some(&mut self.name),
            Part::Keep | Part::Button => None,
        }
    }

    fn secret_mut(&mut self) -> &mut TextArea<'static> {
        match self.keep {
            Keep::File | Keep::Keyring => &mut self.token,
            Keep::Variable => &mut self.variable,
            Keep::Command => &mut self.command,
        }
    }

    /// What is typed beside where the token is kept.
    pub fn secret(&self) -> &TextArea<'static> {
        match self.keep {
            Keep::File | Keep::Keyring => &self.token,
            Keep::Variable => &self.variable,
            Keep::Command => &self.command,
        }
    }

    /// The address as it is meant: https where nothing else is written.
    pub fn url(&self) -> String {
        let written = line(&self.address);
        if written.is_empty() || written.contains("://") {
            written
        } else {
            format!("https://{written}")
        }
    }

    pub fn name(&self) -> String {
        line(&self.name)
    }

    fn token_from(&self) -> Option<Token> {
        let written = line(self.secret());
        if written.is_empty() {
            return None;
        }
        Some(match self.keep {
            Keep::File | Keep::Keyring => Token::Typed(written.into()),
            Keep::Variable => Token::Variable(written),
            Keep::Command => Token::Command(written),
        })
    }

    /// What is to be found out now; None: nothing is typed yet. The token stays here while the address is still
    /// written, and a command is not run before it is whole.
    pub fn question(&self, is_whole: bool) -> Option<Question> {
        let url = self.url();
        if url.is_empty() {
            return None;
        }
        let typing = self.focus == Part::Address
            || (self.focus == Part::Secret && self.keep == Keep::Command);
        let token = self.token_from().filter(|_| is_whole || !typing);
        Some(Question { url, token })
    }

    /// Something that the desk was asked about was changed.
    pub fn changed(&mut self, due: DateTime<Utc>) {
        self.number += 1;
        self.found = None;
        self.is_asked = false;
        self.is_sending = false;
        self.error = None;
        self.due = Some(due);
        if !self.is_named {
            let name = name_of(&self.url());
            self.name = editor(&name);
        }
    }

    /// Why the desk cannot be saved as it stands, and where; None: nothing is missing.
    pub fn missing(&self) -> Option<(Part, &'static str)> {
        let name = self.name();
        let is_word = !name.is_empty()
            && name.len() <= NAME_CAP
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if self.url().is_empty() {
            Some((Part::Address, "The address of the desk is needed."))
        } else if line(self.secret()).is_empty() {
            let said = match self.keep {
                Keep::File | Keep::Keyring => {
                    "The token is needed; the desk's administrator makes one."
                }
                Keep::Variable => "The name of the variable that holds the token is needed.",
                Keep::Command => "The command that writes the token is needed.",
            };
            Some((Part::Secret, said))
        } else if !is_word {
            Some((Part::Name, "A desk's name has 1 to 64 letters, digits, \"-\", \"_\" or \".\"."))
        } else {
            None
        }
    }

    /// The desk to be saved.
    pub fn desk(&self) -> Option<NewDesk> {
        Some(NewDesk {
            name: self.name(),
            url: self.url(),
            token: self.token_from()?,
            keep: self.keep,
        })
    }
}

/// A name for the desk at an address: what of its host is its own.
pub fn name_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default().to_lowercase();
    let is_number = host.chars().all(|c| c.is_ascii_digit() || c == '.') || host.starts_with('[');
    if is_number || host == "localhost" {
        return if host.is_empty() { String::new() } else { "local".to_owned() };
    }
    let labels: Vec<&str> = host.split('.').filter(|label| !label.is_empty()).collect();
    // The last label is the world's.
    let own = labels.iter().take(labels.len().saturating_sub(1).max(1));
    let name = own.clone().find(|label| !COMMON.contains(label)).or(labels.first());
    let name = name.copied().unwrap_or_default();
    name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).take(NAME_CAP).collect()
}
