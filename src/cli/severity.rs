//! `caseload severity`

use super::act::Order;
use super::args::word;
use super::outcome::Failure;
use super::text::IdAndReason;
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
    #[command(flatten)]
    what: IdAndReason,
    /// The severity
    #[arg(value_name = "LEVEL", value_parser = word!(Severity))]
    level: Severity,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        self.what.order(|reason| Action::SetSeverity { severity: self.level, reason })
    }
}
