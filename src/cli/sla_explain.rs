//! `caseload sla explain`

use chrono::SubsecRound;
use serde::Serialize;

use super::list::policy;
use super::look::Look;
use super::outcome::{Exit, Failure};
use super::session::Session;
use super::show::fetch;
use crate::domain::CaseId;
use crate::sla::explain::{Explanation, Style, explain};
use crate::sla::preview::ledger_of;
use crate::sla::reading;

/// Explain a clock: how its due time came about
///
/// Tells the row of the policy, the start, the calendar, every stretch of time that counted and every one
/// that did not, what a change of severity did, what stops the clock and how it ended. Without --clock it
/// is the clock that makes the case most urgent, or its last one when none counts any more.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload sla explain C-10412
  caseload sla explain C-10412 --clock 1 --json")]
pub struct Args {
    /// Case id, such as C-10412
    #[arg(value_name = "ID")]
    id: String,
    /// Which of the case's clocks, from 1, in the order of `caseload show`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    clock: Option<u16>,
}

#[derive(Serialize)]
struct Explained<'a> {
    case: &'a CaseId,
    #[serde(flatten)]
    explanation: &'a Explanation,
}

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    let connection = session.connect_by(&settings).await?;
    let id = CaseId::new(args.id);
    let (detail, policy) = tokio::join!(fetch(&connection, &id), policy(&connection));
    let (detail, policy) = (detail?, policy?);
    let now = connection.now().trunc_subsecs(0);
    let Some(ledger) = ledger_of(&detail) else {
        let sentence = format!(
            "Could not explain {id}: desk {} does not tell what its clocks went through.",
            connection.desk
        );
        return Err(Failure::new(Exit::Failed, sentence));
    };
    let clocks = &detail.case.clocks;
    let clock = match args.clock {
        Some(n) => usize::from(n) - 1,
        None => reading::leading_index(&detail.case, now)
            .unwrap_or_else(|| clocks.len().saturating_sub(1)),
    };
    let Some(told) = explain(&ledger, clock, &policy, now) else {
        let count = match clocks.len() {
            0 => "no clocks".to_owned(),
            1 => "1 clock".to_owned(),
            n => format!("{n} clocks"),
        };
        return Err(Failure::usage(format!("{id} has {count}: caseload show {id}")));
    };
    let output = &mut *session.output;
    if output.json {
        output.json(&Explained { case: &id, explanation: &told })?;
        return Ok(Exit::Done);
    }
    let look = Look::new(settings.screen.ascii.value);
    let name = output.paint(look.title(), &output.id(&id));
    output.line(name)?;
    for line in told.text(&policy, output.width) {
        let text = match line.style {
            Style::Title | Style::Heading => output.paint(look.title(), &line.text),
            Style::Plain => line.text,
        };
        let label = output.paint(look.dim(), &line.label);
        output.line(format!("{label}{text}").trim_end())?;
    }
    Ok(Exit::Done)
}
