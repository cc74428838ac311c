//! What the next tier needs, beside the reason for an escalation to it.

use crate::app::form::Form;
use crate::app::model::Model;
use crate::app::readiness;
use crate::app::view::{ReadinessView, ReadyItem};
use crate::app::words;
use crate::domain::Untrusted;
use crate::domain::readiness::{Found, Need};
use crate::input::Action;

/// Columns of a file's name or a value.
const NAME: usize = 60;

pub fn view(model: &Model, form: &Form) -> Option<ReadinessView> {
    if !readiness::is_gate(form) {
        return None;
    }
    let Some(needs) = readiness::needs(model, form) else {
        let score = "What 2nd level needs is shown as soon as the whole case has come.".to_owned();
        return Some(ReadinessView { score, items: Vec::new(), ask: String::new() });
    };
    let ready = needs.iter().filter(|need| need.found.is_some()).count();
    let is_all = ready == needs.len();
    let ask = if is_all || readiness::refusal(model, form).is_some() {
        String::new()
    } else {
        format!("{} asks for what is missing", words::key(model, Action::AskMissing))
    };
    Some(ReadinessView {
        score: format!("{ready} of {} ready", needs.len()),
        items: needs.iter().map(item).collect(),
        ask,
    })
}

fn item(need: &Need) -> ReadyItem {
    let found = match &need.found {
        None => "not seen".into(),
        Some(Found::Field(text) | Found::File(text)) => Untrusted::new(text.cell(NAME)),
        Some(Found::Words { words, place }) => format!("\"{words}\" in {}", place.label()).into(),
    };
    ReadyItem { label: need.item.label(), ready: need.found.is_some(), found }
}
