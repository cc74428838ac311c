//! The start from what is kept: who, by which policy, how old, the head of the queue, and then the rest of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::line::Line;
use super::store::{Known, Rest, Resume};
use super::{Event, Link};
use crate::sla::policy::{Policy, PolicyDocument};
use crate::wire::Me;

/// How many cases are told first: more than any screen has rows.
const HEAD: usize = 400;
/// How many of the rest are told at once.
const PIECE: usize = 5_000;

/// What was told from the cache.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) me: Me,
    pub(super) policy: PolicyDocument,
    pub(super) fresh_at: Option<DateTime<Utc>>,
    resume: Resume,
    rest: Rest,
}

/// Where the feed goes on.
#[derive(Debug, Default)]
pub(super) struct GoesOn {
    pub(super) cursor: Option<String>,
    pub(super) half_way: bool,
    /// What a fresh start takes the place of.
    pub(super) replaces: Option<String>,
}

/// Tells what a screen needs to show the queue. `confirmed`: whom the desk has named and the screen knows; what
/// is kept of anybody else's is not told. None: nothing of use is kept.
pub(super) async fn tell_head(line: &Line, confirmed: bool) -> Option<Told> {
    let Known { me, policy, resume, fresh_at, skew_ms } = line.store.known().await?;
    let document = policy?;
    let policy = Policy::compile(&document).ok()?;
    if resume == Resume::Start {
        return None;
    }
    if !confirmed {
        line.presume(skew_ms.unwrap_or_default(), fresh_at).await;
    }
    let (cases, rest) = line.store.head(line.now(), HEAD).await?;
    if !confirmed {
        line.tell(Event::SignedIn(Box::new(me.clone()))).await;
    }
    line.tell(Event::Policy(Arc::new(policy))).await;
    line.tell(Event::Link { link: Link::Connecting, fresh_at }).await;
    line.tell(Event::Page { cases, removed: Vec::new(), reset: true, more: true }).await;
    Some(Told { me, policy: document, fresh_at, resume, rest })
}

/// Tells the rest of the queue. What is lost meanwhile is had from the desk, whose fresh start then replaces
/// what was told.
pub(super) async fn tell_rest(line: &Line, told: &Told) -> GoesOn {
    let mut rest = Some(told.rest.clone());
    while let Some(reading) = rest {
        let Some((cases, next)) = line.store.rest(reading, PIECE).await else {
            return GoesOn::default();
        };
        rest = next;
        // The first load has more to come, which the feed tells.
        let half_way = matches!(told.resume, Resume::HalfWay(_));
        let (removed, reset, more) = (Vec::new(), false, rest.is_some() || half_way);
        if !cases.is_empty() || !more {
            line.tell(Event::Page { cases, removed, reset, more }).await;
        }
    }
    let cursor = told.resume.cursor().map(str::to_owned);
    let half_way = matches!(told.resume, Resume::HalfWay(_));
    let replaces = match &told.resume {
        Resume::Anew(cursor) => Some(cursor.clone()),
        _ => None,
    };
    GoesOn { cursor, half_way, replaces }
}

#[cfg(test)]
mod tests;
