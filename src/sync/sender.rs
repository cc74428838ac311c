//! Gets acts done exactly once: those of one case in order, different cases side by side. An act whose
//! outcome is not known is sent again with the key it got when it was accepted, until the desk confirms
//! or refuses it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::line::Line;
use super::{ActFailure, ActRequest, Event, Unconfirmed};
use crate::client::CallError;
use crate::domain::{Action, ActionKind, CaseId, Revision, Untrusted};
use crate::wire::Code;

/// How many acts are out at once.
const SIDE_BY_SIDE: usize = 4;

/// An accepted act, with the key that it keeps.
#[derive(Debug)]
pub(super) struct Act {
    ticket: u64,
    case: CaseId,
    revision: Option<Revision>,
    action: Action,
    key: Uuid,
}

impl Act {
    pub(super) fn new(request: ActRequest, key: Uuid) -> Self {
        let ActRequest { ticket, case, revision, action, .. } = request;
        Self { ticket, case, revision, action, key }
    }
}

/// The acts that have no final answer.
#[derive(Debug, Default)]
pub(super) struct Pending(Mutex<BTreeMap<u64, Unconfirmed>>);

impl Pending {
    fn acts(&self) -> MutexGuard<'_, BTreeMap<u64, Unconfirmed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn accept(&self, act: &Act) {
        let entry = Unconfirmed {
            ticket: act.ticket,
            case: act.case.clone(),
            action: act.action.kind(),
            maybe_done: false,
        };
        self.acts().insert(act.ticket, entry);
    }

    fn maybe_done(&self, ticket: u64, maybe_done: bool) {
        if let Some(entry) = self.acts().get_mut(&ticket) {
            entry.maybe_done = maybe_done;
        }
    }

    fn ended(&self, ticket: u64) {
        self.acts().remove(&ticket);
    }

    pub(super) fn left(&self) -> Vec<Unconfirmed> {
        self.acts().values().cloned().collect()
    }
}

/// The acts of one case.
#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Act>,
    busy: bool,
    /// Between these revisions the case was changed by our own acts alone.
    own: Option<(Revision, Revision)>,
}

impl Lane {
    /// The revision to ask for: a form that was opened before our own last act knows an older one, and
    /// nothing that its writer has not done himself came between.
    fn advanced(&self, revision: Option<Revision>) -> Option<Revision> {
        match (revision, self.own) {
            (Some(known), Some((from, to))) if (from..=to).contains(&known) => Some(to),
            (revision, _) => revision,
        }
    }

    fn acted(&mut self, asked: Option<Revision>, now: Revision) {
        self.own = match (self.own, asked) {
            (Some((from, to)), Some(asked)) if asked == to => Some((from, now)),
            (Some((from, to)), None) if now == to + 1 => Some((from, now)),
            (_, Some(asked)) => Some((asked, now)),
            (_, None) => Some((now, now)),
        };
    }
}

/// How the work on an act ended.
#[derive(Debug)]
enum End {
    Done {
        asked: Option<Revision>,
        now: Revision,
    },
    Failed,
    /// The line closes and there is no answer.
    GivenUp,
}

pub(super) async fn run(
    line: Arc<Line>,
    mut accepted: mpsc::UnboundedReceiver<Act>,
    pending: Arc<Pending>,
) {
    let places = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut lanes: HashMap<CaseId, Lane> = HashMap::new();
    let mut working = JoinSet::new();
    let mut open = true;
    loop {
        let case = tokio::select! {
            act = accepted.recv(), if open => {
                let Some(act) = act else {
                    open = false;
                    continue;
                };
                let case = act.case.clone();
                lanes.entry(case.clone()).or_default().waiting.push_back(act);
                case
            }
            Some(ended) = working.join_next(), if !working.is_empty() => {
                let (case, end) = match ended {
                    Ok(ended) => ended,
                    Err(error) => {
                        tracing::error!(%error, "an act was left without an end");
                        continue;
                    }
                };
                let lane = lanes.entry(CaseId::clone(&case)).or_default();
                lane.busy = false;
                match end {
                    End::Done { asked, now } => lane.acted(asked, now),
                    End::Failed => {}
                    End::GivenUp => lane.waiting.clear(),
                }
                case
            }
            else => return,
        };
        let lane = lanes.entry(case).or_default();
        if !lane.busy
            && let Some(mut act) = lane.waiting.pop_front()
        {
            lane.busy = true;
            act.revision = lane.advanced(act.revision);
            let (line, places, pending) =
                (Arc::clone(&line), Arc::clone(&places), Arc::clone(&pending));
            working.spawn(async move {
                let end = work(&line, &act, &places, &pending).await;
                (act.case, end)
            });
        }
    }
}

