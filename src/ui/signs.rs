//! The signs of the table in `screens.md`, in Unicode and in ASCII, and what stands for everything else
//! where only ASCII can be shown.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use crate::app::view::LinkSign;
use crate::sla::reading::Face;

#[cfg(test)]
pub const FACES: [Face; 9] = [
    Face::OnTrack,
    Face::Warning,
    Face::Critical,
    Face::Missed,
    Face::Paused,
    Face::Outside,
    Face::Met,
    Face::MissedDone,
    Face::NoTarget,
];

/// The columns that the sign of a deadline's state takes.
pub const fn width(ascii: bool) -> u16 {
    if ascii { 2 } else { 1 }
}

/// The sign of a deadline's state.
pub const fn face(face: Face, ascii: bool) -> &'static str {
    match (face, ascii) {
        (Face::OnTrack, _) => "",
        (Face::Warning, false) => "◔",
        (Face::Warning, true) => "!",
        (Face::Critical, false) => "▲",
        (Face::Critical, true) => "!!",
        (Face::Missed, false) => "✖",
        (Face::Missed, true) => "X",
        (Face::Paused, false) => "‖",
        (Face::Paused, true) => "=",
        (Face::Outside, false) => "☾",
        (Face::Outside, true) => "z",
        (Face::Met, false) => "✓",
        (Face::Met, true) => "v",
        (Face::MissedDone, false) => "✗",
        (Face::MissedDone, true) => "x",
        (Face::NoTarget, false) => "–",
        (Face::NoTarget, true) => "-",
    }
}

/// The sign of the line to the desk.
pub const fn link(sign: LinkSign) -> &'static str {
    match sign {
        LinkSign::Live => "●",
        LinkSign::Offline => "○",
        LinkSign::Connecting | LinkSign::Broken => "◌",
    }
}

/// What stands for the letters U+00C0 to U+00FF.
const LATIN: &[u8; 64] = b"AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

/// Puts ASCII in the place of everything on the screen that is not, column by column. Done once, at the
/// end, so that no part of the screen can forget it.
pub fn to_ascii(buffer: &mut Buffer) {
    let width = usize::from(buffer.area.width);
    let mut at = 0;
    while at < buffer.content.len() {
        let symbol = buffer.content[at].symbol();
        if symbol.is_ascii() {
            at += 1;
            continue;
        }
        let columns = symbol.width().max(1);
        let stand_in = symbol.chars().next().map_or(' ', stand_in);
        // A wide one that the last column cuts off does not reach into the next row.
        let end = (at + columns).min((at / width + 1) * width);
        for cell in &mut buffer.content[at..end] {
            cell.set_char(' ');
        }
        buffer.content[at].set_char(stand_in);
        at = end;
    }
}

fn stand_in(c: char) -> char {
    match c {
        '─' | '━' | '═' | '–' | '—' | '·' | '−' => '-',
        '│' | '║' | '┊' => '|',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '╔' | '╗' | '╚' | '╝' | '┼' | '┬' | '┴' => {
            '+'
        }
        '█' | '┃' => '#',
        '░' | '…' | '◌' => '.',
        '▌' | '→' | '▸' | '»' => '>',
        '●' | '•' => '*',
        '○' => 'o',
        '▲' | '↑' | '\u{2400}'..='\u{2421}' => '^',
        '▼' | '▾' | '↓' | '✓' => 'v',
        '✖' => 'X',
        '✗' | '×' => 'x',
        '‖' => '=',
        '☾' => 'z',
        '◔' => '!',
        '«' => '<',
        '‘' | '’' => '\'',
        '“' | '”' => '"',
        '\u{a0}' => ' ',
        '\u{c0}'..='\u{ff}' => char::from(LATIN[c as usize - 0xc0]),
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn every_sign_is_as_wide_as_its_column_in_both_sets() {
        for state in FACES {
            assert!(face(state, false).width() <= usize::from(width(false)), "{state:?}");
            assert!(face(state, true).width() <= usize::from(width(true)), "{state:?}");
            assert!(face(state, true).is_ascii());
        }
    }

    #[test]
    fn in_ascii_every_column_keeps_its_place() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        buffer.set_string(0, 0, "│Søren 日本│", Style::new());
        buffer.set_string(0, 1, "└▲ 22m…─────", Style::new());
        to_ascii(&mut buffer);
        let rows: Vec<String> = buffer
            .content
            .chunks(12)
            .map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect())
            .collect();
        assert_eq!(rows, ["|Soren ? ? |", "+^ 22m.-----"]);
    }
}
