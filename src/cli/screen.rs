//! Plain `caseload`: the screen on the configured desks.

use super::outcome::{Exit, Failure};
use super::session::{Connection, Session};
use crate::config::{Settings, Theme};
use crate::domain::text::safe_line;
use crate::runtime;

/// Without a terminal.
const NO_TERMINAL: &str = "the screen needs a terminal; without one there are commands, such as \
                           `caseload list` (see caseload --help)";

pub async fn run(session: &mut Session<'_>) -> Result<Exit, Failure> {
    if session.globals.line {
        return Err(Failure::usage("the line mode (--line) is not available in this version"));
    }
    need_terminal(session)?;
    let settings = session.settings()?;
    if settings.desks.is_empty() && settings.desk.is_none() {
        return Err(Failure::usage(first_words(&settings)));
    }
    let (connections, failures) = session.connect_all(&settings).await?;
    let mut untold = Vec::new();
    for failure in failures {
        // Told on the screen, and left behind it for when it has been quit.
        session.output.failure(&failure);
        if let Failure::Said { sentence, .. } = failure {
            untold.push(sentence);
        }
    }
    show(session, &settings, connections, untold).await
}

/// Opens the screen on these desks until the person leaves it; `notices` are told there first.
pub async fn show(
    session: &Session<'_>,
    settings: &Settings,
    connections: Vec<Connection>,
    notices: Vec<String>,
) -> Result<Exit, Failure> {
    let options = runtime::Options {
        ascii: settings.screen.ascii.value,
        color: session.output.colour && settings.screen.theme.value != Theme::Mono,
        mouse: settings.screen.mouse.value,
        keymap: settings.keymap.keymap.clone(),
        downloads: settings
            .screen
            .downloads
            .as_ref()
            .map(|to| to.value.clone())
            .unwrap_or_default(),
        notices,
    };
    let mut desks = Vec::new();
    for connection in connections {
        desks.push(runtime::Desk {
            store: connection.store().await?,
            name: connection.desk,
            api: connection.api,
            clock: connection.clock,
        });
    }
    runtime::run(desks, options)
        .await
        .map_err(|error| Failure::new(Exit::Failed, safe_line(&format!("{error:#}"), 400)))?;
    Ok(Exit::Done)
}

/// Refuses where there is no terminal to draw on.
pub fn need_terminal(session: &Session<'_>) -> Result<(), Failure> {
    if session.output.interactive { Ok(()) } else { Err(Failure::usage(NO_TERMINAL)) }
}

/// What somebody needs to know who starts the program for the first time.
fn first_words(settings: &Settings) -> String {
    let file = safe_line(&settings.file.value.to_string_lossy(), 400);
    format!(
        "no desk is configured yet.

  To try it, with a desk of its own and made-up cases:
      caseload demo

  To connect to a desk:
      export CASELOAD_URL=https://desk.example.org
      export CASELOAD_TOKEN_FILE=~/desk.token   (or CASELOAD_TOKEN; chmod 600 the file)
      caseload

  To keep it: write the desk into {file}
      [desk.NAME]
      url = \"https://desk.example.org\"
      token_file = \"~/desk.token\""
    )
}
