//! `caseload phone`

use super::act::Order;
use super::args::Guard;
use super::outcome::Failure;
use super::session::Texts;
use crate::domain::Action;

/// Log a phone call
///
/// A Critical case asks for one (`phone follow-up due`) until it is logged: with whom, and what was said.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload phone C-10412 --with \"Ida Holm\" --text \"Host service restarted, works for now\"
  caseload phone C-10412 --with \"Ida Holm\" --text -")]
pub struct Args {
    /// Case id, such as C-10412
    #[arg(value_name = "ID")]
    id: String,
    /// With whom
    #[arg(long, value_name = "WHO")]
    with: String,
    /// What was said; - reads standard input
    #[arg(long, value_name = "T")]
    text: String,
    #[command(flatten)]
    guard: Guard,
}

impl Args {
    pub fn order(self) -> Result<Order, Failure> {
        let text = Texts::default().resolve(self.text)?;
        Order::one(self.id, &self.guard, Action::LogPhoneCall { with: self.with, text })
    }
}
