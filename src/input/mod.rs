//! What keys mean: the names of what people want ([`Action`]), and the keymap that gives each its chords
//! ([`Keymap`], from `assets/keymap.toml` and the person's own settings).

mod action;
mod chord;
mod keymap;
mod keys;

pub use action::{Action, Context};
pub use chord::{BadChord, chord_text, parse_chord, same_chord};
pub use keymap::{Binding, Keymap, KeymapError, KeymapErrors, Pressed, Remap};
pub use keys::{BadKeys, Keys, keys_text};
