//! The keymap: which chord means which [`Action`] in which [`Context`], with the words for footer and
//! help. Read from `assets/keymap.toml`; a person's `[keys]` replaces the chords of the actions it names.

use std::collections::{BTreeMap, HashMap};

use crokey::KeyCombination;
use serde::Deserialize;

use super::action::{Action, Context};
use super::chord::{BadChord, canonical, chord_text, keys_text, parse_chord, writes};

const EMBEDDED: &str = include_str!("../../assets/keymap.toml");

/// What is wrong in a keymap, or in the settings that change it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    #[error("the keymap cannot be read: {0}")]
    Syntax(String),
    #[error("\"{given}\" is not an action; did you mean {nearest}?")]
    UnknownAction { given: String, nearest: &'static str },
    #[error("{action}: {chord}")]
    BadChord { action: &'static str, chord: BadChord },
    #[error("{key} means both {first} and {second}")]
    Conflict { key: String, first: &'static str, second: &'static str },
    #[error(
        "{action} cannot be on {key}: a plain character must reach the text that is written there"
    )]
    TakesLetter { action: &'static str, key: String },
    #[error("{action} belongs under [[{context}]], once")]
    Misplaced { action: &'static str, context: &'static str },
}

/// One action with its chords and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub action: Action,
    pub keys: Vec<KeyCombination>,
    /// The word in the footer.
    pub hint: Option<String>,
    /// What it does, for the help.
    pub help: String,
    /// The heading in the help.
    pub group: String,
}

/// Every binding, checked: no chord means two things in one context, and none takes a letter from a text.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: Vec<Binding>,
    index: HashMap<(Context, KeyCombination), Action>,
}

/// By the word of the context.
type Document = BTreeMap<String, Vec<Entry>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    action: String,
    keys: Vec<String>,
    hint: Option<String>,
    help: String,
    group: String,
}

impl Keymap {
    /// The keymap of `assets/keymap.toml`.
    #[must_use]
    #[allow(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the embedded file never changes at run time; a test reads it"
    )]
    pub fn embedded() -> Self {
        Self::parse(EMBEDDED).expect("assets/keymap.toml is a keymap")
    }

    /// A keymap from TOML.
    pub fn parse(text: &str) -> Result<Self, KeymapError> {
        let mut document: Document =
            toml::from_str(text).map_err(|e| KeymapError::Syntax(e.to_string()))?;
        let contexts: Vec<(Context, Vec<Entry>)> = Context::ALL
            .iter()
            .filter_map(|context| Some((*context, document.remove(context.word())?)))
            .collect();
        if let Some(unknown) = document.keys().next() {
            return Err(KeymapError::Syntax(format!("there is no context \"{unknown}\"")));
        }
        let mut bindings: Vec<Binding> = Vec::new();
        for (context, entries) in contexts {
            for entry in entries {
                let action = named(&entry.action)?;
                if action.context() != context || bindings.iter().any(|b| b.action == action) {
                    let context = action.context().word();
                    return Err(KeymapError::Misplaced { action: action.word(), context });
                }
                bindings.push(Binding {
                    action,
                    keys: chords(action, &entry.keys)?,
                    hint: entry.hint,
                    help: entry.help,
                    group: entry.group,
                });
            }
        }
        Self::checked(bindings)
    }

    /// The keymap with the chords of some actions replaced, as `[keys]` of the settings says; an empty
    /// list leaves an action without a key.
    pub fn with_overrides(
        mut self,
        keys: &BTreeMap<String, Vec<String>>,
    ) -> Result<Self, KeymapError> {
        for (word, list) in keys {
            let action = named(word)?;
            let new = chords(action, list)?;
            if let Some(binding) = self.bindings.iter_mut().find(|b| b.action == action) {
                binding.keys = new;
            }
        }
        Self::checked(self.bindings)
    }

    fn checked(bindings: Vec<Binding>) -> Result<Self, KeymapError> {
        let mut index: HashMap<(Context, KeyCombination), Action> = HashMap::new();
        for binding in &bindings {
            let (action, context) = (binding.action, binding.action.context());
            for key in &binding.keys {
                if context.has_text() && writes(*key) {
                    return Err(KeymapError::TakesLetter {
                        action: action.word(),
                        key: chord_text(*key, true),
                    });
                }
                let clash = Context::ALL
                    .iter()
                    .filter(|other| {
                        **other == context
                            || **other == Context::Everywhere
                            || context == Context::Everywhere
                    })
                    .find_map(|other| index.get(&(*other, *key)));
                if let Some(first) = clash.filter(|first| **first != action) {
                    return Err(KeymapError::Conflict {
                        key: chord_text(*key, true),
                        first: first.word(),
                        second: action.word(),
                    });
                }
                index.insert((context, *key), action);
            }
        }
        Ok(Self { bindings, index })
    }

    /// What a chord means where the keyboard is.
    #[must_use]
    pub fn action(&self, context: Context, key: KeyCombination) -> Option<Action> {
        let key = canonical(key);
        self.index
            .get(&(context, key))
            .or_else(|| self.index.get(&(Context::Everywhere, key)))
            .copied()
    }

    /// Every binding, in the order of the footer.
    #[must_use]
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// Every binding as it is looked for: what works everywhere last.
    pub fn by_use(&self) -> impl Iterator<Item = &Binding> {
        let everywhere = |binding: &&Binding| binding.action.context() == Context::Everywhere;
        let own = self.bindings.iter().filter(move |binding| !everywhere(binding));
        own.chain(self.bindings.iter().filter(everywhere))
    }

    /// The first chord of an action, for people; empty when it has none.
    #[must_use]
    pub fn key_text(&self, action: Action, ascii: bool) -> String {
        self.keys(action).first().map(|key| chord_text(*key, ascii)).unwrap_or_default()
    }

    /// All chords of an action, for people.
    #[must_use]
    pub fn all_keys_text(&self, action: Action, ascii: bool) -> String {
        keys_text(self.keys(action), ascii)
    }

    fn keys(&self, action: Action) -> &[KeyCombination] {
        self.bindings.iter().find(|b| b.action == action).map_or(&[], |b| b.keys.as_slice())
    }
}

