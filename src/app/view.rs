//! What the screen shows, as data: everything that drawing needs and nothing it must work out. Built
//! from the model by [`build`]; equal snapshots look the same, so drawing one twice is never needed.
//! Texts in [`Span`]s are already safe for a terminal; ids and [`Untrusted`] are made safe by drawing.

use ratatui::layout::Rect;

use crate::domain::{CaseId, CorrectionId, Severity, Tier, Untrusted};
use crate::query::Column;
use crate::sla::reading::Face;

pub use super::build::build;
use super::layout::Areas;

/// What a piece of text means; the theme gives it a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    #[default]
    Plain,
    Strong,
    Dim,
    Title,
    Key,
    Error,
    Good,
    /// An internal note.
    Internal,
    /// What the customer reads or wrote.
    Customer,
    Severity(Severity),
    Face(Face),
}

/// A piece of one line, safe for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub text: String,
    pub tone: Tone,
}

impl Span {
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }
}

pub type Line = Vec<Span>;

/// What a click may mean something to, as it was drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A row of the queue.
    Row(CaseId),
    /// A key of the footer or of a frame, by its words: the click presses it.
    Hint { keys: String, label: String },
    /// A field of the form, by its place among those that show.
    Field(usize),
    /// One of a list of such a field.
    Choice { field: usize, option: usize },
    /// The button that sends the form.
    Send,
    /// A line of what stands over the desk, by its place in all of them.
    Line(usize),
}

/// One whole screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub areas: Areas,
    pub header: Header,
    pub queue: QueueView,
    pub detail: DetailView,
    pub clocks: ClocksView,
    /// What stands in the place of queue, detail and clocks; None: they do.
    pub page: Option<PageView>,
    pub footer: Footer,
    pub overlay: Option<Overlay>,
    /// The pane that has the keys.
    pub focus: Pane,
}

/// What has the whole screen between header and footer.
#[derive(Debug, Clone, PartialEq)]
pub enum PageView {
    Board(BoardView),
    Corrections(CorrectionsView),
}

/// The next breaches.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardView {
    /// "all", "mine"
    pub scope: &'static str,
    /// What stands in large digits: the next one that is not missed yet, else the worst.
    pub hero: Option<BoardRow>,
    /// Those that could be drawn at most, missed ones first.
    pub rows: Vec<BoardRow>,
    /// Index of the first of them within all.
    pub first: usize,
    pub count: usize,
    /// "not reached, 4 min old": what is shown may be wrong.
    pub stale: Option<String>,
    /// Shown instead of all.
    pub notice: Option<Notice>,
}

/// One breach, missed or ahead.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardRow {
    pub id: CaseId,
    /// Where there are several.
    pub desk: Option<String>,
    /// None: nothing but the id of the case is known.
    pub severity: Option<Severity>,
    pub tier: Option<Tier>,
    /// Of the case; what was promised.
    pub subject: Untrusted,
    pub customer: Untrusted,
    pub with: Option<Untrusted>,
    /// "R", "S1", "P" for a promise.
    pub clock: &'static str,
    pub face: Face,
    /// "9m 12s", "+1h 10m over"
    pub left: String,
    /// The due instant with weekday, time and zone.
    pub due: String,
    /// Nothing presses yet: no colour.
    pub quiet: bool,
    /// What an act on its way does, in the place of the time.
    pub act: Option<(String, Tone)>,
    /// The keys are on it.
    pub chosen: bool,
}

