//! The columns of a list.

use std::fmt;
use std::str::FromStr;

use super::sort::short;
use super::words::{Meant, meant, word_of};
use crate::domain::nearest::nearest;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Case,
    Desk,
    Severity,
    Subject,
    With,
    Customer,
    Partner,
    Tier,
    Age,
    Updated,
    Due,
    Correction,
}

impl Column {
    /// Each with its word, in the order in which they are offered.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Case, "case"),
        (Self::Desk, "desk"),
        (Self::Severity, "severity"),
        (Self::Subject, "subject"),
        (Self::With, "with"),
        (Self::Due, "due"),
        (Self::Customer, "customer"),
        (Self::Partner, "partner"),
        (Self::Tier, "tier"),
        (Self::Age, "age"),
        (Self::Updated, "updated"),
        (Self::Correction, "correction"),
    ];

    /// What is shown as long as nobody chooses. The desk only where there are several.
    pub const USUAL: &'static [Self] =
        &[Self::Case, Self::Desk, Self::Severity, Self::Subject, Self::With, Self::Due];

    #[must_use]
    pub fn word(self) -> &'static str {
        word_of(&self, Self::ALL)
    }

    /// Its head in a table.
    #[must_use]
    pub fn head(self) -> &'static str {
        if self == Self::Severity { "sev" } else { self.word() }
    }

    /// What it shows.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Case => "the id; always shown, first",
            Self::Desk => "where it is, with several desks",
            Self::Severity => "how badly it hurts",
            Self::Subject => "what it is about",
            Self::With => "who has it",
            Self::Due => "what is left of its nearest clock",
            Self::Customer => "the company that reported it",
            Self::Partner => "whose 1st level it is",
            Self::Tier => "1st, 2nd level or Product Management",
            Self::Age => "time since it was reported",
            Self::Updated => "time since its last change",
            Self::Correction => "the correction that it waits for",
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Column {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let (false, Meant::One(column)) = (text.is_empty(), meant(text, Self::ALL)) {
            return Ok(column);
        }
        let words = || Self::ALL.iter().map(|(_, word)| *word);
        let hint = match nearest(text, words()) {
            Some(word) => format!("did you mean \"{word}\"?"),
            None => format!("there are: {}", words().collect::<Vec<_>>().join(", ")),
        };
        Err(format!("There is no column \"{}\"; {hint}", short(text)))
    }
}

/// Columns by their words: `case,subject,due`. One named twice is shown once; the case is always there.
pub fn columns_of(text: &str) -> Result<Vec<Column>, String> {
    let mut columns = vec![Column::Case];
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let column = part.parse()?;
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(columns)
}
