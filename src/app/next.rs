//! Next-case mode: the desk gives the most urgent case that nobody has, one after the other, so that nobody
//! picks the easy ones.
//!
//! A case is taken by a question to the desk ([`Ask::Take`]), bound to the revision that the queue shows, and
//! not by an act of the outbox. What the outbox keeps is done sooner or later, and a 412 of it becomes a question
//! to the person; here both are wrong. A case that somebody else has changed or taken in the same moment is none
//! of mine any more: the next one is tried by itself. And without a line nothing may be taken in my name hours
//! later: the answer then is that there is none.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::acts::Ordered;
use super::asks::For;
use super::drafts::Drafts;
use super::form::{Field, Form};
use super::model::{Model, Overlay};
use super::msg::{AskId, Effect, Link};
use super::queue::Source;
use super::update::refuse;
use super::view::{Pane, Tone};
use super::words;
use crate::domain::ask::{Answer, Ask, Unanswered};
use crate::domain::rules::{self, Standing};
use crate::domain::{Action, ActionKind, Case, CaseId, CaseState};
use crate::input;

/// How often somebody else may be faster before a person decides whether to go on.
const TRIES: usize = 5;
/// Columns of a sentence in the footer.
const SENTENCE: usize = 300;

#[derive(Debug, Default)]
pub struct Next {
    on: bool,
    /// The case that is worked on.
    case: Option<CaseId>,
    /// What was asked, and for which case.
    asked: Option<(AskId, CaseId)>,
    /// Whose turn it was in this search, and who was faster.
    lost: BTreeSet<CaseId>,
    /// Those that were passed over: not offered again while this screen is open.
    skipped: BTreeSet<CaseId>,
}

impl Next {
    /// Whether there is a case to pass over.
    pub const fn has_case(&self) -> bool {
        self.case.is_some()
    }

    /// What the header says of it.
    pub fn said(&self) -> Option<String> {
        let case = self.case.as_ref().filter(|_| self.on);
        match case {
            Some(case) => Some(format!("next-case mode: {case}")),
            None => self.on.then(|| "next-case mode".to_owned()),
        }
    }
}

/// Begins the mode, takes the next case, or ends the mode while there is one.
pub fn press(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    if !model.marks.is_empty() {
        let key = words::key(model, input::Action::MarkNone);
        return refuse(model, format!("Cases are marked; {key} takes the marks away first."), now);
    }
    if let Some((_, case)) = &model.next.asked {
        return refuse(model, format!("The desk is being asked for {case}."), now);
    }
    if let Some(case) = model.next.case.take() {
        model.next.on = false;
        return model.say(format!("Next-case mode is over; {case} stays yours"), Tone::Plain, now);
    }
    model.next.on = true;
    model.next.lost.clear();
    take(model, None, now, effects);
}

/// Ends the mode while nothing is in hand; answers whether there was one to end.
pub fn end(model: &mut Model, now: DateTime<Utc>) -> bool {
    let ends = model.next.on && model.next.case.is_none() && model.next.asked.is_none();
    if ends {
        model.next.on = false;
        model.say("Next-case mode is over", Tone::Plain, now);
    }
    ends
}

/// The cases that the mode would give, most urgent first: open, at my tier, with nobody, at a desk that is
/// reached.
fn candidates(model: &Model) -> impl Iterator<Item = &Case> {
    let next = &model.next;
    model.queue.by_urgency(0).filter(|case| {
        let desk = model.desks.of(&case.id);
        let Some(me) = &desk.me else { return false };
        desk.link == Link::Live
            && case.state == CaseState::Open
            && case.assignee.is_none()
            && me.actor.role.tier() == Some(case.tier)
            && !next.skipped.contains(&case.id)
            && !next.lost.contains(&case.id)
            && rules::available(&me.actor, &Standing::from(*case), ActionKind::Take).is_ok()
            && !model.acts.is_under_way(&case.id, ActionKind::Take)
    })
}

