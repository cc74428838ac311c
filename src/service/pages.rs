//! Pages of the feed that many ask for at once are read once. Two thousand engineers who are woken by one change
//! stand at the same place of the same scope: the first one reads, the others get what was read. A
//! page is given only to those who asked before it began to be read, so that nobody sees less than a read of
//! their own would have shown.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::value::{RawValue, to_raw_value};

use super::problem::{Answered, internal};
use super::store::{CaseRow, Position, Scope};
use crate::domain::{Case, CaseId};
use crate::sla::policy::Policy;

/// A place in the order of reads: of two reads the one that began later has the higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Turn(u64);

/// Whose page it is: two who ask with the same get the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub scope: Scope,
    pub from: Option<Position>,
    pub limit: usize,
}

/// A page as it was read.
#[derive(Debug)]
pub(crate) struct Page {
    pub cases: Vec<CaseRow>,
    pub removed: Vec<CaseId>,
    pub next: Position,
    pub more: bool,
    /// Knows the version of every clock in the cases.
    pub policy: Arc<Policy>,
    pub shown: Mutex<Option<Arc<Shown>>>,
}

/// The part of an answer that is the same for all who get it.
#[derive(Debug)]
pub(crate) struct Shown {
    pub at: DateTime<Utc>,
    pub cases: Box<RawValue>,
    pub removed: Box<RawValue>,
}

impl Page {
    /// How long an answer serves for others too: those who are woken together are answered within less.
    const SHOWN_FOR: TimeDelta = TimeDelta::milliseconds(250);

    pub(crate) fn cases_at(&self, now: DateTime<Utc>) -> Vec<Case> {
        self.cases.iter().map(|row| row.case(now, &self.policy)).collect()
    }

    /// The cases and the removed ids as JSON, with the instant at which the clocks are as they say.
    pub(crate) fn shown(&self, now: DateTime<Utc>) -> Answered<Arc<Shown>> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*shown
            && (TimeDelta::zero()..Self::SHOWN_FOR).contains(&(now - known.at))
        {
            return Ok(known.clone());
        }
        let new = Arc::new(Shown {
            at: now,
            cases: to_raw_value(&self.cases_at(now)).map_err(|_| internal())?,
            removed: to_raw_value(&self.removed).map_err(|_| internal())?,
        });
        *shown = Some(new.clone());
        Ok(new)
    }
}

/// Pages that were read lately or are being read.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    instant: AtomicU64,
    places: Mutex<HashMap<Wanted, Arc<Place>>>,
}

/// Where one page is read, by one at a time.
#[derive(Debug, Default)]
struct Place {
    read: tokio::sync::Mutex<Option<Read>>,
    asked_for: AtomicU64,
}

#[derive(Debug)]
struct Read {
    began: Turn,
    /// Those who waited for a read that failed do not each try it again.
    page: Answered<Arc<Page>>,
}

impl Pages {
    /// How many pages are kept; of 200 cases each, which is the most, they are about 20 MB.
    const MOST: usize = 32;

    /// Now, as reads are ordered.
    pub(crate) fn now(&self) -> Turn {
        Turn(self.instant.load(Ordering::SeqCst))
    }

    fn next(&self) -> Turn {
        Turn(self.instant.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// The page, from a read that began after an instant: one by others or, if there is none, `read`.
    pub(crate) async fn get(
        &self,
        wanted: Wanted,
        after: Turn,
        read: impl Future<Output = Answered<Page>>,
    ) -> Answered<Arc<Page>> {
        let place = self.place(wanted);
        // Those who come while it is held wait, and share what the next one reads. Who hangs up meanwhile
        // lets go of it.
        let mut held = place.read.lock().await;
        if let Some(known) = &*held
            && known.began > after
        {
            return known.page.clone();
        }
        let began = self.next();
        let page = read.await.map(Arc::new);
        *held = Some(Read { began, page: page.clone() });
        page
    }

    fn place(&self, wanted: Wanted) -> Arc<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now().0;
        if let Some(known) = places.get(&wanted) {
            known.asked_for.store(now, Ordering::Relaxed);
            return known.clone();
        }
        if places.len() >= Self::MOST {
            // Those in use stay; they are no more than there are requests.
            let mut unused: Vec<(u64, Wanted)> = places
                .iter()
                .filter(|(_, place)| Arc::strong_count(place) == 1)
                .map(|(wanted, place)| (place.asked_for.load(Ordering::Relaxed), wanted.clone()))
                .collect();
            unused.sort_by_key(|(asked_for, _)| *asked_for);
            for (_, oldest) in unused.into_iter().take(places.len() + 1 - Self::MOST) {
                places.remove(&oldest);
            }
        }
        let place = Arc::new(Place { asked_for: AtomicU64::new(now), ..Place::default() });
        places.insert(wanted, place.clone());
        place
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;

    use futures_util::future::join_all;

    use super::*;

    fn wanted(seq: i64) -> Wanted {
        Wanted { scope: Scope::All, from: Some(Position::Live { seq }), limit: 200 }
    }

    async fn read(reads: &AtomicI64) -> Answered<Page> {
        let nth = reads.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Ok(Page {
            cases: Vec::new(),
            removed: Vec::new(),
            next: Position::Live { seq: nth },
            more: false,
            policy: Arc::new(Policy::embedded()),
            shown: Mutex::default(),
        })
    }

    #[tokio::test]
    async fn those_who_wait_for_the_same_page_share_one_read() {
        let (pages, reads) = (Pages::default(), AtomicI64::new(0));
        let since = pages.now();
        join_all((0..2_000).map(|_| pages.get(wanted(7), since, read(&reads)))).await;
        assert_eq!(reads.load(Ordering::SeqCst), 1);
        // And who stands elsewhere has a page of their own.
        pages.get(wanted(8), since, read(&reads)).await.unwrap();
        assert_eq!(reads.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn nobody_gets_a_page_that_began_to_be_read_before_they_asked() {
        let (pages, reads) = (Pages::default(), AtomicI64::new(0));
        for nth in 0..3 {
            let page = pages.get(wanted(7), pages.now(), read(&reads)).await.unwrap();
            assert_eq!(page.next, Position::Live { seq: nth });
        }
        // Not even one that is still being read.
        let first = pages.get(wanted(9), pages.now(), async {
            let late = pages.now();
            let second = pages.get(wanted(9), late, read(&reads));
            tokio::pin!(second);
            assert!(futures_util::poll!(&mut second).is_pending());
            read(&reads).await
        });
        first.await.unwrap();
        assert_eq!(reads.load(Ordering::SeqCst), 4);
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded() {
        let (pages, reads) = (Pages::default(), AtomicI64::new(0));
        for seq in 0..1_000 {
            pages.get(wanted(seq), pages.now(), read(&reads)).await.unwrap();
        }
        assert_eq!(pages.places.lock().unwrap().len(), Pages::MOST);
    }
}
