//! Who may do what when, and what it does to the case: pure functions that the service decides with and
//! the screen asks before it offers an act. Sources: the domain's rules 1 to 11 and its table of roles.
//!
//! Where these are silent, decided here:
//! - A note is open to everybody whose tier the case has reached, wherever it is now, closed or not: a
//!   remark among colleagues changes nothing and should not get lost. (On-call reads only, and an
//!   engineer reads only while the case is at 1st level.)
//! - A phone call that is due may be logged by the case's partner at any tier: the call goes to 1st level
//!   (rule 3), also when the case was escalated before it came.
//! - Marking a licence eligible or not is the vendor's word: engineers at 2nd level, administrators.
//! - A product manager may write to the customers whose cases are at Product Management.
//! - A reply or a request for information tells the customer that the case is received, so it is also
//!   the response if there was none. An escalation is none.
//! - Asking again while waiting starts no second pause; escalating, handing back and closing end one.
//! - A case is reopened by those who could have closed it. An outstanding phone call stops no closing.
//! - The first workaround lowers the severity one step; a better one later does not lower it again.
//!
//! Left to the caller, who knows more than the case: whether the assignee exists and may work on it,
//! whether a correction exists, whether the case that this one doubles exists and is another one.

pub mod correction;

mod closing;
mod fields;
mod rights;
#[cfg(test)]
mod tests;

use super::action::{Action, ActionKind};
use super::case::Case;
use super::people::{Actor, CorrectionId, PartnerId, Role, UserId};
use super::words::{CaseState, Eligibility, Environment, Finding, PhoneFollowUp, Severity, Tier};

pub use closing::{may_be_cause, may_resolve};
pub use fields::{CONTACT_MAX, LINE_MAX, SUBJECT_MAX, TEXT_MAX, fault};
pub use rights::role_may;

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

fn rule<T>(sentence: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Rule(sentence.into()))
}

fn invalid<T>(field: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Invalid { field, message: message.into() })
}

/// Whether the actor may see the case at all (the table of roles, "sees").
#[must_use]
pub fn may_see(actor: &Actor, case: &Standing) -> bool {
    match actor.role {
        Role::Partner => actor.partner.as_ref() == Some(&case.partner),
        // Everything at 1st level is there to read; the rest has been at 2nd level.
        Role::Engineer => {
            case.tier == Tier::First || case.tier == Tier::Second || case.reached_second
        }
        Role::Product => case.tier == Tier::Product || case.correction.is_some(),
        Role::Oncall | Role::Admin => true,
    }
}

/// Whether the actor could do such an action to the case as it stands, its fields aside.
///
/// # Errors
/// The [`Refusal`] that the action would meet.
pub fn available(actor: &Actor, case: &Standing, kind: ActionKind) -> Result<(), Refusal> {
    rights::check(actor, case, kind)?;
    match (case.state, kind) {
        (CaseState::Closed, ActionKind::Note | ActionKind::Reopen) => {}
        (CaseState::Closed, ActionKind::Close) => return rule("The case is closed already."),
        (CaseState::Closed, _) => {
            return rule("The case is closed; reopen it first. A note can still be left.");
        }
        (_, ActionKind::Reopen) => return rule("The case is not closed."),
        _ => {}
    }
    match kind {
        ActionKind::Respond if case.responded => {
            rule("The customer has had the response already; use reply to write again.")
        }
        ActionKind::Take => match &case.assignee {
            None => Ok(()),
            Some(holder) if *holder == actor.id => rule("You have the case already."),
            Some(holder) => rule(format!(
                "{holder} has the case already; ask {holder} to release it, or have it assigned to you."
            )),
        },
        ActionKind::Release => match &case.assignee {
            None => rule("Nobody has the case, so there is nothing to release."),
            Some(holder) if *holder == actor.id || actor.role == Role::Admin => Ok(()),
            Some(holder) => rule(format!(
                "{holder} has the case; only {holder} or an administrator can release it."
            )),
        },
        ActionKind::InfoReceived if case.state != CaseState::Waiting => {
            rule("No information is awaited from the customer; leave a note instead.")
        }
        ActionKind::Escalate => escalate_available(case),
        ActionKind::HandBack if case.tier == Tier::First => rule(rights::NOWHERE_BACK),
        _ => Ok(()),
    }
}

