//! The keymap: which keys mean which [`Action`] in which [`Context`], with the words for footer and
//! help. Read from `assets/keymap.toml`; a person's `keymap.toml`, which is written alike, and the `[keys]` of the
//! settings replace parts of it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crokey::KeyCombination;
use serde::Deserialize;
use toml::Spanned;

use super::action::{Action, Context};
use super::chord::{canonical, writes};
use super::keys::{BadKeys, Keys, keys_text};

const EMBEDDED: &str = include_str!("../../assets/keymap.toml");

/// What is wrong in a keymap, or in what changes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// `line`: counted from 1.
    #[error("the keymap cannot be read: {message}")]
    Syntax { line: usize, message: String },
    #[error("\"{given}\" is not an action; did you mean {nearest}?")]
    UnknownAction { given: String, nearest: &'static str },
    #[error("there is no context \"{given}\"; there are: {all}")]
    UnknownContext { given: String, all: String, line: usize },
    #[error("{action}: {keys}")]
    BadKeys { action: &'static str, keys: BadKeys },
    #[error("{key} means both {first} and {second}")]
    Conflict { key: String, first: &'static str, second: &'static str },
    #[error(
        "{key} means {action}, and {chord}, which means {other}, begins with it: one of the two would never come"
    )]
    Begins { key: String, action: &'static str, chord: String, other: &'static str },
    #[error(
        "{action} cannot be on {key}: a plain character must reach the text that is written there"
    )]
    TakesLetter { action: &'static str, key: String },
    #[error("{action} belongs under [[{context}]], once")]
    Misplaced { action: &'static str, context: &'static str },
}

impl KeymapError {
    /// The names of the actions that it is about, as they are written.
    pub fn actions(&self) -> Vec<&str> {
        match self {
            Self::Syntax { .. } | Self::UnknownContext { .. } => Vec::new(),
            Self::UnknownAction { given, .. } => vec![given],
            Self::BadKeys { action, .. }
            | Self::TakesLetter { action, .. }
            | Self::Misplaced { action, .. } => vec![action],
            Self::Conflict { first, second, .. } => vec![first, second],
            Self::Begins { action, other, .. } => vec![action, other],
        }
    }
}

/// All that is wrong in a keymap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeymapErrors(pub Vec<KeymapError>);

impl fmt::Display for KeymapErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.0.iter().enumerate() {
            let between = if n > 0 { "\n" } else { "" };
            write!(f, "{between}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for KeymapErrors {}

impl From<KeymapError> for KeymapErrors {
    fn from(error: KeymapError) -> Self {
        Self(vec![error])
    }
}

/// One action with its keys and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub action: Action,
    pub keys: Vec<Keys>,
    /// The word in the footer.
    pub hint: Option<String>,
    /// What it does, for the help.
    pub help: String,
    /// The heading in the help.
    pub group: String,
}

/// What is written of an action somewhere; what is left out stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remap {
    /// The word of the context that it stands under; None: it stands under none.
    pub context: Option<Context>,
    pub action: String,
    pub keys: Option<Vec<String>>,
    /// Empty: none.
    pub hint: Option<String>,
    pub help: Option<String>,
    pub group: Option<String>,
    /// Where it is written, counted from 1.
    pub line: usize,
}

/// What a key means, after what was pressed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    Does(Action),
    /// It is the first key of a chord.
    Begins,
    Nothing,
}

/// Every binding, checked: nothing means two things in one context, and none takes a letter from a text.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: Vec<Binding>,
    single: HashMap<(Context, KeyCombination), Action>,
    /// By the first key and the second.
    chords: HashMap<(Context, KeyCombination), Vec<(KeyCombination, Action)>>,
}

