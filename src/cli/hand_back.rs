//! `caseload hand-back`

use super::act::Order;
use super::outcome::Failure;
use super::text::IdAndReason;
use crate::domain::Action;

/// Hand a case back to the tier before
///
/// The clock of the tier before resumes with what it had left.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload hand-back C-10412 --reason \"A setting: see chapter 4\"
  caseload hand-back C-10412 --reason - --if-revision 9")]
pub struct Args {
    #[command(flatten)]
    what: IdAndReason,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        self.what.order(|reason| Action::HandBack { reason })
    }
}
