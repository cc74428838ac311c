//! The first start, where no desk is configured: connect one, look at the demo, or leave. Pure, as the screen of
//! the desk is: [`update`] and [`view::build`]. What is typed is checked by the rim (`runtime::welcome`).

mod connect;
#[cfg(test)]
mod tests;
mod update;
pub mod view;

use chrono::{DateTime, Utc};
use crokey::KeyCombination;
use secrecy::SecretString;

use super::msg::Whoami;
use crate::domain::Untrusted;
use crate::input::Keymap;
use connect::Connect;
pub use connect::Keep;
pub use update::update;

/// What can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    Connect,
    Demo,
    Quit,
}

impl Offer {
    pub const ALL: [Self; 3] = [Self::Connect, Self::Demo, Self::Quit];
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// This desk is configured now.
    Desk(String),
    Demo,
    Quit,
}

/// Everything that the first screen knows.
pub struct Welcome {
    ascii: bool,
    keymap: Keymap,
    /// Where the configuration will be, as people are told.
    file: String,
    /// The offer that the keys are on.
    at: usize,
    /// Filled in, and kept while the offers are looked at again.
    connect: Connect,
    is_connecting: bool,
    /// It is over: this opens next.
    chosen: Option<Chosen>,
}

impl Welcome {
    /// `file`: the configuration, as people are told.
    #[must_use]
    pub fn new(ascii: bool, keymap: Keymap, file: String) -> Self {
        Self {
            ascii,
            keymap,
            file,
            at: 0,
            connect: Connect::default(),
            is_connecting: false,
            chosen: None,
        }
    }
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Msg {
    KeyPressed(KeyCombination),
    Pasted(String),
    /// The instant came that the view named.
    TimePassed,
    /// What was found out for the question of that number.
    Checked {
        number: u64,
        found: Box<Found>,
    },
    /// The desk is in the configuration, or why it is not.
    Saved(Result<String, Untrusted>),
    Terminated,
}

/// What the outside must do.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Find out what there is to an address and a token; the question before need not be answered any more.
    Check {
        number: u64,
        question: Question,
    },
    /// Write the desk into the configuration.
    Save(NewDesk),
    /// It is over.
    End(Chosen),
    Suspend,
    Redraw,
}

/// What is asked of an address.
#[derive(Debug, Clone)]
pub struct Question {
    pub url: String,
    /// None: only whether a desk is there. The token goes to no address that is still being typed.
    pub token: Option<Token>,
}

/// Where the token is to be had.
#[derive(Debug, Clone)]
pub enum Token {
    Typed(SecretString),
    Variable(String),
    /// Run by `sh -c`; the first line that it writes.
    Command(String),
}

/// A desk for the configuration.
#[derive(Debug, Clone)]
pub struct NewDesk {
    pub name: String,
    pub url: String,
    pub token: Token,
    pub keep: Keep,
}

/// What there is to an address and a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The address cannot be used.
    BadAddress(Untrusted),
    /// No answer, for a reason of the line or of TLS.
    NotReached(Untrusted),
    /// Something else answers.
    NotACaseApi(Untrusted),
    /// There is a desk; no token was shown to it.
    Reached {
        desk: String,
    },
    /// There is a desk, and it does not take the token.
    Refused {
        desk: String,
        why: Untrusted,
    },
    /// The token could not be had.
    NoToken(Untrusted),
    Accepted {
        desk: String,
        who: Box<Whoami>,
    },
}

/// When the model must be told the time; None: nothing is due.
#[must_use]
pub fn next_check(welcome: &Welcome) -> Option<DateTime<Utc>> {
    welcome.connect.due.filter(|_| welcome.is_connecting)
}
