//! The palette: everything that can be done from the desk, found by words.

use super::model::Model;
use super::order;
use super::words;
use crate::domain::ActionKind;
use crate::input::{Action, Binding, Context};

/// One thing that can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub action: Action,
    /// What it does, as the help says it.
    pub text: String,
    /// Why it cannot be done now; None: it can.
    pub refusal: Option<String>,
}

impl Entry {
    /// Whether it is done to the case under the cursor.
    pub fn is_act(&self) -> bool {
        words::act_of(self.action).is_some_and(|kind| kind != ActionKind::Reopen)
    }
}

/// What a search finds, best first; in the order of the help where it is empty.
pub fn entries(model: &Model, search: &str) -> Vec<Entry> {
    let search = search.to_lowercase();
    let mut found: Vec<(usize, Entry)> = model
        .keymap
        .by_use()
        .filter(|binding| {
            let context = binding.action.context();
            matches!(context, Context::Desk | Context::Everywhere)
                && !matches!(binding.action, Action::Palette | Action::Interrupt)
        })
        .filter_map(|binding| {
            let text = format!("{} {}", binding.action.word(), binding.help).to_lowercase();
            let costs = search.split_whitespace().map(|word| cost(word, &text));
            Some((costs.sum::<Option<usize>>()?, entry(model, binding)))
        })
        .collect();
    if !search.is_empty() {
        // Of what is as near, what can be done goes before what cannot.
        found.sort_by_key(|(cost, entry)| (*cost, entry.refusal.is_some()));
    }
    found.into_iter().map(|(_, entry)| entry).collect()
}

fn entry(model: &Model, binding: &Binding) -> Entry {
    let action = binding.action;
    Entry { action, text: binding.help.clone(), refusal: refusal(model, action) }
}

/// How far a word is from a text: it begins a word of it, stands in it, or is one of its words with letters
/// left out.
fn cost(word: &str, text: &str) -> Option<usize> {
    let words = || text.split(|c: char| !c.is_alphanumeric());
    if words().any(|other| other.starts_with(word)) {
        return Some(0);
    }
    if text.contains(word) {
        return Some(1);
    }
    words().any(|other| is_short_for(word, other)).then_some(10)
}

/// Whether a word begins as another does and has its letters in the same order.
fn is_short_for(short: &str, word: &str) -> bool {
    let mut letters = word.chars();
    short.chars().next() == word.chars().next()
        && short.chars().all(|letter| letters.any(|other| other == letter))
}

fn refusal(model: &Model, action: Action) -> Option<String> {
    let kind = words::act_of(action)?;
    match order::object(model, kind) {
        Some(case) => order::refusal(model, case, kind),
        None => Some(order::no_object(model, kind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_nearer_at_the_start_of_a_word_than_within_one_or_with_letters_left_out() {
        assert_eq!(cost("esc", "escalate to the next tier"), Some(0));
        assert_eq!(cost("tier", "escalate to the next tier"), Some(0));
        assert_eq!(cost("cal", "escalate to the next tier"), Some(1));
        assert_eq!(cost("esclt", "escalate to the next tier"), Some(10));
        assert_eq!(cost("close", "ask the customer; clocks of resolution pause"), None);
    }
}
