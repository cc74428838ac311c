//! The queue: every open case that I may see, in the order of the next breach, and the part of it that the
//! view and the filter show. Keeps its order as cases change and as due instants pass, so that a key press
//! costs nothing that grows with the number of cases.

mod cursor;
mod many;
mod shown;

pub use shown::sort_text;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};

use crate::app::desk::{Desk, Desks};
use crate::domain::{Case, CaseId, ClockState, ClockSummary, DeskNo, Person, Revision, Tier};
use crate::query::{Finder, Problem, Query, Sort, Text, View};
use crate::sla::reading::{self, Urgency};

/// When, and about which desks, a question about the queue is asked.
#[derive(Clone, Copy)]
pub struct At<'a> {
    pub now: DateTime<Utc>,
    pub desks: &'a Desks,
}

impl<'a> At<'a> {
    fn desk(self, case: &Case) -> &'a Desk {
        self.desks.of(&case.id)
    }

    /// What the clock of the case's desk says.
    fn there(self, case: &Case) -> DateTime<Utc> {
        self.desk(case).time(self.now)
    }
}

const SECOND_MS: i64 = 1000;
/// Clocks are read in whole seconds: so long before a due instant less than an hour is left.
const UNDER_AN_HOUR_MS: i64 = 3599 * SECOND_MS;

/// A place in the store; kept by a case as long as it is there.
type Slot = usize;

struct Entry {
    case: Case,
    urgency: Urgency,
    /// What a query looks through.
    text: Text,
    /// Whether what is in force shows it, the view's query or the filter, and how near its words are.
    fits: bool,
    rank: u16,
    /// The views that hold it, a bit each.
    views: u16,
    /// When to judge both anew, in milliseconds since 1970 of the screen's clock.
    look: Looks,
    /// A clock that still counts is past its due instant.
    missed: bool,
    /// The nearest due instant that has not passed, in milliseconds since 1970 of the screen's clock.
    due: Option<i64>,
    /// Changed by somebody else since the cursor last stood on it.
    fresh: bool,
}

/// When time may change what a case fits: what is in force, and any of the views.
#[derive(Debug, Clone, Copy, Default)]
struct Looks {
    shown: Option<i64>,
    views: Option<i64>,
}

impl Looks {
    fn next(self) -> Option<i64> {
        [self.shown, self.views].into_iter().flatten().min()
    }
}

/// What is known of a case that is no longer in the queue.
#[derive(Debug, Clone, Copy)]
struct Gone {
    revision: Revision,
    closed: bool,
}

/// Who reports a state of a case: it decides what an unknown case or an old revision means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The feed, which says what there is.
    Feed,
    /// The answer to an act or to a question about one case, which says nothing of what I may see.
    Answer,
    /// The answer to a reopening: the case comes back.
    Reopened,
}

/// Why the case under the cursor is no longer there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub id: CaseId,
    /// How the case stands now; None: it is no longer known.
    pub now: Option<Box<Case>>,
}

/// How far a desk's cases have come.
#[derive(Debug, Clone, Default)]
struct Load {
    /// What a feed that started over has named so far.
    named: Option<HashSet<Slot>>,
    /// All have come at least once.
    loaded: bool,
}

impl Load {
    const NONE: Self = Self { named: None, loaded: false };
}

pub struct Queue {
    entries: Vec<Option<Entry>>,
    free: Vec<Slot>,
    by_id: HashMap<CaseId, Slot>,
    gone: HashMap<CaseId, Gone>,
    /// Every open case, most urgent first.
    order: Vec<Slot>,
    /// Those of them that view and filter show, in the order that is chosen.
    shown: Vec<Slot>,
    /// The nearest due instant of each case that has one ahead.
    dues: BTreeSet<(i64, Slot)>,
    /// When cases may begin or end to fit a query.
    looks: BTreeSet<(i64, Slot)>,
    missed: usize,
    /// How far the desks are loaded, by their number.
    loads: Vec<Load>,

