//! What of the queue is shown: the views, the filter over all open cases, and their order.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};

use super::{At, Entry, Looks, Queue, Slot};
use crate::app::desk::Desks;
use crate::domain::text::safe_line;
use crate::domain::{Case, CaseId};
use crate::query::{
    Column, Finder, Judgement, Known, Problem, Query, Scope, Sort, SortField, Text, View, parse,
};

/// Columns of a name that nobody has.
const NAME: usize = 20;

/// What a query says of a case, and when to ask again by the screen's clock.
pub(super) fn judge(
    query: &Query,
    case: &Case,
    text: &Text,
    at: At,
    finder: &mut Finder,
) -> (Judgement, Option<i64>) {
    let desk = at.desk(case);
    let scope = Scope {
        me: desk.me.as_ref().map(|me| &me.actor),
        now: desk.time(at.now),
        policy: &desk.policy,
        desk: &desk.name,
    };
    let judgement = query.judge(case, text, &scope, finder);
    // Clocks of desks are compared in milliseconds: never a moment too early.
    let look = |until: DateTime<Utc>| {
        let at = desk.on_screen(until);
        at.timestamp_millis() + i64::from(!at.timestamp_subsec_nanos().is_multiple_of(1_000_000))
    };
    (judgement, judgement.until.map(look))
}

impl Queue {
    pub fn views(&self) -> &[View] {
        &self.views
    }

    /// The view that is shown as long as nothing is filtered.
    pub fn view(&self) -> &View {
        &self.views[self.view]
    }

    pub fn view_at(&self) -> usize {
        self.view
    }

    /// How many cases a view holds, by its place.
    pub fn count_in(&self, view: usize) -> usize {
        self.counts.get(view).copied().unwrap_or(0)
    }

    pub fn view_on(&self, key: u8) -> Option<usize> {
        self.views.iter().position(|view| view.key == key)
    }

    pub fn view_named(&self, name: &str) -> Option<usize> {
        self.views.iter().position(|view| view.name == name)
    }

    /// Puts a view on its key, in the place of the one that was there. Of two of one name the new one stays.
    pub fn put_view(&mut self, view: View, at: At) {
        let shown = self.view().name.clone();
        self.views.retain(|known| known.key != view.key && known.name != view.name);
        self.views.push(view);
        self.views.sort_by_key(|view| view.key);
        self.view = self.view_named(&shown).unwrap_or(0);
        self.judge_again(at);
    }

    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Whether the filter asks for anything, and so shows what matches it of all open cases.
    pub fn is_filtered(&self) -> bool {
        self.wanted.is_some()
    }

    /// What is in force: what the filter asks for, or the view.
    pub(super) fn query(&self) -> &Query {
        self.wanted.as_ref().unwrap_or(&self.view().query)
    }

    /// The same as it is written.
    pub fn query_text(&self) -> &str {
        if self.wanted.is_some() { &self.filter } else { &self.view().text }
    }

    /// What is wrong with the filter as it stands; what is shown is what it asked for before.
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// Whether the filter asks for cases that are not in the queue.
    pub fn asks_for_closed(&self) -> bool {
        self.wanted.as_ref().is_some_and(Query::asks_for_closed)
    }

    /// A desk of the filter that is not there, in a sentence.
    pub fn unknown_desk(&self, desks: &Desks) -> Option<String> {
        let begins = |desk: &str, name: &str| desk.to_lowercase().starts_with(name);
        let known = |name: &&str| desks.iter().any(|desk| begins(&desk.name, name));
        let unknown = self.wanted.as_ref()?.desks().find(|name| !known(name))?;
        let all: Vec<&str> = desks.iter().map(|desk| desk.name.as_str()).collect();
        let unknown = safe_line(unknown, NAME);
        Some(format!("no desk \"{unknown}\"; there are: {}", all.join(", ")))
    }

    /// What a filter can name.
    pub fn known(&self, desks: &Desks) -> Known {
        let mut known = Known::of(self.by_urgency(0));
        if desks.are_several() {
            known.desks = desks.iter().map(|desk| (desk.name.clone(), String::new())).collect();
        }
        known
    }

    /// A desk has said who looks: it decides what is mine and, when it is the first that is heard of
    /// there (`is_first`), the view to begin with.
    pub fn signed_in(&mut self, is_first: bool, at: At) {
        if is_first && !self.chosen {
            // Whoever watches over all has no tier whose unassigned cases are waiting for them.
            let mut known = at.desks.iter().filter_map(|desk| desk.me.as_ref());
            let over_all = known.all(|me| me.actor.role.tier().is_none());
            self.view = usize::from(over_all).min(self.views.len() - 1);
        }
        self.judge_again(at);
    }

    /// Shows a view, by its place.
    pub fn set_view(&mut self, view: usize, at: At) {
        self.chosen = true;
        self.view = view.min(self.views.len() - 1);
        self.kept = None;
        self.show_again(at);
        self.left = None;
    }

    /// Shows what a filter asks for of all open cases. Where it is wrong, what it asked for before stays.
    pub fn set_filter(&mut self, filter: &str, at: At) {
        filter.clone_into(&mut self.filter);
        match parse(filter) {
            Ok(query) => {
                self.problem = None;
                let wanted = (!query.is_empty() || !query.sort.is_empty()).then_some(query);
                if wanted != self.wanted {
                    self.wanted = wanted;
                    self.show_again(at);
                }
            }
            Err(problem) => self.problem = Some(problem),
        }
        self.left = None;
    }

    /// The order of what is shown.
    pub fn sort(&self) -> &[Sort] {
        &self.sort
    }

