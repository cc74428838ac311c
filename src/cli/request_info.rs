//! `caseload request-info`

use super::act::{Deed, Order, ids_and_required_text};
use super::args::{Guard, word};
use super::outcome::Failure;
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
    /// Case ids; after a single one the text may follow in quotes
    #[arg(value_name = "ID", required = true)]
    words: Vec<String>,
    /// What the customer reads; - reads standard input
    #[arg(long, value_name = "T")]
    text: Option<String>,
    /// What is missing; may be given several times
    #[arg(long = "item", value_name = "I", value_parser = word!(InfoItem))]
    items: Vec<InfoItem>,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        let (ids, text) = ids_and_required_text(self.words, self.text)?;
        Order::new(ids, &self.guard, Deed::Same(Action::RequestInfo { text, items: self.items }))
    }
}
