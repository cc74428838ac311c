//! Asks the person before something is done that cannot be taken back.

use std::io::{BufRead, Write};

use super::outcome::{Exit, Failure};
use super::session::Session;

/// Asks on the terminal; anything but yes ends the command. `nothing` says what was left as it was.
pub fn ask(session: &mut Session<'_>, question: &str, nothing: &str) -> Result<(), Failure> {
    session.output.flush()?;
    if !session.output.interactive || session.output.json {
        return Err(Failure::usage(format!(
            "{nothing}: without a terminal nobody can be asked; give --yes"
        )));
    }
    let mut err = std::io::stderr();
    err.write_all(format!("{question} [y/N] ").as_bytes()).and_then(|()| err.flush())?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
        Ok(())
    } else {
        Err(Failure::new(Exit::Failed, nothing))
    }
}
