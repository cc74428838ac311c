//! `caseload request-info`

use super::act::{Deed, Order};
use super::args::{Guard, word};
use super::outcome::Failure;
use super::text::IdsAndText;
use crate::config::Environment;
use crate::domain::{Action, InfoItem};

/// Ask the customer for information
///
/// The customer reads the text. Until the answer comes the case waits, and its resolution clocks are
/// held; the response clock never is. What is missing can be named item by item.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload request-info C-10412 \"Please send the log files of today.\" --item log_files
  caseload request-info C-10412 --item version --item steps --text -")]
pub struct Args {
    #[command(flatten)]
    what: IdsAndText,
    /// What is missing; may be given several times
    #[arg(long = "item", value_name = "I", value_parser = word!(InfoItem))]
    items: Vec<InfoItem>,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self, environment: &Environment) -> Result<Order, Failure> {
        let (ids, text) = self.what.split_with_text(environment)?;
        Order::new(ids, &self.guard, Deed::Same(Action::RequestInfo { text, items: self.items }))
    }
}
