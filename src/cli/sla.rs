//! `caseload sla`

use super::{sla_eval, sla_explain, sla_preview};

/// The clocks: why they read so, what an act would do to them, and their arithmetic
///
/// All by the same engine that the desk's clocks run on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload sla explain C-10412
  caseload sla preview C-10412 escalate --reason \"Replicated on 15.2\"
  caseload sla eval < clocks.jsonl")]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Explain(sla_explain::Args),
    Preview(sla_preview::Args),
    Eval(sla_eval::Args),
}
