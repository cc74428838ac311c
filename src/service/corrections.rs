//! Corrections: read by everybody, written by Product Management. What is decided (`rules::correction`) is stored
//! as one transaction: the correction and its history, the timelines of the cases that are told, the audit rows,
//! and the answer that the same key will get again.
//!
//! Decided here, where the documents are silent:
//! - The outline is public, so that everybody with a token sees every correction; `cases`, `linked` and the
//!   history show what the caller may see of cases.
//! - Linking tells the desks (an internal entry); customers are told of plan and status, when they change.
//! - An audit row names the correction where others name a case.

#![allow(clippy::unnecessary_box_returns, reason = "problems travel boxed, as in Answered")]

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::act::{StoredAnswer, again};
use super::mail::Kind;
use super::problem::{Answered, field, internal, invalid, not_found};
use super::store::{
    CaseRow, Conn, CorrectionRow, Ending, NewAudit, NewCorrection, Page, Scope, Step, StoreError,
    Stored, cases_named, record_links, seal,
};
use super::{Service, tokens, until_done};
use crate::domain::rules::correction::{self as rules, Change};
use crate::domain::{
    Actor, Amendment, CaseId, Correction, CorrectionDetail, CorrectionId, CorrectionStatus,
    CorrectionStep, Person, Revision, Role, TimelineEntry, TimelineKind, Untrusted, Visibility,
};
use crate::wire::{Code, CorrectionDraft, Corrections, FieldError, MAX_LINKED, MAX_PAGE, Problem};

/// What somebody asks of corrections. `if_match`: the revisions one of which the correction must have.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    Open(CorrectionDraft),
    Amend { id: CorrectionId, if_match: Option<Vec<Revision>>, amendment: Amendment },
    Link { id: CorrectionId, if_match: Option<Vec<Revision>>, cases: Vec<CaseId> },
}

impl Deed {
    /// What the same key has to bring again.
    fn request(&self) -> Answered<String> {
        let (what, body) = match self {
            Self::Open(draft) => ("open correction".to_owned(), serde_json::to_string(draft)),
            Self::Amend { id, amendment, .. } => {
                (format!("amend {}", id.as_str()), serde_json::to_string(amendment))
            }
            Self::Link { id, cases, .. } => {
                (format!("link {}", id.as_str()), serde_json::to_string(cases))
            }
        };
        Ok(format!("{what} {}", body.map_err(|_| internal())?))
    }
}

/// What was done: what is told of it, and what is left to do in its transaction.
struct Done {
    status: u16,
    correction: Correction,
    /// The cases that it changed, in the order of their registration.
    cases: Vec<CaseRow>,
    /// For the audit record.
    acts: Vec<&'static str>,
}

impl Done {
    /// Nothing that was not so already.
    const fn nothing(correction: Correction) -> Self {
        Self { status: 200, correction, cases: Vec::new(), acts: Vec::new() }
    }
}

/// Who acts, when, and what of all cases they see.
struct By<'a> {
    service: &'a Service,
    person: Person,
    scope: &'a Scope,
    at: DateTime<Utc>,
}

impl Service {
    /// One page of the corrections, newest first.
    ///
    /// # Errors
    /// 422 if `after` is no correction.
    pub(crate) async fn corrections(&self, actor: &Actor, page: &Page) -> Answered<Corrections> {
        let page = Page { limit: page.limit.clamp(1, MAX_PAGE), ..page.clone() };
        let found = self.store().corrections(&Scope::of(actor), &page).await?;
        let (corrections, more) =
            found.ok_or_else(|| invalid(vec![field("after", "there is no such correction")]))?;
        let next = corrections.last().filter(|_| more).map(|last| last.id.clone());
        Ok(Corrections { corrections, next })
    }

