//! What every message does on the first screen.

use chrono::{DateTime, Utc};
use crokey::KeyCombination;
use ratatui_textarea::{Key, TextArea};

use super::connect::{Connect, Keep, PAUSE, Part};
use super::{Chosen, Effect, Found, Msg, Offer, Welcome};
use crate::app::form::{editor, input};
use crate::input::{Action, Context};

/// Takes in what happened; answers what the outside must do for it.
pub fn update(welcome: &mut Welcome, msg: Msg, now: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = Vec::new();
    match msg {
        Msg::KeyPressed(key) => pressed(welcome, key, now, &mut effects),
        Msg::Pasted(text) => pasted(welcome, &text, now),
        Msg::TimePassed => {}
        Msg::Checked { number, found } => {
            checked(&mut welcome.connect, number, *found, &mut effects);
        }
        Msg::Saved(Ok(name)) => end(welcome, Chosen::Desk(name), &mut effects),
        Msg::Saved(Err(why)) => {
            welcome.connect.is_saving = false;
            welcome.connect.error = Some(why);
        }
        Msg::Terminated => effects.push(Effect::End(Chosen::Quit)),
    }
    let connect = &mut welcome.connect;
    if welcome.is_connecting && connect.due.is_some_and(|due| due <= now) {
        connect.due = None;
        ask(connect, false, &mut effects);
    }
    effects
}

fn end(welcome: &mut Welcome, chosen: Chosen, effects: &mut Vec<Effect>) {
    welcome.chosen = Some(chosen.clone());
    effects.push(Effect::End(chosen));
}

fn ask(connect: &mut Connect, is_whole: bool, effects: &mut Vec<Effect>) {
    connect.number += 1;
    connect.is_asked = false;
    if let Some(question) = connect.question(is_whole) {
        connect.is_asked = true;
        effects.push(Effect::Check { number: connect.number, question });
    }
}

fn pressed(
    welcome: &mut Welcome,
    key: KeyCombination,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let context = if welcome.is_connecting { Context::Form } else { Context::Welcome };
    let action = welcome.keymap.action(context, key);
    match action {
        Some(Action::Interrupt) => return end(welcome, Chosen::Quit, effects),
        Some(Action::Suspend) => return effects.push(Effect::Suspend),
        Some(Action::Redraw) => return effects.push(Effect::Redraw),
        _ => {}
    }
    if welcome.chosen.is_some() || welcome.connect.is_saving {
        return;
    }
    if welcome.is_connecting {
        return form(welcome, action, key, now, effects);
    }
    let count = Offer::ALL.len();
    match action {
        Some(Action::NextOffer) => welcome.at = (welcome.at + 1) % count,
        Some(Action::PrevOffer) => welcome.at = (welcome.at + count - 1) % count,
        Some(Action::TakeOffer) => take(welcome, Offer::ALL[welcome.at], effects),
        Some(Action::ConnectDesk) => take(welcome, Offer::Connect, effects),
        Some(Action::LookAtDemo) => take(welcome, Offer::Demo, effects),
        Some(Action::LeaveWelcome) => take(welcome, Offer::Quit, effects),
        _ => {}
    }
}

fn take(welcome: &mut Welcome, offer: Offer, effects: &mut Vec<Effect>) {
    welcome.at = Offer::ALL.iter().position(|other| *other == offer).unwrap_or(0);
    match offer {
        Offer::Connect => welcome.is_connecting = true,
        Offer::Demo => end(welcome, Chosen::Demo, effects),
        Offer::Quit => end(welcome, Chosen::Quit, effects),
    }
}

fn form(
    welcome: &mut Welcome,
    action: Option<Action>,
    key: KeyCombination,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let connect = &mut welcome.connect;
    match action {
        Some(Action::Send) => send(connect, effects),
        Some(Action::Accept) if connect.focus == Part::Button => send(connect, effects),
        Some(Action::Leave) => {
            // What stands in the fields stays; nothing of it goes on being asked about.
            connect.is_sending = false;
            welcome.is_connecting = false;
        }
        Some(Action::NextField | Action::Accept) => go(connect, 1, now),
        Some(Action::PrevField) => go(connect, Part::ALL.len() - 1, now),
        Some(Action::NextChoice) if connect.focus == Part::Keep => choose(connect, 1, now),
        Some(Action::PrevChoice) if connect.focus == Part::Keep => {
            choose(connect, Keep::ALL.len() - 1, now);
        }
        _ => typed(connect, key, now),
    }
}

