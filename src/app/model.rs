//! What is: everything that the screen knows. Changed by [`super::update`] alone.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use ratatui_textarea::TextArea;

use super::acts::Acts;
use super::asks::Asks;
use super::bulk;
use super::chord::Begun;
use super::desk::Desks;
use super::detail::{self, DetailText, asked::Answers};
use super::details::Details;
use super::drafts::{Drafts, KEEP_AFTER};
use super::finding::dialog::Finder;
use super::finding::line::Filtering;
use super::finding::{Finding, visits};
use super::form::Form;
use super::layout::{self, Areas, QueueLines};
use super::links::Links;
use super::marks::{self, Marks};
use super::mouse::Mouse;
use super::msg::{ActId, Effect, Link};
use super::next::{self, Next};
use super::outbox::{self, Item};
use super::page::corrections::{self, Outline};
use super::page::{Page, board};
use super::palette::Recent;
use super::picker::Picker;
use super::promises::{self, Promises, Promising};
use super::queue::{At, Queue};
use super::share::{CaseLinks, Share};
use super::sheet::{Sheet, Sheets};
use super::transfers::Transfers;
use super::view::{Pane, Tone};
use super::visiting::{self, Visiting};
use super::why;
use super::words;
use crate::domain::canned::Canned;
use crate::domain::{ActionKind, Case, CaseId, DeskNo, Revision};
use crate::input::Keymap;
use crate::query::Column;

/// What the person chose for this screen.
#[derive(Debug, Clone)]
pub struct Options {
    /// ASCII signs alone.
    pub ascii: bool,
    pub keymap: Keymap,
    /// The names of the desks, in their order; none: one desk, which needs no name.
    pub desks: Vec<String>,
    /// Where files of cases are put; empty: where this machine puts downloads.
    pub downloads: PathBuf,
    pub case_links: CaseLinks,
    /// Time left at which somebody is to be told, the longest first.
    pub alerts_at: Vec<TimeDelta>,
    /// Canned answers and macros.
    pub canned: Canned,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ascii: false,
            keymap: Keymap::embedded(),
            desks: Vec::new(),
            downloads: PathBuf::new(),
            alerts_at: board::default_alerts(),
            case_links: CaseLinks::new(),
            canned: Canned::default(),
        }
    }
}

/// What stands over the desk and has the keys.
pub(super) enum Overlay {
    Form(Box<Form>),
    /// A form that is no act on a case.
    Sheet(Box<Sheet>),
    /// The files of a case; `at`: the one that the keys are on.
    Files {
        case: CaseId,
        at: usize,
    },
    /// What became of telling the customers of a correction.
    Telling,
    /// Files on their way; `on`: the one that the keys are on.
    Transfers {
        on: Option<u64>,
    },
    /// The macros, for a case.
    Macros {
        case: CaseId,
        picker: Box<Picker>,
    },
    /// Whether to quit although something is not confirmed.
    Quit,
    Help {
        search: Box<TextArea<'static>>,
        scroll: usize,
    },
    Palette {
        /// The case that acts are done to: the one under the cursor when the palette was opened.
        case: Option<CaseId>,
        search: Box<TextArea<'static>>,
        /// Which of what is found the keys are on.
        at: usize,
    },
    /// Why a clock of a case reads as it does; `clock` is its place among the case's.
    Why {
        case: CaseId,
        clock: usize,
        scroll: usize,
    },
    Links(Box<Links>),
    /// What is ordered and not confirmed; `at`: the place of the line that the keys are on.
    Outbox {
        on: Option<Item>,
        at: usize,
    },
    /// A promise while it is written.
    Promise(Box<Promising>),
    /// The order, the columns, a view to save, a search.
    Finder(Finder),
    /// A link, what is copied, an export.
    Share(Box<Share>),
    /// Something that cannot be taken back; `came`: when it came up by itself.
    Sure {
        what: Sure,
        came: Option<DateTime<Utc>>,
    },
    /// Whether an act is to be done to all marked cases.
    Bulk(Box<bulk::Plan>),
    /// What becomes of it; `at`: the place of the line that the keys are on.
    Report {
        on: Option<CaseId>,
        at: usize,
    },
}

