//! Promises: "call back by 15:00" as a clock of one's own beside those of the case. Kept on this machine, by
//! the desk's name; nobody else sees them.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use ratatui_textarea::TextArea;
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Desks};
use super::form::{editor, input};
use super::keys::line_input;
use super::model::{Model, Overlay};
use super::msg::Effect;
use super::update::refuse;
use super::view::{ClockRow, FilterLine, Row, ShareView, Tone};
use super::{visiting, words, zone};
use crate::domain::{Case, CaseId, Untrusted};
use crate::input::{Action, Context};
use crate::sla::policy::Policy;
use crate::sla::reading::{self, Face};

/// Under what name they are remembered.
pub const NAME: &str = "promises";
/// What is promised where nothing else is said.
const CALL_BACK: &str = "call back";
/// Characters of what is promised.
const MOST: usize = 120;
/// How many are kept; the nearest ones stay.
const KEPT: usize = 200;
/// A promise is warned of so long before it is due, as a clock is.
const WARNING: TimeDelta = TimeDelta::minutes(60);
const CRITICAL: TimeDelta = TimeDelta::minutes(15);

/// One promise, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Promise {
    desk: String,
    case: String,
    /// By the desk's clock.
    due: DateTime<Utc>,
    what: String,
    /// That it is due has been said.
    #[serde(default)]
    told: bool,
}

#[derive(Debug, Default)]
pub struct Promises {
    all: Vec<Promise>,
    /// Those of an earlier run have come.
    came: bool,
}

/// A promise as it reads now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub case: CaseId,
    pub what: String,
    /// By the desk's clock.
    pub due: DateTime<Utc>,
    pub face: Face,
    /// "52m", "+10m"
    pub left: String,
    /// By the desk's clock.
    pub next_change: DateTime<Utc>,
}

impl Promise {
    fn is_of(&self, desk: &Desk, case: &CaseId) -> bool {
        self.desk == desk.name && self.case == case.as_str()
    }

    fn shown(&self, desk: &Desk, now: DateTime<Utc>) -> Shown {
        let left = (self.due.timestamp() - now.timestamp()).abs();
        let missed = now.timestamp() > self.due.timestamp();
        let face = match self.due - now {
            _ if missed => Face::Missed,
            left if left <= CRITICAL => Face::Critical,
            left if left <= WARNING => Face::Warning,
            _ => Face::OnTrack,
        };
        let unit = match left {
            s if s >= 2 * 86_400 => 3600,
            600.. => 60,
            _ => 1,
        };
        let text = reading::elapsed_text(left);
        let (text, next) = if missed {
            (format!("+{text}"), now.timestamp() + unit - left % unit)
        } else {
            (text, now.timestamp() + left % unit + 1)
        };
        let edges = [self.due - WARNING, self.due - CRITICAL];
        let edge = edges.into_iter().filter(|edge| *edge > now).min();
        let next = DateTime::from_timestamp(next, 0).unwrap_or(now + TimeDelta::seconds(1));
        Shown {
            case: CaseId::new(self.case.as_str()).at_desk(desk.no),
            what: self.what.clone(),
            due: self.due,
            face,
            left: text,
            next_change: edge.map_or(next, |edge| edge.min(next)),
        }
    }
}

impl Promises {
    /// The promise on a case.
    pub fn on(&self, desks: &Desks, case: &CaseId, now: DateTime<Utc>) -> Option<Shown> {
        let desk = desks.of(case);
        let promise = self.all.iter().find(|promise| promise.is_of(desk, case))?;
        Some(promise.shown(desk, desk.time(now)))
    }

    /// All of the desks that are followed, the nearest first.
    pub fn shown(&self, desks: &Desks, now: DateTime<Utc>) -> Vec<Shown> {
        let mut all: Vec<Shown> = desks
            .iter()
            .flat_map(|desk| {
                let of = self.all.iter().filter(|promise| promise.desk == desk.name);
                of.map(|promise| promise.shown(desk, desk.time(now)))
            })
            .collect();
        all.sort_by_key(|shown| desks.of(&shown.case).on_screen(shown.due));
        all
    }

    /// When the next one is due that nothing was said of yet, by the screen's clock.
    pub fn next_due(&self, desks: &Desks) -> Option<DateTime<Utc>> {
        let untold = self.all.iter().filter(|promise| !promise.told);
        let due = untold.filter_map(|promise| {
            let desk = desks.iter().find(|desk| desk.name == promise.desk)?;
            Some(desk.on_screen(promise.due) + TimeDelta::seconds(1))
        });
        due.min()
    }

