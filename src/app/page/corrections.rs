//! The outline of corrections: errors by release plan and status, and how many customers wait.

use chrono::{DateTime, Utc};

use crate::app::asks::For;
use crate::app::model::Model;
use crate::app::msg::{AskId, Effect};
use crate::app::page::Page;
use crate::app::view::CorrectionsView;
use crate::domain::Correction;
use crate::domain::DeskNo;
use crate::domain::ask::{Answer, Ask, Unanswered};
use crate::input::Action;

#[derive(Debug, Default)]
pub struct Outline {
    asked: Option<AskId>,
    corrections: Vec<Correction>,
}

pub fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    let asked = model.asks.ask(DeskNo::FIRST, For::Corrections, Ask::Corrections, effects);
    model.page = Page::Corrections(Outline { asked: Some(asked), ..Outline::default() });
}

pub fn press(model: &mut Model, action: Action, _now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Page::Corrections(outline) = &model.page else { return };
    if action == Action::LeaveCorrections {
        if let Some(asked) = outline.asked {
            model.asks.cancel(asked, effects);
        }
        model.page = Page::Desk;
    }
}

pub fn answered(
    model: &mut Model,
    id: AskId,
    answer: Result<Answer, Unanswered>,
    _now: DateTime<Utc>,
    _effects: &mut Vec<Effect>,
) {
    let Page::Corrections(outline) = &mut model.page else { return };
    if outline.asked.take_if(|asked| *asked == id).is_some()
        && let Ok(Answer::Corrections(corrections)) = answer
    {
        outline.corrections = corrections;
    }
}

pub fn view(_model: &Model, outline: &Outline) -> CorrectionsView {
    CorrectionsView { titles: outline.corrections.iter().map(|c| c.title.clone()).collect() }
}
