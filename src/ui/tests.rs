//! Screens: pictures per pane and state, looks asserted apart, and what holds at every size.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::theme::Theme;
use super::{Look, draw, fixture};
use crate::app::layout::areas;
use crate::app::view::{
    FilterLine, LinkRow, LinkSign, LinksView, MarkView, OutboxView, Overlay, Pane, SearchLine,
    Snapshot, Tone,
};

fn colour() -> Look {
    Look { theme: Theme::colour(), ascii: false }
}

fn drawn_on(
    columns: u16,
    rows: u16,
    snapshot: &Snapshot,
    look: &Look,
) -> (Buffer, Option<Position>) {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let mut cursor = None;
    terminal.draw(|frame| draw(frame, snapshot, look)).unwrap();
    if terminal.backend().cursor_visible() {
        cursor = Some(terminal.backend().cursor_position());
    }
    (terminal.backend().buffer().clone(), cursor)
}

fn drawn(snapshot: &Snapshot, look: &Look) -> (Buffer, Option<Position>) {
    let whole = snapshot.areas.whole;
    drawn_on(whole.width, whole.height, snapshot, look)
}

fn text_rows(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width);
    buffer
        .content
        .chunks(width)
        .map(|cells| {
            let mut row = String::new();
            let mut skip = 0;
            for cell in cells {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                row.push_str(cell.symbol());
                skip = cell.symbol().width().saturating_sub(1);
            }
            row
        })
        .collect()
}

fn picture(snapshot: &Snapshot, look: &Look) -> String {
    let (buffer, cursor) = drawn(snapshot, look);
    let mut rows: Vec<String> =
        text_rows(&buffer).iter().map(|row| row.trim_end().to_owned()).collect();
    if let Some(cursor) = cursor {
        rows.push(format!("cursor at column {}, row {}", cursor.x, cursor.y));
    }
    rows.join("\n")
}

macro_rules! assert_picture {
    ($name:expr, $snapshot:expr) => {
        assert_picture!($name, $snapshot, &colour())
    };
    ($name:expr, $snapshot:expr, $look:expr) => {
        insta::with_settings!({
            snapshot_path => "../../tests/snapshots",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!($name, picture(&$snapshot, $look));
        });
    };
}

#[test]
fn a_screen_that_shrank_below_the_smallest_while_a_form_is_open_is_too_small() {
    for (columns, rows) in [(1, 1), (19, 24), (80, 4)] {
        let desk = fixture::over(fixture::desk(80, 24), Overlay::Form(fixture::close()));
        let (buffer, cursor) = drawn_on(columns, rows, &desk, &colour());
        assert_eq!(cursor, None, "{columns}x{rows}");
        let shown = text_rows(&buffer).concat();
        assert!(!shown.contains('║') && (columns < 20 || shown.contains("too small")), "{shown}");
    }
}

#[test]
fn the_desk_at_120x40() {
    assert_picture!("desk_120x40", fixture::desk(120, 40));
}

fn with_tabs(columns: u16, rows: u16) -> Snapshot {
    let detail = fixture::detail_with_tabs();
    Snapshot { detail, focus: Pane::Detail, ..fixture::desk(columns, rows) }
}

#[test]
fn the_detail_with_its_tabs_at_every_size() {
    assert_picture!("detail_tabs_80x24", with_tabs(80, 24));
    assert_picture!("detail_tabs_120x40", with_tabs(120, 40));
    let ascii = Look { theme: Theme::mono(), ascii: true };
    assert_picture!("detail_tabs_ascii_80x24", with_tabs(80, 24), &ascii);
}

