//! The language of the filter, of the views and of `caseload list`: words and fields, judged case by case at an
//! instant. What a query says of clocks is what the rows say, since both go by `sla::reading`. Pure.

mod column;
mod complete;
mod judge;
mod parse;
mod sort;
mod term;
#[cfg(test)]
mod tests;
mod view;
mod words;

pub use column::{Column, columns_of};
pub use complete::{Candidate, Completion, Known, complete};
pub use judge::{Finder, Judgement, Scope, Text};
pub use parse::{Problem, parse};
pub use sort::{Sort, SortField, sorts_of};
pub use term::Query;
pub use view::{KEYS, View, WORK};
pub use words::{FIELDS, Field, IS, Is};
