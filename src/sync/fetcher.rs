//! Loads whole cases. One is loaded at a time and one waits: a cursor that races down a list asks for
//! the first and the last, not for fifty. What is kept is told before the desk is asked. While nothing is
//! wanted, the cases around the cursor are loaded ahead, within a budget.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Event;
use super::line::Line;
use crate::client::{CallError, Fetched};
use crate::domain::{CaseId, Revision, Untrusted};
use crate::wire::Code;

/// How many cases are loaded ahead for one place of the cursor ...
const AHEAD: usize = 4;
/// ... and in any minute.
const A_MINUTE: usize = 30;
const MINUTE: Duration = Duration::from_mins(1);
/// The cursor has stood still for so long before anything is loaded ahead.
const STILL: Duration = Duration::from_millis(200);

/// A case that is wanted, and the revision of it that is here already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) id: CaseId,
    pub(super) known: Option<Revision>,
}

pub(super) async fn run(
    line: Arc<Line>,
    mut wants: watch::Receiver<Option<Wanted>>,
    nears: watch::Receiver<Vec<CaseId>>,
) {
    let closing = line.closing().clone();
    let loading = async {
        let mut ahead = Ahead { line: &line, nears, left: Vec::new(), begun: VecDeque::new() };
        loop {
            tokio::select! {
                biased;
                changed = wants.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    let wanted = wants.borrow_and_update().clone();
                    if let Some(wanted) = wanted {
                        load(&line, wanted).await;
                    }
                }
                // Whatever is wanted breaks it off, and it goes on afterwards.
                () = ahead.load() => {}
            }
        }
    };
    tokio::select! {
        () = loading => {}
        () = closing.cancelled() => {}
    }
}

async fn load(line: &Line, Wanted { id, mut known }: Wanted) {
    if known.is_none()
        && let Some(kept) = line.store.detail(&id).await
    {
        known = Some(kept.case.revision);
        line.tell(Event::Detail(Box::new(kept))).await;
    }
    let event = match line.ask(false, line.api.case(&id, known)).await {
        Ok(Fetched::Case(detail)) => {
            line.store.keep_detail(&detail).await;
            Event::Detail(detail)
        }
        Ok(Fetched::Unchanged) => Event::DetailUnchanged(id),
        Err(error) => {
            let gone = matches!(&error, CallError::Refused(p) if p.code == Code::NotFound);
            if gone {
                line.store.forget_case(&id).await;
            }
            let why = Untrusted::new(format!("Could not load {id}: {}", error.sentence().raw()));
            Event::DetailFailed { id, why, gone }
        }
    };
    line.tell(event).await;
}

/// What is loaded although nobody has asked for it yet.
struct Ahead<'a> {
    line: &'a Line,
    nears: watch::Receiver<Vec<CaseId>>,
    /// Those around the cursor that have not been looked at yet.
    left: Vec<CaseId>,
    /// When the latest were begun.
    begun: VecDeque<Instant>,
}

impl Ahead<'_> {
    /// Waits until the cursor has moved, and loads what is around it; or goes on where it was broken off.
    async fn load(&mut self) {
        if self.left.is_empty() && self.nears.changed().await.is_err() {
            return std::future::pending().await;
        }
        if self.left.is_empty() || self.nears.has_changed().unwrap_or(false) {
            self.left.clone_from(&self.nears.borrow_and_update());
            self.left.truncate(AHEAD);
        }
        tokio::time::sleep(STILL).await;
        for (id, known) in self.line.store.not_whole(self.left.clone()).await {
            if self.nears.has_changed().unwrap_or(false) {
                return;
            }
            if !self.line.is_idle() || !self.may_begin() {
                break;
            }
            // Nobody waits for it, so that a failure is nobody's concern.
            let answer = self.line.ask(false, self.line.api.case(&id, known)).await;
            self.left.retain(|left| *left != id);
            if let Ok(Fetched::Case(detail)) = answer {
                self.line.store.keep_detail(&detail).await;
                self.line.tell(Event::Detail(detail)).await;
            }
        }
        self.left.clear();
    }

    fn may_begin(&mut self) -> bool {
        let now = Instant::now();
        while self.begun.front().is_some_and(|begun| now - *begun >= MINUTE) {
            self.begun.pop_front();
        }
        if self.begun.len() >= A_MINUTE {
            return false;
        }
        self.begun.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Desk, Question, Said, detail, refused, unreached};
    use super::*;

    fn question(id: &str, known: Option<Revision>) -> Question {
        Question::Case { id: id.into(), known }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cursor_that_races_down_the_list_asks_for_the_first_and_the_last() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        desk.line.fetch("C-0".into(), None);
        let first = desk.asked().await;
        assert_eq!(first.question, question("C-0", None));
        for n in 1..50 {
            desk.line.fetch(CaseId::new(format!("C-{n}")), Some(n));
        }
        first.say(Said::Fetched(Fetched::Case(Box::new(detail("C-0", 1)))));
        assert_eq!(desk.event().await, Event::Detail(Box::new(detail("C-0", 1))));
        let last = desk.asked().await;
        assert_eq!(last.question, question("C-49", Some(49)));
        last.say(Said::Fetched(Fetched::Unchanged));
        assert_eq!(desk.event().await, Event::DetailUnchanged("C-49".into()));
        desk.assert_nothing_asked_for(std::time::Duration::from_secs(5)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_case_that_cannot_be_loaded_is_told_with_its_id_and_whether_it_is_gone() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        for (error, sentence, is_gone) in [
            (refused(Code::NotFound, "There is no such case."), "There is no such case.", true),
            (unreached(true), "Could not reach desk: connection refused", false),
        ] {
            desk.line.fetch("C-7".into(), Some(1));
            desk.asked().await.fail(error);
            let Event::DetailFailed { id, why, gone } = desk.event().await else { panic!() };
            assert_eq!(id, CaseId::from("C-7"));
            assert_eq!(why.raw(), format!("Could not load C-7: {sentence}"));
            assert_eq!(gone, is_gone);
        }
    }
}