/// What the person must be sure of.
pub(super) enum Sure {
    Discard(Item),
    StillSend(ActId),
}

/// How long the cursor stays on a case before those around it are read ahead.
const RESTED: TimeDelta = TimeDelta::milliseconds(400);
/// How many cases above and below the cursor are read ahead.
const AHEAD: usize = 2;

pub(super) struct Toast {
    pub text: String,
    pub tone: Tone,
    pub until: DateTime<Utc>,
}

pub struct Model {
    pub(super) ascii: bool,
    pub(super) keymap: Keymap,
    pub(super) recent: Recent,
    /// The chord whose first key was pressed.
    pub(super) begun: Option<Begun>,
    pub(super) canned: Canned,
    pub(super) size: (u16, u16),
    pub(super) focus: Pane,
    pub(super) zoomed: bool,
    pub(super) desks: Desks,
    pub(super) case_links: CaseLinks,
    pub(super) alerts_at: Vec<TimeDelta>,
    pub(super) promises: Promises,
    pub(super) queue: Queue,
    /// The case that is shown in the place of the one under the cursor.
    pub(super) visiting: Option<Visiting>,
    /// What arrived while a form or a mark is open: it waits until that is over.
    pub(super) arrived: Vec<Case>,
    pub(super) details: Details,
    /// The clock of the selected case that was chosen in the clocks pane; None: the most urgent one.
    pub(super) clock: Option<usize>,
    pub(super) text: DetailText,
    /// What the tabs of the detail asked the desks for.
    pub(super) asked: Answers,
    /// What has the screen; the overlay stands over it.
    pub(super) page: Page,
    pub(super) outline: Outline,
    pub(super) asks: Asks,
    pub(super) sheets: Sheets,
    pub(super) transfers: Transfers,
    pub(super) downloads: PathBuf,
    pub(super) acts: Acts,
    pub(super) drafts: Drafts,
    pub(super) overlay: Option<Overlay>,
    /// The filter line while it is typed.
    pub(super) filtering: Option<Box<Filtering>>,
    pub(super) finding: Finding,
    pub(super) toast: Option<Toast>,
    /// The case, and its revision, that was asked for last.
    pub(super) wanted: Option<(CaseId, Revision)>,
    /// The case that I closed last: it is in no list, and reopening must name one.
    pub(super) closed: Option<Case>,
    /// What I did last that another act undoes: taking or releasing a case.
    pub(super) undoable: Option<(CaseId, ActionKind)>,
    /// The view and the filter that the next start comes back with; None: those of a first start.
    pub(super) remembered: Option<(String, String)>,
    /// The person has chosen a view or a filter.
    pub(super) chose: bool,
    /// When the cursor will have rested on its case.
    pub(super) rested_at: Option<DateTime<Utc>>,
    pub(super) marks: Marks,
    /// The act on several cases that was ordered last.
    pub(super) bulk: Option<bulk::Run>,
    pub(super) next: Next,
    pub(super) mouse: Mouse,
    /// The case that left from under the cursor last, and when: for a moment no key acts on the one that came
    /// up to its place.
    pub(super) slipped: Option<(CaseId, DateTime<Utc>)>,
}

impl Model {
    /// A screen of that size (columns, rows) before anything is known.
    #[must_use]
    pub fn new(size: (u16, u16), options: Options) -> Self {
        Self {
            ascii: options.ascii,
            keymap: options.keymap,
            recent: Recent::default(),
            begun: None,
            canned: options.canned,
            size,
            focus: Pane::Queue,
            zoomed: false,
            desks: Desks::named(options.desks),
            case_links: options.case_links,
            alerts_at: options.alerts_at,
            promises: Promises::default(),
            queue: Queue::default(),
            visiting: None,
            arrived: Vec::new(),
            details: Details::default(),
            clock: None,
            text: DetailText::default(),
            asked: Answers::default(),
            page: Page::default(),
            outline: Outline::default(),
            asks: Asks::default(),
            sheets: Sheets::default(),
            transfers: Transfers::default(),
            downloads: options.downloads,
            acts: Acts::default(),
            drafts: Drafts::default(),
            overlay: None,
            filtering: None,
            finding: Finding::default(),
            toast: None,
            wanted: None,
            closed: None,
            undoable: None,
            remembered: None,
            chose: false,
            rested_at: None,
            marks: Marks::default(),
            bulk: None,
            next: Next::default(),
            mouse: Mouse::default(),
            slipped: None,
        }
    }

