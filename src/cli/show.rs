//! `caseload show`

use chrono::{DateTime, Local, Utc};

use super::clocks;
use super::list::policy;
use super::look::Look;
use super::offline::{self, Offline};
use super::outcome::{Exit, Failure};
use super::output::{Output, padded};
use super::session::{Connection, Session};
use crate::client::{CallError, Fetched};
use crate::domain::{CaseDetail, CaseId, TimelineEntry, Untrusted, Visibility};
use crate::sla::policy::Policy;
use crate::wire::Code;

/// Show a case with its clocks and its timeline
///
/// For people as text, for scripts with --json. What others wrote is made safe on a terminal and comes
/// byte for byte in a pipe.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload show C-10412
  caseload show C-10412 --json
  caseload show C-10412 --offline")]
pub struct Args {
    /// Case id, such as C-10412
    #[arg(value_name = "ID")]
    id: String,
    /// Show the copy that is kept on this machine, and how old it is; the desk is not asked
    #[arg(long)]
    offline: bool,
}

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    if args.id.is_empty() {
        return Err(Failure::usage("the case id is empty; ids look like C-10412"));
    }
    let settings = session.settings()?;
    let connection = session.connect_by(&settings).await?;
    let id = CaseId::new(args.id);
    let look = Look::new(settings.screen.ascii.value);
    if args.offline {
        let copy = Offline::open(&connection, session.output, "show a case").await?;
        let (detail, is_newest) = copy.case(&id).await?;
        copy.tell_age(session.output);
        if !is_newest {
            session.output.remark(&format!("caseload: {id} has changed since it was kept whole."));
        }
        if session.output.json {
            session.output.json(&detail)?;
            return Ok(Exit::Done);
        }
        let policy = &copy.policy()?;
        let page = Page { look, detail: &detail, policy, now: copy.now() };
        page.write(session.output)?;
        return Ok(Exit::Done);
    }
    if session.output.json {
        let detail = fetch(&connection, &id).await.map_err(offline::or_name_it)?;
        session.output.json(&detail)?;
        return Ok(Exit::Done);
    }
    let (detail, policy) = tokio::join!(fetch(&connection, &id), policy(&connection));
    let detail = detail.map_err(offline::or_name_it)?;
    let page = Page { look, detail: &detail, policy: &policy?, now: connection.now() };
    page.write(session.output)?;
    Ok(Exit::Done)
}

pub async fn fetch(connection: &Connection, id: &CaseId) -> Result<CaseDetail, Failure> {
    match connection.api.case(id, None).await {
        Ok(answer) => match connection.learn(answer) {
            Fetched::Case(detail) => Ok(*detail),
            Fetched::Unchanged => Err(Failure::new(
                Exit::Failed,
                format!("Could not show {id}: the desk says that it is unchanged, and no more."),
            )),
        },
        Err(CallError::Refused(problem)) if problem.code == Code::NotFound => Err(Failure::new(
            Exit::NoSuchCase,
            format!(
                "There is no case {id} on desk {} that you may see. Open cases: caseload list",
                connection.desk
            ),
        )),
        Err(error) => Err(connection.failed(format_args!("show {id}"), &error)),
    }
}

struct Page<'a> {
    look: Look,
    detail: &'a CaseDetail,
    policy: &'a Policy,
    now: DateTime<Utc>,
}

/// The widest field of one line.
const FIELD: usize = 120;

