//! `caseload admin calendar`

use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::Serialize;
use serde_json::json;

use super::super::at::At;
use super::{on_desk, policy};
use crate::cli::confirm;
use crate::cli::outcome::{Exit, Failure};
use crate::cli::session::Session;
use crate::config::holidays::{self, Holidays, Skipped, Years};
use crate::config::policy_file::{self, NamedDate, PolicyFile};
use crate::domain::text::safe_line;
use crate::service::store::{Place, PolicyVersion};
use crate::sla::policy::Policy;

/// What is said to who does not want it, or could not be asked.
const NOTHING: &str = "nothing was changed";

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add the holidays of an iCalendar file to a calendar
    ///
    /// Shows what it will add, what is there already and what it skips and why, and then asks. Whole days
    /// are taken, also over several days and every year; the last day of an event is the one before its
    /// DTEND. The policy file is the one of --policy, else the configured one; its comments stay. With --data
    /// the desk's policy in force gets the dates, as a new version.
    #[command(after_help = "Examples:
  caseload admin calendar import holidays.ics --calendar vendor --policy policy.toml
  caseload admin calendar import holidays.ics --calendar vendor --years 2027 --dry-run
  caseload admin calendar import holidays.ics --calendar vendor --data ./desk --yes")]
    Import(Import),
}

#[derive(Debug, clap::Args)]
pub struct Import {
    /// The iCalendar file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The calendar of the policy; may be left out where there is one only
    #[arg(long, value_name = "ID")]
    calendar: Option<String>,
    /// The policy file to change
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    policy: Option<PathBuf>,
    /// The years to take, such as 2027 or 2026-2027; by default this year and the next
    #[arg(long, value_name = "YEARS")]
    years: Option<Years>,
    /// Give the policy this version as well
    #[arg(long, value_name = "VERSION")]
    set_version: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Only show what it would do
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    #[command(flatten)]
    at: At,
}

/// Where the policy is that gets the dates.
enum Target {
    File(PolicyFile),
    /// The policy in force on a desk, the last of these.
    Desk {
        place: Place,
        versions: Vec<PolicyVersion>,
    },
}

impl Target {
    fn find(
        session: &Session<'_>,
        file: Option<&Path>,
        desk: Option<(Place, Vec<PolicyVersion>)>,
    ) -> Result<Self, Failure> {
        if let Some(file) = file {
            return Ok(Self::File(PolicyFile::read(file)?));
        }
        if let Some((place, versions)) = desk {
            if versions.is_empty() {
                return Err(Failure::usage(format!(
                    "the desk in {place} has no policy in force yet; change a file with --policy, and put \
                     it in force with caseload admin policy apply"
                )));
            }
            return Ok(Self::Desk { place, versions });
        }
        match session.settings()?.policy {
            Some(configured) => Ok(Self::File(PolicyFile::read(&configured.value)?)),
            None => Err(Failure::usage(
                "no policy file is configured: name one with --policy (caseload admin policy show > \
                 policy.toml makes one), or the desk's data folder with --data",
            )),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::File(file) => file.text(),
            Self::Desk { versions, .. } => versions.last().map_or("", |v| v.document.as_str()),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::File(file) => file.name(),
            Self::Desk { place, versions } => format!(
                "policy {} of {}",
                safe_line(versions.last().map_or("", |v| v.version.as_str()), 64),
                place
            ),
        }
    }
}

/// One date of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Day {
    date: NaiveDate,
    weekday: String,
    name: String,
}

impl Day {
    fn new(date: NaiveDate, name: &str) -> Self {
        Self { date, weekday: date.format("%a").to_string(), name: name.to_owned() }
    }

    fn line(&self, word: &str) -> String {
        format!("  {word:<7} {} {}  {}", self.date, self.weekday, self.name).trim_end().to_owned()
    }
}

/// What will be done.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    add: Vec<Day>,
    there: Vec<Day>,
    skipped: Vec<Skipped>,
    outside: usize,
}

impl Plan {
    fn of(found: Holidays, policy: &Policy, calendar: &str) -> Result<Self, Failure> {
        let document = policy.document();
        let Some(written) = document.calendars.get(calendar) else {
            let known: Vec<&str> = document.calendars.keys().map(String::as_str).collect();
            return Err(Failure::usage(format!(
                "there is no calendar \"{}\" in the policy; allowed: {}",
                safe_line(calendar, 60),
                known.join(", ")
            )));
        };
        let Holidays { dates, mut skipped, outside } = found;
        let (mut add, mut there) = (Vec::new(), Vec::new());
        for (date, name) in &dates {
            let (day, text) = (Day::new(*date, name), date.to_string());
            if written.holidays.contains(&text) {
                there.push(day);
            } else if written.special.contains_key(&text) {
                skipped.push(Skipped {
                    what: format!("{name} ({date})"),
                    why: "the calendar has special hours for that date, which win".to_owned(),
                });
            } else {
                add.push(day);
            }
        }
        Ok(Self { add, there, skipped, outside })
    }

    fn lines(&self, years: Years) -> Vec<String> {
        let mut lines: Vec<String> = self.add.iter().map(|day| day.line("add")).collect();
        lines.extend(self.there.iter().map(|day| day.line("there")));
        lines.extend(
            self.skipped.iter().map(|skip| format!("  skipped {}: {}", skip.what, skip.why)),
        );
        match self.outside {
            0 => {}
            1 => lines.push(format!("  1 event has no day in {years}")),
            n => lines.push(format!("  {n} events have no day in {years}")),
        }
        lines.push(format!(
            "{} to add, {} there already, {} skipped",
            self.add.len(),
            self.there.len(),
            self.skipped.len()
        ));
        lines
    }
}

