//! Which cases a demo desk has: what becomes of each, whose it is, and when it was reported. Made so that
//! at any hour something is missed, something breaches within minutes, something is held, and every tier,
//! severity and resolution is there.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::cast::Cast;
use super::dice::Dice;
use crate::domain::rules::Change;
use crate::domain::{
    CaseId, Cause, ClockKind, Environment, PartnerId, ResolutionKind, Severity, Tier,
};
use crate::sla::ledger::Ledger;
use crate::sla::policy::Policy;

/// What becomes of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The case id could not be mailed, and nobody has responded.
    Unanswered,
    /// As that, and somebody has it.
    UnansweredTaken,
    /// Responded by hand, after the target, and in work.
    AnsweredLate,
    /// Mailed, and nobody has it.
    New,
    InWork,
    /// Information is awaited.
    Waiting,
    /// Information is awaited, but the target had passed before.
    WaitingMissed,
    Workaround,
    UnknownKey,
    NotEligible,
    Reopened,
    HandedBack,
    SecondNew,
    SecondInWork,
    SecondWaiting,
    Product,
    ProductBack,
    Closed(ResolutionKind),
    /// Closed by 2nd level with an explanation.
    ClosedAtSecond,
}

impl Fate {
    pub(super) const fn is_closed(self) -> bool {
        matches!(self, Self::Closed(_) | Self::ClosedAtSecond)
    }

    /// Whether the case needs a product error.
    const fn is_error(self) -> bool {
        matches!(
            self,
            Self::Product | Self::ProductBack | Self::Closed(ResolutionKind::CorrectedInRelease)
        )
    }

    /// Whether 2nd level has had it.
    const fn reaches_second(self) -> bool {
        matches!(
            self,
            Self::HandedBack
                | Self::SecondNew
                | Self::SecondInWork
                | Self::SecondWaiting
                | Self::ClosedAtSecond
        ) || self.is_error()
    }
}

/// One case before it is lived.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) id: CaseId,
    pub(super) fate: Fate,
    pub(super) severity: Severity,
    pub(super) environment: Environment,
    pub(super) company: usize,
    pub(super) topic: usize,
    pub(super) reported_at: DateTime<Utc>,
    /// Set for closed cases.
    pub(super) closed_at: Option<DateTime<Utc>>,
    /// When it reaches 2nd level, as a part of its life.
    pub(super) escalated: f64,
    /// Set where a clock must be due at a certain minute: when its tier gets the case. Nothing then holds
    /// the clock or changes its target.
    pub(super) exactly: Option<DateTime<Utc>>,
    /// Whether the person of the demo's partner token has it, where somebody has.
    pub(super) mine: bool,
    pub(super) duplicate_of: Option<CaseId>,
    /// The stream of its own dice.
    pub(super) stream: u64,
}

/// How long ago a case was reported.
#[derive(Clone, Copy)]
enum Age {
    Minutes(i64),
    /// In parts of its tier's resolution target, roughly.
    Targets(f64),
    /// So that a resolution clock is due within these minutes, if the calendar is open then.
    DueIn(i64),
}

/// A case that must be there.
struct Show {
    partner: &'static str,
    fate: Fate,
    severity: Severity,
    age: Age,
    mine: bool,
}

const fn show(partner: &'static str, fate: Fate, severity: Severity, age: Age) -> Show {
    Show { partner, fate, severity, age, mine: false }
}

const fn mine(fate: Fate, severity: Severity, age: Age) -> Show {
    Show { partner: "nordwind", fate, severity, age, mine: true }
}