/// Whether the actor may attach files to the case. Whoever may leave a note may: a file is a note in another
/// form, it changes no clock, and a closed case takes it, too.
///
/// # Errors
/// [`Refusal::NotAllowed`], with who may.
pub fn may_attach(actor: &Actor, case: &Standing) -> Result<(), Refusal> {
    rights::check_as(actor, case, ActionKind::Note, "attach files to", "attach files to it")
}

/// Domain rule 1: no escalation before the licence is known to be eligible.
fn escalate_available(case: &Standing) -> Result<(), Refusal> {
    if case.tier == Tier::Product {
        return rule(rights::NOWHERE_ON);
    }
    let why = match case.eligibility {
        Eligibility::Eligible => return Ok(()),
        Eligibility::UnknownKey => "The licence key is unknown",
        Eligibility::NotEligible => "The licence is not eligible for support",
    };
    let who = match case.tier {
        Tier::First => "an administrator",
        Tier::Second | Tier::Product => "an engineer or an administrator",
    };
    rule(format!(
        "{why}: {who} must mark the case eligible before it can be escalated. It can be closed as not \
         eligible."
    ))
}

/// What the action changes, in the order of things.
///
/// # Errors
/// The [`Refusal`], if the role, a rule or a field stands against it.
pub fn decide(actor: &Actor, case: &Standing, action: &Action) -> Result<Vec<Change>, Refusal> {
    available(actor, case, action.kind())?;
    let mut changes = Vec::new();
    match action {
        Action::Respond { text } => {
            fields::optional_text("text", text.as_deref())?;
            changes.push(Change::Responded);
        }
        Action::Take {} => changes.push(Change::Assigned(Some(actor.id.clone()))),
        Action::Release {} => changes.push(Change::Assigned(None)),
        Action::Assign { assignee } => {
            fields::line("assignee", assignee.as_str())?;
            if case.assignee.as_ref() == Some(assignee) {
                return rule(format!("{assignee} has the case already."));
            }
            changes.push(Change::Assigned(Some(assignee.clone())));
        }
        Action::Note { text } => fields::text("text", text)?,
        Action::Reply { text } => {
            fields::text("text", text)?;
            told(case, &mut changes);
        }
        Action::RequestInfo { text, .. } => {
            fields::text("text", text)?;
            told(case, &mut changes);
            if case.state != CaseState::Waiting {
                changes.push(Change::InfoRequested);
            }
        }
        Action::InfoReceived { text } => {
            fields::optional_text("text", text.as_deref())?;
            changes.push(Change::InfoReceived);
        }
        Action::SetSeverity { severity, reason } => {
            fields::text("reason", reason)?;
            if *severity == case.severity {
                return rule(format!("The severity is {severity} already."));
            }
            if *severity == Severity::Critical && case.environment == Environment::Lab {
                return rule(
                    "A case in a lab environment is never Critical; High is the highest for it.",
                );
            }
            severity_changes(case, *severity, &mut changes);
        }
        Action::RecordWorkaround { text } => {
            fields::text("text", text)?;
            changes.push(Change::WorkaroundRecorded);
            let lowered = case.severity.lowered();
            if !case.workaround && lowered != case.severity {
                severity_changes(case, lowered, &mut changes);
            }
        }
        Action::LogPhoneCall { with, text } => {
            fields::line("with", with)?;
            fields::text("text", text)?;
            if case.phone_follow_up == Some(PhoneFollowUp::Due) {
                changes.push(Change::PhoneFollowUpSet(Some(PhoneFollowUp::Done)));
            }
        }
        Action::SetEligibility { eligibility, reason } => {
            fields::text("reason", reason)?;
            if *eligibility == case.eligibility {
                return rule(format!("The case is marked \"{eligibility}\" already."));
            }
            changes.push(Change::EligibilitySet(*eligibility));
        }
        Action::Escalate { .. } => escalate(case, action, &mut changes)?,
        Action::HandBack { reason } => {
            fields::text("reason", reason)?;
            no_longer_waiting(case, &mut changes);
            changes.push(Change::HandedBack(match case.tier {
                Tier::Product => Tier::Second,
                Tier::Second | Tier::First => Tier::First,
            }));
            released(case, &mut changes);
        }
        Action::Close { resolution, text, cause, duplicate_of } => {
            closing::check(actor, case, *resolution, text, *cause, duplicate_of.as_ref())?;
            no_longer_waiting(case, &mut changes);
            changes.push(Change::Closed);
        }
        Action::Reopen { reason } => {
            fields::text("reason", reason)?;
            changes.push(Change::Reopened);
        }
    }
    Ok(changes)
}

