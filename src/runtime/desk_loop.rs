//! The loop: wait for something to happen, take all that has happened, let the model change, have the
//! effects done, and draw if the screen now reads differently. There is no frame rate: an idle desk sleeps
//! until the next instant at which something visible changes by itself.

use std::io;

use chrono::{DateTime, Utc};
use crossterm::event::Event;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;

use super::editor::{Edited, Editing};
use super::lines::{DeskLine, Lines};
use super::looks::Looks;
use super::outside::Outside;
use super::signals::Signal;
use super::translate;
use crate::app::view::{self, Snapshot};
use crate::app::{self, Effect, Model, Msg};
use crate::domain::DeskNo;
use crate::sync::{self, Order};
use crate::ui::{self, Targets};

/// The most that is taken in before a frame is drawn: a flood must not starve the screen.
const BURST: usize = 500;

/// Everything the loop touches of the outside.
pub struct Edges<'a, B: Backend, I, S> {
    pub terminal: &'a mut Terminal<B>,
    /// Keys, pastes, the mouse, sizes. Its end or an error means that the terminal is gone.
    pub input: I,
    pub signals: S,
    /// What a text can be given to.
    pub editor: &'a mut dyn Editing,
    /// The first desk, by whose clock the screen goes.
    pub first: DeskLine<'a>,
    /// The others, in the order in which the model was told their names.
    pub others: Vec<DeskLine<'a>>,
    /// This machine: clipboard, browser, files.
    pub outside: Outside,
}

/// What woke the loop.
enum Woken {
    Input(Option<io::Result<Event>>),
    Told(DeskNo, Option<sync::Event>),
    Outside(Msg),
    Signal(Signal),
    Edited(Edited),
    /// The terminal has told its background.
    Ground,
    Time,
}

/// What the loop does next besides drawing.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and any may hold with any"
)]
#[derive(Default)]
struct Orders {
    suspend: bool,
    redraw: bool,
    quit: bool,
    /// A text for the editor, and what its file is called.
    edit: Option<(String, String)>,
    /// An editor has the terminal.
    editing: bool,
    /// The editor is to end, and then we are.
    end_editing: bool,
    theme: Option<Theme>,
}

/// Another theme is wanted.
enum Theme {
    Next,
    Remembered(String),
}

