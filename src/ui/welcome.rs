//! The first start: what can be chosen, and the desk that is being connected with what is known of it.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::form::frame_hints;
use super::pen::{Pen, Stroke, columns};
use super::{Look, centred, footer, place, signs, too_small, wrap};
use crate::app::layout::{MIN_COLUMNS, MIN_ROWS, inside};
use crate::app::view::{Hint, Tone};
use crate::app::welcome::view::{
    ConnectView, FieldKind, FieldView, Sign, Stage, Told, WelcomeView,
};
use crate::domain::Untrusted;

const WIDEST: u16 = 78;
/// Columns of the names of fields, where there is room beside them.
const LABELS: u16 = 15;
/// Lines of one thing that is told.
const TOLD: usize = 3;
const SLOGAN: &str = "A desk for support cases, with the SLA clocks in view.";

/// Draws one whole screen.
pub fn draw(frame: &mut Frame, view: &WelcomeView, look: &Look) {
    let screen = frame.area();
    let mut pen = Pen::new(frame.buffer_mut(), look);
    let cursor = if screen.width < MIN_COLUMNS || screen.height < MIN_ROWS {
        too_small(&mut pen, screen);
        None
    } else {
        let title = [("caseload", pen.tone(Tone::Title)), ("  first start", pen.tone(Tone::Dim))];
        pen.pieces(screen.x + 1, screen.y, screen.width - 1, &title);
        let body = Rect { y: screen.y + 1, height: screen.height - 2, ..screen };
        let line = Rect { x: 1, y: screen.bottom() - 1, width: screen.width - 2, height: 1 };
        match &view.stage {
            Stage::Offers { offers, at, file } => {
                offers_of(&mut pen, body, offers, *at, file);
                footer::hints(&mut pen, line, &view.hints);
                None
            }
            Stage::Connect(form) => connect(&mut pen, body, form, &view.hints),
            Stage::Opening(what) => {
                let width = columns(what).min(body.width);
                let at = centred(body, width, 1);
                pen.put(at.x, at.y, width, what, pen.tone(Tone::Strong));
                None
            }
        }
    };
    look.theme.paint(frame.buffer_mut());
    if look.ascii {
        signs::to_ascii(frame.buffer_mut());
    }
    if let Some(position) = cursor.filter(|p| screen.contains(*p)) {
        frame.set_cursor_position(position);
    }
}

fn wrapped(text: &str, width: u16, most: usize) -> Vec<String> {
    Untrusted::from(text).wrapped(width.max(1).into(), most)
}

fn offers_of(pen: &mut Pen, body: Rect, offers: &[(Hint, String)], at: usize, file: &str) {
    let width = body.width.saturating_sub(4).min(WIDEST);
    let keys = offers.iter().map(|(hint, _)| columns(&hint.keys)).max().unwrap_or(0);
    let labels = offers.iter().map(|(hint, _)| columns(&hint.label)).max().unwrap_or(0);
    let about = keys + labels + 7;
    let has_about = offers.iter().all(|(_, text)| about + columns(text) <= width);
    let kept = format!("What you set is kept in {file}");
    let mut below = wrapped(&kept, width, 2);
    let mut above = wrapped(SLOGAN, width, 2);
    above.push(String::new());
    above.push("No desk is configured yet.".to_owned());
    let list = u16::try_from(offers.len()).unwrap_or(u16::MAX);
    let lines = |above: &[String], below: &[String]| {
        list + u16::try_from(above.len() + below.len()).unwrap_or(u16::MAX)
            + u16::from(!above.is_empty())
            + u16::from(!below.is_empty())
    };
    // What is said besides goes before what can be chosen does.
    if lines(&above, &below) > body.height {
        below.clear();
    }
    if lines(&above, &below) > body.height {
        above.clear();
    }
    let height = lines(&above, &below).min(body.height);
    let area = centred(body, width, height);
    let mut y = area.y;
    let write = |pen: &mut Pen, y: &mut u16, lines: &[String], tone: Tone| {
        for line in lines {
            pen.put(area.x, *y, width, line, pen.tone(tone));
            *y += 1;
        }
    };
    write(pen, &mut y, &above, Tone::Plain);
    y += u16::from(!above.is_empty());
    for (n, (hint, text)) in offers.iter().enumerate().take(usize::from(area.bottom() - y)) {
        pen.put(area.x + 2, y, keys, &hint.keys, pen.tone(Tone::Key));
        let label = if n == at { Tone::Strong } else { Tone::Plain };
        let x = area.x + keys + 4;
        pen.put(x, y, area.right().saturating_sub(x), &hint.label, pen.tone(label));
        if has_about {
            pen.put(area.x + about, y, width - about, text, pen.tone(Tone::Dim));
        }
        if n == at {
            pen.over(Rect { y, height: 1, ..area }, pen.cursor_row());
            pen.put(area.x, y, 1, "▌", pen.cursor_mark());
        }
        y += 1;
    }
    y += 1;
    write(pen, &mut y, &below, Tone::Dim);
}

