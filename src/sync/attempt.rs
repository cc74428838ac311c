//! One try of one entry of the outbox, with all that is written before and after it. Who may try when is the
//! sender's to say (`sender.rs`), or that of a command (`drain.rs`).

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

use super::line::Line;
use super::store::{Cause, Owner, Row, Setback, StoreError};
use crate::client::{CallError, Fetched};
use crate::domain::outbox::{Question, Why};
use crate::domain::{ActionKind, CaseDetail, UserId};
use crate::wire::{Acted, Code, Problem};

/// From here on an act has waited, although it was not tried: the program was not there, or another act of its
/// case was before it.
const WAITED: TimeDelta = TimeDelta::seconds(60);

/// What came of a try. All but the last two stand on the disk.
#[derive(Debug)]
pub(super) enum Tried {
    Done(Box<Acted>),
    /// The person is asked whether it is still to be done.
    Asked,
    Refused,
    /// No answer: it is to be tried again.
    Undecided(Setback),
    /// It no longer waits: it was taken back or given up.
    Gone,
    /// What was to be kept of the try could not be written. It is to be tried again, with the same key.
    NotWritten(StoreError),
}

/// Whether an act has consequences that a person should look at again before they come late.
const fn is_consequential(kind: ActionKind) -> bool {
    matches!(kind, ActionKind::Escalate | ActionKind::Close | ActionKind::HandBack)
}

/// Tries an entry once. `waited`: since it was ordered, or confirmed. `keep_answer`: another process waits for
/// its answer. `marked` is told when the entry stands as being sent.
pub(super) async fn attempt(
    line: &Line,
    row: &Row,
    waited: TimeDelta,
    keep_answer: bool,
    marked: &Notify,
) -> Tried {
    match attempted(line, row, waited, keep_answer, marked).await {
        Ok(tried) => tried,
        Err(error) => Tried::NotWritten(error),
    }
}

async fn attempted(
    line: &Line,
    row: &Row,
    waited: TimeDelta,
    keep_answer: bool,
    marked: &Notify,
) -> Result<Tried, StoreError> {
    let store = &line.store;
    if let Some(why) = doubt(row, waited, store.ask_after()) {
        match look(line, row, why).await {
            Ok(None) => {}
            Ok(Some(question)) => {
                let is_asked = store.mark_asked(row.n, &question).await?;
                return Ok(if is_asked { Tried::Asked } else { Tried::Gone });
            }
            Err(setback) => {
                let waits = store.mark_undecided(row.n, &setback, false).await?;
                return Ok(if waits { Tried::Undecided(setback) } else { Tried::Gone });
            }
        }
    }
    let Some(out) = store.mark_sending(row.n, line.now()).await? else { return Ok(Tried::Gone) };
    marked.notify_one();
    let call = line.api.act(&out.row.case, out.row.key, out.if_match, &out.row.action);
    let error = match line.ask(false, call).await {
        Ok(acted) => {
            store.mark_done(&out, &acted, keep_answer, line.now()).await?;
            return Ok(Tried::Done(Box::new(acted)));
        }
        Err(error) => error,
    };
    let uncertain = may_be_done(&error);
    let setback = match setback(error) {
        Ok(setback) => setback,
        Err(problem) if problem.code == Code::Stale => {
            let current = match &problem.case {
                Some(case) => Some((**case).clone()),
                None => current(line, row).await.ok().flatten().map(|detail| detail.case),
            };
            store.mark_asked(row.n, &Question { why: Why::Changed, current }).await?;
            return Ok(Tried::Asked);
        }
        Err(problem) => {
            tracing::warn!(case = %row.case, why = ?problem.detail, "an act was refused");
            store.mark_refused(row.n, &problem, line.now()).await?;
            return Ok(Tried::Refused);
        }
    };
    store.mark_undecided(row.n, &setback, uncertain).await?;
    Ok(Tried::Undecided(setback))
}

/// Why a person may have to be asked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// It waited for too long: he is asked in any case.
    Long,
    /// It waited, and is bound to no revision: he is asked if the case has changed.
    Unbound,
}

fn doubt(row: &Row, waited: TimeDelta, ask_after: TimeDelta) -> Option<Doubt> {
    if !is_consequential(row.action.kind()) {
        return None;
    }
    if waited > ask_after {
        return Some(Doubt::Long);
    }
    // One whose owner was not known yet had a setback before it could be tried.
    let has_waited = row.tries > 0 || row.setback.is_some() || waited > WAITED;
    (has_waited && row.revision.is_none()).then_some(Doubt::Unbound)
}

/// Looks at the case as it is now. None: nothing is to be asked, or the desk is to say what is wrong.
async fn look(line: &Line, row: &Row, doubt: Doubt) -> Result<Option<Question>, Setback> {
    let Some(detail) = current(line, row).await? else { return Ok(None) };
    let since = row.confirmed_at.unwrap_or(row.queued_at);
    let changed = match line.store.owner() {
        Owner::User(_)
            if row.base.as_ref().is_some_and(|base| base.revision == detail.case.revision) =>
        {
            false
        }
        Owner::User(me) => has_changed(&detail, since, &me),
        Owner::Token(_) => true,
    };
    let why = match doubt {
        _ if changed => Why::Changed,
        Doubt::Long => Why::Waited,
        Doubt::Unbound => return Ok(None),
    };
    Ok(Some(Question { why, current: Some(detail.case) }))
}

/// Whether anybody else did something to the case. A desk tells whole seconds: what was done in the second of the
/// order counts, since a question too many does less harm than an escalation.
fn has_changed(detail: &CaseDetail, since: DateTime<Utc>, me: &UserId) -> bool {
    let after = |at: DateTime<Utc>| at.timestamp() >= since.timestamp();
    let by_others = detail.timeline.iter().any(|entry| after(entry.at) && entry.actor.id != *me);
    after(detail.case.updated_at) && (by_others || detail.timeline.is_empty())
}

/// The case as it is; None where the desk shows none.
async fn current(line: &Line, row: &Row) -> Result<Option<Box<CaseDetail>>, Setback> {
    match line.ask(false, line.api.case(&row.case, None)).await {
        Ok(Fetched::Case(detail)) => Ok(Some(detail)),
        Ok(Fetched::Unchanged) => Ok(None),
        Err(error) => setback(error).map_or_else(|_| Ok(None), Err),
    }
}

/// What an error says of an act: nothing yet, or, as the error here, that it is refused.
fn setback(error: CallError) -> Result<Setback, Box<Problem>> {
    let cause = match error {
        CallError::NotReached { .. } => Cause::NotReached,
        CallError::Busy { .. } => Cause::Busy,
        // An unreadable answer tells nothing.
        CallError::NotUnderstood(_) => Cause::NotUnderstood,
        CallError::SignedOut(_) => Cause::SignedOut,
        CallError::Refused(ref problem) if problem.code == Code::InProgress => Cause::Busy,
        CallError::Refused(problem) | CallError::NotAllowed(problem) => return Err(problem),
    };
    Ok(Setback { cause, what: error.sentence().clone() })
}

/// Whether a try that ended so may have been done.
const fn may_be_done(error: &CallError) -> bool {
    !matches!(
        error,
        CallError::NotReached { sent: false, .. }
            | CallError::SignedOut(_)
            | CallError::NotAllowed(_)
    )
}

/// An error of the desk where no entry was tried.
pub(super) fn setback_of(error: CallError) -> Setback {
    setback(error)
        .unwrap_or_else(|problem| Setback { cause: Cause::NotUnderstood, what: problem.detail })
}
