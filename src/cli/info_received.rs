//! `caseload info-received`

use super::act::{Deed, Order};
use super::args::Guard;
use super::outcome::Failure;
use super::text::IdsAndText;
use crate::config::Environment;
use crate::domain::Action;

/// Record that the customer's information came
///
/// Ends the wait that `caseload request-info` began: the resolution clocks run again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload info-received C-10412
  caseload info-received C-10412 \"Log files came by mail\"")]
pub struct Args {
    #[command(flatten)]
    what: IdsAndText,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self, environment: &Environment) -> Result<Order, Failure> {
        let (ids, text) = self.what.split(environment)?;
        Order::new(ids, &self.guard, Deed::Same(Action::InfoReceived { text }))
    }
}
