//! `caseload report`

use super::args::word;
use super::outcome::{Exit, Failure, stopped};
use super::session::Session;
use super::text::Texts;
use crate::client::CallError;
use crate::domain::{Environment, Severity};
use crate::wire::Report;

/// Report a case, as the support form does
///
/// The licence key decides which desk gets it. An unknown key is registered too, and flagged. The answer
/// is the new case's id.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload report --subject \"Guest cannot connect\" --description - --environment production \
--licence-key K-1 --contact \"Ida Holm\" --email ida@fjord.example
  caseload report --subject \"Wrong icon\" --description \"In the toolbar.\" --environment lab \
--licence-key K-1 --contact \"Ida Holm\" --email ida@fjord.example --severity low --json")]
pub struct Args {
    /// What it is about, in one line
    #[arg(long, value_name = "TEXT")]
    subject: String,
    /// What happened; - reads standard input
    #[arg(long, value_name = "TEXT")]
    description: String,
    /// Where the product runs
    #[arg(long, value_name = "WORD", value_parser = word!(Environment))]
    environment: Environment,
    /// The customer's licence key
    #[arg(long, value_name = "KEY")]
    licence_key: String,
    /// Who reports it
    #[arg(long, value_name = "NAME")]
    contact: String,
    /// The address that the case id is mailed to
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// How badly it hurts; without it the desk decides
    #[arg(long, value_name = "LEVEL", value_parser = word!(Severity))]
    severity: Option<Severity>,
    /// A workaround is known
    #[arg(long)]
    workaround: bool,
    /// The product
    #[arg(long, value_name = "NAME")]
    product: Option<String>,
    /// The product's version
    #[arg(long, value_name = "TEXT")]
    version: Option<String>,
    /// The customer's company
    #[arg(long, value_name = "NAME")]
    company: Option<String>,
    /// The customer's telephone number
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
}

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    let report = Report {
        subject: args.subject,
        description: Texts::default().resolve(args.description)?,
        environment: args.environment,
        licence_key: args.licence_key,
        contact: args.contact,
        email: args.email,
        severity: args.severity,
        workaround: args.workaround.then_some(true),
        product: args.product,
        version: args.version,
        company: args.company,
        phone: args.phone,
    };
    let connection = session.connect().await?;
    let desk = &connection.desk;
    let reported = match connection.api.report(&report).await {
        Ok(answer) => connection.learn(answer),
        Err(error) => {
            let why = stopped(&error.to_string());
            let exit = Exit::of(&error);
            // A report has no key that would make a second one the same, so it is not sent again.
            let sentence = match &error {
                CallError::NotReached { sent: true, .. } => format!(
                    "It is not known whether the report was accepted by desk {desk}: {why} Look \
                     for it (caseload list) before you run it again."
                ),
                CallError::NotReached { .. } | CallError::Busy { .. } => format!(
                    "The report was not accepted by desk {desk}: {}; nothing was kept, run it again.",
                    why.trim_end_matches('.')
                ),
                CallError::SignedOut(_) => connection.signed_out(&error),
                CallError::Refused(problem) if !problem.errors.is_empty() => {
                    let fields: Vec<String> = problem
                        .errors
                        .iter()
                        .map(|e| format!("{}: {}", shown(&e.field), e.message.cell(200)))
                        .collect();
                    format!("Could not report the case: {why} ({})", fields.join("; "))
                }
                _ => format!("Could not report the case: {why}"),
            };
            if let (true, CallError::Refused(problem) | CallError::NotAllowed(problem)) =
                (session.output.json, &error)
            {
                session.output.json(problem)?;
            }
            return Err(Failure::new(exit, sentence));
        }
    };
    if session.output.json {
        session.output.json(&reported)?;
    } else {
        // The id is what a script wants, so --quiet keeps it.
        let id = session.output.id(&reported.id);
        session.output.line(id)?;
    }
    Ok(Exit::Done)
}

fn shown(field: &str) -> String {
    crate::domain::text::safe_line(field, 40)
}
