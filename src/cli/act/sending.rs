//! How an act gets from the command line to the desk: first into the outbox, on the disk, then at once to the
//! desk, behind what already waits there. Whoever called has the answer then, so that an act that is done or
//! refused leaves nothing behind; one without an answer stays, and is sent later with the same key.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::{Deed, Missed, Order, missed, noun, to_next};
use crate::cli::outbox::entry;
use crate::cli::outcome::{Exit, Failure, stopped};
use crate::cli::output::Output;
use crate::cli::session::Connection;
use crate::client::{CallError, Fetched, surely};
use crate::domain::outbox::{Question, Why};
use crate::domain::text::safe_line;
use crate::domain::{Action, ActionKind, Case, CaseId};
use crate::sync::store::{Cause, NewEntry, Row, RowState, Setback, Store};
use crate::sync::{self, End};
use crate::wire::{Acted, Code, Problem};

/// How long the answer is waited for where another process sends what waits.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Sending<'a> {
    connection: &'a Connection,
    store: Arc<Store>,
    /// Why nothing can be kept on this machine: acts are sent directly then.
    unkept: Option<String>,
    /// That it cannot be kept was said with an act that was not accepted.
    told: bool,
    /// The desk was not reached, or does not take the token: what follows is kept without a try.
    down: Option<Exit>,
}

impl<'a> Sending<'a> {
    pub async fn open(connection: &'a Connection, output: &mut Output) -> Result<Self, Failure> {
        let store = connection.store().await?;
        let notices = store.take_notices();
        let unkept = if store.is_on_disk() {
            for notice in notices {
                output.complain(&format!("caseload: {}", safe_line(&notice, 600)));
            }
            None
        } else {
            Some(safe_line(&notices.join(" "), 600))
        };
        Ok(Self { connection, store, unkept, told: false, down: None })
    }

    /// Says what the person should know who has not been told by a failure.
    pub async fn close(self, output: &mut Output) {
        if let Some(why) = self.unkept.filter(|why| !self.told && !why.is_empty()) {
            output.complain(&format!("caseload: {why}"));
        }
        let Ok(rows) = self.store.outbox().await else { return };
        let waiting = rows
            .rows
            .iter()
            .filter(|row| matches!(row.state, RowState::Asked(_) | RowState::Refused(_)));
        let n = waiting.count() + rows.damaged.len();
        if n > 0 {
            let entries =
                if n == 1 { "1 entry waits".to_owned() } else { format!("{n} entries wait") };
            output.remark(&format!(
                "caseload: In the outbox {entries} for an answer of yours: caseload outbox list"
            ));
        }
    }

    /// Nothing more is to be tried, and nothing can be kept.
    pub const fn is_over(&self) -> bool {
        self.down.is_some() && self.unkept.is_some()
    }

    /// Does the act to one case.
    pub async fn perform(&mut self, id: &CaseId, order: &Order) -> Result<Acted, Missed> {
        let (action, base) = self.settled(id, order).await?;
        let act = NewEntry {
            key: Uuid::now_v7(),
            case: id.clone(),
            base: base.map(Box::new),
            action,
            revision: order.if_revision,
            hold_until: None,
            queued_at: self.connection.now(),
            replaces: None,
            draft: None,
        };
        if let Some(why) = self.unkept.clone() {
            return self.directly(&act, &why).await;
        }
        if act.revision.is_some()
            && let Err(error) = self.store.forget_own_revisions(id).await
        {
            return self.directly(&act, &error.to_string()).await;
        }
        match self.store.enqueue(act.clone()).await {
            Ok(n) => self.through_the_outbox(n, &act).await,
            Err(error) => self.directly(&act, &error.to_string()).await,
        }
    }