    /// One correction, whole.
    ///
    /// # Errors
    /// 404 if there is none of that id.
    pub async fn correction(&self, actor: &Actor, id: &CorrectionId) -> Answered<CorrectionDetail> {
        let scope = Scope::of(actor);
        let mut tx = self.store().read(&scope).await?;
        let (row, cases) = CorrectionRow::load(&mut tx, &scope, id).await?.ok_or_else(not_found)?;
        let linked = row.linked(&mut tx, &scope).await?;
        let mut history = row.history(&mut tx).await?;
        tx.commit().await?;
        if actor.role == Role::Partner {
            // Reasons are the vendor's own, and links may be of other partners' cases.
            history.retain(|event| {
                !matches!(event.what, CorrectionStep::Linked | CorrectionStep::Unlinked)
            });
            for event in &mut history {
                event.reason = Untrusted::default();
            }
        }
        Ok(CorrectionDetail { correction: row.correction(cases), linked, history })
    }

    /// Does what is asked of corrections; with a key, once for that key.
    pub(crate) async fn correct_once(
        &self,
        actor: &Actor,
        key: Option<Uuid>,
        deed: Deed,
    ) -> Answered<StoredAnswer> {
        rules::may_correct(actor)?;
        let (service, actor) = (self.clone(), actor.clone());
        self.finish(async move { until_done!(service.correct(&actor, key, &deed)) }).await
    }

    async fn correct(
        &self,
        actor: &Actor,
        key: Option<Uuid>,
        deed: &Deed,
    ) -> Answered<StoredAnswer> {
        let request_hash = tokens::hex(&Sha256::digest(deed.request()?));
        let scope = Scope::of(actor);
        let mut tx = self.store().write(&scope).await?;
        let now = self.moment();
        if let Some(key) = key
            && let Some(stored) = Stored::find(&mut tx, &actor.id, key, now).await?
        {
            return again(stored, &request_hash);
        }
        let person = Person { id: actor.id.clone(), name: actor.name.clone() };
        let by = By { service: self, person, scope: &scope, at: now };
        let done = match deed {
            Deed::Open(draft) => open(&mut tx, &by, draft).await,
            Deed::Amend { id, if_match, amendment } => {
                amend(&mut tx, &by, id, if_match.as_deref(), amendment).await
            }
            Deed::Link { id, if_match, cases } => {
                link(&mut tx, &by, id, if_match.as_deref(), cases).await
            }
        };
        // A refusal by a rule comes before any write, and is kept for the key as an answer is.
        let (status, body, done) = match done {
            Ok(done) => (done.status, serde_json::to_vec(&done.correction), Some(done)),
            Err(refused) if refused.code == Code::Rule => {
                (refused.status, serde_json::to_vec(&refused), None)
            }
            Err(refused) => {
                // As in `Service::act`: it may have been done meanwhile, and what refuses it be its own doing.
                if refused.code != Code::InProgress
                    && let Some(key) = key
                    && let Ok(Some(stored)) = Stored::find(&mut tx, &actor.id, key, now).await
                {
                    return again(stored, &request_hash);
                }
                return Err(refused);
            }
        };
        let answer = StoredAnswer { status, body: body.map_err(|_| internal())? };
        if let Some(key) = key {
            Stored { status, body: answer.body.clone(), request_hash }
                .keep(&mut tx, &actor.id, key, now)
                .await?;
        }
        let mut changed = None;
        if let Some(done) = &done {
            if !done.cases.is_empty() {
                let cases: Vec<&CaseRow> = done.cases.iter().collect();
                changed = Some(seal(&mut tx, &cases).await?);
            }
            let object = CaseId::new(done.correction.id.as_str());
            let key = key.map(|key| key.to_string());
            for act in &done.acts {
                NewAudit {
                    at: now,
                    actor: actor.id.as_str(),
                    action: act,
                    case: Some(&object),
                    key: key.as_deref(),
                }
                .append(&mut tx)
                .await?;
            }
        }
        tx.commit().await?;
        if let Some(changed) = changed {
            self.changed(&changed);
            self.mail_is_queued();
        }
        Ok(answer)
    }
}