#[test]
fn what_is_found_in_the_detail_is_marked_without_colour_and_the_line_says_where_one_is() {
    let mut desk = with_tabs(80, 24);
    let mark = |row, column, here| MarkView { row, column, width: 3, here };
    desk.detail.marks = vec![mark(3, 8, true), mark(5, 14, false), mark(9, 90, false)];
    let line = FilterLine { text: "the".into(), cursor: Some(3) };
    desk.detail.search = Some(SearchLine { line, found: "1 of 2".into(), none: false });
    let look = Look { theme: Theme::mono(), ascii: false };
    let (buffer, cursor) = drawn(&desk, &look);
    let rows = text_rows(&buffer);
    let at = rows.iter().position(|row| row.contains("/ the")).unwrap();
    assert!(rows[at].contains("1 of 2"), "{}", rows[at]);
    assert_eq!(cursor.map(|at| usize::from(at.y)), Some(at));
    let y = rows.iter().position(|row| row.contains("It stopped")).unwrap();
    // Where a customer's words are turned round already, those that are found are not.
    let upright: String = (1..79u16)
        .map(|x| &buffer[(x, u16::try_from(y).unwrap())])
        .filter(|cell| !cell.modifier.contains(Modifier::REVERSED))
        .map(Cell::symbol)
        .collect();
    assert_eq!(upright.trim(), "It");
}

#[test]
fn links_over_the_desk() {
    let row = |url: &str, from: &str| LinkRow { url: url.into(), from: from.into() };
    let view = LinksView {
        title: "Links in C-10412".into(),
        rows: vec![
            row("https://xn--fjrd-65d.example/a", "the description, from customer"),
            row("https://wiki.example/cache", "L. Ito, internal"),
        ],
        at: 1,
        hints: vec![fixture::hint("Enter", "open"), fixture::hint("Esc", "close")],
    };
    assert_picture!("links_80x24", fixture::over(with_tabs(80, 24), Overlay::Links(view.clone())));
    for (columns, rows) in [(20, 5), (40, 10), (300, 100)] {
        drawn(
            &fixture::over(fixture::desk(columns, rows), Overlay::Links(view.clone())),
            &colour(),
        );
    }
}

#[test]
fn the_desk_at_80x24() {
    assert_picture!("desk_80x24", fixture::desk(80, 24));
}

#[test]
fn two_desks_stand_side_by_side_in_header_and_queue() {
    assert_picture!("desks_80x24", fixture::two_desks(80, 24));
    assert_picture!("desks_120x40", fixture::two_desks(120, 40));
}

#[test]
fn where_there_is_no_column_for_the_desks_the_title_of_the_case_names_it() {
    let narrow = Snapshot { focus: Pane::Detail, ..fixture::two_desks(50, 12) };
    let queue = text_rows(&drawn(&fixture::two_desks(40, 12), &colour()).0).join("\n");
    assert!(queue.contains("C-10398") && !queue.contains("fjord-"), "{queue}");
    let narrow = Snapshot { areas: areas(50, 12, Pane::Detail, false), ..narrow };
    let detail = text_rows(&drawn(&narrow, &colour()).0).join("\n");
    assert!(detail.contains("C-10412 at nordwind"), "{detail}");
}

#[test]
fn a_desk_of_the_filter_that_is_not_there_is_marked_in_the_line() {
    let mut desk = fixture::two_desks(80, 24);
    desk.queue.filter = Some(FilterLine { text: "desk:oslo".into(), cursor: Some(9) });
    desk.queue.filter_wrong = Some("no desk \"oslo\"; there are: nordwind, fjord-support".into());
    let (buffer, cursor) = drawn(&desk, &colour());
    let rows = text_rows(&buffer);
    let line = rows.iter().find(|row| row.contains("/ desk:oslo")).unwrap();
    assert!(line.contains("no desk \"oslo\"; there are: nordwind"), "{line}");
    assert_eq!(cursor.map(|at| at.x), Some(13));
}

#[test]
fn the_lines_of_several_desks_lose_words_before_who_i_am() {
    let mut lines = Vec::new();
    for columns in [160, 120, 100, 80, 60, 50, 40, 30, 20] {
        let (buffer, _) = drawn(&fixture::two_desks(columns, 20), &colour());
        lines.push(format!("{}|", text_rows(&buffer)[0]));
    }
    insta::with_settings!({
        snapshot_path => "../../tests/snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("header_of_desks_by_width", lines.join("\n"));
    });
}

#[test]
fn the_desk_at_200x50() {
    assert_picture!("desk_200x50", fixture::desk(200, 50));
}

