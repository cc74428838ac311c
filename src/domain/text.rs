//! Text from elsewhere. [`Untrusted`] holds what came in byte for byte and has no `Display`: it reaches
//! a terminal through [`Untrusted::cell`] or [`Untrusted::wrapped`] alone, which replace, one by one,
//! every character that could act on a terminal or hide. Nothing is stripped by pattern.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;
use utoipa::ToSchema;

/// The longest grapheme, in bytes, that reaches a cell.
const GRAPHEME_CAP: usize = 64;
/// What stands for a character that must not reach the terminal.
const MARK: char = '\u{fffd}';

/// Text that somebody else wrote: a customer, an agent, a desk, a file, an error of a library.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
#[schema(as = Text)]
pub struct Untrusted(String);

impl Untrusted {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it came: for storage, export and comparison, never for a terminal.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One line of at most `width` columns; `…` ends what was cut. Safe on a terminal.
    #[must_use]
    pub fn cell(&self, width: usize) -> String {
        safe_line(&self.0, width)
    }

    /// The text wrapped at words to `width` columns, at most `max_lines` lines (the last one then ends
    /// in `…`). Line breaks of the text are kept. Safe on a terminal.
    #[must_use]
    pub fn wrapped(&self, width: usize, max_lines: usize) -> Vec<String> {
        wrap(&self.0, width, max_lines)
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", safe_line(&self.0, 200))
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Whether a character may act on a terminal, change direction, or not be seen at all.
fn hides_or_acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The visible stand-in of one grapheme, with its width in columns.
fn safe_grapheme(grapheme: &str) -> (std::borrow::Cow<'_, str>, usize) {
    use std::borrow::Cow;
    let first = grapheme.chars().next().unwrap_or(MARK);
    if grapheme == "\t" {
        return (Cow::Borrowed(" "), 1);
    }
    if let Some(picture) = control_picture(first) {
        // CR LF is one grapheme; each control still gets its own mark.
        let text: String = grapheme.chars().map(|c| control_picture(c).unwrap_or(MARK)).collect();
        let width = text.chars().count();
        return if width == 1 {
            (Cow::Owned(picture.to_string()), 1)
        } else {
            (Cow::Owned(text), width)
        };
    }
    if grapheme.len() > GRAPHEME_CAP {
        return (Cow::Owned(MARK.to_string()), 1);
    }
    // Terminals disagree about clusters (joined emoji, flags, jamo): where the width of the whole is not
    // the sum of its characters' widths, only the first character is sure to take the columns we count.
    let whole = grapheme.width();
    let sum: usize =
        grapheme.chars().map(|c| unicode_width::UnicodeWidthChar::width(c).unwrap_or(0)).sum();
    if grapheme.chars().any(hides_or_acts) || whole != sum {
        if hides_or_acts(first) {
            return (Cow::Owned(MARK.to_string()), 1);
        }
        let alone = unicode_width::UnicodeWidthChar::width(first).unwrap_or(0);
        return if alone == 0 {
            (Cow::Owned(MARK.to_string()), 1)
        } else {
            // The mark says that something was left out.
            (Cow::Owned(format!("{first}{MARK}")), alone + 1)
        };
    }
    if whole == 0 {
        // A lone combining mark would land on the neighbour's cell.
        return (Cow::Owned(MARK.to_string()), 1);
    }
    (Cow::Borrowed(grapheme), whole)
}

fn control_picture(c: char) -> Option<char> {
    match c {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}' => Some(MARK),
        _ => None,
    }
}

/// One safe line of at most `width` columns; see [`Untrusted::cell`].
#[must_use]
pub fn safe_line(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    // Where the text must end if it turns out not to fit.
    let mut cut = 0;
    for grapheme in text.graphemes(true) {
        let (shown, columns) = safe_grapheme(grapheme);
        if used + columns > width {
            out.truncate(cut);
            if width > 0 {
                out.push('…');
            }
            return out;
        }
        out.push_str(&shown);
        used += columns;
        if used < width {
            cut = out.len();
        }
    }
    out
}

/// How many columns a text takes once it is safe.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.graphemes(true).map(|g| safe_grapheme(g).1).sum()
}

