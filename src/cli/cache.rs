//! `caseload cache`

use serde_json::json;

use super::outcome::{Exit, Failure};
use super::session::Session;
use crate::domain::text::safe_line;
use crate::sync::store::{Freed, Place, clear_all_caches};

/// The copy of the queue that is kept on this machine
///
/// It opens the screen at once, and lets list and show work with --offline. All of it can be had again from the
/// desk.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload cache clear
  caseload cache clear --desk nordwind")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Delete the copies of all desks, or of the one of --desk
    ///
    /// The next screen loads the queue anew. What waits in the outbox and drafts are not touched.
    #[command(after_help = "Examples:
  caseload cache clear
  caseload cache clear --desk nordwind")]
    Clear,
}

pub fn run(session: &mut Session<'_>, args: &Args) -> Result<Exit, Failure> {
    let Command::Clear = args.command;
    let settings = session.settings()?;
    let places = &settings.places;
    // Without a desk that is asked for also those that are no longer configured.
    let (whose, freed) = if settings.desk.is_some() {
        let desk = settings.selected_desk()?;
        let place = Place::of(&places.state, &places.cache, &desk.url);
        (format!("of desk {}", desk.name), place.clear_cache())
    } else {
        ("of all desks".to_owned(), clear_all_caches(&places.cache))
    };
    let freed = freed.map_err(|error| {
        let folder = safe_line(&places.cache.to_string_lossy(), 400);
        Failure::new(Exit::Failed, format!("Could not clear the cache in {folder}: {error}."))
    })?;
    if session.output.json {
        session.output.json(&json!({ "files": freed.files, "freed_bytes": freed.bytes }))?;
    } else {
        session.output.done(format!("The cache {whose} is empty: {}.", said(freed)))?;
    }
    Ok(Exit::Done)
}

/// "3 files, 1.2 MB freed"
pub fn said(freed: Freed) -> String {
    let Freed { files, bytes } = freed;
    match files {
        0 => "there was nothing to delete".to_owned(),
        1 => format!("1 file, {} freed", size(bytes)),
        files => format!("{files} files, {} freed", size(bytes)),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        b if b >= 10_000_000 => format!("{} MB", b / 1_000_000),
        b if b >= 1_000_000 => format!("{}.{} MB", b / 1_000_000, b / 100_000 % 10),
        b if b >= 1_000 => format!("{} kB", b / 1_000),
        b => format!("{b} bytes"),
    }
}