#[test]
fn the_desk_at_50x12_is_the_queue_alone() {
    assert_picture!("desk_50x12", fixture::desk(50, 12));
    assert_picture!("detail_50x12", fixture::desk_with(50, 12, Pane::Detail, false));
    assert_picture!("clocks_50x12", fixture::desk_with(50, 12, Pane::Clocks, false));
}

#[test]
fn clocks_say_below_themselves_what_finds_no_column_and_everything_on_a_screen_of_their_own() {
    let late = |mut desk: Snapshot| {
        desk.clocks.clocks[1].demand = "must be escalated now";
        desk
    };
    assert_picture!("clocks_100x30", late(fixture::desk(100, 30)));
    assert_picture!("clocks_zoomed_80x24", late(fixture::desk_with(80, 24, Pane::Clocks, true)));
    assert_picture!("clocks_strip_80x24", late(fixture::desk(80, 24)));
}

#[test]
fn the_desk_at_60x15_and_at_the_smallest_size() {
    assert_picture!("desk_60x15", fixture::desk(60, 15));
    assert_picture!("desk_20x5", fixture::desk(20, 5));
}

#[test]
fn the_desk_in_ascii() {
    let look = Look { theme: Theme::mono(), ascii: true };
    let desk = fixture::desk(80, 24);
    assert_picture!("desk_80x24_ascii", desk, &look);
    let (buffer, _) = drawn(&desk, &look);
    assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
}

#[test]
fn a_zoomed_pane_has_the_whole_body() {
    assert_picture!("zoomed_detail_80x24", fixture::desk_with(80, 24, Pane::Detail, true));
}

#[test]
fn too_small_says_what_is_needed_in_what_fits() {
    for (columns, rows, line) in [
        (30, 4, "    too small: 20×5 needed    "),
        (19, 9, "    needs 20×5     "),
        (6, 3, " 20×5 "),
        (3, 3, "   "),
    ] {
        let (buffer, _) = drawn(&fixture::desk(columns, rows), &colour());
        let middle = usize::from((rows - 1) / 2);
        assert_eq!(text_rows(&buffer)[middle], line);
    }
}

#[test]
fn five_notices_are_five_different_screens() {
    for (name, notice) in fixture::notices() {
        let mut desk = fixture::desk(80, 24);
        desk.queue.rows.clear();
        desk.queue.count = 0;
        desk.queue.notice = Some(notice);
        desk.detail.title = None;
        desk.detail.head.clear();
        desk.detail.lines.clear();
        desk.clocks.clocks.clear();
        desk.clocks.next.clear();
        assert_picture!(format!("notice_{name}_80x24"), desk);
    }
}

#[test]
fn the_header_loses_words_from_the_middle() {
    let mut lines = Vec::new();
    for (sign, text) in [
        (LinkSign::Live, "live"),
        (LinkSign::Offline, "offline, retry in 8 s · 4 min old"),
        (LinkSign::Broken, "signed out"),
    ] {
        for columns in [160, 120, 100, 80, 60, 50, 40, 30, 20] {
            let mut desk = fixture::desk(columns, 20);
            desk.header.link = sign;
            desk.header.link_text = text.into();
            let (buffer, _) = drawn(&desk, &colour());
            lines.push(format!("{}|", text_rows(&buffer)[0]));
        }
    }
    insta::with_settings!({
        snapshot_path => "../../tests/snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("header_by_width", lines.join("\n"));
    });
}

#[test]
fn the_footer_drops_hints_from_the_right_and_keeps_the_help() {
    let footer = |columns| {
        let (buffer, _) = drawn(&fixture::desk(columns, 20), &colour());
        text_rows(&buffer)[19].trim_end().to_owned()
    };
    assert_eq!(
        footer(120),
        " a respond  t take  e escalate  c close  n note  r reply  s severity  / filter  ? help  q quit"
    );
    assert_eq!(footer(40), " a respond  t take  e escalate  ? help");
    assert_eq!(footer(20), " a respond  ? help");
}

