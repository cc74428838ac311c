//! The ledger: each clock of each tier with its start, its pauses and its end, also of the tier that the case has
//! left.

use chrono::{DateTime, Utc};

use super::{Sheet, dotted};
use crate::app::model::Model;
use crate::app::view::{Line, Span, Tone};
use crate::app::words;
use crate::app::zone;
use crate::domain::{
    Case, CaseDetail, ClockHistory, ClockKind, ClockPause, ClockState, ClockSummary,
};
use crate::input::Action;
use crate::sla::policy::Policy;
use crate::sla::reading;

pub fn ledger(
    model: &Model,
    sheet: &mut Sheet,
    case: &Case,
    detail: Option<&CaseDetail>,
    now: DateTime<Utc>,
) {
    let policy = &model.desks.of(&case.id).policy;
    // Another revision's history is not that of these clocks.
    let told = detail.filter(|detail| detail.case.revision == case.revision);
    let histories = told.and_then(|detail| detail.ledger.as_ref()).map(|ledger| &ledger.clocks);
    for (n, clock) in case.clocks.iter().enumerate() {
        let history = histories.and_then(|histories| histories.get(n));
        one(sheet, policy, clock, history, now);
    }
    sheet.behind(Line::new());
    if case.clocks.is_empty() {
        sheet.say(Tone::Dim, "No clock runs on this case.");
        return;
    }
    match (detail, histories) {
        (Some(_), None) => sheet.say(Tone::Dim, "This desk does not tell what held the clocks."),
        (None, _) => super::unread(model, sheet, case),
        _ => {}
    }
    let why = words::key(model, Action::Why);
    sheet.say(Tone::Dim, format!("{why} tells how a clock came about."));
}

fn one(
    sheet: &mut Sheet,
    policy: &Policy,
    clock: &ClockSummary,
    history: Option<&ClockHistory>,
    now: DateTime<Utc>,
) {
    let stamp = |at| {
        let (stamp, zone) =
            (zone::stamp(policy, &clock.calendar, at), zone::name(policy, &clock.calendar, at));
        format!("{stamp} {zone}")
    };
    let read = reading::read(clock, policy, now);
    let (short, name) = match clock.kind {
        ClockKind::Response => ("R", "response"),
        ClockKind::Resolution => (words::resolution_short(clock.tier), "resolution"),
    };
    sheet.behind(Line::new());
    sheet.flow(vec![
        Span::new(Tone::Strong, format!("{short:<3}")),
        Span::new(Tone::Strong, format!("{name}, {}  ", clock.tier)),
        Span::new(Tone::Face(read.face), read.text),
    ]);
    sheet.behind(vec![Span::new(Tone::Plain, "   ")]);
    let plain = |text: String| Span::new(Tone::Plain, text);
    let of = history.and_then(|h| h.severity).map(|severity| format!(" as {severity}"));
    let mut facts = vec![plain(format!("target {}{}", clock.target, of.unwrap_or_default()))];
    facts.push(plain(format!("started {}", stamp(clock.started_at))));
    if let (Some(due), None) = (clock.due_at, clock.ended_at) {
        facts.push(plain(format!("due {}", stamp(due))));
    }
    sheet.flow(dotted(facts));
    for earlier in history.into_iter().flat_map(|h| &h.earlier) {
        let of = earlier.severity.map(|severity| format!(" as {severity}")).unwrap_or_default();
        let until = match earlier.until {
            Some(at) => format!("until {}", stamp(at)),
            None => format!("under policy {}", crate::domain::text::safe_line(&earlier.policy, 40)),
        };
        sheet.say(Tone::Dim, format!("target was {}{of} {until}", earlier.target));
    }
    for pause in history.into_iter().flat_map(|h| &h.pauses) {
        let ClockPause { from, to, reason } = pause;
        let to = to.map_or_else(|| "now".to_owned(), stamp);
        sheet.flow(vec![
            Span::new(Tone::Plain, format!("held {} – {to}: ", stamp(*from))),
            Span::new(Tone::Plain, reason.label()),
        ]);
    }
    if let Some(at) = clock.ended_at {
        let how = if clock.state == ClockState::Missed { "missed" } else { "met" };
        let due = clock.due_at.map(|due| format!(", was due {}", stamp(due))).unwrap_or_default();
        let by = history.and_then(|h| h.ended_by).map(|by| format!(": {by}")).unwrap_or_default();
        sheet.say(Tone::Plain, format!("ended {}, {how}{due}{by}", stamp(at)));
    }
}
