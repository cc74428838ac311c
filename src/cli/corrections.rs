//! `caseload corrections`: the outline of upcoming corrections, and what Product Management does to it.

mod shown;

use uuid::Uuid;

use super::act::wrong_fields;
use super::args::{Words, word};
use super::outcome::{Exit, Failure, stopped};
use super::session::{Connection, Session};
use super::text::{Texts, resolved};
use crate::client::{CallError, Outline, surely};
use crate::domain::{
    Amendment, CaseId, Correction, CorrectionId, CorrectionStatus, ReleasePlan, Revision,
};
use crate::wire::CorrectionDraft;

/// Corrections: product errors, and in which release they will be put right
///
/// Without a further word the outline of upcoming corrections, newest first. Everybody may read it; to open,
/// plan and link corrections is for product managers and administrators.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload corrections
  caseload corrections plan K-17 next_release
  caseload corrections link K-17 C-10412 C-10413")]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(List),
    Show(Show),
    Plan(Plan),
    Status(Status),
    Note(Note),
    Link(Link),
    New(New),
}

/// List the corrections, newest first
///
/// With how many of the cases that you may see are linked to each.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Examples:
  caseload corrections list
  caseload corrections list --status planned,in_work --json")]
struct List {
    /// Only these statuses
    #[arg(long, value_name = "WORD", value_delimiter = ',', value_parser = word!(CorrectionStatus))]
    status: Vec<CorrectionStatus>,
}

/// Show a correction with its cases and its history
///
/// The cases are those that you may see. Partners' agents are told no reasons.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload corrections show K-17
  caseload corrections show K-17 --json")]
struct Show {
    #[command(flatten)]
    which: Which,
}

/// Which correction.
#[derive(Debug, clap::Args)]
struct Which {
    /// The correction's id, such as K-17
    #[arg(value_name = "ID")]
    id: String,
}

impl Which {
    fn id(self) -> Result<CorrectionId, Failure> {
        if self.id.is_empty() {
            return Err(Failure::usage("the correction's id is empty; ids look like K-17"));
        }
        Ok(CorrectionId::new(self.id))
    }
}

/// What every act on a correction takes.
#[derive(Debug, clap::Args)]
struct Guard {
    /// Act only if the correction is still at this revision; else exit code 5
    #[arg(long, value_name = "N")]
    if_revision: Option<u64>,
}

/// Set the release plan
///
/// The customers of linked cases are told. A plan that departs from the matrix (hot fix for Critical, hot fix
/// or next release for High, future release for Medium and Low; the worst linked case counts) needs a reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload corrections plan K-17 hot_fix
  caseload corrections plan K-17 future_release --reason \"No build before spring\"
  caseload corrections plan K-17 none")]
struct Plan {
    #[command(flatten)]
    which: Which,
    /// The plan; none takes it back
    #[arg(id = "plan", value_name = "PLAN", value_parser = PLANS)]
    to: PlanWord,
    /// Why; - reads standard input
    #[arg(long, value_name = "R")]
    reason: Option<String>,
    #[command(flatten)]
    guard: Guard,
}

/// A release plan, or that there is none.
#[derive(Debug, Clone, Copy)]
struct PlanWord(Option<ReleasePlan>);

const PLANS: Words<PlanWord> = Words {
    all: &[
        PlanWord(Some(ReleasePlan::HotFix)),
        PlanWord(Some(ReleasePlan::NextRelease)),
        PlanWord(Some(ReleasePlan::FutureRelease)),
        PlanWord(None),
    ],
    word: |plan| plan.0.map_or("none", ReleasePlan::word),
};

/// Set the status
///
/// The customers of linked cases are told; of a release also those whose cases were closed with an explanation
/// or a workaround. What was released or rejected is taken up again with a reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload corrections status K-17 in_work
  caseload corrections status K-17 released --if-revision 4")]
struct Status {
    #[command(flatten)]
    which: Which,
    /// The status
    #[arg(id = "status", value_name = "WORD", value_parser = word!(CorrectionStatus))]
    to: CorrectionStatus,
    /// Why; - reads standard input
    #[arg(long, value_name = "R")]
    reason: Option<String>,
    #[command(flatten)]
    guard: Guard,
}