    /// The act, and the case as it is known. An escalation without a tier goes to the next one, which the desk
    /// knows best, and the cache where there is no desk.
    async fn settled(
        &mut self,
        id: &CaseId,
        order: &Order,
    ) -> Result<(Action, Option<Case>), Missed> {
        let cached = self.store.cached_case(id).await;
        let escalation = match &order.deed {
            Deed::Same(action) => return Ok((action.clone(), cached)),
            Deed::EscalateToNext(escalation) => escalation,
        };
        let case = match self.connection.api.case(id, None).await {
            Ok(answer) => match self.connection.learn(answer) {
                Fetched::Case(detail) => Some(detail.case),
                // Nothing was said to be known, so there is nothing that could be unchanged.
                Fetched::Unchanged => cached,
            },
            Err(error) if error.is_passing() && cached.is_some() => cached,
            // The desk refuses it if the case is elsewhere.
            Err(error) if error.is_passing() => {
                return Ok((escalation.to(escalation.meant()), None));
            }
            Err(error) => return Err(missed(self.connection, id, ActionKind::Escalate, &error)),
        };
        // A case that the desk does not show stands at the beginning.
        let tier = case.as_ref().map_or(crate::domain::Tier::First, |case| case.tier);
        Ok((to_next(escalation, id, tier)?, case))
    }

    /// Sends an act that cannot be kept.
    async fn directly(&mut self, act: &NewEntry, why: &str) -> Result<Acted, Missed> {
        let NewEntry { key, case, revision, action, .. } = act;
        let kind = action.kind();
        let api = self.connection.api.as_ref();
        let sent = surely(|| api.act(case, *key, *revision, action)).await;
        sent.map(|answer| self.connection.learn(answer)).map_err(|error| {
            let mut missed = missed(self.connection, case, kind, &error);
            if matches!(missed.exit, Exit::NotReached | Exit::SignedOut) {
                self.down = Some(missed.exit);
            }
            let in_doubt = matches!(error, CallError::NotReached { sent: true, .. });
            if error.is_passing() && !in_doubt && !why.is_empty() {
                self.told = true;
                missed.sentence = format!(
                    "The {} {case} was not accepted: {}; nothing was kept: {} Run it again.",
                    noun(kind),
                    error.to_string().trim_end_matches('.'),
                    stopped(why)
                );
            }
            missed
        })
    }

    async fn through_the_outbox(&mut self, n: u64, act: &NewEntry) -> Result<Acted, Missed> {
        let (id, kind) = (&act.case, act.action.kind());
        let what = format!("The {} {id}", noun(kind));
        if let Some(exit) = self.down {
            return Err(kept(n, exit, &format!("{what}, too,")));
        }
        let Connection { api, clock, .. } = self.connection;
        let store = Arc::clone(&self.store);
        let drained = sync::drain(Arc::clone(api), store, Arc::clone(clock), &[n], PATIENCE).await;
        let end = match drained {
            Ok(drained) => drained.into_iter().find(|drained| drained.n == n).map(|it| it.end),
            Err(error) => {
                let why = format!("What is kept on this machine cannot be read: {error}. {what}");
                return Err(kept(n, Exit::Failed, &why));
            }
        };
        match end {
            Some(End::Done(acted)) => Ok(*acted),
            Some(End::Refused(problem)) => {
                // The caller has the answer, and his words.
                let _ = self.store.discard(n).await;
                let error = match problem.code {
                    Code::NotAllowed => CallError::NotAllowed(problem),
                    _ => CallError::Refused(problem),
                };
                Err(missed(self.connection, id, kind, &error))
            }
            Some(End::Asked(question)) => Err(self.asked(n, act, &question).await),
            Some(End::Waiting(Some(setback))) => {
                // So that the list says it where the desk could not even be asked who we are.
                let _ = self.store.mark_undecided(n, &setback, false).await;
                Err(self.undecided(n, &what, kind, id, &setback))
            }
            Some(End::Waiting(None)) => Err(self.behind(n, act, &what).await),
            Some(End::Gone) | None => Err(Missed::new(
                Exit::Failed,
                format!(
                    "{what} is no longer in the outbox: another process has sent it or given it up. See the \
                     case: caseload show {id}"
                ),
            )),
        }
    }

