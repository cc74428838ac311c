//! Cases by the thousand for a desk, straight into its store.

use caseload::domain::{
    CaseId, CaseState, Cause, Eligibility, Environment, Person, Resolution, ResolutionKind,
    Severity, Tier, UserId,
};
use caseload::service::Service;
use caseload::service::store::seed::{Seed, SeedCase};
use caseload::sla::ledger::Ledger;

/// An open case of a partner; its id is `C-` and the number.
pub fn case(service: &Service, number: usize, partner: &str) -> SeedCase {
    let at = service.now();
    SeedCase {
        id: CaseId::new(format!("C-{number}")),
        subject: format!("Case {number}"),
        description: "As it was reported.".to_owned(),
        severity: Severity::High,
        tier: Tier::First,
        state: CaseState::Open,
        partner: partner.into(),
        company: "Company".to_owned(),
        contact: "Contact".to_owned(),
        email: "ida@fjord.example".to_owned(),
        phone: None,
        product: None,
        version: None,
        licence_key: "NW-1111-AAAA".to_owned(),
        eligibility: Eligibility::Eligible,
        environment: Environment::Live,
        workaround: false,
        phone_follow_up: None,
        assignee: None,
        correction: None,
        reached_second: false,
        ledger: Ledger::opened(at, Severity::High, &partner.into(), &service.policy()),
        resolution: None,
        revision: 1,
        reported_at: at,
        updated_at: at,
        timeline: Vec::new(),
    }
}

/// The same case, closed.
pub fn closed(mut case: SeedCase) -> SeedCase {
    case.state = CaseState::Closed;
    case.resolution = Some(Resolution {
        kind: ResolutionKind::Explanation,
        text: "Explained.".into(),
        cause: Some(Cause::Other),
        duplicate_of: None,
        at: case.updated_at,
        by: Person { id: UserId::from("root"), name: "ROOT".into() },
    });
    case
}

pub async fn store(service: &Service, cases: Vec<SeedCase>) {
    service.store().seed(&Seed { cases, ..Seed::default() }).await.unwrap();
}