/// Rows of the form before they are shown, with where the cursor stands among them.
#[derive(Default)]
struct Rows {
    lines: Vec<Row>,
    cursor: Option<(usize, u16)>,
    /// The first row of the field that has the keys.
    focused: usize,
}

/// Pieces with the column at which each begins.
type Row = Vec<(u16, String, ratatui::style::Style)>;

fn connect(pen: &mut Pen, body: Rect, form: &ConnectView, hints: &[Hint]) -> Option<Position> {
    let width = body.width.saturating_sub(if body.width >= 70 { 4 } else { 0 }).min(WIDEST);
    let side = u16::from(width >= 40);
    let text_width = width.saturating_sub(2 + 2 * side);
    let roomy = body.height >= 16;
    let mut rows = fields(pen, form, text_width, roomy);
    let told = told(pen, form, text_width);
    let air = u16::from(roomy);
    let count = |rows: usize| u16::try_from(rows).unwrap_or(u16::MAX);
    // The same room for what is told, so that the form does not jump while it is asked about.
    let below =
        if roomy { count(told.len()).max(5) } else { count(told.len()).min(body.height / 3) };
    let wanted = count(rows.lines.len()) + below + 2 * air + 3;
    let height = wanted.min(body.height);
    let area = centred(body, width, height);
    pen.frame(
        area,
        Stroke::Single,
        pen.frame_style(true),
        &[("Connect a desk", pen.tone(Tone::Title))],
        &[],
    );
    let bottom = Rect { x: area.x + 2, y: area.bottom() - 1, width: area.width - 4, height: 1 };
    let used = super::form::button(pen, bottom, &form.send, form.on_send);
    let rest = Rect { x: bottom.x + used, width: bottom.width.saturating_sub(used), ..bottom };
    frame_hints(pen, rest, hints);

    let inner = inside(area);
    let inner = Rect { x: inner.x + side, width: text_width, ..inner };
    let below = below.min(inner.height.saturating_sub(2));
    let list = Rect {
        y: inner.y + air.min(inner.height),
        height: inner.height.saturating_sub(below + air),
        ..inner
    };
    // The field that has the keys is in view.
    let visible = usize::from(list.height);
    let key_row = rows.cursor.map_or(rows.focused, |(row, _)| row);
    let first = (key_row + 1).saturating_sub(visible.max(1));
    for (row, y) in rows.lines.drain(..).skip(first).zip(list.y..list.bottom()) {
        for (x, text, style) in row {
            let x = list.x + x;
            pen.put(x, y, list.right().saturating_sub(x), &text, style);
        }
    }
    if side > 0
        && let Some(row) = rows.focused.checked_sub(first).filter(|row| *row < visible)
        && !form.on_send
    {
        pen.put(list.x - side, list.y + count(row), 1, "▌", pen.cursor_mark());
    }
    for (row, y) in told.into_iter().zip(inner.bottom().saturating_sub(below)..inner.bottom()) {
        for (x, text, style) in row {
            let x = inner.x + x;
            pen.put(x, y, inner.right().saturating_sub(x), &text, style);
        }
    }
    let (row, column) = rows.cursor?;
    place(list, list.x + column, list.y + count(row.checked_sub(first)?))
}