/// Runs the desk until it is quit or ended. `suspend` gives the terminal to the shell and comes back when we
/// are resumed.
///
/// # Errors
/// When drawing fails.
pub async fn run_loop<B, I, S>(
    edges: Edges<'_, B, I, S>,
    model: &mut Model,
    looks: &mut Looks,
    mut suspend: impl AsyncFnMut() -> io::Result<()>,
) -> anyhow::Result<()>
where
    B: Backend,
    B::Error: Send + Sync + 'static,
    I: Stream<Item = io::Result<Event>> + Unpin,
    S: Stream<Item = Signal> + Unpin,
{
    let Edges { terminal, mut input, mut signals, editor, first, others, mut outside } = edges;
    let mut lines = Lines::new(first, others);
    let mut shown: Option<Snapshot> = None;
    // While an editor has the terminal nothing is drawn, and everything else goes on.
    let mut editing: Option<BoxFuture<'static, Edited>> = None;
    let mut targets = Targets::default();
    loop {
        let mut orders = Orders { editing: editing.is_some(), ..Orders::default() };
        let now = lines.now();
        for msg in lines.compare_clocks(now) {
            obey(app::update(model, msg, now), &lines, &mut outside, &mut orders);
        }
        let (snapshot, next_change) = view::build(model, now);
        if editing.is_none() && shown.as_ref() != Some(&snapshot) {
            terminal.draw(|frame| targets = ui::draw_for_mouse(frame, &snapshot, looks.look()))?;
            shown = Some(snapshot);
            looks.drawn()?;
        }

        let mut woken = tokio::select! {
            // Keys first: the person goes before the desk.
            biased;
            event = input.next() => Woken::Input(event),
            Some(signal) = signals.next() => Woken::Signal(signal),
            () = looks.ground() => Woken::Ground,
            (desk, event) = lines.told() => Woken::Told(desk, event),
            msg = outside.told() => Woken::Outside(msg),
            edited = ended(&mut editing) => Woken::Edited(edited),
            () = until(next_change, now) => Woken::Time,
        };
        if matches!(woken, Woken::Edited(_)) {
            editing = None;
            orders.redraw = true;
        }
        // All that is there already goes into the same frame.
        for _ in 0..BURST {
            if matches!(woken, Woken::Ground) {
                shown = None;
            }
            take(woken, model, &lines, &targets, &mut outside, &mut orders);
            if orders.quit || orders.suspend || orders.edit.is_some() || orders.end_editing {
                break;
            }
            woken = if let Some(event) = input.next().now_or_never() {
                Woken::Input(event)
            } else if let Some((desk, Some(event))) = lines.told().now_or_never() {
                Woken::Told(desk, Some(event))
            } else {
                break;
            };
        }
        if orders.quit || orders.suspend || orders.edit.is_some() {
            looks.settle(&mut input).await;
        }
        if orders.end_editing {
            if let Some(editing) = editing.take() {
                editor.end();
                let edited = editing.await;
                let effects = app::update(model, Msg::Edited(edited), lines.now());
                obey(effects, &lines, &mut outside, &mut orders);
            }
            let effects = app::update(model, Msg::Terminated, lines.now());
            obey(effects, &lines, &mut outside, &mut orders);
        }
        if orders.quit {
            outside.finish().await;
            return Ok(());
        }
        if let Some((name, text)) = orders.edit.take() {
            editing = Some(editor.edit(name, text));
        }
        if orders.suspend {
            suspend().await?;
        }
        if let Some(theme) = orders.theme.take() {
            let msg = put_on(looks, theme);
            if let Some(msg) = msg {
                obey(app::update(model, msg, lines.now()), &lines, &mut outside, &mut orders);
            }
            shown = None;
        }
        if orders.suspend || orders.redraw {
            let size = terminal.size()?;
            obey(
                app::update(
                    model,
                    Msg::Resized { columns: size.width, rows: size.height },
                    lines.now(),
                ),
                &lines,
                &mut outside,
                &mut orders,
            );
            terminal.clear()?;
            shown = None;
        }
    }
}

/// What the editor leaves; for ever without one.
async fn ended(editing: &mut Option<BoxFuture<'static, Edited>>) -> Edited {
    match editing {
        Some(editing) => editing.await,
        None => std::future::pending().await,
    }
}

/// Sleeps until an instant of the desk's clock; for ever without one.
pub(super) async fn until(instant: Option<DateTime<Utc>>, now: DateTime<Utc>) {
    match instant {
        Some(instant) => {
            let wait = (instant - now).to_std().unwrap_or_default();
            // Timers count whole milliseconds: a hair too late instead of twice too early.
            tokio::time::sleep(wait + std::time::Duration::from_millis(1)).await;
        }
        None => std::future::pending().await,
    }
}

/// Takes one thing in and has its effects done.
fn take(
    woken: Woken,
    model: &mut Model,
    lines: &Lines<'_>,
    targets: &Targets,
    outside: &mut Outside,
    orders: &mut Orders,
) {
    let msg = match woken {
        Woken::Input(Some(Ok(event))) => {
            translate::terminal_event(event).map(|msg| at(msg, targets))
        }
        Woken::Told(desk, Some(event)) => Some(translate::desk_event(desk, event)),
        Woken::Outside(msg) => Some(msg),
        Woken::Time => Some(Msg::TimePassed),
        Woken::Edited(edited) => Some(Msg::Edited(edited)),
        // Meant for the editor, whose terminal it is.
        Woken::Signal(Signal::Interrupt) if orders.editing => None,
        Woken::Ground => None,
        Woken::Signal(Signal::Suspend) => {
            orders.suspend = true;
            None
        }
        Woken::Signal(Signal::Resumed) => {
            orders.redraw = true;
            None
        }
        // The terminal is gone, a signal ends us, or the line ended without being asked to.
        Woken::Input(None | Some(Err(_)))
        | Woken::Signal(Signal::End | Signal::Interrupt)
        | Woken::Told(_, None) => {
            if orders.editing {
                orders.end_editing = true;
                return;
            }
            orders.quit = true;
            Some(Msg::Terminated)
        }
    };
    if let Some(msg) = msg {
        obey(app::update(model, msg, lines.now()), lines, outside, orders);
    }
}

