//! The desk of the simulation, and the line to it: revisions, keys, refusals, other people's changes, and
//! everything that can happen to a request on its way.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::FutureExt;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::super::fake;
use super::chance::Chance;
use crate::client::{Answer, Call, CallError, CaseApi, Fetched};
use crate::domain::{Action, Case, CaseDetail, CaseId, Revision};
use crate::sla::policy::{Policy, PolicyDocument};
use crate::wire::{Acted, Code, Feed, Me, Problem, Report, Reported};

static POLICY: LazyLock<PolicyDocument> = LazyLock::new(|| Policy::embedded().document());

/// What is written in an act, which names it in the simulation.
pub(super) fn label(action: &Action) -> &str {
    match action {
        Action::Note { text } | Action::Reply { text } | Action::Close { text, .. } => text,
        Action::Escalate { reason, .. } | Action::HandBack { reason } => reason,
        other => panic!("no act of the simulation: {other:?}"),
    }
}

/// An act that the desk has done.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) label: String,
    pub(super) case: CaseId,
}

#[derive(Debug)]
struct Kept {
    revision: Revision,
    updated_at: DateTime<Utc>,
    is_open: bool,
    /// The number of its last change.
    seq: u64,
}

#[derive(Debug, Default)]
struct Books {
    cases: BTreeMap<CaseId, Kept>,
    seq: u64,
    answers: BTreeMap<Uuid, (Action, Result<Acted, Problem>)>,
    done: Vec<Done>,
    /// The key with which each act was first sent.
    keys: BTreeMap<String, Uuid>,
    /// How often each act was sent.
    sent: BTreeMap<String, u64>,
    broken_rules: Vec<String>,
    /// What is still on its way, although whoever sent it is gone, or has an answer.
    late: Vec<(CaseId, Uuid, Option<Revision>, Action)>,
}

/// The desk behind the line, the same for all processes.
pub(super) struct Desk {
    books: Mutex<Books>,
    changed: watch::Sender<u64>,
    /// Nothing gets through.
    is_down: Mutex<bool>,
    /// The line has faults.
    is_bad: Mutex<bool>,
    began: (Instant, DateTime<Utc>),
}

impl Desk {
    pub(super) fn open(cases: &[&str], now: DateTime<Utc>) -> Arc<Self> {
        let mut books = Books::default();
        for id in cases {
            books.seq += 1;
            let kept = Kept { revision: 1, updated_at: now, is_open: true, seq: books.seq };
            books.cases.insert(CaseId::from(*id), kept);
        }
        Arc::new(Self {
            changed: watch::Sender::new(books.seq),
            books: Mutex::new(books),
            is_down: Mutex::new(false),
            is_bad: Mutex::new(true),
            began: (Instant::now(), now),
        })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        let (began, at) = self.began;
        at + TimeDelta::from_std(began.elapsed()).unwrap()
    }

    pub(super) fn set_down(&self, is_down: bool) {
        *self.is_down.lock().unwrap() = is_down;
    }

    pub(super) fn mend(&self) {
        self.set_down(false);
        *self.is_bad.lock().unwrap() = false;
    }

    pub(super) fn done(&self) -> Vec<Done> {
        self.books().done.clone()
    }

    pub(super) fn times_done(&self, label: &str) -> usize {
        self.books().done.iter().filter(|done| done.label == label).count()
    }

    pub(super) fn key_of(&self, label: &str) -> Option<Uuid> {
        self.books().keys.get(label).copied()
    }

    pub(super) fn broken_rules(&self) -> Vec<String> {
        self.books().broken_rules.clone()
    }

    pub(super) fn case(&self, id: &CaseId) -> Case {
        self.detail(id).case
    }

    fn detail(&self, id: &CaseId) -> CaseDetail {
        let books = self.books();
        let kept = &books.cases[id];
        let mut detail = fake::detail(id.as_str(), kept.revision);
        detail.case.updated_at = kept.updated_at;
        detail
    }

    /// Somebody else does something, or closes or opens the case.
    pub(super) fn others_act(&self, id: &CaseId, turns: bool) {
        let now = self.now();
        let mut books = self.books();
        books.change(id, now);
        let kept = books.cases.get_mut(id).unwrap();
        kept.is_open ^= turns;
        let seq = books.seq;
        drop(books);
        self.changed.send_replace(seq);
    }

    /// What was still on its way arrives; nobody hears of the answers.
    pub(super) fn deliver_late(&self) {
        let late = std::mem::take(&mut self.books().late);
        for (id, key, if_match, action) in late {
            let _ = self.act(&id, key, if_match, &action);
        }
    }