fn take(model: &mut Model, lost: Option<String>, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let said = lost.map(|lost| format!("{lost} ")).unwrap_or_default();
    let Some((id, on)) = candidates(model).next().map(|case| (case.id.clone(), case.revision))
    else {
        let why = nothing(model);
        return model.say(format!("{said}{why}"), Tone::Plain, now);
    };
    let ask = Ask::Take { id: id.clone(), on };
    let asked = model.asks.ask(id.desk(), For::Next, ask, effects);
    model.say(format!("{said}Taking {id} …"), Tone::Plain, now);
    model.next.asked = Some((asked, id));
}

/// Why there is nothing to take.
fn nothing(model: &Model) -> String {
    let live = model.desks.iter().any(|desk| desk.link == Link::Live);
    if !live {
        return "No desk is reached, so that nothing can be taken.".to_owned();
    }
    let tier = |desk: &super::desk::Desk| desk.me.as_ref().and_then(|me| me.actor.role.tier());
    let Some(tier) = model.desks.iter().find_map(tier) else {
        return "You work at no tier: there is no next case for you.".to_owned();
    };
    match model.next.skipped.len() {
        0 => format!("Nothing is free: every open case at {tier} is with somebody."),
        n => {
            let skipped = words::counted(n, "case", "cases");
            format!("Nothing is free at {tier} besides {skipped} that you skipped.")
        }
    }
}

/// The desk has answered.
pub fn answered(
    model: &mut Model,
    id: AskId,
    answer: Result<Answer, Unanswered>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some((_, case)) = model.next.asked.take_if(|(asked, _)| *asked == id) else { return };
    match answer {
        Ok(Answer::Taken(taken)) => took(model, *taken, now),
        Ok(Answer::Lost { current }) => {
            if let Some(current) = current {
                model.with_queue(now, |queue, at| queue.put(*current, Source::Answer, false, at));
            }
            model.next.lost.insert(case.clone());
            let lost = format!("{case}: somebody was faster.");
            if model.next.lost.len() < TRIES {
                take(model, Some(lost), now, effects);
            } else {
                let key = words::key(model, input::Action::NextCase);
                refuse(
                    model,
                    format!("{TRIES} cases went to others first; {key} tries again."),
                    now,
                );
            }
        }
        Ok(_) => {}
        Err(why) if why.in_doubt => {
            let why = why.why.cell(SENTENCE);
            let said = format!("Whether {case} was taken is not known; the list will tell. {why}");
            refuse(model, said, now);
        }
        Err(why) => {
            let why = why.why.cell(SENTENCE);
            refuse(model, format!("Could not take {case}: {why}"), now);
        }
    }
}

/// The case is mine: its detail opens, unless somebody writes.
fn took(model: &mut Model, case: Case, now: DateTime<Utc>) {
    let (id, tier) = (case.id.clone(), case.tier);
    model.with_queue(now, |queue, at| queue.put(case, Source::Answer, false, at));
    model.next.case = Some(id.clone());
    let named = model.desks.named_case(&id);
    model.say(format!("{named} is yours: the most urgent free case at {tier}"), Tone::Good, now);
    if !model.is_free() || model.queue.case(&id).is_none() {
        return;
    }
    if model.queue.place_of(&id).is_none() {
        // A filter that hides it would hide what is to be worked on.
        model.with_queue(now, |queue, at| {
            queue.set_filter("", at);
            let mine = queue.view_on(1).unwrap_or_default();
            queue.set_view(mine, at);
        });
    }
    if let Some(place) = model.queue.place_of(&id) {
        model.queue.select(place);
        model.visiting = None;
        model.page = super::page::Page::Desk;
        model.focus = Pane::Detail;
    }
}

