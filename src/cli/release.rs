//! `caseload release`

use super::act::Order;
use super::args::{Guard, Ids};
use super::outcome::Failure;
use crate::domain::Action;

/// Give cases back to the queue: nobody is their assignee
///
/// Undoes `caseload take`. The clocks run on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload release C-10412
  caseload release C-10412 --if-revision 7")]
pub struct Args {
    #[command(flatten)]
    ids: Ids,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        Order::same(self.ids, &self.guard, Action::Release {})
    }
}
