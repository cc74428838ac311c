//! Chords: reading them as people write them, comparing them as terminals send them, and saying them.

use crokey::{KeyCombination, OneToThree};
use crossterm::event::{KeyCode, KeyModifiers};

/// A text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a key; write for example a, G, ctrl-d, pagedown, f1, space")]
pub struct BadChord(pub String);

/// Reads a chord. A capital letter is that letter with shift; `shift-tab` is `backtab`.
pub fn parse_chord(text: &str) -> Result<KeyCombination, BadChord> {
    let bad = || BadChord(text.chars().take(40).collect());
    let mut chars = text.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        // crokey reads every single letter as a small one, and only ASCII.
        if c.is_control() || c.is_whitespace() {
            return Err(bad());
        }
        return Ok(canonical(KeyCombination::one_key(KeyCode::Char(c), KeyModifiers::NONE)));
    }
    let key = crokey::parse(text).map_err(|_| bad())?;
    // Terminals without the kitty protocol cannot tell keys pressed together from keys in a row.
    if key.is_ansi_compatible() { Ok(canonical(key)) } else { Err(bad()) }
}

/// The one form of a chord that terminals send in several: shift is kept for letters and named keys, and
/// dropped where the character already says it (`?`, `G` typed with caps lock).
#[must_use]
pub(super) fn canonical(key: KeyCombination) -> KeyCombination {
    let OneToThree::One(code) = key.codes else { return key };
    let mut modifiers = key.modifiers;
    let code = match code {
        KeyCode::Char('\n' | '\r') => KeyCode::Enter,
        KeyCode::Char('\t') => KeyCode::Tab,
        KeyCode::Char(c) if c.is_alphabetic() => {
            if c.is_uppercase() && !modifiers.intersects(KeyModifiers::CONTROL) {
                modifiers.insert(KeyModifiers::SHIFT);
            }
            let mut upper = c.to_uppercase();
            let mut lower = c.to_lowercase();
            match (modifiers.contains(KeyModifiers::SHIFT), upper.next(), lower.next()) {
                (true, Some(up), _) if upper.next().is_none() => KeyCode::Char(up),
                (false, _, Some(low)) if lower.next().is_none() => KeyCode::Char(low),
                _ => KeyCode::Char(c),
            }
        }
        KeyCode::Char(c) if c != ' ' => {
            modifiers.remove(KeyModifiers::SHIFT);
            KeyCode::Char(c)
        }
        KeyCode::Tab if modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        other => other,
    };
    if code == KeyCode::BackTab {
        modifiers.insert(KeyModifiers::SHIFT);
    }
    KeyCombination::one_key(code, modifiers)
}

/// Whether a chord as it is written is the key that a terminal sent.
#[must_use]
pub fn same_chord(written: KeyCombination, sent: KeyCombination) -> bool {
    canonical(written) == canonical(sent)
}

/// Whether the chord writes a character when a text has the keyboard.
#[must_use]
pub(super) fn writes(key: KeyCombination) -> bool {
    matches!(key.codes, OneToThree::One(KeyCode::Char(_)))
        && !key
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER)
}

/// A chord for people: `a`, `G`, `Ctrl-D`, `PgDn`, `↓` (`Down` in ASCII).
#[must_use]
pub fn chord_text(key: KeyCombination, ascii: bool) -> String {
    let OneToThree::One(code) = key.codes else { return key.to_string() };
    let mut text = String::new();
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        text.push_str("Ctrl-");
    }
    if key.modifiers.contains(KeyModifiers::ALT) {
        text.push_str("Alt-");
    }
    if key.modifiers.contains(KeyModifiers::SUPER) {
        text.push_str("Cmd-");
    }
    let letter = matches!(code, KeyCode::Char(c) if c.is_alphabetic());
    let plain = text.is_empty();
    if key.modifiers.contains(KeyModifiers::SHIFT) && !(letter && plain) {
        text.push_str("Shift-");
    }
    let arrow = |sign: &str, word: &str| if ascii { word.to_owned() } else { sign.to_owned() };
    let name = match code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(c) if plain => c.to_string(),
        KeyCode::Char(c) => c.to_uppercase().to_string(),
        KeyCode::Up => arrow("↑", "Up"),
        KeyCode::Down => arrow("↓", "Down"),
        KeyCode::Left => arrow("←", "Left"),
        KeyCode::Right => arrow("→", "Right"),
        KeyCode::PageUp => "PgUp".to_owned(),
        KeyCode::PageDown => "PgDn".to_owned(),
        KeyCode::Delete => "Del".to_owned(),
        KeyCode::Insert => "Ins".to_owned(),
        KeyCode::BackTab => "Tab".to_owned(),
        KeyCode::F(n) => format!("F{n}"),
        other => format!("{other:?}"),
    };
    text.push_str(&name);
    text
}

