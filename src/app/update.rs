//! What every message does. Keys are in `keys`, acts in `order`.

use chrono::{DateTime, Utc};

use super::keys;
use super::layout;
use super::model::{Model, Overlay};
use super::msg::{ActId, Effect, Link, Msg, Told, Whoami};
use super::order;
use super::queue::Source;
use super::view::{Pane, Tone};
use super::words;
use crate::domain::outbox::{ActFailure, Outbox, State};
use crate::domain::{CaseDetail, CaseId, DeskNo, Untrusted};

/// Lines or rows that a turn of the wheel moves.
const WHEEL: isize = 3;

/// Takes in what happened; answers what the outside must do for it.
pub fn update(model: &mut Model, msg: Msg, now: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = Vec::new();
    match msg {
        Msg::KeyPressed(key) => keys::press(model, key, now, &mut effects),
        Msg::Pasted(text) => keys::paste(model, &text, now),
        Msg::Scrolled { up, column, row } => scrolled(model, up, (column, row), now),
        Msg::Clicked { column, row } => clicked(model, (column, row), now),
        Msg::Resized { columns, rows } => model.size = (columns, rows),
        Msg::TimePassed => {}
        Msg::Noticed(sentence) => model.say(sentence, Tone::Error, now),
        Msg::Told(desk, told) => desk_told(model, desk, told, now),
        Msg::DetailCame(detail) => detail_came(model, *detail, now),
        // What is shown is what there is.
        Msg::DetailUnchanged(_) => {
            model.details.clear_failure();
        }
        Msg::DetailFailed { id, why, gone } => detail_failed(model, id, why, gone),
        Msg::ActUndone { .. } => {}
        Msg::ActNotKept { act, failure } => order::failed(model, act, *failure, now),
        Msg::ActDelayed { act, why } => model.acts.delayed(act, why),
        Msg::ActDone { act, case } => order::done(model, act, *case, now),
        Msg::ActFailed { act, failure } => order::failed(model, act, *failure, now),
        Msg::Terminated => {
            // What is held was ordered, and is held only for an undo that can no longer come.
            model.acts.send_held(now, true, &mut effects);
            effects.push(Effect::Quit);
        }
    }
    model.settle(now, &mut effects);
    effects
}

/// What the line to a desk told of it.
fn desk_told(model: &mut Model, no: DeskNo, told: Told, now: DateTime<Utc>) {
    let desk = model.desks.get_mut(no);
    match told {
        Told::SignedIn(me) => {
            let sees = |me: &Whoami| (me.actor.id.clone(), me.actor.role, me.actor.partner.clone());
            let now_sees = sees(&me);
            let before = desk.me.replace(*me);
            let is_first = before.is_none();
            if before.is_some_and(|before| sees(&before) != now_sees) {
                model.forget_desk(no);
            }
            model.with_queue(now, |queue, at| queue.signed_in(is_first, at));
        }
        Told::PolicyLoaded(policy) => {
            desk.policy = policy;
            model.forget_text();
        }
        Told::PageCame { cases, removed, reset, more } => {
            let cases = model.hold_back(no, cases, &removed, reset);
            model.with_queue(now, |queue, at| queue.page(no, cases, &removed, reset, more, at));
        }
        Told::LinkChanged { link, fresh_at } => link_changed(model, no, link, fresh_at, now),
        Told::SkewLearned(seconds) => desk.skew_s = seconds,
        Told::ClockCompared(ahead) => {
            desk.ahead = ahead;
            model.with_queue(now, |queue, at| queue.retime(no, at));
        }
        Told::OutboxCame(outbox) => outbox_came(model, no, outbox, now),
        Told::LeftCame { .. } => {}
        Told::Noticed(sentence) => {
            let sentence = words::at_desk(&model.desks, model.desks.get(no), sentence);
            model.say(sentence, Tone::Error, now);
        }
    }
}

/// Takes in how far acts have come that were ordered here.
fn outbox_came(model: &mut Model, desk: DeskNo, outbox: Outbox, now: DateTime<Utc>) {
    for entry in outbox.entries {
        let act = ActId { desk, ticket: entry.ticket };
        match entry.state {
            State::Refused(failure) => order::failed(model, act, *failure, now),
            State::Asked(question) => {
                let sentence = "It has changed meanwhile.".into();
                let current = question.current.map(Box::new);
                let failure = ActFailure { sentence, fields: Vec::new(), current };
                order::failed(model, act, failure, now);
            }
            State::Held { .. } | State::Queued | State::Sending => {
                if let Some(why) = entry.last_error {
                    model.acts.delayed(act, why);
                }
            }
        }
    }
}

