//! A case as everybody at the desk sees it: the feed's form ([`Case`]) and the whole ([`CaseDetail`]).
//! Field names and order are those of the case API.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::action::ActionKind;
use super::people::{CaseId, CorrectionId, PartnerRef, Person, Revision};
use super::target::Target;
use super::text::Untrusted;
use super::words::{
    CaseState, Cause, ClockEnd, ClockKind, ClockState, Eligibility, Environment, PauseReason,
    PhoneFollowUp, ResolutionKind, Severity, Tier,
};

/// Who reported a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Customer {
    pub company: Untrusted,
    pub contact: Untrusted,
}

/// One clock as the service reports it. "Breached" is `Running` past `due_at` on the server's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockSummary {
    pub kind: ClockKind,
    pub tier: Tier,
    pub target: Target,
    pub started_at: DateTime<Utc>,
    /// None while an open pause holds the clock.
    #[schema(required)]
    pub due_at: Option<DateTime<Utc>>,
    pub state: ClockState,
    #[schema(required)]
    pub paused_since: Option<DateTime<Utc>>,
    #[schema(required)]
    pub ended_at: Option<DateTime<Utc>>,
    /// Signed seconds left (open seconds, or elapsed ones for an elapsed target) of a paused or ended
    /// clock; None while it runs, since the reader counts it.
    #[schema(required)]
    pub remaining_s: Option<i64>,
    /// The id of the calendar that it runs on.
    pub calendar: String,
    /// The whole target in the same seconds as `remaining_s`: what a share of time left refers to.
    #[serde(default)]
    pub budget_s: i64,
    /// The version of the policy under which it started.
    #[serde(default)]
    pub policy: String,
}

/// What a case's clocks went through: all that their summaries leave out. With both, whoever shows the case
/// can explain its clocks and work out what an act would do to them (`sla::ledger::Ledger::restored`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseLedger {
    /// The last event that the clocks know of; none after it counts as earlier.
    pub as_of: DateTime<Utc>,
    /// Whether resolution clocks are held until information comes from the customer.
    pub waiting: bool,
    /// One for each of the case's clocks, in the same order.
    pub clocks: Vec<ClockHistory>,
}

/// What one clock went through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockHistory {
    /// The first instant that counts: the start, or the opening after it.
    pub effective_at: DateTime<Utc>,
    /// When the clock is due if nothing pauses it; None: not within 20 years.
    #[schema(required)]
    pub nominal_due_at: Option<DateTime<Utc>>,
    /// The severity whose target it has; None: not known.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Oldest first.
    #[serde(default)]
    pub pauses: Vec<ClockPause>,
    /// The targets that it had before the one that it has, oldest first.
    #[serde(default)]
    pub earlier: Vec<EarlierTarget>,
    /// What ended it; None: it counts still, or it is not known.
    #[serde(default)]
    pub ended_by: Option<ClockEnd>,
}

/// A stretch of time that does not count: from `from` until just before `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockPause {
    pub from: DateTime<Utc>,
    /// None: it lasts.
    #[schema(required)]
    pub to: Option<DateTime<Utc>>,
    pub reason: PauseReason,
}

/// A target that a clock had until its case's severity, or the policy, changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EarlierTarget {
    /// None: with a change of the policy, which has no instant in the case's life.
    #[schema(required)]
    pub until: Option<DateTime<Utc>>,
    #[schema(required)]
    pub severity: Option<Severity>,
    pub target: Target,
    pub policy: String,
}

/// A case, as in the change feed: what the queue and the clocks need, never the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Case {
    pub id: CaseId,
    pub subject: Untrusted,
    pub severity: Severity,
    pub tier: Tier,
    pub state: CaseState,
    pub partner: PartnerRef,
    pub customer: Customer,
    #[schema(required)]
    pub assignee: Option<Person>,
    pub eligibility: Eligibility,
    pub environment: Environment,
    pub workaround: bool,
    #[schema(required)]
    pub phone_follow_up: Option<PhoneFollowUp>,
    #[schema(required)]
    pub correction: Option<CorrectionId>,
    pub reported_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[schema(value_type = u64)]
    pub revision: Revision,
    pub clocks: Vec<ClockSummary>,
}

