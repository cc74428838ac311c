//! The small menu of what can be copied of a case, and the page that a case has.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::mask::Mask;
use super::summary::{Told, summary};
use super::{Share, open_link};
use crate::app::model::{Model, Overlay};
use crate::app::msg::Effect;
use crate::app::update::refuse;
use crate::app::view::{ShareView, Tone};
use crate::app::{visiting, words};
use crate::domain::{Case, CaseId};
use crate::input::Action;

/// By the names of the desks, the address of a case's page there, `{id}` standing for the case.
pub type CaseLinks = BTreeMap<String, String>;

/// Opens the menu on the case that is shown.
pub fn open_menu(model: &mut Model, now: DateTime<Utc>) {
    match model.case_id().cloned() {
        Some(case) => {
            model.toast = None;
            model.overlay = Some(Overlay::Share(Box::new(Share::Copy(case))));
        }
        None => refuse(model, visiting::no_case(model), now),
    }
}

/// Opens the page of the case that is shown; a desk without pages has a command instead, which is shown.
pub fn open_page(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(id) = model.case_id().cloned() else {
        return refuse(model, visiting::no_case(model), now);
    };
    match page(model, &id) {
        Some(url) => open_link(model, &url, now, effects),
        None => {
            let why = "This desk has no page for its cases. In a terminal, this shows it:";
            let (url, why) = (command(model, &id), why.to_owned());
            model.toast = None;
            model.overlay = Some(Overlay::Share(Box::new(Share::Link { url, why, copied: false })));
        }
    }
}

/// The address of a case's page, where its desk has one.
pub fn page(model: &Model, id: &CaseId) -> Option<String> {
    let pattern = model.case_links.get(&model.desks.of(id).name)?;
    Some(pattern.replace("{id}", &in_address(id.as_str())))
}

/// What shows a case in a terminal.
fn command(model: &Model, id: &CaseId) -> String {
    let desk = &model.desks.of(id).name;
    // Of what a shell would read, nothing but the id's own characters.
    let id: String =
        id.as_str().chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    if desk.is_empty() {
        format!("caseload show {id}")
    } else {
        format!("caseload show {id} --desk {desk}")
    }
}

fn link(model: &Model, id: &CaseId) -> String {
    page(model, id).unwrap_or_else(|| command(model, id))
}

/// An id within an address.
fn in_address(id: &str) -> String {
    let mut out = String::new();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The case of the menu, as it is known.
fn case<'a>(model: &'a Model, id: &CaseId) -> Option<&'a Case> {
    let shown = model.case().filter(|case| case.id == *id);
    shown.or_else(|| model.queue.case(id)).or_else(|| Some(&model.details.get(id)?.case))
}

fn summary_of(model: &Model, id: &CaseId, mask: Mask, now: DateTime<Utc>) -> Option<String> {
    let desk = model.desks.of(id);
    let told = Told {
        case: case(model, id)?,
        detail: model.details.get(id),
        policy: &desk.policy,
        now: desk.time(now),
        link: &link(model, id),
    };
    Some(summary(&told, mask))
}

/// A key of the menu.
pub fn press(
    model: &mut Model,
    id: &CaseId,
    action: Action,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let named = model.desks.named_case(id);
    let (text, said) = match action {
        Action::CopyId => (Some(id.as_str().to_owned()), format!("Copied {named}")),
        Action::CopyLink => (Some(link(model, id)), format!("Copied the link to {named}")),
        Action::CopySummary | Action::CopyAddresses | Action::CopyWhole => {
            let mask = mask(action);
            (
                summary_of(model, id, mask, now),
                format!("Copied a summary of {named}: {}", mask.label()),
            )
        }
        _ => return,
    };
    model.overlay = None;
    match text {
        Some(text) => {
            effects.push(Effect::Copy { text });
            model.say(said, Tone::Good, now);
        }
        None => refuse(model, format!("{named} is not read yet; nothing was copied."), now),
    }
}

fn mask(action: Action) -> Mask {
    match action {
        Action::CopyAddresses => Mask::Secrets,
        Action::CopyWhole => Mask::Nothing,
        _ => Mask::All,
    }
}

pub fn view(model: &Model, id: &CaseId) -> ShareView {
    let choice = |action: Action, what: &str, how: String| {
        (words::key(model, action), what.to_owned(), how.as_str().into())
    };
    let summary = |action: Action| mask(action).label().to_owned();
    ShareView {
        title: format!("Copy {}", model.desks.named_case(id)),
        choices: vec![
            choice(Action::CopyId, "id", id.as_str().to_owned()),
            choice(Action::CopyLink, "link", link(model, id)),
            choice(Action::CopySummary, "summary", summary(Action::CopySummary)),
            choice(Action::CopyAddresses, "summary", summary(Action::CopyAddresses)),
            choice(Action::CopyWhole, "summary", summary(Action::CopyWhole)),
        ],
        ..ShareView::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_only_an_id_within_an_address() {
        assert_eq!(in_address("C-10412"), "C-10412");
        assert_eq!(in_address("a/../b?c#d e"), "a%2F..%2Fb%3Fc%23d%20e");
    }
}
