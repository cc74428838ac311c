//! Chords of two keys: what was begun, and what may follow it. No timer ends one: it waits for the next key.

use crokey::KeyCombination;

use super::keys;
use super::model::Model;
use super::view::Hint;
use crate::input::{Action, Context, Pressed, chord_text};

/// The first key of a chord, and where the keyboard was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    context: Context,
    first: KeyCombination,
}

/// What a key comes to.
pub enum Meant {
    Action(Action),
    /// No action: a text may take it.
    Key,
    /// It began a chord, or ended one that leads nowhere.
    Spent,
}

/// What a key asks for.
pub fn pressed(model: &mut Model, context: Context, key: KeyCombination) -> Meant {
    // What came up meanwhile by itself is not what the first key was meant for.
    let begun = model.begun.take().filter(|begun| begun.context == context);
    match model.keymap.pressed(context, begun.map(|begun| begun.first), key) {
        Pressed::Does(action) => Meant::Action(action),
        Pressed::Begins => {
            model.begun = Some(Begun { context, first: key });
            Meant::Spent
        }
        Pressed::Nothing if begun.is_some() => Meant::Spent,
        Pressed::Nothing => Meant::Key,
    }
}

/// What may follow the chord that was begun; None: none was.
pub fn hints(
    model: &Model,
    is_enabled: impl Fn(&Model, Action) -> bool,
) -> Option<Vec<(Action, Hint)>> {
    let begun = model.begun.filter(|begun| begun.context == keys::context(model))?;
    let mut first = Some(format!("{} … ", chord_text(begun.first, model.ascii)));
    let follows = model.keymap.follows(begun.context, begun.first);
    let hint = |(second, action): (KeyCombination, Action)| {
        let hint = model.keymap.binding(action).and_then(|binding| binding.hint.clone());
        let second = chord_text(second, model.ascii);
        let hint = Hint {
            keys: format!("{}{second}", first.take().unwrap_or_default()),
            label: hint.unwrap_or_else(|| action.word().replace('_', " ")),
            enabled: is_enabled(model, action),
        };
        (action, hint)
    };
    Some(follows.map(hint).collect())
}