#[test]
fn a_toast_takes_the_place_of_the_hints() {
    let mut desk = fixture::desk(80, 24);
    let text = "Could not close C-10398: it was closed by M. Ito at 14:02";
    desk.footer.toast = Some((text.into(), Tone::Error));
    let (buffer, _) = drawn(&desk, &colour());
    assert_eq!(text_rows(&buffer)[23].trim(), text);
    assert_eq!(buffer[(1, 23)].fg, Color::LightRed);
}

#[test]
fn a_long_refusal_is_told_whole_over_what_stands_above_the_footer() {
    let mut desk = fixture::desk(80, 24);
    let text = "C-10151: The licence is not eligible for support: an administrator must mark the case \
                eligible before it can be escalated. It can be closed as not eligible.";
    desk.footer.toast = Some((text.into(), Tone::Error));
    let (buffer, _) = drawn(&desk, &colour());
    let rows = text_rows(&buffer);
    let told: Vec<&str> = rows[21..].iter().map(|row| row.trim()).collect();
    assert_eq!(told.join(" "), text);
    assert!(rows[20].starts_with('│'), "no more rows are taken than needed");
}

#[test]
fn what_waits_for_a_form_to_be_closed_is_counted_in_the_frame_of_the_queue() {
    let mut desk = fixture::over(fixture::desk(80, 24), Overlay::Form(fixture::note()));
    desk.queue.arrived = 3;
    let (buffer, _) = drawn(&desk, &colour());
    assert!(text_rows(&buffer)[1].ends_with(" 3 new ↓ ┐"), "{}", text_rows(&buffer)[1]);
}

#[test]
fn forms_at_every_size() {
    for (columns, rows) in [(120, 40), (80, 24), (50, 12), (20, 5)] {
        let desk = || fixture::desk(columns, rows);
        let named = |name: &str| format!("form_{name}_{columns}x{rows}");
        assert_picture!(named("note"), fixture::over(desk(), Overlay::Form(fixture::note())));
        assert_picture!(named("reply"), fixture::over(desk(), Overlay::Form(fixture::reply())));
        assert_picture!(named("close"), fixture::over(desk(), Overlay::Form(fixture::close())));
        let asking = fixture::over(desk(), Overlay::Form(fixture::request_info()));
        assert_picture!(named("request_info"), asking);
        assert_picture!(named("phone"), fixture::over(desk(), Overlay::Form(fixture::phone())));
    }
}

#[test]
fn questions_and_help_at_every_size() {
    for (columns, rows) in [(120, 40), (80, 24), (50, 12), (20, 5)] {
        let desk = || fixture::desk(columns, rows);
        let confirm = fixture::over(desk(), Overlay::Confirm(fixture::confirm()));
        assert_picture!(format!("confirm_{columns}x{rows}"), confirm);
        let help = fixture::over(desk(), Overlay::Help(fixture::help()));
        assert_picture!(format!("help_{columns}x{rows}"), help);
        let palette = fixture::over(desk(), Overlay::Palette(fixture::palette()));
        assert_picture!(format!("palette_{columns}x{rows}"), palette);
    }
}

#[test]
fn an_explanation_at_every_size() {
    for (columns, rows) in [(120, 40), (80, 24), (50, 12), (20, 5)] {
        let why = fixture::over(fixture::desk(columns, rows), Overlay::Why(fixture::why()));
        assert_picture!(format!("why_{columns}x{rows}"), why);
    }
}

#[test]
fn the_outbox_and_a_question_at_every_size() {
    for (columns, rows) in [(120, 40), (80, 24), (50, 12), (20, 5)] {
        let desk = || fixture::desk(columns, rows);
        let outbox = fixture::over(desk(), Overlay::Outbox(fixture::outbox()));
        assert_picture!(format!("outbox_{columns}x{rows}"), outbox);
        let question = fixture::over(desk(), Overlay::Form(fixture::question()));
        assert_picture!(format!("question_{columns}x{rows}"), question);
    }
    let empty = OutboxView { rows: vec![], told: vec![], at: 0, ..fixture::outbox() };
    assert_picture!(
        "outbox_empty_80x24",
        fixture::over(fixture::desk(80, 24), Overlay::Outbox(empty))
    );
}

