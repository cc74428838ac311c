//! `caseload reply`

use super::act::{Deed, Order};
use super::args::Guard;
use super::outcome::Failure;
use super::text::IdsAndText;
use crate::config::Environment;
use crate::domain::Action;

/// Write to the customers of cases
///
/// The customer reads the text. What only the desk is to read belongs into `caseload note`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload reply C-10412 \"Please install the update of today.\"
  caseload reply C-10412 C-10413 --text -")]
pub struct Args {
    #[command(flatten)]
    what: IdsAndText,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self, environment: &Environment) -> Result<Order, Failure> {
        let (ids, text) = self.what.split_with_text(environment)?;
        Order::new(ids, &self.guard, Deed::Same(Action::Reply { text }))
    }
}
