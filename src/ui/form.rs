//! A form over the panes: as large as what is in it, and at every size it shows its title, what is wrong,
//! and the field that has the keys.

use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::pen::{Pen, Stroke, columns};
use super::{centred, footer, readiness, wrap};
use crate::app::layout::inside;
use crate::app::view::{Audience, FieldKind, FieldView, FormView, Hint, Line, Target, Tone};
use crate::domain::text::safe_line;

/// The widest form: longer lines are hard to read.
const WIDEST: u16 = 76;
/// Rows of a text field, from empty to full of text.
const TEXT_ROWS: std::ops::RangeInclusive<u16> = 3..=12;
const ERROR_LINES: usize = 3;
/// Rows of a list that is searched.
const PICKS: usize = 4;

/// One row of the fields, before it is known which rows are in view.
struct FieldRow {
    /// The field's name, what is written, and what is wrong with it.
    line: Vec<(String, Style)>,
    indent: u16,
    /// The field's place among those that show.
    field: usize,
    /// Which pieces of the line are which of a list.
    options: Vec<(usize, usize)>,
}

/// All rows of all fields, and which of them must be seen.
struct Fields {
    rows: Vec<FieldRow>,
    /// The focused field's rows.
    focused: std::ops::Range<usize>,
    /// The row and column where the terminal's cursor belongs.
    cursor: Option<(usize, u16)>,
    /// The row that must be seen above all.
    key_row: usize,
    /// The field whose rows are being made, and which of the next row's pieces are which of its list.
    field: usize,
    options: Vec<(usize, usize)>,
}

/// Draws the form; answers where the terminal's cursor belongs.
pub fn draw(pen: &mut Pen, screen: Rect, form: &FormView) -> Option<Position> {
    let roomy = screen.width >= 60 && screen.height >= 15;
    let margin = if roomy { 4 } else { 0 };
    let width = (screen.width - margin).min(WIDEST);
    let text_width = width.saturating_sub(2 + 2 * side(width));
    let longest_text = (screen.height / 3).clamp(*TEXT_ROWS.start(), *TEXT_ROWS.end());
    let fields = fields_of(pen, &form.fields, text_width, longest_text);
    let preview: Vec<Line> =
        form.preview.iter().flat_map(|line| wrap::wrap_line(line, text_width)).collect();
    let error =
        form.error.as_ref().map_or(0, |error| error.wrapped(text_width.into(), ERROR_LINES).len());

    let mut facts: Vec<Line> =
        form.facts.iter().flat_map(|line| wrap::wrap_line(line, text_width)).collect();
    // What it would like to have, and what there is.
    let mut shares = Shares {
        subtitle: u16::from(!form.subtitle.is_empty()),
        banner: u16::from(form.audience.is_some()),
        fields: count(fields.rows.len()),
        facts: count(facts.len()),
        preview: count(preview.len()),
        error: count(error),
        air: 0,
    };
    let most = screen.height - if roomy { 2 } else { 0 };
    if let Some(view) = &form.readiness {
        let others = shares.sum() + shares.gaps() + 1;
        let room = most.saturating_sub(2 + others);
        facts.extend(readiness::lines(view, text_width, room));
        shares.facts = count(facts.len());
    }
    let height = (shares.sum() + shares.gaps() + 2).clamp(5, most.max(5)).min(screen.height);
    let area = centred(screen, width, height);
    let shares = shares.within(height.saturating_sub(2));

    let (stroke, style) = match form.audience {
        None => (Stroke::Single, pen.frame_style(true)),
        Some(Audience::Internal) => (Stroke::Single, pen.tone(Tone::Internal)),
        Some(Audience::Customer) => (Stroke::Double, pen.tone(Tone::Customer)),
    };
    pen.clear(area);
    // A frame is never shown reversed: a theme without colour marks the customer's by its strokes.
    let lines = style.remove_modifier(Modifier::REVERSED);
    let title = short_title(&form.title, area.width.saturating_sub(4));
    pen.frame(area, stroke, lines, &[(&title, pen.tone(Tone::Title))], &[]);
    let bottom = Rect {
        x: area.x + 2,
        y: area.bottom().saturating_sub(1),
        width: area.width.saturating_sub(4),
        height: 1,
    };
    let used = button(pen, bottom, &form.send, form.on_send);
    let bottom = Rect { x: bottom.x + used, width: bottom.width.saturating_sub(used), ..bottom };
    frame_hints(pen, bottom, &form.hints);

    let body = inside(area);
    let body = Rect { x: body.x + side(width), width: text_width, ..body };
    let mut y = body.y;
    let air = |y: &mut u16, above: bool| *y += u16::from(above && shares.air > 0);
    if shares.subtitle > 0 {
        let line = form.subtitle.cell(body.width.into());
        pen.put(body.x, y, body.width, &line, pen.tone(Tone::Plain));
        y += 1;
    }
    if shares.banner > 0 {
        draw_banner(pen, Rect { y, height: 1, ..body }, form.audience, style);
        y += 1;
    }
    air(&mut y, shares.subtitle + shares.banner > 0);
    let first = first_row(&fields, shares.fields.into());
    let rows = Rect { y, height: shares.fields, ..body };
    let cursor = draw_fields(pen, rows, side(width), &fields, first);
    let track = Rect { y: y.saturating_sub(1), height: shares.fields + 2, ..area };
    pen.scroll_mark(track, first, shares.fields.into(), fields.rows.len());
    y += shares.fields;
    air(&mut y, shares.facts > 0);
    draw_preview(pen, Rect { y, height: shares.facts, ..body }, &facts);
    y += shares.facts;
    air(&mut y, shares.preview > 0);
    draw_preview(pen, Rect { y, height: shares.preview, ..body }, &preview);
    y += shares.preview;
    air(&mut y, shares.error > 0);
    if let Some(error) = &form.error {
        let lines = error.wrapped(text_width.into(), shares.error.into());
        for (line, y) in lines.iter().zip(y..y + shares.error) {
            pen.put(body.x, y, body.width, line, pen.tone(Tone::Error));
        }
    }
    match &form.picker {
        Some(picker) => super::picker::draw(pen, screen, picker),
        None => cursor,
    }
}

