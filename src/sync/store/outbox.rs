//! The outbox: what was ordered and has no final answer. Whoever orders something calls [`Store::enqueue`] and
//! has it sent by the line of the screen ([`crate::sync::Handle`]) or by [`crate::sync::drain`]; whoever drains
//! it goes by `sending.rs`. Every change is one transaction that is on the disk once it has answered.

use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::row::{Raw, Read, columns, number, sound, state};
use super::{Owner, Store, StoreError};
use crate::domain::outbox::{ActFailure, Damaged, Entry, Outbox, Question, State};
use crate::domain::{Action, Case, CaseId, Revision, Untrusted};
use crate::wire::{Acted, Code, Problem};

/// An act to be kept until it has an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Made with the entry, before it is first sent, and never changed: a UUIDv7.
    pub key: Uuid,
    pub case: CaseId,
    /// The case as it stands where it is ordered, if somebody has seen it.
    pub base: Option<Box<Case>>,
    pub action: Action,
    /// The revision that it is bound to.
    pub revision: Option<Revision>,
    /// Not sent before that, so that it can be undone.
    pub hold_until: Option<DateTime<Utc>>,
    /// The desk's time.
    pub queued_at: DateTime<Utc>,
    /// The number of the refused or asked entry that it is sent instead of; that one goes as this one comes.
    pub replaces: Option<u64>,
    /// The id of the draft that it was written in; it goes as this one comes.
    pub draft: Option<String>,
}

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number for people; they grow in the order in which was ordered.
    pub n: u64,
    pub key: Uuid,
    pub case: CaseId,
    pub base: Option<Box<Case>>,
    pub action: Action,
    pub queued_at: DateTime<Utc>,
    pub revision: Option<Revision>,
    pub hold_until: Option<DateTime<Utc>>,
    /// When the person said that it is still to be done.
    pub confirmed_at: Option<DateTime<Utc>>,
    pub tries: u32,
    /// A try may have reached the desk without an answer.
    pub uncertain: bool,
    /// Why the last try had no answer.
    pub setback: Option<Setback>,
    pub state: RowState,
}

#[derive(Debug, Clone, PartialEq)]
pub enum RowState {
    Queued,
    Sending,
    Asked(Box<Question>),
    Refused(Box<Problem>),
    /// Kept for whoever ordered it and waits for the answer ([`Store::take_answer`]).
    Done(Box<Acted>),
}

/// Why a try had no answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Setback {
    pub cause: Cause,
    pub what: Untrusted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    NotReached,
    Busy,
    SignedOut,
    NotUnderstood,
    /// The program ended before the answer came.
    Ended,
    /// What becomes of it cannot be written down.
    NotWritten,
}

/// What is kept, in the order in which it was ordered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    pub rows: Vec<Row>,
    pub damaged: Vec<Damaged>,
}

impl Rows {
    /// What people see of it: without what is done. `ticket` names the entry with that number.
    #[must_use]
    pub fn outbox(&self, now: DateTime<Utc>, ticket: impl Fn(u64) -> u64) -> Outbox {
        let entries = self.rows.iter().filter_map(|row| row.entry(now, ticket(row.n))).collect();
        Outbox { entries, damaged: self.damaged.clone() }
    }
}

impl Row {
    /// As people see it; None once it is done.
    #[must_use]
    pub fn entry(&self, now: DateTime<Utc>, ticket: u64) -> Option<Entry> {
        let state = match &self.state {
            RowState::Queued => match self.hold_until {
                Some(until) if until > now && self.tries == 0 => State::Held { until },
                _ => State::Queued,
            },
            RowState::Sending => State::Sending,
            RowState::Asked(question) => State::Asked(question.clone()),
            RowState::Refused(problem) => State::Refused(Box::new(self.failure(problem))),
            RowState::Done(_) => return None,
        };
        Some(Entry {
            ticket,
            n: self.n,
            key: self.key,
            case: self.case.clone(),
            base: self.base.clone(),
            action: self.action.clone(),
            queued_at: self.queued_at,
            state,
            tries: self.tries,
            last_error: self.setback.as_ref().map(|setback| setback.what.clone()),
        })
    }

