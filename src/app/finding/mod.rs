//! How cases are found: the filter line, views, order and columns, and what of it comes back at the next start.

pub mod dialog;
pub mod kept;
pub mod line;
pub mod pick;
pub mod save;
pub mod seek;
pub mod visits;

use visits::Visits;

use crate::query::{Column, View};

/// How many filters are remembered.
const PAST: usize = 50;

/// What the person chose for the list, over all views.
#[derive(Debug, Default)]
pub struct Finding {
    /// Filters that were kept before, newest last.
    pub past: Vec<String>,
    /// None: the usual ones.
    pub columns: Option<Vec<Column>>,
    /// No heads and no empty cells, so that more rows fit.
    pub compact: bool,
    /// Views that were saved from the screen.
    pub saved: Vec<View>,
    pub visits: Visits,
    /// What was kept has come.
    pub came: bool,
}

impl Finding {
    /// Keeps a view on this machine, in the place of another on its key or of its name.
    pub fn save(&mut self, view: View) {
        self.saved.retain(|known| known.key != view.key && known.name != view.name);
        self.saved.push(view);
    }

    /// A filter was kept: it stands last from now on.
    fn used(&mut self, filter: &str) {
        let filter = filter.trim();
        if filter.is_empty() {
            return;
        }
        self.past.retain(|known| known != filter);
        self.past.push(filter.to_owned());
        let over = self.past.len().saturating_sub(PAST);
        self.past.drain(..over);
    }
}
