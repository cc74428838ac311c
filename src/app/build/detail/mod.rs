//! The shown case as text: what always stands at the top, the tabs, and what the chosen one says. Made when what
//! it is made from changes, and only looked up at each drawing.

mod head;
mod ledger;
mod lists;
mod timeline;

use chrono::{DateTime, Utc};

use crate::app::detail::{Row, Tab, search::Search};
use crate::app::model::Model;
use crate::app::view::{
    DetailTitle, DetailView, FilterLine, Line, MarkView, Notice, Pane, SearchLine, Span, Tone,
};
use crate::app::visiting;
use crate::app::words;
use crate::app::{detail, layout};
use crate::domain::text::columns;
use crate::domain::{Case, CaseDetail, CaseId, Untrusted};
use crate::input::Action;

/// Lines that one text takes at most; `…` ends a longer one.
const TEXT_LINES: usize = 1000;
/// Columns of a name.
const NAME: usize = 60;
/// Columns of a sentence of the desk.
const SENTENCE: usize = 300;

pub fn detail(model: &Model) -> DetailView {
    let Some(case) = model.case() else {
        if let Some(id) = model.case_id() {
            return being_read(model, id);
        }
        let notice = Notice {
            title: "No case".to_owned(),
            lines: vec!["The case under the cursor is shown here.".to_owned()],
            tone: Tone::Dim,
        };
        return bare(model, notice);
    };
    let text = &model.text;
    let first = text.scroll();
    let visible = detail::rows(model);
    let shown = text.rows.iter().enumerate().skip(first).take(visible);
    let has_keys = model.focus == Pane::Detail;
    let at = text.items.get(text.at).filter(|_| has_keys);
    DetailView {
        title: Some(title(model, case)),
        aside: aside(model),
        head: text.head.clone(),
        tabs: text.tabs.clone(),
        lines: shown.map(|(n, row)| line(row, Some(&n) == at)).collect(),
        scroll: first,
        count: text.rows.len(),
        marks: text.search.as_ref().map(|search| marks(model, search)).unwrap_or_default(),
        search: text.search.as_ref().map(search_line),
        notice: None,
    }
}

/// One row, with the mark of the cursor where it is.
fn line(row: &Row, chosen: bool) -> Line {
    let mark = [Span::new(Tone::Title, "▌ ")];
    let margin = if chosen { &mark[..] } else { &row.margin };
    margin.iter().chain(&row.text).cloned().collect()
}

fn margin(row: &Row) -> usize {
    row.margin.iter().map(|span| columns(&span.text)).sum()
}

/// What was found and is on the screen.
fn marks(model: &Model, search: &Search) -> Vec<MarkView> {
    let (first, visible) = (model.text.scroll(), detail::rows(model));
    let marks = search
        .hits
        .iter()
        .enumerate()
        .flat_map(|(n, hit)| hit.iter().map(move |mark| (mark, n == search.at)));
    marks
        .filter(|(mark, _)| (first..first + visible).contains(&mark.row))
        .map(|(mark, here)| MarkView {
            row: mark.row - first,
            column: mark.column + model.text.rows.get(mark.row).map_or(0, margin),
            width: mark.width,
            here,
        })
        .collect()
}

fn search_line(search: &Search) -> SearchLine {
    let text = search.line.lines().join(" ");
    let found = match (search.hits.len(), text.trim().is_empty()) {
        (_, true) => String::new(),
        (0, false) => "not found".to_owned(),
        (count, false) => format!("{} of {count}", search.at + 1),
    };
    let none = search.hits.is_empty();
    SearchLine { line: FilterLine { cursor: Some(search.line.cursor().1), text }, found, none }
}

/// A case of which nothing but its id is known yet.
fn being_read(model: &Model, id: &CaseId) -> DetailView {
    let (line, tone) = match model.details.failure(id) {
        Some(why) => {
            let key = words::key(model, Action::Refresh);
            (format!("{} {key} tries again.", why.cell(SENTENCE)), Tone::Error)
        }
        None => ("The case is being read.".to_owned(), Tone::Dim),
    };
    let title = model.desks.named_case(id);
    let notice = Notice { title, lines: vec![line], tone };
    bare(model, notice)
}

fn bare(model: &Model, notice: Notice) -> DetailView {
    DetailView { aside: aside(model), notice: Some(notice), ..DetailView::default() }
}

/// Where Esc goes from a visited case.
fn aside(model: &Model) -> String {
    let key = words::key(model, Action::Back);
    match visiting::way_back(model) {
        Some(id) => format!("{key} back to {id}"),
        None if model.visiting.is_some() => format!("{key} back"),
        None => String::new(),
    }
}

/// What names a case in the frame of a pane.
pub fn title(model: &Model, case: &Case) -> DetailTitle {
    DetailTitle {
        id: case.id.clone(),
        desk: model.desks.name_of(&case.id).map(str::to_owned),
        severity: case.severity,
        tier: case.tier,
    }
}