#[test]
fn marked_rows_have_their_mark_before_the_id_and_are_counted_in_the_frame() {
    for (columns, rows, look) in [
        (120, 40, colour()),
        (80, 24, Look { theme: Theme::mono(), ascii: true }),
        (24, 8, colour()),
    ] {
        let mut desk = fixture::desk(columns, rows);
        desk.queue.rows[0].marked = true;
        if let Some(row) = desk.queue.rows.get_mut(1) {
            row.marked = true;
        }
        desk.queue.marked = Some("2 marked".to_owned());
        desk.queue.arrived = 3;
        assert_picture!(format!("marks_{columns}x{rows}"), desk, &look);
    }
}

#[test]
fn the_question_about_several_cases_says_how_many_and_which_at_every_size() {
    for (columns, rows) in [(120, 40), (80, 24), (40, 10), (20, 5)] {
        for (name, view) in [
            ("take", fixture::bulk(3, false, false)),
            ("respond", fixture::bulk(15, true, false)),
            ("some", fixture::bulk(15, false, true)),
        ] {
            let desk = fixture::over(fixture::desk(columns, rows), Overlay::Bulk(view));
            let rows_of = text_rows(&drawn(&desk, &colour()).0).join("\n");
            assert!(rows_of.contains("C-10401") && rows_of.contains("n no"), "{rows_of}");
            assert_picture!(format!("bulk_{name}_{columns}x{rows}"), desk);
        }
    }
}

#[test]
fn a_report_of_several_cases_at_every_size() {
    for (columns, rows) in [(120, 40), (80, 24), (40, 10), (20, 5)] {
        let report = Overlay::Report(fixture::report());
        let desk = fixture::over(fixture::desk(columns, rows), report);
        assert_picture!(format!("report_{columns}x{rows}"), desk);
    }
}

/// What is drawn for the mouse, at each place where it is drawn.
fn targets(snapshot: &Snapshot) -> super::Targets {
    let mut terminal =
        Terminal::new(TestBackend::new(snapshot.areas.whole.width, snapshot.areas.whole.height))
            .unwrap();
    let mut targets = super::Targets::default();
    terminal.draw(|frame| targets = super::draw_for_mouse(frame, snapshot, &colour())).unwrap();
    targets
}

#[test]
fn what_is_drawn_is_what_is_clicked() {
    use crate::app::view::Target;
    let place = |snapshot: &Snapshot, text: &str| {
        let (buffer, _) = drawn(snapshot, &colour());
        let rows = text_rows(&buffer);
        let y = rows.iter().position(|row| row.contains(text)).unwrap_or_else(|| panic!("{text}"));
        let before = &rows[y][..rows[y].find(text).unwrap()];
        (u16::try_from(before.chars().count()).unwrap(), u16::try_from(y).unwrap())
    };
    let desk = fixture::desk(120, 40);
    let drawn_targets = targets(&desk);
    let rows = crate::app::layout::queue_rows(desk.areas.queue, false);
    for (row, y) in desk.queue.rows.iter().zip(rows.y..) {
        let text = text_rows(&drawn(&desk, &colour()).0)[usize::from(y)].clone();
        assert!(text.contains(&row.id.to_string()), "{text}");
        assert_eq!(drawn_targets.at(rows.x + 6, y), Some(&Target::Row(row.id.clone())));
    }
    let (x, y) = place(&desk, "t take");
    let take = Target::Hint { keys: "t".into(), label: "take".into() };
    assert_eq!(drawn_targets.at(x + 2, y), Some(&take));
    assert_eq!(drawn_targets.at(0, 0), None);
    // Over the desk the form is what is clicked, and no row shines through.
    let form = fixture::over(fixture::desk(120, 40), Overlay::Form(fixture::close()));
    let drawn_targets = targets(&form);
    let (x, y) = place(&form, "( ) explanation");
    assert!(matches!(drawn_targets.at(x + 4, y), Some(Target::Choice { field: 0, .. })));
    let (x, y) = place(&form, "Text  a text");
    assert!(
        matches!(drawn_targets.at(x, y), Some(Target::Field(2))),
        "{:?}",
        drawn_targets.at(x, y)
    );
    let (x, y) = place(&form, "[ ");
    assert_eq!(drawn_targets.at(x + 2, y), Some(&Target::Send));
}

