//! Who may do what to a correction, when, and what its customers are told. Sources: domain rule 5, the last
//! column of the matrix, the table of roles.
//!
//! Where these are silent, decided here:
//! - Corrections are Product Management's: product managers and administrators open, plan and link them. An
//!   engineer opens one, or links a case to one, by assigning the case to Product Management (`escalate`).
//! - A plan is held against the worst severity among all linked cases, closed ones too, since the correction is
//!   owed to them all; without cases no plan departs from the matrix, and neither does no plan at all.
//! - A reason is asked for when a plan is set that departs, not when a case is linked that makes it depart.
//! - The status moves freely, forwards and backwards, since work does; to take up again what was released or
//!   rejected takes a reason. Plan and status do not set each other.
//! - A case that was at 2nd level may be linked, wherever it is now, closed too: its customer is told of the
//!   release. A case that is linked to another correction is moved: it has one at most.

use super::super::correction::Amendment;
use super::super::people::{Actor, CaseId, CorrectionId, Role};
use super::super::words::{
    CaseState, CorrectionStatus, CorrectionStep, ReleasePlan, ResolutionKind, Severity, Tier,
};
use super::{LINE_MAX, Refusal, TEXT_MAX, fault, fields, invalid, rule};

/// What the rules need to know of a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub title: String,
    pub release_plan: Option<ReleasePlan>,
    pub status: CorrectionStatus,
    pub note: Option<String>,
    /// The worst severity among its cases; None: it has none.
    pub worst: Option<Severity>,
}

/// What an accepted amendment changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Planned { from: Option<ReleasePlan>, to: Option<ReleasePlan> },
    StatusSet { from: CorrectionStatus, to: CorrectionStatus },
    TitleSet { from: String, to: String },
    Noted(Option<String>),
}

/// Whether the actor may open, plan and link corrections.
///
/// # Errors
/// [`Refusal::NotAllowed`], which says who may.
pub fn may_correct(actor: &Actor) -> Result<(), Refusal> {
    match actor.role {
        Role::Product | Role::Admin => Ok(()),
        Role::Engineer => Err(Refusal::NotAllowed(
            "Corrections are Product Management's: product managers and administrators may do that. An engineer \
             opens one by escalating a case to product with new_correction."
                .to_owned(),
        )),
        Role::Partner | Role::Oncall => Err(Refusal::NotAllowed(
            "Corrections are Product Management's: product managers and administrators may do that."
                .to_owned(),
        )),
    }
}

/// Whether the matrix gives such a plan to a correction whose worst case has that severity.
#[must_use]
pub fn fits(worst: Option<Severity>, plan: Option<ReleasePlan>) -> bool {
    match (worst, plan) {
        (Some(severity), Some(plan)) => severity.release_plans().contains(&plan),
        _ => true,
    }
}

/// A title as a correction can have it.
///
/// # Errors
/// [`Refusal::Invalid`] for one that is blank, too long or holds NUL.
pub fn title(given: &str) -> Result<(), Refusal> {
    fields::line("title", given)
}

/// A note as it is kept: an empty one is none.
///
/// # Errors
/// [`Refusal::Invalid`] for one that is too long or holds NUL.
pub fn note(given: Option<&str>) -> Result<Option<String>, Refusal> {
    let given = given.filter(|note| !note.is_empty());
    if let Some(message) = given.and_then(|note| fault(note, TEXT_MAX)) {
        return invalid("note", message);
    }
    Ok(given.map(str::to_owned))
}

/// What an amendment changes; nothing for what is so already.
///
/// # Errors
/// [`Refusal::Invalid`] if a field is wrong, or a reason is missing.
pub fn amend(before: &Standing, amendment: &Amendment) -> Result<Vec<Change>, Refusal> {
    let mut changes = Vec::new();
    let reason = amendment.reason.as_deref().unwrap_or_default();
    if let Some(message) = fault(reason, TEXT_MAX) {
        return invalid("reason", message);
    }
    let explained = !reason.trim().is_empty();
    if explained && amendment.release_plan.is_none() && amendment.status.is_none() {
        return invalid("reason", "belongs to a change of release_plan or status");
    }
    if let Some(given) = &amendment.title {
        title(given)?;
        if *given != before.title {
            changes.push(Change::TitleSet { from: before.title.clone(), to: given.clone() });
        }
    }
    if let Some(to) = amendment.release_plan
        && to != before.release_plan
    {
        if let (false, Some(severity), Some(plan), false) =
            (fits(before.worst, to), before.worst, to, explained)
        {
            return invalid("reason", departs(severity, plan));
        }
        changes.push(Change::Planned { from: before.release_plan, to });
    }
    if let Some(to) = amendment.status
        && to != before.status
    {
        if before.status.is_final() && !explained {
            return invalid(
                "reason",
                format!("the correction is {}; say why it is {to} now", before.status),
            );
        }
        changes.push(Change::StatusSet { from: before.status, to });
    }
    if let Some(given) = &amendment.note {
        let given = note(given.as_deref())?;
        if given != before.note {
            changes.push(Change::Noted(given));
        }
    }
    Ok(changes)
}

