//! What a key does, by what has the keyboard. A key that means nothing there, in a place where people
//! write, is written; nowhere does a letter of a text become an act.

use chrono::{DateTime, Utc};
use crokey::KeyCombination;

use super::chord::{self, Meant};
use super::finding::{dialog, kept, line, pick, save, seek, visits};
use super::form::{editor, input};
use super::layout::Shape;
use super::model::{Model, Overlay, Sure};
use super::msg::Effect;
use super::next;
use super::order;
use super::page::{Page, board, corrections};
use super::palette::entries;
use super::update::{keep_form, quit, refuse};
use super::view::{Pane, Tone};
use super::{
    answer, build, bulk, detail, edit, links, marks, mouse, outbox, picker, promises, readiness,
    share, visiting, why, words,
};
use super::{files, sheet, transfers};
use crate::domain::ActionKind;
use crate::input::{Action, Context, parse_chord, same_chord};

/// What the desk's keys do on a page, too, where they mean nothing else.
const OVER_PAGES: &[Action] =
    &[Action::Help, Action::Outbox, Action::Transfers, Action::Undo, Action::SendHeld];

/// Lines that a page key moves in the help.
const HELP_PAGE: isize = 10;

pub fn press(
    model: &mut Model,
    key: KeyCombination,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let before = kept::Kept::of(model);
    pressed(model, key, now, effects);
    kept::remember(model, &before, effects);
}

fn pressed(model: &mut Model, key: KeyCombination, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let context = context(model);
    let action = match chord::pressed(model, context, key) {
        Meant::Action(action) => Some(action),
        Meant::Key => None,
        Meant::Spent => return,
    };
    if let Some(action) = action.filter(|action| action.context() == Context::Everywhere) {
        return everywhere(model, action, now, effects);
    }
    // Nothing is on a screen that is too small, so that nobody sees what a key would be done to.
    let is_seen = model.areas().shape != Shape::TooSmall;
    if !is_seen && context != Context::Confirm && action != Some(Action::Quit) {
        return;
    }
    match context {
        Context::Desk | Context::Everywhere => {
            if let Some(action) = action {
                desk(model, action, now, effects);
            } else if let Some(name) = macro_of(model, key) {
                picker::open_macros(model, Some(&name), now);
            }
        }
        Context::Form if matches!(model.overlay, Some(Overlay::Sheet(_))) => {
            sheet::press(model, action, key, now, effects);
        }
        Context::Form => form(model, action, key, now, effects),
        Context::Filter if model.filtering.is_none() => corrections::filter(model, action, key),
        Context::Filter => line::press(model, action, key, now),
        Context::Search => detail::search::press(model, action, key),
        Context::Confirm => confirm(model, action, now, effects),
        Context::Help if matches!(model.overlay, Some(Overlay::Why { .. })) => {
            why::press(model, action, key);
        }
        Context::Help => help(model, action, key),
        Context::Palette if !matches!(model.overlay, Some(Overlay::Palette { .. })) => {
            picker::press(model, action, key, now, effects);
        }
        Context::Palette => palette(model, action, key, now, effects),
        Context::Outbox => outbox::press(model, action, now, effects),
        Context::Report => bulk::press(model, action, now, effects),
        // A screen of its own.
        Context::Welcome => {}
        Context::Pick | Context::Seek => dialog::press(model, action, key, now, effects),
        Context::Files => files::press(model, action, now, effects),
        Context::Transfers => transfers::press(model, action, now, effects),
        Context::Promise => promises::press(model, action, key, now, effects),
        Context::Share | Context::Export => share::press(model, action, key, now, effects),
        Context::Links => links::press(model, action),
        Context::Board => {
            if let Some(action) = action {
                board::press(model, action, now, effects);
            }
        }
        Context::Telling => corrections::press_telling(model, action, now, effects),
        Context::Corrections => {
            if let Some(action) = action {
                corrections::press(model, action, now, effects);
                corrections::rest(model, now);
            } else if let Some(action) = model.keymap.action(Context::Desk, key)
                && OVER_PAGES.contains(&action)
            {
                desk(model, action, now, effects);
            }
        }
    }
}

