//! How a case may be closed (domain rules 7 and 11): which resolutions there are for whom and where, and which
//! causes go with them.

use super::super::people::{Actor, CaseId, Role};
use super::super::words::{Cause, Eligibility, ResolutionKind as R, Tier};
use super::{Refusal, Standing, fields, invalid, rule};

pub(super) fn check(
    actor: &Actor,
    case: &Standing,
    resolution: R,
    text: &str,
    cause: Option<Cause>,
    duplicate_of: Option<&CaseId>,
) -> Result<(), Refusal> {
    fields::closing_text(text)?;
    match (resolution, duplicate_of) {
        (R::Duplicate, None) => {
            return invalid("duplicate_of", "name the case that this one is a duplicate of");
        }
        (R::Duplicate, Some(id)) => fields::line("duplicate_of", id.as_str())?,
        (_, Some(_)) => return invalid("duplicate_of", "belongs to the resolution duplicate only"),
        (_, None) => {}
    }
    may_resolve(actor, case, resolution)?;
    cause.map_or(Ok(()), |cause| may_be_cause(resolution, cause))
}

/// Whether the case as it stands may be closed with that resolution by that person.
///
/// # Errors
/// The [`Refusal`] that it would meet.
pub fn may_resolve(actor: &Actor, case: &Standing, resolution: R) -> Result<(), Refusal> {
    if actor.role == Role::Product && resolution != R::CorrectedInRelease {
        return Err(Refusal::NotAllowed(
            "A product manager closes a case as corrected in release only; hand it back to 2nd level for \
             any other resolution."
                .to_owned(),
        ));
    }
    if resolution == R::CorrectedInRelease
        && case.correction.is_none()
        && case.tier != Tier::Product
    {
        return rule(
            "No correction is linked to the case, so it cannot be corrected in a release; choose another \
             resolution.",
        );
    }
    if resolution == R::NotEligible && case.eligibility == Eligibility::Eligible {
        return rule(
            "The case's licence is eligible for support; choose another resolution, or have the \
             eligibility changed first.",
        );
    }
    Ok(())
}

/// Whether that can be what lay behind a case which is closed with that resolution.
///
/// # Errors
/// The [`Refusal`] that it would meet.
pub fn may_be_cause(resolution: R, cause: Cause) -> Result<(), Refusal> {
    let outside = matches!(cause, Cause::ThirdParty | Cause::Network);
    if outside && matches!(resolution, R::Explanation | R::Workaround | R::CorrectedInRelease) {
        return rule(
            "For third-party software and networks only general guidance is given; close the case as \
             guidance given.",
        );
    }
    if resolution == R::GuidanceGiven && !outside && cause != Cause::Other {
        return rule(
            "Guidance given is for third-party software and networks; with this cause, close the case \
             with an explanation or a workaround.",
        );
    }
    Ok(())
}