/// A title in so many columns: what is cut is the act, never the case at its end, nor how many they are.
pub fn short_title(title: &str, room: u16) -> String {
    let split = match title.strip_suffix(" cases").and_then(|rest| rest.rsplit_once(' ')) {
        Some((act, _)) => Some((act, &title[act.len() + 1..])),
        None => title.rsplit_once(' '),
    };
    match split {
        Some((act, case)) if columns(title) > room => {
            let act = safe_line(act, room.saturating_sub(columns(case) + 1).into());
            format!("{act} {case}")
        }
        _ => title.to_owned(),
    }
}

fn side(width: u16) -> u16 {
    u16::from(width >= 40)
}

fn count(lines: usize) -> u16 {
    u16::try_from(lines).unwrap_or(u16::MAX / 8)
}

/// How many rows each part has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shares {
    subtitle: u16,
    banner: u16,
    fields: u16,
    facts: u16,
    preview: u16,
    error: u16,
    /// 1: empty lines stand between the parts.
    air: u16,
}

impl Shares {
    fn sum(self) -> u16 {
        self.subtitle + self.banner + self.fields + self.facts + self.preview + self.error
    }

    /// The empty lines between the parts that are there.
    fn gaps(self) -> u16 {
        u16::from(self.subtitle + self.banner > 0)
            + u16::from(self.facts > 0)
            + u16::from(self.preview > 0)
            + u16::from(self.error > 0)
    }

    /// The same within so many rows. What is wrong and the field that has the keys come first, then who
    /// will read it, then what it will do, then what there is to know, then the rest of the fields, then whose case it is.
    fn within(self, height: u16) -> Self {
        let mut left = height;
        let mut take = |wanted: u16, keep: u16| {
            let taken = wanted.min(left.saturating_sub(keep));
            left -= taken;
            taken
        };
        let error = take(self.error.min(1), 1);
        let least = take(self.fields.min(2), 0);
        let banner = take(self.banner, 0);
        let more_error = take(self.error - error, 0);
        let some_fields = take(self.fields.min(4) - least.min(4), 0);
        let preview = take(self.preview, 0);
        let facts = take(self.facts, 0);
        let subtitle = take(self.subtitle, 0);
        let rest = take(self.fields.saturating_sub(least + some_fields), 0);
        let shares = Self {
            subtitle,
            banner,
            fields: least + some_fields + rest,
            facts,
            preview,
            error: error + more_error,
            air: 0,
        };
        Self { air: u16::from(shares == Self { air: 0, ..self } && left >= self.gaps()), ..shares }
    }
}

