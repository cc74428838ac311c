//! The rules of sending, on a desk that the test plays; the outbox is in memory here, and on a disk in
//! `processes.rs`.

mod acts;
mod asking;
mod processes;

use std::time::Duration;

use super::super::fake::{Asked, Question};
use crate::domain::outbox::{Outbox, State};
use crate::domain::{Action, Revision};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Case, revision and text of the note that was asked for.
fn note(asked: &Asked) -> (&str, Option<Revision>, &str) {
    let Question::Act { id, if_match, action: Action::Note { text }, .. } = &asked.question else {
        panic!("{:?}", asked.question)
    };
    (id.as_str(), *if_match, text)
}

/// Tickets and states, as words.
fn states(outbox: &Outbox) -> Vec<(u64, &'static str)> {
    let word = |state: &State| match state {
        State::Held { .. } => "held",
        State::Queued => "queued",
        State::Sending => "sending",
        State::Asked(_) => "asked",
        State::Refused(_) => "refused",
    };
    outbox.entries.iter().map(|entry| (entry.ticket, word(&entry.state))).collect()
}
