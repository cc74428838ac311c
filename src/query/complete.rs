//! What the word under the cursor may become: fields, and their values as far as they are known.

use std::collections::BTreeMap;
use std::ops::Range;

use super::parse::{Joint, tokens, values};
use super::sort::SortField;
use super::term::quoted;
use super::words::{DAYS, ENVIRONMENTS, FIELDS, Field, IS, LICENCES, SEVERITIES, TIERS};
use crate::domain::Case;

/// More values of one kind than anybody looks through are not kept.
const KNOWN: usize = 2000;

/// What there is that a field may name: each by its word in a query, with what people call it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    pub desks: BTreeMap<String, String>,
    pub partners: BTreeMap<String, String>,
    pub people: BTreeMap<String, String>,
    pub customers: BTreeMap<String, String>,
    pub corrections: BTreeMap<String, String>,
}

impl Known {
    /// What these cases name.
    pub fn of<'c>(cases: impl Iterator<Item = &'c Case>) -> Self {
        let mut known = Self::default();
        for case in cases {
            let add = |to: &mut BTreeMap<String, String>, word: &str, name: &str| {
                if to.len() < KNOWN && !to.contains_key(word) {
                    to.insert(word.to_owned(), name.to_owned());
                }
            };
            add(&mut known.partners, case.partner.id.as_str(), case.partner.name.raw());
            add(&mut known.customers, case.customer.company.raw(), "");
            if let Some(person) = &case.assignee {
                add(&mut known.people, person.id.as_str(), person.name.raw());
            }
            if let Some(correction) = &case.correction {
                add(&mut known.corrections, correction.as_str(), "");
            }
        }
        known
    }
}

/// One thing that a word may become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What it is replaced by.
    pub word: String,
    /// What it means; may be empty. From elsewhere: made safe before it is shown.
    pub help: String,
}

/// What may stand at a place of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The bytes that a candidate replaces.
    pub at: Range<usize>,
    pub candidates: Vec<Candidate>,
    /// They are values, after which the word is at its end; fields go on.
    pub are_values: bool,
}

/// What the word that ends at the cursor may become.
#[must_use]
pub fn complete(text: &str, cursor: usize, known: &Known) -> Completion {
    let cursor = cursor.min(text.len());
    let before = &text[..cursor];
    let token = tokens(before).pop().filter(|token| token.range.end == cursor);
    let Some(token) = token else { return fields("", cursor..cursor) };
    let Some((word, _, joint)) = &token.head else {
        let typed = &before[token.body.clone()];
        return fields(typed, token.body);
    };
    let body = &before[token.body.clone()];
    let found = values(before, token.body.clone());
    let last = found.last().filter(|value| value.range.end == cursor && !body.ends_with(','));
    let (typed, at) = match last {
        Some(value) => (value.text.to_lowercase(), value.range.clone()),
        None => (String::new(), cursor..cursor),
    };
    let field = Field::named(word);
    let candidates = field
        .map(|field| words(field, *joint, known))
        .unwrap_or_default()
        .into_iter()
        .filter(|(word, help)| {
            let begins = |text: &str| text.to_lowercase().starts_with(&typed);
            // People are found by any part of their names, and customers by any word.
            let named = matches!(field, Some(Field::With | Field::Partner));
            word.split(' ').any(begins) || (named && help.split(' ').any(begins)) || begins(word)
        })
        .map(|(word, help)| Candidate { word: quoted(&word), help })
        .collect();
    Completion { at, candidates, are_values: true }
}

fn fields(typed: &str, at: Range<usize>) -> Completion {
    let typed = typed.to_lowercase();
    let begun = FIELDS.iter().filter(|(_, word, ..)| word.starts_with(&typed));
    let candidates = begun
        .map(|(_, _, word, help)| Candidate { word: (*word).to_owned(), help: (*help).to_owned() })
        .collect();
    Completion { at, candidates, are_values: false }
}

/// The first of a closed list.
fn set<T>(words: &[(T, &'static str)], usual: usize) -> Vec<(String, String)> {
    words.iter().take(usual).map(|(_, word)| ((*word).to_owned(), String::new())).collect()
}

/// What a field takes: words, with what they mean.
fn words(field: Field, joint: Joint, known: &Known) -> Vec<(String, String)> {
    let plain = |words: &[&str]| -> Vec<(String, String)> {
        words.iter().map(|word| ((*word).to_owned(), String::new())).collect()
    };
    let all = |map: &BTreeMap<String, String>| -> Vec<(String, String)> {
        map.iter().map(|(word, name)| (word.clone(), name.clone())).collect()
    };
    match field {
        Field::Severity => set(SEVERITIES.words, 4),
        Field::Tier => set(TIERS.words, 3),
        Field::Environment => set(ENVIRONMENTS.words, 3),
        Field::Licence => set(LICENCES.words, 3),
        Field::Is => {
            IS.iter().map(|(_, word, help)| ((*word).to_owned(), (*help).to_owned())).collect()
        }
        Field::Due if joint == Joint::Is => set(DAYS.words, 2),
        Field::Due => plain(&["15m", "1h", "4h", "1bd", "2bd"]),
        Field::Age | Field::Updated => plain(&["1h", "1d", "3d", "1w", "2bd"]),
        Field::With => {
            let mut people = plain(&["me", "nobody"]);
            people.extend(all(&known.people));
            people
        }
        Field::Partner => all(&known.partners),
        Field::Customer => all(&known.customers),
        Field::Desk => all(&known.desks),
        Field::Correction => {
            let mut corrections = plain(&["any", "none"]);
            corrections.extend(all(&known.corrections));
            corrections
        }
        Field::Sort => SortField::ALL
            .iter()
            .map(|(by, word)| ((*word).to_owned(), by.first(false).to_owned()))
            .collect(),
        Field::Text | Field::Id => Vec::new(),
    }
}