/// The open cases that a small desk begins with: first what the first minutes at the desk are about.
const OPEN_SHOWS: &[Show] = {
    use Age::{DueIn, Minutes, Targets};
    use Severity::{Critical, High, Low, Medium};
    &[
        // Two hours to respond: 8 minutes left.
        show("nordwind", Fate::Unanswered, Critical, Minutes(112)),
        mine(Fate::UnansweredTaken, Critical, Minutes(190)),
        // Four hours to respond: 17 minutes left.
        show("nordwind", Fate::Unanswered, High, Minutes(223)),
        mine(Fate::InWork, High, Targets(0.4)),
        // 44 minutes left.
        show("nordwind", Fate::Unanswered, High, Minutes(196)),
        show("nordwind", Fate::New, Medium, Minutes(95)),
        mine(Fate::Waiting, Low, Targets(0.6)),
        show("nordwind", Fate::SecondInWork, High, Targets(0.5)),
        show("nordwind", Fate::Product, High, Targets(0.6)),
        show("nordwind", Fate::Unanswered, High, Minutes(35)),
        show("nordwind", Fate::New, Critical, Minutes(40)),
        mine(Fate::InWork, Medium, Targets(1.3)),
        show("nordwind", Fate::InWork, Medium, DueIn(11)),
        mine(Fate::AnsweredLate, High, Targets(0.3)),
        show("summit", Fate::Unanswered, Critical, Minutes(116)),
        show("summit", Fate::SecondNew, Critical, Targets(0.3)),
        show("nordwind", Fate::SecondInWork, Medium, DueIn(14)),
        show("sakura", Fate::SecondWaiting, Medium, Targets(0.4)),
        show("direct", Fate::UnknownKey, Medium, Minutes(500)),
        show("nordwind", Fate::NotEligible, Low, Minutes(700)),
        show("nordwind", Fate::Reopened, High, Targets(0.7)),
        show("nordwind", Fate::HandedBack, Medium, Targets(0.5)),
        show("nordwind", Fate::WaitingMissed, High, Targets(1.2)),
        show("nordwind", Fate::Unanswered, Medium, Targets(0.3)),
        show("nordwind", Fate::Workaround, Critical, Targets(0.5)),
        show("sakura", Fate::InWork, Medium, Targets(0.5)),
        show("sakura", Fate::New, High, Minutes(25)),
        show("summit", Fate::Product, Critical, Targets(0.8)),
        show("sakura", Fate::Product, Medium, Targets(0.7)),
        show("direct", Fate::Product, Low, Targets(0.4)),
        show("summit", Fate::SecondInWork, High, Targets(1.2)),
        show("direct", Fate::ProductBack, Medium, Targets(0.5)),
    ]
};

/// The closed ones.
const CLOSED_SHOWS: &[Show] = {
    use Age::Targets;
    use ResolutionKind as R;
    use Severity::{Critical, High, Low, Medium};
    &[
        mine(Fate::Closed(R::Explanation), High, Targets(0.5)),
        show("nordwind", Fate::Closed(R::Workaround), Medium, Targets(0.6)),
        show("nordwind", Fate::Closed(R::CorrectedInRelease), High, Targets(0.9)),
        show("nordwind", Fate::Closed(R::GuidanceGiven), Low, Targets(0.3)),
        show("nordwind", Fate::Closed(R::NotEligible), Medium, Targets(0.2)),
        show("nordwind", Fate::Closed(R::Duplicate), High, Targets(0.1)),
        show("nordwind", Fate::Closed(R::NoAnswer), Low, Targets(0.9)),
        show("nordwind", Fate::ClosedAtSecond, Critical, Targets(0.4)),
        show("summit", Fate::Closed(R::Explanation), High, Targets(1.3)),
    ]
};

const OPEN_FATES: &[(usize, Fate)] = &[
    (3, Fate::Unanswered),
    (2, Fate::UnansweredTaken),
    (2, Fate::AnsweredLate),
    (9, Fate::New),
    (18, Fate::InWork),
    (8, Fate::Waiting),
    (2, Fate::WaitingMissed),
    (4, Fate::Workaround),
    (2, Fate::UnknownKey),
    (1, Fate::NotEligible),
    (2, Fate::Reopened),
    (3, Fate::HandedBack),
    (5, Fate::SecondNew),
    (9, Fate::SecondInWork),
    (3, Fate::SecondWaiting),
    (6, Fate::Product),
    (1, Fate::ProductBack),
];

