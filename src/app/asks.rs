//! What was asked of the desks by hand and is not answered yet, and for what each answer is.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::detail;
use super::finding::seek;
use super::model::Model;
use super::msg::{AskId, Effect};
use super::next;
use super::order;
use super::page::corrections;
use super::{sheet, transfers};
use crate::domain::DeskNo;
use crate::domain::ask::{Answer, Ask, Unanswered};

/// Who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    Corrections,
    /// A form that is no act on a case.
    Sheet,
    /// A file on its way.
    Transfer,
    /// The form that is open, for its list of corrections.
    Form,
    Next,
    Search,
    /// A tab of the detail.
    Detail,
}

#[derive(Debug, Default)]
pub struct Asks {
    last: u64,
    waiting: BTreeMap<AskId, For>,
}

impl Asks {
    /// Asks a desk; the answer goes to whoever it is for.
    pub fn ask(&mut self, desk: DeskNo, who: For, ask: Ask, effects: &mut Vec<Effect>) -> AskId {
        self.last += 1;
        let id = AskId { desk, ticket: self.last };
        self.waiting.insert(id, who);
        effects.push(Effect::Ask { id, ask: Box::new(ask) });
        id
    }

    /// Takes a question back; nothing where it is answered already.
    pub fn cancel(&mut self, id: AskId, effects: &mut Vec<Effect>) {
        if self.waiting.remove(&id).is_some() {
            effects.push(Effect::CancelAsk(id));
        }
    }
}

/// An answer has come; one that nobody waits for any more is dropped.
pub fn answered(
    model: &mut Model,
    id: AskId,
    answer: Result<Answer, Unanswered>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    match model.asks.waiting.remove(&id) {
        Some(For::Corrections) => corrections::answered(model, id, answer, now, effects),
        Some(For::Sheet) => sheet::answered(model, id, answer, now, effects),
        Some(For::Transfer) => transfers::answered(model, id, answer, now, effects),
        Some(For::Form) => order::corrections_came(model, &answer),
        Some(For::Next) => next::answered(model, id, answer, now, effects),
        Some(For::Search) => seek::answered(model, id, answer),
        Some(For::Detail) => detail::asked::answered(model, id, answer, effects),
        None => {}
    }
}