    pub(super) fn areas(&self) -> Areas {
        let split = self.mouse.split;
        layout::areas_split(self.size.0, self.size.1, self.focus, self.zoomed, split)
    }

    /// Whether the filter takes a line of the queue.
    pub(super) fn has_filter(&self) -> bool {
        self.filtering.is_some() || !self.queue.filter().is_empty()
    }

    /// The lines of the queue that are no rows.
    pub(super) fn queue_lines(&self) -> QueueLines {
        let queue = self.areas().queue;
        let filter = match (self.filtering.is_some(), self.has_filter()) {
            (true, _) => layout::filter_lines(queue),
            (false, is_filtered) => u16::from(is_filtered),
        };
        QueueLines { heads: !self.finding.compact && layout::queue_heads(queue), filter }
    }

    /// The columns of the list: those of its view, else those that were chosen, else the usual ones.
    pub(super) fn columns(&self) -> &[Column] {
        let of_view = self.queue.view().columns.as_ref().filter(|_| !self.queue.is_filtered());
        of_view.or(self.finding.columns.as_ref()).map_or(Column::USUAL, Vec::as_slice)
    }

    pub(super) fn queue_rows(&self) -> ratatui::layout::Rect {
        layout::queue_list(self.areas().queue, self.queue_lines())
    }

    /// The rows and columns of the detail's text: a column at each side stays empty.
    pub(super) fn detail_size(&self) -> (usize, usize) {
        let inside = layout::inside(self.areas().detail);
        (usize::from(inside.height), usize::from(inside.width.saturating_sub(2)))
    }

    /// Calls the queue's functions with the time and the desks that they need.
    pub(super) fn with_queue<T>(
        &mut self,
        now: DateTime<Utc>,
        act: impl FnOnce(&mut Queue, At) -> T,
    ) -> T {
        act(&mut self.queue, At { now, desks: &self.desks })
    }

    /// Whether the list stands still: somebody writes or has marked something.
    fn stands_still(&self) -> bool {
        matches!(self.overlay, Some(Overlay::Form(_) | Overlay::Bulk(_))) || !self.marks.is_empty()
    }

    /// Keeps the cases of a page back that are new while a form or a mark is open, so that the list stands still
    /// under it. What is known already goes on, since the form may be about it; so does a load.
    pub(super) fn hold_back(
        &mut self,
        desk: DeskNo,
        cases: Vec<Case>,
        removed: &[CaseId],
        starts_over: bool,
    ) -> Vec<Case> {
        self.arrived.retain(|held| {
            !removed.contains(&held.id) && !cases.iter().any(|case| case.id == held.id)
        });
        if starts_over || !self.queue.is_settled(desk) || !self.stands_still() {
            return cases;
        }
        let (new, known): (Vec<Case>, _) = cases
            .into_iter()
            .partition(|case| !case.is_closed() && self.queue.case(&case.id).is_none());
        self.arrived.extend(new);
        known
    }

    /// Drops every case of a desk: whoever looks now may not see them.
    pub(super) fn forget_desk(&mut self, no: DeskNo) {
        self.arrived.retain(|case| case.id.desk() != no);
        self.details.forget_desk(no);
        self.closed.take_if(|case| case.id.desk() == no);
        visiting::forget_desk(self, no);
        self.queue.forget(no);
    }

    /// Lets in what waited for a form to be closed, or the last mark to go.
    fn let_in(&mut self, now: DateTime<Utc>) {
        if !self.arrived.is_empty() && !self.stands_still() {
            let cases = std::mem::take(&mut self.arrived);
            self.with_queue(now, |queue, at| queue.arrive(cases, at));
        }
    }