const CLOSED_FATES: &[(usize, Fate)] = &[
    (14, Fate::Closed(ResolutionKind::Explanation)),
    (5, Fate::Closed(ResolutionKind::Workaround)),
    (5, Fate::Closed(ResolutionKind::GuidanceGiven)),
    (4, Fate::Closed(ResolutionKind::CorrectedInRelease)),
    (2, Fate::Closed(ResolutionKind::NotEligible)),
    (3, Fate::Closed(ResolutionKind::Duplicate)),
    (4, Fate::Closed(ResolutionKind::NoAnswer)),
    (5, Fate::ClosedAtSecond),
];

const SEVERITIES: &[(usize, Severity)] =
    &[(8, Severity::Critical), (27, Severity::High), (40, Severity::Medium), (25, Severity::Low)];

const ENVIRONMENTS: &[(usize, Environment)] =
    &[(55, Environment::Production), (25, Environment::Live), (20, Environment::Lab)];

/// Where the customers are.
const PARTNERS: &[(usize, &str)] =
    &[(40, "nordwind"), (25, "summit"), (20, "sakura"), (15, "direct")];

/// How far back a closed duplicate looks for the case that it doubles.
const DUPLICATE_REACH: usize = 400;

/// Plans that many cases, about 60 % of them open, in the order in which they were reported.
pub(super) fn plan(
    cast: &Cast,
    policy: &Policy,
    now: DateTime<Utc>,
    seed: u64,
    cases: usize,
) -> Vec<Plan> {
    let open = (cases * 3).div_ceil(5);
    let mut told = Told::default();
    let mut plans: Vec<Plan> = (0..cases)
        .map(|number| {
            let mut dice = Dice::stream(seed, number as u64);
            let closed = number >= open;
            let shown =
                if closed { CLOSED_SHOWS.get(number - open) } else { OPEN_SHOWS.get(number) };
            let thrown;
            let show = if let Some(show) = shown {
                show
            } else {
                thrown = throw(&mut dice, closed);
                &thrown
            };
            draw(cast, policy, now, show, number, &mut told, &mut dice)
        })
        .collect();
    plans.sort_by_key(|p| (p.reported_at, p.stream));
    for (plan, number) in plans.iter_mut().zip(10_001_u64..) {
        plan.id = CaseId::new(format!("C-{number}"));
    }
    pair_duplicates(cast, &mut plans);
    plans
}

fn throw(dice: &mut Dice, closed: bool) -> Show {
    let fate = if closed { CLOSED_FATES } else { OPEN_FATES };
    let fate = dice.weighted(fate).unwrap_or(Fate::InWork);
    let partner = match fate {
        // An unknown key belongs to no partner.
        Fate::UnknownKey => "direct",
        _ => dice.weighted(PARTNERS).unwrap_or("nordwind"),
    };
    let severity = dice.weighted(SEVERITIES).unwrap_or(Severity::Medium);
    let age = match fate {
        Fate::Unanswered => Age::Minutes(dice.seconds(3, 300).num_seconds()),
        Fate::UnansweredTaken | Fate::New => Age::Minutes(dice.seconds(5, 2_400).num_seconds()),
        Fate::UnknownKey | Fate::NotEligible => Age::Minutes(dice.seconds(60, 6_000).num_seconds()),
        Fate::WaitingMissed => Age::Targets(dice.between(1.1, 1.8)),
        Fate::InWork | Fate::SecondInWork if dice.percent(15) => {
            Age::Targets(dice.between(1.0, 1.7))
        }
        Fate::Closed(_) | Fate::ClosedAtSecond if dice.percent(12) => {
            Age::Targets(dice.between(1.1, 1.8))
        }
        _ => Age::Targets(dice.between(0.04, 0.95)),
    };
    Show { partner, fate, severity, age, mine: dice.percent(30) }
}

