//! An entry of the outbox as it is told: as JSON, and in a line for people.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::app::changes;
use crate::domain::outbox::{Damaged, Entry, Outbox, Question, State, Why};
use crate::domain::{Action, Case, CaseId, Untrusted};

/// An entry as `caseload outbox list --json` writes it.
#[derive(Debug, Serialize)]
pub struct Told {
    /// Which desk's it is, where several are told of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desk: Option<String>,
    pub n: u64,
    pub case: Option<CaseId>,
    pub action: Option<&'static str>,
    /// The fields of the action, as the case API has them.
    pub fields: Map<String, Value>,
    pub key: Option<String>,
    pub queued_at: Option<DateTime<Utc>>,
    pub state: &'static str,
    pub tries: u32,
    pub last_error: Option<String>,
    pub text: String,
}

impl Told {
    /// All entries, the damaged ones among them by their numbers.
    pub fn all(outbox: &Outbox, desk: Option<&str>) -> Vec<Self> {
        let entries = outbox.entries.iter().map(Self::of);
        let mut all: Vec<Self> = entries.chain(outbox.damaged.iter().map(Self::damaged)).collect();
        all.sort_by_key(|told| told.n);
        for told in &mut all {
            told.desk = desk.map(str::to_owned);
        }
        all
    }

    fn of(entry: &Entry) -> Self {
        let mut text = one_line(&act(&entry.case, &entry.action));
        if let Some(standing) = question(entry) {
            text = format!("{standing} ({text})");
        }
        Self {
            desk: None,
            n: entry.n,
            case: Some(entry.case.clone()),
            action: Some(entry.action.kind().word()),
            fields: fields(&entry.action),
            key: Some(entry.key.to_string()),
            queued_at: Some(entry.queued_at),
            state: state(&entry.state),
            tries: entry.tries,
            last_error: last_error(entry).map(|error| error.raw().to_owned()),
            text,
        }
    }

    fn damaged(damaged: &Damaged) -> Self {
        Self {
            desk: None,
            n: damaged.n,
            case: None,
            action: None,
            fields: Map::new(),
            key: None,
            queued_at: None,
            state: "damaged",
            tries: 0,
            last_error: None,
            text: one_line(&format!("set aside: {}", damaged.text.raw())),
        }
    }
}

/// What an act says, after its verb and case: `note on C-10412: Asked for the log files`.
pub fn act(case: &CaseId, action: &Action) -> String {
    let (verb, case) = (action.kind().verb(), case.as_str());
    let words = words(action);
    if words.is_empty() { format!("{verb} {case}") } else { format!("{verb} {case}: {words}") }
}

/// What the person is asked of an entry, and what changed.
pub fn question(entry: &Entry) -> Option<String> {
    let State::Asked(question) = &entry.state else { return None };
    Some(asked(&entry.case, entry.base.as_deref(), question))
}

/// `C-10412 changed meanwhile: still send? severity High → Critical, 2 new revisions`
pub fn asked(id: &CaseId, base: Option<&Case>, question: &Question) -> String {
    let what = match question.why {
        Why::Changed => "changed meanwhile",
        Why::Waited => "was not reached for long",
    };
    let changed = match (base, &question.current) {
        (Some(old), Some(new)) if old.revision != new.revision => format!(" {}", changes(old, new)),
        (Some(_), Some(_)) => " It is as it was".to_owned(),
        (None, Some(new)) => format!(" It is at revision {} now", new.revision),
        (_, None) => String::new(),
    };
    format!("{id} {what}: still send?{changed}")
}

/// Why an entry is still there.
pub fn last_error(entry: &Entry) -> Option<Untrusted> {
    match &entry.state {
        State::Refused(failure) => Some(failure.sentence.clone()),
        _ => entry.last_error.clone(),
    }
}

pub const fn state(state: &State) -> &'static str {
    match state {
        State::Held { .. } | State::Queued => "queued",
        State::Sending => "sending",
        State::Asked(_) => "asked",
        State::Refused(_) => "refused",
    }
}

/// Line ends become spaces; everything else stays as it is.
pub fn one_line(text: &str) -> String {
    text.replace("\r\n", " ").replace(['\n', '\r'], " ")
}

fn fields(action: &Action) -> Map<String, Value> {
    match serde_json::to_value(action) {
        Ok(Value::Object(mut fields)) => {
            fields.remove("action");
            fields
        }
        // An action is an object.
        _ => Map::new(),
    }
}

/// The words of an act: what somebody would miss if they were lost, and what they are about.
fn words(action: &Action) -> String {
    let after = |what: &str, text: &str| format!("{what}: {text}");
    match action {
        Action::Take {} | Action::Release {} => String::new(),
        Action::Respond { text } | Action::InfoReceived { text } => {
            text.clone().unwrap_or_default()
        }
        Action::Assign { assignee } => assignee.as_str().to_owned(),
        Action::Note { text }
        | Action::Reply { text }
        | Action::RequestInfo { text, .. }
        | Action::RecordWorkaround { text } => text.clone(),
        Action::LogPhoneCall { with, text } => after(with, text),
        Action::SetSeverity { severity, reason } => after(severity.word(), reason),
        Action::SetEligibility { eligibility, reason } => after(eligibility.word(), reason),
        Action::Escalate { to, reason, .. } => after(&to.to_string(), reason),
        Action::HandBack { reason } | Action::Reopen { reason } => reason.clone(),
        Action::Close { resolution, text, .. } => after(resolution.word(), text),
    }
}