fn named(word: &str) -> Result<Action, KeymapError> {
    Action::named(word).ok_or_else(|| KeymapError::UnknownAction {
        given: word.chars().take(60).collect(),
        nearest: Action::ALL
            .iter()
            .map(|a| a.word())
            .min_by_key(|known| distance(known, word))
            .unwrap_or_default(),
    })
}

fn chords(action: Action, keys: &[String]) -> Result<Vec<KeyCombination>, KeymapError> {
    keys.iter()
        .map(|key| {
            parse_chord(key).map_err(|chord| KeymapError::BadChord { action: action.word(), chord })
        })
        .collect()
}

/// How many letters must change to make one word the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(60).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(pairs: &[(&str, &[&str])]) -> Result<Keymap, KeymapError> {
        let keys = pairs
            .iter()
            .map(|(action, keys)| {
                ((*action).to_owned(), keys.iter().map(|k| (*k).to_owned()).collect())
            })
            .collect();
        Keymap::embedded().with_overrides(&keys)
    }

    fn key(text: &str) -> KeyCombination {
        parse_chord(text).unwrap()
    }

    #[test]
    fn the_embedded_keymap_gives_every_action_a_key_and_words() {
        let keymap = Keymap::embedded();
        for action in Action::ALL {
            let binding = keymap.bindings().iter().find(|b| b.action == *action);
            let binding = binding.unwrap_or_else(|| panic!("{} has no binding", action.word()));
            assert!(!binding.keys.is_empty(), "{}", action.word());
            assert!(!binding.help.is_empty() && !binding.group.is_empty(), "{}", action.word());
        }
    }

    #[test]
    fn a_key_means_what_its_context_says() {
        let keymap = Keymap::embedded();
        assert_eq!(keymap.action(Context::Desk, key("e")), Some(Action::Escalate));
        assert_eq!(keymap.action(Context::Form, key("e")), None);
        assert_eq!(keymap.action(Context::Desk, key("tab")), Some(Action::NextPane));
        assert_eq!(keymap.action(Context::Form, key("tab")), Some(Action::NextField));
        for context in Context::ALL {
            assert_eq!(keymap.action(*context, key("ctrl-c")), Some(Action::Interrupt));
        }
    }

    #[test]
    fn settings_replace_the_chords_of_the_actions_they_name() {
        let keymap = over(&[("escalate", &["E", "ctrl-e"]), ("zoom", &[])]).unwrap();
        assert_eq!(keymap.action(Context::Desk, key("e")), None);
        assert_eq!(keymap.action(Context::Desk, key("E")), Some(Action::Escalate));
        assert_eq!(keymap.action(Context::Desk, key("z")), None);
        assert_eq!(keymap.key_text(Action::Escalate, false), "E");
        assert_eq!(keymap.all_keys_text(Action::MoveDown, false), "j ↓");
        assert_eq!(keymap.key_text(Action::Zoom, false), "");
    }

    #[test]
    fn two_actions_may_swap_their_keys() {
        let keymap = over(&[("close", &["e"]), ("escalate", &["c"])]).unwrap();
        assert_eq!(keymap.action(Context::Desk, key("e")), Some(Action::Close));
    }

    #[test]
    fn what_is_wrong_is_told_with_the_right_word() {
        let refused = |pairs: &[(&str, &[&str])]| over(pairs).unwrap_err().to_string();
        assert_eq!(
            refused(&[("escalat", &["x"])]),
            "\"escalat\" is not an action; did you mean escalate?"
        );
        assert_eq!(
            refused(&[("note", &["ctrl+x"])]),
            "note: \"ctrl+x\" is not a key; write for example a, G, ctrl-d, pagedown, f1, space"
        );
        assert_eq!(refused(&[("note", &["e"])]), "e means both escalate and note");
        assert_eq!(refused(&[("note", &["ctrl-c"])]), "Ctrl-C means both interrupt and note");
        assert_eq!(
            refused(&[("send", &["s"])]),
            "send cannot be on s: a plain character must reach the text that is written there"
        );
        assert!(refused(&[("suspend", &["Z"])]).contains("plain character"));
    }

    #[test]
    fn a_keymap_with_an_action_in_the_wrong_place_is_refused() {
        let moved = EMBEDDED.replace("[[form]]\naction = \"send\"", "[[desk]]\naction = \"send\"");
        assert_ne!(moved, EMBEDDED);
        assert_eq!(
            Keymap::parse(&moved).unwrap_err(),
            KeymapError::Misplaced { action: "send", context: "form" }
        );
        assert!(matches!(Keymap::parse("desk = 1"), Err(KeymapError::Syntax(_))));
    }
}