fn everywhere(model: &mut Model, action: Action, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    match action {
        Action::Suspend => {
            keep_form(model, now, effects);
            effects.push(Effect::Suspend);
        }
        Action::Redraw => effects.push(Effect::Redraw),
        Action::NextTheme => effects.push(Effect::NextTheme),
        _ => quit(model, now, effects),
    }
}

/// What has the keyboard.
pub fn context(model: &Model) -> Context {
    match &model.overlay {
        Some(Overlay::Form(form)) if form.picker.is_some() => Context::Palette,
        Some(Overlay::Form(_) | Overlay::Sheet(_)) => Context::Form,
        Some(Overlay::Files { .. }) => Context::Files,
        Some(Overlay::Transfers { .. }) => Context::Transfers,
        Some(Overlay::Telling) => Context::Telling,
        Some(Overlay::Quit | Overlay::Sure { .. } | Overlay::Bulk(_)) => Context::Confirm,
        Some(Overlay::Report { .. }) => Context::Report,
        Some(Overlay::Outbox { .. }) => Context::Outbox,
        Some(Overlay::Links(links)) => links::context(links),
        // Nobody writes over an explanation, so that the desk's keys for moving hold there besides.
        Some(Overlay::Help { .. } | Overlay::Why { .. }) => Context::Help,
        Some(Overlay::Palette { .. } | Overlay::Macros { .. }) => Context::Palette,
        Some(Overlay::Share(share)) => share::context(share),
        Some(Overlay::Promise(_)) => Context::Promise,
        Some(Overlay::Finder(finder)) => finder.context(),
        None if model.filtering.is_some() => Context::Filter,
        None if model.text.search.is_some() => Context::Search,
        None => match model.page {
            Page::Desk => Context::Desk,
            Page::Board(_) => Context::Board,
            Page::Corrections if model.outline.is_filtering() => Context::Filter,
            Page::Corrections => Context::Corrections,
        },
    }
}

/// The macro whose key that is.
fn macro_of(model: &Model, key: KeyCombination) -> Option<String> {
    let is_it = |chord: &str| parse_chord(chord).is_ok_and(|chord| same_chord(chord, key));
    let mut macros = model.canned.macros.iter();
    macros.find(|m| m.key.as_deref().is_some_and(is_it)).map(|m| m.name.clone())
}

/// Pasted text is text: on the desk, where its letters would be acts, it is dropped.
pub fn paste(model: &mut Model, text: &str, now: DateTime<Utc>) {
    model.begun = None;
    match &mut model.overlay {
        Some(Overlay::Macros { .. }) => picker::paste(model, &one_line(text)),
        Some(Overlay::Form(form)) if form.picker.is_some() => picker::paste(model, &one_line(text)),
        Some(Overlay::Form(form)) => {
            if let Some(field) = form.focused() {
                field.pasted(text);
            }
            form.touched(now);
        }
        Some(Overlay::Sheet(_)) => sheet::pasted(model, text),
        Some(Overlay::Finder(finder)) => dialog::pasted(finder, &one_line(text)),
        Some(Overlay::Help { search, scroll: at } | Overlay::Palette { search, at, .. }) => {
            search.insert_str(one_line(text));
            *at = 0;
        }
        Some(
            Overlay::Quit
            | Overlay::Files { .. }
            | Overlay::Transfers { .. }
            | Overlay::Telling
            | Overlay::Why { .. }
            | Overlay::Outbox { .. }
            | Overlay::Sure { .. }
            | Overlay::Bulk(_)
            | Overlay::Links(_)
            | Overlay::Report { .. },
        ) => {}
        Some(Overlay::Share(share)) => share::paste(share, &one_line(text)),
        Some(Overlay::Promise(promising)) => promises::pasted(promising, &one_line(text)),
        None => {
            if model.filtering.is_some() {
                line::pasted(model, &one_line(text), now);
            } else {
                corrections::pasted(model, &one_line(text));
                detail::search::paste(model, &one_line(text));
            }
        }
    }
}

fn one_line(text: &str) -> String {
    text.trim().replace(['\r', '\n'], " ")
}

