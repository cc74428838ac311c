//! What the terminal and the line tell, in the words of the behaviour.

use crokey::KeyCombination;
use crossterm::event::{Event, KeyEventKind, MouseButton, MouseEventKind};

use crate::app::{self, ActId, AskId, Msg, Told, Whoami};
use crate::domain::ask::{Answer, Ask};
use crate::domain::outbox::{ActFailure, Draft, Entry, State};
use crate::domain::{CaseId, DeskNo};
use crate::sync::{self, Order};

/// What an event of the terminal means; None: nothing.
pub fn terminal_event(event: Event) -> Option<Msg> {
    match event {
        // Releases are told by some terminals only, and mean nothing.
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            Some(Msg::KeyPressed(KeyCombination::from(key)))
        }
        Event::Paste(text) => Some(Msg::Pasted(text)),
        Event::Resize(columns, rows) => Some(Msg::Resized { columns, rows }),
        Event::Mouse(mouse) => {
            let (column, row) = (mouse.column, mouse.row);
            match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => Some(Msg::Clicked { column, row }),
                MouseEventKind::Drag(MouseButton::Left) => Some(Msg::Dragged { column, row }),
                MouseEventKind::Up(MouseButton::Left) => Some(Msg::Released),
                MouseEventKind::ScrollUp => Some(Msg::Scrolled { up: true, column, row }),
                MouseEventKind::ScrollDown => Some(Msg::Scrolled { up: false, column, row }),
                _ => None,
            }
        }
        Event::FocusGained => Some(Msg::Focused(true)),
        Event::FocusLost => Some(Msg::Focused(false)),
        Event::Key(_) => None,
    }
}

/// What an event of the line to a desk means. The line knows nothing of other desks; from here on the ids of
/// its cases say which one they are at.
pub fn desk_event(desk: DeskNo, event: sync::Event) -> Msg {
    let told = |told| Msg::Told(desk, told);
    let act = |ticket| ActId { desk, ticket };
    match event {
        sync::Event::SignedIn(me) => {
            let actor = me.actor();
            told(Told::SignedIn(Box::new(Whoami {
                actor,
                partner: me.partner,
                may: me.may,
                mail: me.mail,
            })))
        }
        sync::Event::Policy(policy) => told(Told::PolicyLoaded(policy)),
        sync::Event::Page { mut cases, mut removed, reset, more } => {
            stamp(cases.iter_mut().map(|case| &mut case.id), desk);
            stamp(&mut removed, desk);
            told(Told::PageCame { cases, removed, reset, more })
        }
        sync::Event::Link { link: state, fresh_at } => {
            told(Told::LinkChanged { link: link(state), fresh_at })
        }
        sync::Event::Skew(seconds) => told(Told::SkewLearned(seconds)),
        sync::Event::Slept => Msg::TimePassed,
        sync::Event::Detail(mut detail) => {
            let of = detail.resolution.as_mut().and_then(|end| end.duplicate_of.as_mut());
            stamp(of.into_iter().chain([&mut detail.case.id]), desk);
            Msg::DetailCame(detail)
        }
        sync::Event::DetailUnchanged(id) => Msg::DetailUnchanged(id.at_desk(desk)),
        sync::Event::DetailFailed { id, why, gone } => {
            Msg::DetailFailed { id: id.at_desk(desk), why, gone }
        }
        sync::Event::Outbox(mut outbox) => {
            outbox.entries.iter_mut().for_each(|entry| stamp_entry(entry, desk));
            told(Told::OutboxCame(outbox))
        }
        sync::Event::Left { mut drafts, remembered } => {
            stamp(drafts.iter_mut().map(|draft| &mut draft.case), desk);
            told(Told::LeftCame { drafts, remembered })
        }
        sync::Event::Notice(sentence) => told(Told::Noticed(sentence)),
        sync::Event::ActNotKept { ticket, mut failure } => {
            stamp_failure(&mut failure, desk);
            Msg::ActNotKept { act: act(ticket), failure }
        }
        sync::Event::ActUndone { ticket } => Msg::ActUndone { act: act(ticket) },
        sync::Event::ActDone { ticket, mut case } => {
            stamp([&mut case.id], desk);
            Msg::ActDone { act: act(ticket), case }
        }
        sync::Event::Progress { ticket, done, total } => {
            Msg::Progress { ask: AskId { desk, ticket }, done, total }
        }
        sync::Event::Answered { ticket, mut answer } => {
            if let Ok(answer) = answer.as_mut() {
                stamp_answer(answer, desk);
            }
            Msg::Answered { ask: AskId { desk, ticket }, answer }
        }
    }
}

/// An id as the line to its desk knows it.
pub fn plain(id: CaseId) -> CaseId {
    id.at_desk(DeskNo::FIRST)
}

