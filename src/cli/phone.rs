//! `caseload phone`

use super::act::{Deed, Order};
use super::args::Guard;
use super::outcome::Failure;
use super::text::IdsAndText;
use crate::config::Environment;
use crate::domain::Action;

/// Log a phone call
///
/// A Critical case asks for one (`phone follow-up due`) until it is logged: with whom, and what was said.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload phone C-10412 --with \"Ida Holm\" --text \"Host service restarted, works for now\"
  caseload phone C-10412 --with \"Ida Holm\" --editor")]
pub struct Args {
    #[command(flatten)]
    what: IdsAndText,
    /// With whom
    #[arg(long, value_name = "WHO")]
    with: String,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self, environment: &Environment) -> Result<Order, Failure> {
        let (ids, text) = self.what.split_with_text(environment)?;
        let action = Action::LogPhoneCall { with: self.with, text };
        Order::new(ids, &self.guard, Deed::Same(action))
    }
}
