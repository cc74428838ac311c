//! One action on one case: the rules decide, and what they decide is stored as one transaction with its
//! timeline entry, its audit row and the answer that the same key will get again.

#![allow(clippy::unnecessary_box_returns, reason = "problems travel boxed, as in Answered")]

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::mail::{letter_of, mail_entry};
use super::problem::{Answered, field, internal, invalid, not_found, problem};
use super::store::{
    CaseRow, Conn, CorrectionRow, Ending, NewAudit, NewCorrection, Scope, StoreError, Stored,
    colleague, record_links, seal,
};
use super::{Service, tokens, until_done};
use crate::domain::rules::{Change, Standing, decide};
use crate::domain::{
    Action, Actor, CaseId, CaseState, ClockState, CorrectionId, CorrectionStep, InfoItem, Person,
    Resolution, Revision, TimelineEntry, Untrusted, Visibility,
};
use crate::sla::policy::Policy;
use crate::wire::{Acted, Code, Problem};

/// An answer as bytes: what the same key gets again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredAnswer {
    pub status: u16,
    pub body: Vec<u8>,
}

pub(crate) fn key_reused() -> Box<Problem> {
    problem(
        Code::KeyReused,
        "This Idempotency-Key was used for something else; a new act needs a new key.",
    )
}

impl Service {
    /// Does an action. The same key does it once, however often it is asked for.
    ///
    /// # Errors
    /// The problem that the case API answers: 403, 404, 409, 412, 422.
    pub async fn act(
        &self,
        actor: &Actor,
        id: &CaseId,
        key: Uuid,
        if_match: Option<Revision>,
        action: Action,
    ) -> Answered<Acted> {
        let answer = self.act_once(actor, id, key, if_match.map(|r| vec![r]), action).await?;
        if answer.status == 200 {
            serde_json::from_slice(&answer.body).map_err(|_| internal())
        } else {
            Err(serde_json::from_slice(&answer.body).map_err(|_| internal())?)
        }
    }

    /// As [`Service::act`], with the answer as the bytes that were kept. `if_match`: the revisions one
    /// of which the case must have.
    pub(crate) async fn act_once(
        &self,
        actor: &Actor,
        id: &CaseId,
        key: Uuid,
        if_match: Option<Vec<Revision>>,
        action: Action,
    ) -> Answered<StoredAnswer> {
        let (service, actor, id) = (self.clone(), actor.clone(), id.clone());
        self.finish(async move {
            until_done!(service.transition(&actor, &id, key, if_match.as_deref(), &action))
        })
        .await
    }

    async fn transition(
        &self,
        actor: &Actor,
        id: &CaseId,
        key: Uuid,
        if_match: Option<&[Revision]>,
        action: &Action,
    ) -> Answered<StoredAnswer> {
        let body = serde_json::to_string(action).map_err(|_| internal())?;
        let request = format!("{} {body}", id.as_str());
        let request_hash = tokens::hex(&Sha256::digest(request));
        let scope = Scope::of(actor);
        let mut tx = self.store().write(&scope).await?;
        let now = self.moment();
        if let Some(stored) = Stored::find(&mut tx, &actor.id, key, now).await? {
            return again(stored, &request_hash);
        }
        let judged = self.judge(&mut tx, actor, id, if_match, action, now).await;
        let (status, body, changed_row) = match judged {
            Ok(judged) => judged,
            Err(refused) => {
                // The same request may have been done meanwhile, beside this one: then what refuses it is
                // its own doing. It is looked for once more, since it was not there before.
                if refused.code != Code::InProgress
                    && let Ok(Some(stored)) = Stored::find(&mut tx, &actor.id, key, now).await
                {
                    return again(stored, &request_hash);
                }
                return Err(refused);
            }
        };
        let stored = Stored { status, body, request_hash };
        stored.keep(&mut tx, &actor.id, key, now).await?;
        let changed = match &changed_row {
            None => None,
            Some(row) => {
                let changed = seal(&mut tx, &[row]).await?;
                let (action, key) = (action.kind().word(), key.to_string());
                let actor = actor.id.as_str();
                NewAudit { at: now, actor, action, case: Some(&row.id), key: Some(&key) }
                    .append(&mut tx)
                    .await?;
                Some(changed)
            }
        };
        tx.commit().await?;
        if let Some(changed) = changed {
            self.changed(&changed);
            self.mail_is_queued();
        }
        Ok(StoredAnswer { status: stored.status, body: stored.body })
    }

