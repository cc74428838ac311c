//! `caseload workaround`

use super::act::{Deed, Order};
use super::args::Guard;
use super::outcome::Failure;
use super::text::IdsAndText;
use crate::config::Environment;
use crate::domain::Action;

/// Record a workaround
///
/// For a workaround that helps and does not settle the case: it lowers the severity by one step. One that settles the case closes it (`caseload close --resolution workaround`).
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload workaround C-10412 \"Restart the host service every night\"
  caseload workaround C-10412 C-10413 --text -")]
pub struct Args {
    #[command(flatten)]
    what: IdsAndText,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self, environment: &Environment) -> Result<Order, Failure> {
        let (ids, text) = self.what.split_with_text(environment)?;
        Order::new(ids, &self.guard, Deed::Same(Action::RecordWorkaround { text }))
    }
}