    /// A refusal as a whole sentence.
    #[must_use]
    pub fn failure(&self, problem: &Problem) -> ActFailure {
        let mut sentence = format!(
            "Could not {} {}: {}",
            self.action.kind().verb(),
            self.case,
            problem.detail.raw()
        );
        // A refusal of the same key is final. One at the door says nothing of an earlier try.
        if self.uncertain && problem.code == Code::NotAllowed {
            sentence.push_str(" An earlier try may have been done: look before sending it again.");
        }
        let fields = problem.errors.iter().map(|e| (e.field.clone(), e.message.clone())).collect();
        ActFailure { sentence: Untrusted::new(sentence), fields, current: problem.case.clone() }
    }

    /// What a row says. None: it is sound but nothing that this version knows.
    pub(super) fn of(raw: &Raw) -> Option<Self> {
        let outcome = raw.outcome.as_deref();
        let state = match raw.state.as_str() {
            state::QUEUED => RowState::Queued,
            state::SENDING => RowState::Sending,
            state::ASKED => RowState::Asked(parsed(outcome)?),
            state::REFUSED => RowState::Refused(parsed(outcome)?),
            state::DONE => RowState::Done(parsed(outcome)?),
            _ => return None,
        };
        Some(Self {
            n: u64::try_from(raw.n).ok()?,
            key: raw.key.parse().ok()?,
            case: CaseId::new(&*raw.case_id),
            base: match &raw.base {
                Some(base) => Some(parsed(Some(base))?),
                None => None,
            },
            action: parsed(Some(&raw.action))?,
            queued_at: instant(raw.queued_at)?,
            revision: raw.revision.and_then(|revision| revision.try_into().ok()),
            hold_until: raw.hold_until.and_then(instant),
            confirmed_at: raw.confirmed_at.and_then(instant),
            tries: u32::try_from(raw.tries).unwrap_or(u32::MAX),
            uncertain: raw.uncertain != 0,
            setback: parsed(raw.last_error.as_deref()),
            state,
        })
    }
}

fn parsed<T: DeserializeOwned>(json: Option<&str>) -> Option<T> {
    serde_json::from_str(json?).ok()
}

pub(super) fn instant(ms: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(ms)
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}

/// What can still be read of a row, in one line.
fn told(raw: &Raw) -> Damaged {
    let text = match parsed::<Action>(Some(&raw.action)) {
        Some(action) => format!("{} {}: {}", action.kind().verb(), raw.case_id, raw.action),
        None => format!("{} {}", raw.case_id, raw.action),
    };
    Damaged { n: u64::try_from(raw.n).unwrap_or_default(), text: Untrusted::new(text) }
}

impl Store {
    /// Keeps an act, takes out what it replaces and the draft that it was written in: all at once. Once this
    /// has answered, with the number of the entry, it is on the disk and may be shown as queued.
    pub async fn enqueue(&self, entry: NewEntry) -> Result<u64, StoreError> {
        let raw = Raw {
            n: 0,
            key: entry.key.to_string(),
            owner: self.owner().word(),
            case_id: entry.case.as_str().to_owned(),
            base: entry.base.as_ref().map(json).transpose()?,
            action: json(&entry.action)?,
            queued_at: entry.queued_at.timestamp_millis(),
            state: state::QUEUED.to_owned(),
            revision: entry.revision.map(number),
            hold_until: entry.hold_until.map(|at| at.timestamp_millis()),
            ..Raw::default()
        };
        let (replaces, draft) = (entry.replaces, entry.draft);
        self.keep
            .write(move |conn| Box::pin(add(conn, raw, replaces, draft)))
            .await
            .map(|n| u64::try_from(n).unwrap_or_default())
    }