fn desk(model: &mut Model, action: Action, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    model.queue.touch();
    if let Some(kind) = words::act_of(action) {
        if has_slipped(model, kind, now) {
            return;
        }
        return order::begin(model, kind, now, effects);
    }
    // Whoever moves has seen what is there now.
    model.slipped = None;
    match action {
        Action::Mark => marks::toggle(model, now),
        Action::MarkRange => marks::range(model, now),
        Action::MarkAll => marks::all(model),
        Action::MarkNone => model.marks.clear(),
        Action::NextCase => next::press(model, now, effects),
        Action::SkipCase => next::skip(model, now),
        Action::QueueNarrower => mouse::step(model, true, effects),
        Action::QueueWider => mouse::step(model, false, effects),
        Action::MoveDown => go(model, 1, now),
        Action::MoveUp => go(model, -1, now),
        Action::PageDown => go(model, page(model), now),
        Action::PageUp => go(model, -page(model), now),
        Action::HalfPageDown => go(model, (page(model) / 2).max(1), now),
        Action::HalfPageUp => go(model, -(page(model) / 2).max(1), now),
        Action::First => to_end(model, true, now),
        Action::Last => to_end(model, false, now),
        Action::NextPane | Action::PrevPane => {
            let panes = [Pane::Queue, Pane::Detail, Pane::Clocks];
            let at = panes.iter().position(|p| *p == model.focus).unwrap_or(0);
            let step = if action == Action::NextPane { 1 } else { 2 };
            model.focus = panes[(at + step) % panes.len()];
        }
        Action::Open if model.focus == Pane::Detail => detail::open(model, effects),
        Action::Open => model.focus = Pane::Detail,
        Action::NextTab => detail::turn(model, false),
        Action::PrevTab => detail::turn(model, true),
        Action::Back => back(model, now),
        Action::Zoom => model.zoomed = !model.zoomed,
        Action::ViewMine => show(model, 1, now),
        Action::ViewAll => show(model, 2, now),
        Action::ViewDueToday => show(model, 3, now),
        Action::ViewWaiting => show(model, 4, now),
        Action::View6 => show(model, 6, now),
        Action::View7 => show(model, 7, now),
        Action::View8 => show(model, 8, now),
        Action::View9 => show(model, 9, now),
        Action::Filter if model.focus == Pane::Detail => detail::search::open(model, now),
        Action::Filter => line::open(model),
        Action::Links => links::open(model, now),
        Action::Sort => pick::open_sort(model),
        Action::Columns => pick::open_columns(model),
        Action::Compact => model.finding.compact = !model.finding.compact,
        Action::SaveView => save::open(model),
        Action::FindAll => seek::open_search(model, effects),
        Action::GoToCase => seek::open_goto(model),
        Action::VisitBefore => visits::go(model, true, now),
        Action::VisitAfter => visits::go(model, false, now),
        Action::Why => why::open(model, now),
        Action::Refresh => {
            effects.push(Effect::PollNow);
            if let Some(sentence) = words::lines_down(&model.desks) {
                model.say(format!("Asked again. {sentence}"), Tone::Plain, now);
            }
            model.details.clear_failure();
            model.asked.forget();
            model.wanted = None;
        }
        Action::Help => {
            model.toast = None;
            model.overlay = Some(Overlay::Help { search: Box::new(editor("")), scroll: 0 });
        }
        Action::Palette => {
            model.toast = None;
            let case = model.case_id().cloned();
            model.overlay = Some(Overlay::Palette { case, search: Box::new(editor("")), at: 0 });
        }
        Action::Quit => quit(model, now, effects),
        Action::Outbox => outbox::open(model),
        Action::Attach => files::attach(model, now),
        Action::Files => files::open(model, now),
        Action::Transfers => transfers::open(model),
        Action::LinkCorrection => corrections::link_selected(model, now),
        Action::Macros => picker::open_macros(model, None, now),
        Action::Board => board::open(model),
        Action::Corrections => corrections::open(model, now, effects),
        Action::Promise => promises::open(model, now),
        Action::Copy => share::open_menu(model, now),
        Action::OpenPage => share::open_page(model, now, effects),
        Action::Export => share::open_export(model, now),
        Action::Undo => order::undo(model, now, effects),
        Action::SendHeld => order::send_held(model, now, effects),
        _ => {}
    }
}

