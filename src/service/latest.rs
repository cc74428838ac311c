//! Who waits for changes, and who is woken: those alone whose scope has something new. A waiting request holds
//! neither a thread nor a query, only its place here.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use super::pages::{Pages, Turn};
use super::store::{Changed, Scope};

/// The latest change in each scope that somebody waits in.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    scopes: Mutex<HashMap<Scope, watch::Sender<News>>>,
    told: Mutex<Told>,
    somebody: Notify,
}

/// What those who wait in a scope are told.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct News {
    /// The number of the change.
    seq: i64,
    /// A page that is read after this holds it.
    pub since: Turn,
}

/// Which changes were told. They come in any order where several processes make them.
#[derive(Debug, Default)]
struct Told {
    /// All up to this one.
    up_to: i64,
    /// Beyond a gap: from where to where.
    beyond: BTreeMap<i64, i64>,
}

impl Told {
    /// More gaps than this are no longer told apart: all that lies before the last of them then counts as
    /// missed.
    const MOST: usize = 1_000;

    fn note(&mut self, first: i64, last: i64) {
        self.beyond.insert(first, last);
        while let Some(next) = self.beyond.first_entry().filter(|e| *e.key() <= self.up_to + 1) {
            self.up_to = self.up_to.max(next.remove());
        }
        while self.beyond.len() > Self::MOST {
            self.beyond.pop_last();
        }
    }
}

impl Latest {
    fn scopes(&self) -> std::sync::MutexGuard<'_, HashMap<Scope, watch::Sender<News>>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What tells of changes in a scope from now on.
    pub(crate) fn subscribe(&self, scope: &Scope) -> watch::Receiver<News> {
        self.somebody.notify_one();
        let mut scopes = self.scopes();
        if let Some(known) = scopes.get(scope) {
            return known.subscribe();
        }
        // Partners that nobody waits for any more make room.
        scopes.retain(|_, sender| sender.receiver_count() > 0);
        scopes
            .entry(scope.clone())
            .or_insert_with(|| watch::Sender::new(News::default()))
            .subscribe()
    }

    /// Wakes those who see something of a change, which is in every page read from now on. A number
    /// that is told late wakes nobody for nothing.
    pub(crate) fn tell(&self, changed: &Changed, pages: &Pages) {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .note(changed.seq - changed.count + 1, changed.seq);
        let since = pages.now();
        let scopes = self.scopes();
        let wake = |sender: &watch::Sender<News>| {
            sender.send_if_modified(|news| {
                let newer = news.seq < changed.seq;
                if newer {
                    *news = News { seq: changed.seq, since };
                }
                newer
            });
        };
        match &changed.seen_by {
            Some(seen_by) => seen_by.iter().filter_map(|scope| scopes.get(scope)).for_each(wake),
            None => scopes.values().for_each(wake),
        }
    }

    /// Wakes everybody: anything may have changed.
    pub(crate) fn tell_all(&self, pages: &Pages) {
        let since = pages.now();
        for sender in self.scopes().values() {
            sender.send_modify(|news| news.since = since);
        }
    }

    /// That the changes up to a number are there; whether some of them were never told.
    pub(crate) fn learn(&self, seq: i64) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let missed = told.up_to < seq;
        if missed {
            let first = told.up_to + 1;
            told.note(first, seq);
        }
        missed
    }

    pub(crate) fn waiting(&self) -> usize {
        self.scopes().values().map(watch::Sender::receiver_count).sum()
    }

    /// Waits until somebody waits.
    pub(crate) async fn somebody(&self) {
        while self.waiting() == 0 {
            self.somebody.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(seq: i64, count: i64, seen_by: &[Scope]) -> Changed {
        Changed { seq, count, seen_by: Some(seen_by.to_vec()) }
    }

    #[test]
    fn those_alone_are_woken_who_see_something_of_a_change() {
        let (latest, pages) = (Latest::default(), Pages::default());
        let mut engineer = latest.subscribe(&Scope::Engineer);
        let mut partner = latest.subscribe(&Scope::Partner("nordwind".into()));
        latest.tell(&changed(1, 1, &[Scope::Engineer]), &pages);
        assert!(engineer.has_changed().unwrap());
        assert!(!partner.has_changed().unwrap());
        engineer.mark_unchanged();
        // What is told again, or late, is known.
        latest.tell(&changed(1, 1, &[Scope::Engineer]), &pages);
        assert!(!engineer.has_changed().unwrap());
        latest.tell_all(&pages);
        assert!(engineer.has_changed().unwrap() && partner.has_changed().unwrap());
        partner.mark_unchanged();
    }

    #[test]
    fn a_change_that_was_never_told_is_missed_once_whatever_was_told_after_it() {
        let (latest, pages) = (Latest::default(), Pages::default());
        latest.tell(&changed(2, 2, &[]), &pages);
        assert!(!latest.learn(2));
        // 3 and 4 were made by somebody else; 5 to 7 come in another order.
        latest.tell(&changed(7, 1, &[]), &pages);
        latest.tell(&changed(6, 2, &[]), &pages);
        assert!(latest.learn(7), "3 and 4");
        assert!(!latest.learn(7), "once");
        latest.tell(&changed(8, 1, &[]), &pages);
        assert!(!latest.learn(8));
        for seq in 0..5_000 {
            latest.tell(&changed(10 + 2 * seq, 1, &[]), &pages);
        }
        assert_eq!(latest.told.lock().unwrap().beyond.len(), Told::MOST);
        assert!(latest.learn(20_000));
    }
}
