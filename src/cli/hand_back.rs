//! `caseload hand-back`

use super::act::Order;
use super::args::Guard;
use super::outcome::Failure;
use super::text::Texts;
use crate::domain::Action;

/// Hand a case back to the tier before
///
/// The clock of the tier before resumes with what it had left.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload hand-back C-10412 --reason \"A setting: see chapter 4\"
  caseload hand-back C-10412 --reason - --if-revision 9")]
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
        Order::one(self.id, &self.guard, Action::HandBack { reason })
    }
}