#[test]
fn old_data_are_marked_in_the_header_the_queue_and_the_clocks() {
    for (columns, rows) in [(120, 40), (80, 24)] {
        let mut desk = fixture::desk(columns, rows);
        desk.header.link = LinkSign::Offline;
        desk.header.link_text = "offline, retry in 8 s · 4 min old".into();
        desk.header.waits = "3 unsent · 1 asked".into();
        desk.queue.stale = Some("4 min old".into());
        desk.clocks.stale = Some("4 min old".into());
        assert_picture!(format!("stale_{columns}x{rows}"), desk);
    }
}

#[test]
fn the_clock_that_the_keys_are_at_has_the_queues_mark() {
    for (columns, rows) in [(120, 40), (80, 24)] {
        let mut desk = fixture::desk_with(columns, rows, Pane::Clocks, false);
        desk.clocks.selected = Some(1);
        let (buffer, _) = drawn(&desk, &colour());
        let rows = text_rows(&buffer);
        assert!(rows.iter().any(|row| row.contains("▌S1 ")), "{rows:#?}");
        assert!(!rows.iter().any(|row| row.contains("▌R ")));
    }
}

#[test]
fn the_wall_clock_stands_beside_the_due_instant_or_below_it_or_not_at_all() {
    let pane = |columns, rows| {
        let mut desk = fixture::desk(columns, rows);
        desk.clocks.clocks[1].wall = "in 3d 4h".into();
        let (buffer, _) = drawn(&desk, &colour());
        text_rows(&buffer).join("\n")
    };
    assert!(pane(200, 50).contains("Fri 14 Nov 14:05 CET, in 3d 4h"));
    assert!(pane(120, 40).contains("wall clock: in 3d 4h"));
    assert!(pane(80, 24).contains("Fri 14 Nov 14:05 CET, in 3d 4h"));
    assert!(!pane(60, 15).contains("in 3d 4h"));
}

/// The first cell of a text on the screen.
fn cell_of(buffer: &Buffer, text: &str) -> Cell {
    for (y, row) in text_rows(buffer).iter().enumerate() {
        if let Some(at) = row.find(text) {
            let x = row[..at].width();
            return buffer[(u16::try_from(x).unwrap(), u16::try_from(y).unwrap())].clone();
        }
    }
    panic!("{text:?} is not on the screen");
}

#[test]
fn every_state_has_its_colour_at_sign_and_text() {
    let (buffer, _) = drawn(&fixture::desk(120, 40), &colour());
    let look = |text: &str| {
        let cell = cell_of(&buffer, text);
        (cell.fg, cell.modifier)
    };
    assert_eq!(look("+1h 10m over"), (Color::White, Modifier::BOLD));
    assert_eq!(look("✖"), (Color::White, Modifier::BOLD));
    let (desk, _) = drawn(&fixture::desk(120, 40), &colour());
    let red = |y: u16| (0..69).filter(|x| desk[(*x, y)].bg == Color::Red).count();
    assert_eq!(red(3), 1 + 15, "the sign and the whole column, whatever stands in it");
    // The cursor's row is bold besides.
    assert_eq!(look("9m 12s"), (Color::LightRed, Modifier::BOLD));
    assert_eq!(look("52m"), (Color::LightYellow, Modifier::BOLD));
    assert_eq!(look("held, 6bd left"), (Color::Cyan, Modifier::empty()));
    assert_eq!(look("opens Mon"), (Color::Gray, Modifier::empty()));
    assert_eq!(look("met in 1h 20m"), (Color::Green, Modifier::empty()));
    assert_eq!(look("missed by 40m"), (Color::LightRed, Modifier::empty()));
    assert_eq!(look("2bd 4h"), (Color::White, Modifier::empty()));
    assert_eq!(look("High"), (Color::LightMagenta, Modifier::empty()));
}