    views: Vec<View>,
    /// How many cases each view holds.
    counts: Vec<usize>,
    /// The place of the view that is shown among them.
    view: usize,
    filter: String,
    /// What it asks for, or asked for when it was right last; None: nothing.
    wanted: Option<Query>,
    /// What is wrong with the filter.
    problem: Option<Problem>,
    /// The orders that the person chose, by the names of the views.
    sorts: BTreeMap<String, Vec<Sort>>,
    /// The order of what is shown.
    sort: Vec<Sort>,
    finder: Finder,
    /// The view is one that the person chose.
    chosen: bool,
    /// A case that stays although the view no longer holds it: the one that I acted on, until the cursor
    /// leaves it, so that what the act did can be seen.
    kept: Option<CaseId>,

    cursor: Option<CaseId>,
    /// The cursor stays on its case. Before that, while the first load runs, it stays on top.
    settled: bool,
    /// A desk that has told nothing yet is still being asked: what it has may stand first.
    pub expects_more: bool,
    /// Index in `shown` of the first row on the screen.
    top: usize,
    height: usize,
    /// The cursor's case and its row on the screen when the screen was settled last.
    anchor: Option<(CaseId, usize)>,
    /// The place in `shown` that the cursor's case had before it was taken out to be placed anew.
    vacated: usize,
    left: Option<Left>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            gone: HashMap::new(),
            order: Vec::new(),
            shown: Vec::new(),
            dues: BTreeSet::new(),
            looks: BTreeSet::new(),
            missed: 0,
            loads: Vec::new(),
            views: View::built_in(),
            counts: vec![0; View::built_in().len()],
            view: 0,
            filter: String::new(),
            wanted: None,
            problem: None,
            sorts: BTreeMap::new(),
            sort: vec![Sort::DUE],
            finder: Finder::default(),
            chosen: false,
            kept: None,
            cursor: None,
            settled: false,
            expects_more: false,
            top: 0,
            height: 0,
            anchor: None,
            vacated: 0,
            left: None,
        }
    }
}

impl Queue {
    /// Takes in a page of a desk's feed.
    pub fn page(
        &mut self,
        desk: DeskNo,
        cases: Vec<Case>,
        removed: &[CaseId],
        reset: bool,
        more: bool,
        at: At,
    ) {
        if reset {
            self.load_mut(desk).named = Some(HashSet::new());
        }
        let fresh = self.is_settled(desk);
        let ids: Vec<CaseId> = cases.iter().map(|case| case.id.clone()).collect();
        self.put_many(cases, fresh, at);
        if self.load(desk).named.is_some() {
            let slots: Vec<Slot> =
                ids.iter().filter_map(|id| self.by_id.get(id)).copied().collect();
            if let Some(named) = &mut self.load_mut(desk).named {
                named.extend(slots);
            }
        }
        for id in removed {
            self.remove(id);
        }
        if !more {
            if let Some(named) = self.load_mut(desk).named.take() {
                let unnamed: Vec<CaseId> = self
                    .by_id
                    .iter()
                    .filter(|(id, slot)| id.desk() == desk && !named.contains(slot))
                    .map(|(id, _)| id.clone())
                    .collect();
                self.remove_many(unnamed);
            }
            self.load_mut(desk).loaded = true;
        }
    }

    /// Lets in cases that a feed told and that were kept back.
    pub fn arrive(&mut self, cases: Vec<Case>, at: At) {
        for case in cases {
            let fresh = self.is_settled(case.id.desk());
            self.put(case, Source::Feed, fresh, at);
        }
    }

    /// A desk's clock was set anew: its cases are placed by what it says now.
    pub fn retime(&mut self, desk: DeskNo, at: At) {
        let slots = self.by_id.iter().filter(|(id, _)| id.desk() == desk).map(|(_, slot)| *slot);
        let slots = slots.collect();
        self.place_many_anew(slots, at);
    }

    /// Drops all that is known of a desk's cases: whoever looks now may not see them.
    pub fn forget(&mut self, desk: DeskNo) {
        let theirs = self.by_id.keys().filter(|id| id.desk() == desk).cloned().collect();
        self.remove_many(theirs);
        self.gone.retain(|id, _| id.desk() != desk);
        *self.load_mut(desk) = Load::default();
        self.left = None;
    }

    fn load(&self, desk: DeskNo) -> &Load {
        self.loads.get(desk.place()).unwrap_or(&Load::NONE)
    }

    fn load_mut(&mut self, desk: DeskNo) -> &mut Load {
        let place = desk.place();
        if self.loads.len() <= place {
            self.loads.resize_with(place + 1, Load::default);
        }
        &mut self.loads[place]
    }

