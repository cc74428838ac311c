//! `caseload list`

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;

use super::look::Look;
use super::offline::{self, Offline};
use super::outcome::{Exit, Failure};
use super::output::{Output, padded};
use super::session::{Connection, Session};
use crate::client::CallError;
use crate::config::Settings;
use crate::domain::search::Words;
use crate::domain::text::columns;
use crate::domain::{Case, CaseId, DeskNo, Untrusted};
use crate::sla::policy::Policy;
use crate::sla::reading::{self, Urgency};
use crate::wire::{Code, MAX_PAGE};

/// List the open cases that you may see
///
/// In the order of the queue: what is missed or breaches next comes first. The words of QUERY must all
/// occur in a case's id, subject, customer or assignee. On a terminal it is a table; in a pipe each case
/// is a line that begins with the id. Where several desks are configured and --desk names none, the cases
/// of all are listed, each with its desk; one that cannot be read is told, and sets the exit code.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload list
  caseload list fjord --sort severity,-updated
  caseload list --json
  caseload list --offline")]
pub struct Args {
    /// Words that all must occur
    #[arg(value_name = "QUERY")]
    query: Vec<String>,
    /// By due, severity, reported, updated or id; a - before it reverses
    #[arg(
        long,
        value_name = "FIELD",
        value_delimiter = ',',
        default_value = "due",
        allow_hyphen_values = true
    )]
    sort: Vec<Sort>,
    /// Write JSON, one object a line
    #[arg(long)]
    ndjson: bool,
    /// Show the copy that is kept on this machine, and how old it is; the desk is not asked
    #[arg(long)]
    offline: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sort {
    field: Field,
    reversed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Due,
    Severity,
    Reported,
    Updated,
    Id,
}

impl FromStr for Sort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, reversed) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let field = match name {
            "due" => Field::Due,
            "severity" => Field::Severity,
            "reported" => Field::Reported,
            "updated" => Field::Updated,
            "id" => Field::Id,
            _ => return Err("there are: due, severity, reported, updated, id".to_owned()),
        };
        Ok(Self { field, reversed })
    }
}

/// A case and its place in the queue.
type Placed = (Urgency, Case);

impl Sort {
    fn compare(self, (a_urgency, a): &Placed, (b_urgency, b): &Placed) -> Ordering {
        let order = match self.field {
            Field::Due => a_urgency.cmp(b_urgency),
            Field::Severity => a.severity.cmp(&b.severity),
            Field::Reported => a.reported_at.cmp(&b.reported_at),
            Field::Updated => a.updated_at.cmp(&b.updated_at),
            Field::Id => a.id.sort_key().cmp(&b.id.sort_key()),
        };
        if self.reversed { order.reverse() } else { order }
    }
}

/// `time`: what the clock of a case's desk says, and by how many seconds it is ahead of the first desk's.
fn sorted(
    cases: Vec<Case>,
    sort: &[Sort],
    time: impl Fn(&Case) -> (DateTime<Utc>, i64),
) -> Vec<Case> {
    let place = |case: Case| {
        let (now, ahead_s) = time(&case);
        (reading::urgency(&case, now, ahead_s), case)
    };
    let mut placed: Vec<Placed> = cases.into_iter().map(place).collect();
    placed.sort_by(|a, b| {
        sort.iter()
            .map(|sort| sort.compare(a, b))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| a.0.cmp(&b.0))
    });
    placed.into_iter().map(|(_, case)| case).collect()
}

/// What one desk has told.
struct Told {
    desk: String,
    /// Each with the desk's number in its id.
    cases: Vec<Case>,
    /// None where nobody reads it.
    policy: Option<Policy>,
    /// What the desk's clock says.
    now: DateTime<Utc>,
}