/// Set the note that stands beside a correction in the outline
///
/// It takes the place of the one before; an empty text takes the note away.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload corrections note K-17 --text \"Part of 13.4.2\"
  caseload corrections note K-17 --text -")]
struct Note {
    #[command(flatten)]
    which: Which,
    /// The note; - reads standard input
    #[arg(long, value_name = "T")]
    text: String,
    #[command(flatten)]
    guard: Guard,
}

/// Link cases to a correction
///
/// All of them, or none. A case must have been at 2nd level; one that is linked to another correction is moved.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload corrections link K-17 C-10412
  caseload corrections link K-17 C-10412 C-10413 --json")]
struct Link {
    #[command(flatten)]
    which: Which,
    /// Case ids, such as C-10412
    #[arg(value_name = "CASE", required = true)]
    cases: Vec<String>,
    #[command(flatten)]
    guard: Guard,
}

/// Open a correction
///
/// Its id goes to standard output. An engineer opens one with `caseload escalate --new-correction`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload corrections new --title \"Host stops at log-off\"
  caseload corrections new --title \"Host stops at log-off\" --plan hot_fix --status planned --note -")]
struct New {
    /// What is wrong, in one line; - reads standard input
    #[arg(long, value_name = "T")]
    title: String,
    /// The release plan
    #[arg(long, value_name = "PLAN", value_parser = word!(ReleasePlan))]
    plan: Option<ReleasePlan>,
    /// The status; confirmed without it
    #[arg(long, value_name = "WORD", value_parser = word!(CorrectionStatus))]
    status: Option<CorrectionStatus>,
    /// The note; - reads standard input
    #[arg(long, value_name = "N")]
    note: Option<String>,
}

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    match args.command.unwrap_or(Command::List(List::default())) {
        Command::List(args) => list(session, args).await,
        Command::Show(args) => show(session, args.which.id()?).await,
        Command::Plan(args) => {
            let reason = resolved(args.reason)?;
            let amendment =
                Amendment { release_plan: Some(args.to.0), reason, ..Amendment::default() };
            amend(session, "plan", args.which.id()?, &args.guard, &amendment).await
        }
        Command::Status(args) => {
            let reason = resolved(args.reason)?;
            let amendment = Amendment { status: Some(args.to), reason, ..Amendment::default() };
            amend(session, "set the status of", args.which.id()?, &args.guard, &amendment).await
        }
        Command::Note(args) => {
            let text = Texts::default().resolve(args.text)?;
            let amendment = Amendment { note: Some(Some(text)), ..Amendment::default() };
            amend(session, "set the note of", args.which.id()?, &args.guard, &amendment).await
        }
        Command::Link(args) => link(session, args).await,
        Command::New(args) => open(session, args).await,
    }
}

async fn list(session: &mut Session<'_>, args: List) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    let connection = session.connect_by(&settings).await?;
    let mut outline = Outline { statuses: args.status, after: None };
    let mut corrections: Vec<Correction> = Vec::new();
    loop {
        let page = connection.api.corrections(&outline).await;
        let page = connection.learn(page.map_err(|error| {
            connection
                .failed(format_args!("list the corrections of desk {}", connection.desk), &error)
        })?);
        let empty = page.corrections.is_empty();
        corrections.extend(page.corrections);
        // A desk that says that there is more and gives none would be asked for ever.
        if page.next.is_none() || empty {
            break;
        }
        outline.after = page.next;
    }
    if session.output.json {
        session.output.json_array(&corrections)?;
    } else if corrections.is_empty() {
        session.output.remark(&format!("No such corrections on desk {}.", connection.desk));
    } else {
        shown::table(session.output, &corrections)?;
    }
    Ok(Exit::Done)
}

async fn show(session: &mut Session<'_>, id: CorrectionId) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    let connection = session.connect_by(&settings).await?;
    let detail = match connection.api.correction(&id).await {
        Ok(answer) => connection.learn(answer),
        Err(error) => return Err(refused(session, &connection, "show", Some(&id), &error)),
    };
    if session.output.json {
        session.output.json(&detail)?;
    } else {
        shown::page(session.output, settings.screen.ascii.value, &detail)?;
    }
    Ok(Exit::Done)
}

