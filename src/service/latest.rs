//! Who waits for changes, and who is woken: those alone whose scope has something new. A waiting request holds
//! neither a thread nor a query, only its place here.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::store::{Changed, Scope};

/// The number of the latest change in each scope that somebody waits in.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    scopes: Mutex<HashMap<Scope, watch::Sender<i64>>>,
}

impl Latest {
    fn scopes(&self) -> std::sync::MutexGuard<'_, HashMap<Scope, watch::Sender<i64>>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What tells of changes in a scope from now on.
    pub(crate) fn subscribe(&self, scope: &Scope) -> watch::Receiver<i64> {
        let mut scopes = self.scopes();
        if let Some(known) = scopes.get(scope) {
            return known.subscribe();
        }
        // Partners that nobody waits for any more make room.
        scopes.retain(|_, sender| sender.receiver_count() > 0);
        scopes.entry(scope.clone()).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Wakes those who see something of a change. A number that is told late wakes nobody for nothing.
    pub(crate) fn tell(&self, changed: &Changed) {
        let scopes = self.scopes();
        let wake = |sender: &watch::Sender<i64>| {
            sender.send_if_modified(|latest| {
                let newer = *latest < changed.seq;
                *latest = changed.seq.max(*latest);
                newer
            });
        };
        match &changed.seen_by {
            Some(seen_by) => seen_by.iter().filter_map(|scope| scopes.get(scope)).for_each(wake),
            None => scopes.values().for_each(wake),
        }
    }

    /// Wakes everybody: anything may have changed.
    pub(crate) fn tell_all(&self) {
        for sender in self.scopes().values() {
            sender.send_modify(|_| {});
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.scopes().values().map(watch::Sender::receiver_count).sum()
    }
}