    fn remember(&self, effects: &mut Vec<Effect>) {
        let body = serde_json::to_string(&self.all).unwrap_or_default();
        effects.push(Effect::Remember { name: NAME, body });
    }

    fn put(&mut self, promise: Promise, effects: &mut Vec<Effect>) {
        self.all.retain(|other| (&other.desk, &other.case) != (&promise.desk, &promise.case));
        self.all.push(promise);
        self.all.sort_by_key(|promise| promise.due);
        self.all.truncate(KEPT);
        self.remember(effects);
    }

    fn take(&mut self, desk: &Desk, case: &CaseId, effects: &mut Vec<Effect>) -> bool {
        let before = self.all.len();
        self.all.retain(|promise| !promise.is_of(desk, case));
        let is_taken = self.all.len() < before;
        if is_taken {
            self.remember(effects);
        }
        is_taken
    }

    /// Those of an earlier run; what was promised in this one stays.
    pub fn came(&mut self, body: &str) {
        if std::mem::replace(&mut self.came, true) {
            return;
        }
        let earlier: Vec<Promise> = serde_json::from_str(body).unwrap_or_default();
        for promise in earlier.into_iter().take(KEPT) {
            let same =
                |known: &Promise| (&known.desk, &known.case) == (&promise.desk, &promise.case);
            if !self.all.iter().any(same) {
                self.all.push(promise);
            }
        }
        self.all.sort_by_key(|promise| promise.due);
    }
}

/// Says of every promise once that it is due.
pub fn settle(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let mut due = Vec::new();
    for desk in model.desks.iter() {
        for promise in model.promises.all.iter_mut().filter(|promise| promise.desk == desk.name) {
            if !promise.told && promise.due.timestamp() < desk.time(now).timestamp() {
                promise.told = true;
                due.push(CaseId::new(promise.case.as_str()).at_desk(desk.no));
            }
        }
    }
    if due.is_empty() {
        return;
    }
    model.promises.remember(effects);
    let said: Vec<String> = due
        .iter()
        .filter_map(|case| {
            let promise = model.promises.on(&model.desks, case, now)?;
            let case = model.desks.named_case(case);
            Some(format!("{case}: {} is due", Untrusted::from(promise.what.as_str()).cell(60)))
        })
        .collect();
    let key = words::key(model, Action::Promise);
    model.say(format!("{} ({key} on it: kept or dropped)", said.join("; ")), Tone::Error, now);
}

/// A promise while it is written.
pub struct Promising {
    case: Case,
    line: TextArea<'static>,
    error: Option<String>,
    /// There is one on the case already.
    known: bool,
}

/// Opens the line for a promise on the case that is shown.
pub fn open(model: &mut Model, now: DateTime<Utc>) {
    let Some(case) = model.case().cloned() else {
        return refuse(model, visiting::no_case(model), now);
    };
    let known = model.promises.on(&model.desks, &case.id, now);
    let desk = model.desks.of(&case.id);
    let text = known.as_ref().map_or_else(
        || format!("{CALL_BACK} "),
        |known| {
            let local = Local::of(desk, &case);
            let (date, time) = local.there(known.due);
            format!("{} {} {}", known.what, date.format("%Y-%m-%d"), time.format("%H:%M"))
        },
    );
    model.toast = None;
    let promising = Promising { case, line: editor(&text), error: None, known: known.is_some() };
    model.overlay = Some(Overlay::Promise(Box::new(promising)));
}

pub fn press(
    model: &mut Model,
    action: Option<Action>,
    key: crokey::KeyCombination,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(Overlay::Promise(promising)) = &mut model.overlay else { return };
    match action {
        Some(Action::ClosePromise) => model.overlay = None,
        Some(Action::KeepPromise) => keep(model, now, effects),
        Some(action @ (Action::PromiseKept | Action::DropPromise)) => {
            let id = promising.case.id.clone();
            let desk = model.desks.of(&id);
            if model.promises.take(desk, &id, effects) {
                model.overlay = None;
                let what = if action == Action::PromiseKept { "kept" } else { "dropped" };
                let id = model.desks.named_case(&id);
                model.say(format!("{id}: the promise is {what}"), Tone::Good, now);
            } else {
                promising.error = Some("Nothing is promised on this case yet.".to_owned());
            }
        }
        _ => {
            if let Some(input) = input(key)
                && line_input(&mut promising.line, input)
            {
                promising.error = None;
            }
        }
    }
}

