//! A desk that a test plays: a small case service in memory, behind the one trait that the screen knows.
//! What it is asked is written down; what it answers can be scripted.

#![allow(dead_code, reason = "each test program uses its part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test is its failure")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use caseload::client::{Answer, Call, CallError, CaseApi, Fetched};
use caseload::clock::{Clock, DeskClock};
use caseload::domain::{
    Action, Case, CaseDetail, CaseId, CaseState, ClockKind, ClockState, ClockSummary, Customer,
    Eligibility, Environment, PartnerRef, Person, Revision, Role, Severity, Target, Tier,
    TimelineEntry, TimelineKind, Visibility,
};
use caseload::sla::policy::{Policy, PolicyDocument};
use caseload::wire::{Acted, Code, Feed, Me, Problem, Report, Reported};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use tokio::sync::Notify;
use uuid::Uuid;

/// A Tuesday, in the middle of the working day of every calendar of the policy's partners.
pub fn start_of_play() -> DateTime<Utc> {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

/// What a scripted act comes to.
pub enum Outcome {
    Refused(Code, &'static str),
    /// The case was changed by somebody else meanwhile (412).
    Stale,
    /// No answer at all until the test lets go.
    Hangs,
    /// The service panics within the client: for what a broken part does to the screen.
    Panics,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub id: CaseId,
    pub if_match: Option<Revision>,
    pub action: Action,
    pub key: Uuid,
}

#[derive(Default)]
struct State {
    cases: BTreeMap<CaseId, Case>,
    /// The last change of each case, and the number of the last change of all.
    changes: BTreeMap<CaseId, u64>,
    last: u64,
    down: bool,
    script: VecDeque<Outcome>,
    acts: Vec<Asked>,
}

pub struct PlayedDesk {
    pub clock: Arc<DeskClock>,
    state: Mutex<State>,
    changed: Notify,
}

pub fn me() -> Person {
    Person { id: "rhald".into(), name: "R. Hald".into() }
}

fn nordwind() -> PartnerRef {
    PartnerRef { id: "nordwind".into(), name: "Nordwind Support".into() }
}

/// A running clock whose whole target is elapsed time.
fn clock(kind: ClockKind, due_at: DateTime<Utc>, target: TimeDelta) -> ClockSummary {
    ClockSummary {
        kind,
        tier: Tier::First,
        target: format!("{}m", target.num_minutes()).parse::<Target>().unwrap(),
        started_at: due_at - target,
        due_at: Some(due_at),
        state: ClockState::Running,
        paused_since: None,
        ended_at: None,
        remaining_s: None,
        calendar: "nordwind".into(),
        budget_s: target.num_seconds(),
        policy: Policy::embedded().document().version,
    }
}

/// A case that nobody has, whose response is due in so many seconds (of ten hours) and whose resolution in
/// a little more than a hundred hours.
pub fn case(id: &str, severity: Severity, subject: &str, response_due_s: i64) -> Case {
    let now = start_of_play();
    Case {
        id: id.into(),
        subject: subject.into(),
        severity,
        tier: Tier::First,
        state: CaseState::Open,
        partner: nordwind(),
        customer: Customer { company: "Fjord Logistics".into(), contact: "Ida Holm".into() },
        assignee: None,
        eligibility: Eligibility::Eligible,
        environment: Environment::Production,
        workaround: false,
        phone_follow_up: None,
        correction: None,
        reported_at: now - TimeDelta::minutes(20),
        updated_at: now - TimeDelta::minutes(20),
        revision: 7,
        clocks: vec![
            clock(
                ClockKind::Response,
                now + TimeDelta::seconds(response_due_s),
                TimeDelta::hours(10),
            ),
            clock(ClockKind::Resolution, now + TimeDelta::minutes(6030), TimeDelta::hours(200)),
        ],
    }
}

impl PlayedDesk {
    pub fn with(cases: Vec<Case>) -> Arc<Self> {
        Self::ahead(TimeDelta::zero(), cases)
    }

    /// A desk whose service's clock is ahead by so much.
    pub fn ahead(by: TimeDelta, cases: Vec<Case>) -> Arc<Self> {
        let clock = Arc::new(DeskClock::start_at(start_of_play() + by));
        let desk = Self { clock, state: Mutex::default(), changed: Notify::new() };
        for case in cases {
            desk.put(case);
        }
        Arc::new(desk)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A new or changed case.
    pub fn put(&self, case: Case) {
        let mut state = self.state();
        state.last += 1;
        let last = state.last;
        state.changes.insert(case.id.clone(), last);
        state.cases.insert(case.id.clone(), case);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Nobody reaches the desk; or again.
    pub fn set_down(&self, down: bool) {
        self.state().down = down;
        self.changed.notify_waiters();
    }

    /// What the next act comes to; without a script acts are done.
    pub fn script(&self, outcome: Outcome) {
        self.state().script.push_back(outcome);
    }

    pub fn acts(&self) -> Vec<Asked> {
        self.state().acts.clone()
    }

    fn answer<T>(&self, value: T) -> Result<Answer<T>, CallError> {
        if self.state().down {
            let what = "Connection refused by the desk".into();
            return Err(CallError::NotReached { what, sent: false });
        }
        Ok(Answer { value, date: None })
    }

    /// What is new since the cursor.
    fn page(&self, cursor: Option<&str>) -> Feed {
        let state = self.state();
        let since: u64 = cursor.map_or(0, |c| c.parse().unwrap());
        let (open, closed): (Vec<&Case>, Vec<&Case>) = state
            .cases
            .values()
            .filter(|case| state.changes[&case.id] > since)
            .partition(|case| !case.is_closed());
        Feed {
            cases: open.into_iter().cloned().collect(),
            removed: closed.into_iter().map(|case| case.id.clone()).collect(),
            cursor: state.last.to_string(),
            more: false,
            server_time: self.clock.now(),
        }
    }

    /// Does an act, as simply as it can be done.
    fn done(&self, id: &CaseId, action: &Action) -> Acted {
        let now = self.clock.now();
        let mut case = self.state().cases[id].clone();
        case.revision += 1;
        case.updated_at = now;
        let end = |clock: &mut ClockSummary| {
            clock.state = ClockState::Met;
            clock.ended_at = Some(now);
            clock.remaining_s = clock.due_at.map(|due| (due - now).num_seconds());
        };
        match action {
            Action::Respond { .. } => {
                case.clocks.iter_mut().filter(|c| c.kind == ClockKind::Response).for_each(end);
            }
            Action::Take {} => case.assignee = Some(me()),
            Action::Close { .. } => {
                case.state = CaseState::Closed;
                case.clocks.iter_mut().for_each(end);
            }
            _ => {}
        }
        self.put(case.clone());
        let event = TimelineEntry {
            seq: case.revision,
            at: now,
            actor: me(),
            kind: TimelineKind::Other,
            visibility: Visibility::Internal,
            text: "".into(),
            summary: "".into(),
        };
        Acted { case, event }
    }
}

impl CaseApi for PlayedDesk {
    fn me(&self) -> Call<'_, Me> {
        let Person { id, name } = me();
        let me = Me {
            id,
            name,
            role: Role::Partner,
            tier: Some(Tier::First),
            partner: Some(nordwind()),
            may: caseload::domain::ActionKind::ALL.to_vec(),
            mail: false,
        };
        async move { self.answer(me) }.boxed()
    }

    fn policy(&self) -> Call<'_, PolicyDocument> {
        async { self.answer(Policy::embedded().document()) }.boxed()
    }

    fn changes<'a>(
        &'a self,
        cursor: Option<&'a str>,
        _limit: usize,
        wait: Duration,
    ) -> Call<'a, Feed> {
        async move {
            let until = tokio::time::sleep(wait);
            tokio::pin!(until);
            loop {
                let changed = self.changed.notified();
                let page = self.page(cursor);
                let news = cursor != Some(page.cursor.as_str());
                if news || self.state().down || until.is_elapsed() {
                    return self.answer(page);
                }
                tokio::select! {
                    () = changed => {}
                    () = &mut until => {}
                }
            }
        }
        .boxed()
    }

    fn case<'a>(&'a self, id: &'a CaseId, known: Option<Revision>) -> Call<'a, Fetched> {
        async move {
            let case = self.state().cases[id].clone();
            if known == Some(case.revision) {
                return self.answer(Fetched::Unchanged);
            }
            self.answer(Fetched::Case(Box::new(CaseDetail {
                description: "Since Tuesday nobody can log in.".into(),
                product: None,
                version: None,
                licence_key: "…4711".into(),
                email: "ida@fjord.example".into(),
                phone: None,
                resolution: None,
                attachments: Vec::new(),
                timeline: vec![TimelineEntry {
                    seq: 1,
                    at: case.reported_at,
                    actor: Person { id: "customer".into(), name: "Ida Holm".into() },
                    kind: TimelineKind::Reported,
                    visibility: Visibility::Customer,
                    text: "".into(),
                    summary: "".into(),
                }],
                ledger: None,
                case,
            })))
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
        async move {
            let outcome = {
                let mut state = self.state();
                if !state.down {
                    let (id, action) = (id.clone(), action.clone());
                    state.acts.push(Asked { id, if_match, action, key });
                }
                state.script.pop_front()
            };
            match outcome {
                None => {
                    self.answer(())?;
                    let case = self.state().cases[id].clone();
                    if if_match.is_some_and(|revision| revision != case.revision) {
                        let sentence = "The case has changed since you opened the form.";
                        let problem = Problem::new(Code::Stale, sentence).with_case(case);
                        return Err(CallError::Refused(Box::new(problem)));
                    }
                    self.answer(self.done(id, action))
                }
                Some(Outcome::Refused(code, sentence)) => {
                    Err(CallError::Refused(Box::new(Problem::new(code, sentence))))
                }
                Some(Outcome::Stale) => {
                    let mut case = self.state().cases[id].clone();
                    case.revision += 1;
                    case.severity = Severity::Low;
                    self.put(case.clone());
                    let sentence = "The case has changed since you opened the form.";
                    let problem = Problem::new(Code::Stale, sentence).with_case(case);
                    Err(CallError::Refused(Box::new(problem)))
                }
                Some(Outcome::Hangs) => std::future::pending().await,
                Some(Outcome::Panics) => panic!("the played desk breaks a part of the program"),
            }
        }
        .boxed()
    }

    fn report<'a>(&'a self, _report: &'a Report) -> Call<'a, Reported> {
        async { panic!("the screen reports nothing") }.boxed()
    }
}
