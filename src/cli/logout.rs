//! `caseload logout`

use serde_json::json;

use super::cache::said;
use super::confirm;
use super::outbox::{Kept, entry, every};
use super::outcome::{Exit, Failure};
use super::session::Session;
use crate::config::{Settings, TokenPlace};
use crate::domain::Untrusted;
use crate::domain::text::safe_line;
use crate::sync::store::Place;

/// Forget on this machine what a desk has told you
///
/// Deletes the copy of the queue, whose the token is, and the view that the screen was left with: of the desk
/// of --desk, or of all of them. Acts that were not sent and drafts hold it up, and are named; --discard gives
/// them up as well, and asks first (without a terminal it needs --yes). The token itself stays where it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload logout
  caseload logout --desk nordwind --discard")]
pub struct Args {
    /// Give up acts that were not sent, and drafts
    #[arg(long)]
    discard: bool,
    /// Do not ask before they are given up
    #[arg(long, requires = "discard")]
    yes: bool,
}

const NOTHING: &str = "nothing was forgotten";

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    let (all, worst) = every(session).await?;
    let mut left = Vec::new();
    for kept in &all {
        left.extend(unsent(kept).await?);
    }
    if !left.is_empty() {
        for line in &left {
            session.output.complain(&format!("  {line}"));
        }
        let what = if left.len() == 1 { "this" } else { "these" };
        if !args.discard {
            return Err(Failure::new(
                Exit::Failed,
                format!(
                    "{what} would be lost, so {NOTHING}. Send what waits (caseload outbox send) and finish the \
                     drafts on the screen, or give it all up with caseload logout --discard"
                ),
            ));
        }
        if !args.yes {
            confirm::ask(session, &format!("Give {what} up?"), NOTHING)?;
        }
    }
    let mut forgotten = Vec::new();
    for kept in &all {
        let desk = &kept.connection.desk;
        let fail = |error: &dyn std::fmt::Display| {
            let sentence =
                format!("Could not forget what is kept of desk {desk} on this machine: {error}.");
            Failure::new(Exit::Failed, sentence)
        };
        kept.store.forget().await.map_err(|error| fail(&error))?;
        let place = kept.connection.place.as_ref();
        let freed = place.map(Place::clear_cache).transpose();
        let freed = freed.map_err(|error| fail(&error))?.unwrap_or_default();
        if session.output.json {
            forgotten.push(json!({
                "desk": desk, "files": freed.files, "freed_bytes": freed.bytes,
            }));
            continue;
        }
        session.output.done(format!("Logged out of desk {desk}: {}.", said(freed)))?;
        session.output.remark(&token_stays(&settings, desk));
    }
    if session.output.json {
        session.output.json_array(&forgotten)?;
    }
    Ok(worst)
}

/// What would be lost, a line each, safe for a terminal.
async fn unsent(kept: &Kept) -> Result<Vec<String>, Failure> {
    let outbox = kept.outbox().await?;
    let drafts = kept.store.drafts().await.map_err(|error| kept.failed("read", &error))?;
    let acts = outbox.entries.iter().map(|entry| {
        let text = Untrusted::new(entry::act(&entry.case, &entry.action)).cell(160);
        format!("{} ({}): {text}", entry.n, entry::state(&entry.state))
    });
    let damaged = outbox.damaged.iter().map(|entry| {
        let text = entry.text.cell(160);
        format!("{} (damaged): {text}", entry.n)
    });
    let written = drafts.drafts.iter().map(|draft| format!("a draft on {}", draft.case));
    let lost = drafts.damaged.iter().map(|_| "a damaged draft".to_owned());
    let desk = &kept.connection.desk;
    let all = acts.chain(damaged).chain(written).chain(lost);
    Ok(all.map(|what| format!("desk {desk}: {what}")).collect())
}

/// That the token is where it was, and how it goes from there.
fn token_stays(settings: &Settings, desk: &str) -> String {
    let Some(desk) = settings.desks.iter().find(|it| it.name == desk) else {
        return String::new();
    };
    let path = |path: &std::path::Path| safe_line(&path.to_string_lossy(), 300);
    let how = match &desk.token {
        TokenPlace::Environment => {
            "in CASELOAD_TOKEN; to remove it: unset CASELOAD_TOKEN".to_owned()
        }
        TokenPlace::Variable(name) => {
            let name = safe_line(name, 100);
            format!("in the variable {name}; to remove it: unset {name}")
        }
        TokenPlace::File(file) => {
            format!("in the file {0}; to remove it, delete that file", path(file))
        }
        TokenPlace::Command(_) => {
            "with what token_command asks; remove it there, or token_command from the configuration"
                .to_owned()
        }
        TokenPlace::Literal { file, .. } => {
            format!(
                "in {}; to remove it, delete the line token of [desk.{}]",
                path(file),
                desk.name
            )
        }
        TokenPlace::Keyring => "in the keyring; remove it there".to_owned(),
        TokenPlace::Missing => "nowhere".to_owned(),
    };
    format!(
        "The token is still {how}. For it to count no more, an administrator revokes it (caseload admin token \
         revoke)."
    )
}
