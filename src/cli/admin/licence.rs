//! `caseload admin licence`

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::at::At;
use super::licence_file::{COLUMNS, LicenceFile, WrongField, fields};
use super::{on_existing_desk, table};
use crate::cli::outcome::{Exit, Failure};
use crate::cli::session::Session;
use crate::domain::text::safe_line;
use crate::service::store::{Differing, Imported, Outcome};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Import licences from a CSV file
    ///
    /// The header line is key,partner,company,eligible,addresses; eligible is yes or no, several addresses are
    /// separated by a space or a semicolon; the text is UTF-8. Every wrong field is told with its line, and
    /// with one nothing is imported (exit code 1). Licences that the file does not name stay as they are.
    ///
    /// It counts for reports from then on. Cases that are there keep the eligibility that they have; which open
    /// ones differ is told.
    #[command(after_help = "Examples:
  caseload admin licence import licences.csv --dry-run
  caseload admin licence import licences.csv --data ./desk
  caseload admin licence import licences.csv --json")]
    Import {
        /// The CSV file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Only say what it would do, line by line
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        at: At,
    },
    /// List licences
    ///
    /// All of them, or those in which all words of a query occur, whatever their case.
    #[command(after_help = "Examples:
  caseload admin licence list
  caseload admin licence list fjord --json")]
    List {
        /// Words of the key, partner, company or addresses
        #[arg(value_name = "QUERY", default_value = "")]
        query: String,
        #[command(flatten)]
        at: At,
    },
    /// Show one licence
    ///
    /// With the addresses on record, and how many cases have its key.
    #[command(after_help = "Examples:
  caseload admin licence show NW-1111-AAAA
  caseload admin licence show NW-1111-AAAA --json")]
    Show {
        /// The licence key
        #[arg(value_name = "KEY")]
        key: String,
        #[command(flatten)]
        at: At,
    },
    /// Write all licences as CSV to standard output
    ///
    /// It can be imported again. A cell that a spreadsheet would take for a formula gets a ' before it, which
    /// an import takes off.
    #[command(after_help = "Examples:
  caseload admin licence export > licences.csv
  caseload admin licence export --data ./desk > licences.csv")]
    Export {
        #[command(flatten)]
        at: At,
    },
}

/// How many licences are read at once.
const AT_ONCE: usize = 2000;
/// How many cases are named that differ.
const NAMED: usize = 10;

pub async fn run(
    session: &mut Session<'_>,
    command: Command,
    now: DateTime<Utc>,
) -> Result<Exit, Failure> {
    match command {
        Command::Import { file, dry_run, at } => import(session, &file, dry_run, &at, now).await,
        Command::List { query, at } => list(session, &query, &at).await,
        Command::Show { key, at } => show(session, &key, &at).await,
        Command::Export { at } => export(session, &at).await,
    }
}

async fn import(
    session: &mut Session<'_>,
    path: &Path,
    dry_run: bool,
    at: &At,
    now: DateTime<Utc>,
) -> Result<Exit, Failure> {
    let name = safe_line(&path.to_string_lossy(), 400);
    let opened = File::open(path).map_err(|error| {
        Failure::usage(format!("could not read the licences of {name}: {error}"))
    })?;
    let file = LicenceFile::read(BufReader::new(opened));
    let place = at.place(session)?;
    // Against the desk also when a field is wrong, so that everything wrong is told at once.
    let only_looks = dry_run || !file.wrong.is_empty();
    let imported = on_existing_desk(&place, &format!("import {name}"), async |desk| {
        desk.import_licences(&file.lines, only_looks, now).await
    })
    .await?;
    let mut wrong = file.wrong;
    for (line, outcome) in &imported.outcomes {
        if let Outcome::Wrong { message } = outcome {
            wrong.push(WrongField {
                line: *line,
                field: Some("partner"),
                message: message.clone(),
            });
        }
    }
    wrong.sort_by_key(|field| field.line);
    let refused = !wrong.is_empty();
    if session.output.json {
        told_as_json(session, &name, dry_run, &imported, &wrong)?;
    } else if refused {
        for field in &wrong {
            session.output.complain(&safe_line(&format!("{name}:{field}"), 600));
        }
        return Err(Failure::new(
            Exit::Failed,
            format!(
                "Could not import {name}: {}; nothing was imported.",
                wrong_fields(wrong.len())
            ),
        ));
    } else {
        told(session, &imported, &file.lines, dry_run)?;
    }
    Ok(if refused { Exit::Failed } else { Exit::Done })
}

fn wrong_fields(count: usize) -> String {
    if count == 1 { "1 field is wrong".to_owned() } else { format!("{count} fields are wrong") }
}

fn counts(imported: &Imported) -> (usize, usize, usize) {
    (
        imported.count(|outcome| matches!(outcome, Outcome::Added)),
        imported.count(|outcome| matches!(outcome, Outcome::Changed { .. })),
        imported.count(|outcome| matches!(outcome, Outcome::Unchanged)),
    )
}