pub fn pasted(promising: &mut Promising, text: &str) {
    promising.line.insert_str(text.chars().take(MOST).collect::<String>());
    promising.error = None;
}

fn keep(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(Overlay::Promise(promising)) = &mut model.overlay else { return };
    let desk = model.desks.of(&promising.case.id);
    let local = Local::of(desk, &promising.case);
    match understood(&promising.line.lines().join(" "), &local, desk.time(now)) {
        Ok((what, due)) => {
            let case = promising.case.id.clone();
            let said = local.told(due);
            let promise = Promise {
                desk: desk.name.clone(),
                case: case.as_str().to_owned(),
                due,
                what: what.clone(),
                told: false,
            };
            model.promises.put(promise, effects);
            model.overlay = None;
            let case = model.desks.named_case(&case);
            let what = Untrusted::from(what.as_str()).cell(60);
            model.say(format!("{case}: {what} by {said}, on this machine only"), Tone::Good, now);
        }
        Err(why) => promising.error = Some(why),
    }
}

pub fn view(model: &Model, promising: &Promising, now: DateTime<Utc>) -> ShareView {
    let desk = model.desks.of(&promising.case.id);
    let local = Local::of(desk, &promising.case);
    let line = promising.line.lines().join(" ");
    let told = match (&promising.error, understood(&line, &local, desk.time(now))) {
        (Some(error), _) => (Tone::Error, error.clone()),
        (None, Ok((what, due))) => (Tone::Plain, format!("{what}: by {}", local.told(due))),
        (None, Err(why)) => (Tone::Dim, why),
    };
    let mut hints = super::build::hints_of(model, Context::Promise);
    if !promising.known {
        let enter = words::key(model, Action::KeepPromise);
        let leave = words::key(model, Action::ClosePromise);
        hints.retain(|hint| hint.keys == enter || hint.keys == leave);
    }
    ShareView {
        title: format!("Promise on {}", model.desks.named_case(&promising.case.id)),
        field: Some(FilterLine { text: line, cursor: Some(promising.line.cursor().1) }),
        text: vec![
            (told.0, told.1.as_str().into()),
            (Tone::Dim, "A clock of your own beside the SLA; nobody else sees it.".into()),
        ],
        hints,
        ..ShareView::default()
    }
}

/// The promise as one of the case's clocks.
pub fn clock_row(
    model: &Model,
    case: &Case,
    now: DateTime<Utc>,
) -> Option<(ClockRow, DateTime<Utc>)> {
    let shown = model.promises.on(&model.desks, &case.id, now)?;
    let desk = model.desks.of(&case.id);
    let row = ClockRow {
        short: "P",
        name: "promise",
        face: shown.face,
        text: format!("{}  {}", shown.left, Untrusted::from(shown.what.as_str()).cell(60)),
        due: Local::of(desk, case).told(shown.due),
        wall: String::new(),
        used_permille: None,
        facts: String::new(),
        demand: "",
    };
    Some((row, desk.on_screen(shown.next_change)))
}

/// A promise that is nearer than the case's deadline stands in its place in the queue, with `P` before it.
/// Answers when that reads differently.
pub fn over_row(
    model: &Model,
    case: &Case,
    row: &mut Row,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let shown = model.promises.on(&model.desks, &case.id, now)?;
    let desk = model.desks.of(&case.id);
    let leading = reading::leading(case, desk.time(now)).and_then(|clock| clock.due_at);
    if leading.is_some_and(|due| due <= shown.due) || row.due_tone != Tone::Face(row.face) {
        return None;
    }
    row.face = shown.face;
    row.due = format!("P {}", shown.left);
    row.due_tone = Tone::Face(shown.face);
    Some(desk.on_screen(shown.next_change))
}

/// Local times at a case: in the zone of its clocks' calendar, else UTC.
struct Local<'a> {
    policy: &'a Policy,
    calendar: &'a str,
}

impl<'a> Local<'a> {
    fn of(desk: &'a Desk, case: &'a Case) -> Self {
        match case.clocks.last() {
            Some(clock) => {
                Self { policy: desk.policy.under(&clock.policy), calendar: &clock.calendar }
            }
            None => Self { policy: &desk.policy, calendar: "" },
        }
    }

    fn there(&self, at: DateTime<Utc>) -> (NaiveDate, NaiveTime) {
        self.policy
            .calendar(self.calendar)
            .map_or_else(|| (at.date_naive(), at.time()), |c| c.local_date_and_time(at))
    }