/// A case as JSON shows it where there are several desks.
#[derive(serde::Serialize)]
struct AtDesk<'c> {
    desk: &'c str,
    #[serde(flatten)]
    case: &'c Case,
}

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    let (connections, mut failures) = session.connect_all(&settings).await?;
    let several = connections.len() + failures.len() > 1;
    // JSON shows what the desk says; only the table needs to know what the policy makes of it.
    let machine = session.output.json || args.ndjson;
    let answers = if args.offline {
        let mut copies = Vec::new();
        for (connection, no) in connections.iter().zip(0..) {
            let copy = of_copy(connection, DeskNo::new(no), session.output, machine).await;
            copies.push(copy);
        }
        copies
    } else {
        let asked = connections.iter().zip(0..).map(|(connection, no)| {
            let desk = DeskNo::new(no);
            async move {
                let policy =
                    async { if machine { Ok(None) } else { policy(connection).await.map(Some) } };
                let (cases, policy) = tokio::join!(open_cases(connection), policy);
                let cases = cases?
                    .into_iter()
                    .map(|case| Case { id: case.id.clone().at_desk(desk), ..case });
                let name = connection.desk.clone();
                Ok((
                    desk,
                    Told {
                        desk: name,
                        cases: cases.collect(),
                        policy: policy?,
                        now: connection.now(),
                    },
                ))
            }
        });
        join_all(asked).await
    };
    let mut desks = BTreeMap::new();
    let mut cases = Vec::new();
    for told in answers {
        match told {
            Ok((no, mut told)) => {
                cases.append(&mut told.cases);
                desks.insert(no, told);
            }
            Err(failure) => failures.push(failure),
        }
    }
    let first = desks.values().next().map_or_else(|| connections[0].now(), |told| told.now);
    let time = |case: &Case| {
        let now = desks.get(&case.id.desk()).map_or(first, |told| told.now);
        (now, (now - first).num_seconds())
    };
    let words = Words::of(&args.query.join(" "));
    let mut cases = sorted(cases, &args.sort, time);
    cases.retain(|case| words.find(case));
    if !desks.is_empty() || failures.is_empty() {
        show(session, &settings, &args, &cases, &desks, several)?;
    }
    let mut exit = Exit::Done;
    if !several {
        return failures.pop().map_or(Ok(exit), Err);
    }
    for failure in &failures {
        if let Failure::Said { exit: worst, .. } = failure {
            exit = exit.max(*worst);
        }
        session.output.failure(failure);
    }
    Ok(exit)
}

/// What a desk had told this machine when it was last reached.
async fn of_copy(
    connection: &Connection,
    no: DeskNo,
    output: &mut Output,
    machine: bool,
) -> Result<(DeskNo, Told), Failure> {
    let copy = Offline::open(connection, output, "list the cases").await?;
    let cases = copy.cases().await?.into_iter();
    let policy = (!machine).then(|| copy.policy()).transpose()?;
    copy.tell_age(output);
    let cases = cases.map(|case| Case { id: case.id.clone().at_desk(no), ..case }).collect();
    Ok((no, Told { desk: connection.desk.clone(), cases, policy, now: connection.now() }))
}

type ByDesk = BTreeMap<DeskNo, Told>;

fn show(
    session: &mut Session<'_>,
    settings: &Settings,
    args: &Args,
    cases: &[Case],
    desks: &ByDesk,
    several: bool,
) -> Result<(), Failure> {
    let name = |case: &Case| desks.get(&case.id.desk()).map_or("", |told| told.desk.as_str());
    let named = || cases.iter().map(|case| AtDesk { desk: name(case), case });
    match (args.ndjson, session.output.json, several) {
        (true, _, true) => named().try_for_each(|case| session.output.json(&case)),
        (true, _, false) => cases.iter().try_for_each(|case| session.output.json(case)),
        (false, true, true) => session.output.json_array(&named().collect::<Vec<_>>()),
        (false, true, false) => session.output.json_array(cases),
        (false, false, _) => {
            if cases.is_empty() {
                let names: Vec<&str> = desks.values().map(|told| told.desk.as_str()).collect();
                let desk = if names.len() > 1 { "desks" } else { "desk" };
                let on = format!("{desk} {}", names.join(", "));
                session.output.remark(&if args.query.join("").trim().is_empty() {
                    format!("No open cases on {on}.")
                } else {
                    let query = Untrusted::from(args.query.join(" ")).cell(60);
                    format!("No open case on {on} matches \"{query}\".")
                });
            }
            table(session, cases, desks, several, &Look::new(settings.screen.ascii.value))
        }
    }
}