pub async fn run(
    session: &mut Session<'_>,
    command: Command,
    now: DateTime<Utc>,
) -> Result<Exit, Failure> {
    let Command::Import(args) = command;
    let years = args.years.unwrap_or(Years { from: now.year(), to: now.year() + 1 });
    let source = safe_line(&args.file.to_string_lossy(), 400);
    let found = policy_file::read(&args.file, holidays::FILE_CAP)
        .and_then(|text| holidays::read(&text, years))
        .map_err(|why| Failure::usage(format!("could not read the holidays of {source}: {why}")))?;
    // Only if it was named: without, the file of the configuration is meant.
    let desk = match &args.at {
        At { data: None, database_url: None } => None,
        at => Some((at.place(session)?, policy::versions(session, at.clone()).await?)),
    };
    let target = Target::find(session, args.policy.as_deref(), desk)?;
    let name = target.name();
    let policy = match &target {
        Target::File(file) => file.policy()?,
        Target::Desk { .. } => Policy::from_toml(&name, target.text())
            .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?,
    };
    let calendar = match args.calendar {
        Some(calendar) => calendar,
        None => only_calendar(&policy)?,
    };
    let plan = Plan::of(found, &policy, &calendar)?;
    let version = match &target {
        Target::File(_) => args.set_version,
        Target::Desk { versions, .. } => {
            Some(args.set_version.unwrap_or_else(|| next_version(policy.version(), versions)))
        }
    };
    let new: Vec<NamedDate> = plan.add.iter().map(|day| (day.date, day.name.clone())).collect();
    // Made, and checked, before anybody is asked.
    let text = policy_file::with_holidays(target.text(), &calendar, &new, version.as_deref())?;
    let shown = safe_line(&calendar, 60);
    if !session.output.json {
        session.output.done(format!("{source} → calendar {shown} in {name}, {years}"))?;
        for line in plan.lines(years) {
            session.output.done(line)?;
        }
    }
    let change = !plan.add.is_empty() && !args.dry_run;
    if change && !args.yes {
        let to_what = match (&target, &version) {
            (Target::Desk { .. }, Some(version)) => {
                format!("as version {}", safe_line(version, 64))
            }
            _ => format!("to {name}"),
        };
        let dates =
            if new.len() == 1 { "1 date".to_owned() } else { format!("{} dates", new.len()) };
        confirm::ask(session, &format!("Add {dates} {to_what}?"), NOTHING)?;
    }
    if session.output.json {
        let (added, there, skipped) = (&plan.add, &plan.there, &plan.skipped);
        session.output.json(&json!({
            "calendar": calendar, "policy": name, "years": years.to_string(), "version": version,
            "add": added, "there": there, "skipped": skipped, "outside": plan.outside,
            "written": change,
        }))?;
    }
    if !change {
        return Ok(Exit::Done);
    }
    match target {
        Target::File(file) => {
            file.replace(&text)?;
            if !session.output.json {
                session.output.done(format!("{name} is written"))?;
            }
            if version.is_none() {
                session.output.remark(
                    "Give it a new version, then put it in force: caseload admin policy apply FILE",
                );
            }
            Ok(Exit::Done)
        }
        Target::Desk { place, .. } => {
            let changed = Policy::from_toml(&name, &text)
                .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
            let applied = on_desk(&place, "put the new version in force", async |desk| {
                desk.apply_policy(&changed, &text, false, now).await
            })
            .await?;
            if session.output.json {
                return Ok(Exit::Done);
            }
            policy::told(session, &applied, &changed, false)
        }
    }
}

fn only_calendar(policy: &Policy) -> Result<String, Failure> {
    let calendars: Vec<String> = policy.document().calendars.into_keys().collect();
    match &calendars[..] {
        [only] => Ok(only.clone()),
        _ => Err(Failure::usage(format!(
            "which calendar? Name one with --calendar: {}",
            safe_line(&calendars.join(", "), 400)
        ))),
    }
}

/// The version after one, by its last number: `2026-11`, `2026-11.2`, `2026-11.3`.
fn next_version(version: &str, taken: &[PolicyVersion]) -> String {
    let (stem, number) = version
        .rsplit_once('.')
        .and_then(|(stem, number)| Some((stem, number.parse::<u32>().ok()?)))
        .unwrap_or((version, 1));
    let mut number = number;
    loop {
        number = number.saturating_add(1);
        let next = format!("{stem}.{number}");
        // The highest number stands for itself, and is refused as any other that is taken.
        if number == u32::MAX || taken.iter().all(|v| v.version != next) {
            return next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_version_is_one_that_was_never_in_force() {
        let taken = |names: &[&str]| -> Vec<PolicyVersion> {
            names
                .iter()
                .map(|name| PolicyVersion {
                    n: 1,
                    version: (*name).to_owned(),
                    document: String::new(),
                    since: DateTime::<Utc>::MIN_UTC,
                })
                .collect()
        };
        assert_eq!(next_version("2026-11", &taken(&["2026-11"])), "2026-11.2");
        assert_eq!(next_version("2026-11.2", &taken(&[])), "2026-11.3");
        assert_eq!(next_version("2026-11", &taken(&["2026-11.2", "2026-11.3"])), "2026-11.4");
        assert_eq!(next_version("v1.x", &taken(&[])), "v1.x.2");
    }
}