fn departs(severity: Severity, plan: ReleasePlan) -> String {
    let plans: Vec<&str> = severity.release_plans().iter().map(|plan| plan.label()).collect();
    format!(
        "a {plan} departs from the matrix, which gives {} for {severity}, the worst of the linked cases; say \
         why",
        plans.join(" or ")
    )
}

/// Whether a case may be linked (domain rule 5).
///
/// # Errors
/// [`Refusal::Rule`] for one that 2nd level never had.
pub fn linkable(case: &CaseId, tier: Tier, reached_second: bool) -> Result<(), Refusal> {
    if tier == Tier::First && !reached_second {
        return rule(format!(
            "{case} has not been at 2nd level, and only a product error that 2nd level has established is linked \
             to a correction; have it escalated first."
        ));
    }
    Ok(())
}

/// Whether the customer of a linked case is told of a change: while the case is open, and of the release
/// also when it was closed with something that the correction is better than.
#[must_use]
pub fn is_told(changes: &[Change], state: CaseState, closed_as: Option<ResolutionKind>) -> bool {
    let moved =
        changes.iter().any(|c| matches!(c, Change::Planned { .. } | Change::StatusSet { .. }));
    match state {
        CaseState::Open | CaseState::Waiting => moved,
        CaseState::Closed => {
            is_release(changes)
                && matches!(
                    closed_as,
                    Some(ResolutionKind::Explanation | ResolutionKind::Workaround)
                )
        }
    }
}

/// Whether the correction has come out by these changes.
#[must_use]
pub fn is_release(changes: &[Change]) -> bool {
    changes.iter().any(|c| matches!(c, Change::StatusSet { to: CorrectionStatus::Released, .. }))
}

/// What the customers of linked cases are told; None: nothing that concerns them.
#[must_use]
pub fn told(id: &CorrectionId, changes: &[Change]) -> Option<String> {
    let mut said = Vec::new();
    for change in changes {
        match change {
            Change::Planned { to: Some(ReleasePlan::HotFix), .. } => {
                said.push("planned as hot fix");
            }
            Change::Planned { to: Some(ReleasePlan::NextRelease), .. } => {
                said.push("planned for the next release");
            }
            Change::Planned { to: Some(ReleasePlan::FutureRelease), .. } => {
                said.push("planned for a future release");
            }
            Change::Planned { to: None, .. } => said.push("not planned for a release any more"),
            // The plan says it better.
            Change::StatusSet { to: CorrectionStatus::Planned, .. } if !said.is_empty() => {}
            Change::StatusSet { to, .. } => said.push(to.label()),
            Change::TitleSet { .. } | Change::Noted(_) => {}
        }
    }
    (!said.is_empty()).then(|| format!("Correction {}: {}", id.as_str(), said.join("; ")))
}

impl Change {
    /// The step of the correction's history that it is.
    #[must_use]
    pub const fn step(&self) -> CorrectionStep {
        match self {
            Self::Planned { .. } => CorrectionStep::Planned,
            Self::StatusSet { .. } => CorrectionStep::StatusSet,
            Self::TitleSet { .. } => CorrectionStep::TitleSet,
            Self::Noted(_) => CorrectionStep::Noted,
        }
    }

    /// What became what.
    #[must_use]
    pub fn text(&self) -> String {
        let plan = |plan: &Option<ReleasePlan>| plan.map_or("no plan", ReleasePlan::label);
        match self {
            Self::Planned { from, to } => format!("{} → {}", plan(from), plan(to)),
            Self::StatusSet { from, to } => format!("{from} → {to}"),
            Self::TitleSet { from, to } => format!("{from} → {to}"),
            Self::Noted(note) => note.clone().unwrap_or_default(),
        }
    }

    /// Whether it is one that a reason is given for.
    #[must_use]
    pub const fn takes_reason(&self) -> bool {
        matches!(self, Self::Planned { .. } | Self::StatusSet { .. })
    }
}

