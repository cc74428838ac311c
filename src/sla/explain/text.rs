//! An explanation as text for people: facts with their labels, then the course of the clock.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

use super::lines::{Block, TextLine, lay};
use super::{Explanation, Skipped, StartEvent, Stretch};
use crate::domain::{ClockEnd, ClockKind, ClockState, PauseReason, Severity, Target};
use crate::sla::calendar::Calendar;
use crate::sla::policy::Policy;
use crate::sla::reading::{elapsed_text, hours_text};

impl Explanation {
    /// The account in lines of at most `width` columns (20 at least). `policy`: the one that it was made with.
    #[must_use]
    pub fn text(&self, policy: &Policy, width: usize) -> Vec<TextLine> {
        let teller = Teller { told: self, calendar: self.told_by(policy) };
        let width = width.max(20);
        let mut lines = Vec::new();
        for block in teller.blocks() {
            lay(block, width, &mut lines);
        }
        lines
    }

    /// The calendar in whose zone instants are told.
    fn told_by<'p>(&self, policy: &'p Policy) -> Option<&'p Calendar> {
        policy.under(&self.target.policy).calendar(&self.told_by)
    }

    /// The earliest instant at which the text may read differently; None: never by itself.
    #[must_use]
    pub fn next_change(&self, policy: &Policy) -> Option<DateTime<Utc>> {
        if self.end.is_some() {
            return None;
        }
        // Amounts are told in minutes, short ones in seconds; some grow with time, what is left shrinks.
        let unit = |amount: i64| if amount < 600 { 1 } else { 60 };
        let grows = |amount: i64| unit(amount) - amount.rem_euclid(unit(amount));
        let shrinks = |amount: i64| amount.rem_euclid(unit(amount)) + 1;
        let mut soonest = 60;
        match self.past.last() {
            Some(Stretch::Counted { .. }) => {
                let runs = self.past.rsplit(|s| matches!(s, Stretch::Paused { .. }));
                let run = runs.take(1).flatten().map(Stretch::counted_s).sum();
                let over =
                    (self.used_s > self.budget_s).then(|| grows(self.used_s - self.budget_s));
                let left = (self.remaining_s > 0).then(|| shrinks(self.remaining_s));
                let amounts = [Some(grows(self.used_s)), Some(grows(run)), over, left];
                soonest = amounts.into_iter().flatten().min().unwrap_or(soonest);
            }
            Some(Stretch::Paused { held_s, .. }) => soonest = grows(*held_s),
            Some(Stretch::Closed { .. }) => {}
            None => soonest = 1,
        }
        if let Some(due) = self.due_at {
            let left = (due - self.at).num_seconds();
            soonest = soonest.min(if left < 0 { grows(-left) } else { shrinks(left) });
        }
        let turns = self.told_by(policy).and_then(|c| c.next_change(self.at));
        let soonest = self.at + TimeDelta::seconds(soonest);
        Some(turns.map_or(soonest, |turns| turns.min(soonest)))
    }
}

struct Teller<'a> {
    told: &'a Explanation,
    calendar: Option<&'a Calendar>,
}

