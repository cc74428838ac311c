//! `caseload assign`

use super::act::Order;
use super::args::{Guard, Ids};
use super::outcome::Failure;
use crate::domain::{Action, UserId};

/// Give cases to somebody
///
/// The user becomes the assignee. To give a case to yourself, `caseload take` is shorter.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload assign C-10412 --to rhald
  caseload assign C-10412 C-10413 --to rhald")]
pub struct Args {
    #[command(flatten)]
    ids: Ids,
    /// The user's id
    #[arg(long, value_name = "USER")]
    to: String,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        Order::same(self.ids, &self.guard, Action::Assign { assignee: UserId::new(self.to) })
    }
}
