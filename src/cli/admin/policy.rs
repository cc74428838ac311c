//! `caseload admin policy`

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::super::at::At;
use super::on_desk;
use crate::cli::outcome::{Exit, Failure};
use crate::cli::session::Session;
use crate::config::policy_file::PolicyFile;
use crate::domain::text::safe_line;
use crate::service::store::{Applied, Place, PolicyVersion};
use crate::sla::policy::{Policy, PolicyChange};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check a policy file
    ///
    /// Every wrong line is told, with its key, what is wrong and what is allowed. What is right but seldom
    /// meant is remarked on standard error. Exit code 2 if anything is wrong. No desk is asked.
    #[command(after_help = "Examples:
  caseload admin policy check policy.toml
  caseload admin policy check policy.toml --json")]
    Check {
        /// The policy file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put a policy file in force on a desk
    ///
    /// Needs a version that the desk has not seen with other content. Clocks that run keep the policy under
    /// which they started, unless the new one says policy_change = \"apply\". A service that runs on the
    /// folder goes by it from the next request on.
    #[command(after_help = "Examples:
  caseload admin policy apply policy.toml --dry-run
  caseload admin policy apply policy.toml --data ./desk")]
    Apply {
        /// The policy file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Only say what it would do to the clocks that run
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        at: At,
    },
    /// Write a desk's policy to standard output
    ///
    /// The one in force, or an earlier version; for a desk that has none yet, the built-in one. A file of
    /// one's own starts from it.
    #[command(after_help = "Examples:
  caseload admin policy show > policy.toml
  caseload admin policy show 2026-11 --data ./desk")]
    Show {
        /// The version; by default the one in force
        #[arg(value_name = "VERSION")]
        version: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// List the versions that were put in force on a desk
    ///
    /// The oldest first; the last one is in force. None of them is ever changed or removed, since clocks
    /// remember theirs.
    #[command(after_help = "Examples:
  caseload admin policy list
  caseload admin policy list --data ./desk --json")]
    List {
        #[command(flatten)]
        at: At,
    },
}

pub async fn run(
    session: &mut Session<'_>,
    command: Command,
    now: DateTime<Utc>,
) -> Result<Exit, Failure> {
    match command {
        Command::Check { file } => check(session, &PolicyFile::read(&file)?),
        Command::Apply { file, dry_run, at } => {
            let file = PolicyFile::read(&file)?;
            let policy = file.policy()?;
            remarks(session, &file.name(), &policy, file.text());
            let place = at.place(session)?;
            let applied = on_desk(&place, &format!("apply {}", file.name()), async |desk| {
                desk.apply_policy(&policy, file.text(), dry_run, now).await
            })
            .await?;
            told(session, &applied, &policy, dry_run)
        }
        Command::Show { version, at } => show(session, version.as_deref(), at).await,
        Command::List { at } => list(session, at).await,
    }
}

/// What is right but seldom meant, on standard error.
fn remarks(session: &mut Session<'_>, name: &str, policy: &Policy, text: &str) {
    for remark in policy.remarks(text) {
        session.output.remark(&safe_line(&format!("{name}:{remark}"), 600));
    }
}

fn check(session: &mut Session<'_>, file: &PolicyFile) -> Result<Exit, Failure> {
    let name = file.name();
    match Policy::check_toml(file.text()) {
        Ok(policy) => {
            let document = policy.document();
            if session.output.json {
                session.output.json(&json!({
                    "file": name, "ok": true, "version": document.version, "errors": [],
                    "remarks": policy.remarks(file.text()),
                }))?;
                return Ok(Exit::Done);
            }
            remarks(session, &name, &policy, file.text());
            session.output.done(format!(
                "{name} is right: version {}, {} calendars, {} partners",
                safe_line(&document.version, 64),
                document.calendars.len(),
                document.partners.len()
            ))?;
            Ok(Exit::Done)
        }
        Err(errors) => {
            if session.output.json {
                session.output.json(&json!({
                    "file": name, "ok": false, "version": null, "errors": errors, "remarks": [],
                }))?;
                return Ok(Exit::Usage);
            }
            let lines: Vec<String> = errors.iter().map(|e| format!("{name}:{e}")).collect();
            Err(Failure::usage(lines.join("\n")))
        }
    }
}

/// Says what putting a policy in force did, or would do.
pub fn told(
    session: &mut Session<'_>,
    applied: &Applied,
    policy: &Policy,
    dry_run: bool,
) -> Result<Exit, Failure> {
    if session.output.json {
        session.output.json(&json!({
            "version": applied.version, "before": applied.before, "already": applied.already,
            "running": applied.running, "moved": applied.moved,
            "newly_missed": applied.newly_missed, "dry_run": dry_run,
        }))?;
        return Ok(Exit::Done);
    }
    let version = safe_line(&applied.version, 64);
    if applied.already {
        session.output.done(format!("policy {version} is in force already"))?;
        return Ok(Exit::Done);
    }
    let would = if dry_run { "would be " } else { "is " };
    let before = applied
        .before
        .as_ref()
        .map_or_else(String::new, |before| format!(", after {}", safe_line(before, 64)));
    session.output.done(format!("policy {version} {would}in force{before}"))?;
    let cases =
        |n: usize| if n == 1 { "1 open case".to_owned() } else { format!("{n} open cases") };
    if applied.running == 0 {
        return Ok(Exit::Done);
    }
    session.output.done(match policy.rules().policy_change {
        PolicyChange::Keep => {
            format!("the clocks of {} keep the policy they started under", cases(applied.running))
        }
        PolicyChange::Apply => format!(
            "the clocks of {} go by it from their start; {} past due at once",
            cases(applied.moved),
            match applied.newly_missed {
                0 => "none of them is".to_owned(),
                1 => "1 of them is".to_owned(),
                n => format!("{n} of them are"),
            }
        ),
    })?;
    Ok(Exit::Done)
}

/// The policies of a desk. A folder that is not there has none, and is not made for the question.
pub async fn versions(session: &Session<'_>, at: At) -> Result<Vec<PolicyVersion>, Failure> {
    let place = at.place(session)?;
    if matches!(&place, Place::Folder(folder) if !folder.is_dir()) {
        return Ok(Vec::new());
    }
    on_desk(&place, "read the policies", async |desk| desk.policies().await).await
}

async fn show(session: &mut Session<'_>, version: Option<&str>, at: At) -> Result<Exit, Failure> {
    let versions = versions(session, at).await?;
    let found = match version {
        None => versions.last().map_or(Policy::embedded_toml(), |v| v.document.as_str()),
        Some(wanted) => {
            let found = versions.iter().rfind(|v| v.version == wanted);
            found.map(|v| v.document.as_str()).ok_or_else(|| {
                let wanted = safe_line(wanted, 64);
                Failure::new(
                    Exit::Failed,
                    format!("Could not show policy {wanted}: it was never in force."),
                )
            })?
        }
    };
    session.output.line(found.trim_end_matches('\n'))?;
    Ok(Exit::Done)
}

async fn list(session: &mut Session<'_>, at: At) -> Result<Exit, Failure> {
    let versions = versions(session, at).await?;
    if session.output.json {
        let last = versions.last().map(|v| v.n);
        let rows: Vec<_> = versions
            .iter()
            .map(|v| json!({ "version": v.version, "since": v.since, "in_force": Some(v.n) == last }))
            .collect();
        session.output.json_array(&rows)?;
        return Ok(Exit::Done);
    }
    if versions.is_empty() {
        let built_in = Policy::embedded();
        session.output.remark(&format!(
            "This desk has no policy yet; it starts with the configured one, or with the built-in {}.",
            built_in.version()
        ));
    }
    for (i, version) in versions.iter().enumerate() {
        let last = if i + 1 == versions.len() { "  in force" } else { "" };
        session.output.line(format!(
            "{}  since {}{last}",
            safe_line(&version.version, 64),
            version.since.format("%Y-%m-%d %H:%M UTC")
        ))?;
    }
    Ok(Exit::Done)
}