    /// Whether nobody writes or answers anything, so that something may come up.
    pub(super) fn is_free(&self) -> bool {
        self.overlay.is_none() && self.filtering.is_none() && self.text.search.is_none()
    }

    pub(super) fn say(&mut self, text: impl Into<String>, tone: Tone, now: DateTime<Utc>) {
        // What went wrong is read more than once.
        let seconds = if tone == Tone::Error { 12 } else { 6 };
        let until = now + TimeDelta::seconds(seconds);
        self.toast = Some(Toast { text: text.into(), tone, until });
    }

    /// After every message: what the time has brought, what the cursor now stands on, what fits.
    pub(super) fn settle(&mut self, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
        self.keep_draft(now, effects);
        self.let_in(now);
        self.with_queue(now, Queue::pass_time);
        let rows = usize::from(self.queue_rows().height);
        self.queue.expects_more = self
            .desks
            .iter()
            .any(|desk| desk.link == Link::Connecting && !self.queue.has_loaded(desk.no));
        self.queue.settle(rows);
        let unmarked = marks::settle(self);
        let left = self.queue.take_left().map(|left| {
            self.slipped = Some((left.id.clone(), now));
            words::left(&self.desks, &left)
        });
        if left.is_some() || unmarked.is_some() {
            let said: Vec<String> = left.into_iter().chain(unmarked).collect();
            self.say(said.join(". "), Tone::Plain, now);
        }
        visiting::settle(self);
        bulk::settle(self, now);
        next::settle(self, now);
        visits::settle(self);
        self.ask_for_detail(now, effects);
        self.read_ahead(now, effects);
        detail::settle(self, now, effects);
        why::bound(self, now);
        outbox::settle(self);
        corrections::settle(self, now, effects);
        promises::settle(self, now, effects);
        board::settle(self, now);
        if self.toast.as_ref().is_some_and(|toast| toast.until <= now) {
            self.toast = None;
        }
    }

    /// What is written goes to the disk when its time has come.
    fn keep_draft(&mut self, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
        if let Some(Overlay::Form(form)) = &mut self.overlay
            && form.unkept.is_some_and(|since| since + KEEP_AFTER <= now)
        {
            self.drafts.keep(form, now, effects);
        }
    }

    /// When what is written must go to the disk.
    pub(super) fn next_draft(&self) -> Option<DateTime<Utc>> {
        match &self.overlay {
            Some(Overlay::Form(form)) => form.unkept.map(|since| since + KEEP_AFTER),
            _ => None,
        }
    }

    fn read_ahead(&mut self, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
        if self.rested_at.is_none_or(|at| now < at) {
            return;
        }
        self.rested_at = None;
        let near = self.queue.around(AHEAD);
        let unknown = near.filter(|case| self.details.revision(&case.id) != Some(case.revision));
        let ids: Vec<CaseId> = unknown.map(|case| case.id.clone()).collect();
        if !ids.is_empty() {
            effects.push(Effect::Prefetch(ids));
        }
    }

    fn ask_for_detail(&mut self, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
        // Of a visited case nothing but the id may be known.
        let revision = self.case().map_or(0, |case| case.revision);
        let wanted = self.case_id().map(|id| (id.clone(), revision));
        if wanted == self.wanted {
            return;
        }
        let moved = match (&wanted, &self.wanted) {
            (Some((id, _)), Some((before, _))) => id != before,
            _ => true,
        };
        if moved {
            self.rested_at = wanted.is_some().then(|| now + RESTED);
            self.text.begin();
            self.clock = None;
        }
        if let Some((id, revision)) = &wanted {
            let known = self.details.revision(id);
            if moved || known != Some(*revision) {
                effects.push(Effect::FetchCase { id: id.clone(), known });
            }
        }
        self.wanted = wanted;
    }

    /// The policy has changed: local times may read differently.
    pub(super) fn forget_text(&mut self) {
        self.text.forget();
    }
}