    /// The instant of a local time; of one that comes twice the first, of one that is skipped the one after.
    fn instant(&self, date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        let wanted = date.and_time(time).and_utc();
        let offset = |at| self.policy.calendar(self.calendar).map_or(0, |c| c.offset_s(at));
        let first = wanted - TimeDelta::seconds(offset(wanted - TimeDelta::hours(14)));
        let second = wanted - TimeDelta::seconds(offset(first));
        if self.there(second) == (date, time) && self.there(first) != (date, time) {
            second
        } else {
            first
        }
    }

    fn told(&self, at: DateTime<Utc>) -> String {
        let stamp = zone::stamp(self.policy, self.calendar, at);
        format!("{stamp} {}", zone::name(self.policy, self.calendar, at))
    }
}

const HOW: &str = "Write when: by 15:00, in 2h, tomorrow 09:00, fri 10:00 or 2026-12-01 09:00.";

/// What is promised, and by when. The time may stand before or behind it.
fn understood(
    line: &str,
    local: &Local<'_>,
    now: DateTime<Utc>,
) -> Result<(String, DateTime<Utc>), String> {
    let parts: Vec<&str> = line.split_whitespace().collect();
    let (what, when) = split(&parts).ok_or_else(|| HOW.to_owned())?;
    let due = instant(&when, local, now)?;
    if due <= now {
        return Err(format!("{} has passed already.", local.told(due)));
    }
    if due > now + TimeDelta::days(366) {
        return Err("That is more than a year away.".to_owned());
    }
    let what: String = what.join(" ").chars().take(MOST).collect();
    let what = what.trim_matches([',', ':', ' ']).to_owned();
    Ok((if what.is_empty() { CALL_BACK.to_owned() } else { what }, due))
}

/// When something is promised for, as it is written.
enum When {
    In(TimeDelta),
    At { day: Option<Day>, time: Option<NaiveTime> },
}

#[derive(Clone, Copy)]
enum Day {
    Today,
    Tomorrow,
    On(Weekday),
    Date(NaiveDate),
}

/// The longest piece at the end, else at the beginning, that says when; and the rest.
fn split<'a>(parts: &[&'a str]) -> Option<(Vec<&'a str>, When)> {
    for from in parts.len().saturating_sub(4)..parts.len() {
        if let Some(when) = when(&parts[from..]) {
            return Some((parts[..from].to_vec(), when));
        }
    }
    for to in (1..=parts.len().min(4)).rev() {
        if let Some(when) = when(&parts[..to]) {
            return Some((parts[to..].to_vec(), when));
        }
    }
    None
}

fn when(parts: &[&str]) -> Option<When> {
    let lower: Vec<String> = parts.iter().map(|part| part.to_lowercase()).collect();
    let mut rest: Vec<&str> = lower.iter().map(String::as_str).collect();
    if rest.first() == Some(&"in") {
        return span(&rest[1..].concat()).map(When::In);
    }
    if matches!(rest.first(), Some(&("by" | "at" | "until" | "before"))) {
        rest.remove(0);
    }
    let (mut day, mut time) = (None, None);
    for part in rest.iter().filter(|part| !matches!(**part, "at" | "by" | "on")) {
        if let Some(found) = the_day(part).filter(|_| day.is_none()) {
            day = Some(found);
        } else if let Some(found) = the_time(part).filter(|_| time.is_none()) {
            time = Some(found);
        } else {
            return None;
        }
    }
    (day.is_some() || time.is_some()).then_some(When::At { day, time })
}

fn the_day(word: &str) -> Option<Day> {
    Some(match word {
        "today" => Day::Today,
        "tomorrow" => Day::Tomorrow,
        _ if word.len() >= 3 && word.parse::<Weekday>().is_ok() => Day::On(word.parse().ok()?),
        _ => Day::Date(NaiveDate::parse_from_str(word, "%Y-%m-%d").ok()?),
    })
}

fn the_time(word: &str) -> Option<NaiveTime> {
    if word == "noon" {
        return NaiveTime::from_hms_opt(12, 0, 0);
    }
    NaiveTime::parse_from_str(word, "%H:%M").ok()
}

/// "2h", "90min", "1h30m", "2days"
fn span(text: &str) -> Option<TimeDelta> {
    let mut rest = text;
    let mut minutes: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let n: i64 = rest[..digits].parse().ok().filter(|n| *n < 100_000)?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        minutes += n * match &rest[..unit] {
            "m" | "min" | "mins" | "minute" | "minutes" => 1,
            "h" | "hour" | "hours" => 60,
            "d" | "day" | "days" => 24 * 60,
            _ => return None,
        };
        rest = &rest[unit..];
    }
    (minutes > 0).then(|| TimeDelta::minutes(minutes))
}

