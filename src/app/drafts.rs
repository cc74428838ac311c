//! What was written and not ordered. Its words are on the disk within a second of the last key, and are
//! here while no form has them open.

use chrono::{DateTime, TimeDelta, Utc};

use super::form::{Form, Written};
use super::msg::Effect;
use crate::domain::outbox::Draft;
use crate::domain::{ActionKind, CaseId};

/// How long what is typed may stand on the screen alone: within a second of the last key it is on the disk.
pub const KEEP_AFTER: TimeDelta = TimeDelta::milliseconds(500);

/// One draft.
#[derive(Debug, Clone)]
pub struct Kept {
    pub id: String,
    pub case: CaseId,
    /// None: what is on the disk is of a version that writes it otherwise.
    pub words: Option<Box<Written>>,
}

#[derive(Debug, Default)]
pub struct Drafts {
    /// Newest last.
    kept: Vec<Kept>,
    /// How many this screen has begun.
    begun: u64,
}

impl Drafts {
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Kept> {
        self.kept.iter()
    }

    /// Takes in what an earlier run has left; answers how many there are of it.
    pub fn came(&mut self, drafts: Vec<Draft>) -> usize {
        let count = drafts.len();
        for draft in drafts {
            let mut words: Option<Box<Written>> = serde_json::from_str(&draft.body).ok();
            if let Some(words) = &mut words {
                // On the disk ids do not tell their desk.
                words.base.id = draft.case.clone();
            }
            self.put(Kept { id: draft.id, case: draft.case, words });
        }
        count
    }

    pub fn put(&mut self, draft: Kept) {
        self.kept.retain(|kept| kept.id != draft.id || kept.case.desk() != draft.case.desk());
        self.kept.push(draft);
    }

    /// The newest draft of an act on a case that answers no entry of the outbox.
    pub fn take(&mut self, case: &CaseId, kind: ActionKind) -> Option<Kept> {
        self.take_where(|kept, words| {
            kept.case == *case && words.kind == kind && words.instead_of.is_none()
        })
    }

    /// What was written about an entry of the outbox.
    pub fn take_about(&mut self, case: &CaseId, key: uuid::Uuid) -> Option<Kept> {
        self.take_where(|kept, words| kept.case == *case && words.instead_of == Some(key))
    }

    fn take_where(&mut self, wanted: impl Fn(&Kept, &Written) -> bool) -> Option<Kept> {
        let at = self
            .kept
            .iter()
            .rposition(|kept| kept.words.as_ref().is_some_and(|words| wanted(kept, words)))?;
        Some(self.kept.remove(at))
    }

    pub fn take_id(&mut self, case: &CaseId, id: &str) -> Option<Kept> {
        let of = |kept: &Kept| kept.id == id && kept.case.desk() == case.desk();
        let at = self.kept.iter().position(of)?;
        Some(self.kept.remove(at))
    }

    /// Puts what stands in a form on the disk, or takes it from there when nothing stands in it any more.
    pub fn keep(&mut self, form: &mut Form, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
        form.unkept = None;
        if form.is_worth_keeping() {
            let begun = &mut self.begun;
            let id = form.draft.get_or_insert_with(|| {
                *begun += 1;
                name(form.kind, &form.base.id, *begun, now)
            });
            effects.push(kept(id.clone(), &form.base.id, &form.written()));
        } else {
            Self::drop_of(form, effects);
        }
    }

    /// Words that no form has open are kept as a draft; answers its id.
    pub fn keep_words(
        &mut self,
        case: &CaseId,
        words: Written,
        now: DateTime<Utc>,
        effects: &mut Vec<Effect>,
    ) -> String {
        self.begun += 1;
        let id = name(words.kind, case, self.begun, now);
        effects.push(kept(id.clone(), case, &words));
        self.put(Kept { id: id.clone(), case: case.clone(), words: Some(Box::new(words)) });
        id
    }

    /// Takes the draft of a form from the disk.
    pub fn drop_of(form: &mut Form, effects: &mut Vec<Effect>) {
        form.unkept = None;
        if let Some(id) = form.draft.take() {
            effects.push(Effect::DropDraft { case: form.base.id.clone(), id });
        }
    }
}

fn kept(id: String, case: &CaseId, words: &Written) -> Effect {
    let body = serde_json::to_string(words).unwrap_or_default();
    Effect::KeepDraft(Draft { id, case: case.clone(), body })
}

/// A name that no other draft has: neither one of this screen, nor one that another screen of the same person
/// begins.
fn name(kind: ActionKind, case: &CaseId, begun: u64, now: DateTime<Utc>) -> String {
    format!("{}-{}-{}-{begun}", kind.word(), case.as_str(), now.timestamp_micros())
}
