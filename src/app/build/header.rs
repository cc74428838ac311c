//! The header: who I am, what the line to the desk does, and what is late.

use chrono::TimeDelta;

use super::Wake;
use crate::app::age;
use crate::app::desk::Desk;
use crate::app::model::Model;
use crate::app::msg::{Link, Whoami};
use crate::app::outbox;
use crate::app::view::{DeskLink, Header, Late, LinkSign};
use crate::domain::{DeskNo, Untrusted};

/// A difference of the clocks that is worth a word.
const SKEW_S: i64 = 5;

pub fn header(model: &Model, wake: &mut Wake) -> Header {
    wake.by(model.queue.next_change(wake.now));
    let desk = model.desks.get(DeskNo::FIRST);
    // Who I am is another one at each desk: it is said of the one that the cursor is at.
    let under_cursor = model.case_id().map(|id| model.desks.of(id));
    let me = under_cursor.unwrap_or(desk).me.as_ref();
    let several = model.desks.are_several();
    Header {
        who: me.map_or_else(|| "".into(), who),
        link: sign(&desk.link),
        desks: model.desks.iter().filter(|_| several).map(|desk| one_of(desk, wake)).collect(),
        waits: waits(model),
        link_text: wake.at(desk, |wake| link_text(desk, wake)),
        late: (model.queue.is_loaded() || model.queue.total() > 0).then(|| Late {
            missed: model.queue.missed(),
            under_1h: model.queue.under_1h(wake.now),
        }),
    }
}

/// What of the outbox is not on its usual way, and whether cases are given one after the other.
fn waits(model: &Model) -> String {
    let outbox = Some(outbox::waits(model)).filter(|said| !said.is_empty());
    let said: Vec<String> = model.next.said().into_iter().chain(outbox).collect();
    said.join(" · ")
}

fn who(me: &Whoami) -> Untrusted {
    let role = me.actor.role;
    let place = role.tier().map_or_else(|| role.label(), |tier| tier.label());
    let name = me.actor.name.raw();
    let no_mail = if me.mail { "" } else { " · no mail" };
    Untrusted::new(match &me.partner {
        Some(partner) => format!("{} · {name}, {place}{no_mail}", partner.name.raw()),
        None => format!("{name}, {place}{no_mail}"),
    })
}

fn sign(link: &Link) -> LinkSign {
    match link {
        Link::Connecting => LinkSign::Connecting,
        Link::Live => LinkSign::Live,
        Link::Offline { .. } => LinkSign::Offline,
        Link::SignedOut { .. } | Link::NotAllowed { .. } | Link::NotACaseApi { .. } => {
            LinkSign::Broken
        }
    }
}

/// One desk of several: short, since there are more.
fn one_of(desk: &Desk, wake: &mut Wake) -> DeskLink {
    let mut parts = Vec::new();
    match &desk.link {
        Link::Live => {}
        Link::Connecting => parts.push("connecting".to_owned()),
        Link::Offline { .. } => parts.push("offline".to_owned()),
        Link::SignedOut { .. } => parts.push("signed out".to_owned()),
        Link::NotAllowed { .. } => parts.push("not allowed".to_owned()),
        Link::NotACaseApi { .. } => parts.push("not a case API".to_owned()),
    }
    parts.extend(wake.at(desk, |wake| old(desk, wake)));
    parts.extend(clock_off(desk));
    DeskLink { name: desk.name.clone(), link: sign(&desk.link), text: parts.join(" · ") }
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
    parts.extend(old(desk, wake));
    parts.extend(clock_off(desk));
    parts.join(" · ")
}

/// "4 min old": how old what a desk told is, where that is worth a word. By the desk's clock.
pub fn old(desk: &Desk, wake: &mut Wake) -> Option<String> {
    let (stale, next) = age::stale(desk, wake.now);
    wake.by(next);
    stale
}

/// "clock 3 min fast"
fn clock_off(desk: &Desk) -> Option<String> {
    let way = if desk.skew_s > 0 { "fast" } else { "slow" };
    let (_, text) = age::text(desk.skew_s.abs());
    (desk.skew_s.abs() > SKEW_S).then(|| format!("clock {text} {way}"))
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
