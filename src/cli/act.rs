//! The common way of all acts: to one case or to several, one after the other, each told in a line; the
//! exit code is that of the worst.

mod sending;

use serde::Serialize;

use self::sending::Sending;
pub(super) use self::sending::{exit_of, missed_by};

use super::args::{Guard, Ids};
use super::foresee;
use super::look::Look;
use super::outcome::{Exit, Failure, stopped};
use super::output::Output;
use super::session::{Connection, Session};
use crate::client::CallError;
use crate::domain::action::NewCorrection;
use crate::domain::{Action, ActionKind, CaseId, CorrectionId, Finding, Revision, Tier, Untrusted};
use crate::wire::{Acted, Problem};

/// What is to be done, to which cases.
#[derive(Debug)]
pub struct Order {
    pub ids: Vec<CaseId>,
    pub if_revision: Option<Revision>,
    /// Only say what it would do to the clocks.
    pub dry_run: bool,
    pub deed: Deed,
}

#[derive(Debug)]
pub enum Deed {
    Same(Action),
    /// To the next tier of each case.
    EscalateToNext(Escalation),
}

#[derive(Debug)]
pub struct Escalation {
    pub reason: String,
    pub finding: Option<Finding>,
    pub correction: Option<CorrectionId>,
    pub new_correction: Option<NewCorrection>,
}

impl Escalation {
    /// Where it is meant to go as far as its words say: Product Management asks for a finding.
    pub const fn meant(&self) -> Tier {
        match (self.finding, &self.correction, &self.new_correction) {
            (None, None, None) => Tier::Second,
            _ => Tier::Product,
        }
    }

    pub fn to(&self, to: Tier) -> Action {
        Action::Escalate {
            to,
            reason: self.reason.clone(),
            finding: self.finding,
            correction: self.correction.clone(),
            new_correction: self.new_correction.clone(),
        }
    }
}

impl Deed {
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Same(action) => action.kind(),
            Self::EscalateToNext(_) => ActionKind::Escalate,
        }
    }
}

impl Order {
    pub fn new(ids: Vec<String>, guard: &Guard, deed: Deed) -> Result<Self, Failure> {
        if guard.if_revision.is_some() && ids.len() > 1 {
            return Err(Failure::usage("--if-revision is one case's: give one id with it"));
        }
        if ids.iter().any(String::is_empty) {
            return Err(Failure::usage("a case id is empty; ids look like C-10412"));
        }
        let ids = ids.into_iter().map(CaseId::new).collect();
        Ok(Self { ids, if_revision: guard.if_revision, dry_run: guard.dry_run, deed })
    }

    /// The same action to every case.
    pub fn same(ids: Ids, guard: &Guard, action: Action) -> Result<Self, Failure> {
        Self::new(ids.ids, guard, Deed::Same(action))
    }

    pub fn one(id: String, guard: &Guard, action: Action) -> Result<Self, Failure> {
        Self::new(vec![id], guard, Deed::Same(action))
    }
}

pub async fn run(session: &mut Session<'_>, order: Order) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    let connection = session.connect_by(&settings).await?;
    if order.dry_run {
        let look = Look::new(settings.screen.ascii.value);
        return foresee::run(&connection, session.output, &look, &order).await;
    }
    carry_out(&connection, session.output, &order).await
}

async fn carry_out(
    connection: &Connection,
    output: &mut Output,
    order: &Order,
) -> Result<Exit, Failure> {
    let mut sending = Sending::open(connection, output).await?;
    let single = order.ids.len() == 1;
    let mut worst = Exit::Done;
    let mut answers = Vec::new();
    let mut over_after: Option<&CaseId> = None;
    for id in &order.ids {
        if let Some(first) = over_after {
            let id = output.id(id);
            let sentence = format!("Did not try to {} {id}, after {first}.", verb(order));
            output.complain(&format!("caseload: {sentence}"));
            answers.push(Answered::Nothing { error: sentence });
            continue;
        }
        match sending.perform(id, order).await {
            Ok(acted) => {
                if !output.json {
                    let line = done_line(output, &acted, order.deed.kind());
                    output.done(line)?;
                }
                answers.push(Answered::Done(Box::new(acted)));
            }
            Err(missed) => {
                worst = worst.max(missed.exit);
                output.complain(&format!("caseload: {}", missed.sentence));
                answers.push(match (missed.problem, missed.kept) {
                    (Some(problem), _) => Answered::Refused(problem),
                    (None, Some(kept)) => Answered::Kept { kept, error: missed.sentence },
                    (None, None) => Answered::Nothing { error: missed.sentence },
                });
                if sending.is_over() {
                    over_after = Some(id);
                }
            }
        }
    }
    sending.close(output).await;
    if output.json {
        match answers.as_slice() {
            // Where the desk gave no answer there is none to show.
            [Answered::Nothing { .. }] if single => {}
            [only] if single => output.json(only)?,
            all => output.json_array(all)?,
        }
    }
    Ok(worst)
}

fn verb(order: &Order) -> &'static str {
    order.deed.kind().verb()
}

/// What the desk answered, as it is written with `--json`.
#[derive(Serialize)]
#[serde(untagged)]
enum Answered {
    Done(Box<Acted>),
    Refused(Box<Problem>),
    /// In the outbox, under that number.
    Kept {
        kept: u64,
        error: String,
    },
    Nothing {
        error: String,
    },
}

