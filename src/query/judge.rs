//! Whether a case fits a query at an instant, how near its words are, and until when that holds.

use std::ops::ControlFlow;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::term::{Link, Op, Query, Span, Term, Test, With};
use super::words::{Day, Is};
use crate::domain::{Actor, Case, CaseState, ClockKind, ClockState, ClockSummary, PhoneFollowUp};
use crate::sla::policy::Policy;
use crate::sla::reading::limits::{self, Amount, Until};
use crate::sla::reading::{self, Face};

/// Words of fewer letters are looked for as they are: with letters left out they would be everywhere.
const FUZZY_FROM: usize = 3;
/// What each letter of a word scores at least where it was found: less is scattered, and no find.
const LETTER_SCORE: u16 = 16;
/// In every zone of the world a day begins at a full quarter of an hour.
const QUARTER_S: i64 = 15 * 60;

/// Who asks, when, and by whose policy.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// None: not known yet, so that nobody can tell what is theirs.
    pub me: Option<&'a Actor>,
    /// What the clock of the case's desk says.
    pub now: DateTime<Utc>,
    pub policy: &'a Policy,
    /// The name of the case's desk.
    pub desk: &'a str,
}

/// What a case is found by, in small letters: one line a field, so that no word is found across two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    #[must_use]
    pub fn of(case: &Case) -> Self {
        let with = case.assignee.as_ref();
        let fields = [
            case.id.as_str(),
            case.subject.raw(),
            case.customer.company.raw(),
            case.customer.contact.raw(),
            case.partner.name.raw(),
            with.map_or("", |person| person.name.raw()),
            with.map_or("", |person| person.id.as_str()),
        ];
        Self(fields.join("\n").to_lowercase())
    }
}

/// What looks for letters in texts; it keeps its memory from case to case.
pub struct Finder {
    matcher: Matcher,
    text: Vec<char>,
    word: Vec<char>,
}

impl Default for Finder {
    fn default() -> Self {
        Self { matcher: Matcher::new(Config::DEFAULT), text: Vec::new(), word: Vec::new() }
    }
}

impl Finder {
    /// How well a line has the letters of a word in their order; None: it has not, or scattered.
    fn score(&mut self, line: &str, word: &str) -> Option<u16> {
        // An accent that was typed is looked for; one that was not is no hindrance.
        self.matcher.config.normalize = word.is_ascii();
        let text = Utf32Str::new(line, &mut self.text);
        let word = Utf32Str::new(word, &mut self.word);
        let least = u16::try_from(word.len()).unwrap_or(u16::MAX).saturating_mul(LETTER_SCORE);
        self.matcher.fuzzy_match(text, word).filter(|score| *score >= least)
    }
}

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Judgement {
    pub fits: bool,
    /// Where it stands among others: 0 where every word stands there as it is, more the more letters lie
    /// between those of a word.
    pub rank: u16,
    /// When to judge anew, since time may change the answer; None: time changes nothing.
    pub until: Option<DateTime<Utc>>,
}

impl Query {
    /// Whether a case fits. `text`: [`Text::of`] that case.
    pub fn judge(&self, case: &Case, text: &Text, scope: &Scope, finder: &mut Finder) -> Judgement {
        let no = Judgement::default();
        // What costs least goes first; what time cannot change settles what it does not fit.
        for term in &self.terms {
            let holds = match &term.test {
                // What must not occur must not occur as it is.
                Test::Word(word) if term.negated => Some(text.0.contains(word)),
                test => test.at_once(case, text, scope),
            };
            if holds == Some(term.negated) {
                return no;
            }
        }
        let mut rank = 0;
        for term in &self.terms {
            if let (Test::Word(word), false) = (&term.test, term.negated) {
                match found(text, word, finder) {
                    Some(score) => rank += u32::from(score),
                    None => return no,
                }
            }
        }
        let mut judgement =
            Judgement { fits: true, rank: u16::try_from(rank).unwrap_or(u16::MAX), until: None };
        for term in &self.terms {
            if let Some((holds, until)) = term.in_time(case, scope) {
                judgement.fits &= holds != term.negated;
                judgement.until = earlier(judgement.until, until);
            }
        }
        judgement
    }
}

fn earlier(a: Option<DateTime<Utc>>, b: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    [a, b].into_iter().flatten().min()
}

/// How far a text is from having a word as it is: 0, or more the more scattered its letters are.
fn found(text: &Text, word: &str, finder: &mut Finder) -> Option<u16> {
    if text.0.contains(word) {
        return Some(0);
    }
    word.chars().nth(FUZZY_FROM - 1)?;
    let best = text.0.split('\n').filter_map(|line| finder.score(line, word)).max()?;
    Some(10_000_u16.saturating_sub(best).max(1))
}

