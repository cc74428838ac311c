//! Views: saved queries with their order and columns, on the number keys.

use super::column::Column;
use super::parse::parse;
use super::sort::Sort;
use super::term::Query;

/// The keys that a view may have. 5 is the page of the corrections.
pub const KEYS: &[u8] = &[1, 2, 3, 4, 6, 7, 8, 9];

/// What is to be done by whoever looks: what is theirs, and what nobody at their level has.
pub const WORK: &str = "is:mine,free";

#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The word that it is remembered and called by.
    pub name: String,
    /// What people read.
    pub title: String,
    pub key: u8,
    /// As it was written.
    pub text: String,
    pub query: Query,
    /// None: the next breach first.
    pub sort: Option<Vec<Sort>>,
    /// None: those that are chosen for the screen.
    pub columns: Option<Vec<Column>>,
}

impl View {
    /// A view of that name. Err: where the query is wrong, and why.
    pub fn new(name: &str, key: u8, text: &str) -> Result<Self, super::Problem> {
        Ok(Self {
            name: name.to_owned(),
            title: name.to_owned(),
            key,
            text: text.to_owned(),
            query: parse(text)?,
            sort: None,
            columns: None,
        })
    }

    /// Those that are there without being written down.
    #[must_use]
    pub fn built_in() -> Vec<Self> {
        [
            (1, "mine", "mine and unassigned", WORK),
            (2, "all", "all open", ""),
            (3, "due_today", "due today", "due:today"),
            (4, "waiting", "waiting", "is:waiting"),
        ]
        .into_iter()
        .filter_map(|(key, name, title, text)| {
            let view = Self::new(name, key, text).ok()?;
            Some(Self { title: title.to_owned(), ..view })
        })
        .collect()
    }

    /// A short name for a list of views.
    #[must_use]
    pub fn short(&self) -> &str {
        match self.name.as_str() {
            "due_today" => "today",
            name => name,
        }
    }

    /// The order in which its cases stand.
    #[must_use]
    pub fn order(&self) -> &[Sort] {
        match &self.sort {
            Some(sort) => sort,
            None if !self.query.sort.is_empty() => &self.query.sort,
            None => &[Sort::DUE],
        }
    }
}
