//! `caseload severity`

use super::act::Order;
use super::args::{Guard, word};
use super::outcome::Failure;
use super::text::Texts;
use crate::domain::{Action, Severity};

/// Set a case's severity
///
/// The targets become those of the new severity, counted from the clocks' original start: a due time may
/// move into the past. Clocks that have ended stay as they ended.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload severity C-10412 high --reason \"Only the lab is affected\"
  caseload severity C-10412 critical --reason - --if-revision 7")]
pub struct Args {
    /// Case id, such as C-10412
    #[arg(value_name = "ID")]
    id: String,
    /// The severity
    #[arg(value_name = "LEVEL", value_parser = word!(Severity))]
    level: Severity,
    /// Why; - reads standard input
    #[arg(long, value_name = "R")]
    reason: String,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        let reason = Texts::default().resolve(self.reason)?;
        Order::one(self.id, &self.guard, Action::SetSeverity { severity: self.level, reason })
    }
}