impl Test {
    /// What does not depend on the time; None: it does, or it is a word.
    fn at_once(&self, case: &Case, text: &Text, scope: &Scope) -> Option<bool> {
        Some(match self {
            Self::Text(texts) => texts.iter().any(|exact| text.0.contains(exact)),
            Self::Severity(values) => values.contains(&case.severity),
            // The worst is the most.
            Self::SeverityAt(op, value) => op.holds(value.cmp(&case.severity)),
            Self::Tier(values) => values.contains(&case.tier),
            Self::TierAt(op, value) => op.holds(case.tier.cmp(value)),
            Self::With(values) => values.iter().any(|with| holds_with(with, case, scope)),
            Self::Is(values) => {
                let mut known = true;
                for is in values {
                    match is_at_once(*is, case, scope) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => known = false,
                    }
                }
                return known.then_some(false);
            }
            Self::Partner(values) => values.iter().any(|value| {
                case.partner.id.as_str().eq_ignore_ascii_case(value)
                    || has(case.partner.name.raw(), value)
                    || begins(case.partner.id.as_str(), value)
            }),
            Self::Customer(values) => values.iter().any(|value| {
                has(case.customer.company.raw(), value) || has(case.customer.contact.raw(), value)
            }),
            Self::Id(values) => values.iter().any(|value| {
                let id = case.id.as_str();
                begins(id, value)
                    || (value.starts_with(|c: char| c.is_ascii_digit())
                        && id
                            .find(|c: char| c.is_ascii_digit())
                            .is_some_and(|digits| id[digits..].starts_with(value.as_str())))
            }),
            Self::Desk(values) => values.iter().any(|value| begins(scope.desk, value)),
            Self::Environment(values) => values.contains(&case.environment),
            Self::Licence(values) => values.contains(&case.eligibility),
            Self::Correction(values) => values.iter().any(|link| match (link, &case.correction) {
                (Link::Any, id) => id.is_some(),
                (Link::None, id) => id.is_none(),
                (Link::Id(id), Some(known)) => begins(known.as_str(), id),
                (Link::Id(_), None) => false,
            }),
            Self::Word(_) | Self::DueBy(_) | Self::Due(..) | Self::Age(..) | Self::Updated(..) => {
                return None;
            }
        })
    }
}

impl Term {
    /// What depends on the time, and until when it holds; None: this does not.
    fn in_time(&self, case: &Case, scope: &Scope) -> Option<Until<bool>> {
        match &self.test {
            Test::Is(values) => {
                let mut holds = (false, None);
                for is in values {
                    let (one, until) = match is_at_once(*is, case, scope) {
                        Some(true) => return None,
                        Some(false) => continue,
                        None => is_in_time(*is, case, scope),
                    };
                    holds = (holds.0 || one, earlier(holds.1, until));
                }
                Some(holds)
            }
            Test::DueBy(days) => Some(due_by(days, case, scope)),
            Test::Due(op, span) => Some(due(*op, *span, case, scope)),
            Test::Age(op, span) => Some(since(case.reported_at, *op, *span, case, scope)),
            Test::Updated(op, span) => Some(since(case.updated_at, *op, *span, case, scope)),
            _ => None,
        }
    }
}

/// Whether a text has these small letters, whatever its case.
fn has(text: &str, letters: &str) -> bool {
    if text.is_ascii() && letters.is_ascii() {
        let (text, letters) = (text.as_bytes(), letters.as_bytes());
        return text.windows(letters.len()).any(|part| part.eq_ignore_ascii_case(letters));
    }
    text.to_lowercase().contains(letters)
}

fn begins(text: &str, letters: &str) -> bool {
    let mut text = text.chars().flat_map(char::to_lowercase);
    let differs = letters.chars().try_for_each(|letter| match text.next() {
        Some(other) if other == letter => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    });
    differs.is_continue()
}

fn holds_with(with: &With, case: &Case, scope: &Scope) -> bool {
    match (with, &case.assignee) {
        (With::Me, Some(person)) => scope.me.is_some_and(|me| me.id == person.id),
        (With::Nobody, person) => person.is_none(),
        (With::Named(name), Some(person)) => {
            has(person.name.raw(), name) || begins(person.id.as_str(), name)
        }
        (With::Me | With::Named(_), None) => false,
    }
}

