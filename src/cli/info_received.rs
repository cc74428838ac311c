//! `caseload info-received`

use super::act::{Deed, Order, ids_and_text};
use super::args::Guard;
use super::outcome::Failure;
use crate::domain::Action;

/// Record that the customer's information came
///
/// Ends the wait that `caseload request-info` began: the resolution clocks run again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload info-received C-10412
  caseload info-received C-10412 \"Log files came by mail\"")]
pub struct Args {
    /// Case ids; after a single one the text may follow in quotes
    #[arg(value_name = "ID", required = true)]
    words: Vec<String>,
    /// What came; - reads standard input
    #[arg(long, value_name = "T")]
    text: Option<String>,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        let (ids, text) = ids_and_text(self.words, self.text)?;
        Order::new(ids, &self.guard, Deed::Same(Action::InfoReceived { text }))
    }
}