    /// Takes in one state of one case. Answers whether it is news: an older revision than the one that is
    /// shown is dropped.
    pub fn put(&mut self, case: Case, source: Source, fresh: bool, at: At) -> bool {
        if !self.is_news(&case, source) {
            return false;
        }
        if case.is_closed() {
            let gone = Gone { revision: case.revision, closed: true };
            let id = case.id.clone();
            self.take_out(&id, Some(case));
            self.gone.insert(id, gone);
            return true;
        }
        if let Some(slot) = self.by_id.get(&case.id).copied() {
            self.unplace(slot);
        }
        let slot = self.enter(case, fresh, at);
        self.place(slot);
        self.mind_cursor(slot);
        true
    }

    fn is_news(&self, case: &Case, source: Source) -> bool {
        let known = self.by_id.get(&case.id).and_then(|slot| self.entry(*slot));
        match (known, self.gone.get(&case.id)) {
            (Some(entry), _) => match source {
                Source::Feed => case.revision >= entry.case.revision,
                Source::Answer | Source::Reopened => case.revision > entry.case.revision,
            },
            (None, gone) => match source {
                Source::Feed => gone.is_none_or(|gone| {
                    case.revision > gone.revision
                        || (case.revision == gone.revision && !gone.closed)
                }),
                Source::Answer => false,
                Source::Reopened => gone.is_none_or(|gone| case.revision > gone.revision),
            },
        }
    }

    /// Takes in an open case that stands in no order now, without giving it a place.
    fn enter(&mut self, case: Case, fresh: bool, at: At) -> Slot {
        self.gone.remove(&case.id);
        let slot = self.by_id.get(&case.id).copied().unwrap_or_else(|| {
            let slot = self.free.pop().unwrap_or_else(|| {
                self.entries.push(None);
                self.entries.len() - 1
            });
            self.by_id.insert(case.id.clone(), slot);
            slot
        });
        let under_cursor = self.cursor.as_ref() == Some(&case.id);
        let was_fresh = self.entry(slot).is_some_and(|e| e.fresh);
        let changed = self.entry(slot).is_none_or(|e| e.case.revision != case.revision);
        let desk = case.id.desk();
        let mut entry = Entry::of(case, at);
        entry.fresh = !under_cursor && (was_fresh || (fresh && changed));
        self.entries[slot] = Some(entry);
        self.judge(slot, at);
        if let Some(named) = &mut self.load_mut(desk).named {
            named.insert(slot);
        }
        slot
    }

    /// Takes out a case that the desk no longer gives.
    pub fn remove(&mut self, id: &CaseId) {
        if let Some(entry) = self.by_id.get(id).and_then(|slot| self.entry(*slot)) {
            let gone = Gone { revision: entry.case.revision, closed: false };
            self.take_out(id, None);
            self.gone.insert(id.clone(), gone);
        }
    }

    fn take_out(&mut self, id: &CaseId, now: Option<Case>) {
        let Some(slot) = self.by_id.remove(id) else { return };
        let index = self.shown_index(slot);
        self.unplace(slot);
        self.entries[slot] = None;
        self.free.push(slot);
        if let Some(named) = &mut self.load_mut(id.desk()).named {
            named.remove(&slot);
        }
        if self.kept.as_ref() == Some(id) {
            self.kept = None;
        }
        if self.cursor.as_ref() == Some(id) {
            self.cursor_left(index.unwrap_or(0), now.map(Box::new));
        }
    }

    /// Brings the order up to date: of the cases whose due instant has passed, and of those that may begin or
    /// end to fit a query. Cheap when nothing has passed.
    pub fn pass_time(&mut self, at: At) {
        let mut passed = Vec::new();
        while let Some((look, slot)) = self.looks.first().copied() {
            if look > at.now.timestamp_millis() {
                break;
            }
            self.looks.pop_first();
            passed.push(slot);
        }
        while let Some((due, slot)) = self.dues.first().copied() {
            if due + SECOND_MS > at.now.timestamp_millis() {
                break;
            }
            self.dues.pop_first();
            passed.push(slot);
        }
        passed.sort_unstable();
        passed.dedup();
        self.place_many_anew(passed, at);
    }