fn wrap(text: &str, width: usize, max_lines: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines: Vec<String> = Vec::new();
    'text: for paragraph in text.split('\n').map(|p| p.strip_suffix('\r').unwrap_or(p)) {
        let mut line = String::new();
        let mut used = 0;
        // The last place in `line` where it may break: (bytes before, columns before).
        let mut break_at: Option<(usize, usize)> = None;
        'graphemes: for grapheme in paragraph.graphemes(true) {
            let (mut shown, mut columns) = safe_grapheme(grapheme);
            if columns > width {
                (shown, columns) = (MARK.to_string().into(), 1);
            }
            // Twice where a wide one does not fit after the word that moved to the next line.
            while used + columns > width {
                if lines.len() + 1 >= max_lines {
                    lines.push(line);
                    mark_cut(&mut lines, width);
                    break 'text;
                }
                if shown == " " {
                    lines.push(std::mem::take(&mut line));
                    (used, break_at) = (0, None);
                    continue 'graphemes;
                }
                let rest = if let Some((bytes, cols)) = break_at {
                    used -= cols;
                    line.split_off(bytes)
                } else {
                    used = 0;
                    String::new()
                };
                lines.push(line.trim_end().to_owned());
                line = rest;
                break_at = None;
            }
            line.push_str(&shown);
            used += columns;
            if shown == " " {
                break_at = Some((line.len(), used));
            }
        }
        if lines.len() >= max_lines {
            mark_cut(&mut lines, width);
            break;
        }
        lines.push(line);
    }
    lines
}

/// Puts `…` at the end of the last line.
fn mark_cut(lines: &mut [String], width: usize) {
    if let Some(last) = lines.last_mut() {
        while columns(last) + 1 > width && last.pop().is_some() {}
        last.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cell_is_cut_to_its_width_and_says_so() {
        let text = Untrusted::from("Guest cannot connect after update");
        assert_eq!(text.cell(40), "Guest cannot connect after update");
        assert_eq!(text.cell(12), "Guest canno…");
        assert_eq!(text.cell(0), "");
        assert_eq!(Untrusted::from("日本語").cell(5), "日本…");
        assert_eq!(Untrusted::from("日本語").cell(4), "日…");
    }

    #[test]
    fn what_could_act_or_hide_is_replaced_by_a_mark() {
        let text = Untrusted::from("a\u{1b}[31mb\u{9b}2J\u{202e}c\u{200b}\u{7}\r\n\u{e0041}");
        let shown = text.cell(80);
        assert_eq!(
            shown,
            "a␛[31mb\u{fffd}2J\u{fffd}c\u{fffd}\u{fffd}␇␍␊\u{fffd}"
                .replace("c\u{fffd}\u{fffd}", "c\u{fffd}")
        );
    }

    #[test]
    fn wrapping_keeps_words_and_breaks_what_is_too_long() {
        let text = Untrusted::from("one two three\n\nfour-and-a-half");
        assert_eq!(text.wrapped(8, 99), ["one two", "three", "", "four-and", "-a-half"]);
        assert_eq!(text.wrapped(8, 2), ["one two", "three…"]);
        assert_eq!(Untrusted::from(" bcdefgh日").wrapped(8, 99), ["", "bcdefgh", "日"]);
    }

    proptest! {
        #[test]
        fn no_text_gets_a_control_through_or_takes_more_than_its_width(
            text in "\\PC*|(.|[\\x00-\\x1f\\u{80}-\\u{9f}\\u{200b}-\\u{202e}\\u{300}-\\u{310}\\u{1f1e6}-\\u{1f1ff}\\u{e0020}])*",
            width in 0usize..40,
        ) {
            let text = Untrusted::new(text);
            let mut lines = text.wrapped(width.max(1), 50);
            lines.push(text.cell(width));
            for line in lines {
                prop_assert!(!line.chars().any(hides_or_acts), "{line:?}");
                prop_assert!(line.width() <= width.max(1), "{line:?} is wider than {width}");
                prop_assert!(line.graphemes(true).all(|g| g.len() <= GRAPHEME_CAP));
            }
        }
    }
}
