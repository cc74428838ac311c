//! `caseload sla`

use super::sla_eval;

/// The arithmetic of the clocks
///
/// The same engine that the desk's clocks run on, without a desk.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload sla eval < clocks.jsonl
  caseload sla eval --help")]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Eval(sla_eval::Args),
}