#[test]
fn without_colour_only_attributes_are_used() {
    let look = Look { theme: Theme::mono(), ascii: false };
    for overlay in [
        None,
        Some(Overlay::Form(fixture::close())),
        Some(Overlay::Confirm(fixture::confirm())),
        Some(Overlay::Help(fixture::help())),
        Some(Overlay::Palette(fixture::palette())),
        Some(Overlay::Outbox(fixture::outbox())),
        Some(Overlay::Form(fixture::question())),
    ] {
        let mut desk = fixture::desk(120, 40);
        desk.overlay = overlay;
        let (buffer, _) = drawn(&desk, &look);
        for cell in &buffer.content {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{cell:?}");
        }
    }
}

#[test]
fn the_cursors_row_has_a_mark_and_is_bold_but_not_reversed() {
    let (buffer, _) = drawn(&fixture::desk(80, 24), &colour());
    let mark = cell_of(&buffer, "▌");
    assert_eq!(mark.fg, Color::LightCyan);
    let id = cell_of(&buffer, "C-10412");
    assert_eq!(id.modifier, Modifier::BOLD);
    let row = text_rows(&buffer).into_iter().find(|row| row.contains('▌')).unwrap();
    assert!(row.starts_with("│▌▲ C-10412  Crit  Guest cannot connect"), "{row}");
}

#[test]
fn a_note_and_an_answer_to_the_customer_cannot_be_confused_even_without_colour() {
    for look in [colour(), Look { theme: Theme::mono(), ascii: false }] {
        let draw_form = |form| {
            let desk = fixture::over(fixture::desk(80, 24), Overlay::Form(form));
            drawn(&desk, &look).0
        };
        let note = draw_form(fixture::note());
        let reply = draw_form(fixture::reply());
        assert!(text_rows(&note).iter().any(|r| r.contains("INTERNAL – the customer never")));
        assert!(text_rows(&reply).iter().any(|r| r.contains("TO THE CUSTOMER")));
        let note = text_rows(&note).join("\n");
        let reply = text_rows(&reply).join("\n");
        assert!(!note.contains('╔') && reply.contains('╔'));
    }
}

/// What no screen may have: control, bidi, tag or invisible characters, a cell of more than a grapheme, a
/// row that is not as wide as the terminal.
fn judge(buffer: &Buffer) -> Result<(), TestCaseError> {
    let width = usize::from(buffer.area.width);
    for row in buffer.content.chunks(width.max(1)) {
        let mut columns = 0;
        for cell in row {
            let symbol = cell.symbol();
            let hidden = |c: char| {
                c.is_control()
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                        | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
            };
            prop_assert!(!symbol.chars().any(hidden), "{symbol:?}");
            prop_assert!(symbol.len() <= 64, "{symbol:?}");
            if columns > 0 {
                // The second column of a wide character.
                prop_assert_eq!(symbol, " ");
                columns -= 1;
                continue;
            }
            prop_assert!(symbol.width() >= 1, "{symbol:?}");
            columns = symbol.width() - 1;
        }
        prop_assert_eq!(columns, 0, "a wide character reaches beyond the row");
    }
    Ok(())
}

fn all_overlays() -> Vec<Option<Overlay>> {
    vec![
        None,
        Some(Overlay::Form(fixture::note())),
        Some(Overlay::Form(fixture::request_info())),
        Some(Overlay::Form(fixture::phone())),
        Some(Overlay::Form(fixture::close())),
        Some(Overlay::Confirm(fixture::confirm())),
        Some(Overlay::Help(fixture::help())),
        Some(Overlay::Why(fixture::why())),
        Some(Overlay::Bulk(fixture::bulk(15, true, true))),
        Some(Overlay::Bulk(fixture::bulk(40, false, false))),
        Some(Overlay::Report(fixture::report())),
    ]
}

fn overlays() -> impl Strategy<Value = Option<Overlay>> {
    prop::sample::select(all_overlays())
}