    /// The answer to keep, with the case if it was changed.
    async fn judge(
        &self,
        tx: &mut Conn,
        actor: &Actor,
        id: &CaseId,
        if_match: Option<&[Revision]>,
        action: &Action,
        now: DateTime<Utc>,
    ) -> Answered<(u16, Vec<u8>, Option<CaseRow>)> {
        let row = CaseRow::load(tx, &Scope::of(actor), id).await?.ok_or_else(not_found)?;
        // Not kept for the key: the same act may be sent again for the case as it is now.
        if if_match.is_some_and(|revisions| !revisions.contains(&row.revision)) {
            let stale = Problem::new(
                Code::Stale,
                format!(
                    "The case has changed since you saw it: it is at revision {} now.",
                    row.revision
                ),
            );
            let policy = self.policy_by(tx).await?;
            return Err(Box::new(stale.with_case(row.case(now, &policy))));
        }
        let (status, body, changed_row) = match self.carry_out(tx, actor, action, row, now).await {
            Ok((acted, row)) => (200, serde_json::to_vec(&acted), Some(row)),
            Err(refused) if refused.code == Code::Rule => {
                (refused.status, serde_json::to_vec(&refused), None)
            }
            Err(refused) => return Err(refused),
        };
        Ok((status, body.map_err(|_| internal())?, changed_row))
    }

    /// Decides, and writes case and timeline. A refusal by a rule comes before any write.
    async fn carry_out(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        action: &Action,
        mut row: CaseRow,
        now: DateTime<Utc>,
    ) -> Answered<(Acted, CaseRow)> {
        let policy = &*self.policy_by(&mut *conn).await?;
        let before = row.case(now, policy);
        let mut standing = Standing::from(&before);
        standing.reached_second = row.reached_second;
        let changes = decide(actor, &standing, action)?;
        check_duplicate(conn, actor, &row, action).await?;
        let missed_before = missed(&row, now, policy);
        for change in &changes {
            standing.apply(change);
            row.ledger.apply(now, change, policy);
            match change {
                Change::Assigned(to) => {
                    row.assignee = match to {
                        None => None,
                        Some(id) if *id == actor.id => {
                            Some(Person { id: id.clone(), name: actor.name.clone() })
                        }
                        Some(id) => {
                            let found = colleague(conn, id, standing.tier, &row.partner.id).await?;
                            Some(found.ok_or_else(|| nobody_for(&row))?)
                        }
                    };
                }
                Change::CorrectionLinked(id) => link(conn, &mut row, id, actor, now).await?,
                Change::CorrectionOpened(title) => {
                    let new = NewCorrection::confirmed(title);
                    let by = Person { id: actor.id.clone(), name: actor.name.clone() };
                    let opened = CorrectionRow::open(conn, &new, &by, now).await?;
                    link(conn, &mut row, &opened.id, actor, now).await?;
                }
                _ => {}
            }
        }
        let decided_on = row.revision;
        row.severity = standing.severity;
        row.tier = standing.tier;
        row.state = standing.state;
        row.eligibility = standing.eligibility;
        row.workaround = standing.workaround;
        row.phone_follow_up = standing.phone_follow_up;
        row.reached_second = standing.reached_second;
        row.revision += 1;
        row.entries += 1;
        row.updated_at = now;
        let by = Person { id: actor.id.clone(), name: actor.name.clone() };
        let after = row.case(now, policy);
        let mut summary = summary(action, &before, &after);
        let newly_missed =
            missed(&row, now, policy).into_iter().filter(|clock| !missed_before.contains(clock));
        for clock in newly_missed {
            // A new target may lie in the past already.
            push(&mut summary, &format!("its {clock} clock is past its new target"));
        }
        let (visibility, text) = told(action);
        let event = TimelineEntry {
            seq: row.entries,
            at: now,
            actor: by.clone(),
            kind: action.kind().into(),
            visibility,
            text: Untrusted::from(text),
            summary: summary.into(),
        };
        let resolution = resolution(action, now, by);
        let ending = match (row.state, &resolution) {
            (CaseState::Closed, Some(resolution)) => Ending::Closed(resolution),
            (CaseState::Closed, None) => Ending::Kept,
            (CaseState::Open | CaseState::Waiting, _) => Ending::Open,
        };
        let not_mailed = match letter_of(action) {
            Some((kind, text)) => {
                self.write_to_customer(&mut *conn, &row, kind, &text, self.now()).await?
            }
            None => None,
        };
        if not_mailed.is_some() {
            row.entries += 1;
        }
        if !row.update(conn, decided_on, ending).await? {
            // Somebody else was faster: judged anew, on the case as it is then.
            return Err(StoreError::Again.into());
        }
        row.add_entry(conn, &event).await?;
        if let Some(said) = not_mailed {
            row.add_entry(conn, &mail_entry(row.entries, now, said)).await?;
        }
        Ok((Acted { case: after, event }, row))
    }
}

