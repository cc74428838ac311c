//! The palette: everything that can be done from the desk, found by words.

use std::cmp::Reverse;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::bulk;
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

/// How many of what was run last come first.
const RECENT: usize = 5;

/// What was run from the palette, the last one first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recent(Vec<Action>);

impl Recent {
    pub fn ran(&mut self, action: Action) {
        self.0.retain(|other| *other != action);
        self.0.insert(0, action);
        self.0.truncate(RECENT);
    }

    /// 0 for the last one; those that were not run lately come behind all others.
    fn place(&self, action: Action) -> usize {
        self.0.iter().position(|other| *other == action).unwrap_or(RECENT)
    }
}

/// What a search finds, best first; where it is empty, what was run last, then all in the order of the help.
pub fn entries(model: &Model, search: &str) -> Vec<Entry> {
    let mut search = Search::of(search);
    let mut found: Vec<(u32, Entry)> = model
        .keymap
        .by_use()
        .filter(|binding| {
            let context = binding.action.context();
            matches!(context, Context::Desk | Context::Everywhere)
                && !matches!(binding.action, Action::Palette | Action::Interrupt)
        })
        .filter_map(|binding| {
            let text = format!("{} {}", binding.action.word(), binding.help);
            Some((search.score(&text)?, entry(model, binding)))
        })
        .collect();
    // Of what is as near, what can be done goes before what cannot.
    found.sort_by_key(|(score, entry)| {
        let is_refused = !search.is_empty() && entry.refusal.is_some();
        (Reverse(*score), is_refused, model.recent.place(entry.action))
    });
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// The words of a search.
struct Search {
    words: Vec<Atom>,
    matcher: Matcher,
}

impl Search {
    fn of(search: &str) -> Self {
        let atom = |word| {
            let (case, accents) = (CaseMatching::Ignore, Normalization::Smart);
            Atom::new(word, case, accents, AtomKind::Fuzzy, false)
        };
        let words = search.split_whitespace().map(atom).collect();
        Self { words, matcher: Matcher::new(Config::DEFAULT) }
    }

    fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How near a text is; None: one of the words is in none of its words, not even with letters left out.
    /// Letters are never taken from several words of the text: in a sentence anything would be found.
    fn score(&mut self, text: &str) -> Option<u32> {
        let mut buffer = Vec::new();
        let mut sum = 0;
        for atom in &self.words {
            let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            let best = words
                .filter_map(|word| {
                    buffer.clear();
                    atom.score(Utf32Str::new(word, &mut buffer), &mut self.matcher)
                })
                .max()?;
            sum += u32::from(best);
        }
        Some(sum)
    }
}

fn entry(model: &Model, binding: &Binding) -> Entry {
    let action = binding.action;
    Entry { action, text: binding.help.clone(), refusal: refusal(model, action) }
}

fn refusal(model: &Model, action: Action) -> Option<String> {
    let kind = words::act_of(action)?;
    if bulk::is_meant(model, kind) {
        return bulk::refusal(model, kind);
    }
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
        let score = |word: &str| Search::of(word).score("Escalate to the next tier");
        assert!(score("esc") > score("cal"), "the start of a word");
        assert!(score("tier") > score("ter"), "whole, and with a letter left out");
        assert!(score("esclt").is_some() && score("TIER next").is_some());
        assert_eq!(score("tier closed"), None, "every word must be there");
        let scattered = Search::of("close").score("ask the customer; clocks of resolution pause");
        assert_eq!(scattered, None, "letters of several words are no find");
    }

    #[test]
    fn what_was_run_last_is_the_first_of_the_recent_ones() {
        let mut recent = Recent::default();
        for action in [Action::Zoom, Action::Note, Action::Zoom] {
            recent.ran(action);
        }
        let places = [Action::Zoom, Action::Note, Action::Help].map(|action| recent.place(action));
        assert_eq!(places, [0, 1, RECENT]);
    }
}
