//! `caseload close`

use super::act::Order;
use super::args::{Guard, word};
use super::outcome::Failure;
use super::text::Texts;
use crate::domain::{Action, CaseId, Cause, ResolutionKind};

/// Close a case with its resolution
///
/// A case closes with the kind of its resolution and a text that the customer can read. A valid
/// explanation or a workaround is a resolution. Closing meets every clock that was not missed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload close C-10412 --resolution explanation --cause setting --text \"Port 5900 was blocked.\"
  caseload close C-10412 --resolution duplicate --duplicate-of C-10398 --text \"See C-10398.\"")]
pub struct Args {
    /// Case id, such as C-10412
    #[arg(value_name = "ID")]
    id: String,
    /// The kind of resolution
    #[arg(long, value_name = "WORD", value_parser = word!(ResolutionKind))]
    resolution: ResolutionKind,
    /// What the customer can read; - reads standard input
    #[arg(long, value_name = "T")]
    text: String,
    /// What lay behind the case
    #[arg(long, value_name = "WORD", value_parser = word!(Cause))]
    cause: Option<Cause>,
    /// The case that this one repeats
    #[arg(long, value_name = "ID")]
    duplicate_of: Option<String>,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        let action = Action::Close {
            resolution: self.resolution,
            text: Texts::default().resolve(self.text)?,
            cause: self.cause,
            duplicate_of: self.duplicate_of.map(CaseId::new),
        };
        Order::one(self.id, &self.guard, action)
    }
}
