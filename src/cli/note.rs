//! `caseload note`

use super::act::{Deed, Order};
use super::args::Guard;
use super::outcome::Failure;
use super::text::IdsAndText;
use crate::config::Environment;
use crate::domain::Action;

/// Write an internal note on cases
///
/// Internal: the customer never sees it. What the customer is to read goes out with `caseload reply`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload note C-10412 \"Asked for the log files by phone\"
  caseload note C-10412 C-10413 --text -")]
pub struct Args {
    #[command(flatten)]
    what: IdsAndText,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self, environment: &Environment) -> Result<Order, Failure> {
        let (ids, text) = self.what.split_with_text(environment)?;
        Order::new(ids, &self.guard, Deed::Same(Action::Note { text }))
    }
}
