//! `caseload reopen`

use super::act::Order;
use super::args::Guard;
use super::outcome::Failure;
use super::text::Texts;
use crate::domain::Action;

/// Open a closed case again
///
/// Its resolution clock resumes with what was used before; the time in between does not count.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload reopen C-10412 --reason \"It happens again since this morning\"
  caseload reopen C-10412 --reason - --json")]
pub struct Args {
    /// Case id, such as C-10412
    #[arg(value_name = "ID")]
    id: String,
    /// Why; - reads standard input
    #[arg(long, value_name = "R")]
    reason: String,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        let reason = Texts::default().resolve(self.reason)?;
        Order::one(self.id, &self.guard, Action::Reopen { reason })
    }
}