/// Links the case to a correction, from another one if it has one, and puts that into their histories.
async fn link(
    conn: &mut Conn,
    row: &mut CaseRow,
    id: &CorrectionId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Answered<()> {
    let before = row.correction.replace(id.clone()).filter(|before| before != id);
    let held: Vec<&CorrectionId> = [Some(id), before.as_ref()].into_iter().flatten().collect();
    if !CorrectionRow::hold(conn, &held).await? {
        return Err(invalid(vec![field("correction", "there is no such correction")]));
    }
    let by = Person { id: actor.id.clone(), name: actor.name.clone() };
    let cases = [&row.id];
    if let Some(before) = &before {
        record_links(conn, before, CorrectionStep::Unlinked, &cases, &by, now).await?;
    }
    record_links(conn, id, CorrectionStep::Linked, &cases, &by, now).await?;
    Ok(())
}

/// The answer that a key has already.
pub(super) fn again(stored: Stored, request_hash: &str) -> Answered<StoredAnswer> {
    if stored.request_hash == request_hash {
        Ok(StoredAnswer { status: stored.status, body: stored.body })
    } else {
        Err(key_reused())
    }
}

/// A duplicate is one of another case that the actor can see.
async fn check_duplicate(
    conn: &mut Conn,
    actor: &Actor,
    row: &CaseRow,
    action: &Action,
) -> Answered<()> {
    let Action::Close { duplicate_of: Some(other), .. } = action else {
        return Ok(());
    };
    if *other == row.id {
        return Err(invalid(vec![field("duplicate_of", "a case is no duplicate of itself")]));
    }
    match CaseRow::load(conn, &Scope::of(actor), other).await? {
        Some(_) => Ok(()),
        None => Err(invalid(vec![field("duplicate_of", "there is no such case")])),
    }
}

/// The same words for nobody and for somebody of another desk.
fn nobody_for(row: &CaseRow) -> Box<Problem> {
    invalid(vec![field(
        "assignee",
        format!("there is nobody of that id who works on this case at {}", row.tier),
    )])
}

/// The clocks that run past their due instant, by name.
fn missed(row: &CaseRow, now: DateTime<Utc>, policy: &Policy) -> Vec<String> {
    row.ledger
        .summaries(now, policy)
        .iter()
        .filter(|c| c.state == ClockState::Running && c.due_at.is_some_and(|due| due < now))
        .map(|c| format!("{} {}", c.tier, c.kind))
        .collect()
}

/// The words of an action, and who may read them: what goes to the customer is theirs to read.
pub(super) fn told(action: &Action) -> (Visibility, &str) {
    use Visibility::{Customer, Internal};
    match action {
        Action::Respond { text } => (Customer, text.as_deref().unwrap_or_default()),
        Action::Reply { text } | Action::RequestInfo { text, .. } | Action::Close { text, .. } => {
            (Customer, text)
        }
        Action::InfoReceived { text } => (Internal, text.as_deref().unwrap_or_default()),
        Action::Note { text }
        | Action::RecordWorkaround { text }
        | Action::LogPhoneCall { text, .. } => (Internal, text),
        Action::SetSeverity { reason, .. }
        | Action::SetEligibility { reason, .. }
        | Action::Escalate { reason, .. }
        | Action::HandBack { reason }
        | Action::Reopen { reason } => (Internal, reason),
        Action::Take {} | Action::Release {} | Action::Assign { .. } => (Internal, ""),
    }
}

fn resolution(action: &Action, at: DateTime<Utc>, by: Person) -> Option<Resolution> {
    let Action::Close { resolution, text, cause, duplicate_of } = action else {
        return None;
    };
    Some(Resolution {
        kind: *resolution,
        text: Untrusted::from(text.as_str()),
        cause: *cause,
        duplicate_of: duplicate_of.clone(),
        at,
        by,
    })
}

/// How a summary tells what a request for information asks for.
const ASKED_FOR: &str = "asked for ";

/// What a request for information asked for, by its summary.
pub(super) fn asked_for(summary: &str) -> Vec<&'static str> {
    let items = summary.split("; ").find_map(|part| part.strip_prefix(ASKED_FOR));
    let known = |item| InfoItem::ALL.iter().map(|known| known.label()).find(|known| *known == item);
    items.into_iter().flat_map(|items| items.split(", ")).filter_map(known).collect()
}