impl Teller<'_> {
    fn blocks(&self) -> Vec<Block> {
        let told = self.told;
        let mut blocks = vec![Block::Title(self.title())];
        if let Some(outlook) = self.outlook() {
            blocks.push(Block::Plain(outlook));
        }
        blocks.push(Block::Gap);
        blocks.push(Block::Fact("Target", self.target()));
        for change in &told.changes {
            blocks.push(Block::Fact("Changed", self.changed(change)));
        }
        blocks.push(Block::Fact("Calendar", self.hours()));
        blocks.push(Block::Fact("Start", self.start()));
        blocks.push(Block::Fact("Budget", self.budget()));
        blocks.push(Block::Gap);
        let what = if told.end.is_some() { "What counted" } else { "So far" };
        let (used, budget) = (self.length(told.used_s), self.length(told.budget_s));
        let over = match told.used_s - told.budget_s {
            over @ 1.. => format!(", {} over", self.length(over)),
            _ => String::new(),
        };
        blocks.push(Block::Heading(format!("{what}: {used} of {budget}{over}")));
        let past = self.course(&told.past, "counted");
        if past.is_empty() {
            blocks.push(Block::Item("Nothing has counted yet.".to_owned()));
        }
        blocks.extend(past.into_iter().map(Block::Item));
        if told.calendar_changed {
            blocks.push(Block::Item(
                "The calendar has changed since this clock ended: what counted is told by the \
                 calendar of now, and what was left stays as it was."
                    .to_owned(),
            ));
        }
        if !told.ahead.is_empty() {
            let left = self.length(told.remaining_s.max(0));
            blocks.push(Block::Heading(format!("Until it is due: {left}")));
            blocks.extend(self.course(&told.ahead, "to go").into_iter().map(Block::Item));
        }
        if !told.special_hours.is_empty() {
            let days: Vec<String> = told
                .special_hours
                .iter()
                .map(|day| format!("{} {}", self.day(day.date), day.hours))
                .collect();
            blocks.push(Block::Fact(
                "Hours",
                format!("Other hours than the week's: {}.", listed(&days)),
            ));
        }
        blocks.push(Block::Gap);
        blocks.push(self.ending());
        blocks
    }

    fn title(&self) -> String {
        let told = self.told;
        let name = match told.kind {
            ClockKind::Response => "Response".to_owned(),
            ClockKind::Resolution => format!("Resolution at {}", told.tier),
        };
        let plain_left = told.state == ClockState::Running && !told.missed;
        let left = if plain_left && !told.reads.starts_with("opens") { " left" } else { "" };
        format!("{name}: {}{left}", told.reads)
    }

    fn outlook(&self) -> Option<String> {
        let told = self.told;
        if told.end.is_some() {
            return None;
        }
        if told.state == ClockState::Paused {
            let since = told.past.iter().rev().find_map(|stretch| match stretch {
                Stretch::Paused { from, reason, .. } => Some((*from, *reason)),
                _ => None,
            });
            let (since, why) = since.unwrap_or((told.at, PauseReason::Waiting));
            return Some(format!(
                "Held since {}: {}. When it is due is known once it runs again.",
                self.stamp(since),
                held(why)
            ));
        }
        let Some(due) = told.due_at else {
            return Some("It is not due within 20 years.".to_owned());
        };
        let seconds = (due - told.at).num_seconds();
        let wall = elapsed_text(seconds.abs());
        let when = self.with_zone(due);
        Some(if seconds >= 0 {
            format!("Due {when}, in {wall} by the clock on the wall.")
        } else {
            format!("It was due {when}, {wall} ago by the clock on the wall.")
        })
    }

    fn target(&self) -> String {
        let told = self.told;
        let given = &told.target;
        let of = match told.kind {
            ClockKind::Response => "response".to_owned(),
            ClockKind::Resolution => format!("resolution at {}", told.tier),
        };
        let row =
            given.severity.map_or_else(String::new, |severity| format!(" of a {severity} case"));
        let now = match &given.in_force {
            None => String::new(),
            Some(now) => {
                let target = now.target.map_or_else(|| "none".to_owned(), |t| t.to_string());
                format!(
                    " (Version {}, in force now, says {target}; a clock keeps what it started \
                     under.)",
                    now.policy
                )
            }
        };
        format!(
            "{}: {of}{row}, by version {} of the policy.{now}",
            spelled(given.target),
            given.policy
        )
    }

    fn changed(&self, change: &super::TargetChange) -> String {
        let severity = |severity: Option<Severity>| {
            severity.map_or_else(|| "unknown".to_owned(), |s| s.to_string())
        };
        let what = if change.from_severity == change.to_severity {
            format!("policy {} → {}", change.from_policy, change.to_policy)
        } else {
            let (from, to) = (severity(change.from_severity), severity(change.to_severity));
            format!("severity {from} → {to}")
        };
        let when = change.at.map_or_else(String::new, |at| format!("{}: ", self.stamp(at)));
        let effect = if change.from == change.to {
            format!("the target stays {}", change.to)
        } else {
            format!(
                "the target is {} in place of {}, from the original start and with the same pauses",
                change.to, change.from
            )
        };
        format!("{when}{what}; {effect}.")
    }

    fn hours(&self) -> String {
        match &self.told.calendar {
            Some(hours) => {
                format!("{}: {} ({}).", hours.name, hours.weekly.join(", "), hours.zone)
            }
            None => match self.told.target.target {
                Target::Elapsed(_) => {
                    format!("None: it counts around the clock. Times are in {}.", self.told.zone)
                }
                Target::BusinessTime(_) | Target::BusinessDays(_) => {
                    "The policy in force no longer has this clock's calendar: it counts around the \
                     clock."
                        .to_owned()
                }
            },
        }
    }

    fn start(&self) -> String {
        let start = &self.told.start;
        let event = match start.event {
            StartEvent::Reported => "The case was reported".to_owned(),
            StartEvent::Escalated => format!("The case was escalated to {}", self.told.tier),
            StartEvent::Again => format!(
                "{} had the case again, and by the policy its clock starts anew then:",
                self.told.tier
            ),
        };
        let at = self.with_zone(start.at);
        match &start.closed {
            Some(closed) => format!(
                "{event} {at}, when it was closed ({}). The clock counts from the opening on, {}.",
                self.skipped(closed),
                self.stamp(start.effective_at)
            ),
            None => format!("{event} {at}. The clock counts from then on."),
        }
    }

    fn budget(&self) -> String {
        let told = self.told;
        let budget = self.length(told.budget_s);
        let amount = match told.target.target {
            Target::BusinessDays(n) => {
                let are = if n == 1 { "is" } else { "are" };
                format!("{} {are} {budget} of open time here", spelled(told.target.target))
            }
            Target::BusinessTime(_) => format!("{budget} of open time"),
            Target::Elapsed(_) => format!("{budget} around the clock"),
        };
        let paused = told.past.iter().any(|stretch| matches!(stretch, Stretch::Paused { .. }));
        match told.due_without_pauses {
            Some(due) if paused => {
                format!("{amount}: without pauses it would be due {}.", self.with_zone(due))
            }
            Some(due) => format!("{amount}: due {}.", self.with_zone(due)),
            None => format!("{amount}, which is not used up within 20 years."),
        }
    }

    /// The stretches in sentences: what runs from pause to pause is told at once.
    fn course(&self, stretches: &[Stretch], counted: &str) -> Vec<String> {
        let mut said = Vec::new();
        let effective = self.told.start.effective_at;
        let pieces = stretches.split_inclusive(|s| matches!(s, Stretch::Paused { .. }));
        for piece in pieces {
            let (run, pause) = match piece {
                [run @ .., pause @ Stretch::Paused { .. }] => (run, Some(pause)),
                run => (run, None),
            };
            // What lay before the effective start is told there.
            let run = match run {
                [Stretch::Closed { to, .. }, rest @ ..] if *to <= effective => rest,
                run => run,
            };
            self.run(run, counted, &mut said);
            if let Some(Stretch::Paused { from, to, reason, held_s }) = pause {
                let lost = match held_s {
                    0 => "no open time was lost".to_owned(),
                    _ => format!("{} not counted", self.length(*held_s)),
                };
                let span = self.span(*from, *to);
                said.push(format!("{span}: held, {}; {lost}", held(*reason)));
            }
        }
        said
    }

    /// Counted and closed stretches that follow each other.
    fn run(&self, run: &[Stretch], counted: &str, said: &mut Vec<String>) {
        let counts = |s: &&Stretch| matches!(s, Stretch::Counted { .. });
        let last = run.iter().rposition(|s| counts(&s));
        let (run, after) = run.split_at(last.map_or(0, |last| last + 1));
        if let (Some(first), Some(last)) = (run.iter().find(counts), run.last()) {
            let total: i64 = run.iter().map(Stretch::counted_s).sum();
            let mut skipped = Skipped::default();
            for stretch in run {
                if let Stretch::Closed { skipped: closed, .. } = stretch {
                    skipped.add(closed);
                }
            }
            let span = self.span(first.from(), last.to());
            let skipped = self.skipped(&skipped);
            let skipped =
                if skipped.is_empty() { String::new() } else { format!("; skipped: {skipped}") };
            said.push(format!("{span}: {} {counted}{skipped}", self.length(total)));
        }
        for stretch in after {
            if let Stretch::Closed { from, to, skipped } = stretch {
                let opens = self.calendar.and_then(|c| c.next_open(*to)).filter(|at| at > to);
                let what = match opens {
                    Some(opens) => format!("opens {}", self.stamp(opens)),
                    None => self.skipped(skipped),
                };
                said.push(format!("{}: closed ({what})", self.span(*from, *to)));
            }
        }
    }

    /// What was closed, in words.
    fn skipped(&self, skipped: &Skipped) -> String {
        let mut parts = Vec::new();
        for (n, one, many) in [
            (skipped.breaks, "break", "breaks"),
            (skipped.nights, "night", "nights"),
            (skipped.weekends, "weekend", "weekends"),
            (skipped.closing_days, "closing day", "closing days"),
        ] {
            if n > 0 {
                parts.push(format!("{n} {}", if n == 1 { one } else { many }));
            }
        }
        let days = |dates: &[NaiveDate]| {
            listed(&dates.iter().map(|date| self.day(*date)).collect::<Vec<_>>())
        };
        match skipped.holidays.as_slice() {
            [] => {}
            [one] => parts.push(format!("the holiday {}", self.day(*one))),
            many => parts.push(format!("{} holidays ({})", many.len(), days(many))),
        }
        match skipped.closed_specially.as_slice() {
            [] => {}
            [one] => parts.push(format!("the special day {}", self.day(*one))),
            many => parts.push(format!("{} special days ({})", many.len(), days(many))),
        }
        listed(&parts)
    }

    fn ending(&self) -> Block {
        let told = self.told;
        let Some(end) = &told.end else {
            let held = told.held_by.as_ref().map_or_else(String::new, |by| {
                let mut by = by.clone();
                by[..1].make_ascii_uppercase();
                format!(" {by} holds it for as long as that lasts.")
            });
            let stops = either(&told.stopped_by);
            return Block::Fact("Stops", format!("It is stopped by {stops}.{held}"));
        };
        let by = match end.by {
            Some(ClockEnd::Responded) => "The customer had the first response",
            Some(ClockEnd::Escalated) => "The case was escalated",
            Some(ClockEnd::HandedBack) => "The case was handed back",
            Some(ClockEnd::Closed) => "The case was closed",
            None => "It ended",
        };
        let left = self.length(end.remaining_s.abs());
        let how = match (told.state, end.remaining_s) {
            (ClockState::Missed, 0) => "just past due".to_owned(),
            (ClockState::Missed, _) => format!("{left} past due"),
            (_, 0) => "with nothing left".to_owned(),
            _ => format!("with {left} left"),
        };
        let label = if told.state == ClockState::Missed { "Missed" } else { "Met" };
        Block::Fact(label, format!("{by} {}, {how}.", self.with_zone(end.at)))
    }

    /// An amount of the clock's own time.
    fn length(&self, seconds: i64) -> String {
        if self.told.calendar.is_some() { hours_text(seconds) } else { elapsed_text(seconds) }
    }

    /// "Mon 10 Nov 08:00"; with the year where it is not that of the account.
    fn stamp(&self, at: DateTime<Utc>) -> String {
        let (date, time) = self.local(at);
        format!("{} {}", self.day(date), time.format("%H:%M"))
    }

    fn with_zone(&self, at: DateTime<Utc>) -> String {
        let zone = self.calendar.map_or_else(|| "UTC".to_owned(), |c| c.abbreviation(at));
        format!("{} {zone}", self.stamp(at))
    }

    fn local(&self, at: DateTime<Utc>) -> (NaiveDate, chrono::NaiveTime) {
        self.calendar.map_or_else(|| (at.date_naive(), at.time()), |c| c.local_date_and_time(at))
    }

    fn day(&self, date: NaiveDate) -> String {
        let this_year = self.local(self.told.at).0.year();
        let form = if date.year() == this_year { "%a %-d %b" } else { "%a %-d %b %Y" };
        date.format(form).to_string()
    }

    /// "Mon 10 Nov 08:00 to 12:00", "Mon 10 Nov 08:00 to now".
    fn span(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> String {
        let until = if to == self.told.at && self.told.end.is_none() {
            "now".to_owned()
        } else if self.local(from).0 == self.local(to).0 {
            self.local(to).1.format("%H:%M").to_string()
        } else {
            self.stamp(to)
        };
        let from = if from == self.told.at && self.told.end.is_none() {
            "now".to_owned()
        } else {
            self.stamp(from)
        };
        format!("{from} to {until}")
    }
}

const fn held(why: PauseReason) -> &'static str {
    match why {
        PauseReason::Waiting => "waiting for the customer",
        PauseReason::OtherTier => "the case was with another tier",
        PauseReason::Closed => "the case was closed",
    }
}

/// "5 business days", "2 hours", "45 minutes of open time".
fn spelled(target: Target) -> String {
    let (n, unit, open) = match target {
        Target::BusinessDays(n) => (i64::from(n), "business day", ""),
        Target::Elapsed(s) | Target::BusinessTime(s) => {
            let open = if matches!(target, Target::BusinessTime(_)) { " of open time" } else { "" };
            match s {
                s if s % 3600 == 0 => (s / 3600, "hour", open),
                s if s % 60 == 0 => (s / 60, "minute", open),
                s => (s, "second", open),
            }
        }
    };
    format!("{n} {unit}{}{open}", if n == 1 { "" } else { "s" })
}

/// "a", "a and b", "a, b and c".
fn listed(parts: &[String]) -> String {
    joined(parts, "and")
}

fn either(parts: &[String]) -> String {
    joined(parts, "or")
}

fn joined(parts: &[String], word: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}