fn draw_banner(pen: &mut Pen, line: Rect, audience: Option<Audience>, style: Style) {
    let words: &[&str] = match audience {
        None => return,
        Some(Audience::Internal) => {
            &["INTERNAL – the customer never sees this", "INTERNAL – never shown", "INTERNAL"]
        }
        Some(Audience::Customer) => &["TO THE CUSTOMER", "TO CUSTOMER"],
    };
    let fitting = words.iter().find(|w| columns(w) + 2 <= line.width);
    let text = format!(" {} ", fitting.unwrap_or(&words[words.len() - 1]));
    let style = style.remove_modifier(Modifier::ITALIC);
    let style = style.add_modifier(Modifier::BOLD | Modifier::REVERSED);
    pen.put(line.x, line.y, line.width, &text, style);
}

fn draw_preview(pen: &mut Pen, area: Rect, preview: &[Line]) {
    for (line, y) in preview.iter().zip(area.y..area.bottom()) {
        pen.line(area.x, y, area.width, line);
    }
}

/// The first row in view: the whole focused field is seen if it fits, else the row with the cursor.
fn first_row(fields: &Fields, visible: usize) -> usize {
    let whole = fields.focused.len() <= visible;
    let (from, to) = if whole {
        (fields.focused.start, fields.focused.end)
    } else {
        (fields.key_row, fields.key_row + 1)
    };
    // Without need, nothing before is hidden.
    if to <= visible { 0 } else { to.saturating_sub(visible).min(from) }
}

fn draw_fields(
    pen: &mut Pen,
    area: Rect,
    side: u16,
    fields: &Fields,
    first: usize,
) -> Option<Position> {
    let visible = usize::from(area.height);
    if visible == 0 {
        return None;
    }
    for (row, y) in fields.rows.iter().skip(first).zip(area.y..area.bottom()) {
        let mut x = area.x + row.indent;
        pen.target(Rect { y, height: 1, ..area }, Target::Field(row.field));
        for (piece, (text, style)) in row.line.iter().enumerate() {
            let width = pen.put(x, y, area.right().saturating_sub(x), text, *style);
            if let Some((_, option)) = row.options.iter().find(|(of, _)| *of == piece) {
                let target = Target::Choice { field: row.field, option: *option };
                pen.target(Rect { x, y, width, height: 1 }, target);
            }
            x += width;
        }
    }
    // The field that has the keys is marked as the queue's row is, where there is a margin for it.
    if side > 0
        && let Some(row) = fields.focused.start.checked_sub(first)
        && row < visible
    {
        pen.put(area.x - side, area.y + count(row), 1, "▌", pen.cursor_mark());
    }
    let (row, column) = fields.cursor?;
    let y = area.y + count(row.checked_sub(first)?);
    super::place(area, (area.x + column).min(area.right().saturating_sub(1)), y)
}

