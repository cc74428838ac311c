//! `caseload sla eval`: standard input to standard output, through [`crate::sla::eval`].

use std::io::{self, BufWriter};

use super::outcome::{Exit, Failure};

/// Works out clocks: one JSON object a line in, one a line out
///
/// Each line names a calendar, a start, a target and pauses, and gets the due instant and what the clock
/// says at the probes. A line that cannot be answered gets an error in its place, and the exit code is 1
/// at the end. No desk is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload sla eval < clocks.jsonl
  caseload sla eval < clocks.jsonl > answers.jsonl")]
pub struct Args {}

/// Answers every line of standard input.
pub fn run() -> Result<Exit, Failure> {
    let input = io::stdin().lock();
    let output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match crate::sla::eval::run(input, output) {
        Ok(true) => Ok(Exit::Done),
        Ok(false) => Ok(Exit::Failed),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::ReaderGone),
        Err(error) => {
            Err(Failure::new(Exit::Failed, format!("sla eval could not read or write: {error}")))
        }
    }
}