/// The same of an order.
pub fn order(order: Order) -> Order {
    match order {
        Order::Act(mut request) => {
            let base = request.base.as_mut().map(|case| &mut case.id);
            stamp(base.into_iter().chain([&mut request.case]), DeskNo::FIRST);
            Order::Act(request)
        }
        Order::KeepDraft(draft) => Order::KeepDraft(Draft { case: plain(draft.case), ..draft }),
        Order::Undo(_)
        | Order::SendNow(_)
        | Order::StillSend(_)
        | Order::Discard(_)
        | Order::DiscardDamaged(_)
        | Order::DropDraft(_)
        | Order::Remember { .. } => order,
    }
}

/// The same of a question.
pub fn ask(mut ask: Ask) -> Ask {
    match &mut ask {
        Ask::Search { after, .. } => stamp(after, DeskNo::FIRST),
        Ask::Link { cases, .. } => stamp(cases, DeskNo::FIRST),
        Ask::Upload { case, .. } | Ask::Download { case, .. } => stamp([case], DeskNo::FIRST),
        Ask::Take { id, .. } => stamp([id], DeskNo::FIRST),
        Ask::Corrections
        | Ask::Correction(_)
        | Ask::OpenCorrection(_)
        | Ask::Amend { .. }
        | Ask::LookAt(_)
        | Ask::Complete(_) => {}
    }
    ask
}

fn stamp_answer(answer: &mut Answer, desk: DeskNo) {
    match answer {
        Answer::Found { cases, more } => {
            stamp(cases.iter_mut().map(|case| &mut case.id).chain(more), desk);
        }
        Answer::Correction(detail) => stamp(&mut detail.linked, desk),
        Answer::Taken(case) => stamp([&mut case.id], desk),
        Answer::Lost { current } => stamp(current.as_mut().map(|case| &mut case.id), desk),
        Answer::Corrections(_)
        | Answer::Changed(_)
        | Answer::Uploaded(_)
        | Answer::Downloaded(_)
        | Answer::LookedAt(_)
        | Answer::Completed(_) => {}
    }
}

fn stamp<'a>(ids: impl IntoIterator<Item = &'a mut CaseId>, desk: DeskNo) {
    for id in ids {
        *id = std::mem::replace(id, CaseId::new("")).at_desk(desk);
    }
}

fn stamp_entry(entry: &mut Entry, desk: DeskNo) {
    let base = entry.base.as_mut().map(|case| &mut case.id);
    stamp(base.into_iter().chain([&mut entry.case]), desk);
    match &mut entry.state {
        State::Asked(question) => stamp(question.current.as_mut().map(|case| &mut case.id), desk),
        State::Refused(failure) => stamp_failure(failure, desk),
        State::Held { .. } | State::Queued | State::Sending => {}
    }
}

fn stamp_failure(failure: &mut ActFailure, desk: DeskNo) {
    stamp(failure.current.as_mut().map(|case| &mut case.id), desk);
}

fn link(link: sync::Link) -> app::Link {
    match link {
        sync::Link::Connecting => app::Link::Connecting,
        sync::Link::Live => app::Link::Live,
        sync::Link::Offline { retry_at, why } => app::Link::Offline { retry_at, why },
        sync::Link::SignedOut { why } => app::Link::SignedOut { why },
        sync::Link::NotAllowed { why } => app::Link::NotAllowed { why },
        sync::Link::NotACaseApi { why } => app::Link::NotACaseApi { why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseEvent};

    #[test]
    fn a_key_counts_when_pressed_and_repeated_but_not_when_released() {
        let key = |kind| {
            let mut key = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE);
            key.kind = kind;
            terminal_event(Event::Key(key))
        };
        let pressed = Some(Msg::KeyPressed(crokey::key!(j)));
        assert_eq!(key(KeyEventKind::Press), pressed);
        assert_eq!(key(KeyEventKind::Repeat), pressed);
        assert_eq!(key(KeyEventKind::Release), None);
    }

    #[test]
    fn only_the_left_button_and_the_wheel_mean_something() {
        let mouse = |kind| {
            let event = MouseEvent { kind, column: 3, row: 4, modifiers: KeyModifiers::NONE };
            terminal_event(Event::Mouse(event))
        };
        let clicked = Msg::Clicked { column: 3, row: 4 };
        assert_eq!(mouse(MouseEventKind::Down(MouseButton::Left)), Some(clicked));
        assert_eq!(mouse(MouseEventKind::Down(MouseButton::Right)), None);
        assert_eq!(mouse(MouseEventKind::Moved), None);
        let dragged = Msg::Dragged { column: 3, row: 4 };
        assert_eq!(mouse(MouseEventKind::Drag(MouseButton::Left)), Some(dragged));
        assert_eq!(mouse(MouseEventKind::Drag(MouseButton::Right)), None);
        assert_eq!(mouse(MouseEventKind::Up(MouseButton::Left)), Some(Msg::Released));
        assert_eq!(mouse(MouseEventKind::Up(MouseButton::Middle)), None);
        let up = Msg::Scrolled { up: true, column: 3, row: 4 };
        assert_eq!(mouse(MouseEventKind::ScrollUp), Some(up));
    }
}
