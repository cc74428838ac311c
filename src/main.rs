//! The program `caseload`: parses, calls the library, gives its exit code.

use std::process::ExitCode;

use caseload::cli;
use caseload::config::Environment;

fn main() -> ExitCode {
    cli::main(std::env::args_os(), Environment::of_process())
}