/// The matrix and calendars of the desk.
pub async fn policy(connection: &Connection) -> Result<Policy, Failure> {
    let what = format!("read the policy of desk {}", connection.desk);
    let answer = connection.api.policy().await.map_err(|error| connection.failed(&what, &error))?;
    Policy::compile(&connection.learn(answer))
        .map_err(|error| Failure::new(Exit::Failed, format!("Could not {what}: {error}")))
}

/// How often the feed may be started over.
const STARTS: usize = 3;

/// The whole queue: the feed, page by page.
async fn open_cases(connection: &Connection) -> Result<Vec<Case>, Failure> {
    let what = format!("list the cases of desk {}", connection.desk);
    let mut cases: BTreeMap<CaseId, Case> = BTreeMap::new();
    let mut cursor: Option<String> = None;
    let mut starts = 1;
    loop {
        match connection.api.changes(cursor.as_deref(), MAX_PAGE, Duration::ZERO).await {
            Ok(answer) => {
                let feed = connection.learn(answer);
                connection.clock.learn(feed.server_time, false);
                for id in &feed.removed {
                    cases.remove(id);
                }
                cases.extend(feed.cases.into_iter().map(|case| (case.id.clone(), case)));
                if !feed.more {
                    return Ok(cases.into_values().collect());
                }
                if cursor.as_ref() == Some(&feed.cursor) {
                    let sentence = format!("Could not {what}: its feed does not go on.");
                    return Err(Failure::new(Exit::Failed, sentence));
                }
                cursor = Some(feed.cursor);
            }
            Err(CallError::Refused(problem))
                if problem.code == Code::CursorGone && cursor.is_some() && starts < STARTS =>
            {
                starts += 1;
                cursor = None;
                cases.clear();
            }
            Err(error) => return Err(offline::or_name_it(connection.failed(&what, &error))),
        }
    }
}

/// The narrowest subject.
const SUBJECT_MIN: usize = 12;
/// The widest column of people.
const WITH_MAX: usize = 16;