/// Whoever writes to the customer confirms that the case is received (FAQ: response target).
fn told(case: &Standing, changes: &mut Vec<Change>) {
    if !case.responded {
        changes.push(Change::Responded);
    }
}

fn no_longer_waiting(case: &Standing, changes: &mut Vec<Change>) {
    if case.state == CaseState::Waiting {
        changes.push(Change::InfoReceived);
    }
}

/// The next tier's people have not taken it yet.
fn released(case: &Standing, changes: &mut Vec<Change>) {
    if case.assignee.is_some() {
        changes.push(Change::Assigned(None));
    }
}

/// Domain rule 3: Critical asks for a phone call; a call that was made stays made.
fn severity_changes(case: &Standing, severity: Severity, changes: &mut Vec<Change>) {
    changes.push(Change::SeveritySet(severity));
    match (severity, case.phone_follow_up) {
        (Severity::Critical, None) => {
            changes.push(Change::PhoneFollowUpSet(Some(PhoneFollowUp::Due)));
        }
        (Severity::High | Severity::Medium | Severity::Low, Some(PhoneFollowUp::Due)) => {
            changes.push(Change::PhoneFollowUpSet(None));
        }
        _ => {}
    }
}

/// Domain rules 4 and 5.
fn escalate(case: &Standing, action: &Action, changes: &mut Vec<Change>) -> Result<(), Refusal> {
    let Action::Escalate { to, reason, finding, correction, new_correction } = action else {
        return Ok(());
    };
    match (case.tier, to) {
        (Tier::First, Tier::Second) | (Tier::Second, Tier::Product) => {}
        (_, Tier::First) => {
            return invalid(
                "to",
                "a case is escalated to second or product; use hand_back to go back",
            );
        }
        (Tier::First, Tier::Product) => {
            return rule(
                "Only a product error that 2nd level has established goes to Product Management; escalate \
                 the case to 2nd level first.",
            );
        }
        (tier, _) => return rule(format!("The case is at {tier} already.")),
    }
    fields::text("reason", reason)?;
    let mut link = None;
    if *to == Tier::Product {
        match finding {
            None => return invalid("finding", "say what 2nd level found: product_error"),
            Some(Finding::ProductError) => {}
            Some(other) => {
                return rule(format!(
                    "Only a product error goes to Product Management, and the finding is \"{other}\"; close \
                     the case with an explanation or guidance, or hand it back."
                ));
            }
        }
        link = Some(match (correction, new_correction) {
            (Some(id), None) => {
                fields::line("correction", id.as_str())?;
                Change::CorrectionLinked(id.clone())
            }
            (None, Some(new)) => {
                fields::line("new_correction", &new.title)?;
                Change::CorrectionOpened(new.title.clone())
            }
            (None, None) => {
                return invalid("correction", "name a correction, or open one with new_correction");
            }
            (Some(_), Some(_)) => {
                return invalid("new_correction", "give a correction or a new one, not both");
            }
        });
    } else {
        for (field, given) in [
            ("finding", finding.is_some()),
            ("correction", correction.is_some()),
            ("new_correction", new_correction.is_some()),
        ] {
            if given {
                return invalid(field, "belongs to an escalation to product only");
            }
        }
    }
    no_longer_waiting(case, changes);
    changes.push(Change::Escalated(*to));
    changes.extend(link);
    released(case, changes);
    Ok(())
}

impl Standing {
    /// Takes a change in. The id of a correction that [`Change::CorrectionOpened`] opens is the caller's to
    /// set, who gave it out.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Responded => self.responded = true,
            Change::Assigned(to) => self.assignee.clone_from(to),
            Change::InfoRequested => self.state = CaseState::Waiting,
            Change::InfoReceived | Change::Reopened => self.state = CaseState::Open,
            Change::SeveritySet(severity) => self.severity = *severity,
            Change::EligibilitySet(eligibility) => self.eligibility = *eligibility,
            Change::WorkaroundRecorded => self.workaround = true,
            Change::PhoneFollowUpSet(call) => self.phone_follow_up = *call,
            Change::Escalated(tier) | Change::HandedBack(tier) => {
                self.tier = *tier;
                self.reached_second |= *tier != Tier::First;
            }
            Change::CorrectionLinked(id) => self.correction = Some(id.clone()),
            Change::CorrectionOpened(_) => {}
            Change::Closed => {
                self.state = CaseState::Closed;
                // Closing ends every clock.
                self.responded = true;
            }
        }
    }
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