fn fields(pen: &Pen, form: &ConnectView, width: u16, roomy: bool) -> Rows {
    let mut all = Rows::default();
    // Beside the names where there is room, else below them.
    let beside = width >= 46;
    let left = if beside { LABELS } else { 0 };
    for (n, field) in form.fields.iter().enumerate() {
        if roomy && n > 0 {
            all.lines.push(Row::new());
        }
        if field.focused {
            all.focused = all.lines.len();
        }
        let label = pen.tone(if field.focused { Tone::Strong } else { Tone::Dim });
        let mut row = vec![(0, field.label.to_owned(), label)];
        if !beside {
            all.lines.push(std::mem::take(&mut row));
        }
        let room = width - left;
        match &field.kind {
            FieldKind::Line(line) => {
                // A column is kept for the cursor after the last character.
                let (text, column) = wrap::one_line(&line.text, line.cursor, room - 1);
                if line.text.is_empty() {
                    row.push((left, field.about.clone(), pen.tone(Tone::Dim)));
                } else {
                    row.push((left, text, pen.tone(Tone::Plain)));
                }
                if line.cursor.is_some() {
                    all.cursor = Some((all.lines.len(), left + column));
                }
                all.lines.push(row);
            }
            FieldKind::Choice(options, at) => {
                choice(pen, field, options, *at, (left, room), &mut row);
                all.lines.push(row);
                if roomy {
                    all.lines.push(vec![(left, field.about.clone(), pen.tone(Tone::Dim))]);
                }
            }
        }
    }
    all
}