    /// The case changed: who bound the act to a revision has his answer; else it is asked about.
    async fn asked(&self, n: u64, act: &NewEntry, question: &Question) -> Missed {
        let id = &act.case;
        if act.revision.is_some() && question.why == Why::Changed {
            let _ = self.store.discard(n).await;
            let now = question.current.as_ref().map_or_else(String::new, |case| {
                format!(": it is at revision {} now", case.revision)
            });
            let mut stale = Problem::new(Code::Stale, format!("The case has changed{now}."));
            stale.case = question.current.clone().map(Box::new);
            let error = CallError::Refused(Box::new(stale));
            return missed(self.connection, id, act.action.kind(), &error);
        }
        let asked = entry::asked(id, act.base.as_deref(), question);
        let kind = act.action.kind();
        Missed {
            kept: Some(n),
            ..Missed::new(
                Exit::Conflict,
                format!(
                    "{} The {} {id} is kept in the outbox as {n}: caseload outbox send {n} sends it all the same, \
                     caseload outbox discard {n} gives it up.",
                    stopped(&asked),
                    noun(kind)
                ),
            )
        }
    }

    fn undecided(
        &mut self,
        n: u64,
        what: &str,
        kind: ActionKind,
        id: &CaseId,
        setback: &Setback,
    ) -> Missed {
        let exit = exit_of(setback.cause);
        if matches!(exit, Exit::NotReached | Exit::SignedOut) {
            self.down = Some(exit);
        }
        let why = missed_by(self.connection, setback);
        match exit {
            Exit::Failed => kept(n, exit, &format!("Could not {} {id}: {why} It", kind.verb())),
            _ => kept(n, exit, &format!("{why} {what}")),
        }
    }

    /// It was not tried: an earlier act on the case is in its way, or another process has not come to it.
    async fn behind(&self, n: u64, act: &NewEntry, what: &str) -> Missed {
        let rows = self.store.outbox().await.map(|rows| rows.rows).unwrap_or_default();
        let before =
            rows.iter().rfind(|row| row.n < n && row.case == act.case && is_answer_due(row));
        match before {
            Some(row) => {
                let which = entry::act(&row.case, &row.action);
                let why = format!(
                    "Entry {} of the outbox waits for an answer of yours ({}), and what comes after it on the \
                     case waits with it. {what}",
                    row.n,
                    safe_line(&which, 160)
                );
                kept(n, Exit::Conflict, &why)
            }
            None => kept(
                n,
                Exit::NotReached,
                &format!(
                    "Another process of caseload sends what waits, and has not come to it yet. {what}"
                ),
            ),
        }
    }
}

/// The exit code of an act that waits after a try.
pub(crate) const fn exit_of(cause: Cause) -> Exit {
    match cause {
        Cause::SignedOut => Exit::SignedOut,
        Cause::NotUnderstood => Exit::Failed,
        Cause::NotReached | Cause::Busy | Cause::Ended | Cause::NotWritten => Exit::NotReached,
    }
}

/// Why a try had no answer, in a sentence.
pub(crate) fn missed_by(connection: &Connection, setback: &Setback) -> String {
    match setback.cause {
        Cause::SignedOut => connection.signed_out(&CallError::SignedOut(setback.what.clone())),
        _ => stopped(&setback.what.cell(300)),
    }
}

const fn is_answer_due(row: &Row) -> bool {
    matches!(row.state, RowState::Asked(_))
}

/// `what` is the beginning of a sentence that says that it is kept.
fn kept(n: u64, exit: Exit, what: &str) -> Missed {
    Missed {
        kept: Some(n),
        ..Missed::new(
            exit,
            format!(
                "{what} is kept in the outbox as {n} and is sent with the next act, or by caseload outbox send. \
                 All that waits: caseload outbox list"
            ),
        )
    }
}
