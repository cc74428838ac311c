//! What whoever drains the outbox writes: each step of an entry's way, on the disk before the next one is
//! taken, so that a process that dies leaves nothing open to guesses.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;

use super::outbox::{Cause, Row, Setback, json};
use super::row::{Raw, Read, Sum, columns, number, sound, state};
use super::{Store, StoreError};
use crate::domain::outbox::Question;
use crate::domain::{CaseId, Revision, Untrusted};
use crate::wire::{Acted, Problem};

/// How long an act may still be held that was found at a start.
const LONGEST_HOLD: TimeDelta = TimeDelta::seconds(10);
/// How long an answer is kept that nobody has taken.
const ANSWER_KEPT: TimeDelta = TimeDelta::days(1);

/// An entry that goes out now.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    pub row: Row,
    /// The revision to ask for: that of the entry, put forward over our own acts since.
    pub if_match: Option<Revision>,
}

impl Store {
    /// To be called once by whoever has just got the lock: what was on its way when its process ended may have
    /// been done; nothing is held for longer than ten seconds; answers that nobody fetched go.
    pub async fn take_over(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let owners = self.owner_words();
        let latest_hold = (now + LONGEST_HOLD).timestamp_millis();
        let forgotten = (now - ANSWER_KEPT).timestamp_millis();
        let setback = json(&Setback {
            cause: Cause::Ended,
            what: Untrusted::from("The program ended while it was being sent"),
        })?;
        self.keep
            .write(move |conn| {
                Box::pin(async move {
                    let rows = sqlx::query(concat!(
                        "SELECT ",
                        columns!(),
                        " FROM outbox WHERE state IN ('queued', 'sending', 'done') ORDER BY n"
                    ))
                    .fetch_all(&mut *conn)
                    .await?;
                    for row in &rows {
                        let Read::Sound(mut raw) = Raw::read(row)? else { continue };
                        if !owners.has(&raw.owner) {
                            continue;
                        }
                        if raw.state == state::DONE {
                            if raw.ended_at.is_none_or(|at| at < forgotten) {
                                raw.delete(conn).await?;
                            }
                            continue;
                        }
                        let was_sent = raw.state == state::SENDING;
                        let held_long = raw.hold_until.is_some_and(|until| until > latest_hold);
                        if was_sent {
                            state::QUEUED.clone_into(&mut raw.state);
                            raw.uncertain = 1;
                            raw.last_error = Some(setback.clone());
                        }
                        if held_long {
                            raw.hold_until = Some(latest_hold);
                        }
                        if was_sent || held_long {
                            raw.update(conn).await?;
                        }
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Says that an entry goes out now. None: it no longer waits to be sent. One whose last try could not be
    /// written to its end may go again: it has the same key.
    pub async fn mark_sending(
        &self,
        n: u64,
        now: DateTime<Utc>,
    ) -> Result<Option<Outgoing>, StoreError> {
        let owners = self.owner_words();
        self.keep
            .write(move |conn| {
                Box::pin(async move {
                    let Some(mut raw) = sound(conn, n).await?.filter(|raw| {
                        owners.has(&raw.owner)
                            && [state::QUEUED, state::SENDING].contains(&&*raw.state)
                    }) else {
                        return Ok(None);
                    };
                    state::SENDING.clone_into(&mut raw.state);
                    raw.tries += 1;
                    raw.first_tried_at.get_or_insert(now.timestamp_millis());
                    let Some(row) = Row::of(&raw) else { return Ok(None) };
                    raw.update(conn).await?;
                    let own = own_revisions(conn, owners.first(), &row.case).await?;
                    let if_match = advanced(row.revision, own);
                    Ok(Some(Outgoing { row, if_match }))
                })
            })
            .await
    }

    /// The try had no answer: it is tried again. `uncertain`: it may have been done.
    pub async fn mark_undecided(
        &self,
        n: u64,
        setback: &Setback,
        uncertain: bool,
    ) -> Result<bool, StoreError> {
        let setback = json(setback)?;
        self.change(n, move |raw| {
            if ![state::SENDING, state::QUEUED].contains(&&*raw.state) {
                return false;
            }
            state::QUEUED.clone_into(&mut raw.state);
            raw.uncertain |= i64::from(uncertain);
            raw.last_error = Some(setback);
            true
        })
        .await
    }

    /// The person is asked whether it is still to be done.
    pub async fn mark_asked(&self, n: u64, question: &Question) -> Result<bool, StoreError> {
        let question = json(question)?;
        self.change(n, move |raw| {
            state::ASKED.clone_into(&mut raw.state);
            raw.outcome = Some(question);
            raw.last_error = None;
            true
        })
        .await
    }

    /// The desk has refused it, for good.
    pub async fn mark_refused(
        &self,
        n: u64,
        problem: &Problem,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let problem = json(problem)?;
        self.change(n, move |raw| {
            state::REFUSED.clone_into(&mut raw.state);
            raw.outcome = Some(problem);
            raw.last_error = None;
            raw.ended_at = Some(now.timestamp_millis());
            true
        })
        .await
    }

    /// The desk has done it. `keep_answer`: somebody else waits for the answer, who takes it by
    /// [`Store::take_answer`]; otherwise the entry is gone.
    pub async fn mark_done(
        &self,
        outgoing: &Outgoing,
        acted: &Acted,
        keep_answer: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let owners = self.owner_words();
        let (n, case, asked) = (outgoing.row.n, outgoing.row.case.clone(), outgoing.if_match);
        let is_now = acted.case.revision;
        let answer = json(acted)?;
        self.keep
            .write(move |conn| {
                Box::pin(async move {
                    if let Some(mut raw) = sound(conn, n).await? {
                        if keep_answer {
                            state::DONE.clone_into(&mut raw.state);
                            raw.outcome = Some(answer);
                            raw.last_error = None;
                            raw.ended_at = Some(now.timestamp_millis());
                            raw.update(conn).await?;
                        } else {
                            raw.delete(conn).await?;
                        }
                    }
                    let own = own_revisions(conn, owners.first(), &case).await?;
                    let (from, to) = extended(own, asked, is_now);
                    keep_own_revisions(conn, owners.first(), &case, from, to).await
                })
            })
            .await
    }
}

/// Between these revisions a case was changed by our own acts alone.
type Own = Option<(Revision, Revision)>;

/// The revision to ask for: a form that was opened before our own last act knows an older one, and nothing that
/// its writer has not done himself came between.
fn advanced(revision: Option<Revision>, own: Own) -> Option<Revision> {
    match (revision, own) {
        (Some(known), Some((from, to))) if (from..=to).contains(&known) => Some(to),
        (revision, _) => revision,
    }
}

fn extended(own: Own, asked: Option<Revision>, now: Revision) -> (Revision, Revision) {
    match (own, asked) {
        (Some((from, to)), Some(asked)) if asked == to => (from, now),
        (Some((from, to)), None) if now == to + 1 => (from, now),
        // An answer that came once more says nothing new.
        (Some((from, to)), _) if now <= to => (from, to),
        (_, Some(asked)) => (asked, now),
        (_, None) => (now, now),
    }
}

fn own_sum(owner: &str, case: &str, from: i64, to: i64) -> Vec<u8> {
    let mut sum = Sum::default();
    sum.text(Some(owner));
    sum.text(Some(case));
    sum.number(Some(from));
    sum.number(Some(to));
    sum.done()
}

async fn own_revisions(
    conn: &mut SqliteConnection,
    owner: &str,
    case: &CaseId,
) -> Result<Own, sqlx::Error> {
    let found: Option<(i64, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT from_revision, to_revision, sum FROM own_revisions WHERE owner = $1 AND case_id = $2",
    )
    .bind(owner)
    .bind(case.as_str())
    .fetch_optional(conn)
    .await?;
    Ok(found.and_then(|(from, to, sum)| {
        let sound = sum == own_sum(owner, case.as_str(), from, to);
        sound.then_some((from.try_into().ok()?, to.try_into().ok()?))
    }))
}

async fn keep_own_revisions(
    conn: &mut SqliteConnection,
    owner: &str,
    case: &CaseId,
    from: Revision,
    to: Revision,
) -> Result<(), sqlx::Error> {
    let (from, to) = (number(from), number(to));
    sqlx::query(
        "INSERT OR REPLACE INTO own_revisions (owner, case_id, from_revision, to_revision, sum) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(owner)
    .bind(case.as_str())
    .bind(from)
    .bind(to)
    .bind(own_sum(owner, case.as_str(), from, to))
    .execute(conn)
    .await?;
    Ok(())
}
