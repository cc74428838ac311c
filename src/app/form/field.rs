//! One field of a form: a text, a line, or one of a list.

use crokey::{KeyCombination, OneToThree};
use crossterm::event::{KeyCode, KeyModifiers};
use ratatui_textarea::{CursorMove, Input, Key, TextArea};

use crate::domain::Untrusted;

#[derive(Debug, Clone)]
pub struct Field {
    /// The field's name in the case API.
    pub name: &'static str,
    pub label: &'static str,
    pub required: bool,
    pub entry: Entry,
    pub error: Option<Untrusted>,
}

#[derive(Debug, Clone)]
pub enum Entry {
    /// Many lines.
    Text(Box<TextArea<'static>>),
    /// One line.
    Line(Box<TextArea<'static>>),
    /// One of a list: words of the case API with their labels.
    Choice {
        options: Vec<(&'static str, &'static str)>,
        chosen: Option<usize>,
        /// The letters typed so far to find an option.
        typed: String,
    },
}

impl Field {
    fn new(name: &'static str, label: &'static str, entry: Entry) -> Self {
        Self { name, label, required: true, entry, error: None }
    }

    pub(super) fn text(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Entry::Text(Box::new(editor(""))))
    }

    pub(super) fn line(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Entry::Line(Box::new(editor(""))))
    }

    pub(super) fn choice<T: Copy>(
        name: &'static str,
        label: &'static str,
        all: &[T],
        words: fn(T) -> (&'static str, &'static str),
    ) -> Self {
        let options = all.iter().map(|word| words(*word)).collect();
        Self::new(name, label, Entry::Choice { options, chosen: None, typed: String::new() })
    }

    pub(super) fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self.entry, Entry::Text(_))
    }

    #[must_use]
    pub fn is_blank(&self) -> bool {
        match &self.entry {
            Entry::Text(editor) | Entry::Line(editor) => {
                editor.lines().iter().all(|line| line.trim().is_empty())
            }
            Entry::Choice { chosen, .. } => chosen.is_none(),
        }
    }

    /// The text as it was typed.
    #[must_use]
    pub fn written(&self) -> String {
        match &self.entry {
            Entry::Text(editor) | Entry::Line(editor) => editor.lines().join("\n"),
            Entry::Choice { .. } => String::new(),
        }
    }

    #[must_use]
    pub fn chosen(&self) -> Option<&'static str> {
        match &self.entry {
            Entry::Choice { options, chosen, .. } => {
                chosen.and_then(|index| options.get(index)).map(|(word, _)| *word)
            }
            Entry::Text(_) | Entry::Line(_) => None,
        }
    }

    pub(super) fn missing(&self) -> Untrusted {
        match self.entry {
            Entry::Choice { .. } => "choose one: arrows, or type its first letters".into(),
            Entry::Text(_) | Entry::Line(_) => "this is needed".into(),
        }
    }

    /// A key that means nothing else: it is written, or finds an option.
    pub fn typed(&mut self, key: KeyCombination) {
        match &mut self.entry {
            Entry::Text(editor) => {
                if let Some(input) = input(key)
                    && editor.input(input)
                {
                    self.error = None;
                }
            }
            Entry::Line(editor) => {
                if let Some(input) = input(key).filter(|input| !breaks(input))
                    && editor.input(input)
                {
                    self.error = None;
                }
            }
            Entry::Choice { options, chosen, typed } => {
                let OneToThree::One(code) = key.codes else { return };
                match code {
                    KeyCode::Char(c)
                        if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
                    {
                        typed.extend(c.to_lowercase());
                        let found =
                            options.iter().position(|o| o.1.to_lowercase().starts_with(&*typed));
                        let found = found.or_else(|| {
                            // The letter begins a new word instead.
                            *typed = c.to_lowercase().collect();
                            options.iter().position(|o| o.1.to_lowercase().starts_with(&*typed))
                        });
                        if found.is_some() {
                            *chosen = found;
                            self.error = None;
                        }
                    }
                    KeyCode::Backspace | KeyCode::Delete => {
                        typed.clear();
                        if !self.required {
                            *chosen = None;
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// The next or the previous option; from the end it goes round.
    pub fn step(&mut self, back: bool) {
        if let Entry::Choice { options, chosen, typed } = &mut self.entry {
            typed.clear();
            let count = options.len().max(1);
            *chosen = Some(match (*chosen, back) {
                (None, false) => 0,
                (None, true) => count - 1,
                (Some(at), false) => (at + 1) % count,
                (Some(at), true) => (at + count - 1) % count,
            });
            self.error = None;
        }
    }

    /// Takes in what was pasted, as text and never as keys.
    pub fn pasted(&mut self, text: &str) {
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        let changed = match &mut self.entry {
            Entry::Text(editor) => editor.insert_str(lines),
            Entry::Line(editor) => editor.insert_str(lines.trim().replace('\n', " ")),
            Entry::Choice { .. } => false,
        };
        if changed {
            self.error = None;
        }
    }
}

/// An editor that holds a text, with the cursor at its end.
#[must_use]
pub fn editor(text: &str) -> TextArea<'static> {
    let mut editor = TextArea::from(text.split('\n'));
    editor.move_cursor(CursorMove::Bottom);
    editor.move_cursor(CursorMove::End);
    editor
}

fn breaks(input: &Input) -> bool {
    input.key == Key::Enter
        || (input.ctrl && matches!(input.key, Key::Char('m')))
        || matches!(input.key, Key::Char('\n' | '\r'))
}

/// A chord as the editor takes it; None for those that mean nothing to it.
#[must_use]
pub fn input(key: KeyCombination) -> Option<Input> {
    let OneToThree::One(code) = key.codes else { return None };
    let key_code = match code {
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Enter => Key::Enter,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Delete => Key::Delete,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        // Pages are a matter of what is on the screen, which the editor does not know.
        _ => return None,
    };
    Some(Input {
        key: key_code,
        ctrl: key.modifiers.contains(KeyModifiers::CONTROL),
        alt: key.modifiers.contains(KeyModifiers::ALT),
        shift: key.modifiers.contains(KeyModifiers::SHIFT),
    })
}