fn fields_of(pen: &Pen, fields: &[FieldView], width: u16, longest_text: u16) -> Fields {
    let mut all = Fields {
        rows: Vec::new(),
        focused: 0..0,
        cursor: None,
        key_row: 0,
        field: 0,
        options: Vec::new(),
    };
    for (place, field) in fields.iter().enumerate() {
        all.field = place;
        let start = all.rows.len();
        let mut head = vec![(
            field.label.clone(),
            pen.tone(if field.focused { Tone::Strong } else { Tone::Dim }),
        )];
        if let Some(error) = &field.error {
            let room = width.saturating_sub(columns(&field.label) + 2);
            head.push(("  ".to_owned(), Style::new()));
            head.push((error.cell(room.into()), pen.tone(Tone::Error)));
        }
        let mut key_row = start;
        match &field.kind {
            FieldKind::Text { lines, cursor } => {
                all.push(head, 0);
                let side = if width >= 30 { 2 } else { 0 };
                let wrapped = wrap::wrap(lines, *cursor, width - side);
                let rows = count(wrapped.rows.len());
                let shown = rows.clamp(*TEXT_ROWS.start(), longest_text);
                // The part of the text with the cursor in view.
                let top = (wrapped.cursor.0 + 1).saturating_sub(shown.into());
                for at in top..top + usize::from(shown) {
                    let text = wrapped.rows.get(at).cloned().unwrap_or_default();
                    let mut row = vec![(text, pen.tone(Tone::Plain))];
                    if side > 0 {
                        row.insert(0, bar(pen, field.focused));
                    }
                    if field.focused && at == wrapped.cursor.0 {
                        key_row = all.rows.len();
                        all.cursor = Some((key_row, side + wrapped.cursor.1));
                    }
                    all.push(row, 0);
                }
            }
            FieldKind::Line { text, cursor } => {
                all.push(head, 0);
                let cursor = field.focused.then_some(*cursor);
                key_row = all.write(pen, text, cursor, width).unwrap_or(key_row);
            }
            FieldKind::Preset { text } => {
                all.push(head, 0);
                let side = if width >= 30 { 2 } else { 0 };
                let (text, _) = wrap::one_line(text, None, width - side - 1);
                let end = columns(&text);
                let mut row = vec![(text, pen.tone(Tone::Plain).add_modifier(Modifier::REVERSED))];
                if side > 0 {
                    row.insert(0, bar(pen, true));
                }
                key_row = all.rows.len();
                all.cursor = Some((key_row, side + end));
                all.push(row, 0);
            }
            FieldKind::Pick { text, cursor, options, at, note } => {
                if !note.is_empty() {
                    let used: u16 = head.iter().map(|(text, _)| columns(text)).sum();
                    head.push(("  ".to_owned(), Style::new()));
                    let room = width.saturating_sub(used + 2);
                    head.push((note.cell(room.into()), pen.tone(Tone::Dim)));
                }
                all.push(head, 0);
                let chosen = at.and_then(|at| options.get(at)).filter(|_| !field.focused);
                let typed = chosen.unwrap_or(text);
                let cursor = field.focused.then_some(*cursor);
                key_row = all.write(pen, typed, cursor, width).unwrap_or(key_row);
                if field.focused {
                    all.picks(pen, options, *at, width);
                }
            }
            FieldKind::Choice { options, chosen } => {
                let boxed = |(at, label): (usize, &String)| {
                    let sign = if *chosen == Some(at) { "(•)" } else { "( )" };
                    (format!("{sign} {label}"), *chosen == Some(at))
                };
                let options: Vec<_> = options.iter().enumerate().map(boxed).collect();
                key_row += all.list(pen, field.focused, &options, *chosen, head, width);
            }
            FieldKind::Many { options, at } => {
                let boxed = |(label, on): &(String, bool)| {
                    (format!("{} {label}", if *on { "[x]" } else { "[ ]" }), *on)
                };
                let options: Vec<_> = options.iter().map(boxed).collect();
                key_row += all.list(pen, field.focused, &options, Some(*at), head, width);
            }
        }
        if field.focused {
            all.focused = start..all.rows.len();
            all.key_row = key_row;
        }
    }
    all
}

/// What stands before what is written.
fn bar(pen: &Pen, focused: bool) -> (String, Style) {
    if focused {
        ("│ ".to_owned(), pen.tone(Tone::Strong))
    } else {
        ("┊ ".to_owned(), pen.tone(Tone::Dim))
    }
}

impl Fields {
    fn push(&mut self, line: Vec<(String, Style)>, indent: u16) {
        let options = std::mem::take(&mut self.options);
        self.rows.push(FieldRow { line, indent, field: self.field, options });
    }