/// What did not happen to one case.
pub(super) struct Missed {
    pub exit: Exit,
    pub sentence: String,
    /// What the desk answered, if it did.
    pub problem: Option<Box<Problem>>,
    /// Its number in the outbox, if it is kept there.
    pub kept: Option<u64>,
}

impl Missed {
    pub const fn new(exit: Exit, sentence: String) -> Self {
        Self { exit, sentence, problem: None, kept: None }
    }
}

/// The escalation of a case at a tier to the next one.
pub(super) fn to_next(escalation: &Escalation, id: &CaseId, tier: Tier) -> Result<Action, Missed> {
    let to = match tier {
        Tier::First => Tier::Second,
        Tier::Second => Tier::Product,
        Tier::Product => {
            return Err(Missed::new(
                Exit::Refused,
                format!(
                    "Could not escalate {id}: it is with {tier} already, and nobody is beyond."
                ),
            ));
        }
    };
    Ok(escalation.to(to))
}

pub(super) fn missed(
    connection: &Connection,
    id: &CaseId,
    kind: ActionKind,
    error: &CallError,
) -> Missed {
    let exit = Exit::of(error);
    let verb = kind.verb();
    let why = stopped(&error.to_string());
    let mut answered = None;
    let sentence = match error {
        CallError::NotReached { sent: true, .. } => format!(
            "It is not known whether the {} {id} was accepted: {why} Look at the case before you \
             run it again.",
            noun(kind)
        ),
        CallError::NotReached { .. } | CallError::Busy { .. } => format!(
            "The {} {id} was not accepted: {}; nothing was kept, run it again.",
            noun(kind),
            why.trim_end_matches('.')
        ),
        CallError::SignedOut(_) => connection.signed_out(error),
        CallError::NotAllowed(problem) | CallError::Refused(problem) => {
            answered = Some(problem.clone());
            let fields = wrong_fields(problem, &why);
            let advice = match exit {
                Exit::Conflict => {
                    format!(" See what changed (caseload show {id}), then run it again.")
                }
                Exit::NoSuchCase => {
                    format!(" Cases on desk {}: caseload list", connection.desk)
                }
                _ => String::new(),
            };
            format!("Could not {verb} {id}: {why}{fields}{advice}")
        }
        CallError::NotUnderstood(_) => format!("Could not {verb} {id}: {why}"),
    };
    Missed { problem: answered, ..Missed::new(exit, sentence) }
}

/// The fields that are wrong, in brackets after a sentence; nothing where the sentence says it all.
pub(super) fn wrong_fields(problem: &Problem, sentence: &str) -> String {
    let fields: Vec<String> = problem
        .errors
        .iter()
        .map(|e| {
            let field = Untrusted::from(e.field.as_str()).cell(40);
            format!("{field}: {}", e.message.cell(200))
        })
        // The detail often says the same.
        .filter(|said| !sentence.contains(said.as_str()))
        .collect();
    match fields.as_slice() {
        [] => String::new(),
        some => format!(" ({})", some.join("; ")),
    }
}

/// The act as a noun that a case id can follow.
const fn noun(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Respond => "response to",
        ActionKind::Take => "taking of",
        ActionKind::Release => "release of",
        ActionKind::Assign => "assignment of",
        ActionKind::Note => "note on",
        ActionKind::Reply => "reply on",
        ActionKind::RequestInfo => "request for information on",
        ActionKind::InfoReceived => "information received on",
        ActionKind::SetSeverity => "severity of",
        ActionKind::RecordWorkaround => "workaround on",
        ActionKind::LogPhoneCall => "phone call on",
        ActionKind::SetEligibility => "eligibility of",
        ActionKind::Escalate => "escalation of",
        ActionKind::HandBack => "handing back of",
        ActionKind::Close => "closing of",
        ActionKind::Reopen => "reopening of",
    }
}

pub(super) const fn past(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Respond => "responded",
        ActionKind::Take => "taken",
        ActionKind::Release => "released",
        ActionKind::Assign => "assigned",
        ActionKind::Note => "noted",
        ActionKind::Reply => "replied",
        ActionKind::RequestInfo => "information asked for",
        ActionKind::InfoReceived => "information received",
        ActionKind::SetSeverity => "severity set",
        ActionKind::RecordWorkaround => "workaround recorded",
        ActionKind::LogPhoneCall => "phone call logged",
        ActionKind::SetEligibility => "eligibility set",
        ActionKind::Escalate => "escalated",
        ActionKind::HandBack => "handed back",
        ActionKind::Close => "closed",
        ActionKind::Reopen => "reopened",
    }
}

/// "C-10412  escalated: 1st level → 2nd level (revision 8)"
pub(super) fn done_line(output: &Output, acted: &Acted, kind: ActionKind) -> String {
    let did = past(kind);
    let summary = output.field(&acted.event.summary, 160);
    let what = if summary.is_empty() {
        did.to_owned()
    } else if summary.starts_with(did) {
        summary
    } else {
        format!("{did}: {summary}")
    };
    format!("{}  {what} (revision {})", output.id(&acted.case.id), acted.case.revision)
}

#[cfg(test)]
mod tests;