fn push(summary: &mut String, part: &str) {
    if !summary.is_empty() {
        summary.push_str("; ");
    }
    summary.push_str(part);
}

/// What happened besides the text, in words.
pub(super) fn summary(
    action: &Action,
    before: &crate::domain::Case,
    after: &crate::domain::Case,
) -> String {
    let mut out = String::new();
    match action {
        Action::Respond { .. } => push(&mut out, "told that the case is received"),
        Action::RequestInfo { items, .. } if !items.is_empty() => {
            let items: Vec<&str> = items.iter().map(|i| i.label()).collect();
            push(&mut out, &format!("{ASKED_FOR}{}", items.join(", ")));
        }
        Action::LogPhoneCall { with, .. } => push(&mut out, &format!("phone call with {with}")),
        Action::Escalate { finding: Some(finding), .. } => {
            push(&mut out, &format!("finding: {finding}"));
        }
        Action::Close { resolution, cause, duplicate_of, .. } => {
            push(&mut out, &format!("closed: {resolution}"));
            if let Some(cause) = cause {
                push(&mut out, &format!("cause: {cause}"));
            }
            if let Some(other) = duplicate_of {
                push(&mut out, &format!("duplicate of {}", other.as_str()));
            }
        }
        Action::Reopen { .. } => push(&mut out, "reopened"),
        _ => {}
    }
    if before.severity != after.severity {
        push(&mut out, &format!("severity {} → {}", before.severity, after.severity));
    }
    if before.tier != after.tier {
        push(&mut out, &format!("{} → {}", before.tier, after.tier));
    }
    if before.eligibility != after.eligibility {
        push(&mut out, &format!("eligibility {} → {}", before.eligibility, after.eligibility));
    }
    if before.workaround != after.workaround {
        push(&mut out, "a workaround is on record");
    }
    if before.phone_follow_up != after.phone_follow_up {
        let word = after.phone_follow_up.map_or("no phone call due any more", |p| p.label());
        push(&mut out, word);
    }
    if before.correction != after.correction
        && let Some(correction) = &after.correction
    {
        push(&mut out, &format!("correction {}", correction.as_str()));
    }
    if before.assignee != after.assignee {
        match &after.assignee {
            Some(person) => push(&mut out, &format!("assigned to {}", person.name.raw())),
            None => push(&mut out, "assigned to nobody"),
        }
    }
    match (before.state, after.state) {
        (CaseState::Open, CaseState::Waiting) => push(&mut out, "waiting for the customer"),
        (CaseState::Waiting, CaseState::Open) => {
            push(&mut out, "no longer waiting for the customer");
        }
        _ => {}
    }
    out
}