    /// What the desk does with a request that has come.
    fn act(
        &self,
        id: &CaseId,
        key: Uuid,
        if_match: Option<Revision>,
        action: &Action,
    ) -> Result<Acted, Problem> {
        let now = self.now();
        let mut books = self.books();
        if let Some((known, answer)) = books.answers.get(&key) {
            if known != action {
                return Err(Problem::new(Code::KeyReused, "Another act has that key."));
            }
            return answer.clone();
        }
        let kept = &books.cases[id];
        let (revision, is_open) = (kept.revision, kept.is_open);
        let stale = if_match.is_some_and(|known| known != revision);
        let refusal = if !is_open {
            Some(Problem::new(Code::Rule, "It is closed."))
        } else if stale {
            drop(books);
            let problem = Problem::new(Code::Stale, "It has changed.").with_case(self.case(id));
            return Err(problem);
        } else {
            None
        };
        let answer = match refusal {
            Some(problem) => Err(problem),
            None => {
                let label = label(action).to_owned();
                books.done.push(Done { label, case: id.clone() });
                books.change(id, now);
                let case = fake::case(id.as_str(), revision + 1);
                let case = Case { updated_at: now, ..case };
                Ok(Acted { case, event: fake::event(revision + 1) })
            }
        };
        books.answers.insert(key, (action.clone(), answer.clone()));
        let seq = books.seq;
        drop(books);
        self.changed.send_replace(seq);
        answer
    }

    /// An act is on its way; how often it was by now.
    fn was_sent(&self, key: Uuid, action: &Action) -> u64 {
        let mut books = self.books();
        let label = label(action).to_owned();
        let known = *books.keys.entry(label.clone()).or_insert(key);
        if known != key {
            books.broken_rules.push(format!("{label} was sent with another key"));
        }
        let sent = books.sent.entry(label).or_default();
        *sent += 1;
        *sent
    }
}

impl Books {
    fn change(&mut self, id: &CaseId, now: DateTime<Utc>) {
        self.seq += 1;
        let kept = self.cases.get_mut(id).unwrap();
        kept.revision += 1;
        kept.updated_at = now;
        kept.seq = self.seq;
    }
}

/// An act whose sender may be gone before it arrives.
struct OnItsWay<'d> {
    desk: &'d Desk,
    request: Option<(CaseId, Uuid, Option<Revision>, Action)>,
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.desk.books().late.extend(self.request.take());
    }
}

/// What becomes of one exchange.
#[derive(Debug, Clone, Copy)]
enum Way {
    Through,
    /// It never leaves.
    NotSent,
    /// It gets lost on its way there.
    Lost,
    /// It arrives, and its answer gets lost.
    AnswerLost,
    Busy(u64),
    SignedOut,
    /// A page of something in between, whether or not the desk was asked.
    Page {
        asked: bool,
    },
    Twice,
    StillDoing,
}

/// The line of one process to the desk.
pub(super) struct Line {
    pub(super) desk: Arc<Desk>,
    pub(super) chance: Mutex<Chance>,
    pub(super) seed: u64,
}

impl Line {
    fn draw(&self, act: Option<(&Action, u64)>) -> (Way, Duration, Duration) {
        // By what is sent and how often it was, so that one thing that goes another way does not turn all
        // that comes after it.
        let mut chance = match act {
            Some((action, times)) => {
                Chance::of(&[self.seed, Chance::hash(self::label(action)), times])
            }
            None => Chance::of(&[self.chance.lock().unwrap().next()]),
        };
        if *self.desk.is_down.lock().unwrap() {
            return (Way::NotSent, Duration::ZERO, Duration::ZERO);
        }
        if !*self.desk.is_bad.lock().unwrap() {
            return (Way::Through, Duration::from_millis(20), Duration::from_millis(20));
        }
        let way = match chance.below(100) {
            0..=44 => Way::Through,
            45..=52 => Way::NotSent,
            53..=60 => Way::Lost,
            61..=72 => Way::AnswerLost,
            73..=78 => Way::Busy(chance.below(30)),
            79..=82 => Way::SignedOut,
            83..=88 => Way::Page { asked: chance.below(2) == 0 },
            89..=95 => Way::Twice,
            _ => Way::StillDoing,
        };
        let mut pause = || match chance.below(10) {
            0..=5 => Duration::from_millis(chance.below(200)),
            6..=8 => Duration::from_millis(chance.below(5_000)),
            _ => Duration::from_millis(chance.below(40_000)),
        };
        (way, pause(), pause())
    }