fn instant(when: &When, local: &Local<'_>, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let (day, time) = match when {
        When::In(span) => return Ok(now + *span),
        When::At { time: None, .. } => {
            return Err("At what time? Write it like 09:00.".to_owned());
        }
        When::At { day, time: Some(time) } => (*day, *time),
    };
    let today = local.there(now).0;
    let later = |days: u64| today.checked_add_days(Days::new(days)).unwrap_or(today);
    let date = match day {
        Some(Day::Today) => today,
        Some(Day::Tomorrow) => later(1),
        Some(Day::Date(date)) => date,
        // The next such day, this one while its time is ahead.
        Some(Day::On(weekday)) => {
            let days = (7 + u64::from(weekday.num_days_from_monday())
                - u64::from(today.weekday().num_days_from_monday()))
                % 7;
            let passed = days == 0 && local.instant(today, time) <= now;
            later(if passed { 7 } else { days })
        }
        None => later(u64::from(local.instant(today, time) <= now)),
    };
    Ok(local.instant(date, time))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tuesday, 24 November 2026, 10:00 in Oslo.
    fn now() -> DateTime<Utc> {
        "2026-11-24T09:00:00Z".parse().unwrap()
    }

    fn read(line: &str) -> Result<(String, String), String> {
        let policy = Policy::embedded();
        let calendar =
            policy.calendar_id(crate::domain::Tier::First, &"nordwind".into()).to_owned();
        let local = Local { policy: &policy, calendar: &calendar };
        understood(line, &local, now()).map(|(what, due)| (what, local.told(due)))
    }

    #[test]
    fn a_promise_is_read_as_people_say_it() {
        for (line, what, due) in [
            ("call back by 15:00", "call back", "Tue 24 Nov 15:00 CET"),
            ("in 2h", "call back", "Tue 24 Nov 12:00 CET"),
            ("call Ida in 1h 30m", "call Ida", "Tue 24 Nov 11:30 CET"),
            ("tomorrow 09:00", "call back", "Wed 25 Nov 09:00 CET"),
            ("tomorrow at 9:00 send the patch", "send the patch", "Wed 25 Nov 09:00 CET"),
            ("by 09:00", "call back", "Wed 25 Nov 09:00 CET"),
            ("answer fri 10:00", "answer", "Fri 27 Nov 10:00 CET"),
            ("answer tuesday 09:30", "answer", "Tue 1 Dec 09:30 CET"),
            ("test 2026-12-01 noon", "test", "Tue 1 Dec 12:00 CET"),
            ("ask at reception by 15:00", "ask at reception", "Tue 24 Nov 15:00 CET"),
        ] {
            assert_eq!(read(line), Ok((what.to_owned(), due.to_owned())), "{line}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_with_what_to_write() {
        for line in ["call back", "", "by 25:00", "in two hours", "in 0m", "in 2x", "日本"] {
            assert_eq!(read(line), Err(HOW.to_owned()), "{line}");
        }
        assert_eq!(read("tomorrow"), Err("At what time? Write it like 09:00.".to_owned()));
        assert!(read("today 09:00").unwrap_err().contains("has passed already"));
        assert_eq!(read("2030-01-01 09:00"), Err("That is more than a year away.".to_owned()));
    }

    #[test]
    fn a_local_time_that_comes_twice_or_never_is_still_an_instant() {
        let policy = Policy::embedded();
        let calendar =
            policy.calendar_id(crate::domain::Tier::First, &"nordwind".into()).to_owned();
        let local = Local { policy: &policy, calendar: &calendar };
        let at = |date: &str, time: &str| {
            local.instant(date.parse().unwrap(), NaiveTime::parse_from_str(time, "%H:%M").unwrap())
        };
        assert_eq!(at("2026-07-01", "09:00").to_rfc3339(), "2026-07-01T07:00:00+00:00");
        assert_eq!(at("2026-12-01", "09:00").to_rfc3339(), "2026-12-01T08:00:00+00:00");
        assert_eq!(at("2026-10-25", "02:30").to_rfc3339(), "2026-10-25T00:30:00+00:00");
        assert_eq!(at("2027-03-28", "02:30").to_rfc3339(), "2027-03-28T01:30:00+00:00");
    }

    #[test]
    fn what_is_kept_but_not_understood_is_no_promise_and_no_harm() {
        let mut promises = Promises::default();
        promises.came("{\"not\": \"a list\"}");
        assert!(promises.all.is_empty());
    }
}
