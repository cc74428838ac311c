//! Who may do what when, and what it does to the case: pure functions that the service decides with and
//! the screen asks before it offers an act. Sources: the domain's rules 1 to 11 and its table of roles.

use super::action::{Action, ActionKind};
use super::case::Case;
use super::people::{Actor, CorrectionId, PartnerId, UserId};
use super::words::{CaseState, Eligibility, Environment, PhoneFollowUp, Severity, Tier};

/// What the rules need to know of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub partner: PartnerId,
    pub tier: Tier,
    pub state: CaseState,
    pub severity: Severity,
    pub eligibility: Eligibility,
    pub environment: Environment,
    pub workaround: bool,
    pub assignee: Option<UserId>,
    pub phone_follow_up: Option<PhoneFollowUp>,
    pub correction: Option<CorrectionId>,
    /// Whether the case is or was at 2nd level.
    pub reached_second: bool,
    /// Whether the response clock has ended.
    pub responded: bool,
}

/// What an accepted action changes. Clocks follow from these (`sla::Ledger::apply`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The customer has been told that the case is received: the response clock stops.
    Responded,
    Assigned(Option<UserId>),
    /// Information is awaited: resolution clocks pause.
    InfoRequested,
    /// It came, or is no longer awaited: they run again.
    InfoReceived,
    SeveritySet(Severity),
    EligibilitySet(Eligibility),
    WorkaroundRecorded,
    PhoneFollowUpSet(Option<PhoneFollowUp>),
    /// To the next tier: this tier's resolution clock stops, the next one's starts or resumes.
    Escalated(Tier),
    /// To the tier before: its resolution clock resumes.
    HandedBack(Tier),
    CorrectionLinked(CorrectionId),
    /// A new correction with this title, linked to the case.
    CorrectionOpened(String),
    Closed,
    Reopened,
}

/// Why an action is refused; each holds a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The role may not do this to a case that it may see (403). Says who may.
    #[error("{0}")]
    NotAllowed(String),
    /// A rule of the domain refuses it (409).
    #[error("{0}")]
    Rule(String),
    /// A field is wrong (422).
    #[error("{field}: {message}")]
    Invalid { field: &'static str, message: String },
}

/// Whether the actor may see the case at all.
#[must_use]
pub fn may_see(_actor: &Actor, _case: &Standing) -> bool {
    false
}

/// Whether the actor could do such an action to the case as it stands, its fields aside.
///
/// # Errors
/// The [`Refusal`] that the action would meet.
pub fn available(_actor: &Actor, _case: &Standing, _kind: ActionKind) -> Result<(), Refusal> {
    Err(Refusal::Rule(String::new()))
}

/// What the action changes, in the order of things.
///
/// # Errors
/// The [`Refusal`], if the role, a rule or a field stands against it.
pub fn decide(actor: &Actor, case: &Standing, action: &Action) -> Result<Vec<Change>, Refusal> {
    available(actor, case, action.kind())?;
    Ok(Vec::new())
}

impl From<&Case> for Standing {
    fn from(case: &Case) -> Self {
        use super::words::{ClockKind, ClockState};
        Self {
            partner: case.partner.id.clone(),
            tier: case.tier,
            state: case.state,
            severity: case.severity,
            eligibility: case.eligibility,
            environment: case.environment,
            workaround: case.workaround,
            assignee: case.assignee.as_ref().map(|p| p.id.clone()),
            phone_follow_up: case.phone_follow_up,
            correction: case.correction.clone(),
            reached_second: case.tier != Tier::First
                || case.clocks.iter().any(|c| c.tier == Tier::Second),
            responded: case.clocks.iter().any(|c| {
                c.kind == ClockKind::Response
                    && matches!(c.state, ClockState::Met | ClockState::Missed)
            }),
        }
    }
}