impl BoardRow {
    /// A row of which nothing but the case's id is known.
    pub fn of(id: CaseId) -> Self {
        Self {
            id,
            desk: None,
            severity: None,
            tier: None,
            subject: "".into(),
            customer: "".into(),
            with: None,
            clock: "",
            face: Face::NoTarget,
            left: String::new(),
            due: String::new(),
            quiet: false,
            act: None,
            chosen: false,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct CorrectionsView {
    /// Where outline and correction stand, frames included; an empty one is not shown.
    pub list: Rect,
    pub detail: Rect,
    /// "Corrections · to come (12 of 40)"
    pub title: String,
    /// What is shown is being asked for again.
    pub asking: bool,
    /// The visible rows alone; the index of the first, and how many there are.
    pub rows: Vec<OutlineRow>,
    pub first: usize,
    pub count: usize,
    /// Shown instead of rows.
    pub notice: Option<Notice>,
    /// What is said of desks whose corrections are missing or old.
    pub remarks: Vec<(Tone, String)>,
    pub filter: Option<FilterLine>,
    pub pane: Option<CorrectionPane>,
    /// The correction has the keys.
    pub reading: bool,
}

/// One line of the outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutlineRow {
    Plan {
        title: String,
        count: usize,
        /// Customers that wait with open cases.
        customers: usize,
        folded: bool,
        selected: bool,
    },
    One {
        id: CorrectionId,
        /// Where it is; None: there is one desk only.
        desk: Option<String>,
        title: Untrusted,
        status: &'static str,
        tone: Tone,
        /// Linked cases, as the desk counts them.
        cases: u64,
        customers: usize,
        /// Since its last change: "3 d".
        age: String,
        selected: bool,
    },
}

/// One correction, whole, wrapped to its pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionPane {
    pub title: String,
    pub lines: Vec<Line>,
    pub scroll: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    #[default]
    Queue,
    Detail,
    Clocks,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The desk and who I am: "Nordwind Support · R. Hald, 1st level".
    pub who: Untrusted,
    pub link: LinkSign,
    /// "live", "offline, retry in 8 s · 4 min old", "signed out", "clock 3 min fast".
    pub link_text: String,
    /// The lines where several desks are followed; none: the one above is all.
    pub desks: Vec<DeskLink>,
    /// What of the outbox is not on its usual way: "3 unsent · 1 asked". Empty: nothing.
    pub waits: String,
    /// None as long as not one page of the queue has come.
    pub late: Option<Late>,
}

/// One desk of several, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskLink {
    pub name: String,
    pub link: LinkSign,
    /// "offline · 4 min old", "signed out"; empty: it is live and there is nothing to say.
    pub text: String,
}

/// How many open cases are late, or soon will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late {
    /// With a clock that still counts and is past its due instant.
    pub missed: usize,
    /// Whose nearest due instant is less than an hour ahead.
    pub under_1h: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkSign {
    /// `◌`, dim: nothing known yet.
    Connecting,
    /// `●`
    Live,
    /// `○`
    Offline,
    /// `◌`: signed out, not allowed, not a case API.
    Broken,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueView {
    /// "mine and unassigned"
    pub name: String,
    /// How many cases the view holds (all of them, not only the visible ones).
    pub count: usize,
    /// How old it is, "4 min old", where that is worth a word.
    pub stale: Option<String>,
    /// More are on their way: the first load still runs.
    pub loading: bool,
    /// How many arrived that wait until the form over the desk is closed.
    pub arrived: usize,
    /// "3 marked"; None: nothing is.
    pub marked: Option<String>,
    /// "next breach ▲", without the arrow in ASCII.
    pub sort: String,
    /// The visible rows alone.
    pub rows: Vec<Row>,
    /// Index of the first visible row within the whole list, for the scroll mark.
    pub first: usize,
    /// Shown instead of rows: empty, loading, offline, not allowed or error, and what to do.
    pub notice: Option<Notice>,
    /// The filter line while it is being typed or in force.
    pub filter: Option<FilterLine>,
    /// What in the filter is not understood: "no desk "oslo"; there are: nordwind, fjord".
    pub filter_wrong: Option<String>,
    /// What stands under the filter while it is typed.
    pub under: Option<Under>,
    /// The lines of the pane that are no rows.
    pub lines: super::layout::QueueLines,
    /// The views with the numbers of their cases.
    pub views: Vec<ViewTab>,
    /// The columns to show, in their order.
    pub columns: Vec<Column>,
}

/// A view and how many cases it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewTab {
    pub key: u8,
    /// Safe for a terminal.
    pub name: String,
    pub count: usize,
    /// It is the one that is shown.
    pub shown: bool,
}