async fn open(conn: &mut Conn, by: &By<'_>, draft: &CorrectionDraft) -> Answered<Done> {
    rules::title(&draft.title)?;
    let note = rules::note(draft.note.as_deref())?;
    let new = NewCorrection {
        title: &draft.title,
        release_plan: draft.release_plan,
        status: draft.status.unwrap_or(CorrectionStatus::Confirmed),
        note: note.as_deref(),
    };
    let row = CorrectionRow::open(conn, &new, &by.person, by.at).await?;
    Ok(Done {
        status: 201,
        correction: row.correction(0),
        cases: Vec::new(),
        acts: vec!["correction_new"],
    })
}

/// The correction, if it is there and has a revision that is asked for.
async fn load(
    conn: &mut Conn,
    by: &By<'_>,
    id: &CorrectionId,
    if_match: Option<&[Revision]>,
) -> Answered<(CorrectionRow, u64)> {
    let (row, cases) = CorrectionRow::load(conn, by.scope, id).await?.ok_or_else(not_found)?;
    if if_match.is_some_and(|revisions| !revisions.contains(&row.revision)) {
        let detail = format!(
            "The correction has changed since you saw it: it is at revision {} now.",
            row.revision
        );
        let stale = Problem::new(Code::Stale, detail).with_correction(row.correction(cases));
        return Err(Box::new(stale));
    }
    Ok((row, cases))
}

async fn amend(
    conn: &mut Conn,
    by: &By<'_>,
    id: &CorrectionId,
    if_match: Option<&[Revision]>,
    amendment: &Amendment,
) -> Answered<Done> {
    CorrectionRow::hold(conn, &[id]).await?;
    let (mut row, cases) = load(conn, by, id, if_match).await?;
    let standing = rules::Standing {
        title: row.title.clone(),
        release_plan: row.release_plan,
        status: row.status,
        note: row.note.clone(),
        worst: row.worst(conn).await?,
    };
    let changes = rules::amend(&standing, amendment)?;
    if changes.is_empty() {
        return Ok(Done::nothing(row.correction(cases)));
    }
    row.revision += 1;
    row.updated_at = by.at;
    let mut acts = Vec::new();
    for change in &changes {
        acts.push(match change {
            Change::Planned { to, .. } => {
                row.release_plan = *to;
                "correction_plan"
            }
            Change::StatusSet { to, .. } => {
                row.status = *to;
                "correction_status"
            }
            Change::TitleSet { to, .. } => {
                row.title.clone_from(to);
                "correction_title"
            }
            Change::Noted(note) => {
                row.note.clone_from(note);
                "correction_note"
            }
        });
        let reason = amendment.reason.as_deref().filter(|_| change.takes_reason());
        let step = Step {
            at: by.at,
            by: &by.person,
            what: change.step(),
            text: &change.text(),
            reason: reason.unwrap_or_default(),
        };
        row.add_step(conn, step).await?;
    }
    row.update(conn).await?;
    let told = match rules::told(id, &changes) {
        None => Vec::new(),
        Some(sentence) => tell_linked(conn, by, &row, &changes, &sentence).await?,
    };
    Ok(Done { status: 200, correction: row.correction(cases), cases: told, acts })
}

/// Tells the customers of all linked cases that it concerns, in one act.
async fn tell_linked(
    conn: &mut Conn,
    by: &By<'_>,
    row: &CorrectionRow,
    changes: &[Change],
    sentence: &str,
) -> Answered<Vec<CaseRow>> {
    let is_told = |state, closed_as| rules::is_told(changes, state, closed_as);
    let closed_too = rules::is_release(changes);
    let cases = row.advance_linked(conn, by.scope, closed_too, is_told, by.at).await?;
    let mut entry = TimelineEntry {
        seq: 0,
        at: by.at,
        actor: by.person.clone(),
        kind: TimelineKind::Correction,
        visibility: Visibility::Customer,
        text: sentence.into(),
        summary: Untrusted::default(),
    };
    for case in &cases {
        entry.seq = case.entries;
        tell_customer(conn, by, case, &entry).await?;
    }
    Ok(cases)
}