fn told_as_json(
    session: &mut Session<'_>,
    name: &str,
    dry_run: bool,
    imported: &Imported,
    wrong: &[WrongField],
) -> Result<(), Failure> {
    let (added, changed, unchanged) = counts(imported);
    let lines: Vec<Value> = imported
        .outcomes
        .iter()
        .map(|(line, outcome)| {
            let mut value = json!(outcome);
            value["line"] = json!(line);
            value
        })
        .collect();
    session.output.json(&json!({
        "file": name, "imported": wrong.is_empty() && !dry_run, "dry_run": dry_run, "added": added,
        "changed": changed, "unchanged": unchanged, "wrong": wrong, "lines": lines,
        "differing": imported.differing,
    }))
}

fn told(
    session: &mut Session<'_>,
    imported: &Imported,
    lines: &[crate::service::store::LicenceLine],
    dry_run: bool,
) -> Result<(), Failure> {
    for ((line, outcome), licence) in imported.outcomes.iter().zip(lines) {
        let word = match outcome {
            Outcome::Added => "added".to_owned(),
            Outcome::Changed { fields } => format!("changed: {}", fields.join(", ")),
            // What stays as it is is of interest only before.
            Outcome::Unchanged if dry_run => "unchanged".to_owned(),
            Outcome::Unchanged | Outcome::Wrong { .. } => continue,
        };
        session.output.done(format!("{line}: {}  {word}", safe_line(&licence.key, 60)))?;
    }
    let (added, changed, unchanged) = counts(imported);
    let would = if dry_run { "would be " } else { "" };
    session
        .output
        .done(format!("{would}{added} added, {changed} changed, {unchanged} unchanged"))?;
    let differing = &imported.differing;
    if let Some(Differing { by_licence, .. }) = differing.first() {
        let named: Vec<String> = differing
            .iter()
            .take(NAMED)
            .map(|d| format!("{} ({}, by its licence {})", d.case, d.is, d.by_licence))
            .collect();
        let more = differing.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let open = if differing.len() == 1 {
            "1 open case has".to_owned()
        } else {
            format!("{} open cases have", differing.len())
        };
        session.output.remark(&format!(
            "{open} another eligibility than its licence gives, which stays: {}{more}. To change it: caseload \
             eligibility ID {by_licence} --reason …",
            named.join(", ")
        ));
    }
    Ok(())
}

async fn list(session: &mut Session<'_>, query: &str, at: &At) -> Result<Exit, Failure> {
    let place = at.place(session)?;
    let found = on_existing_desk(&place, "list the licences", async |desk| {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let (page, next) = desk.licences(query, &after, AT_ONCE).await?;
            all.extend(page);
            match next {
                Some(next) => after = next,
                None => return Ok(all),
            }
        }
    })
    .await?;
    if session.output.json {
        session.output.json_array(&found)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = found
        .into_iter()
        .map(|l| {
            vec![
                l.key,
                l.partner.as_str().to_owned(),
                if l.eligible { "yes" } else { "no" }.to_owned(),
                l.company,
                l.addresses.join(" "),
            ]
        })
        .collect();
    table(session, &["key", "partner", "eligible", "company", "addresses"], &rows)?;
    Ok(Exit::Done)
}

async fn show(session: &mut Session<'_>, key: &str, at: &At) -> Result<Exit, Failure> {
    let place = at.place(session)?;
    let what = format!("show the licence {}", safe_line(key, 60));
    let (licence, open, all) =
        on_existing_desk(&place, &what, async |desk| desk.licence(key).await).await?;
    if session.output.json {
        session.output.json(&json!({ "licence": licence, "open_cases": open, "cases": all }))?;
        return Ok(Exit::Done);
    }
    let eligible = if licence.eligible { "eligible" } else { "not eligible" };
    let addresses =
        if licence.addresses.is_empty() { "none".to_owned() } else { licence.addresses.join(" ") };
    session.output.line(format!(
        "{}  {}",
        safe_line(&licence.key, 300),
        safe_line(&licence.company, 300)
    ))?;
    session.output.line(format!("{eligible}, partner {}", licence.partner))?;
    session.output.line(format!("addresses: {}", safe_line(&addresses, 4000)))?;
    session.output.line(format!("cases: {open} open, {all} in all"))?;
    Ok(Exit::Done)
}

async fn export(session: &mut Session<'_>, at: &At) -> Result<Exit, Failure> {
    let place = at.place(session)?;
    let text = on_existing_desk(&place, "export the licences", async |desk| {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let failed = |error: csv::Error| {
            crate::service::store::StoreError::Refused(format!("it cannot be written: {error}"))
        };
        writer.write_record(COLUMNS).map_err(failed)?;
        let mut after = String::new();
        loop {
            let (page, next) = desk.licences("", &after, AT_ONCE).await?;
            for licence in &page {
                writer.write_record(fields(licence)).map_err(failed)?;
            }
            match next {
                Some(next) => after = next,
                None => break,
            }
        }
        Ok(writer.into_inner().unwrap_or_default())
    })
    .await?;
    session.output.line(text.strip_suffix(b"\n").unwrap_or(&text))?;
    Ok(Exit::Done)
}
