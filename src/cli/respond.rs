//! `caseload respond`

use super::act::Order;
use super::args::{Guard, Ids};
use super::outcome::Failure;
use super::text::resolved;
use crate::domain::Action;

/// Tell customers that their case is received
///
/// Stops the response clock. Without a text the case id is the response, which is enough for the target;
/// with --text the customer reads that too.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload respond C-10412
  caseload respond C-10412 C-10413 --text \"We are looking into it.\"")]
pub struct Args {
    #[command(flatten)]
    ids: Ids,
    /// What the customer reads; - reads standard input
    #[arg(long, value_name = "T")]
    text: Option<String>,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        let text = resolved(self.text)?;
        Order::same(self.ids, &self.guard, Action::Respond { text })
    }
}