/// Tells the customer of one case, by mail, too. News that are held back (automatic mail has its limits) stand
/// in the case, where the customer reads them; nobody has to act on that.
async fn tell_customer(
    conn: &mut Conn,
    by: &By<'_>,
    case: &CaseRow,
    entry: &TimelineEntry,
) -> Result<(), StoreError> {
    let (kind, text) = (Kind::Correction, entry.text.raw());
    by.service.write_to_customer(&mut *conn, case, kind, text, by.service.now()).await?;
    case.add_entry(conn, entry).await
}

async fn link(
    conn: &mut Conn,
    by: &By<'_>,
    id: &CorrectionId,
    if_match: Option<&[Revision]>,
    given: &[CaseId],
) -> Answered<Done> {
    let (row, linked) = load(conn, by, id, if_match).await?;
    let ids = rules::cases(given, MAX_LINKED)?;
    let mut cases = cases_named(conn, by.scope, &ids).await?;
    if cases.len() < ids.len() {
        return Err(missing(&ids, &cases));
    }
    for case in &cases {
        rules::linkable(&case.id, case.tier, case.reached_second)?;
    }
    cases.retain(|case| case.correction.as_ref() != Some(id));
    if cases.is_empty() {
        return Ok(Done::nothing(row.correction(linked)));
    }
    let mut before: Vec<CorrectionId> = cases.iter().filter_map(|c| c.correction.clone()).collect();
    before.sort();
    before.dedup();
    let held: Vec<&CorrectionId> = before.iter().chain([id]).collect();
    CorrectionRow::hold(conn, &held).await?;
    // Others may have written it until now.
    load(conn, by, id, if_match).await?;
    for earlier in &before {
        let moved = cases.iter().filter(|c| c.correction.as_ref() == Some(earlier));
        let moved: Vec<&CaseId> = moved.map(|c| &c.id).collect();
        let what = CorrectionStep::Unlinked;
        record_links(conn, earlier, what, &moved, &by.person, by.at).await?;
    }
    let moved: Vec<&CaseId> = cases.iter().map(|c| &c.id).collect();
    record_links(conn, id, CorrectionStep::Linked, &moved, &by.person, by.at).await?;
    for case in &mut cases {
        let earlier = case.correction.replace(id.clone());
        let summary = match earlier {
            None => format!("correction {}", id.as_str()),
            Some(earlier) => format!("correction {} → {}", earlier.as_str(), id.as_str()),
        };
        let decided_on = case.revision;
        case.revision += 1;
        case.entries += 1;
        case.updated_at = by.at;
        if !case.update(conn, decided_on, Ending::Kept).await? {
            return Err(StoreError::Again.into());
        }
        let entry = TimelineEntry {
            seq: case.entries,
            at: by.at,
            actor: by.person.clone(),
            kind: TimelineKind::Correction,
            visibility: Visibility::Internal,
            text: Untrusted::default(),
            summary: summary.into(),
        };
        case.add_entry(conn, &entry).await?;
    }
    let (row, linked) = CorrectionRow::load(conn, by.scope, id).await?.ok_or_else(not_found)?;
    Ok(Done {
        status: 200,
        correction: row.correction(linked),
        cases,
        acts: vec!["correction_link"],
    })
}

/// The same words for cases that are not there and for those that are not the caller's to see.
fn missing(ids: &[CaseId], found: &[CaseRow]) -> Box<Problem> {
    /// As many are named.
    const NAMED: usize = 20;
    let found: HashSet<&CaseId> = found.iter().map(|case| &case.id).collect();
    let errors: Vec<FieldError> = ids
        .iter()
        .filter(|id| !found.contains(id))
        .take(NAMED)
        .map(|id| field("cases", format!("there is no such case: {id}")))
        .collect();
    invalid(errors)
}