fn go(connect: &mut Connect, step: usize, now: DateTime<Utc>) {
    let at = Part::ALL.iter().position(|part| *part == connect.focus).unwrap_or(0);
    let left = connect.focus;
    connect.focus = Part::ALL[(at + step) % Part::ALL.len()];
    // What was held back while it was written may be asked now.
    let held_back =
        left == Part::Address || (left == Part::Secret && connect.keep == Keep::Command);
    let is_known = matches!(connect.found, Some(Found::Accepted { .. } | Found::BadAddress(_)));
    if held_back && !is_known && !connect.url().is_empty() {
        connect.due = Some(now);
    }
}

fn choose(connect: &mut Connect, step: usize, now: DateTime<Utc>) {
    let at = Keep::ALL.iter().position(|keep| *keep == connect.keep).unwrap_or(0);
    let before = connect.keep;
    connect.keep = Keep::ALL[(at + step) % Keep::ALL.len()];
    if before.is_typed() && connect.keep.is_typed() {
        // The same token, kept elsewhere.
        connect.error = None;
    } else {
        connect.changed(now + PAUSE);
    }
}

fn typed(connect: &mut Connect, key: KeyCombination, now: DateTime<Utc>) {
    let focus = connect.focus;
    let Some(text) = connect.text() else { return };
    let before = text.lines().to_vec();
    let breaks = |input: &ratatui_textarea::Input| {
        input.key == Key::Enter || (input.ctrl && input.key == Key::Char('m'))
    };
    if let Some(input) = input(key).filter(|input| !breaks(input)) {
        text.input(input);
    }
    if text.lines() != before {
        written(connect, focus, now + PAUSE);
    }
}

fn pasted(welcome: &mut Welcome, text: &str, now: DateTime<Utc>) {
    let connect = &mut welcome.connect;
    if !welcome.is_connecting || connect.is_saving {
        return;
    }
    let focus = connect.focus;
    let is_token = focus == Part::Secret && connect.keep.is_typed();
    // Whoever copies a token copies the end of its line along.
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let Some(into) = connect.text().filter(|_| !line.is_empty()) else { return };
    if is_token {
        *into = whole(line);
    } else {
        into.insert_str(line);
    }
    written(connect, focus, now);
}

/// A pasted token is all of it: one is never put together.
fn whole(line: &str) -> TextArea<'static> {
    editor(line)
}

fn written(connect: &mut Connect, focus: Part, due: DateTime<Utc>) {
    if focus == Part::Name {
        connect.is_named = !connect.name().is_empty();
        connect.error = None;
    } else {
        connect.changed(due);
    }
}

/// The desk is to be connected: at once where it takes the token as it stands, else as soon as it does.
fn send(connect: &mut Connect, effects: &mut Vec<Effect>) {
    if let Some((part, why)) = connect.missing() {
        connect.focus = part;
        connect.error = Some(why.into());
        return;
    }
    connect.error = None;
    connect.due = None;
    if matches!(connect.found, Some(Found::Accepted { .. })) {
        return save(connect, effects);
    }
    connect.is_sending = true;
    ask(connect, true, effects);
}

fn save(connect: &mut Connect, effects: &mut Vec<Effect>) {
    connect.is_sending = false;
    if let Some(desk) = connect.desk() {
        connect.is_saving = true;
        effects.push(Effect::Save(desk));
    }
}

fn checked(connect: &mut Connect, number: u64, found: Found, effects: &mut Vec<Effect>) {
    if number != connect.number || !connect.is_asked {
        return;
    }
    connect.is_asked = false;
    let is_accepted = matches!(found, Found::Accepted { .. });
    connect.found = Some(found);
    if std::mem::take(&mut connect.is_sending) {
        if is_accepted {
            save(connect, effects);
        } else {
            connect.error =
                Some("Nothing is saved as long as the desk does not take the token.".into());
        }
    }
}