fn draw(
    cast: &Cast,
    policy: &Policy,
    now: DateTime<Utc>,
    show: &Show,
    number: usize,
    told: &mut Told,
    dice: &mut Dice,
) -> Plan {
    let partner = PartnerId::from(show.partner);
    let company = dice.pick(&cast.customers(&partner)).copied().unwrap_or(0);
    let topic = topic(cast, show, told, dice);
    let environment = match show.severity {
        Severity::Critical => Environment::Production,
        _ => dice.weighted(ENVIRONMENTS).unwrap_or(Environment::Production),
    };
    let first = roughly(policy, show.severity, Tier::First);
    let second = roughly(policy, show.severity, Tier::Second);
    // 1st level hands over somewhere in its own time.
    let at_first = first.mul(dice.between(0.1, 0.7));
    let mut exactly = None;
    let (age, escalated) = match show.age {
        Age::Minutes(minutes) => (TimeDelta::minutes(minutes) + dice.seconds(0, 40), 0.4),
        Age::Targets(share) if show.fate.reaches_second() => {
            let age = at_first + second.mul(share);
            (age, part(at_first, age))
        }
        Age::Targets(share) => (first.mul(share), 0.4),
        Age::DueIn(minutes) => {
            let before = if show.fate.reaches_second() { at_first } else { TimeDelta::zero() };
            exactly = due_in(policy, now, show, &partner, minutes, before);
            let age = exactly.map_or_else(|| before + first.mul(0.9), |start| now - start + before);
            (age, part(before, age))
        }
    };
    let age = TimeDelta::seconds(age.num_seconds().max(60));
    let (reported_at, closed_at) = if show.fate.is_closed() {
        // Closed some time in the last half year.
        let closed = now - dice.seconds(600, 170 * 86_400);
        let tier = if show.fate.reaches_second() { Tier::Second } else { Tier::First };
        let calendar = policy.calendar(policy.calendar_id(tier, &partner));
        let closed = match calendar.and_then(|c| c.next_open(closed)) {
            Some(open) if open > closed => {
                Some(open + dice.seconds(60, 4 * 3600)).filter(|at| *at < now).unwrap_or(closed)
            }
            _ => closed,
        };
        (closed - age, Some(closed))
    } else {
        (now - age, None)
    };
    Plan {
        id: CaseId::from(""),
        fate: show.fate,
        severity: show.severity,
        environment,
        company,
        topic,
        reported_at: DateTime::from_timestamp(reported_at.timestamp(), 0).unwrap_or(reported_at),
        closed_at,
        escalated,
        exactly,
        mine: show.mine,
        duplicate_of: None,
        stream: number as u64,
    }
}

