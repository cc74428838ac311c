//! How far something is, as a bar.

use super::pen::Pen;
use crate::app::view::Tone;

/// Draws a bar of that many columns, full at 1000. Never empty once something is done, and full only when all is.
pub fn bar(pen: &mut Pen, x: u16, y: u16, width: u16, permille: u16) {
    let done = filled(width, permille);
    let style = pen.tone(Tone::Good);
    pen.put(x, y, done, &"█".repeat(done.into()), style);
    let left = width - done;
    pen.put(x + done, y, left, &"░".repeat(left.into()), pen.tone(Tone::Dim));
}

fn filled(width: u16, permille: u16) -> u16 {
    let permille = permille.min(1000);
    let done = (u32::from(permille) * u32::from(width) + 500) / 1000;
    let done = u16::try_from(done).unwrap_or(width);
    match permille {
        0 => 0,
        1000 => width,
        _ => done.max(1).min(width.saturating_sub(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_empty_at_the_start_full_at_the_end_and_neither_in_between() {
        for (permille, columns) in
            [(0, 0), (1, 1), (499, 4), (500, 4), (999, 7), (1000, 8), (2000, 8)]
        {
            assert_eq!(filled(8, permille), columns, "{permille}");
        }
        assert_eq!(filled(0, 500), 0);
        assert_eq!(filled(1, 500), 0);
    }
}