impl Page<'_> {
    fn write(&self, output: &mut Output) -> Result<(), Failure> {
        let case = &self.detail.case;
        let dot = self.look.dot();
        let severity = output.paint(self.look.severity(case.severity), case.severity.label());
        let id = output.paint(self.look.title(), &output.id(&case.id));
        let (tier, state, revision) = (case.tier, case.state, case.revision);
        output.line(format!(
            "{id}  {severity} {dot} {tier} {dot} {state} {dot} revision {revision}"
        ))?;
        output.prose(&case.subject, 0)?;
        output.line("")?;
        self.facts(output)?;
        self.clocks(output)?;
        if let Some(resolution) = &self.detail.resolution {
            let cause = resolution.cause.map_or_else(String::new, |cause| format!(", {cause}"));
            let by = output.field(&resolution.by.name, FIELD);
            self.heading(output, "Resolution")?;
            output.line(format!(
                "{}{cause} {dot} {by}, {}",
                resolution.kind,
                local(resolution.at)
            ))?;
            output.prose(&resolution.text, 0)?;
        }
        self.heading(output, "Description")?;
        output.prose(&self.detail.description, 0)?;
        if !self.detail.attachments.is_empty() {
            self.heading(output, "Files")?;
            for file in &self.detail.attachments {
                let name = output.field(&file.name, FIELD);
                let by = output.field(&file.by, 40);
                let n = output.field(&file.id.as_str().into(), 10);
                let (size, at) = (file.size, local(file.at));
                output.line(format!("{n}  {name}  {size} bytes  {by}, {at}"))?;
            }
        }
        self.heading(output, "Timeline")?;
        for entry in &self.detail.timeline {
            self.entry(output, entry)?;
        }
        Ok(())
    }

    fn heading(&self, output: &mut Output, text: &str) -> Result<(), Failure> {
        output.line("")?;
        let text = output.paint(self.look.title(), text);
        output.line(text)
    }

    fn facts(&self, output: &mut Output) -> Result<(), Failure> {
        let detail = self.detail;
        let case = &detail.case;
        let field = |text: &Untrusted| output.field(text, FIELD);
        let some = |text: &Option<Untrusted>| text.as_ref().map(field).filter(|t| !t.is_empty());
        let joined = |parts: Vec<Option<String>>| {
            parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>()
        };
        let customer = joined(vec![
            Some(field(&case.customer.company)),
            Some(field(&case.customer.contact)),
            Some(field(&detail.email)),
            some(&detail.phone),
        ])
        .join(", ");
        let place = joined(vec![
            Some(case.environment.to_string()),
            Some(if case.workaround { "workaround" } else { "no workaround" }.to_owned()),
            case.phone_follow_up.map(|phone| phone.to_string()),
        ])
        .join(", ");
        let product = joined(vec![some(&detail.product), some(&detail.version)]).join(" ");
        let with = match &case.assignee {
            Some(person) => field(&person.name),
            None => "nobody".to_owned(),
        };
        let mut lines = vec![
            ("customer", customer),
            ("licence", format!("{}, {}", field(&detail.licence_key), case.eligibility)),
            ("partner", field(&case.partner.name)),
            ("with", with),
            ("where", place),
            ("product", product),
            ("reported", local(case.reported_at)),
            ("changed", local(case.updated_at)),
        ];
        if let Some(correction) = &case.correction {
            lines.push(("correction", correction.to_string()));
        }
        for (name, value) in lines {
            if !value.is_empty() {
                let name = output.paint(self.look.dim(), &padded(name, 10));
                output.line(format!("{name}  {value}"))?;
            }
        }
        Ok(())
    }

    fn clocks(&self, output: &mut Output) -> Result<(), Failure> {
        if self.detail.case.clocks.is_empty() {
            return Ok(());
        }
        self.heading(output, "Clocks")?;
        clocks::write(output, &self.look, &self.detail.case.clocks, self.policy, self.now, 0)
    }

    fn entry(&self, output: &mut Output, entry: &TimelineEntry) -> Result<(), Failure> {
        let dot = self.look.dot();
        let what = match entry.visibility {
            Visibility::Internal => "internal",
            Visibility::Customer => "customer",
        };
        let kind = serde_json::to_value(entry.kind).ok();
        let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or("").replace('_', " ");
        let who = output.field(&entry.actor.name, 40);
        let head = format!("{}  {who} {dot} {kind} {dot} {what}", local(entry.at));
        let head = output.paint(self.look.dim(), &head);
        output.line(head)?;
        if !entry.summary.is_empty() {
            output.prose(&entry.summary, 2)?;
        }
        if !entry.text.is_empty() {
            output.prose(&entry.text, 2)?;
        }
        Ok(())
    }
}

/// An instant in this machine's zone, with the zone's distance from UTC.
pub(super) fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%Y-%m-%d %H:%M %:z").to_string()
}