    /// The orders that the person chose, by the names of the views.
    pub fn sorts(&self) -> impl Iterator<Item = (&str, &[Sort])> {
        self.sorts.iter().map(|(view, sort)| (view.as_str(), sort.as_slice()))
    }

    /// Sorts the view that is shown.
    pub fn sort_by(&mut self, sort: Vec<Sort>, at: At) {
        let view = self.view().name.clone();
        self.sort_view(view, sort, at);
    }

    /// Sorts a view, by its name.
    pub fn sort_view(&mut self, view: String, sort: Vec<Sort>, at: At) {
        self.sorts.insert(view, sort);
        self.show_again(at);
    }

    /// Gives the view that is shown other columns.
    pub fn set_columns(&mut self, columns: Vec<Column>) {
        if let Some(view) = self.views.get_mut(self.view) {
            view.columns = Some(columns);
        }
    }

    /// Keeps a case in the view until the cursor leaves it.
    pub fn keep(&mut self, id: &CaseId) {
        if self.cursor.as_ref() == Some(id) {
            self.kept = Some(id.clone());
        }
    }

    /// Judges every case anew by every view: another looks, another policy, another view.
    pub fn judge_again(&mut self, at: At) {
        self.counts = vec![0; self.views.len()];
        for place in 0..self.order.len() {
            let slot = self.order[place];
            self.judge_views(slot, at);
            let views = self.entry(slot).map_or(0, |entry| entry.views);
            for (place, count) in self.counts.iter_mut().enumerate() {
                *count += usize::from(views >> place & 1);
            }
        }
        self.show_again(at);
    }

    /// Makes what is shown anew. The cursor stays on its case, or goes to the first.
    pub(super) fn show_again(&mut self, at: At) {
        self.sort = match &self.wanted {
            Some(query) if !query.sort.is_empty() => query.sort.clone(),
            _ => match self.sorts.get(&self.view().name) {
                Some(sort) => sort.clone(),
                None => self.view().order().to_vec(),
            },
        };
        for place in 0..self.order.len() {
            self.judge_shown(self.order[place], at);
        }
        let slots = self.entries.iter().enumerate();
        self.looks = slots.filter_map(|(slot, e)| Some((e.as_ref()?.look.next()?, slot))).collect();
        let shows = |slot: &Slot| self.entry(*slot).is_some_and(|entry| self.belongs(entry));
        let mut shown: Vec<Slot> = self.order.iter().copied().filter(shows).collect();
        if !self.is_in_order() {
            shown.sort_unstable_by(|a, b| self.compare_shown(*a, *b));
        }
        self.shown = shown;
        self.keep_or_first();
    }

    /// What is shown stands in the order of the whole queue.
    pub(super) fn is_in_order(&self) -> bool {
        self.sort == [Sort::DUE] && !self.query().has_words()
    }

    /// The order of what is shown: as near as the words are, then as it is sorted, then as the queue.
    pub(super) fn compare_shown(&self, a: Slot, b: Slot) -> Ordering {
        if let (false, Some(x), Some(y)) = (self.is_in_order(), self.entry(a), self.entry(b)) {
            let by = |sort: &Sort| sort.compare((&x.urgency, &x.case), (&y.urgency, &y.case));
            let sorts = self.sort.iter().filter(|sort| **sort != Sort::DUE || self.sort.len() > 1);
            let sorted = || sorts.map(by).find(|order| order.is_ne());
            let order = x.rank.cmp(&y.rank);
            if let Some(order) = Some(order).filter(|order| order.is_ne()).or_else(sorted) {
                return order;
            }
        }
        self.compare(a, b)
    }

    pub(super) fn belongs(&self, entry: &Entry) -> bool {
        entry.fits || (!self.is_filtered() && self.kept.as_ref() == Some(&entry.case.id))
    }

    /// Judges a case that stands in no order now.
    pub(super) fn judge(&mut self, slot: Slot, at: At) {
        self.judge_views(slot, at);
        self.judge_shown(slot, at);
    }

    fn judge_views(&mut self, slot: Slot, at: At) {
        let Self { entries, views, finder, .. } = self;
        let Some(entry) = entries.get_mut(slot).and_then(Option::as_mut) else { return };
        (entry.views, entry.look.views) = (0, None);
        for (place, view) in views.iter().enumerate() {
            let (judgement, look) = judge(&view.query, &entry.case, &entry.text, at, finder);
            entry.views |= u16::from(judgement.fits) << place;
            entry.look.views = [entry.look.views, look].into_iter().flatten().min();
        }
    }

    fn judge_shown(&mut self, slot: Slot, at: At) {
        let Self { entries, views, view, wanted, finder, .. } = self;
        let Some(entry) = entries.get_mut(slot).and_then(Option::as_mut) else { return };
        let Some(query) = wanted.as_ref() else {
            // The view has judged it already.
            entry.fits = entry.views >> *view & 1 == 1;
            (entry.rank, entry.look.shown) = (0, None);
            if views[*view].query.has_words() {
                let query = &views[*view].query;
                entry.rank = judge(query, &entry.case, &entry.text, at, finder).0.rank;
            }
            return;
        };
        let (judgement, look) = judge(query, &entry.case, &entry.text, at, finder);
        (entry.fits, entry.rank) = (judgement.fits, judgement.rank);
        entry.look = Looks { shown: look, ..entry.look };
    }
}

/// What the title of the list says of its order: "next breach", "severity, then updated ▼".
#[must_use]
pub fn sort_text(sort: &[Sort]) -> String {
    match sort {
        [] | [Sort { by: SortField::Due, reversed: false }] => "next breach".to_owned(),
        sort => sort.iter().map(|sort| sort.by.word()).collect::<Vec<_>>().join(", "),
    }
}
