//! `caseload eligibility`

use super::act::Order;
use super::args::word;
use super::outcome::Failure;
use super::text::IdAndReason;
use crate::domain::{Action, Eligibility};

/// Set whether a case's licence key entitles to support
///
/// A case with an unknown or ineligible key cannot be escalated before somebody with the right to do so
/// marks it eligible.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload eligibility C-10412 eligible --reason \"Key renewed today, invoice 4711\"
  caseload eligibility C-10412 not_eligible --reason \"Contract ended in May\"")]
pub struct Args {
    #[command(flatten)]
    what: IdAndReason,
    /// The eligibility
    #[arg(value_name = "WORD", value_parser = word!(Eligibility))]
    word: Eligibility,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        self.what.order(|reason| Action::SetEligibility { eligibility: self.word, reason })
    }
}