    /// A line that is written in; answers its row where the cursor stands in it.
    fn write(&mut self, pen: &Pen, text: &str, cursor: Option<usize>, width: u16) -> Option<usize> {
        let side = if width >= 30 { 2 } else { 0 };
        // A column is kept for the cursor after the last character.
        let (text, column) = wrap::one_line(text, cursor, width - side - 1);
        let mut row = vec![(text, pen.tone(Tone::Plain))];
        if side > 0 {
            row.insert(0, bar(pen, cursor.is_some()));
        }
        let key_row = cursor.map(|_| self.rows.len());
        self.cursor = key_row.map(|at| (at, side + column)).or(self.cursor);
        self.push(row, 0);
        key_row
    }

    /// What is found of a list that is searched, around the one that is chosen.
    fn picks(&mut self, pen: &Pen, options: &[String], at: Option<usize>, width: u16) {
        let first = at.unwrap_or(0).saturating_sub(PICKS / 2);
        let first = first.min(options.len().saturating_sub(PICKS));
        for (index, option) in options.iter().enumerate().skip(first).take(PICKS) {
            let is_chosen = at == Some(index);
            let sign = if is_chosen { "(•)" } else { "( )" };
            let text = safe_line(&format!("{sign} {option}"), width.saturating_sub(2).into());
            let look = pen.tone(if is_chosen { Tone::Strong } else { Tone::Plain });
            self.push(vec![(text, look)], 2);
        }
        if options.len() > first + PICKS {
            let more = format!("{} more; type to search", options.len() - first - PICKS);
            self.push(vec![(more, pen.tone(Tone::Dim))], 2);
        }
    }

    /// A list: beside its name in one line if it fits there, else below it, over as many lines as it takes.
    /// `options`: each with whether it holds. Answers in which of its rows the one stands that the keys are on.
    fn list(
        &mut self,
        pen: &Pen,
        focused: bool,
        options: &[(String, bool)],
        at: Option<usize>,
        mut head: Vec<(String, Style)>,
        width: u16,
    ) -> usize {
        let looks = |index: usize, holds: bool| {
            let look = pen.tone(if holds { Tone::Strong } else { Tone::Plain });
            if focused && at == Some(index) { look.add_modifier(Modifier::REVERSED) } else { look }
        };
        let head_width: u16 = head.iter().map(|(text, _)| columns(text)).sum();
        let options_width: u16 = options.iter().map(|(text, _)| columns(text) + 2).sum();
        let beside = head_width + options_width <= width;
        if !beside {
            self.push(std::mem::take(&mut head), 0);
        }
        let (indent, first) = if beside { (0, self.rows.len()) } else { (2, self.rows.len() - 1) };
        let mut line = head;
        let mut used = if beside { head_width } else { 0 };
        let mut key_row = 0;
        for (index, (text, holds)) in options.iter().enumerate() {
            let needs = columns(text);
            if used > 0 && used + 2 + needs > width.saturating_sub(indent) {
                self.push(std::mem::take(&mut line), indent);
                used = 0;
            }
            if used > 0 {
                line.push(("  ".to_owned(), Style::new()));
                used += 2;
            }
            if at == Some(index) {
                key_row = self.rows.len() - first;
            }
            self.options.push((line.len(), index));
            line.push((text.clone(), looks(index, *holds)));
            used += needs;
        }
        self.push(line, indent);
        key_row
    }
}

/// Draws the button that sends a form; answers how many columns it took.
pub fn button(pen: &mut Pen, line: Rect, send: &Hint, focused: bool) -> u16 {
    let text = format!("[ {} ]", format!("{} {}", send.keys, send.label).trim());
    let look = pen.tone(Tone::Key);
    let look = if focused { look.add_modifier(Modifier::REVERSED) } else { look };
    let width = pen.put(line.x, line.y, line.width, &text, look);
    pen.target(Rect { width, ..line }, Target::Send);
    width
}

/// The keys of a form or a question, in its lower frame line.
pub fn frame_hints(pen: &mut Pen, line: Rect, hints: &[Hint]) {
    if line.width < 3 || hints.is_empty() {
        return;
    }
    let inner = Rect { x: line.x + 1, width: line.width - 2, ..line };
    let blank = footer::width(hints, inner.width) + 2;
    pen.clear(Rect { width: blank.min(line.width), ..line });
    footer::hints(pen, inner, hints);
}