    /// Passes something to the desk, and its answer back.
    async fn pass<T>(
        &self,
        drawn: (Way, Duration, Duration),
        ask: impl Fn() -> Result<T, Problem>,
    ) -> Result<Answer<T>, CallError> {
        let (way, there, back) = drawn;
        let lost = |sent| CallError::NotReached { what: "Could not reach desk: gone".into(), sent };
        let said = |answer: Result<T, Problem>| {
            let date = Some(self.desk.now());
            answer.map(|value| Answer { value, date }).map_err(|p| CallError::Refused(Box::new(p)))
        };
        tokio::time::sleep(there).await;
        match way {
            Way::NotSent => Err(lost(false)),
            Way::Lost => Err(lost(true)),
            Way::Busy(s) => Err(CallError::Busy {
                what: "Slow down.".into(),
                retry_after: Some(Duration::from_secs(s)),
            }),
            Way::SignedOut => Err(CallError::SignedOut("Not logged in".into())),
            Way::Page { asked: false } => Err(CallError::NotUnderstood("a page".into())),
            Way::StillDoing => said(Err(Problem::new(Code::InProgress, "still being worked on"))),
            Way::Through | Way::AnswerLost | Way::Page { asked: true } | Way::Twice => {
                let answer = ask();
                tokio::time::sleep(back).await;
                match way {
                    Way::AnswerLost => Err(lost(true)),
                    Way::Page { .. } => Err(CallError::NotUnderstood("a page".into())),
                    _ => said(answer),
                }
            }
        }
    }
}

impl CaseApi for Line {
    fn me(&self) -> Call<'_, Me> {
        async { self.pass(self.draw(None), || Ok(fake::me())).await }.boxed()
    }

    fn policy(&self) -> Call<'_, PolicyDocument> {
        async { self.pass(self.draw(None), || Ok(POLICY.clone())).await }.boxed()
    }

    fn changes<'a>(
        &'a self,
        cursor: Option<&'a str>,
        limit: usize,
        wait: Duration,
    ) -> Call<'a, Feed> {
        async move {
            let since: u64 = cursor.map_or(0, |cursor| cursor.parse().unwrap());
            let mut changed = self.desk.changed.subscribe();
            let drawn = self.draw(None);
            if !matches!(drawn.0, Way::NotSent) {
                let news = changed.wait_for(|seq| *seq > since);
                let _ = tokio::time::timeout(wait, news).await;
            }
            self.pass(drawn, || {
                let ids: Vec<CaseId> = {
                    let books = self.desk.books();
                    let fresh = books.cases.iter().filter(|(_, kept)| kept.seq > since);
                    fresh.map(|(id, _)| id.clone()).collect()
                };
                assert!(ids.len() <= limit);
                Ok(Feed {
                    cases: ids.iter().map(|id| self.desk.case(id)).collect(),
                    removed: Vec::new(),
                    cursor: self.desk.changed.borrow().to_string(),
                    more: false,
                    server_time: self.desk.now(),
                })
            })
            .await
        }
        .boxed()
    }

    fn case<'a>(&'a self, id: &'a CaseId, known: Option<Revision>) -> Call<'a, Fetched> {
        async move {
            self.pass(self.draw(None), || {
                let detail = self.desk.detail(id);
                Ok(match known {
                    Some(known) if known == detail.case.revision => Fetched::Unchanged,
                    _ => Fetched::Case(Box::new(detail)),
                })
            })
            .await
        }
        .boxed()
    }

    fn act<'a>(
        &'a self,
        id: &'a CaseId,
        key: Uuid,
        if_match: Option<Revision>,
        action: &'a Action,
    ) -> Call<'a, Acted> {
        let times = self.desk.was_sent(key, action);
        let drawn = self.draw(Some((action, times)));
        let on_its_way = OnItsWay {
            desk: &self.desk,
            request: Some((id.clone(), key, if_match, action.clone())),
        };
        async move {
            let mut on_its_way = on_its_way;
            if matches!(drawn.0, Way::NotSent | Way::Lost) {
                on_its_way.request = None;
            }
            if matches!(drawn.0, Way::Twice) {
                // The second one comes when it comes.
                self.desk.books().late.extend(on_its_way.request.clone());
            }
            let answer = self.pass(drawn, || self.desk.act(id, key, if_match, action)).await;
            on_its_way.request = None;
            answer
        }
        .boxed()
    }

    fn report<'a>(&'a self, _report: &'a Report) -> Call<'a, Reported> {
        async { panic!("the line to a desk reports nothing") }.boxed()
    }
}
