//! Plain `caseload`: the screen on the configured desks.

use super::demo;
use super::outcome::{Exit, Failure};
use super::session::{Connection, Session};
use super::theme;
use crate::app::welcome::{Chosen, Welcome};
use crate::config::Settings;
use crate::domain::text::safe_line;
use crate::runtime::{self, Checker, Stage};

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
        return first_start(session, &settings).await;
    }
    let (connections, notices) = connect(session, &settings).await?;
    show(session, &settings, connections, notices).await
}

/// The ways to the desks, and what is to be told of those to which there is none.
async fn connect(
    session: &mut Session<'_>,
    settings: &Settings,
) -> Result<(Vec<Connection>, Vec<String>), Failure> {
    let (connections, failures) = session.connect_all(settings).await?;
    let mut untold = Vec::new();
    for failure in failures {
        // Told on the screen, and left behind it for when it has been quit.
        session.output.failure(&failure);
        if let Failure::Said { sentence, .. } = failure {
            untold.push(sentence);
        }
    }
    Ok((connections, untold))
}

/// Where no desk is configured: one is connected and opened, or the demo is, or nothing.
async fn first_start(session: &mut Session<'_>, settings: &Settings) -> Result<Exit, Failure> {
    if session.environment.text("TERM") == Some("dumb") {
        return Err(Failure::usage(first_words(settings)));
    }
    let options = options(session, settings, Vec::new())?;
    let mut stage = Stage::enter(options.mouse).map_err(|error| failed(&error))?;
    let file = safe_line(&settings.file.value.to_string_lossy(), 400);
    let welcome = Welcome::new(options.ascii, options.keymap.clone(), file);
    let checker = Checker {
        environment: session.environment.clone(),
        config: settings.file.value.clone(),
        insecure_http: settings.insecure_http,
    };
    match stage.welcome(welcome, &options, checker).await.map_err(|error| failed(&error))? {
        Chosen::Quit => Ok(Exit::Done),
        Chosen::Demo => demo::look_around(session, settings, stage).await,
        Chosen::Desk(_) => {
            let settings = session.settings()?;
            session.on_screen = true;
            let (connections, notices) = connect(session, &settings).await?;
            show_on(stage, session, &settings, connections, notices).await
        }
    }
}

/// Opens the screen on these desks until the person leaves it; `notices` are told there first.
pub async fn show(
    session: &Session<'_>,
    settings: &Settings,
    connections: Vec<Connection>,
    notices: Vec<String>,
) -> Result<Exit, Failure> {
    let stage = Stage::enter(settings.screen.mouse.value).map_err(|error| failed(&error))?;
    show_on(stage, session, settings, connections, notices).await
}

/// The same on a terminal that is taken already.
pub async fn show_on(
    stage: Stage,
    session: &Session<'_>,
    settings: &Settings,
    connections: Vec<Connection>,
    notices: Vec<String>,
) -> Result<Exit, Failure> {
    let options = options(session, settings, notices)?;
    let mut desks = Vec::new();
    for connection in connections {
        desks.push(runtime::Desk {
            store: connection.store().await?,
            name: connection.desk,
            api: connection.api,
            clock: connection.clock,
        });
    }
    stage.show(desks, options).await.map_err(|error| failed(&error))?;
    Ok(Exit::Done)
}

fn options(
    session: &Session<'_>,
    settings: &Settings,
    notices: Vec<String>,
) -> Result<runtime::Options, Failure> {
    let variable = |name| session.environment.text(name).filter(|value| !value.trim().is_empty());
    let editor = variable("VISUAL").or_else(|| variable("EDITOR"));
    Ok(runtime::Options {
        ascii: settings.screen.ascii.value,
        looks: theme::looks(session, settings)?,
        ask_ground: runtime::answers(&session.environment),
        mouse: settings.screen.mouse.value,
        keymap: settings.keymap.keymap.clone(),
        downloads: settings
            .screen
            .downloads
            .as_ref()
            .map(|to| to.value.clone())
            .unwrap_or_default(),
        alerts_at: settings.alerts.at.value.clone(),
        case_links: settings
            .desks
            .iter()
            .filter_map(|desk| Some((desk.name.clone(), desk.case_link.clone()?)))
            .collect(),
        canned: settings.canned.clone(),
        editor: editor.map(str::to_owned),
        notices,
    })
}

fn failed(error: &anyhow::Error) -> Failure {
    Failure::new(Exit::Failed, safe_line(&format!("{error:#}"), 400))
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