/// After what I did: a case that is no longer mine to work on is followed by the offer of the next.
pub fn done(model: &mut Model, kind: ActionKind, case: &Case, now: DateTime<Utc>) {
    if !model.next.on {
        return;
    }
    let is_skipped = model.next.skipped.contains(&case.id)
        && matches!(kind, ActionKind::Note | ActionKind::Release);
    let ends = model.next.case.as_ref() == Some(&case.id)
        && matches!(
            kind,
            ActionKind::Close
                | ActionKind::Escalate
                | ActionKind::HandBack
                | ActionKind::Release
                | ActionKind::Assign
        );
    if ends {
        model.next.case = None;
    }
    if ends || is_skipped {
        let done = if is_skipped {
            format!("{} skipped", case.id)
        } else {
            words::done(model, kind, case)
        };
        offer(model, &done, now);
    }
}

fn offer(model: &mut Model, said: &str, now: DateTime<Utc>) {
    model.next.lost.clear();
    let key = words::key(model, input::Action::NextCase);
    let free = candidates(model).count();
    let said = match free {
        0 => format!("{said}. {}", nothing(model)),
        n => format!("{said}. {key} takes the next ({n} free)"),
    };
    model.say(said, Tone::Good, now);
}

/// The case in hand may have been taken away.
pub fn settle(model: &mut Model, now: DateTime<Utc>) {
    let Some(id) = model.next.case.clone() else { return };
    let mine = model.desks.of(&id).me.as_ref().map(|me| &me.actor.id);
    let held = model.queue.case(&id).and_then(|case| case.assignee.as_ref());
    if held.map(|person| &person.id) != mine {
        model.next.case = None;
        offer(model, &format!("{id} is no longer yours"), now);
    }
}

/// Asks why the case in hand is passed over.
pub fn skip(model: &mut Model, now: DateTime<Utc>) {
    let Some(id) = &model.next.case else {
        let key = words::key(model, input::Action::NextCase);
        return refuse(model, format!("There is no case to skip; {key} takes the next one."), now);
    };
    let Some(case) = model.queue.case(id).cloned() else { return };
    let Some(mut form) = Form::open(ActionKind::Note, &case, &[]) else { return };
    form.skips = true;
    form.fields = vec![Field::line("text", "Why")];
    if let Some(draft) = model.drafts.take(&case.id, ActionKind::Note) {
        if let Some(words) = &draft.words {
            form.fill(&words.fields);
        }
        form.draft = Some(draft.id);
    }
    model.toast = None;
    model.overlay = Some(Overlay::Form(Box::new(form)));
}

/// The reason is written: it becomes an internal note, and the case is released.
pub fn skipped(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Model { overlay, desks, queue, .. } = model;
    let Some(Overlay::Form(form)) = overlay else { return };
    let Some(me) = desks.of(form.case()).me.as_ref().map(|me| me.actor.clone()) else { return };
    let Some(case) = queue.case(form.case()).cloned() else {
        form.error = Some("It has left the list; there is nothing to skip.".into());
        return;
    };
    let Some(note) = form.action(&me, &case) else { return };
    if let Err(refusal) = rules::available(&me, &Standing::from(&case), ActionKind::Release) {
        form.error = Some(refusal.to_string().into());
        return;
    }
    let Some(Overlay::Form(mut form)) = model.overlay.take() else { return };
    let id = case.id.clone();
    model.next.skipped.insert(id.clone());
    if model.next.case.as_ref() == Some(&id) {
        model.next.case = None;
    }
    let draft = form.draft.take();
    Drafts::drop_of(&mut form, effects);
    let ordered = |action, draft, form| Ordered {
        case: id.clone(),
        base: Some(Box::new(case.clone())),
        revision: None,
        action,
        replaces: None,
        draft,
        form,
    };
    // The outbox sends the acts on a case in their order: the note stands there before the case is free.
    model.acts.order(ordered(note, draft, Some(form)), effects);
    model.acts.order(ordered(Action::Release {}, None, None), effects);
    model.focus = Pane::Queue;
    offer(model, &format!("{id} skipped"), now);
}