/// Sends one act until it has an answer, or until the line closes and one last try has none.
async fn work(line: &Line, act: &Act, places: &Semaphore, pending: &Pending) -> End {
    let ticket = act.ticket;
    let mut recoveries = line.recoveries();
    let mut failures = 0;
    let mut uncertain = false;
    let mut told = None;
    loop {
        let last_try = line.closing().is_cancelled();
        recoveries.mark_unchanged();
        line.quiet().await;
        let answer = {
            let _place = places.acquire().await;
            pending.maybe_done(ticket, true);
            line.ask(false, line.api.act(&act.case, act.key, act.revision, &act.action)).await
        };
        let error = match answer {
            Ok(acted) => {
                pending.ended(ticket);
                // The desk is there: a poller that waits for its next try need not.
                line.poke();
                let end = End::Done { asked: act.revision, now: acted.case.revision };
                line.tell(Event::ActDone { ticket, case: Box::new(acted.case) }).await;
                return end;
            }
            Err(error) => error,
        };
        if !is_undecided(&error) {
            pending.ended(ticket);
            let failure = Box::new(failure(act, error, uncertain));
            tracing::warn!(case = %act.case, why = ?failure.sentence, "an act failed");
            line.tell(Event::ActFailed { ticket, failure }).await;
            return End::Failed;
        }
        uncertain |= !matches!(error, CallError::NotReached { sent: false, .. });
        pending.maybe_done(ticket, uncertain);
        if told.as_ref() != Some(error.sentence()) {
            told = Some(error.sentence().clone());
            let why = error.sentence().clone();
            line.tell(Event::ActDelayed { ticket, why }).await;
        }
        if last_try {
            return End::GivenUp;
        }
        failures += 1;
        tokio::select! {
            () = tokio::time::sleep(line.pause(failures)) => {}
            _ = recoveries.changed() => {}
            () = line.closing().cancelled() => {}
        }
    }
}

/// Whether the act may have been done, or may still be: an unreadable answer tells nothing.
fn is_undecided(error: &CallError) -> bool {
    match error {
        CallError::NotReached { .. } | CallError::Busy { .. } | CallError::NotUnderstood(_) => true,
        CallError::Refused(problem) => problem.code == Code::InProgress,
        CallError::SignedOut(_) | CallError::NotAllowed(_) => false,
    }
}

