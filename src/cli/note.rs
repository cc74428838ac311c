//! `caseload note`

use super::act::{Deed, Order, ids_and_required_text};
use super::args::Guard;
use super::outcome::Failure;
use crate::domain::Action;

/// Write an internal note on cases
///
/// Internal: the customer never sees it. What the customer is to read goes out with `caseload reply`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload note C-10412 \"Asked for the log files by phone\"
  caseload note C-10412 C-10413 --text -")]
pub struct Args {
    /// Case ids; after a single one the text may follow in quotes
    #[arg(value_name = "ID", required = true)]
    words: Vec<String>,
    /// The note; - reads standard input
    #[arg(long, value_name = "T")]
    text: Option<String>,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        let (ids, text) = ids_and_required_text(self.words, self.text)?;
        Order::new(ids, &self.guard, Deed::Same(Action::Note { text }))
    }
}