/// By the word of the context.
type Document = BTreeMap<String, Vec<Entry>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    action: Spanned<String>,
    keys: Option<Vec<String>>,
    hint: Option<String>,
    help: Option<String>,
    group: Option<String>,
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

    /// A whole keymap from TOML.
    pub fn parse(text: &str) -> Result<Self, KeymapErrors> {
        let mut bindings: Vec<Binding> = Vec::new();
        for Remap { context, action, keys, hint, help, group, line } in Self::remaps(text)? {
            let action = named(&action)?;
            placed(action, context)?;
            if bindings.iter().any(|b| b.action == action) {
                let context = action.context().word();
                return Err(KeymapError::Misplaced { action: action.word(), context }.into());
            }
            let (Some(keys), Some(help), Some(group)) = (keys, help, group) else {
                let message = format!("{} lacks keys, help or group", action.word());
                return Err(KeymapError::Syntax { line, message }.into());
            };
            bindings.push(Binding { action, keys: read_keys(action, &keys)?, hint, help, group });
        }
        Self::checked(bindings)
    }

    /// What a file in the form of `assets/keymap.toml` says, in the order of the file within each context. Every
    /// action may be left out, and of an action everything but its name.
    pub fn remaps(text: &str) -> Result<Vec<Remap>, KeymapError> {
        let line = |offset: usize| {
            text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
        };
        let mut document: Document = toml::from_str(text).map_err(|error| KeymapError::Syntax {
            line: error.span().map_or(1, |span| line(span.start)),
            message: error.message().to_owned(),
        })?;
        let mut remaps = Vec::new();
        for context in Context::ALL {
            for entry in document.remove(context.word()).unwrap_or_default() {
                remaps.push(Remap {
                    context: Some(*context),
                    line: line(entry.action.span().start),
                    action: entry.action.into_inner(),
                    keys: entry.keys,
                    hint: entry.hint,
                    help: entry.help,
                    group: entry.group,
                });
            }
        }
        match document.into_iter().next() {
            None => Ok(remaps),
            Some((given, entries)) => Err(KeymapError::UnknownContext {
                given: given.chars().take(60).collect(),
                all: Context::ALL.iter().map(|c| c.word()).collect::<Vec<_>>().join(", "),
                line: entries.first().map_or(1, |entry| line(entry.action.span().start)),
            }),
        }
    }

    /// The keymap with parts of it replaced, the later before the earlier; an empty list of keys leaves an action
    /// without a key.
    pub fn changed<'r>(
        mut self,
        remaps: impl IntoIterator<Item = &'r Remap>,
    ) -> Result<Self, KeymapErrors> {
        let mut errors = Vec::new();
        for remap in remaps {
            if let Err(error) = self.change(remap) {
                errors.push(error);
            }
        }
        if errors.is_empty() { Self::checked(self.bindings) } else { Err(KeymapErrors(errors)) }
    }

    fn change(&mut self, remap: &Remap) -> Result<(), KeymapError> {
        let action = named(&remap.action)?;
        placed(action, remap.context)?;
        let keys = remap.keys.as_ref().map(|keys| read_keys(action, keys)).transpose()?;
        let Some(binding) = self.bindings.iter_mut().find(|b| b.action == action) else {
            return Ok(());
        };
        if let Some(keys) = keys {
            binding.keys = keys;
        }
        if let Some(hint) = &remap.hint {
            binding.hint = Some(hint.clone()).filter(|hint| !hint.is_empty());
        }
        if let Some(help) = &remap.help {
            binding.help.clone_from(help);
        }
        if let Some(group) = &remap.group {
            binding.group.clone_from(group);
        }
        Ok(())
    }

    /// The keymap with the keys of some actions replaced, as `[keys]` of the settings says.
    pub fn with_overrides(
        self,
        keys: &BTreeMap<String, Vec<String>>,
    ) -> Result<Self, KeymapErrors> {
        let remaps: Vec<Remap> = keys
            .iter()
            .map(|(action, keys)| Remap {
                action: action.clone(),
                keys: Some(keys.clone()),
                ..Remap::default()
            })
            .collect();
        self.changed(&remaps)
    }

    fn checked(bindings: Vec<Binding>) -> Result<Self, KeymapErrors> {
        let mut errors = Vec::new();
        let mut taken: Vec<(Context, Keys, Action)> = Vec::new();
        for binding in &bindings {
            let (action, context) = (binding.action, binding.action.context());
            for keys in binding.keys.iter().copied() {
                if context.has_text() && writes(keys.first) {
                    let key = keys.text(true);
                    errors.push(KeymapError::TakesLetter { action: action.word(), key });
                    continue;
                }
                let meets = |other: Context| {
                    other == context
                        || other == Context::Everywhere
                        || context == Context::Everywhere
                };
                let clash = taken
                    .iter()
                    .filter(|(other, ..)| meets(*other))
                    .find_map(|(_, before, first)| clash((*before, *first), (keys, action)));
                errors.extend(clash);
                taken.push((context, keys, action));
            }
        }
        if !errors.is_empty() {
            return Err(KeymapErrors(errors));
        }
        let mut single = HashMap::new();
        let mut chords: HashMap<_, Vec<_>> = HashMap::new();
        for (context, Keys { first, second }, action) in taken {
            match second {
                None => {
                    single.insert((context, first), action);
                }
                Some(second) => chords.entry((context, first)).or_default().push((second, action)),
            }
        }
        Ok(Self { bindings, single, chords })
    }

    /// What a single key means where the keyboard is.
    #[must_use]
    pub fn action(&self, context: Context, key: KeyCombination) -> Option<Action> {
        let key = canonical(key);
        self.single
            .get(&(context, key))
            .or_else(|| self.single.get(&(Context::Everywhere, key)))
            .copied()
    }

    /// What a key means where the keyboard is, after the first key of a chord if one was begun. What works
    /// everywhere works there, too.
    #[must_use]
    pub fn pressed(
        &self,
        context: Context,
        begun: Option<KeyCombination>,
        key: KeyCombination,
    ) -> Pressed {
        let does = |action: Option<Action>| action.map_or(Pressed::Nothing, Pressed::Does);
        let pressed = canonical(key);
        match begun {
            Some(first) => {
                let ends = self.follows(context, first).find(|(second, _)| *second == pressed);
                does(
                    ends.map(|(_, action)| action)
                        .or_else(|| self.single.get(&(Context::Everywhere, pressed)).copied()),
                )
            }
            None if self.follows(context, pressed).next().is_some() => Pressed::Begins,
            None => does(self.action(context, key)),
        }
    }

    /// What may follow the first key of a chord, and what it then does.
    pub fn follows(
        &self,
        context: Context,
        first: KeyCombination,
    ) -> impl Iterator<Item = (KeyCombination, Action)> + '_ {
        let of = move |context| self.chords.get(&(context, canonical(first)));
        let everywhere = of(Context::Everywhere).filter(|_| context != Context::Everywhere);
        of(context).into_iter().chain(everywhere).flatten().copied()
    }

    /// Every binding, in the order of the footer.
    #[must_use]
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// The binding of an action.
    #[must_use]
    pub fn binding(&self, action: Action) -> Option<&Binding> {
        self.bindings.iter().find(|binding| binding.action == action)
    }

    /// Every binding as it is looked for: what works everywhere last.
    pub fn by_use(&self) -> impl Iterator<Item = &Binding> {
        let everywhere = |binding: &&Binding| binding.action.context() == Context::Everywhere;
        let own = self.bindings.iter().filter(move |binding| !everywhere(binding));
        own.chain(self.bindings.iter().filter(everywhere))
    }

    /// The first keys of an action, for people; empty when it has none.
    #[must_use]
    pub fn key_text(&self, action: Action, ascii: bool) -> String {
        self.keys(action).first().map(|keys| keys.text(ascii)).unwrap_or_default()
    }

    /// All keys of an action, for people.
    #[must_use]
    pub fn all_keys_text(&self, action: Action, ascii: bool) -> String {
        keys_text(self.keys(action), ascii)
    }

    fn keys(&self, action: Action) -> &[Keys] {
        self.binding(action).map_or(&[], |binding| binding.keys.as_slice())
    }
}