/// How a case was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Resolution {
    pub kind: ResolutionKind,
    pub text: Untrusted,
    #[schema(required)]
    pub cause: Option<Cause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<CaseId>,
    pub at: DateTime<Utc>,
    pub by: Person,
}

/// Who may read a timeline entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    Internal,
    Customer,
}

/// What a timeline entry tells. Those of acts bear the act's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimelineKind {
    /// The case was registered.
    Reported,
    /// The customer added something.
    CustomerAnswer,
    Respond,
    Take,
    Release,
    Assign,
    Note,
    Reply,
    RequestInfo,
    InfoReceived,
    SetSeverity,
    RecordWorkaround,
    LogPhoneCall,
    SetEligibility,
    Escalate,
    HandBack,
    Close,
    Reopen,
    /// Another policy was put in force, and it applies to clocks that run.
    PolicyChange,
    /// What became of mail to the customer.
    Mail,
    /// The case's correction was linked, planned or moved on by Product Management.
    Correction,
    /// Files were added, with no other act.
    Attach,
    /// A kind that this version does not know yet.
    #[serde(other)]
    Other,
}

impl From<ActionKind> for TimelineKind {
    fn from(kind: ActionKind) -> Self {
        match kind {
            ActionKind::Respond => Self::Respond,
            ActionKind::Take => Self::Take,
            ActionKind::Release => Self::Release,
            ActionKind::Assign => Self::Assign,
            ActionKind::Note => Self::Note,
            ActionKind::Reply => Self::Reply,
            ActionKind::RequestInfo => Self::RequestInfo,
            ActionKind::InfoReceived => Self::InfoReceived,
            ActionKind::SetSeverity => Self::SetSeverity,
            ActionKind::RecordWorkaround => Self::RecordWorkaround,
            ActionKind::LogPhoneCall => Self::LogPhoneCall,
            ActionKind::SetEligibility => Self::SetEligibility,
            ActionKind::Escalate => Self::Escalate,
            ActionKind::HandBack => Self::HandBack,
            ActionKind::Close => Self::Close,
            ActionKind::Reopen => Self::Reopen,
        }
    }
}

/// One entry of a case's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineEntry {
    /// Counts from 1 within its case.
    pub seq: u64,
    pub at: DateTime<Utc>,
    pub actor: Person,
    pub kind: TimelineKind,
    pub visibility: Visibility,
    /// What was written; empty where the act has no text.
    pub text: Untrusted,
    /// What happened besides the text, as a sentence for people ("severity High → Critical").
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub summary: Untrusted,
}

/// A file of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachment {
    /// Its number among the files of the case; opaque.
    pub id: String,
    pub name: Untrusted,
    /// Bytes.
    pub size: u64,
    #[serde(rename = "type")]
    pub media_type: String,
    pub at: DateTime<Utc>,
    pub by: Untrusted,
    #[serde(default = "Attachment::if_not_told")]
    pub visibility: Visibility,
    /// Of its bytes, in hex; empty: this desk does not tell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
}

impl Attachment {
    /// The more careful answer.
    const fn if_not_told() -> Visibility {
        Visibility::Internal
    }
}

/// One case, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseDetail {
    #[serde(flatten)]
    pub case: Case,
    pub description: Untrusted,
    #[schema(required)]
    pub product: Option<Untrusted>,
    #[schema(required)]
    pub version: Option<Untrusted>,
    /// The last four characters only, for those who may not see all of it.
    pub licence_key: Untrusted,
    pub email: Untrusted,
    #[schema(required)]
    pub phone: Option<Untrusted>,
    #[schema(required)]
    pub resolution: Option<Resolution>,
    pub attachments: Vec<Attachment>,
    /// Oldest first.
    pub timeline: Vec<TimelineEntry>,
    /// What the clocks went through; None: this desk does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<CaseLedger>,
}

impl Case {
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == CaseState::Closed
    }

    /// The case's clocks that still count: running or paused.
    pub fn live_clocks(&self) -> impl Iterator<Item = &ClockSummary> {
        self.clocks.iter().filter(|c| matches!(c.state, ClockState::Running | ClockState::Paused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_acts_bear_the_acts_word() {
        for kind in ActionKind::ALL {
            let entry = serde_json::to_value(TimelineKind::from(*kind)).unwrap();
            assert_eq!(entry, kind.word());
        }
    }
}