/// A click on what was drawn for one means that, whatever has moved in the model since then.
fn at(msg: Msg, targets: &Targets) -> Msg {
    let Msg::Clicked { column, row } = msg else { return msg };
    match targets.at(column, row).cloned() {
        Some(target) => Msg::Pointed(target),
        None => msg,
    }
}

/// Puts another theme on; what there is to tell of it.
fn put_on(looks: &mut Looks, theme: Theme) -> Option<Msg> {
    match theme {
        Theme::Next => Some(match looks.wear_next() {
            Some(name) => Msg::ThemeChanged(name.to_owned()),
            None => Msg::Noticed(
                "There is no theme but mono here: NO_COLOR, --color never or the terminal says \
                 that there are no colours"
                    .to_owned(),
            ),
        }),
        Theme::Remembered(name) => {
            looks.wear_remembered(&name);
            None
        }
    }
}

/// Has effects done, or notes them for the loop.
fn obey(effects: Vec<Effect>, lines: &Lines<'_>, outside: &mut Outside, orders: &mut Orders) {
    for effect in effects {
        match effect {
            Effect::FetchCase { id, known } => lines.fetch(id, known),
            Effect::Act { act, case, base, revision, action, hold, replaces, draft } => {
                let request = sync::ActRequest {
                    ticket: act.ticket,
                    case,
                    base,
                    revision,
                    action: *action,
                    hold: hold.and_then(|hold| hold.to_std().ok()),
                    replaces: replaces.map(|act| act.ticket),
                    draft,
                };
                lines.order(act.desk, Order::Act(Box::new(request)));
            }
            Effect::Undo(act) => lines.order(act.desk, Order::Undo(act.ticket)),
            Effect::SendNow(act) => lines.order(act.desk, Order::SendNow(act.ticket)),
            Effect::StillSend(act) => lines.order(act.desk, Order::StillSend(act.ticket)),
            Effect::Discard(act) => lines.order(act.desk, Order::Discard(act.ticket)),
            Effect::DiscardDamaged { desk, n } => lines.order(desk, Order::DiscardDamaged(n)),
            Effect::Ask { id, ask } => lines.ask(id, *ask),
            Effect::CancelAsk(id) => lines.cancel(id),
            Effect::KeepDraft(draft) => lines.order(draft.case.desk(), Order::KeepDraft(draft)),
            Effect::DropDraft { case, id } => lines.order(case.desk(), Order::DropDraft(id)),
            // The screen is one: the first desk keeps what it was left with.
            Effect::Remember { name, body } => {
                let name = name.to_owned();
                lines.order(DeskNo::FIRST, Order::Remember { name, body });
            }
            Effect::Prefetch(ids) => lines.prefetch(&ids),
            Effect::Attention(is_there) => {
                for line in lines.all() {
                    line.set_attention(is_there);
                    // Somebody looks again: a line that is down is tried at once.
                    if is_there {
                        line.poll_now();
                    }
                }
            }
            Effect::Open { .. } | Effect::Copy { .. } | Effect::Write { .. } => {
                outside.obey(effect);
            }
            Effect::PollNow => lines.all().for_each(sync::Handle::poll_now),
            Effect::Edit { name, text } => orders.edit = Some((name, text)),
            Effect::Suspend => orders.suspend = true,
            Effect::NextTheme => orders.theme = Some(Theme::Next),
            Effect::WearTheme(name) => orders.theme = Some(Theme::Remembered(name)),
            Effect::Redraw => orders.redraw = true,
            Effect::Quit => orders.quit = true,
        }
    }
}