    fn place_anew(&mut self, slot: Slot, at: At) {
        self.unplace(slot);
        self.read_anew(slot, at);
        self.place(slot);
        self.mind_cursor(slot);
    }

    /// The next instant at which [`Queue::pass_time`] has something to do or the counts change.
    pub fn next_change(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Clocks are read in whole seconds: missed from the first one after the due instant.
        let missed = self.dues.first().map(|(due, _)| due + SECOND_MS);
        let later = now.timestamp_millis() + UNDER_AN_HOUR_MS + 1;
        let nearer = self.dues.range((later, 0)..).next().map(|(due, _)| due - UNDER_AN_HOUR_MS);
        let look = self.looks.first().map(|(look, _)| *look);
        let first = [missed, nearer, look].into_iter().flatten().min();
        first.and_then(DateTime::from_timestamp_millis)
    }

    /// Cases with a clock that counts and is past its due instant.
    pub fn missed(&self) -> usize {
        self.missed
    }

    /// Cases whose nearest due instant is less than an hour ahead.
    pub fn under_1h(&self, now: DateTime<Utc>) -> usize {
        let now = now.timestamp_millis();
        self.dues.range((now - SECOND_MS + 1, 0)..(now + UNDER_AN_HOUR_MS + 1, 0)).count()
    }

    /// Whether everything that some desk has for me has come at least once.
    pub fn is_loaded(&self) -> bool {
        self.loads.iter().any(|load| load.loaded)
    }

    /// The same of one desk.
    pub fn has_loaded(&self, desk: DeskNo) -> bool {
        self.load(desk).loaded
    }

    /// Whether no load of a desk is under way, neither the first nor one of a feed that started over.
    pub fn is_settled(&self, desk: DeskNo) -> bool {
        let load = self.load(desk);
        load.loaded && load.named.is_none()
    }

    /// How many of these cases the view would show.
    pub fn count_of_view(&self, cases: &[Case], at: At) -> usize {
        if cases.is_empty() {
            return 0;
        }
        let (mut finder, query) = (Finder::default(), self.query());
        let fits =
            |case: &&Case| shown::judge(query, case, &Text::of(case), at, &mut finder).0.fits;
        cases.iter().filter(fits).count()
    }

    /// How many cases the view holds.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// How many open cases there are in all.
    pub fn total(&self) -> usize {
        self.order.len()
    }

    pub fn case(&self, id: &CaseId) -> Option<&Case> {
        self.by_id.get(id).and_then(|slot| self.entry(*slot)).map(|e| &e.case)
    }

    /// Whom a case could be given to, as far as the queue tells: those who have cases where it is,
    /// without the one who has this. By name.
    pub fn colleagues(&self, case: &Case) -> Vec<Person> {
        let place = |case: &Case| {
            let partner = (case.tier == Tier::First).then(|| case.partner.id.clone());
            (case.id.desk(), case.tier, partner)
        };
        let mut people: Vec<Person> = self
            .by_urgency(0)
            .filter(|other| place(other) == place(case))
            .filter_map(|other| other.assignee.clone())
            .filter(|person| case.assignee.as_ref().is_none_or(|holder| holder.id != person.id))
            .collect();
        people.sort_by(|a, b| (a.name.raw(), &a.id).cmp(&(b.name.raw(), &b.id)));
        people.dedup_by(|a, b| a.id == b.id);
        people
    }

    /// Every open case from a place on, most urgent first.
    pub fn by_urgency(&self, from: usize) -> impl Iterator<Item = &Case> {
        self.order.iter().skip(from).filter_map(|slot| self.entry(*slot)).map(|e| &e.case)
    }

    /// Every case of the view, in its order.
    pub fn shown_cases(&self) -> impl Iterator<Item = &Case> {
        self.shown.iter().filter_map(|slot| self.entry(*slot)).map(|e| &e.case)
    }

    /// The place of the first case in the order whose leading clock has not passed its due instant.
    pub fn first_ahead(&self, at: At) -> usize {
        self.order.partition_point(|slot| {
            self.entry(*slot).is_some_and(|e| {
                let now = at.there(&e.case);
                reading::leading(&e.case, now).is_some_and(|clock| runs_over(clock, now))
            })
        })
    }

    fn entry(&self, slot: Slot) -> Option<&Entry> {
        self.entries.get(slot).and_then(Option::as_ref)
    }