/// Says what is wrong, once, and that it is over. Before anything is loaded it stands in the queue's place.
fn link_changed(
    model: &mut Model,
    no: DeskNo,
    link: Link,
    fresh_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) {
    let desk = model.desks.get_mut(no);
    let before = std::mem::replace(&mut desk.link, link);
    desk.fresh_at = fresh_at;
    let is_back = desk.link == Link::Live && before != Link::Live;
    if is_back && model.details.clear_failure() {
        // What could not be read is asked for again.
        model.wanted = None;
    }
    if !model.queue.is_loaded() {
        return;
    }
    let desk = model.desks.get(no);
    let said = |link| Some(words::at_desk(&model.desks, desk, words::link_down(link)?));
    match (said(&before), said(&desk.link)) {
        (Some(_), None) => {
            let desk = if model.desks.are_several() { &desk.name } else { "The desk" };
            model.say(format!("{desk} is reached again"), Tone::Good, now);
        }
        (was, Some(sentence)) => {
            // The same trouble for another reason is news only as long as the first one still stands there.
            let same = std::mem::discriminant(&before) == std::mem::discriminant(&desk.link);
            let standing = model.toast.as_ref().map(|toast| &toast.text);
            if was.as_ref() != Some(&sentence) && (!same || was.as_ref() == standing) {
                model.say(sentence, Tone::Error, now);
            }
        }
        (None, None) => {}
    }
}

fn detail_came(model: &mut Model, detail: CaseDetail, now: DateTime<Utc>) {
    let case = detail.case.clone();
    if model.details.put(detail) {
        model.with_queue(now, |queue, at| queue.put(case, Source::Answer, false, at));
    }
}

fn detail_failed(model: &mut Model, id: CaseId, why: Untrusted, gone: bool) {
    if gone {
        model.details.forget(&id);
        model.queue.remove(&id);
    } else {
        model.details.fail(id, why);
    }
}

fn inside(area: ratatui::layout::Rect, at: (u16, u16)) -> bool {
    area.contains(ratatui::layout::Position { x: at.0, y: at.1 })
}

fn scrolled(model: &mut Model, up: bool, at: (u16, u16), now: DateTime<Utc>) {
    let rows = if up { -WHEEL } else { WHEEL };
    match &mut model.overlay {
        Some(Overlay::Help { scroll, .. } | Overlay::Why { scroll, .. }) => {
            *scroll = scroll.saturating_add_signed(rows);
        }
        Some(Overlay::Form(_) | Overlay::Quit | Overlay::Palette { .. }) => {}
        None => {
            let areas = model.areas();
            if inside(layout::inside(areas.detail), at) {
                keys::scroll_detail(model, rows);
            } else if inside(areas.queue, at) {
                model.queue.touch();
                model.with_queue(now, |queue, at| queue.scroll(rows, at));
            }
        }
    }
}

fn clicked(model: &mut Model, at: (u16, u16), now: DateTime<Utc>) {
    if model.overlay.is_some() {
        return;
    }
    let areas = model.areas();
    let rows = model.queue_rows();
    if inside(rows, at) {
        model.focus = Pane::Queue;
        model.queue.touch();
        let index = model.queue.rows().0 + usize::from(at.1 - rows.y);
        // Below the last row there is nothing to choose.
        if index < model.queue.len() {
            model.with_queue(now, |queue, at| queue.select(index, at));
        }
    } else if inside(layout::inside(areas.detail), at) {
        model.focus = Pane::Detail;
    } else if inside(layout::inside(areas.clocks), at) {
        model.focus = Pane::Clocks;
    } else if inside(areas.queue, at) {
        model.focus = Pane::Queue;
    }
}

/// Quits, or asks first when something would be lost or left open.
pub(super) fn quit(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.overlay.take() {
        Some(Overlay::Form(form)) if !form.is_blank() => model.acts.keep_draft(*form),
        _ => {}
    }
    if model.acts.flights().next().is_none() && model.acts.drafts().is_empty() {
        effects.push(Effect::Quit);
    } else {
        model.toast = None;
        model.overlay = Some(Overlay::Quit);
    }
}

/// Says that something cannot be, and why.
pub(super) fn refuse(model: &mut Model, sentence: impl Into<String>, now: DateTime<Utc>) {
    model.say(sentence, Tone::Error, now);
}