/// How often each topic was chosen for a partner: a queue of the same subjects would look made.
#[derive(Default)]
struct Told(BTreeMap<&'static str, Vec<u32>>);

/// A topic that fits what becomes of the case, one of those that were told least at its partner.
fn topic(cast: &Cast, show: &Show, told: &mut Told, dice: &mut Dice) -> usize {
    let (fate, severity) = (show.fate, show.severity);
    let outside = |cause| matches!(cause, Cause::ThirdParty | Cause::Network);
    let fits = |at: &usize| {
        let topic = &cast.topics[*at];
        match fate {
            // A hot fix is for Critical and High; the rest is planned for later releases.
            fate if fate.is_error() => topic.correction.as_ref().is_some_and(|id| {
                matches!(severity, Severity::Critical | Severity::High)
                    == matches!(id.as_str(), "K-1" | "K-2" | "K-6")
            }),
            Fate::Closed(ResolutionKind::GuidanceGiven) => outside(topic.cause),
            Fate::Closed(_) | Fate::ClosedAtSecond | Fate::Reopened => {
                !outside(topic.cause)
                    && topic.cause != Cause::ProductError
                    && topic.may_be(severity)
            }
            _ => topic.may_be(severity),
        }
    };
    let told = told.0.entry(show.partner).or_insert_with(|| vec![0; cast.topics.len()]);
    let all: Vec<usize> = (0..cast.topics.len()).filter(fits).collect();
    let least = all.iter().map(|at| told[*at]).min();
    let fresh: Vec<usize> = all.into_iter().filter(|at| Some(told[*at]) == least).collect();
    let topic = dice.pick(&fresh).copied().unwrap_or(0);
    told[topic] += 1;
    topic
}

/// A tier's resolution target in calendar time, near enough to place a case in it.
fn roughly(policy: &Policy, severity: Severity, tier: Tier) -> TimeDelta {
    use crate::domain::Target;
    match policy.target(severity, ClockKind::Resolution, tier) {
        // Five days of work are seven of the calendar.
        Some(Target::BusinessDays(n)) => TimeDelta::seconds(i64::from(n) * 86_400 * 7 / 5),
        // A week of work has about a quarter of a week's hours.
        Some(Target::BusinessTime(s)) => TimeDelta::seconds(s * 4),
        Some(Target::Elapsed(s)) => TimeDelta::seconds(s),
        None => TimeDelta::days(20),
    }
}

/// When the case's tier must get it for its resolution clock to be due in about that many minutes; None
/// if the calendar is closed then. `before`: how long the case was elsewhere.
fn due_in(
    policy: &Policy,
    now: DateTime<Utc>,
    show: &Show,
    partner: &PartnerId,
    minutes: i64,
    before: TimeDelta,
) -> Option<DateTime<Utc>> {
    let wanted = now + TimeDelta::minutes(minutes);
    // The longest target, 90 business days, is 126 days and some holidays long.
    let days = (1..200).map(|days| wanted - TimeDelta::days(days));
    // Daylight saving time may lie between.
    let mut starts = days.flat_map(|start| [0, -1, 1].map(|hour| start + TimeDelta::hours(hour)));
    starts.find(|start| {
        let mut ledger = Ledger::opened(*start - before, show.severity, partner, policy);
        let tier = if show.fate.reaches_second() { Tier::Second } else { Tier::First };
        if tier == Tier::Second {
            ledger.apply(*start, &Change::Escalated(tier), policy);
        }
        ledger
            .summaries(*start, policy)
            .into_iter()
            .filter(|c| c.kind == ClockKind::Resolution && c.tier == tier)
            .filter_map(|c| c.due_at)
            .any(|due| (due - wanted).abs() < TimeDelta::minutes(2))
    })
}

fn part(of: TimeDelta, whole: TimeDelta) -> f64 {
    let seconds = |t: TimeDelta| f64::from(i32::try_from(t.num_seconds()).unwrap_or(i32::MAX));
    seconds(of) / seconds(whole).max(1.0)
}

/// A duplicate doubles an earlier case of the same customer; where there is none, it takes over the
/// customer of an earlier case of the same partner.
fn pair_duplicates(cast: &Cast, plans: &mut [Plan]) {
    for at in 0..plans.len() {
        if plans[at].fate != Fate::Closed(ResolutionKind::Duplicate) {
            continue;
        }
        let partner = &cast.companies[plans[at].company].partner;
        let other = plans[at.saturating_sub(DUPLICATE_REACH)..at].iter().rev().find(|other| {
            cast.companies[other.company].partner == *partner
                && !matches!(
                    other.fate,
                    Fate::UnknownKey
                        | Fate::NotEligible
                        | Fate::Closed(ResolutionKind::NotEligible | ResolutionKind::Duplicate)
                )
        });
        if let Some(other) = other {
            let (id, company, topic) = (other.id.clone(), other.company, other.topic);
            let plan = &mut plans[at];
            (plan.duplicate_of, plan.company, plan.topic) = (Some(id), company, topic);
        } else {
            plans[at].fate = Fate::Closed(ResolutionKind::NoAnswer);
        }
    }
}

trait Mul {
    fn mul(self, by: f64) -> Self;
}

impl Mul for TimeDelta {
    fn mul(self, by: f64) -> Self {
        let seconds = f64::from(i32::try_from(self.num_seconds()).unwrap_or(i32::MAX));
        #[allow(clippy::cast_possible_truncation, reason = "a few years of seconds fit")]
        let seconds = (seconds * by) as i64;
        Self::seconds(seconds)
    }
}