fn table(
    session: &mut Session<'_>,
    cases: &[Case],
    desks: &ByDesk,
    several: bool,
    look: &Look,
) -> Result<(), Failure> {
    let output = &mut *session.output;
    let terminal = output.terminal;
    let rows: Vec<Row> = cases
        .iter()
        .map(|case| {
            let told = desks.get(&case.id.desk());
            let clock = told.and_then(|told| {
                let clock = reading::leading(case, told.now)?;
                Some(reading::read(clock, told.policy.as_ref()?, told.now))
            });
            let with = case.assignee.as_ref().map(|person| output.field(&person.name, WITH_MAX));
            Row {
                case,
                id: output.id(&case.id),
                desk: told.filter(|_| several).map_or("", |told| told.desk.as_str()),
                with: with.unwrap_or_else(|| look.none().to_owned()),
                due: clock.as_ref().map_or_else(String::new, |clock| clock.text.clone()),
                face: clock.map_or(reading::Face::NoTarget, |clock| clock.face),
            }
        })
        .collect();
    let id = widest(rows.iter().map(|row| &row.id), 4);
    let desk = rows.iter().map(|row| columns(row.desk)).max().unwrap_or(0).max(4);
    let with = widest(rows.iter().map(|row| &row.with), 4).min(WITH_MAX);
    let due = widest(rows.iter().map(|row| &row.due), 3);
    let sign = if terminal { look.sign_width() + 1 } else { 0 };
    let subject = if terminal {
        let desk = if several { desk + 2 } else { 0 };
        let others = sign + id + 2 + desk + 4 + 2 + 2 + with + 2 + due;
        output.width.saturating_sub(others).max(SUBJECT_MIN)
    } else {
        // Nothing is cut in a pipe; what is longer than most pushes its own line only.
        rows.iter().map(|row| columns(row.case.subject.raw())).max().unwrap_or(0).min(60)
    };
    if terminal && !rows.is_empty() {
        let at = if several { format!("{}  ", padded("desk", desk)) } else { String::new() };
        let head = format!(
            "{:sign$}{}  {at}sev   {}  {}  due",
            "",
            padded("case", id),
            padded("subject", subject),
            padded("with", with)
        );
        let head = output.paint(look.dim(), &head);
        output.line(head)?;
    }
    for row in &rows {
        let mut line = String::new();
        if terminal {
            line += &output.paint(look.face(row.face), look.sign(row.face));
            line += &" ".repeat(sign - columns(look.sign(row.face)));
        }
        line += &padded(&row.id, id);
        line += "  ";
        if several {
            line += &padded(row.desk, desk);
            line += "  ";
        }
        let severity = row.case.severity;
        line += &output.paint(look.severity(severity), severity.short());
        line += &" ".repeat(4 - severity.short().len());
        line += "  ";
        line += &padded(&output.field(&row.case.subject, subject), subject);
        line += "  ";
        line += &padded(&row.with, with);
        line += "  ";
        line += &output.paint(look.face(row.face), &row.due);
        output.line(line.trim_end_matches(' '))?;
    }
    Ok(())
}

fn widest<'t>(cells: impl Iterator<Item = &'t String>, least: usize) -> usize {
    cells.map(|cell| columns(cell)).max().unwrap_or(0).max(least)
}

struct Row<'c> {
    case: &'c Case,
    id: String,
    /// Empty: there is one only.
    desk: &'c str,
    with: String,
    due: String,
    face: reading::Face,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(id: &str, subject: &str, severity: &str, reported_h: u32) -> Case {
        serde_json::from_value(serde_json::json!({
            "id": id, "subject": subject, "severity": severity, "tier": "first", "state": "open",
            "partner": {"id": "nordwind", "name": "Nordwind Support"},
            "customer": {"company": "Fjord Logistics", "contact": "Ida Holm"},
            "assignee": {"id": "rhald", "name": "R. Hald"}, "eligibility": "eligible",
            "environment": "production", "workaround": false, "phone_follow_up": null,
            "correction": null, "reported_at": format!("2026-11-24T{reported_h:02}:00:00Z"),
            "updated_at": "2026-11-24T12:00:00Z", "revision": 1, "clocks": [],
        }))
        .unwrap()
    }

    fn ids(cases: Vec<Case>, sort: &[&str]) -> Vec<String> {
        let sort: Vec<Sort> = sort.iter().map(|s| s.parse().unwrap()).collect();
        let now = "2026-11-24T13:00:00Z".parse().unwrap();
        sorted(cases, &sort, |_| (now, 0)).iter().map(|c| c.id.to_string()).collect()
    }

    #[test]
    fn fields_sort_in_their_natural_order_and_a_minus_reverses() {
        let cases = || {
            vec![
                case("C-10", "a", "low", 9),
                case("C-9", "b", "high", 8),
                case("C-11", "c", "high", 7),
            ]
        };
        assert_eq!(ids(cases(), &["id"]), ["C-9", "C-10", "C-11"]);
        assert_eq!(ids(cases(), &["-id"]), ["C-11", "C-10", "C-9"]);
        assert_eq!(ids(cases(), &["reported"]), ["C-11", "C-9", "C-10"]);
        assert_eq!(ids(cases(), &["severity", "-reported"]), ["C-9", "C-11", "C-10"]);
        assert!("urgency".parse::<Sort>().is_err());
    }
}
