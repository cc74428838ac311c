//! One field of a form: a text, a line, one or several of a list.

use crokey::{KeyCombination, OneToThree};
use crossterm::event::{KeyCode, KeyModifiers};
use ratatui_textarea::{CursorMove, Input, Key, TextArea};

use super::pick::Pick;
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
    /// One of a list.
    Choice {
        options: Vec<Choosable>,
        chosen: Option<usize>,
        /// The letters typed so far to find an option.
        typed: String,
    },
    /// Any number of a list.
    Many {
        options: Vec<Choosable>,
        checked: Vec<bool>,
        /// The option that the keys are on.
        at: usize,
    },
    /// One of a list that is searched.
    Pick(Box<Pick>),
}

/// One of a list: its word in the case API, and the word for people, safe for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choosable {
    pub word: String,
    pub label: String,
}

impl Choosable {
    pub fn new(word: impl Into<String>, label: impl Into<String>) -> Self {
        Self { word: word.into(), label: label.into() }
    }
}

impl Field {
    fn new(name: &'static str, label: &'static str, entry: Entry) -> Self {
        Self { name, label, required: true, entry, error: None }
    }

    pub fn text(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Entry::Text(Box::new(editor(""))))
    }

    pub fn line(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Entry::Line(Box::new(editor(""))))
    }

    pub fn choice(
        name: &'static str,
        label: &'static str,
        options: impl IntoIterator<Item = Choosable>,
    ) -> Self {
        let options = options.into_iter().collect();
        Self::new(name, label, Entry::Choice { options, chosen: None, typed: String::new() })
    }

    pub(super) fn many(
        name: &'static str,
        label: &'static str,
        options: impl IntoIterator<Item = Choosable>,
    ) -> Self {
        let options: Vec<Choosable> = options.into_iter().collect();
        let checked = vec![false; options.len()];
        Self::new(name, label, Entry::Many { options, checked, at: 0 }).optional()
    }

    pub(super) fn pick(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Entry::Pick(Box::new(Pick::new())))
    }

    /// The line with a text that the next character replaces, unless the cursor is moved first.
    pub(super) fn preset(mut self, text: &str) -> Self {
        if let Entry::Line(line) = &mut self.entry
            && !text.is_empty()
        {
            **line = editor(text);
            line.select_all();
        }
        self
    }

    /// A list with those of its options alone that may be chosen, and the one that is chosen.
    pub(super) fn offer_only(&mut self, may: impl Fn(&Choosable) -> bool) {
        if let Entry::Choice { options, chosen, .. } = &mut self.entry {
            let word = chosen.and_then(|at| options.get(at)).map(|option| option.word.clone());
            options.retain(|option| may(option) || word.as_ref() == Some(&option.word));
            *chosen = word.and_then(|word| options.iter().position(|option| option.word == word));
        }
    }

    /// The choice with one of its words chosen.
    pub fn on(mut self, word: &str) -> Self {
        if let Entry::Choice { options, chosen, .. } = &mut self.entry {
            *chosen = options.iter().position(|option| option.word == word);
        }
        self
    }

    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self.entry, Entry::Text(_))
    }

    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(self.entry, Entry::Choice { .. } | Entry::Many { .. } | Entry::Pick(_))
    }

    #[must_use]
    pub fn is_blank(&self) -> bool {
        match &self.entry {
            Entry::Text(editor) | Entry::Line(editor) => {
                editor.lines().iter().all(|line| line.trim().is_empty())
            }
            Entry::Choice { chosen, .. } => chosen.is_none(),
            Entry::Many { checked, .. } => !checked.contains(&true),
            Entry::Pick(pick) => pick.word().is_none(),
        }
    }

    /// The text as it was typed; of a list that is searched, the id that is meant.
    #[must_use]
    pub fn written(&self) -> String {
        match &self.entry {
            Entry::Text(editor) | Entry::Line(editor) => editor.lines().join("\n"),
            Entry::Pick(pick) => pick.word().unwrap_or_default(),
            Entry::Choice { .. } | Entry::Many { .. } => String::new(),
        }
    }

    #[must_use]
    pub fn chosen(&self) -> Option<&str> {
        match &self.entry {
            Entry::Choice { options, chosen, .. } => {
                chosen.and_then(|index| options.get(index)).map(|option| option.word.as_str())
            }
            Entry::Text(_) | Entry::Line(_) | Entry::Many { .. } | Entry::Pick(_) => None,
        }
    }

    /// The words that are checked.
    pub fn checked(&self) -> impl Iterator<Item = &str> {
        let (options, checked) = match &self.entry {
            Entry::Many { options, checked, .. } => (options.as_slice(), checked.as_slice()),
            _ => (&[][..], &[][..]),
        };
        options.iter().zip(checked).filter(|(_, on)| **on).map(|(option, _)| option.word.as_str())
    }

    pub fn missing(&self) -> Untrusted {
        match self.entry {
            Entry::Choice { .. } => "choose one: arrows, or type its first letters".into(),
            Entry::Text(_) | Entry::Line(_) | Entry::Many { .. } | Entry::Pick(_) => {
                "this is needed".into()
            }
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
            Entry::Pick(pick) => {
                if let Some(input) = input(key).filter(|input| !breaks(input))
                    && pick.line.input(input)
                {
                    pick.search_changed();
                    self.error = None;
                }
            }
            Entry::Choice { options, chosen, typed } => match key.codes {
                OneToThree::One(KeyCode::Char(c)) if is_plain(key) => {
                    typed.extend(c.to_lowercase());
                    let found = find(options, typed).or_else(|| {
                        // The letter begins a new word instead.
                        *typed = c.to_lowercase().collect();
                        find(options, typed)
                    });
                    if found.is_some() {
                        *chosen = found;
                        self.error = None;
                    }
                }
                OneToThree::One(KeyCode::Backspace | KeyCode::Delete) => {
                    typed.clear();
                    if !self.required {
                        *chosen = None;
                    }
                }
                _ => {}
            },
            Entry::Many { options, checked, at } => match key.codes {
                OneToThree::One(KeyCode::Char(' ')) if is_plain(key) => {
                    if let Some(on) = checked.get_mut(*at) {
                        *on = !*on;
                        self.error = None;
                    }
                }
                OneToThree::One(KeyCode::Char(c)) if is_plain(key) => {
                    let letter: String = c.to_lowercase().collect();
                    if let Some(found) = find(options, &letter) {
                        *at = found;
                    }
                }
                _ => {}
            },
        }
    }

    /// The next or the previous option; from the end it goes round.
    pub fn step(&mut self, back: bool) {
        match &mut self.entry {
            Entry::Choice { options, chosen, typed } => {
                typed.clear();
                let count = options.len();
                if count > 0 {
                    let last = if back { 0 } else { count - 1 };
                    *chosen = Some(beside(chosen.unwrap_or(last), count, back));
                    self.error = None;
                }
            }
            Entry::Many { options, at, .. } => *at = beside(*at, options.len().max(1), back),
            Entry::Pick(pick) => pick.step(back),
            Entry::Text(_) | Entry::Line(_) => {}
        }
    }

    /// Puts a text in the place of the one that stands there; it can be undone as typing can.
    pub fn replace(&mut self, text: &str) {
        if let Entry::Text(editor) = &mut self.entry {
            editor.select_all();
            if !editor.insert_str(text) {
                editor.delete_char();
            }
            editor.cancel_selection();
            self.error = None;
        }
    }

    /// Takes in what was pasted, as text and never as keys.
    pub fn pasted(&mut self, text: &str) {
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        let changed = match &mut self.entry {
            Entry::Text(editor) => editor.insert_str(lines),
            Entry::Line(editor) => editor.insert_str(lines.trim().replace('\n', " ")),
            Entry::Pick(pick) => {
                let changed = pick.line.insert_str(lines.trim().replace('\n', " "));
                pick.search_changed();
                changed
            }
            Entry::Choice { .. } | Entry::Many { .. } => false,
        };
        if changed {
            self.error = None;
        }
    }
}

/// The place after or before one of so many, round the end.
fn beside(at: usize, count: usize, back: bool) -> usize {
    (at + if back { count - 1 } else { 1 }) % count
}

fn find(options: &[Choosable], letters: &str) -> Option<usize> {
    options.iter().position(|option| option.label.to_lowercase().starts_with(letters))
}

fn is_plain(key: KeyCombination) -> bool {
    !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
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
