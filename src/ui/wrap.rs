//! Text that is being written, in the columns of its field: where every line breaks and where the cursor
//! then stands. What is shown is made safe piece by piece, as everywhere.

use unicode_segmentation::UnicodeSegmentation;

use super::pen::columns;
use crate::app::view::{Line, Span};
use crate::domain::text::safe_line;

/// A text in rows, with the cursor's row and column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    pub rows: Vec<String>,
    pub cursor: (usize, u16),
}

/// One visible piece of a line: what is shown, its columns, and where it begins, in characters.
struct Piece {
    shown: String,
    columns: u16,
    at: usize,
}

fn pieces_of(line: &str) -> Vec<Piece> {
    let mut at = 0;
    line.graphemes(true)
        .map(|grapheme| {
            let columns = columns(grapheme);
            let piece = Piece { shown: safe_line(grapheme, columns.into()), columns, at };
            at += grapheme.chars().count();
            piece
        })
        .collect()
}

/// Wraps lines at words to `width` columns. `cursor`: line and character.
pub fn wrap(lines: &[String], cursor: (usize, usize), width: u16) -> Wrapped {
    let width = width.max(1);
    let mut out = Wrapped { rows: Vec::new(), cursor: (0, 0) };
    for (index, line) in lines.iter().enumerate() {
        let pieces = pieces_of(line);
        let mut start = 0;
        // A line without text still is a row.
        loop {
            let end = row_end(&pieces, start, width);
            let row = out.rows.len();
            let last = end == pieces.len();
            if index == cursor.0 {
                let first = pieces.get(start).map_or(0, |p| p.at);
                let next = pieces.get(end).map_or(usize::MAX, |p| p.at);
                if cursor.1 >= first && (cursor.1 < next || last) {
                    let before = pieces[start..end].iter().take_while(|p| p.at < cursor.1);
                    let column: u16 = before.map(|p| p.columns).sum();
                    out.cursor = (row, column);
                }
            }
            out.rows.push(pieces[start..end].iter().map(|p| p.shown.as_str()).collect());
            if last {
                break;
            }
            start = end;
        }
    }
    if out.rows.is_empty() {
        out.rows.push(String::new());
    }
    // After the last column there is none: the cursor waits at the start of a row that is to come.
    if out.cursor.1 >= width {
        out.cursor = (out.cursor.0 + 1, 0);
        if out.cursor.0 >= out.rows.len() || !out.rows[out.cursor.0].is_empty() {
            out.rows.insert(out.cursor.0, String::new());
        }
    }
    out
}

/// Where a row that begins at `start` ends: after the last space that fits, or where it is full.
fn row_end(pieces: &[Piece], start: usize, width: u16) -> usize {
    let mut used = 0;
    let mut after_space = None;
    for (at, piece) in pieces.iter().enumerate().skip(start) {
        if used + piece.columns > width {
            // At least one piece a row, even one wider than the row.
            return after_space.unwrap_or(at).max(start + 1);
        }
        used += piece.columns;
        if piece.shown == " " {
            after_space = Some(at + 1);
        }
    }
    pieces.len()
}

/// Wraps a line of the snapshot at words.
pub fn wrap_line(line: &[Span], width: u16) -> Vec<Line> {
    let mut pieces = Vec::new();
    let mut tones = Vec::new();
    for span in line {
        let of_span = pieces_of(&span.text);
        tones.extend(std::iter::repeat_n(span.tone, of_span.len()));
        pieces.extend(of_span);
    }
    let mut lines = Vec::new();
    let mut start = 0;
    loop {
        let end = row_end(&pieces, start, width.max(1));
        let mut line: Line = Vec::new();
        for at in start..end {
            match line.last_mut() {
                Some(span) if span.tone == tones[at] => span.text.push_str(&pieces[at].shown),
                _ => line.push(Span::new(tones[at], pieces[at].shown.clone())),
            }
        }
        lines.push(line);
        if end == pieces.len() {
            return lines;
        }
        start = end;
    }
}

/// One line, moved sideways so that the cursor is within `width` columns; with the cursor's column.
pub fn one_line(text: &str, cursor: Option<usize>, width: u16) -> (String, u16) {
    let pieces = pieces_of(text);
    let at = cursor.unwrap_or(0);
    let mut column: u16 = pieces.iter().take_while(|p| p.at < at).map(|p| p.columns).sum();
    let mut first = 0;
    while column > width && first < pieces.len() {
        column -= pieces[first].columns;
        first += 1;
    }
    let shown: String = pieces[first..].iter().map(|p| p.shown.as_str()).collect();
    (safe_line(&shown, width.into()), column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::view::Tone;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    fn lines(text: &str) -> Vec<String> {
        text.split('\n').map(str::to_owned).collect()
    }

    #[test]
    fn words_wrap_and_the_cursor_goes_with_its_character() {
        let text = lines("The licence server\nwas moved");
        let wrapped = wrap(&text, (0, 12), 10);
        assert_eq!(wrapped.rows, ["The ", "licence ", "server", "was moved"]);
        assert_eq!(wrapped.cursor, (2, 0));
        assert_eq!(wrap(&text, (1, 9), 10).cursor, (3, 9));
        assert_eq!(wrap(&text, (0, 3), 10).cursor, (0, 3));
    }

    #[test]
    fn a_cursor_after_a_full_row_stands_in_the_next() {
        let wrapped = wrap(&lines("abcde"), (0, 5), 5);
        assert_eq!((wrapped.rows.len(), wrapped.cursor), (2, (1, 0)));
        let wrapped = wrap(&lines("abcde\nf"), (0, 5), 5);
        assert_eq!((wrapped.rows[2].as_str(), wrapped.cursor), ("f", (1, 0)));
    }

    #[test]
    fn pasted_controls_are_shown_as_marks_and_wide_characters_count_two() {
        let wrapped = wrap(&lines("a\u{1b}[2J日本"), (0, 6), 20);
        assert_eq!(wrapped.rows, ["a␛[2J日本"]);
        assert_eq!(wrapped.cursor, (0, 7));
    }

    #[test]
    fn a_line_of_the_snapshot_wraps_with_its_tones() {
        let line =
            [Span::new(Tone::Plain, "1st level: met with "), Span::new(Tone::Good, "2bd left")];
        let wrapped = wrap_line(&line, 22);
        assert_eq!(wrapped.len(), 2);
        assert_eq!(wrapped[0], [line[0].clone()]);
        assert_eq!(wrapped[1], [Span::new(Tone::Good, "2bd left")]);
        assert_eq!(wrap_line(&[], 5), [Line::new()]);
    }

    #[test]
    fn a_filter_longer_than_its_line_shows_where_it_is_typed() {
        assert_eq!(one_line("partner:nordwind", Some(16), 8), ("nordwind".to_owned(), 8));
        assert_eq!(one_line("partner", Some(0), 5), ("part…".to_owned(), 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(2026), ..ProptestConfig::default() })]

        #[test]
        fn rows_are_never_wider_than_the_field_and_the_cursor_is_always_in_it(
            text in "[a-z \u{1b}\u{301}日🇩\n]{0,60}", line in 0usize..5, column in 0usize..70, width in 2u16..20,
        ) {
            let text = lines(&text);
            let line = line.min(text.len() - 1);
            let column = column.min(text[line].chars().count());
            let wrapped = wrap(&text, (line, column), width);
            prop_assert!(wrapped.cursor.0 < wrapped.rows.len());
            prop_assert!(wrapped.cursor.1 < width);
            for row in &wrapped.rows {
                prop_assert!(columns(row) <= width, "{row:?}");
            }
        }
    }
}
