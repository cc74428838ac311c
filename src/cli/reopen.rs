//! `caseload reopen`

use super::act::Order;
use super::outcome::Failure;
use super::text::IdAndReason;
use crate::domain::Action;

/// Open a closed case again
///
/// Its resolution clock resumes with what was used before; the time in between does not count.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload reopen C-10412 --reason \"It happens again since this morning\"
  caseload reopen C-10412 --reason - --json")]
pub struct Args {
    #[command(flatten)]
    what: IdAndReason,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        self.what.order(|reason| Action::Reopen { reason })
    }
}
