//! Words of others on a page. The templates escape what HTML reads; here is made visible what a reader
//! would not see or what would turn the text around: controls and the marks of writing direction.
//! What is stored and what stands in a field of a form is never changed.

use chrono::{DateTime, Utc};

/// What stands for a character that must not act.
const MARK: char = '\u{fffd}';

/// A text that somebody else wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words(String);

impl Words {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As it is, for the fields of forms.
    pub(super) fn raw(&self) -> &str {
        &self.0
    }

    /// As one line.
    pub(super) fn line(&self) -> String {
        self.0.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { visible(c) }).collect()
    }

    /// With its line breaks.
    pub(super) fn block(&self) -> String {
        let breaks = self.0.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
        breaks.chars().map(visible).collect()
    }
}

/// The character, or what stands for it.
fn visible(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(MARK),
        '\u{7f}' => '\u{2421}',
        // C1; marks of direction; tags and annotations, which nobody sees; what XML does not take.
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{fffe}'
        | '\u{ffff}'
        | '\u{e0000}'..='\u{e007f}' => MARK,
        c => c,
    }
}

/// An instant as the pages say it.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_act_or_hide_is_seen_and_the_rest_stays() {
        for (text, line, block) in [
            ("a\u{202e}b\u{2066}", "a\u{fffd}b\u{fffd}", "a\u{fffd}b\u{fffd}"),
            ("a\0\u{1b}[2J\u{7f}", "a␀␛[2J␡", "a␀␛[2J␡"),
            ("one\r\ntwo\rthree\n", "one␍ two␍three ", "one\ntwo\nthree\n"),
            ("שלום <b> 👩‍🚀 é", "שלום <b> 👩‍🚀 é", "שלום <b> 👩‍🚀 é"),
            ("\u{9b}31m\u{ffff}", "\u{fffd}31m\u{fffd}", "\u{fffd}31m\u{fffd}"),
        ] {
            let words = Words::new(text);
            assert_eq!(words.line(), line);
            assert_eq!(words.block(), block);
            assert_eq!(words.raw(), text);
        }
    }
}