#[test]
fn every_small_size_is_drawn_also_from_a_snapshot_of_a_larger_one() {
    let over = |(columns, rows), overlay: &Option<Overlay>| {
        let mut desk = fixture::desk(columns, rows);
        desk.overlay.clone_from(overlay);
        desk
    };
    for overlay in all_overlays() {
        for columns in 1..=42 {
            for rows in 1..=14 {
                judge(&drawn(&over((columns, rows), &overlay), &colour()).0).unwrap();
            }
        }
        for desk in [over((20, 5), &overlay), over((80, 24), &overlay)] {
            for columns in 1..=24 {
                for rows in 1..=7 {
                    judge(&drawn_on(columns, rows, &desk, &colour()).0).unwrap();
                }
            }
        }
    }
}

fn panes() -> impl Strategy<Value = Pane> {
    prop_oneof![Just(Pane::Queue), Just(Pane::Detail), Just(Pane::Clocks)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, rng_seed: RngSeed::Fixed(2026), ..ProptestConfig::default() })]

    #[test]
    fn no_size_panics_and_nothing_is_drawn_outside(
        columns in 1u16..=300, rows in 1u16..=100, focus in panes(), zoomed: bool, ascii: bool,
        overlay in overlays(), typed: bool,
    ) {
        let mut desk = fixture::desk_with(columns, rows, focus, zoomed);
        desk.overlay = overlay;
        if typed {
            let text = "a filter".to_owned();
            desk.queue.filter = Some(crate::app::view::FilterLine { text, cursor: Some(8) });
        }
        let look = Look { theme: Theme::colour(), ascii };
        let (buffer, cursor) = drawn(&desk, &look);
        judge(&buffer)?;
        if let Some(cursor) = cursor {
            prop_assert!(cursor.x < columns && cursor.y < rows);
        }
        if ascii {
            prop_assert!(buffer.content.iter().all(|c| c.symbol().is_ascii()));
        }
    }

    /// The terminal was resized between building and drawing.
    #[test]
    fn a_snapshot_made_for_another_size_is_cut(
        columns in 1u16..=200, rows in 1u16..=60, made_columns in 1u16..=200, made_rows in 1u16..=60,
        overlay in overlays(),
    ) {
        let mut desk = fixture::desk(made_columns, made_rows);
        desk.overlay = overlay;
        judge(&drawn_on(columns, rows, &desk, &colour()).0)?;
    }

    #[test]
    fn hostile_text_stays_in_its_cells(
        hostile in "(\\PC|[\\x00-\\x1f\u{7f}-\u{9f}\u{200b}-\u{202e}\u{2066}-\u{2069}\u{300}-\u{310}\u{1f1e6}-\u{1f1ff}\u{e0020}-\u{e0030}]){0,40}",
        columns in 20u16..=140, rows in 5u16..=45,
    ) {
        let mut desk = fixture::desk(columns, rows);
        for row in &mut desk.queue.rows {
            row.id = hostile.as_str().into();
            row.subject = hostile.as_str().into();
            row.with = Some(hostile.as_str().into());
        }
        desk.header.who = hostile.as_str().into();
        if let Some(title) = &mut desk.detail.title {
            title.id = hostile.as_str().into();
        }
        let mut form = fixture::close();
        form.subtitle = hostile.as_str().into();
        form.error = Some(hostile.as_str().into());
        for field in &mut form.fields {
            field.error = Some(hostile.as_str().into());
            if let crate::app::view::FieldKind::Text { lines, cursor } = &mut field.kind {
                *lines = vec![hostile.clone()];
                *cursor = (0, hostile.chars().count());
            }
        }
        judge(&drawn(&desk, &colour()).0)?;
        desk.overlay = Some(Overlay::Form(form));
        judge(&drawn(&desk, &colour()).0)?;
        let mut outbox = fixture::outbox();
        for row in &mut outbox.rows {
            row.case = Some(hostile.as_str().into());
        }
        outbox.told = vec![(Tone::Error, hostile.as_str().into()); 3];
        desk.overlay = Some(Overlay::Outbox(outbox));
        judge(&drawn(&desk, &colour()).0)?;
    }
}

/// The geometry that the tests rely on is the one in force.
#[test]
fn the_fixture_is_made_for_its_size() {
    assert_eq!(fixture::desk(80, 24).areas, areas(80, 24, Pane::Queue, false));
}
