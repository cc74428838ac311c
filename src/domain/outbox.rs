//! What was ordered and has no final answer yet, as the screen and the command line see it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Action, Case, CaseId, Untrusted};

/// How long an escalation, a closing or a hand-back may wait and still be sent unasked, unless the settings say it.
pub const ASK_AFTER: Duration = Duration::from_mins(15);

/// All that is in the outbox, in the order in which it was ordered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outbox {
    pub entries: Vec<Entry>,
    pub damaged: Vec<Damaged>,
}

/// One act, from the moment it is on the disk until it is confirmed or discarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Names it in events and orders of this process: the ticket that it was ordered with here, else one of
    /// the line's own.
    pub ticket: u64,
    /// Its number for people, as `caseload outbox list` shows it.
    pub n: u64,
    pub key: Uuid,
    pub case: CaseId,
    /// The case as it stood when the act was ordered; None where nobody had seen it.
    pub base: Option<Box<Case>>,
    pub action: Action,
    pub queued_at: DateTime<Utc>,
    pub state: State,
    pub tries: u32,
    /// Why the last try had no answer.
    pub last_error: Option<Untrusted>,
}

/// How far an act has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Not sent before that time: it can be undone until then.
    Held { until: DateTime<Utc> },
    /// Waits for its turn, or for the desk to be reached.
    Queued,
    /// On its way to the desk.
    Sending,
    /// The person must say whether it is still to be done.
    Asked(Box<Question>),
    /// The desk has refused it. It stays until it is sent anew in other words, or discarded.
    Refused(Box<ActFailure>),
}

/// Why the person is asked whether an act is still to be done.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Question {
    pub why: Why,
    /// The case as it is now; None where it could not be read.
    pub current: Option<Case>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The case changed after the act was ordered.
    Changed,
    /// The act waited for longer than an act of its kind should without a person looking at it again.
    Waited,
}

/// Why an act did not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActFailure {
    /// A whole sentence for people that names the act and the case.
    pub sentence: Untrusted,
    /// Wrong fields by their API name, each with what is wrong.
    pub fields: Vec<(String, Untrusted)>,
    /// The case as it is now, when it changed meanwhile (412).
    pub current: Option<Box<Case>>,
}

/// An entry whose bytes have changed on the disk, set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    pub n: u64,
    /// What can still be read of it.
    pub text: Untrusted,
}

/// Something written and not ordered. What it is made of is the screen's to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub id: String,
    pub case: CaseId,
    pub body: String,
}