    /// All that is kept for the owner. Rows whose bytes have changed are set aside in the same go.
    pub async fn outbox(&self) -> Result<Rows, StoreError> {
        let owners = self.owner_words();
        let look = owners.clone();
        let (mut rows, any_changed) =
            self.keep.run(move |conn| Box::pin(async move { list(conn, &look).await })).await?;
        if any_changed {
            let look = owners.clone();
            self.keep
                .write(move |conn| Box::pin(async move { set_changed_aside(conn, &look).await }))
                .await?;
            rows = self
                .keep
                .run(move |conn| Box::pin(async move { list(conn, &owners).await }))
                .await?
                .0;
        }
        Ok(rows)
    }

    /// Whether another process has changed anything since this was last asked.
    pub(in crate::sync) async fn has_changed_elsewhere(&self) -> Result<bool, StoreError> {
        let version: (i64,) = self
            .keep
            .run(|conn| Box::pin(sqlx::query_as("PRAGMA data_version").fetch_one(conn)))
            .await?;
        Ok(self.seen_version.swap(version.0, Ordering::Relaxed) != version.0)
    }

    /// Takes an act back: it is gone as if it had never been ordered. False: it was tried already, or is
    /// no longer there.
    pub async fn undo(&self, n: u64) -> Result<bool, StoreError> {
        self.take_out(n, |raw| raw.state == state::QUEUED && raw.tries == 0).await
    }

    /// Ends the hold of an act. False: there is no such entry that waits.
    pub async fn send_now(&self, n: u64) -> Result<bool, StoreError> {
        self.change(n, |raw| {
            let waits = raw.state == state::QUEUED;
            raw.hold_until = None;
            waits
        })
        .await
    }

    /// Has an act sent that was asked about, with its key, on the version of the case that was shown with the
    /// question. False: it is not asked about (any more).
    pub async fn still_send(&self, n: u64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.change(n, move |raw| {
            if raw.state != state::ASKED {
                return false;
            }
            // Where nothing could be shown, whatever stands there is what is meant.
            let question: Option<Question> = parsed(raw.outcome.as_deref());
            raw.revision = question.and_then(|q| q.current).map(|shown| number(shown.revision));
            raw.outcome = None;
            raw.confirmed_at = Some(now.timestamp_millis());
            state::QUEUED.clone_into(&mut raw.state);
            true
        })
        .await
    }

    /// Gives an entry up. False: it is on its way, or no longer there. One that was tried may have been done
    /// all the same ([`Row::uncertain`]).
    pub async fn discard(&self, n: u64) -> Result<bool, StoreError> {
        self.take_out(n, |raw| [state::QUEUED, state::ASKED, state::REFUSED].contains(&&*raw.state))
            .await
    }

    /// Gives up what was set aside. False: there is no damaged entry with that number.
    pub async fn discard_damaged(&self, n: u64) -> Result<bool, StoreError> {
        // Before a change is seen as damage it is not in that state.
        self.outbox().await?;
        self.take_out(n, |raw| raw.state == state::DAMAGED).await
    }

    /// The answer to an act, for whoever ordered it; given once.
    pub async fn take_answer(&self, n: u64) -> Result<Option<Acted>, StoreError> {
        let owners = self.owner_words();
        self.keep
            .write(move |conn| {
                Box::pin(async move {
                    let Some(raw) = sound(conn, n).await?.filter(|raw| owners.has(&raw.owner))
                    else {
                        return Ok(None);
                    };
                    let Some(RowState::Done(acted)) = Row::of(&raw).map(|row| row.state) else {
                        return Ok(None);
                    };
                    raw.delete(conn).await?;
                    Ok(Some(*acted))
                })
            })
            .await
    }

