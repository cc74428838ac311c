//! `caseload reply`

use super::act::{Deed, Order, ids_and_required_text};
use super::args::Guard;
use super::outcome::Failure;
use crate::domain::Action;

/// Write to the customers of cases
///
/// The customer reads the text. What only the desk is to read belongs into `caseload note`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload reply C-10412 \"Please install the update of today.\"
  caseload reply C-10412 C-10413 --text -")]
pub struct Args {
    /// Case ids; after a single one the text may follow in quotes
    #[arg(value_name = "ID", required = true)]
    words: Vec<String>,
    /// What the customer reads; - reads standard input
    #[arg(long, value_name = "T")]
    text: Option<String>,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        let (ids, text) = ids_and_required_text(self.words, self.text)?;
        Order::new(ids, &self.guard, Deed::Same(Action::Reply { text }))
    }
}