fn is_at_once(is: Is, case: &Case, scope: &Scope) -> Option<bool> {
    Some(match is {
        Is::Missed | Is::Warning | Is::Critical => return None,
        Is::Paused => {
            let mut live = case.live_clocks().peekable();
            live.peek().is_some() && live.all(|clock| clock.state == ClockState::Paused)
        }
        Is::Met => {
            !case.clocks.is_empty() && case.clocks.iter().all(|c| c.state == ClockState::Met)
        }
        Is::Waiting => case.state == CaseState::Waiting,
        Is::Mine => match (scope.me, &case.assignee) {
            (None, _) => true,
            (Some(me), Some(with)) => with.id == me.id,
            (Some(_), None) => false,
        },
        Is::Unassigned => case.assignee.is_none(),
        Is::Free => match (scope.me, &case.assignee) {
            (None, _) => true,
            (Some(me), None) => me.role.tier().is_none_or(|tier| tier == case.tier),
            (Some(_), Some(_)) => false,
        },
        Is::Assigned => case.assignee.is_some(),
        Is::Unanswered => case.live_clocks().any(|clock| clock.kind == ClockKind::Response),
        Is::Call => case.phone_follow_up == Some(PhoneFollowUp::Due),
        Is::Workaround => case.workaround,
        Is::Open => !case.is_closed(),
        Is::Closed => case.is_closed(),
    })
}

fn is_in_time(is: Is, case: &Case, scope: &Scope) -> Until<bool> {
    if is == Is::Missed {
        let mut until = None;
        for clock in case.live_clocks() {
            let (stage, next) = match (clock.state, clock.due_at, clock.remaining_s) {
                (ClockState::Paused, _, Some(left)) if left < 0 => (Face::Missed, None),
                (ClockState::Running, Some(due), _) => over(due, scope.now),
                _ => continue,
            };
            if stage == Face::Missed {
                return (true, None);
            }
            until = earlier(until, next);
        }
        return (false, until);
    }
    let Some(clock) = reading::leading(case, scope.now) else { return (false, None) };
    let (stage, until) = limits::stage(clock, scope.policy, scope.now);
    let wanted = if is == Is::Warning { Face::Warning } else { Face::Critical };
    (stage == wanted, until)
}

/// Missed from the first whole second after the due instant.
fn over(due: DateTime<Utc>, now: DateTime<Utc>) -> Until<Face> {
    if now.timestamp() > due.timestamp() {
        (Face::Missed, None)
    } else {
        (Face::OnTrack, DateTime::from_timestamp(due.timestamp() + 1, 0))
    }
}

fn due(op: Op, span: Span, case: &Case, scope: &Scope) -> Until<bool> {
    let Some(clock) = reading::leading(case, scope.now) else { return (false, None) };
    match limits::left(clock, scope.policy, scope.now, span.amount()) {
        Some((order, until)) => (op.holds(order), until),
        None => (false, None),
    }
}

fn since(from: DateTime<Utc>, op: Op, span: Span, case: &Case, scope: &Scope) -> Until<bool> {
    let amount = span.amount();
    let clock = case.live_clocks().next().or(case.clocks.last());
    let (policy, calendar) = match (amount, clock) {
        (Amount::BusinessDays(_), Some(clock)) => {
            (scope.policy.under(&clock.policy), clock.calendar.as_str())
        }
        _ => (scope.policy, ""),
    };
    let (order, until) = limits::since(from, policy, calendar, scope.now, amount);
    (op.holds(order), until)
}

/// Due by the end of a day where the clock runs; what is missed is due, too.
fn due_by(days: &[Day], case: &Case, scope: &Scope) -> Until<bool> {
    let clock = reading::leading(case, scope.now);
    let Some((clock, due)) = clock.and_then(|clock| Some((clock, clock.due_at?))) else {
        return (false, None);
    };
    let due = date(clock, scope, due);
    let today = |now: DateTime<Utc>| (due - date(clock, scope, now)).num_days();
    let left = today(scope.now);
    let holds = days.iter().any(|day| match day {
        Day::Today => left <= 0,
        Day::Tomorrow => left == 1,
    });
    if left < 0 || (left == 0 && !days.contains(&Day::Tomorrow)) {
        return (holds, None);
    }
    // At the earliest at the next beginning of a day: many days ahead it is enough to look again near it.
    let next = scope.now.timestamp().div_euclid(QUARTER_S) + 1;
    let at = |quarter: i64| DateTime::from_timestamp(quarter * QUARTER_S, 0).unwrap_or(scope.now);
    if left > 3 {
        return (holds, Some(scope.now + TimeDelta::days(left - 3)));
    }
    let (mut before, mut after) = (next - 1, next + 26 * 4);
    while before + 1 < after {
        let middle = before + (after - before) / 2;
        if today(at(middle)) == left {
            before = middle;
        } else {
            after = middle;
        }
    }
    (holds, Some(at(after)))
}

fn date(clock: &ClockSummary, scope: &Scope, at: DateTime<Utc>) -> NaiveDate {
    let calendar = scope.policy.under(&clock.policy).calendar(&clock.calendar);
    calendar.map_or_else(|| at.date_naive(), |calendar| calendar.local_date_and_time(at).0)
}
