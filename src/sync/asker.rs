//! Asks the desk what somebody who looks on wants to see or to change now ([`Ask`]). Each question is a task of
//! its own, so that a long one holds up nobody, and can be taken back. Nothing is kept for later.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::Event;
use super::line::Line;
use super::transfer::{self, NotBrought, NotSent, Progress};
use crate::client::{Call, CallError, Outline, surely};
use crate::domain::ask::{Answer, Ask, Because, Unanswered};
use crate::domain::{Action, Attachment, CaseId, Correction, Revision, Untrusted};
use crate::wire::{Code, CorrectionDraft, Problem};

/// How often it is told how far a file has come.
const TOLD_EVERY: Duration = Duration::from_millis(250);

/// What the screen wants of the asker.
#[derive(Debug)]
pub(super) enum Wish {
    Ask {
        ticket: u64,
        ask: Box<Ask>,
    },
    /// Nobody waits for that answer any more.
    Cancel(u64),
}

pub(super) async fn run(line: Arc<Line>, mut wishes: mpsc::UnboundedReceiver<Wish>) {
    let closing = line.closing().clone();
    let mut asking: HashMap<u64, CancellationToken> = HashMap::new();
    let mut tasks: JoinSet<u64> = JoinSet::new();
    loop {
        tokio::select! {
            () = closing.cancelled() => return,
            wish = wishes.recv() => match wish {
                Some(Wish::Ask { ticket, ask }) => {
                    let (line, cancelled) = (Arc::clone(&line), closing.child_token());
                    asking.insert(ticket, cancelled.clone());
                    tasks.spawn(async move {
                        let answered = async {
                            let answer = asked(&line, ticket, *ask).await;
                            line.tell(Event::Answered { ticket, answer: Box::new(answer) }).await;
                        };
                        tokio::select! {
                            () = answered => {}
                            () = cancelled.cancelled() => {}
                        }
                        ticket
                    });
                }
                Some(Wish::Cancel(ticket)) => {
                    if let Some(cancelled) = asking.remove(&ticket) {
                        cancelled.cancel();
                    }
                }
                None => return,
            },
            Some(ended) = tasks.join_next() => {
                if let Ok(ticket) = ended {
                    asking.remove(&ticket);
                }
            }
        }
    }
}

/// `ticket`: names the question in what is told while it goes on.
async fn asked(line: &Line, ticket: u64, ask: Ask) -> Result<Answer, Unanswered> {
    let api = line.api.as_ref();
    let answer = match ask {
        Ask::Search { words, after } => {
            let found = line.ask(false, api.search(&words, after.as_ref())).await;
            found.map(|found| Answer::Found { cases: found.cases, more: found.next })
        }
        Ask::Corrections => outline(line).await.map(Answer::Corrections),
        Ask::Correction(id) => line
            .ask(false, api.correction(&id))
            .await
            .map(|detail| Answer::Correction(Box::new(detail))),
        Ask::OpenCorrection(new) => {
            let draft = CorrectionDraft {
                title: new.title,
                release_plan: new.release_plan,
                status: new.status,
                note: new.note,
            };
            let key = line.new_key();
            changed(line, || api.open_correction(key, &draft)).await
        }
        Ask::Amend { id, on, amendment } => {
            let key = line.new_key();
            changed(line, || api.amend_correction(&id, key, on, &amendment)).await
        }
        Ask::Link { id, cases } => {
            let key = line.new_key();
            changed(line, || api.link_cases(&id, key, None, &cases)).await
        }
        Ask::Upload { case, path } => return sent(line, ticket, &case, &path).await,
        Ask::Download { case, files, file, to } => {
            return brought(line, ticket, &case, (&files, &file), &to).await;
        }
        Ask::LookAt(paths) => {
            let mut looked = Vec::new();
            for path in paths {
                looked.push(transfer::look_at(&transfer::expanded(Path::new(&path))).await);
            }
            return Ok(Answer::LookedAt(looked));
        }
        Ask::Complete(typed) => return Ok(Answer::Completed(transfer::completed(&typed).await)),
        Ask::Take { id, on } => take(line, &id, on).await,
    };
    answer.map_err(|error| unanswered(&error))
}

async fn changed<'a>(
    line: &Line,
    call: impl Fn() -> Call<'a, Correction> + Send + Sync + 'a,
) -> Result<Answer, CallError> {
    line.quiet().await;
    let answer = surely(call).await?;
    Ok(Answer::Changed(Box::new(answer.value)))
}

