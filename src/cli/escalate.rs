//! `caseload escalate`

use clap::ValueEnum;

use super::act::{Deed, Escalation, Order};
use super::args::{Guard, word};
use super::outcome::Failure;
use super::text::Texts;
use crate::domain::action::NewCorrection;
use crate::domain::{CorrectionId, Finding, Tier};

/// Hand a case to the next tier
///
/// 1st level hands it to 2nd level with a reason. 2nd level hands a product error to Product Management:
/// that takes --finding product_error and the correction it belongs to, or a title for a new one. This
/// tier's resolution clock stops as it stands, and the next one's starts.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload escalate C-10412 --reason \"Replicated on 15.2; log files attached\"
  caseload escalate C-10412 --to product --finding product_error --correction K-17 --reason -
  caseload escalate C-10412 --reason \"A bug\" --finding product_error --new-correction \"Wrong icon\"")]
pub struct Args {
    /// Case id, such as C-10412
    #[arg(value_name = "ID")]
    id: String,
    /// Why; - reads standard input
    #[arg(long, value_name = "R")]
    reason: String,
    /// To whom; by default the next tier
    #[arg(long, value_name = "TIER")]
    to: Option<To>,
    /// What 2nd level found
    #[arg(long, value_name = "WORD", value_parser = word!(Finding))]
    finding: Option<Finding>,
    /// The correction that the case belongs to
    #[arg(long, value_name = "K", conflicts_with = "new_correction")]
    correction: Option<String>,
    /// The title of a new correction
    #[arg(long, value_name = "TITLE")]
    new_correction: Option<String>,
    #[command(flatten)]
    guard: Guard,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum To {
    Second,
    Product,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        let escalation = Escalation {
            reason: Texts::default().resolve(self.reason)?,
            finding: self.finding,
            correction: self.correction.map(CorrectionId::new),
            new_correction: self.new_correction.map(|title| NewCorrection { title }),
        };
        let deed = match self.to {
            Some(To::Second) => Deed::Same(escalation.to(Tier::Second)),
            Some(To::Product) => Deed::Same(escalation.to(Tier::Product)),
            None => Deed::EscalateToNext(escalation),
        };
        Order::new(vec![self.id], &self.guard, deed)
    }
}