fn failure(act: &Act, error: CallError, uncertain: bool) -> ActFailure {
    let kind: ActionKind = act.action.kind();
    let mut sentence =
        format!("Could not {} {}: {}", kind.verb(), act.case, error.sentence().raw());
    // A refusal of the same key is final. One at the door says nothing of an earlier try.
    if uncertain && matches!(error, CallError::SignedOut(_) | CallError::NotAllowed(_)) {
        sentence.push_str(" An earlier try may have been done: look before sending it again.");
    }
    let (fields, current) = match error {
        CallError::Refused(problem) | CallError::NotAllowed(problem) => {
            let fields = problem.errors.into_iter().map(|e| (e.field, e.message)).collect();
            (fields, problem.case)
        }
        _ => (Vec::new(), None),
    };
    ActFailure { sentence: Untrusted::new(sentence), fields, current }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::super::Link;
    use super::super::fake::{Asked, Desk, Question, Said, acted, case, me, refused, unreached};
    use super::*;
    use crate::sla::policy::Policy;
    use crate::wire::{FieldError, Problem};
    use tokio::time::Instant;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Case, revision and text of the note that was asked for.
    fn note(asked: &Asked) -> (&str, Option<Revision>, &str) {
        let Question::Act { id, if_match, action: Action::Note { text }, .. } = &asked.question
        else {
            panic!("{:?}", asked.question)
        };
        (id.as_str(), *if_match, text)
    }

    #[tokio::test(start_paused = true)]
    async fn an_act_is_sent_with_its_revision_and_done_when_the_desk_says_so() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        desk.note(1, "C-1", Some(7));
        let asked = desk.asked().await;
        assert_eq!(note(&asked), ("C-1", Some(7), "1"));
        assert_eq!(asked.key().get_version_num(), 7);
        desk.assert_nothing_told();
        asked.say(acted("C-1", 8));
        assert_eq!(
            desk.event().await,
            Event::ActDone { ticket: 1, case: Box::new(case("C-1", 8)) }
        );
        assert_eq!(desk.line.shutdown(s(5)).await, []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_answer_is_asked_for_again_with_the_same_key_until_it_comes() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        desk.note(1, "C-1", Some(7));
        let first = desk.asked().await;
        let (key, mut at) = (first.key(), first.at);
        first.fail(unreached(true));
        let Event::ActDelayed { ticket: 1, why } = desk.event().await else { panic!() };
        assert_eq!(why.raw(), "Could not reach desk: connection refused");
        let busy = || CallError::Busy { what: "busy".into(), retry_after: None };
        for (pause, error) in [
            (1, busy()),
            (2, busy()),
            (4, CallError::NotUnderstood("a page".into())),
            (8, refused(Code::InProgress, "still being worked on")),
            (16, unreached(false)),
        ] {
            let again = desk.asked().await;
            assert_eq!((again.key(), again.at - at), (key, s(pause)));
            assert_eq!(note(&again), ("C-1", Some(7), "1"));
            at = again.at;
            again.fail(error);
        }
        desk.asked().await.say(acted("C-1", 8));
        let mut told = Vec::new();
        while !matches!(told.last(), Some(Event::ActDone { ticket: 1, .. })) {
            told.push(desk.event().await);
        }
        // The second "busy" in a row was no news.
        assert_eq!(told.len(), 5, "{told:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn acts_of_one_case_keep_their_order_and_other_cases_do_not_wait() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        desk.note(1, "C-1", None);
        desk.note(2, "C-1", None);
        desk.note(3, "C-2", None);
        let (a, b) = (desk.asked().await, desk.asked().await);
        let texts: HashSet<_> = [note(&a).2, note(&b).2].into_iter().collect();
        assert_eq!(texts, HashSet::from(["1", "3"]));
        let (one, three) = if note(&a).2 == "1" { (a, b) } else { (b, a) };
        // The first fails and waits; the second of its case waits with it.
        let first_key = one.key();
        one.fail(unreached(true));
        let again = desk.asked().await;
        assert_eq!(again.key(), first_key);
        again.fail(refused(Code::Rule, "No."));
        let two = desk.asked().await;
        assert_eq!(note(&two), ("C-1", None, "2"));
        assert_ne!(two.key(), first_key);
        two.say(acted("C-1", 2));
        three.say(acted("C-2", 2));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_a_few_acts_are_out_at_once() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        for n in 0..20 {
            desk.note(n, &format!("C-{n}"), None);
        }
        let mut out = Vec::new();
        for _ in 0..SIDE_BY_SIDE {
            out.push(desk.asked().await);
        }
        desk.assert_nothing_asked_for(s(5)).await;
        out.pop().unwrap().say(acted("C-0", 2));
        desk.asked().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_form_that_was_opened_before_ones_own_last_act_is_not_stale() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        for (ticket, revision) in [(1, Some(7)), (2, Some(7)), (3, Some(8))] {
            desk.note(ticket, "C-1", revision);
        }
        for (expected, now) in [(7, 8), (8, 9), (9, 10)] {
            let asked = desk.asked().await;
            assert_eq!(note(&asked).1, Some(expected));
            asked.say(acted("C-1", now));
        }
        // Somebody else's act came between 10 and 12: that is for the desk to say.
        for (known, expected, now) in [(9, 10, 11), (12, 12, 13), (11, 11, 14)] {
            desk.note(known, "C-1", Some(known));
            let asked = desk.asked().await;
            assert_eq!(note(&asked).1, Some(expected));
            asked.say(acted("C-1", now));
            while !matches!(desk.event().await, Event::ActDone { ticket, .. } if ticket == known) {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_says_what_could_not_be_done_why_and_which_field_and_is_final() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        let stale = Problem::new(Code::Stale, "It has changed.").with_case(case("C-1", 9));
        let invalid =
            Problem::new(Code::Invalid, "A field is wrong.").with_errors(vec![FieldError {
                field: "text".to_owned(),
                message: "is missing".into(),
            }]);
        let not_allowed = Problem::new(Code::NotAllowed, "Only 2nd level may.");
        for (error, sentence, fields, revision) in [
            (CallError::Refused(Box::new(stale)), "It has changed.", vec![], Some(9)),
            (
                CallError::Refused(Box::new(invalid)),
                "A field is wrong.",
                vec![("text".to_owned(), "is missing".into())],
                None,
            ),
            (CallError::NotAllowed(Box::new(not_allowed)), "Only 2nd level may.", vec![], None),
            (CallError::SignedOut("Not logged in.".into()), "Not logged in.", vec![], None),
        ] {
            desk.note(1, "C-1", Some(7));
            desk.asked().await.fail(error);
            let Event::ActFailed { ticket: 1, failure } = desk.event().await else { panic!() };
            assert_eq!(failure.sentence.raw(), format!("Could not note on C-1: {sentence}"));
            assert_eq!(failure.fields, fields);
            assert_eq!(failure.current.map(|c| c.revision), revision);
        }
        desk.assert_nothing_asked_for(s(20)).await;
        assert_eq!(desk.line.shutdown(s(5)).await, []);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_turned_away_at_the_door_hears_that_an_earlier_try_may_have_been_done() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        desk.note(1, "C-1", None);
        desk.asked().await.fail(unreached(true));
        desk.asked().await.fail(CallError::SignedOut("Not logged in.".into()));
        desk.event().await;
        let Event::ActFailed { failure, .. } = desk.event().await else { panic!() };
        assert_eq!(
            failure.sentence.raw(),
            "Could not note on C-1: Not logged in. An earlier try may have been done: look before \
             sending it again."
        );
    }

    /// The next two questions: what the poller asks, and an act.
    async fn poll_and_act(desk: &mut Desk) -> (Asked, Asked) {
        let (a, b) = (desk.asked().await, desk.asked().await);
        if matches!(a.question, Question::Act { .. }) { (b, a) } else { (a, b) }
    }

    #[tokio::test(start_paused = true)]
    async fn acts_that_wait_go_at_once_when_the_link_is_back_and_bring_it_back_themselves() {
        let mut desk = Desk::start().await;
        let held = desk.go_live(vec![]).await;
        desk.note(1, "C-1", None);
        let mut act = desk.asked().await;
        let key = act.key();
        held.fail(unreached(true));
        assert!(matches!(desk.link().await, Link::Offline { .. }));
        let mut poll = desk.asked().await;
        // Both fail for a while, until their pauses are long.
        for _ in 0..8 {
            act.fail(unreached(false));
            poll.fail(unreached(false));
            (poll, act) = poll_and_act(&mut desk).await;
        }
        act.fail(unreached(false));
        let back_at = Instant::now();
        poll.say(Said::Me(me()));
        desk.asked().await.say(Said::Policy(Policy::embedded().document()));
        desk.asked().await.say(desk.feed(vec![], "c2", false));
        let (held, act) = poll_and_act(&mut desk).await;
        assert_eq!((act.key(), act.at), (key, back_at));

        // The other way round: an act that gets through ends the poller's pause.
        held.fail(unreached(true));
        while !matches!(desk.link().await, Link::Offline { .. }) {}
        act.say(acted("C-1", 2));
        let poll = desk.asked().await;
        assert_eq!((poll.question, poll.at), (Question::Me, back_at));
    }

    #[tokio::test(start_paused = true)]
    async fn closing_waits_for_the_act_under_way_and_for_what_follows_it() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        desk.note(1, "C-1", None);
        desk.note(2, "C-1", None);
        let one = desk.asked().await;
        let Desk { line, mut asks, .. } = desk;
        let mut closing = Box::pin(line.shutdown(s(5)));
        assert!(futures_util::poll!(&mut closing).is_pending());
        one.say(acted("C-1", 2));
        let answering = async {
            let two = asks.recv().await.unwrap();
            assert_eq!(note(&two).2, "2");
            two.say(acted("C-1", 3));
        };
        let (left, ()) = tokio::join!(closing, answering);
        assert_eq!(left, []);
    }

    #[tokio::test(start_paused = true)]
    async fn closing_is_bounded_and_tells_what_has_no_answer() {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        desk.note(1, "C-1", None);
        desk.note(2, "C-1", None);
        let out = desk.asked().await;
        let began = Instant::now();
        let left = desk.line.shutdown(s(5)).await;
        assert_eq!(Instant::now() - began, s(5));
        assert!(out.is_given_up());
        let left: Vec<_> = left.into_iter().map(|u| (u.ticket, u.maybe_done)).collect();
        assert_eq!(left, [(1, true), (2, false)]);
    }

    #[tokio::test(start_paused = true)]
    async fn closing_gives_an_act_that_waits_one_more_try_and_no_more() {
        for (error, maybe_done) in [(unreached(false), false), (unreached(true), true)] {
            let mut desk = Desk::start().await;
            let _held = desk.go_live(vec![]).await;
            desk.note(1, "C-1", None);
            desk.asked().await.fail(unreached(false));
            desk.event().await;
            let Desk { line, mut asks, .. } = desk;
            let began = Instant::now();
            let answering = async {
                asks.recv().await.unwrap().fail(error);
            };
            let (left, ()) = tokio::join!(line.shutdown(s(5)), answering);
            assert_eq!(Instant::now(), began);
            let [left] = left.try_into().unwrap();
            assert_eq!(
                left,
                Unconfirmed { ticket: 1, case: "C-1".into(), action: ActionKind::Note, maybe_done }
            );
        }
    }
}
