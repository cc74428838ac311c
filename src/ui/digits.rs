//! Large digits for a time that is left: five dots high, as large as there is room.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, columns};

/// Dots down.
const HIGH: usize = 5;
/// How often a dot may be as large: beyond, the digits say no more.
const LARGEST: u16 = 3;

/// How dots are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dot {
    /// So many rows high, and twice as many columns wide.
    Full(u16),
    /// One cell.
    Cell,
    /// Two dots above each other in one cell.
    Half,
}

impl Dot {
    const fn width(self) -> u16 {
        match self {
            Self::Full(times) => 2 * times,
            Self::Cell | Self::Half => 1,
        }
    }

    const fn rows(self) -> u16 {
        match self {
            Self::Full(times) => 5 * times,
            Self::Cell => 5,
            Self::Half => 3,
        }
    }
}

/// The dots of a character; `#` is one. None: it has no large form.
fn glyph(c: char) -> Option<[&'static str; HIGH]> {
    Some(match c {
        '0' => ["###", "# #", "# #", "# #", "###"],
        '1' => [" # ", "## ", " # ", " # ", "###"],
        '2' => ["###", "  #", "###", "#  ", "###"],
        '3' => ["###", "  #", " ##", "  #", "###"],
        '4' => ["# #", "# #", "###", "  #", "  #"],
        '5' => ["###", "#  ", "###", "  #", "###"],
        '6' => ["###", "#  ", "###", "# #", "###"],
        '7' => ["###", "  #", "  #", " # ", " # "],
        '8' => ["###", "# #", "###", "# #", "###"],
        '9' => ["###", "# #", "###", "  #", "###"],
        '+' => ["   ", " # ", "###", " # ", "   "],
        ' ' => ["  ", "  ", "  ", "  ", "  "],
        'h' => ["#  ", "#  ", "## ", "# #", "# #"],
        'm' => ["     ", "     ", "#### ", "# # #", "# # #"],
        's' => ["   ", " ##", "#  ", " # ", "## "],
        'd' => ["  #", "  #", " ##", "# #", " ##"],
        'b' => ["#  ", "#  ", "## ", "# #", "## "],
        _ => return None,
    })
}

/// A text in dots, row by row; None where a character has no large form.
fn dots(text: &str) -> Option<[String; HIGH]> {
    let mut rows: [String; HIGH] = Default::default();
    for (at, c) in text.chars().enumerate() {
        let glyph = glyph(c)?;
        for (row, dots) in rows.iter_mut().zip(glyph) {
            if at > 0 {
                row.push(' ');
            }
            row.push_str(dots);
        }
    }
    Some(rows)
}

/// Draws a time as large as the area allows; answers how many rows it took. What has no large form, or no
/// room, is one line.
pub fn draw(pen: &mut Pen, area: Rect, text: &str, style: Style) -> u16 {
    if area.height == 0 {
        return 0;
    }
    let large = dots(text).and_then(|dots| Some((fitting(&dots, area, pen.is_ascii())?, dots)));
    let Some((dot, dots)) = large else {
        pen.put(area.x, area.y, area.width.min(columns(text)), text, style);
        return 1;
    };
    match dot {
        Dot::Half => {
            for (row, y) in (0..3).zip(area.y..) {
                let upper = dots[2 * row].chars();
                let lower = dots.get(2 * row + 1).map_or("", |row| row).chars();
                let cells: String = upper
                    .zip(lower.chain(std::iter::repeat(' ')))
                    .map(|pair| match pair {
                        ('#', '#') => '█',
                        ('#', _) => '▀',
                        (_, '#') => '▄',
                        _ => ' ',
                    })
                    .collect();
                put(pen, area, y, &cells, style);
            }
        }
        Dot::Cell | Dot::Full(_) => {
            let times = if let Dot::Full(times) = dot { times } else { 1 };
            let wide = usize::from(dot.width());
            let mut y = area.y;
            for row in &dots {
                let cell = |c: char| if c == '#' { "█" } else { " " };
                let cells: String = row.chars().map(|c| cell(c).repeat(wide)).collect();
                for _ in 0..times {
                    put(pen, area, y, &cells, style);
                    y += 1;
                }
            }
        }
    }
    dot.rows()
}

/// One row of cells. Blanks stay as they are, so that a reversed look is of the digits alone.
fn put(pen: &mut Pen, area: Rect, y: u16, cells: &str, style: Style) {
    let mut x = area.x;
    let mut rest = cells;
    while !rest.is_empty() && x < area.right() {
        let blank = rest.starts_with(' ');
        let end = rest.find(|c| (c == ' ') != blank).unwrap_or(rest.len());
        let width = columns(&rest[..end]).min(area.right() - x);
        if !blank {
            pen.put(x, y, width, &rest[..end], style);
        }
        x += width;
        rest = &rest[end..];
    }
}

fn fitting(dots: &[String; HIGH], area: Rect, ascii: bool) -> Option<Dot> {
    let across = u16::try_from(dots[0].chars().count()).unwrap_or(u16::MAX);
    let small = if ascii { Dot::Cell } else { Dot::Half };
    let sizes = (1..=LARGEST).rev().map(Dot::Full).chain([small]);
    sizes
        .into_iter()
        .find(|dot| across.saturating_mul(dot.width()) <= area.width && dot.rows() <= area.height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_that_is_read_has_large_digits_of_one_height() {
        for text in ["9m 12s", "2bd 4h", "+3h 10m", "45m", "8s", "3d 4h", "0678"] {
            let rows = dots(text).unwrap_or_else(|| panic!("{text}"));
            assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{text}: {rows:?}");
        }
        assert_eq!(dots("opens Mon 09:00"), None);
    }

    #[test]
    fn digits_are_as_large_as_there_is_room() {
        let dots = dots("9m 12s").unwrap();
        let at = |width, height, ascii| fitting(&dots, Rect::new(0, 0, width, height), ascii);
        assert_eq!(at(40, 3, false), Some(Dot::Half));
        assert_eq!(at(40, 3, true), None);
        assert_eq!(at(40, 5, true), Some(Dot::Cell));
        assert_eq!(at(80, 6, false), Some(Dot::Full(1)));
        assert_eq!(at(250, 24, false), Some(Dot::Full(3)));
        assert_eq!(at(20, 10, false), None);
    }
}