/// What a pane shows of a case.
pub struct Text {
    pub head: Vec<Line>,
    pub tabs: Line,
    pub rows: Vec<Row>,
    pub items: Vec<usize>,
    /// The row at which reading begins.
    pub start: usize,
}

/// The text of a case in a pane of so many rows and columns. Without `detail`, what the feed tells. `now`: by
/// the clock of the case's desk.
pub fn text(
    model: &Model,
    case: &Case,
    detail: Option<&CaseDetail>,
    tab: Tab,
    (rows, width): (usize, usize),
    now: DateTime<Utc>,
) -> Text {
    let mut sheet = Sheet::new(width);
    match (tab, detail) {
        (Tab::Timeline, Some(detail)) => timeline::timeline(model, &mut sheet, detail),
        (Tab::Description, Some(detail)) => timeline::description(model, &mut sheet, detail),
        (Tab::Files, Some(detail)) => lists::files(model, &mut sheet, detail),
        (Tab::Clocks, detail) => ledger::ledger(model, &mut sheet, case, detail, now),
        (Tab::Earlier, _) => lists::earlier(model, &mut sheet, case, now),
        (Tab::Correction, _) => lists::correction(model, &mut sheet, case),
        (_, None) => unread(model, &mut sheet, case),
    }
    let tabs = if layout::detail_tabs(rows) {
        head::tabs(model, case, detail, tab, width)
    } else {
        Line::new()
    };
    Text {
        head: head::head(case, width, layout::detail_head(rows)),
        tabs,
        rows: sheet.rows,
        items: sheet.items,
        start: sheet.start,
    }
}

fn unread(model: &Model, sheet: &mut Sheet, case: &Case) {
    match model.details.failure(&case.id) {
        Some(why) => {
            let key = words::key(model, Action::Refresh);
            let why = why.cell(SENTENCE);
            sheet.say(Tone::Error, format!("The rest could not be read: {why} {key} tries again."));
        }
        None => sheet.say(Tone::Dim, "The rest is being read."),
    }
}

/// A text that is being set: rows of so many columns, behind a margin.
struct Sheet {
    width: usize,
    rows: Vec<Row>,
    items: Vec<usize>,
    start: usize,
    margin: Line,
}

impl Sheet {
    fn new(width: usize) -> Self {
        Self { width, rows: Vec::new(), items: Vec::new(), start: 0, margin: Line::new() }
    }

    /// What stands at the left of all that follows.
    fn behind(&mut self, margin: Line) {
        self.margin = margin;
    }

    fn room(&self) -> usize {
        let margin: usize = self.margin.iter().map(|span| columns(&span.text)).sum();
        self.width.saturating_sub(margin).max(1)
    }

    fn row(&mut self, text: Line) {
        self.rows.push(Row { margin: self.margin.clone(), text });
    }

    fn blank(&mut self) {
        self.row(Line::new());
    }

    /// A text in one tone, wrapped.
    fn put(&mut self, tone: Tone, text: &Untrusted) {
        self.put_most(tone, text, TEXT_LINES);
    }

    fn put_most(&mut self, tone: Tone, text: &Untrusted, lines: usize) {
        for line in text.wrapped(self.room(), lines) {
            self.row(vec![Span::new(tone, line)]);
        }
    }

    fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.put(tone, &Untrusted::new(text));
    }

    /// Pieces one after the other; one that no longer fits begins the next line.
    fn flow(&mut self, pieces: Line) {
        for line in flowed(pieces, self.room()) {
            self.row(line);
        }
    }

    /// What follows can be chosen.
    fn item(&mut self) {
        self.items.push(self.rows.len());
    }
}

fn dot() -> Span {
    Span::new(Tone::Dim, " · ")
}

/// Pieces with dots between them.
fn dotted(pieces: impl IntoIterator<Item = Span>) -> Line {
    let mut line = Line::new();
    for piece in pieces {
        if !line.is_empty() {
            line.push(dot());
        }
        line.push(piece);
    }
    line
}

/// Pieces one after the other in so many columns; one that no longer fits begins the next line.
fn flowed(pieces: Line, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = Line::new();
    let mut used = 0;
    for piece in pieces {
        let wide = columns(&piece.text);
        let separates = |piece: &Span| piece.text.trim_matches([' ', '·']).is_empty();
        if used > 0 && used + columns(piece.text.trim_end()) > width {
            // A line neither ends nor begins with what stands between two pieces.
            if line.last().is_some_and(separates) {
                line.pop();
            }
            lines.push(std::mem::take(&mut line));
            used = 0;
            if separates(&piece) {
                continue;
            }
        }
        if wide > width {
            // Wider than the pane: it has lines of its own.
            for part in Untrusted::new(piece.text).wrapped(width, TEXT_LINES) {
                used = columns(&part);
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(Span::new(piece.tone, part));
            }
            continue;
        }
        used += wide;
        line.push(piece);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}
