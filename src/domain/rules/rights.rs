//! The table of roles, "may": which role may do what at which tier, and the sentence for those who may
//! not. Whether a rule stands against it otherwise is asked afterwards.

use super::super::action::ActionKind as A;
use super::super::people::{Actor, Role};
use super::super::words::{PhoneFollowUp, Tier};
use super::{Refusal, Standing, may_see};

/// Whether the role may do this to some case.
#[must_use]
pub fn role_may(role: Role, kind: A) -> bool {
    match role {
        Role::Partner => !matches!(kind, A::SetEligibility | A::HandBack),
        Role::Engineer | Role::Admin => true,
        Role::Product => {
            matches!(kind, A::Note | A::Reply | A::HandBack | A::Close | A::Reopen)
        }
        Role::Oncall => matches!(kind, A::Respond | A::Take | A::Release | A::LogPhoneCall),
    }
}

/// Whether the role may do this to a case at that tier (one that it may see).
fn may_at(role: Role, kind: A, tier: Tier, call_due: bool) -> bool {
    if !role_may(role, kind) {
        return false;
    }
    match role.tier() {
        None => true,
        Some(own) => match kind {
            A::Note => tier >= own,
            A::LogPhoneCall if role == Role::Partner => tier == own || call_due,
            _ => tier == own,
        },
    }
}

pub(super) const NOWHERE_BACK: &str =
    "The case is at 1st level; there is no tier to hand it back to.";
pub(super) const NOWHERE_ON: &str =
    "The case is at Product Management; there is no tier beyond it.";

pub(super) fn check(actor: &Actor, case: &Standing, kind: A) -> Result<(), Refusal> {
    check_as(actor, case, kind, kind.verb(), &done_to_it(kind))
}

/// The right to do one thing to a case, told in the words of another that goes by it.
pub(super) fn check_as(
    actor: &Actor,
    case: &Standing,
    kind: A,
    verb: &str,
    done_to_it: &str,
) -> Result<(), Refusal> {
    let refuse = |sentence| Err(Refusal::NotAllowed(sentence));
    if !may_see(actor, case) {
        // Whoever may not see a case is told that there is none; this is for callers who did not ask.
        return refuse("The case is not yours to see.".to_owned());
    }
    let call_due = case.phone_follow_up == Some(PhoneFollowUp::Due);
    if may_at(actor.role, kind, case.tier, call_due) {
        return Ok(());
    }
    // Nobody at all could, so it would mislead to name who may.
    match (kind, case.tier) {
        (A::HandBack, Tier::First) => return refuse(NOWHERE_BACK.to_owned()),
        (A::Escalate, Tier::Product) => return refuse(NOWHERE_ON.to_owned()),
        _ => {}
    }
    let who: Vec<&str> = Role::ALL
        .iter()
        .filter(|role| may_at(**role, kind, case.tier, call_due))
        .map(|role| plural(*role))
        .collect();
    let who = listed(&who);
    if role_may(actor.role, kind) {
        refuse(format!("The case is at {}, where {who} may {done_to_it}.", case.tier))
    } else {
        refuse(format!(
            "{} may not {verb} a case; at {}, {who} may.",
            singular(actor.role),
            case.tier,
        ))
    }
}

/// The act as what is done to "it".
fn done_to_it(kind: A) -> String {
    match kind {
        A::HandBack => "hand it back".to_owned(),
        A::SetSeverity => "set its severity".to_owned(),
        A::SetEligibility => "set its eligibility".to_owned(),
        _ => format!("{} it", kind.verb()),
    }
}

const fn singular(role: Role) -> &'static str {
    match role {
        Role::Partner => "A partner agent",
        Role::Engineer => "An engineer",
        Role::Product => "A product manager",
        Role::Oncall => "The one on call",
        Role::Admin => "An administrator",
    }
}

const fn plural(role: Role) -> &'static str {
    match role {
        Role::Partner => "its partner's agents",
        Role::Engineer => "engineers",
        Role::Product => "product managers",
        Role::Oncall => "the one on call",
        Role::Admin => "administrators",
    }
}

/// "a", "a and b", "a, b and c".
fn listed(words: &[&str]) -> String {
    match words {
        [] => "nobody".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