    /// Changes a sound row of ours; `change` says whether it may be.
    pub(super) async fn change(
        &self,
        n: u64,
        change: impl FnOnce(&mut Raw) -> bool + Send + 'static,
    ) -> Result<bool, StoreError> {
        let owners = self.owner_words();
        self.keep
            .write(move |conn| {
                Box::pin(async move {
                    let Some(mut raw) = sound(conn, n).await?.filter(|raw| owners.has(&raw.owner))
                    else {
                        return Ok(false);
                    };
                    if !change(&mut raw) {
                        return Ok(false);
                    }
                    raw.update(conn).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// Takes a sound row of ours out if it may be.
    pub(super) async fn take_out(
        &self,
        n: u64,
        may: impl FnOnce(&Raw) -> bool + Send + 'static,
    ) -> Result<bool, StoreError> {
        let owners = self.owner_words();
        self.keep
            .write(move |conn| {
                Box::pin(async move {
                    let raw = sound(conn, n).await?.filter(|raw| owners.has(&raw.owner));
                    match raw.filter(may) {
                        Some(raw) => raw.delete(conn).await.map(|()| true),
                        None => Ok(false),
                    }
                })
            })
            .await
    }

    /// Under which names rows are ours: the user's, and the token's as long as not all of its rows could be
    /// given to the user.
    pub(super) fn owner_words(&self) -> Owners {
        Owners([self.owner().word(), Owner::Token(self.fingerprint.clone()).word()])
    }
}

#[derive(Debug, Clone)]
pub(super) struct Owners([String; 2]);

impl Owners {
    pub fn has(&self, word: &str) -> bool {
        self.0.iter().any(|own| own == word)
    }

    pub fn first(&self) -> &str {
        &self.0[0]
    }

    pub fn all(&self) -> &[String] {
        &self.0
    }
}

async fn add(
    conn: &mut SqliteConnection,
    mut raw: Raw,
    replaces: Option<u64>,
    draft: Option<String>,
) -> Result<i64, sqlx::Error> {
    (raw.n,) = sqlx::query_as(
        "SELECT max(coalesce((SELECT max(n) FROM outbox), 0), \
         coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = 'outbox'), 0)) + 1",
    )
    .fetch_one(&mut *conn)
    .await?;
    if let Some(n) = replaces
        && let Some(old) = sound(conn, n).await?
        && old.owner == raw.owner
        && [state::ASKED, state::REFUSED].contains(&&*old.state)
    {
        old.delete(conn).await?;
    }
    if let Some(id) = draft {
        sqlx::query("DELETE FROM drafts WHERE id = $1 AND owner = $2")
            .bind(id)
            .bind(&raw.owner)
            .execute(&mut *conn)
            .await?;
    }
    raw.insert(conn).await?;
    Ok(raw.n)
}

async fn all(conn: &mut SqliteConnection) -> Result<Vec<Read>, sqlx::Error> {
    let rows = sqlx::query(concat!("SELECT ", columns!(), " FROM outbox ORDER BY n"))
        .fetch_all(conn)
        .await?;
    rows.iter().map(Raw::read).collect()
}

/// The rows of these owners, and whether any row of theirs, or of nobody known, has changed by itself.
async fn list(conn: &mut SqliteConnection, owners: &Owners) -> Result<(Rows, bool), sqlx::Error> {
    let mut listed = Rows::default();
    let mut any_changed = false;
    for read in all(conn).await? {
        match read {
            Read::Sound(raw) if owners.has(&raw.owner) => match Row::of(&raw) {
                Some(row) => listed.rows.push(row),
                None => listed.damaged.push(told(&raw)),
            },
            Read::Sound(_) => {}
            Read::Changed(_) => any_changed = true,
        }
    }
    Ok((listed, any_changed))
}

/// Sets rows aside whose bytes have changed. Those of another user wait for him.
async fn set_changed_aside(
    conn: &mut SqliteConnection,
    owners: &Owners,
) -> Result<(), sqlx::Error> {
    let users: Vec<(String,)> =
        sqlx::query_as("SELECT user_id FROM identities").fetch_all(&mut *conn).await?;
    for read in all(conn).await? {
        let Read::Changed(raw) = read else { continue };
        let is_anothers = !owners.has(&raw.owner)
            && users.iter().any(|(user,)| raw.owner.strip_prefix("user:") == Some(user));
        if !is_anothers {
            tracing::warn!(n = raw.n, "an entry of the outbox is damaged and was set aside");
            raw.set_aside(owners.first(), conn).await?;
        }
    }
    Ok(())
}
