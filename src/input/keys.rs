//! What is pressed for an action: one key, or two one after the other.

use std::fmt;

use crokey::{KeyCombination, OneToThree};
use crossterm::event::KeyCode;

use super::chord::{BadChord, canonical, chord_text, chord_written, parse_chord};

/// One key, or a chord of two: `g`, `g g`, `ctrl-x s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Keys {
    pub first: KeyCombination,
    /// What follows it; None: the first is all.
    pub second: Option<KeyCombination>,
}

/// A text that names no key and no chord of two.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    #[error(transparent)]
    Key(#[from] BadChord),
    #[error("\"{0}\" has more than two keys; a chord is two, such as \"g g\"")]
    TooMany(String),
    #[error("\"{0}\" cannot be a chord: esc ends what was begun")]
    Escape(String),
}

impl Keys {
    /// Reads keys as people write them, with spaces between the two of a chord.
    pub fn parse(text: &str) -> Result<Self, BadKeys> {
        let given = || text.chars().take(40).collect::<String>();
        let words: Vec<&str> = text.split_whitespace().collect();
        let keys = match words.as_slice() {
            [first, second] => {
                Self { first: parse_chord(first)?, second: Some(parse_chord(second)?) }
            }
            [_, _, ..] => return Err(BadKeys::TooMany(given())),
            _ => Self { first: parse_chord(text)?, second: None },
        };
        let is_escape = |key: KeyCombination| key.codes == OneToThree::One(KeyCode::Esc);
        if keys.second.is_some_and(|second| is_escape(second) || is_escape(keys.first)) {
            return Err(BadKeys::Escape(given()));
        }
        Ok(keys)
    }

    /// For people: `g`, `g g`, `Ctrl-X s`.
    #[must_use]
    pub fn text(self, ascii: bool) -> String {
        let first = chord_text(self.first, ascii);
        match self.second {
            Some(second) => format!("{first} {}", chord_text(second, ascii)),
            None => first,
        }
    }

    /// Whether one is the other, or its beginning.
    #[must_use]
    pub(super) fn begins(self, other: Self) -> bool {
        self.first == other.first && self.second.is_none_or(|second| other.second == Some(second))
    }
}

/// As the settings write them; [`Keys::parse`] reads it.
impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chord_written(self.first))?;
        match self.second {
            Some(second) => write!(f, " {}", chord_written(second)),
            None => Ok(()),
        }
    }
}

impl From<KeyCombination> for Keys {
    fn from(key: KeyCombination) -> Self {
        Self { first: canonical(key), second: None }
    }
}

/// Several for people, side by side; with a comma where one of them is a chord.
#[must_use]
pub fn keys_text(keys: &[Keys], ascii: bool) -> String {
    let between = if keys.iter().any(|keys| keys.second.is_some()) { ", " } else { " " };
    keys.iter().map(|keys| keys.text(ascii)).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Keys {
        Keys::parse(text).unwrap()
    }

    #[test]
    fn two_keys_one_after_the_other_are_a_chord() {
        assert_eq!(read("g g").text(false), "g g");
        assert_eq!(read("ctrl-x s").text(false), "Ctrl-X s");
        assert_eq!(read("space down").text(false), "Space ↓");
        assert_eq!(read("G").second, None);
        assert_eq!(keys_text(&[read("g g"), read("home")], false), "g g, Home");
        assert_eq!(keys_text(&[read("j"), read("down")], true), "j Down");
    }

    #[test]
    fn what_is_no_chord_is_refused_with_why() {
        let refused = |text: &str| Keys::parse(text).unwrap_err().to_string();
        assert!(refused("g g g").contains("more than two keys"));
        assert!(refused("g esc").contains("esc ends"));
        assert!(refused("esc g").contains("esc ends"));
        assert!(refused("g hyper-x").contains("\"hyper-x\" is not a key"));
        assert!(refused("").contains("is not a key"));
    }

    #[test]
    fn keys_are_written_as_they_are_read() {
        for text in ["g", "G", "g g", "ctrl-x s", "ctrl-shift-d", "pagedown", "backtab", "?", "f1"]
        {
            assert_eq!(read(text).to_string(), text);
        }
        for text in ["space", "shift-up", "alt-left", "enter", "esc", "-", "é", "delete", "home x"]
        {
            assert_eq!(read(&read(text).to_string()), read(text), "{text}");
        }
    }

    #[test]
    fn a_key_begins_itself_and_the_chords_that_start_with_it() {
        assert!(read("g").begins(read("g g")) && read("g").begins(read("g")));
        assert!(!read("g g").begins(read("g")) && !read("g e").begins(read("g g")));
    }
}