/// Tells how far a file has come while it is on its way.
async fn watched<T>(
    line: &Line,
    ticket: u64,
    progress: &Progress,
    on_its_way: impl Future<Output = T>,
) -> T {
    let mut moved = progress.subscribe();
    let mut ticks = tokio::time::interval(TOLD_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut on_its_way = std::pin::pin!(on_its_way);
    loop {
        tokio::select! {
            biased;
            ended = &mut on_its_way => return ended,
            _ = ticks.tick() => if moved.has_changed().unwrap_or(false) {
                let (done, total) = *moved.borrow_and_update();
                line.tell(Event::Progress { ticket, done, total }).await;
            }
        }
    }
}

async fn sent(line: &Line, ticket: u64, case: &CaseId, path: &Path) -> Result<Answer, Unanswered> {
    line.quiet().await;
    let (key, progress) = (line.new_key(), transfer::unwatched());
    let sending = transfer::send(line.api.as_ref(), case, key, path, &progress);
    match watched(line, ticket, &progress, sending).await {
        Ok(answer) => Ok(Answer::Uploaded(Box::new(answer.value))),
        Err(NotSent::Here(why)) => Err(here(&why)),
        Err(NotSent::Call(error)) => Err(unanswered(&error)),
    }
}

async fn brought(
    line: &Line,
    ticket: u64,
    case: &CaseId,
    (files, which): (&[Attachment], &str),
    to: &Path,
) -> Result<Answer, Unanswered> {
    line.quiet().await;
    let progress = transfer::unwatched();
    let api = line.api.as_ref();
    let bringing = transfer::bring_into(api, case, files, which, to, &progress);
    match watched(line, ticket, &progress, bringing).await {
        Ok(path) => Ok(Answer::Downloaded(path)),
        Err(NotBrought::Call { error, kept }) => {
            let mut failed = unanswered(&error);
            if kept > 0 {
                let why = failed.why.raw().trim_end_matches('.');
                failed.why =
                    format!("{why}; what has come is kept, the next time goes on from there")
                        .into();
            }
            failed.in_doubt = false;
            Err(failed)
        }
        Err(NotBrought::Here(error)) => Err(here(&format!("it cannot be written: {error}"))),
        Err(NotBrought::There) => Err(here("something came to be there meanwhile")),
        Err(NotBrought::Other) => Err(here("other bytes came than the desk has")),
    }
}

/// This machine could not do its part.
fn here(why: &str) -> Unanswered {
    Unanswered { because: Because::Here, why: why.into(), in_doubt: false, fields: Vec::new() }
}

/// Takes a case as it was seen. That somebody else was faster is an answer and no failure: it changed (412), has
/// been taken or closed (409), or is no longer there to be seen (404).
async fn take(line: &Line, id: &CaseId, on: Revision) -> Result<Answer, CallError> {
    let (key, action) = (line.new_key(), Action::Take {});
    line.quiet().await;
    match surely(|| line.api.act(id, key, Some(on), &action)).await {
        Ok(acted) => Ok(Answer::Taken(Box::new(acted.value.case))),
        Err(CallError::Refused(problem))
            if matches!(problem.code, Code::Stale | Code::Rule | Code::NotFound) =>
        {
            Ok(Answer::Lost { current: problem.case })
        }
        Err(error) => Err(error),
    }
}

/// All pages of the outline.
async fn outline(line: &Line) -> Result<Vec<Correction>, CallError> {
    let mut outline = Outline::default();
    let mut corrections: Vec<Correction> = Vec::new();
    loop {
        let page = line.ask(false, line.api.corrections(&outline)).await?;
        let empty = page.corrections.is_empty();
        corrections.extend(page.corrections);
        // A desk that says that there is more and gives none would be asked for ever.
        if page.next.is_none() || empty {
            return Ok(corrections);
        }
        outline.after = page.next;
    }
}

fn unanswered(error: &CallError) -> Unanswered {
    let in_doubt = matches!(error, CallError::NotReached { sent: true, .. });
    let fields = |problem: &Problem| {
        problem.errors.iter().map(|e| (e.field.clone(), e.message.clone())).collect()
    };
    let fields = match error {
        CallError::NotAllowed(problem) | CallError::Refused(problem) => fields(problem),
        _ => Vec::new(),
    };
    let because = match error {
        CallError::NotReached { .. } | CallError::Busy { .. } => Because::NotReached,
        CallError::SignedOut(_) => Because::SignedOut,
        CallError::NotAllowed(_) => Because::NotAllowed,
        CallError::Refused(problem) if problem.code == Code::Stale => Because::Stale,
        CallError::Refused(_) => Because::Refused,
        CallError::NotUnderstood(_) if error.is_not_offered() => Because::NotOffered,
        CallError::NotUnderstood(_) => Because::NotUnderstood,
    };
    Unanswered { because, why: Untrusted::clone(error.sentence()), in_doubt, fields }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Desk, Question, Said, acted, case, refused, unreached};
    use super::*;
    use crate::wire::Found;

    fn search(words: &str) -> Ask {
        Ask::Search { words: words.to_owned(), after: None }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_carries_the_ticket_of_its_question() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        desk.line.ask(7, search("fjord"));
        let asked = desk.asked().await;
        assert_eq!(asked.question, Question::Search { words: "fjord".to_owned() });
        let found = case("C-1", 1);
        asked.say(Said::Found(Found { cases: vec![found.clone()], next: None }));
        let answer = Box::new(Ok(Answer::Found { cases: vec![found], more: None }));
        assert_eq!(desk.event().await, Event::Answered { ticket: 7, answer });
    }

    #[tokio::test(start_paused = true)]
    async fn a_desk_that_is_not_reached_is_told_and_not_asked_again() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        desk.line.ask(1, search("fjord"));
        desk.asked().await.fail(unreached(true));
        let Event::Answered { answer, .. } = desk.event().await else { panic!("no answer") };
        assert!(answer.is_err());
        desk.assert_nothing_asked_for(Duration::from_secs(20)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_case_is_taken_as_it_was_seen_and_one_that_somebody_else_took_is_lost() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        desk.line.ask(1, Ask::Take { id: "C-1".into(), on: 4 });
        let asked = desk.asked().await;
        let Question::Act { id, if_match, action, .. } = &asked.question else {
            panic!("{:?}", asked.question)
        };
        assert_eq!((id.as_str(), *if_match, action), ("C-1", Some(4), &Action::Take {}));
        asked.say(acted("C-1", 5));
        let taken = Box::new(Ok(Answer::Taken(Box::new(case("C-1", 5)))));
        assert_eq!(desk.event().await, Event::Answered { ticket: 1, answer: taken });
        for (ticket, code) in [(2, Code::Stale), (3, Code::Rule), (4, Code::NotFound)] {
            desk.line.ask(ticket, Ask::Take { id: "C-1".into(), on: 4 });
            desk.asked().await.fail(refused(code, "No."));
            let lost = Box::new(Ok(Answer::Lost { current: None }));
            assert_eq!(desk.event().await, Event::Answered { ticket, answer: lost });
        }
        desk.line.ask(5, Ask::Take { id: "C-1".into(), on: 4 });
        desk.asked().await.fail(refused(Code::Invalid, "No."));
        let Event::Answered { answer, .. } = desk.event().await else { panic!("no answer") };
        assert!(answer.is_err(), "{answer:?}");
        assert!(desk.outbox.entries.is_empty(), "nothing of it is kept");
    }

    #[tokio::test(start_paused = true)]
    async fn a_take_whose_answer_is_lost_is_asked_again_under_the_same_key() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        desk.line.ask(1, Ask::Take { id: "C-1".into(), on: 4 });
        let first = desk.asked().await;
        let key = first.key();
        first.fail(unreached(true));
        let second = desk.asked().await;
        assert_eq!(second.key(), key);
        second.say(acted("C-1", 5));
        assert!(matches!(
            desk.event().await,
            Event::Answered { answer, .. } if matches!(*answer, Ok(Answer::Taken(_)))
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_taken_back_is_broken_off_and_tells_nothing() {
        let mut desk = Desk::start().await;
        let held = desk.go_live(vec![]).await;
        desk.line.ask(1, search("fjord"));
        let asked = desk.asked().await;
        desk.line.cancel(1);
        desk.line.ask(2, search("holm"));
        let second = desk.asked().await;
        assert!(asked.is_given_up());
        assert!(!held.is_given_up());
        second.fail(unreached(true));
        assert!(matches!(desk.event().await, Event::Answered { ticket: 2, .. }));
        desk.assert_nothing_told();
    }
}
