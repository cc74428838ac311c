//! `caseload workaround`

use super::act::{Deed, Order, ids_and_required_text};
use super::args::Guard;
use super::outcome::Failure;
use crate::domain::Action;

/// Record a workaround
///
/// For a workaround that helps and does not settle the case: it lowers the severity by one step. One that settles the case closes it (`caseload close --resolution workaround`).
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload workaround C-10412 \"Restart the host service every night\"
  caseload workaround C-10412 C-10413 --text -")]
pub struct Args {
    /// Case ids; after a single one the text may follow in quotes
    #[arg(value_name = "ID", required = true)]
    words: Vec<String>,
    /// What the workaround is; - reads standard input
    #[arg(long, value_name = "T")]
    text: Option<String>,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        let (ids, text) = ids_and_required_text(self.words, self.text)?;
        Order::new(ids, &self.guard, Deed::Same(Action::RecordWorkaround { text }))
    }
}
