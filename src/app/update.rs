//! What every message does. Keys are in `keys`, acts in `order`.

use chrono::{DateTime, Utc};

use super::answer;
use super::asks;
use super::edit;
use super::finding::kept;
use super::keys;
use super::model::{Model, Overlay};
use super::mouse;
use super::msg::{Effect, Link, Msg, Told, Whoami};
use super::order;
use super::page::corrections;
use super::promises;
use super::queue::{Queue, Source};
use super::share;
use super::transfers;
use super::view::Tone;
use super::visiting;
use super::words;
use crate::domain::{CaseDetail, CaseId, DeskNo, Untrusted};

/// Under what name the theme is remembered.
const THEME: &str = "theme";

/// Takes in what happened; answers what the outside must do for it.
pub fn update(model: &mut Model, msg: Msg, now: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = Vec::new();
    match msg {
        Msg::KeyPressed(key) => keys::press(model, key, now, &mut effects),
        Msg::Pasted(text) => keys::paste(model, &text, now),
        Msg::Scrolled { up, column, row } => mouse::scrolled(model, up, (column, row), now),
        Msg::Clicked { column, row } => mouse::clicked(model, (column, row), now),
        Msg::Pointed(target) => mouse::pointed(model, &target, now, &mut effects),
        Msg::Dragged { column, row } => mouse::dragged(model, (column, row)),
        Msg::Released => mouse::released(model, &mut effects),
        Msg::Resized { columns, rows } => model.size = (columns, rows),
        Msg::TimePassed => {}
        Msg::Focused(there) => {
            corrections::focused(model, there);
            effects.push(Effect::Attention(there));
        }
        Msg::ThemeChanged(name) => {
            model.say(format!("Theme: {name}"), Tone::Plain, now);
            effects.push(Effect::Remember { name: THEME, body: name });
        }
        Msg::Noticed(sentence) => model.say(sentence, Tone::Error, now),
        Msg::Told(desk, told) => desk_told(model, desk, told, now, &mut effects),
        Msg::DetailCame(detail) => detail_came(model, *detail, now, &mut effects),
        // What is shown is what there is.
        Msg::DetailUnchanged(_) => {
            model.details.clear_failure();
        }
        Msg::DetailFailed { id, why, gone } => detail_failed(model, id, why, gone, now),
        Msg::ActNotKept { act, failure } => {
            order::not_kept(model, act, &failure, now, &mut effects);
            corrections::act_ended(model, act, corrections::End::NotKept);
        }
        Msg::ActUndone { act } => {
            order::undone(model, act, now);
            corrections::act_ended(model, act, corrections::End::TakenBack);
        }
        Msg::ActDone { act, case } => {
            answer::watch(model, &case, &mut effects);
            order::done(model, act, *case, now, &mut effects);
            corrections::act_ended(model, act, corrections::End::Done);
        }
        Msg::Progress { ask, done, total } => {
            transfers::progressed(model, ask, (done, total), now);
        }
        Msg::Answered { ask, answer } => asks::answered(model, ask, *answer, now, &mut effects),
        Msg::Opened { url, result } => share::opened(model, url, result, now, &mut effects),
        Msg::NotCopied { why } => refuse(model, why, now),
        Msg::Written { path, result } => share::written(model, &path, result, now),
        Msg::Edited(text) => edit::edited(model, text, now),
        Msg::Terminated => {
            // What is held was ordered, and is held only for an undo that can no longer come.
            keep_form(model, now, &mut effects);
            effects.extend(model.acts.held().into_iter().map(Effect::SendNow));
            effects.push(Effect::Quit);
        }
    }
    model.settle(now, &mut effects);
    effects
}

/// What the line to a desk told of it.
fn desk_told(
    model: &mut Model,
    no: DeskNo,
    told: Told,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
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
            if is_first {
                kept::restore(model, now);
            }
        }
        Told::PolicyLoaded(policy) => {
            desk.policy = policy;
            model.forget_text();
            model.with_queue(now, Queue::judge_again);
        }
        Told::PageCame { cases, removed, reset, more } => {
            for case in &cases {
                answer::watch(model, case, effects);
            }
            let linked = cases.iter().any(|case| case.correction.is_some())
                || removed
                    .iter()
                    .any(|id| model.queue.case(id).is_some_and(|case| case.correction.is_some()));
            corrections::case_changed(model, linked, now);
            let was_there = answer::has_form_case(model);
            let cases = model.hold_back(no, cases, &removed, reset);
            model.with_queue(now, |queue, at| queue.page(no, cases, &removed, reset, more, at));
            if was_there && !answer::has_form_case(model) {
                answer::form_case_left(model);
            }
        }
        Told::LinkChanged { link, fresh_at } => link_changed(model, no, link, fresh_at, now),
        Told::SkewLearned(seconds) => desk.skew_s = seconds,
        Told::ClockCompared(ahead) => {
            desk.ahead = ahead;
            model.with_queue(now, |queue, at| queue.retime(no, at));
        }
        Told::OutboxCame(outbox) => answer::came(model, no, outbox, now, effects),
        Told::LeftCame { drafts, remembered } => {
            let count = model.drafts.came(drafts);
            if count > 0 {
                let key = words::key(model, crate::input::Action::Outbox);
                let kept = words::counted(count, "draft", "drafts");
                let them = if count == 1 { "it" } else { "them" };
                model.say(format!("{kept} kept: {key} shows {them}"), Tone::Plain, now);
            }
            if let Some((_, body)) = remembered.iter().find(|(name, _)| name == promises::NAME) {
                model.promises.came(body);
            }
            mouse::came(model, &remembered);
            kept::came(model, &remembered, now);
            // The screen is one: what its first desk kept counts.
            if let Some((_, theme)) = remembered.iter().find(|(of, _)| of == THEME)
                && no == DeskNo::FIRST
            {
                effects.push(Effect::WearTheme(theme.clone()));
            }
        }
        Told::Noticed(sentence) => {
            let sentence = words::at_desk(&model.desks, model.desks.get(no), sentence);
            model.say(sentence, Tone::Error, now);
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

/// What stands in the open form is on the disk before the screen is left.
pub(super) fn keep_form(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Form(form)) = &mut model.overlay
        && form.unkept.is_some()
    {
        model.drafts.keep(form, now, effects);
    }
}

fn detail_came(
    model: &mut Model,
    detail: CaseDetail,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let case = detail.case.clone();
    answer::watch(model, &case, effects);
    model.asked.case_came();
    if model.details.put(detail) {
        model.with_queue(now, |queue, at| queue.put(case, Source::Answer, false, at));
    }
    // It may have been asked for in the place of the one under the cursor.
    let selected = model.case_id();
    if selected.is_some_and(|id| model.details.get(id).is_none()) {
        model.wanted = None;
    }
}

fn detail_failed(model: &mut Model, id: CaseId, why: Untrusted, gone: bool, now: DateTime<Utc>) {
    if gone {
        model.details.forget(&id);
        model.queue.remove(&id);
        visiting::gone(model, &id, now);
    } else {
        model.details.fail(id, why);
    }
}

/// Quits, or asks first when something is unsent.
pub(super) fn quit(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Form(form)) = model.overlay.take() {
        order::put_away(model, *form, now, effects);
    }
    // What was refused is settled until somebody takes it up again.
    let files = model.transfers.are_open();
    if !files && model.acts.flights().all(|flight| flight.is_refused()) {
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