/// Whether the case that a key was meant for has just left from under the cursor: the one that came up to its
/// place was not what the person saw. Says so.
fn has_slipped(model: &mut Model, kind: ActionKind, now: DateTime<Utc>) -> bool {
    let is_on_cursor =
        kind != ActionKind::Reopen && model.marks.is_empty() && model.visiting.is_none();
    let Some((left, _)) = model
        .slipped
        .as_ref()
        .filter(|(_, when)| is_on_cursor && order::is_unseen(Some(*when), now))
    else {
        return false;
    };
    let verb = kind.verb();
    let said = match model.queue.selected() {
        Some(case) => format!(
            "{left} has just left the list: nothing was done. Press again to {verb} {}.",
            case.id
        ),
        None => format!("{left} has just left the list: nothing was done."),
    };
    refuse(model, said, now);
    true
}

fn page(model: &Model) -> isize {
    if model.focus == Pane::Detail {
        isize::try_from(detail::rows(model).saturating_sub(1).max(1)).unwrap_or(1)
    } else {
        model.queue.page_rows()
    }
}

fn go(model: &mut Model, rows: isize, now: DateTime<Utc>) {
    if model.focus == Pane::Detail {
        detail::go(model, rows);
    } else if model.focus == Pane::Clocks {
        why::choose(model, rows, now);
    } else {
        model.queue.move_by(rows);
    }
}

fn to_end(model: &mut Model, first: bool, now: DateTime<Utc>) {
    if model.focus == Pane::Detail {
        detail::to_end(model, first);
    } else if model.focus == Pane::Clocks {
        why::choose(model, if first { isize::MIN } else { isize::MAX }, now);
    } else {
        let index = if first { 0 } else { usize::MAX };
        model.queue.select(index);
    }
}

/// Bounded when the model settles.
pub fn scroll_detail(model: &mut Model, rows: isize) {
    detail::scroll(model, rows);
}

/// One step back, towards the plain queue; it never quits.
fn back(model: &mut Model, now: DateTime<Utc>) {
    model.toast = None;
    // On a small screen every pane has it all, zoomed or not.
    if visiting::back(model) {
    } else if model.zoomed && model.areas().shape != Shape::Single {
        model.zoomed = false;
    } else if model.focus != Pane::Queue {
        model.focus = Pane::Queue;
    } else if !model.queue.filter().is_empty() {
        model.with_queue(now, |queue, at| queue.set_filter("", at));
    } else if !model.marks.is_empty() {
        model.marks.clear();
    } else {
        next::end(model, now);
    }
}

/// Shows the view on a number key.
fn show(model: &mut Model, key: u8, now: DateTime<Utc>) {
    let Some(view) = model.queue.view_on(key) else {
        let save = words::key(model, Action::SaveView);
        return refuse(
            model,
            format!("No view is on {key}; {save} saves what is shown as one."),
            now,
        );
    };
    model.focus = Pane::Queue;
    model.with_queue(now, |queue, at| {
        queue.set_filter("", at);
        queue.set_view(view, at);
    });
}

fn form(
    model: &mut Model,
    action: Option<Action>,
    key: KeyCombination,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(Overlay::Form(form)) = &mut model.overlay else { return };
    let in_text = form.focused().is_some_and(|f| f.is_text());
    match action {
        Some(Action::Accept) if form.is_on_button() => order::send(model, now, effects),
        Some(Action::Send) => order::send(model, now, effects),
        Some(Action::Leave) => order::leave(model, now, effects),
        Some(Action::EditText) => edit::open(model, now, effects),
        Some(Action::Canned) => picker::open_canned(model),
        Some(Action::AskMissing) => readiness::ask(model, now, effects),
        Some(Action::NextField) => form.move_focus(false),
        Some(Action::PrevField) => form.move_focus(true),
        Some(Action::Accept) if !in_text => form.move_focus(false),
        Some(Action::NextChoice | Action::PrevChoice) if !in_text => {
            if let Some(field) = form.focused() {
                field.step(action == Some(Action::PrevChoice));
            }
            form.touched(now);
        }
        _ => {
            if let Some(field) = form.focused() {
                field.typed(key);
            }
            form.touched(now);
        }
    }
}