/// What is wrong between two bindings that hold at the same time.
fn clash(before: (Keys, Action), after: (Keys, Action)) -> Option<KeymapError> {
    let ((keys, first), (other, second)) = (before, after);
    if keys == other {
        return (first != second).then(|| KeymapError::Conflict {
            key: keys.text(true),
            first: first.word(),
            second: second.word(),
        });
    }
    let (short, long) = if keys.begins(other) {
        (before, after)
    } else if other.begins(keys) {
        (after, before)
    } else {
        return None;
    };
    Some(KeymapError::Begins {
        key: short.0.text(true),
        action: short.1.word(),
        chord: long.0.text(true),
        other: long.1.word(),
    })
}

/// Whether an action stands under its own context.
fn placed(action: Action, context: Option<Context>) -> Result<(), KeymapError> {
    let own = action.context();
    match context {
        Some(context) if context != own => {
            Err(KeymapError::Misplaced { action: action.word(), context: own.word() })
        }
        _ => Ok(()),
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

fn read_keys(action: Action, keys: &[String]) -> Result<Vec<Keys>, KeymapError> {
    keys.iter()
        .map(|text| {
            Keys::parse(text).map_err(|keys| KeymapError::BadKeys { action: action.word(), keys })
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
    use super::super::chord::parse_chord;
    use super::*;

    fn over(pairs: &[(&str, &[&str])]) -> Result<Keymap, KeymapErrors> {
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
        let keymap = over(&[("escalate", &["Y", "ctrl-e"]), ("zoom", &[])]).unwrap();
        assert_eq!(keymap.action(Context::Desk, key("e")), None);
        assert_eq!(keymap.action(Context::Desk, key("Y")), Some(Action::Escalate));
        assert_eq!(keymap.action(Context::Desk, key("z")), None);
        assert_eq!(keymap.key_text(Action::Escalate, false), "Y");
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
            KeymapError::Misplaced { action: "send", context: "form" }.into()
        );
        let wrong = Keymap::parse("# no list\ndesk = 1").unwrap_err().0;
        assert!(matches!(wrong[..], [KeymapError::Syntax { line: 2, .. }]), "{wrong:?}");
    }

    #[test]
    fn a_chord_means_something_once_both_keys_are_pressed() {
        let keymap = over(&[("first", &["g g", "home"]), ("last", &["g e", "G"])]).unwrap();
        assert_eq!(keymap.pressed(Context::Desk, None, key("g")), Pressed::Begins);
        assert_eq!(keymap.action(Context::Desk, key("g")), None);
        let after = |second| keymap.pressed(Context::Desk, Some(key("g")), key(second));
        assert_eq!(after("g"), Pressed::Does(Action::First));
        assert_eq!(after("e"), Pressed::Does(Action::Last));
        // Alone it takes the case; here it leads nowhere.
        assert_eq!(after("t"), Pressed::Nothing);
        assert_eq!(after("ctrl-c"), Pressed::Does(Action::Interrupt));
        assert_eq!(keymap.pressed(Context::Desk, None, key("e")), Pressed::Does(Action::Escalate));
        let may: Vec<_> =
            keymap.follows(Context::Desk, key("g")).map(|(_, action)| action).collect();
        assert_eq!(may, [Action::First, Action::Last]);
        assert_eq!(keymap.key_text(Action::First, false), "g g");
    }

    #[test]
    fn a_chord_of_everywhere_begins_in_a_text_as_well() {
        let keymap = over(&[("redraw", &["ctrl-x r"]), ("send", &["ctrl-x s"])]).unwrap();
        assert_eq!(keymap.pressed(Context::Form, None, key("ctrl-x")), Pressed::Begins);
        let after = |context, second| keymap.pressed(context, Some(key("ctrl-x")), key(second));
        assert_eq!(after(Context::Form, "s"), Pressed::Does(Action::Send));
        assert_eq!(after(Context::Form, "r"), Pressed::Does(Action::Redraw));
        assert_eq!(after(Context::Desk, "s"), Pressed::Nothing);
    }

    #[test]
    fn a_chord_that_cannot_be_told_from_another_key_is_refused_by_both_names() {
        let refused = |pairs: &[(&str, &[&str])]| over(pairs).unwrap_err().to_string();
        assert_eq!(
            refused(&[("first", &["g g"]), ("last", &["g g"])]),
            "g g means both first and last"
        );
        assert_eq!(
            refused(&[("last", &["g e"])]),
            "g means first, and g e, which means last, begins with it: one of the two would never come"
        );
        assert_eq!(
            refused(&[("redraw", &["ctrl-s r"])]).lines().count(),
            4,
            "on the desk, in a form, on the board and in the report of telling customers"
        );
        assert!(refused(&[("redraw", &["g r"])]).contains("plain character"));
        assert!(refused(&[("send", &["x s"])]).contains("send cannot be on x s"));
        assert!(refused(&[("note", &["e"]), ("zoom", &["c"])]).lines().count() == 2, "all at once");
        assert!(refused(&[("first", &["g", "g g"])]).starts_with("g means first, and g g"));
    }

    #[test]
    fn a_file_may_change_a_part_and_says_on_which_line() {
        let text = "# mine\n[[desk]]\naction = \"first\"\nkeys = [\"g g\"]\n\n\
                    [[desk]]\naction = \"note\"\nhint = \"remark\"\n";
        let remaps = Keymap::remaps(text).unwrap();
        assert_eq!(remaps.iter().map(|r| r.line).collect::<Vec<_>>(), [3, 7]);
        let keymap = Keymap::embedded().changed(&remaps).unwrap();
        assert_eq!(keymap.key_text(Action::First, false), "g g");
        let note = keymap.binding(Action::Note).unwrap();
        assert_eq!((note.hint.as_deref(), note.keys.len()), (Some("remark"), 1));
        assert_eq!(
            Keymap::remaps("\n[[dusk]]\naction = \"note\"").map_err(|e| match e {
                KeymapError::UnknownContext { given, line, .. } => (given, line),
                other => panic!("{other}"),
            }),
            Err(("dusk".to_owned(), 3))
        );
        let misplaced = Keymap::remaps("[[form]]\naction = \"note\"").unwrap();
        assert_eq!(
            Keymap::embedded().changed(&misplaced).unwrap_err().to_string(),
            "note belongs under [[desk]], once"
        );
        assert!(matches!(
            Keymap::remaps("[[desk]]\naction = \"note\"\ncolour = 1"),
            Err(KeymapError::Syntax { line: 3, .. })
        ));
    }
}
