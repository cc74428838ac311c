//! Loads whole cases. One is loaded at a time and one waits: a cursor that races down a list asks for
//! the first and the last, not for fifty.

use std::sync::Arc;

use tokio::sync::watch;

use super::Event;
use super::line::Line;
use crate::client::{CallError, Fetched};
use crate::domain::{CaseId, Revision, Untrusted};
use crate::wire::Code;

/// A case that is wanted, and the revision of it that is here already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) id: CaseId,
    pub(super) known: Option<Revision>,
}

pub(super) async fn run(line: Arc<Line>, mut wants: watch::Receiver<Option<Wanted>>) {
    let closing = line.closing().clone();
    let loading = async {
        while wants.changed().await.is_ok() {
            let wanted = wants.borrow_and_update().clone();
            if let Some(wanted) = wanted {
                let event = load(&line, wanted).await;
                line.tell(event).await;
            }
        }
    };
    tokio::select! {
        () = loading => {}
        () = closing.cancelled() => {}
    }
}

async fn load(line: &Line, Wanted { id, known }: Wanted) -> Event {
    match line.ask(false, line.api.case(&id, known)).await {
        Ok(Fetched::Case(detail)) => Event::Detail(detail),
        Ok(Fetched::Unchanged) => Event::DetailUnchanged(id),
        Err(error) => {
            let gone = matches!(&error, CallError::Refused(p) if p.code == Code::NotFound);
            let why = Untrusted::new(format!("Could not load {id}: {}", error.sentence().raw()));
            Event::DetailFailed { id, why, gone }
        }
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
