//! The order of a list: by due, severity and so on, each either way.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::words::{Meant, meant, word_of};
use crate::domain::Case;
use crate::domain::nearest::nearest;
use crate::sla::reading::Urgency;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortField {
    Due,
    Severity,
    Reported,
    Updated,
    Id,
    Customer,
}

impl SortField {
    /// Each with its word.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Due, "due"),
        (Self::Severity, "severity"),
        (Self::Reported, "reported"),
        (Self::Updated, "updated"),
        (Self::Id, "id"),
        (Self::Customer, "customer"),
    ];

    #[must_use]
    pub fn word(self) -> &'static str {
        word_of(&self, Self::ALL)
    }

    /// What stands first.
    #[must_use]
    pub const fn first(self, reversed: bool) -> &'static str {
        match (self, reversed) {
            (Self::Due, false) => "next breach first",
            (Self::Due, true) => "next breach last",
            (Self::Severity, false) => "worst first",
            (Self::Severity, true) => "worst last",
            (Self::Reported | Self::Updated, false) => "oldest first",
            (Self::Reported | Self::Updated, true) => "newest first",
            (Self::Id | Self::Customer, false) => "in their order",
            (Self::Id | Self::Customer, true) => "backwards",
        }
    }
}

/// One field of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub by: SortField,
    pub reversed: bool,
}

impl Sort {
    /// The order of the queue: the next breach first.
    pub const DUE: Self = Self { by: SortField::Due, reversed: false };

    /// How two cases stand by this field, each with its urgency.
    pub fn compare(self, a: (&Urgency, &Case), b: (&Urgency, &Case)) -> Ordering {
        let order = match self.by {
            SortField::Due => a.0.cmp(b.0),
            SortField::Severity => a.1.severity.cmp(&b.1.severity),
            SortField::Reported => a.1.reported_at.cmp(&b.1.reported_at),
            SortField::Updated => a.1.updated_at.cmp(&b.1.updated_at),
            SortField::Id => a.1.id.sort_key().cmp(&b.1.id.sort_key()),
            SortField::Customer => {
                let (a, b) = (a.1.customer.company.raw(), b.1.customer.company.raw());
                let letters = |text: &'_ str| text.chars().flat_map(char::to_lowercase).collect();
                if a.is_ascii() && b.is_ascii() {
                    let (a, b) = (a.bytes(), b.bytes());
                    a.map(|c| c.to_ascii_lowercase()).cmp(b.map(|c| c.to_ascii_lowercase()))
                } else {
                    let (a, b): (String, String) = (letters(a), letters(b));
                    a.cmp(&b)
                }
            }
        };
        self.turned(order)
    }

    const fn turned(self, order: Ordering) -> Ordering {
        if self.reversed { order.reverse() } else { order }
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.reversed { "-" } else { "" }, self.by.word())
    }
}

/// Why a text is no order; for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct NoSort {
    pub sentence: String,
    /// It may become one.
    pub unfinished: bool,
}

impl FromStr for Sort {
    type Err = NoSort;

    fn from_str(text: &str) -> Result<Self, NoSort> {
        let (name, reversed) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let words = || SortField::ALL.iter().map(|(_, word)| *word);
        let all = || words().collect::<Vec<_>>().join(", ");
        if name.is_empty() {
            let sentence = format!("An order is by one of these: {}.", all());
            return Err(NoSort { sentence, unfinished: true });
        }
        match meant(name, SortField::ALL) {
            Meant::One(by) => Ok(Self { by, reversed }),
            Meant::Several(words) => {
                let sentence = format!("\"{name}\" may be {}.", words.join(" or "));
                Err(NoSort { sentence, unfinished: true })
            }
            Meant::None => {
                let hint = match nearest(name, words()) {
                    Some(word) => format!("did you mean \"{word}\"?"),
                    None => format!("there are: {}", all()),
                };
                let sentence = format!("There is no order by \"{}\"; {hint}", short(name));
                Err(NoSort { sentence, unfinished: false })
            }
        }
    }
}

/// An order of several fields: `due,-updated`. Empty fields are left out.
pub fn sorts_of(text: &str) -> Result<Vec<Sort>, NoSort> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::parse).collect()
}

/// A word of a person, no longer than a sentence bears.
pub(super) fn short(word: &str) -> String {
    crate::domain::text::safe_line(word, 24)
}