/// A chord as the settings write it; [`parse_chord`] reads it.
#[must_use]
pub(super) fn chord_written(key: KeyCombination) -> String {
    let OneToThree::One(code) = key.codes else { return key.to_string() };
    let mut text = String::new();
    for (modifier, word) in [
        (KeyModifiers::CONTROL, "ctrl-"),
        (KeyModifiers::ALT, "alt-"),
        (KeyModifiers::SUPER, "cmd-"),
    ] {
        if key.modifiers.contains(modifier) {
            text.push_str(word);
        }
    }
    let says_shift = code == KeyCode::BackTab
        || matches!(code, KeyCode::Char(c) if !c.is_alphabetic() || text.is_empty());
    if key.modifiers.contains(KeyModifiers::SHIFT) && !says_shift {
        text.push_str("shift-");
    }
    match code {
        KeyCode::Char(' ') => text.push_str("space"),
        KeyCode::Char(c) if text.is_empty() => text.push(c),
        KeyCode::Char('-') => text.push_str("hyphen"),
        KeyCode::Char(c) => text.extend(c.to_lowercase()),
        KeyCode::F(n) => {
            text.push('f');
            text.push_str(&n.to_string());
        }
        other => text.push_str(&format!("{other:?}").to_lowercase()),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        chord_text(parse_chord(text).unwrap(), false)
    }

    #[test]
    fn chords_are_read_as_people_write_them_and_said_as_they_know_them() {
        for (written, spoken) in [
            ("a", "a"),
            ("G", "G"),
            ("shift-g", "G"),
            ("ctrl-d", "Ctrl-D"),
            ("ctrl-shift-d", "Ctrl-Shift-D"),
            ("pagedown", "PgDn"),
            ("backtab", "Shift-Tab"),
            ("shift-tab", "Shift-Tab"),
            ("?", "?"),
            ("-", "-"),
            ("é", "é"),
            ("space", "Space"),
            ("down", "↓"),
            ("f1", "F1"),
            ("enter", "Enter"),
        ] {
            assert_eq!(said(written), spoken, "{written}");
        }
        assert_eq!(chord_text(parse_chord("down").unwrap(), true), "Down");
    }

    #[test]
    fn what_names_no_key_is_refused() {
        for text in ["", " ", "ctrl-", "hyper-x", "pagedwn", "a-b", "\u{1b}"] {
            assert_eq!(parse_chord(text).unwrap_err(), BadChord(text.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn the_same_key_is_the_same_chord_however_the_terminal_sends_it() {
        let key = |code, modifiers| canonical(KeyCombination::one_key(code, modifiers));
        let (none, shift) = (KeyModifiers::NONE, KeyModifiers::SHIFT);
        assert_eq!(key(KeyCode::Char('?'), shift), parse_chord("?").unwrap());
        assert_eq!(key(KeyCode::Char('G'), none), key(KeyCode::Char('G'), shift));
        assert_eq!(key(KeyCode::Char('g'), shift), parse_chord("G").unwrap());
        assert_eq!(key(KeyCode::Tab, shift), key(KeyCode::BackTab, none));
        assert_ne!(key(KeyCode::Char('g'), none), parse_chord("G").unwrap());
    }
}