    /// The order of the queue; total, since the id decides last.
    fn compare(&self, a: Slot, b: Slot) -> Ordering {
        match (self.entry(a), self.entry(b)) {
            (Some(x), Some(y)) => x.urgency.cmp(&y.urgency).then_with(|| {
                let key = |e: &Entry| (e.case.severity, e.case.id.sort_key().0);
                key(x).cmp(&key(y)).then_with(|| x.case.id.cmp(&y.case.id))
            }),
            (x, y) => x.is_some().cmp(&y.is_some()).then(a.cmp(&b)),
        }
    }

    fn position(&self, list: &[Slot], slot: Slot) -> Result<usize, usize> {
        list.binary_search_by(|other| self.compare(*other, slot))
    }

    fn shown_position(&self, slot: Slot) -> Result<usize, usize> {
        self.shown.binary_search_by(|other| self.compare_shown(*other, slot))
    }

    fn shown_index(&self, slot: Slot) -> Option<usize> {
        self.shown_position(slot).ok()
    }

    fn place(&mut self, slot: Slot) {
        let Some(entry) = self.entry(slot) else { return };
        let belongs = self.belongs(entry);
        self.take_down(slot);
        if let Err(index) = self.position(&self.order, slot) {
            self.order.insert(index, slot);
        }
        if belongs && let Err(index) = self.shown_position(slot) {
            self.shown.insert(index, slot);
        }
    }

    /// Counts a case in, and notes its instants.
    fn take_down(&mut self, slot: Slot) {
        let Some(entry) = self.entries.get(slot).and_then(Option::as_ref) else { return };
        self.missed += usize::from(entry.missed);
        self.dues.extend(entry.due.map(|due| (due, slot)));
        self.looks.extend(entry.look.next().map(|look| (look, slot)));
        for (place, count) in self.counts.iter_mut().enumerate() {
            *count += usize::from(entry.views >> place & 1);
        }
    }

    /// Takes back what [`Queue::take_down`] did.
    fn strike(&mut self, slot: Slot) {
        let Some(entry) = self.entries.get(slot).and_then(Option::as_ref) else { return };
        self.missed -= usize::from(entry.missed);
        if let Some(due) = entry.due {
            self.dues.remove(&(due, slot));
        }
        if let Some(look) = entry.look.next() {
            self.looks.remove(&(look, slot));
        }
        for (place, count) in self.counts.iter_mut().enumerate() {
            *count -= usize::from(entry.views >> place & 1);
        }
    }

    /// Takes a case out of every order, before it changes or goes.
    fn unplace(&mut self, slot: Slot) {
        if self.entry(slot).is_none() {
            return;
        }
        self.strike(slot);
        if let Ok(index) = self.position(&self.order, slot) {
            self.order.remove(index);
        }
        if let Ok(index) = self.shown_position(slot) {
            self.shown.remove(index);
            self.vacated = index;
        }
    }
}

impl Entry {
    fn of(case: Case, at: At) -> Self {
        let desk = at.desk(&case);
        let now = desk.time(at.now);
        let urgency = reading::urgency(&case, now, desk.ahead.num_seconds());
        let missed = case.live_clocks().any(|clock| is_over(clock, now));
        let due = case
            .clocks
            .iter()
            .filter(|c| c.state == ClockState::Running)
            .filter_map(|c| c.due_at)
            .map(|due| due.timestamp())
            .filter(|due| *due >= now.timestamp())
            .map(|due| due * SECOND_MS - desk.ahead.num_milliseconds())
            .min();
        Self {
            text: Text::of(&case),
            case,
            urgency,
            fits: false,
            rank: 0,
            views: 0,
            look: Looks::default(),
            missed,
            due,
            fresh: false,
        }
    }
}

/// Running and past its due instant; at the due instant itself it is not.
fn runs_over(clock: &ClockSummary, now: DateTime<Utc>) -> bool {
    clock.state == ClockState::Running
        && clock.due_at.is_some_and(|due| now.timestamp() > due.timestamp())
}

/// Past its due instant and not ended; a clock that is held stays missed.
fn is_over(clock: &ClockSummary, now: DateTime<Utc>) -> bool {
    runs_over(clock, now)
        || (clock.state == ClockState::Paused && clock.remaining_s.is_some_and(|left| left < 0))
}