async fn amend(
    session: &mut Session<'_>,
    verb: &str,
    id: CorrectionId,
    guard: &Guard,
    amendment: &Amendment,
) -> Result<Exit, Failure> {
    let connection = session.connect().await?;
    let (key, revision): (Uuid, Option<Revision>) = (Uuid::now_v7(), guard.if_revision);
    let api = connection.api.as_ref();
    match surely(|| api.amend_correction(&id, key, revision, amendment)).await {
        Ok(answer) => done(session, &connection.learn(answer)),
        Err(error) => Err(refused(session, &connection, verb, Some(&id), &error)),
    }
}

async fn link(session: &mut Session<'_>, args: Link) -> Result<Exit, Failure> {
    let id = args.which.id()?;
    if args.cases.iter().any(String::is_empty) {
        return Err(Failure::usage("a case id is empty; ids look like C-10412"));
    }
    let cases: Vec<CaseId> = args.cases.into_iter().map(CaseId::new).collect();
    let connection = session.connect().await?;
    let (key, revision) = (Uuid::now_v7(), args.guard.if_revision);
    let api = connection.api.as_ref();
    match surely(|| api.link_cases(&id, key, revision, &cases)).await {
        Ok(answer) => done(session, &connection.learn(answer)),
        Err(error) => Err(refused(session, &connection, "link cases to", Some(&id), &error)),
    }
}

async fn open(session: &mut Session<'_>, args: New) -> Result<Exit, Failure> {
    let mut texts = Texts::default();
    let draft = CorrectionDraft {
        title: texts.resolve(args.title)?,
        release_plan: args.plan,
        status: args.status,
        note: args.note.map(|note| texts.resolve(note)).transpose()?,
    };
    let connection = session.connect().await?;
    let key = Uuid::now_v7();
    let api = connection.api.as_ref();
    match surely(|| api.open_correction(key, &draft)).await {
        Ok(answer) => {
            let correction = connection.learn(answer);
            if session.output.json {
                session.output.json(&correction)?;
            } else {
                // The id is what a script wants, so --quiet keeps it.
                let id = shown::id(session.output, &correction.id);
                session.output.line(id)?;
            }
            Ok(Exit::Done)
        }
        Err(error) => Err(refused(session, &connection, "open the correction", None, &error)),
    }
}

fn done(session: &mut Session<'_>, correction: &Correction) -> Result<Exit, Failure> {
    if session.output.json {
        session.output.json(correction)?;
    } else {
        let line = shown::line(session.output, correction);
        session.output.done(line)?;
    }
    Ok(Exit::Done)
}

/// Why something did not happen to a correction; with `--json` what the desk answered goes to standard output.
fn refused(
    session: &mut Session<'_>,
    connection: &Connection,
    verb: &str,
    id: Option<&CorrectionId>,
    error: &CallError,
) -> Failure {
    let exit = Exit::of(error);
    let why = stopped(&error.to_string());
    let what = id.map_or_else(|| verb.to_owned(), |id| format!("{verb} {id}"));
    let look = id.map_or_else(
        || "caseload corrections".to_owned(),
        |id| format!("caseload corrections show {id}"),
    );
    let sentence = match error {
        CallError::NotReached { sent: true, .. } if verb != "show" => format!(
            "It is not known whether this was accepted: {what}. {why} Look ({look}) before you run it again."
        ),
        CallError::NotReached { .. } | CallError::Busy { .. } => format!(
            "Could not {what}: {}; nothing was kept, run it again.",
            why.trim_end_matches('.')
        ),
        CallError::SignedOut(_) => connection.signed_out(error),
        CallError::NotAllowed(problem) | CallError::Refused(problem) => {
            let fields = wrong_fields(problem, &why);
            let advice = match exit {
                Exit::Conflict => format!(" See what changed ({look}), then run it again."),
                Exit::NoSuchCase => {
                    format!(" Corrections on desk {}: caseload corrections", connection.desk)
                }
                _ => String::new(),
            };
            if session.output.json
                && let Err(failure) = session.output.json(problem)
            {
                return failure;
            }
            format!("Could not {what}: {why}{fields}{advice}")
        }
        CallError::NotUnderstood(_) => format!("Could not {what}: {why}"),
    };
    Failure::new(exit, sentence)
}