/// All of a list in one line if it fits there, else the one that holds.
fn choice(
    pen: &Pen,
    field: &FieldView,
    options: &[&'static str],
    at: usize,
    (left, room): (u16, u16),
    row: &mut Row,
) {
    let look = |holds: bool| {
        let look = pen.tone(if holds { Tone::Strong } else { Tone::Plain });
        if holds && field.focused { look.add_modifier(Modifier::REVERSED) } else { look }
    };
    let needs: u16 = options.iter().map(|option| columns(option) + 6).sum();
    if needs.saturating_sub(2) > room {
        let chosen = options.get(at).copied().unwrap_or_default();
        row.push((left, format!("(•) {chosen}"), look(true)));
        row.push((
            left + columns(chosen) + 5,
            format!("{} of {}", at + 1, options.len()),
            pen.tone(Tone::Dim),
        ));
        return;
    }
    let mut x = left;
    for (n, option) in options.iter().enumerate() {
        let sign = if n == at { "(•)" } else { "( )" };
        row.push((x, format!("{sign} {option}"), look(n == at)));
        x += columns(option) + 6;
    }
}

/// What is wrong, else what is known.
fn told(pen: &Pen, form: &ConnectView, width: u16) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut tell = |sign: Sign, text: &Untrusted| {
        let mark = match sign {
            Sign::Good => "✓",
            Sign::Bad => "✗",
            Sign::Waiting => "◌",
            Sign::None => "",
        };
        let tone = pen.tone(sign.tone());
        for (n, line) in
            text.wrapped(width.saturating_sub(2).max(1).into(), TOLD).into_iter().enumerate()
        {
            let mut row =
                vec![(2, line, if sign == Sign::Bad { tone } else { pen.tone(Tone::Plain) })];
            if n == 0 {
                row.push((0, mark.to_owned(), tone));
            }
            rows.push(row);
        }
    };
    for Told { sign, text } in &form.told {
        tell(*sign, text);
    }
    if let Some(error) = &form.error {
        tell(Sign::Bad, error);
    }
    rows
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::app::view::FilterLine;

    fn hint(keys: &str, label: &str) -> Hint {
        Hint { keys: keys.to_owned(), label: label.to_owned(), enabled: true }
    }

    fn offers() -> WelcomeView {
        let offer = |key, label, about: &str| (hint(key, label), about.to_owned());
        WelcomeView {
            stage: Stage::Offers {
                offers: vec![
                    offer("c", "Connect a desk", "its address and your token, checked as you type"),
                    offer(
                        "d",
                        "Look at the demo",
                        "a made-up desk on this machine, to try things out",
                    ),
                    offer("q", "Quit", "caseload --help names the commands"),
                ],
                at: 0,
                file: "/home/ida/.config/caseload/config.toml".to_owned(),
            },
            hints: vec![hint("Enter", "choose"), hint("j", "next"), hint("q", "quit")],
        }
    }

    fn connect() -> WelcomeView {
        let line =
            |text: &str, cursor| FieldKind::Line(FilterLine { text: text.to_owned(), cursor });
        let field = |label, kind, focused, about: &str| FieldView {
            label,
            kind,
            focused,
            about: about.to_owned(),
        };
        let told = |sign, text: &str| Told { sign, text: text.into() };
        WelcomeView {
            stage: Stage::Connect(Box::new(ConnectView {
                fields: vec![
                    field("Address", line("https://desk.nordwind.example", None), false, ""),
                    field(
                        "Token kept in",
                        FieldKind::Choice(vec!["file", "keyring", "variable", "command"], 0),
                        false,
                        "nordwind.token beside the configuration, for you alone",
                    ),
                    field("Token", line(&"•".repeat(40), Some(40)), true, ""),
                    field("Name", line("", None), false, "how you call the desk"),
                ],
                told: vec![
                    told(Sign::Good, "desk.nordwind.example answers"),
                    told(Sign::Good, "You are R. Hald, partner agent, Nordwind Support"),
                    told(Sign::None, "You may do everything but: set eligibility, hand back"),
                ],
                error: None,
                send: hint("Ctrl-S", "connect"),
                on_send: false,
            })),
            hints: vec![hint("Esc", "back"), hint("Tab", "next")],
        }
    }

    fn rows(view: &WelcomeView, (columns, rows): (u16, u16), look: &Look) -> String {
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| draw(frame, view, look)).unwrap();
        let buffer = terminal.backend().buffer();
        let rows = buffer.content.chunks(columns.into()).map(|row| {
            let row: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
            row.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    macro_rules! assert_picture {
        ($name:expr, $view:expr, $size:expr) => {
            insta::with_settings!({
                snapshot_path => "../../tests/snapshots",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, {
                insta::assert_snapshot!($name, rows(&$view, $size, &Look::default()));
            });
        };
    }

    #[test]
    fn the_first_start_at_several_sizes() {
        for (columns, rows) in [(80, 24), (120, 40), (40, 12)] {
            assert_picture!(format!("welcome_{columns}x{rows}"), offers(), (columns, rows));
            assert_picture!(format!("connect_{columns}x{rows}"), connect(), (columns, rows));
        }
    }

    #[test]
    fn at_every_size_nothing_breaks_and_in_ascii_nothing_else_is_drawn() {
        let look = Look { ascii: true, ..Look::default() };
        let mut bad = connect();
        if let Stage::Connect(form) = &mut bad.stage {
            form.error = Some("\u{1b}[31m日本語のエラー".repeat(40).as_str().into());
        }
        let opening =
            WelcomeView { stage: Stage::Opening("Opening desk x …".into()), hints: vec![] };
        for columns in (1..130).step_by(3) {
            for height in 1..45 {
                for view in [&offers(), &connect(), &bad, &opening] {
                    assert!(rows(view, (columns, height), &look).is_ascii());
                }
            }
        }
    }
}
