//! The header: who I am, what the line to the desk does, and what is late.

use chrono::TimeDelta;

use super::Wake;
use crate::app::desk::Desk;
use crate::app::model::Model;
use crate::app::msg::{Link, Whoami};
use crate::app::view::{Header, Late, LinkSign};
use crate::domain::{DeskNo, STALE_AFTER_S, Untrusted};

/// A difference of the clocks that is worth a word.
const SKEW_S: i64 = 5;

pub fn header(model: &Model, wake: &mut Wake) -> Header {
    wake.by(model.queue.next_change(wake.now));
    let desk = model.desks.get(DeskNo::FIRST);
    Header {
        who: desk.me.as_ref().map_or_else(|| "".into(), who),
        link: match desk.link {
            Link::Connecting => LinkSign::Connecting,
            Link::Live => LinkSign::Live,
            Link::Offline { .. } => LinkSign::Offline,
            Link::SignedOut { .. } | Link::NotAllowed { .. } | Link::NotACaseApi { .. } => {
                LinkSign::Broken
            }
        },
        link_text: wake.at(desk, |wake| link_text(desk, wake)),
        late: (model.queue.is_loaded() || model.queue.total() > 0).then(|| Late {
            missed: model.queue.missed(),
            under_1h: model.queue.under_1h(wake.now),
        }),
    }
}

fn who(me: &Whoami) -> Untrusted {
    let role = me.actor.role;
    let place = role.tier().map_or_else(|| role.label(), |tier| tier.label());
    let name = me.actor.name.raw();
    Untrusted::new(match &me.partner {
        Some(partner) => format!("{} · {name}, {place}", partner.name.raw()),
        None => format!("{name}, {place}"),
    })
}

fn link_text(desk: &Desk, wake: &mut Wake) -> String {
    let mut parts = vec![match &desk.link {
        Link::Connecting => "connecting".to_owned(),
        Link::Live => "live".to_owned(),
        Link::Offline { retry_at, .. } => format!("offline, {}", retry(*retry_at, wake)),
        Link::SignedOut { .. } => "signed out".to_owned(),
        Link::NotAllowed { .. } => "not allowed".to_owned(),
        Link::NotACaseApi { .. } => "not a case API".to_owned(),
    }];
    // A feed that is held open tells every change, so that what it told is never old.
    if desk.link != Link::Live
        && let Some(fresh_at) = desk.fresh_at
    {
        let age = (wake.now - fresh_at).num_seconds();
        // Younger ones are as good as new.
        if age >= STALE_AFTER_S {
            let (unit, text) = age_text(age);
            wake.by(Some(fresh_at + TimeDelta::seconds((age / unit + 1) * unit)));
            parts.push(format!("{text} old"));
        } else {
            wake.by(Some(fresh_at + TimeDelta::seconds(STALE_AFTER_S)));
        }
    }
    if desk.skew_s.abs() > SKEW_S {
        let way = if desk.skew_s > 0 { "fast" } else { "slow" };
        let (_, text) = age_text(desk.skew_s.abs());
        parts.push(format!("clock {text} {way}"));
    }
    parts.join(" · ")
}

/// "retry in 8 s", as the header and the notices say it.
pub fn retry(at: chrono::DateTime<chrono::Utc>, wake: &mut Wake) -> String {
    let seconds = (at - wake.now).num_seconds();
    if seconds >= 120 {
        format!("retry in {} min", wake.countdown(at, TimeDelta::minutes(1)))
    } else {
        match wake.countdown(at, TimeDelta::seconds(1)) {
            0 => "retrying now".to_owned(),
            seconds => format!("retry in {seconds} s"),
        }
    }
}

/// An age in one unit, and the seconds of the unit.
fn age_text(seconds: i64) -> (i64, String) {
    let (unit, name) = match seconds {
        0..60 => (1, "s"),
        60..3600 => (60, "min"),
        3600..172_800 => (3600, "h"),
        _ => (86_400, "d"),
    };
    (unit, format!("{} {name}", seconds / unit))
}