/// Keys for a single line: those that would begin another are dropped.
pub fn line_input(line: &mut ratatui_textarea::TextArea, input: ratatui_textarea::Input) -> bool {
    use ratatui_textarea::Key;
    let breaks = matches!(input.key, Key::Enter) || (input.ctrl && input.key == Key::Char('m'));
    !breaks && line.input(input)
}

fn confirm(
    model: &mut Model,
    action: Option<Action>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    if let Some(Overlay::Sure { came, .. }) = &model.overlay
        && order::is_unseen(*came, now)
    {
        return;
    }
    let (is_yes, is_no) = (action == Some(Action::Yes), action == Some(Action::No));
    if !is_yes && !is_no {
        return;
    }
    if matches!(model.overlay, Some(Overlay::Bulk(_))) {
        return bulk::answer(model, is_yes, now, effects);
    }
    match model.overlay.take() {
        Some(Overlay::Sure { what: Sure::Discard(item), .. }) => {
            if is_yes {
                outbox::discard(model, &item, now, effects);
            }
            model.overlay = Some(Overlay::Outbox { on: Some(item), at: 0 });
        }
        Some(Overlay::Sure { what: Sure::StillSend(act), .. }) if is_yes => {
            answer::send_as_it_is(model, act, effects);
        }
        Some(Overlay::Links(list)) => links::answered(model, list, is_yes, now, effects),
        Some(Overlay::Quit) if is_yes => {
            effects.extend(model.acts.held().into_iter().map(Effect::SendNow));
            effects.push(Effect::Quit);
        }
        _ => {}
    }
}

fn help(model: &mut Model, action: Option<Action>, key: KeyCombination) {
    let Some(Overlay::Help { search, scroll }) = &mut model.overlay else { return };
    let rows = match action {
        Some(Action::CloseHelp) => {
            model.overlay = None;
            return;
        }
        Some(Action::ScrollDown) => 1,
        Some(Action::ScrollUp) => -1,
        Some(Action::ScrollPageDown) => HELP_PAGE,
        Some(Action::ScrollPageUp) => -HELP_PAGE,
        _ => {
            if let Some(input) = input(key)
                && line_input(search, input)
            {
                *scroll = 0;
            }
            return;
        }
    };
    let lines = build::help_lines(&model.keymap, search.lines().first().map_or("", |l| l));
    *scroll = scroll.saturating_add_signed(rows).min(lines.saturating_sub(1));
}

fn palette(
    model: &mut Model,
    action: Option<Action>,
    key: KeyCombination,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(Overlay::Palette { case, search, at }) = &model.overlay else { return };
    let (found, case, at) = (entries(model, &search.lines().join(" ")), case.clone(), *at);
    let to = match action {
        Some(Action::ClosePalette) => return model.overlay = None,
        Some(Action::Run) => {
            // What nothing was found for stays to be mended.
            let Some(entry) = found.get(at) else { return };
            model.overlay = None;
            model.recent.ran(entry.action);
            let now_there = model.case_id();
            let is_one = entry.is_act() && (model.marks.is_empty() || model.visiting.is_some());
            if let Some(case) = case.filter(|case| is_one && now_there != Some(case)) {
                return refuse(model, format!("{case} has left the list meanwhile"), now);
            }
            return if entry.action.context() == Context::Everywhere {
                everywhere(model, entry.action, now, effects);
            } else {
                desk(model, entry.action, now, effects);
            };
        }
        Some(Action::NextEntry) => (at + 1) % found.len().max(1),
        Some(Action::PrevEntry) => (at + found.len().max(1) - 1) % found.len().max(1),
        _ => {
            if let (Some(Overlay::Palette { search, at, .. }), Some(input)) =
                (&mut model.overlay, input(key))
                && line_input(search, input)
            {
                *at = 0;
            }
            return;
        }
    };
    if let Some(Overlay::Palette { at, .. }) = &mut model.overlay {
        *at = to;
    }
}