/// The ids of the cases of one request: at least one, none blank, each once.
///
/// # Errors
/// [`Refusal::Invalid`] if there is none, there are more than `most`, or one cannot be an id.
pub fn cases(given: &[CaseId], most: usize) -> Result<Vec<CaseId>, Refusal> {
    if given.is_empty() {
        return invalid("cases", "name at least one case");
    }
    if given.len() > most {
        return invalid("cases", format!("names more than {most} cases"));
    }
    if given.iter().any(|id| fault(id.as_str(), LINE_MAX).is_some()) {
        return invalid("cases", "holds what is no case id");
    }
    let mut ids = given.to_vec();
    ids.sort();
    ids.dedup();
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use CorrectionStatus as S;
    use ReleasePlan::{FutureRelease, HotFix, NextRelease};
    use Severity::{Critical, High, Low, Medium};

    fn standing(worst: Option<Severity>) -> Standing {
        Standing {
            title: "Guests are locked out".to_owned(),
            release_plan: None,
            status: S::Confirmed,
            note: None,
            worst,
        }
    }

    fn planned(plan: Option<ReleasePlan>, reason: Option<&str>) -> Amendment {
        Amendment {
            release_plan: Some(plan),
            reason: reason.map(str::to_owned),
            ..Amendment::default()
        }
    }

    fn moved(status: CorrectionStatus, reason: Option<&str>) -> Amendment {
        Amendment {
            status: Some(status),
            reason: reason.map(str::to_owned),
            ..Amendment::default()
        }
    }

    /// The field that is wrong.
    fn wrong(refused: Result<Vec<Change>, Refusal>) -> &'static str {
        match refused {
            Err(Refusal::Invalid { field, .. }) => field,
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn a_plan_that_departs_from_the_matrix_needs_a_reason() {
        for (worst, hot_fix, next_release, future_release) in [
            (Some(Critical), true, false, false),
            (Some(High), true, true, false),
            (Some(Medium), false, false, true),
            (Some(Low), false, false, true),
            (None, true, true, true),
        ] {
            for (plan, fitting) in
                [(HotFix, hot_fix), (NextRelease, next_release), (FutureRelease, future_release)]
            {
                let before = standing(worst);
                assert_eq!(fits(worst, Some(plan)), fitting, "{worst:?} {plan}");
                let change = vec![Change::Planned { from: None, to: Some(plan) }];
                if fitting {
                    assert_eq!(amend(&before, &planned(Some(plan), None)), Ok(change.clone()));
                } else {
                    for reason in [None, Some(""), Some(" \n")] {
                        let refused = amend(&before, &planned(Some(plan), reason));
                        assert_eq!(wrong(refused), "reason", "{worst:?} {plan} {reason:?}");
                    }
                }
                let explained = planned(Some(plan), Some("The customer pays for it."));
                assert_eq!(amend(&before, &explained), Ok(change));
            }
            // No plan is none that departs.
            let before = Standing { release_plan: Some(HotFix), ..standing(worst) };
            assert!(amend(&before, &planned(None, None)).is_ok());
        }
        let refused = amend(&standing(Some(High)), &planned(Some(FutureRelease), None));
        assert_eq!(
            refused.unwrap_err().to_string(),
            "reason: a future release departs from the matrix, which gives hot fix or next release for High, \
             the worst of the linked cases; say why"
        );
    }

    #[test]
    fn what_is_so_already_changes_nothing_and_asks_for_nothing() {
        let before = Standing {
            release_plan: Some(HotFix),
            status: S::Released,
            note: Some("n".to_owned()),
            ..standing(Some(Low))
        };
        let same = Amendment {
            title: Some(before.title.clone()),
            release_plan: Some(Some(HotFix)),
            status: Some(S::Released),
            note: Some(Some("n".to_owned())),
            reason: None,
        };
        assert_eq!(amend(&before, &same), Ok(Vec::new()));
        assert_eq!(amend(&before, &Amendment::default()), Ok(Vec::new()));
    }

    #[test]
    fn the_status_moves_freely_but_what_has_ended_is_taken_up_with_a_reason() {
        for from in S::ALL {
            for to in S::ALL {
                let before = Standing { status: *from, ..standing(None) };
                let silent = amend(&before, &moved(*to, None));
                let change = Change::StatusSet { from: *from, to: *to };
                match (from == to, from.is_final()) {
                    (true, _) => assert_eq!(silent, Ok(Vec::new())),
                    (false, false) => assert_eq!(silent, Ok(vec![change])),
                    (false, true) => {
                        assert_eq!(wrong(silent), "reason", "{from} {to}");
                        let explained = amend(&before, &moved(*to, Some("It came back.")));
                        assert_eq!(explained, Ok(vec![change]));
                    }
                }
            }
        }
    }

    #[test]
    fn texts_are_checked_and_a_reason_has_something_to_explain() {
        let before = standing(None);
        let long = "x".repeat(TEXT_MAX + 1);
        let with = |set: &dyn Fn(&mut Amendment)| {
            let mut amendment = Amendment::default();
            set(&mut amendment);
            amend(&before, &amendment)
        };
        assert_eq!(wrong(with(&|a| a.title = Some(" ".to_owned()))), "title");
        assert_eq!(wrong(with(&|a| a.title = Some("x".repeat(301)))), "title");
        assert_eq!(wrong(with(&|a| a.note = Some(Some(long.clone())))), "note");
        assert_eq!(wrong(with(&|a| a.note = Some(Some("\0".to_owned())))), "note");
        assert_eq!(wrong(with(&|a| a.reason = Some("why".to_owned()))), "reason");
        assert_eq!(
            wrong(with(&|a| {
                a.status = Some(S::InWork);
                a.reason = Some(long.clone());
            })),
            "reason"
        );
        let noted = with(&|a| a.note = Some(Some(String::new())));
        assert_eq!(noted, Ok(Vec::new()), "an empty note is none");
    }

    #[test]
    fn customers_are_told_of_plan_and_status_in_one_sentence() {
        let id = CorrectionId::from("K-17");
        let plan = |to| Change::Planned { from: None, to };
        let status = |to| Change::StatusSet { from: S::Confirmed, to };
        for (changes, expected) in [
            (vec![plan(Some(HotFix))], Some("Correction K-17: planned as hot fix")),
            (
                vec![plan(Some(NextRelease)), status(S::Planned)],
                Some("Correction K-17: planned for the next release"),
            ),
            (
                vec![plan(Some(FutureRelease)), status(S::InWork)],
                Some("Correction K-17: planned for a future release; in work"),
            ),
            (vec![plan(None)], Some("Correction K-17: not planned for a release any more")),
            (vec![status(S::Planned)], Some("Correction K-17: planned")),
            (vec![status(S::Released)], Some("Correction K-17: released")),
            (
                vec![
                    Change::TitleSet { from: "a".to_owned(), to: "b".to_owned() },
                    Change::Noted(Some("n".to_owned())),
                ],
                None,
            ),
        ] {
            assert_eq!(told(&id, &changes).as_deref(), expected);
        }
    }

    #[test]
    fn closed_cases_hear_of_the_release_alone_and_only_where_it_is_news() {
        use ResolutionKind as R;
        let released = [Change::StatusSet { from: S::InTest, to: S::Released }];
        let in_work = [Change::StatusSet { from: S::Planned, to: S::InWork }];
        let noted = [Change::Noted(None)];
        for state in [CaseState::Open, CaseState::Waiting] {
            assert!(is_told(&released, state, None) && is_told(&in_work, state, None));
            assert!(!is_told(&noted, state, None));
        }
        for resolution in R::ALL {
            let news = matches!(resolution, R::Explanation | R::Workaround);
            assert_eq!(is_told(&released, CaseState::Closed, Some(*resolution)), news);
            assert!(!is_told(&in_work, CaseState::Closed, Some(*resolution)));
        }
    }

    #[test]
    fn only_a_case_that_2nd_level_has_had_is_linked() {
        let id = CaseId::from("C-1");
        for (tier, reached_second, allowed) in [
            (Tier::First, false, false),
            (Tier::First, true, true),
            (Tier::Second, true, true),
            (Tier::Product, true, true),
        ] {
            assert_eq!(linkable(&id, tier, reached_second).is_ok(), allowed, "{tier}");
        }
    }

    #[test]
    fn product_managers_and_administrators_correct_and_nobody_else() {
        for role in Role::ALL {
            let actor = Actor { id: "x".into(), name: "X".into(), role: *role, partner: None };
            let may = matches!(role, Role::Product | Role::Admin);
            assert_eq!(may_correct(&actor).is_ok(), may, "{}", role.label());
        }
    }

    #[test]
    fn the_cases_of_a_request_are_some_and_each_counts_once() {
        let ids = |ids: &[&str]| ids.iter().map(|id| CaseId::from(*id)).collect::<Vec<_>>();
        assert_eq!(cases(&ids(&["C-2", "C-1", "C-2"]), 9), Ok(ids(&["C-1", "C-2"])));
        for (given, most) in [(ids(&[]), 9), (ids(&["C-1", "C-2"]), 1), (ids(&["C\0"]), 9)] {
            assert!(cases(&given, most).is_err(), "{given:?}");
        }
    }
}