/// What stands under a filter while it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Under {
    /// What is wrong; `at`: the characters of the filter that are.
    Wrong { at: std::ops::Range<usize>, sentence: String },
    /// What the word may become; `chosen` stands in the line. `help`: what that one means.
    Offers { words: Vec<String>, chosen: Option<usize>, help: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterLine {
    pub text: String,
    /// Where the cursor stands, in characters; None when the filter is in force and not being typed.
    pub cursor: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub id: CaseId,
    /// Where it is; None: there is one desk only.
    pub desk: Option<RowDesk>,
    pub severity: Severity,
    pub subject: Untrusted,
    pub tier: Tier,
    /// Who has it; None: nobody.
    pub with: Option<Untrusted>,
    pub face: Face,
    /// The deadline as `screens.md` words it ("22m", "+1h 10m", "held, 6bd left"), or what an act on
    /// its way does ("sending", "reply in 8 s, u undoes").
    pub due: String,
    pub due_tone: Tone,
    pub selected: bool,
    /// The next act is done to it, with the other marked ones.
    pub marked: bool,
    /// Changed under the hand or new since the last look.
    pub fresh: bool,
    /// The cells of columns that are chosen besides the usual ones.
    pub extra: Vec<(Column, Untrusted)>,
}

/// The desk of a row, where there are several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowDesk {
    pub name: String,
    /// It is not reached and what it told is old, or it shows nothing to us any more.
    pub stale: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub title: String,
    /// What it is and what to do, sentence by sentence.
    pub lines: Vec<String>,
    pub tone: Tone,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DetailView {
    /// "C-10412", severity, tier for the frame's title; None: no case is shown.
    pub title: Option<DetailTitle>,
    /// What stands at the right of the frame's title: "Esc back to C-10412".
    pub aside: String,
    /// What always stands at the top.
    pub head: Vec<Line>,
    /// The line below it; empty: there is no room for it.
    pub tabs: Line,
    /// The visible rows alone, wrapped to the pane's width.
    pub lines: Vec<Line>,
    /// The first of them within all, and how many there are, for the scroll mark.
    pub scroll: usize,
    pub count: usize,
    /// What was found, and is on the screen.
    pub marks: Vec<MarkView>,
    /// The line in which people write what they look for.
    pub search: Option<SearchLine>,
    pub notice: Option<Notice>,
}

/// Columns of a visible row that are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkView {
    pub row: usize,
    pub column: usize,
    pub width: usize,
    /// The one where the person is.
    pub here: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchLine {
    pub line: FilterLine,
    /// "3 of 12", "not found"; empty: nothing is looked for yet.
    pub found: String,
    pub none: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailTitle {
    pub id: CaseId,
    /// The desk, where there are several.
    pub desk: Option<String>,
    pub severity: Severity,
    pub tier: Tier,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClocksView {
    /// Whose clocks these are; None where the detail beside them says it.
    pub title: Option<DetailTitle>,
    pub clocks: Vec<ClockRow>,
    /// How old they are, "4 min old", where that is worth a word.
    pub stale: Option<String>,
    /// Which of them the keys are at; None: they are elsewhere.
    pub selected: Option<usize>,
    /// The next breaches over all cases: "C-10398 missed", "C-10412 22m".
    pub next: Vec<(CaseId, Face, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockRow {
    /// "R", "S1", "S2"
    pub short: &'static str,
    /// "response", "resolution"
    pub name: &'static str,
    pub face: Face,
    /// "met in 8m", "4bd 2h", "held, 1bd left"
    pub text: String,
    /// The due instant with weekday, time and zone; empty when there is none.
    pub due: String,
    /// The time on the wall to or since then, beside business time: "in 3d 4h"; else empty.
    pub wall: String,
    /// Time used, in per mille of the target; None when it has ended or has no target.
    pub used_permille: Option<u16>,
    /// "target 5bd, since Tue 24 Nov 10:08 CET"
    pub facts: String,
    /// What being late asks for: "must be escalated now". Empty: nothing.
    pub demand: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footer {
    /// How far files on their way are, per mille, and in words: "error.log 45 % · 1.2 MB/s".
    pub progress: Option<(u16, String)>,
    /// What was just said to the person; takes the hints' place while it stands.
    pub toast: Option<(String, Tone)>,
    pub hints: Vec<Hint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub keys: String,
    pub label: String,
    /// False: shown dim, since the role or the case does not allow it now.
    pub enabled: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    Form(FormView),
    Picker(PickerView),
    Confirm(ConfirmView),
    Help(HelpView),
    Palette(PaletteView),
    Why(WhyView),
    Outbox(OutboxView),
    Share(ShareView),
    Listing(Listing),
    Bulk(BulkView),
    Report(ReportView),
    Finder(FinderView),
    Links(LinksView),
}

/// The question before an act on several cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkView {
    /// "Take 3 cases?", "2 of 5 cannot be closed"
    pub title: String,
    /// Those that it cannot be done to, each with why.
    pub refused: Vec<Untrusted>,
    /// "Go on with the other 3?"; empty: the title asks.
    pub question: String,
    /// The cases that it would be done to.
    pub cases: Vec<BulkCase>,
    /// The keys for yes and no; no is the default.
    pub hints: Vec<Hint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkCase {
    /// Its id, and where there are several desks its desk.
    pub case: String,
    /// Customer and tier, where the act is one to be careful with.
    pub about: Option<Untrusted>,
}

/// What became of an act on several cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportView {
    /// "Take 3 cases"
    pub title: String,
    /// "2 of 3 done, 1 failed"
    pub summary: String,
    pub tone: Tone,
    pub rows: Vec<ReportRow>,
    /// The row that the keys are on.
    pub at: usize,
    /// What there is to say of it.
    pub told: Option<Untrusted>,
    pub hints: Vec<Hint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    pub case: CaseId,
    /// Its desk, where there are several.
    pub desk: String,
    pub customer: Untrusted,
    /// "done", "refused", "held 8 s"
    pub state: String,
    pub tone: Tone,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormView {
    /// "Escalate C-10412"
    pub title: String,
    /// Customer, severity and tier of the case; "to Fjord Logistics" for what goes out.
    pub subtitle: Untrusted,
    /// Who will read the text; drawn unmistakably differently. None where there is no text to read.
    pub audience: Option<Audience>,
    pub fields: Vec<FieldView>,
    /// What there is to know for what is chosen: criteria, meanings.
    pub facts: Vec<Line>,
    /// What the next tier needs, and what of it is there.
    pub readiness: Option<ReadinessView>,
    /// What sending it will do to the clocks.
    pub preview: Vec<Line>,
    /// Why it was refused or cannot be sent as it is.
    pub error: Option<Untrusted>,
    /// The button that sends it.
    pub send: Hint,
    /// The button has the keys.
    pub on_send: bool,
    /// The other keys that work here.
    pub hints: Vec<Hint>,
    /// The canned answers over it.
    pub picker: Option<Box<PickerView>>,
}

/// What 2nd level needs, thing by thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadinessView {
    /// "5 of 7 ready"
    pub score: String,
    pub items: Vec<ReadyItem>,
    /// "Ctrl-R asks for what is missing"; empty: nothing is, or nobody may ask.
    pub ask: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyItem {
    pub label: &'static str,
    pub ready: bool,
    /// Where it was seen: "15.2", "host.log", "\"to reproduce\" in the description"; "not seen".
    pub found: Untrusted,
}

/// Something to choose by searching, with what comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickerView {
    /// "Canned answers", "Macros on C-10412"
    pub title: String,
    pub filter: FilterLine,
    /// Keys and title of what is found, and whether it can be done.
    pub entries: Vec<Hint>,
    pub at: usize,
    /// What comes of the entry that the keys are on.
    pub preview: Vec<Line>,
    /// Shown where there is nothing to choose: why, and what to do.
    pub notice: Vec<String>,
    pub hints: Vec<Hint>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    Internal,
    Customer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldView {
    pub label: String,
    pub kind: FieldKind,
    pub focused: bool,
    pub error: Option<Untrusted>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// Many lines; cursor as (line, character).
    Text { lines: Vec<String>, cursor: (usize, usize) },
    /// One line; cursor as character.
    Line { text: String, cursor: usize },
    /// One line that the next character replaces.
    Preset { text: String },
    /// One of a list that is searched; `options`: what is found, `at`: the one that is chosen. `note`: why there
    /// is no list.
    Pick { text: String, cursor: usize, options: Vec<String>, at: Option<usize>, note: Untrusted },
    /// One of a list.
    Choice { options: Vec<String>, chosen: Option<usize> },
    /// Any number of a list, and the one that the keys are on.
    Many { options: Vec<(String, bool)>, at: usize },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmView {
    pub title: String,
    pub lines: Vec<String>,
    /// The keys for yes and no; no is the default.
    pub hints: Vec<Hint>,
}

/// The links in a case's texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinksView {
    pub title: String,
    pub rows: Vec<LinkRow>,
    /// The one that the keys are on.
    pub at: usize,
    pub hints: Vec<Hint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// Exactly what would be opened.
    pub url: Untrusted,
    /// "L. Ito, internal"
    pub from: String,
}

/// Why a clock reads as it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhyView {
    pub id: CaseId,
    /// "clock 2 of 3", or with several desks "fjord · clock 2 of 3"
    pub which: String,
    /// Wrapped to [`super::layout::explanation_text`].
    pub lines: Vec<Line>,
    pub scroll: usize,
    /// "esc closes · tab next clock"
    pub keys: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpView {
    /// Groups of (keys, what they do), from the live keymap.
    pub groups: Vec<(String, Vec<(String, String)>)>,
    pub filter: FilterLine,
    pub scroll: usize,
    pub hints: Vec<Hint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaletteView {
    /// The case that acts are done to.
    pub case: Option<CaseId>,
    pub filter: FilterLine,
    /// What is found: keys, what it does, and whether it can be done now.
    pub entries: Vec<Hint>,
    /// The entry that the keys are on.
    pub at: usize,
    /// Why that one cannot be done; None: it can.
    pub refusal: Option<Untrusted>,
    pub hints: Vec<Hint>,
}

/// The order of the list, its columns, a view to save, a case to go to, a search.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FinderView {
    pub title: String,
    /// Lines to write in.
    pub fields: Vec<FinderField>,
    pub rows: Vec<FinderRow>,
    /// The row that the keys are on.
    pub at: Option<usize>,
    /// What there is to say: help, or what is wrong.
    pub told: Option<(Tone, Untrusted)>,
    pub hints: Vec<Hint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinderField {
    pub label: String,
    pub text: String,
    /// Where the cursor stands, in characters; None: another line has it.
    pub cursor: Option<usize>,
}

/// Cells that stand in columns; the last one takes what is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinderRow {
    pub cells: Vec<(Tone, Untrusted)>,
}

impl FinderRow {
    pub fn of<const N: usize>(cells: [(Tone, &str); N]) -> Self {
        Self { cells: cells.into_iter().map(|(tone, text)| (tone, text.into())).collect() }
    }
}

/// A link, what can be copied, where an export goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShareView {
    /// "Link", "Copy C-10412"
    pub title: String,
    /// Keys, what they copy, and how it is: "l", "link", "https://…".
    pub choices: Vec<(String, String, Untrusted)>,
    /// A name that is written.
    pub field: Option<FilterLine>,
    /// What is told, wrapped by drawing.
    pub text: Vec<(Tone, Untrusted)>,
    pub hints: Vec<Hint>,
}

/// What is ordered and not confirmed, and the drafts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxView {
    pub rows: Vec<OutboxRow>,
    /// The row that the keys are on.
    pub at: usize,
    /// What there is to say of it, most important first.
    pub told: Vec<(Tone, Untrusted)>,
    pub hints: Vec<Hint>,
}

/// A list over the desk, a line a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub title: String,
    pub rows: Vec<ListingRow>,
    /// The column that gives way where there is little room.
    pub grows: usize,
    /// The row that the keys are on.
    pub at: usize,
    /// What there is to say of it.
    pub told: Vec<(Tone, Untrusted)>,
    /// What is said where there is no row.
    pub empty: Vec<String>,
    pub hints: Vec<Hint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingRow {
    /// Safe for a terminal; as many in each row.
    pub cells: Vec<(String, Tone)>,
    /// How far it is, of 1000; None: there is nothing to say of that.
    pub permille: Option<u16>,
    /// It heads those below it.
    pub is_head: bool,
}

/// One act, damaged row or draft.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutboxRow {
    /// Its number; a draft has none.
    pub n: String,
    pub case: Option<CaseId>,
    /// Its desk, where there are several.
    pub desk: String,
    /// "escalate"
    pub act: String,
    /// "asked", "held 8 s", "kept, not sent"
    pub state: String,
    pub tone: Tone,
    /// How long it has been there: "12 min".
    pub age: String,
    /// "2 tries"
    pub tries: String,
}
