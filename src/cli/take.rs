//! `caseload take`

use super::act::Order;
use super::args::{Guard, Ids};
use super::outcome::Failure;
use crate::domain::Action;

/// Take cases: you become their assignee
///
/// Others see at once that the case is yours. `caseload release` gives it back to the queue.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload take C-10412
  caseload take C-10412 C-10413 --json")]
pub struct Args {
    #[command(flatten)]
    ids: Ids,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        Order::same(self.ids, &self.guard, Action::Take {})
    }
}
