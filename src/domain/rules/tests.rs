use proptest::prelude::*;

use super::*;
use crate::domain::action::NewCorrection;
use crate::domain::text::Untrusted;
use crate::domain::{CaseId, Cause, ResolutionKind};

fn actor(role: Role) -> Actor {
    Actor {
        id: UserId::from(role.word()),
        name: Untrusted::from(role.label()),
        role,
        partner: (role == Role::Partner).then(|| PartnerId::from("nordwind")),
    }
}

fn other_partner() -> Actor {
    Actor { partner: Some(PartnerId::from("summit")), ..actor(Role::Partner) }
}

/// An eligible High case of `nordwind` in production, with a correction, taken by nobody, that nobody has
/// responded to.
fn case(tier: Tier, state: CaseState) -> Standing {
    Standing {
        partner: PartnerId::from("nordwind"),
        tier,
        state,
        severity: Severity::High,
        eligibility: Eligibility::Eligible,
        environment: Environment::Production,
        workaround: false,
        assignee: None,
        phone_follow_up: None,
        correction: Some(CorrectionId::from("K-1")),
        reached_second: tier != Tier::First,
        responded: false,
    }
}

fn open(tier: Tier) -> Standing {
    case(tier, CaseState::Open)
}

/// An action whose fields are right for the case, so that only rights and rules can stand against it.
fn good(kind: ActionKind, case: &Standing) -> Action {
    let text = || "because of the log".to_owned();
    match kind {
        ActionKind::Respond => Action::Respond { text: None },
        ActionKind::Take => Action::Take {},
        ActionKind::Release => Action::Release {},
        ActionKind::Assign => Action::Assign { assignee: UserId::from("lito") },
        ActionKind::Note => Action::Note { text: text() },
        ActionKind::Reply => Action::Reply { text: text() },
        ActionKind::RequestInfo => Action::RequestInfo { text: text(), items: Vec::new() },
        ActionKind::InfoReceived => Action::InfoReceived { text: None },
        ActionKind::SetSeverity => Action::SetSeverity {
            severity: if case.severity == Severity::Low { Severity::High } else { Severity::Low },
            reason: text(),
        },
        ActionKind::RecordWorkaround => Action::RecordWorkaround { text: text() },
        ActionKind::LogPhoneCall => Action::LogPhoneCall { with: "Ida Holm".into(), text: text() },
        ActionKind::SetEligibility => Action::SetEligibility {
            eligibility: if case.eligibility == Eligibility::Eligible {
                Eligibility::NotEligible
            } else {
                Eligibility::Eligible
            },
            reason: text(),
        },
        ActionKind::Escalate if case.tier == Tier::First => to_second(),
        ActionKind::Escalate => to_product(Some(Finding::ProductError), Some("K-1"), None),
        ActionKind::HandBack => Action::HandBack { reason: text() },
        ActionKind::Close => close(if case.tier == Tier::Product {
            ResolutionKind::CorrectedInRelease
        } else {
            ResolutionKind::Explanation
        }),
        ActionKind::Reopen => Action::Reopen { reason: text() },
    }
}

fn to_second() -> Action {
    Action::Escalate {
        to: Tier::Second,
        reason: "cannot be replicated here".into(),
        finding: None,
        correction: None,
        new_correction: None,
    }
}

fn to_product(finding: Option<Finding>, correction: Option<&str>, title: Option<&str>) -> Action {
    Action::Escalate {
        to: Tier::Product,
        reason: "replicated on two builds".into(),
        finding,
        correction: correction.map(CorrectionId::from),
        new_correction: title.map(|title| NewCorrection { title: title.into() }),
    }
}

fn close(resolution: ResolutionKind) -> Action {
    Action::Close { resolution, text: "It is a setting.".into(), cause: None, duplicate_of: None }
}

fn close_with(resolution: ResolutionKind, cause: Cause) -> Action {
    Action::Close { resolution, text: "Read on.".into(), cause: Some(cause), duplicate_of: None }
}

/// `y` allowed, `n` not allowed (403), `r` refused by a rule (409), `f` a field (422).
fn verdict<T>(result: &Result<T, Refusal>) -> char {
    match result {
        Ok(_) => 'y',
        Err(Refusal::NotAllowed(_)) => 'n',
        Err(Refusal::Rule(_)) => 'r',
        Err(Refusal::Invalid { .. }) => 'f',
    }
}

fn rule_of(result: Result<Vec<Change>, Refusal>) -> String {
    match result {
        Err(Refusal::Rule(sentence)) => sentence,
        other => panic!("not refused by a rule: {other:?}"),
    }
}

fn field_of(result: Result<Vec<Change>, Refusal>) -> &'static str {
    match result {
        Err(Refusal::Invalid { field, .. }) => field,
        other => panic!("no field refused: {other:?}"),
    }
}

/// Roles in the order Partner, Engineer, product Manager, On-call, Admin. `y` yes, `n` not allowed, `r` a
/// rule of the domain stands against it. The case is the one of [`case`].
const TABLE: &str = "
                     1st level   2nd level   Product
open                 P E M O A   P E M O A   P E M O A
  respond            y n n y y   n y n y y   n n n y y
  take               y n n y y   n y n y y   n n n y y
  release            r n n r r   n r n r r   n n n r r
  assign             y n n n y   n y n n y   n n n n y
  note               y n n n y   y y n n y   y y y n y
  reply              y n n n y   n y n n y   n n y n y
  request_info       y n n n y   n y n n y   n n n n y
  info_received      r n n n r   n r n n r   n n n n r
  set_severity       y n n n y   n y n n y   n n n n y
  record_workaround  y n n n y   n y n n y   n n n n y
  log_phone_call     y n n y y   n y n y y   n n n y y
  set_eligibility    n n n n y   n y n n y   n n n n y
  escalate           y n n n y   n y n n y   n n n n r
  hand_back          n n n n r   n y n n y   n n y n y
  close              y n n n y   n y n n y   n n y n y
  reopen             r n n n r   n r n n r   n n r n r
waiting              P E M O A   P E M O A   P E M O A
  respond            y n n y y   n y n y y   n n n y y
  take               y n n y y   n y n y y   n n n y y
  release            r n n r r   n r n r r   n n n r r
  assign             y n n n y   n y n n y   n n n n y
  note               y n n n y   y y n n y   y y y n y
  reply              y n n n y   n y n n y   n n y n y
  request_info       y n n n y   n y n n y   n n n n y
  info_received      y n n n y   n y n n y   n n n n y
  set_severity       y n n n y   n y n n y   n n n n y
  record_workaround  y n n n y   n y n n y   n n n n y
  log_phone_call     y n n y y   n y n y y   n n n y y
  set_eligibility    n n n n y   n y n n y   n n n n y
  escalate           y n n n y   n y n n y   n n n n r
  hand_back          n n n n r   n y n n y   n n y n y
  close              y n n n y   n y n n y   n n y n y
  reopen             r n n n r   n r n n r   n n r n r
closed               P E M O A   P E M O A   P E M O A
  respond            r n n r r   n r n r r   n n n r r
  take               r n n r r   n r n r r   n n n r r
  release            r n n r r   n r n r r   n n n r r
  assign             r n n n r   n r n n r   n n n n r
  note               y n n n y   y y n n y   y y y n y
  reply              r n n n r   n r n n r   n n r n r
  request_info       r n n n r   n r n n r   n n n n r
  info_received      r n n n r   n r n n r   n n n n r
  set_severity       r n n n r   n r n n r   n n n n r
  record_workaround  r n n n r   n r n n r   n n n n r
  log_phone_call     r n n r r   n r n r r   n n n r r
  set_eligibility    n n n n r   n r n n r   n n n n r
  escalate           r n n n r   n r n n r   n n n n r
  hand_back          n n n n r   n r n n r   n n r n r
  close              r n n n r   n r n n r   n n r n r
  reopen             y n n n y   n y n n y   n n y n y
";

#[test]
fn the_table_of_who_may_do_what_at_which_tier_and_state_holds() {
    const ROLES: [Role; 5] =
        [Role::Partner, Role::Engineer, Role::Product, Role::Oncall, Role::Admin];
    let mut state = CaseState::Open;
    let mut cells = 0;
    for line in TABLE.lines().skip(2) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if !line.starts_with(' ') {
            state = words[0].parse().unwrap();
            continue;
        }
        let kind = *ActionKind::ALL.iter().find(|k| k.word() == words[0]).unwrap();
        for (at, expected) in words[1..].iter().enumerate() {
            let case = case(Tier::ALL[at / 5], state);
            let actor = actor(ROLES[at % 5]);
            let what = format!("{} {} at {} {state}", actor.role.word(), kind.word(), case.tier);
            let offered = available(&actor, &case, kind);
            assert_eq!(verdict(&offered).to_string(), **expected, "{what}: {offered:?}");
            let decided = decide(&actor, &case, &good(kind, &case));
            assert_eq!(verdict(&decided).to_string(), **expected, "{what}: {decided:?}");
            // Another partner's agent may do nothing anywhere.
            assert_eq!(verdict(&available(&other_partner(), &case, kind)), 'n', "{what}");
            cells += 1;
        }
    }
    assert_eq!(cells, ActionKind::ALL.len() * 5 * 3 * 3);
}

#[test]
fn each_role_sees_what_the_table_of_roles_says() {
    let plain = |tier| Standing { correction: None, ..open(tier) };
    let back = |correction: Option<&str>| Standing {
        reached_second: true,
        correction: correction.map(CorrectionId::from),
        ..open(Tier::First)
    };
    let sees = |actor: &Actor, case: &Standing| if may_see(actor, case) { 'y' } else { 'n' };
    for (who, expected) in [
        (actor(Role::Partner), "yyyyy"),
        (other_partner(), "nnnnn"),
        (actor(Role::Engineer), "yyyyy"),
        (actor(Role::Product), "nnyny"),
        (actor(Role::Oncall), "yyyyy"),
        (actor(Role::Admin), "yyyyy"),
    ] {
        let cases = [
            plain(Tier::First),
            plain(Tier::Second),
            plain(Tier::Product),
            back(None),
            back(Some("K-1")),
        ];
        let seen: String = cases.iter().map(|case| sees(&who, case)).collect();
        assert_eq!(seen, expected, "{:?}", who.role);
    }
    let nobody = Actor { partner: None, ..actor(Role::Partner) };
    assert!(!may_see(&nobody, &open(Tier::First)), "an agent without a partner sees nothing");
}

#[test]
fn a_refusal_names_who_may_do_it_instead() {
    let says =
        |actor: &Actor, tier, kind| available(actor, &open(tier), kind).unwrap_err().to_string();
    let partner = actor(Role::Partner);
    assert_eq!(
        says(&partner, Tier::Second, ActionKind::Close),
        "The case is at 2nd level, where engineers and administrators may close it."
    );
    assert_eq!(
        says(&actor(Role::Engineer), Tier::First, ActionKind::Respond),
        "The case is at 1st level, where its partner's agents, the one on call and administrators may \
         respond to it."
    );
    assert_eq!(
        says(&actor(Role::Product), Tier::Product, ActionKind::SetSeverity),
        "A product manager may not set the severity of a case; at Product Management, administrators may."
    );
    assert_eq!(
        says(&actor(Role::Engineer), Tier::Product, ActionKind::HandBack),
        "The case is at Product Management, where product managers and administrators may hand it back."
    );
    assert_eq!(
        says(&partner, Tier::First, ActionKind::HandBack),
        "The case is at 1st level; there is no tier to hand it back to."
    );
    assert!(!says(&other_partner(), Tier::First, ActionKind::Note).contains("nordwind"));
}

#[test]
fn a_case_that_somebody_has_is_not_taken_from_them() {
    let me = actor(Role::Partner);
    let with = |id: &str| Standing { assignee: Some(UserId::from(id)), ..open(Tier::First) };
    let outcome = |case: &Standing, kind| match available(&me, case, kind) {
        Ok(()) => "ok".to_owned(),
        Err(refusal) => refusal.to_string(),
    };
    assert_eq!(
        outcome(&with("lito"), ActionKind::Take),
        "lito has the case already; ask lito to release it, or have it assigned to you."
    );
    assert_eq!(outcome(&with("partner"), ActionKind::Take), "You have the case already.");
    assert_eq!(
        outcome(&with("lito"), ActionKind::Release),
        "lito has the case; only lito or an administrator can release it."
    );
    assert_eq!(outcome(&with("partner"), ActionKind::Release), "ok");
    assert_eq!(
        decide(&actor(Role::Admin), &with("lito"), &Action::Release {}),
        Ok(vec![Change::Assigned(None)])
    );
    assert_eq!(
        decide(&me, &open(Tier::First), &Action::Take {}),
        Ok(vec![Change::Assigned(Some(me.id.clone()))])
    );
    let assign = |id: &str| Action::Assign { assignee: UserId::from(id) };
    assert_eq!(
        decide(&me, &with("lito"), &assign("partner")),
        Ok(vec![Change::Assigned(Some(me.id.clone()))])
    );
    assert_eq!(rule_of(decide(&me, &with("lito"), &assign("lito"))), "lito has the case already.");
    assert_eq!(field_of(decide(&me, &with("lito"), &assign(" "))), "assignee");
}

#[test]
fn rule_1_what_is_not_eligible_is_not_escalated_before_somebody_marks_it() {
    for eligibility in [Eligibility::UnknownKey, Eligibility::NotEligible] {
        let mut case = Standing { eligibility, ..open(Tier::First) };
        let partner = actor(Role::Partner);
        let refused = rule_of(decide(&partner, &case, &to_second()));
        assert!(refused.contains("an administrator must mark the case eligible"), "{refused}");
        assert!(decide(&partner, &case, &close(ResolutionKind::NotEligible)).is_ok());
        let mark = Action::SetEligibility {
            eligibility: Eligibility::Eligible,
            reason: "the key was bought last week".into(),
        };
        assert_eq!(verdict(&decide(&partner, &case, &mark)), 'n');
        for change in decide(&actor(Role::Admin), &case, &mark).unwrap() {
            case.apply(&change);
        }
        assert!(decide(&partner, &case, &to_second()).is_ok());
        assert!(decide(&actor(Role::Admin), &case, &mark).is_err(), "it is marked so already");
    }
    let eligible = open(Tier::First);
    rule_of(decide(&actor(Role::Partner), &eligible, &close(ResolutionKind::NotEligible)));
}

#[test]
fn rule_2_a_response_is_given_once_and_writing_to_the_customer_is_one_too() {
    let partner = actor(Role::Partner);
    let fresh = open(Tier::First);
    assert_eq!(
        decide(&partner, &fresh, &Action::Respond { text: None }),
        Ok(vec![Change::Responded])
    );
    let reply = Action::Reply { text: "We look into it.".into() };
    assert_eq!(decide(&partner, &fresh, &reply), Ok(vec![Change::Responded]));
    let ask = good(ActionKind::RequestInfo, &fresh);
    assert_eq!(decide(&partner, &fresh, &ask), Ok(vec![Change::Responded, Change::InfoRequested]));
    let answered = Standing { responded: true, ..fresh.clone() };
    assert_eq!(decide(&partner, &answered, &reply), Ok(vec![]));
    let again = rule_of(decide(&partner, &answered, &Action::Respond { text: None }));
    assert_eq!(again, "The customer has had the response already; use reply to write again.");
    let escalated = decide(&partner, &fresh, &to_second()).unwrap();
    assert!(!escalated.contains(&Change::Responded), "the customer knows nothing of an escalation");
}

#[test]
fn rule_3_a_critical_case_owes_a_phone_call_until_one_is_logged() {
    let partner = actor(Role::Partner);
    let severity = |severity| Action::SetSeverity { severity, reason: "the site is down".into() };
    let call = Action::LogPhoneCall { with: "Ida Holm".into(), text: "Restart agreed.".into() };
    let due = Some(PhoneFollowUp::Due);
    let mut case = open(Tier::First);
    assert_eq!(
        decide(&partner, &case, &severity(Severity::Critical)),
        Ok(vec![Change::SeveritySet(Severity::Critical), Change::PhoneFollowUpSet(due)])
    );
    case.severity = Severity::Critical;
    case.phone_follow_up = due;
    assert_eq!(
        decide(&partner, &case, &severity(Severity::High)),
        Ok(vec![Change::SeveritySet(Severity::High), Change::PhoneFollowUpSet(None)])
    );
    let done = vec![Change::PhoneFollowUpSet(Some(PhoneFollowUp::Done))];
    assert_eq!(decide(&partner, &case, &call), Ok(done.clone()));
    // It went to 2nd level before the call came: the call still goes to 1st level.
    let escalated = Standing { tier: Tier::Second, reached_second: true, ..case.clone() };
    assert_eq!(decide(&partner, &escalated, &call), Ok(done));
    case.phone_follow_up = Some(PhoneFollowUp::Done);
    assert_eq!(decide(&partner, &case, &call), Ok(vec![]), "one more call is worth a record");
    assert_eq!(
        decide(&partner, &case, &severity(Severity::High)),
        Ok(vec![Change::SeveritySet(Severity::High)])
    );
    case.severity = Severity::High;
    assert_eq!(
        decide(&partner, &case, &severity(Severity::Critical)),
        Ok(vec![Change::SeveritySet(Severity::Critical)]),
        "a call that was made stays made"
    );
}

#[test]
fn rule_4_an_escalation_gives_a_reason_and_goes_one_tier_on() {
    let partner = actor(Role::Partner);
    let mut case = Standing {
        assignee: Some(UserId::from("partner")),
        state: CaseState::Waiting,
        ..open(Tier::First)
    };
    assert_eq!(
        decide(&partner, &case, &to_second()),
        Ok(vec![Change::InfoReceived, Change::Escalated(Tier::Second), Change::Assigned(None)])
    );
    for change in decide(&partner, &case, &to_second()).unwrap() {
        case.apply(&change);
    }
    assert_eq!(
        (case.tier, case.state, case.reached_second, &case.assignee),
        (Tier::Second, CaseState::Open, true, &None)
    );
    assert_eq!(verdict(&decide(&partner, &case, &to_second())), 'n');
    let admin = actor(Role::Admin);
    assert_eq!(rule_of(decide(&admin, &case, &to_second())), "The case is at 2nd level already.");
    let first = open(Tier::First);
    let reason = |reason: &str| Action::Escalate {
        to: Tier::Second,
        reason: reason.into(),
        finding: None,
        correction: None,
        new_correction: None,
    };
    assert_eq!(field_of(decide(&partner, &first, &reason(" \n"))), "reason");
    let to_first = Action::Escalate {
        to: Tier::First,
        reason: "x".into(),
        finding: None,
        correction: None,
        new_correction: None,
    };
    assert_eq!(field_of(decide(&partner, &first, &to_first)), "to");
}

#[test]
fn rule_5_only_a_product_error_with_its_correction_goes_to_product_management() {
    let engineer = actor(Role::Engineer);
    let case = Standing { correction: None, ..open(Tier::Second) };
    let decide = |action: &Action| decide(&engineer, &case, action);
    let error = Some(Finding::ProductError);
    assert_eq!(
        decide(&to_product(error, Some("K-17"), None)),
        Ok(vec![
            Change::Escalated(Tier::Product),
            Change::CorrectionLinked(CorrectionId::from("K-17"))
        ])
    );
    assert_eq!(
        decide(&to_product(error, None, Some("Host service stops at log-off"))),
        Ok(vec![
            Change::Escalated(Tier::Product),
            Change::CorrectionOpened("Host service stops at log-off".into())
        ])
    );
    assert_eq!(field_of(decide(&to_product(None, Some("K-17"), None))), "finding");
    assert_eq!(field_of(decide(&to_product(error, None, None))), "correction");
    assert_eq!(field_of(decide(&to_product(error, Some("K-1"), Some("t")))), "new_correction");
    assert_eq!(field_of(decide(&to_product(error, None, Some("")))), "new_correction");
    for finding in Finding::ALL.iter().filter(|f| **f != Finding::ProductError) {
        let refused = rule_of(decide(&to_product(Some(*finding), Some("K-17"), None)));
        assert!(
            refused.starts_with("Only a product error goes to Product Management"),
            "{refused}"
        );
    }
    let from_first = super::decide(
        &actor(Role::Partner),
        &open(Tier::First),
        &to_product(error, Some("K-17"), None),
    );
    assert!(rule_of(from_first).contains("escalate the case to 2nd level first"));
    let too_much = Action::Escalate {
        to: Tier::Second,
        reason: "x".into(),
        finding: error,
        correction: None,
        new_correction: None,
    };
    let refused = super::decide(&actor(Role::Partner), &open(Tier::First), &too_much);
    assert_eq!(field_of(refused), "finding");
}

#[test]
fn a_case_is_handed_back_one_tier_with_a_reason() {
    let back = Action::HandBack { reason: "the log files are missing".into() };
    let mut case = Standing {
        assignee: Some(UserId::from("engineer")),
        state: CaseState::Waiting,
        ..open(Tier::Second)
    };
    assert_eq!(
        decide(&actor(Role::Engineer), &case, &back),
        Ok(vec![Change::InfoReceived, Change::HandedBack(Tier::First), Change::Assigned(None)])
    );
    case.apply(&Change::HandedBack(Tier::First));
    assert!(case.reached_second, "it was at 2nd level");
    assert_eq!(
        decide(&actor(Role::Product), &open(Tier::Product), &back),
        Ok(vec![Change::HandedBack(Tier::Second)])
    );
    let none = Action::HandBack { reason: String::new() };
    assert_eq!(field_of(decide(&actor(Role::Engineer), &open(Tier::Second), &none)), "reason");
}

#[test]
fn rule_7_without_a_text_there_is_no_closing() {
    let partner = actor(Role::Partner);
    let case = open(Tier::First);
    for text in ["", "   ", "\n\t", "a\0b"] {
        let action = Action::Close {
            resolution: ResolutionKind::Explanation,
            text: text.into(),
            cause: None,
            duplicate_of: None,
        };
        assert_eq!(field_of(decide(&partner, &case, &action)), "text", "{text:?}");
    }
    assert_eq!(
        decide(&partner, &case, &close(ResolutionKind::Explanation)),
        Ok(vec![Change::Closed])
    );
    let waiting = Standing { state: CaseState::Waiting, ..case };
    assert_eq!(
        decide(&partner, &waiting, &close(ResolutionKind::NoAnswer)),
        Ok(vec![Change::InfoReceived, Change::Closed])
    );
}

#[test]
fn rule_7_each_kind_of_resolution_has_its_condition() {
    use ResolutionKind as R;
    let partner = actor(Role::Partner);
    let plain = Standing { correction: None, ..open(Tier::First) };
    rule_of(decide(&partner, &plain, &close(R::CorrectedInRelease)));
    assert!(decide(&partner, &open(Tier::First), &close(R::CorrectedInRelease)).is_ok());
    assert_eq!(field_of(decide(&partner, &plain, &close(R::Duplicate))), "duplicate_of");
    let of = |resolution| Action::Close {
        resolution,
        text: "See the other one.".into(),
        cause: None,
        duplicate_of: Some(CaseId::from("C-7")),
    };
    assert!(decide(&partner, &plain, &of(R::Duplicate)).is_ok());
    assert_eq!(field_of(decide(&partner, &plain, &of(R::Explanation))), "duplicate_of");
    let product = actor(Role::Product);
    for resolution in R::ALL.iter().filter(|r| **r != R::CorrectedInRelease) {
        let at_product = decide(&product, &open(Tier::Product), &close(*resolution));
        assert!(matches!(verdict(&at_product), 'n' | 'f'), "{resolution}: {at_product:?}");
    }
}

#[test]
fn rule_8_a_closed_case_is_reopened_with_a_reason() {
    let closed = case(Tier::First, CaseState::Closed);
    let partner = actor(Role::Partner);
    let reopen = |reason: &str| Action::Reopen { reason: reason.into() };
    assert_eq!(decide(&partner, &closed, &reopen("it happens again")), Ok(vec![Change::Reopened]));
    assert_eq!(field_of(decide(&partner, &closed, &reopen(""))), "reason");
    assert_eq!(
        rule_of(decide(&partner, &closed, &close(ResolutionKind::Explanation))),
        "The case is closed already."
    );
}

#[test]
fn rule_9_asking_again_while_waiting_starts_no_second_pause() {
    let partner = actor(Role::Partner);
    let mut case = Standing { responded: true, ..open(Tier::First) };
    let ask = good(ActionKind::RequestInfo, &case);
    assert_eq!(decide(&partner, &case, &ask), Ok(vec![Change::InfoRequested]));
    case.apply(&Change::InfoRequested);
    assert_eq!(decide(&partner, &case, &ask), Ok(vec![]));
    let reply = Action::Reply { text: "Any news?".into() };
    assert_eq!(decide(&partner, &case, &reply), Ok(vec![]), "a reply does not end the waiting");
    let came = Action::InfoReceived { text: None };
    assert_eq!(decide(&partner, &case, &came), Ok(vec![Change::InfoReceived]));
    case.apply(&Change::InfoReceived);
    rule_of(decide(&partner, &case, &came));
}

#[test]
fn severity_follows_the_criteria() {
    let partner = actor(Role::Partner);
    let set = |severity, reason: &str| Action::SetSeverity { severity, reason: reason.into() };
    let lab = Standing { environment: Environment::Lab, ..open(Tier::First) };
    assert_eq!(
        rule_of(decide(&partner, &lab, &set(Severity::Critical, "urgent"))),
        "A case in a lab environment is never Critical; High is the highest for it."
    );
    assert_eq!(
        rule_of(decide(&partner, &lab, &set(Severity::High, "urgent"))),
        "The severity is High already."
    );
    assert_eq!(field_of(decide(&partner, &lab, &set(Severity::Low, ""))), "reason");
    let workaround = Action::RecordWorkaround { text: "Start it by hand.".into() };
    let critical = Standing {
        severity: Severity::Critical,
        phone_follow_up: Some(PhoneFollowUp::Due),
        ..open(Tier::First)
    };
    assert_eq!(
        decide(&partner, &critical, &workaround),
        Ok(vec![
            Change::WorkaroundRecorded,
            Change::SeveritySet(Severity::High),
            Change::PhoneFollowUpSet(None)
        ])
    );
    let low = Standing { severity: Severity::Low, ..open(Tier::First) };
    assert_eq!(decide(&partner, &low, &workaround), Ok(vec![Change::WorkaroundRecorded]));
    let known = Standing { workaround: true, ..open(Tier::First) };
    assert_eq!(decide(&partner, &known, &workaround), Ok(vec![Change::WorkaroundRecorded]));
}

#[test]
fn rule_11_third_party_and_network_cases_close_as_guidance_given() {
    use ResolutionKind as R;
    let decide = |action: &Action| decide(&actor(Role::Partner), &open(Tier::First), action);
    for cause in [Cause::ThirdParty, Cause::Network] {
        for resolution in [R::Explanation, R::Workaround, R::CorrectedInRelease] {
            let refused = rule_of(decide(&close_with(resolution, cause)));
            assert!(refused.ends_with("close the case as guidance given."), "{refused}");
        }
        assert!(decide(&close_with(R::GuidanceGiven, cause)).is_ok());
        assert!(decide(&close_with(R::NoAnswer, cause)).is_ok());
    }
    assert!(decide(&close(R::GuidanceGiven)).is_ok());
    rule_of(decide(&close_with(R::GuidanceGiven, Cause::ProductError)));
}

#[test]
fn texts_are_bounded_in_characters_and_hold_no_nul() {
    let partner = actor(Role::Partner);
    let case = open(Tier::First);
    let note = |text: String| decide(&partner, &case, &Action::Note { text });
    assert!(note("é".repeat(TEXT_MAX)).is_ok());
    assert_eq!(field_of(note("é".repeat(TEXT_MAX + 1))), "text");
    assert_eq!(field_of(note("a\0".into())), "text");
    assert_eq!(field_of(note(" ".into())), "text");
    let call = |with: &str| {
        decide(&partner, &case, &Action::LogPhoneCall { with: with.into(), text: "x".into() })
    };
    assert_eq!(field_of(call("")), "with");
    assert_eq!(field_of(call(&"x".repeat(LINE_MAX + 1))), "with");
    let respond =
        |text: &str| decide(&partner, &case, &Action::Respond { text: Some(text.into()) });
    assert!(respond("").is_ok(), "a blank optional text is one left out");
    assert_eq!(field_of(respond("\0")), "text");
}

fn any_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

prop_compose! {
    fn any_standing()(
        partner in prop_oneof![Just("nordwind"), Just("summit")],
        tier in any_of(Tier::ALL),
        state in any_of(CaseState::ALL),
        severity in any_of(Severity::ALL),
        eligibility in any_of(Eligibility::ALL),
        environment in any_of(Environment::ALL),
        assignee in prop_oneof![Just(None), Just(Some("partner")), Just(Some("engineer"))],
        call in prop_oneof![Just(None), any_of(PhoneFollowUp::ALL).prop_map(Some)],
        correction in prop_oneof![Just(None), Just(Some("K-1"))],
        (workaround, reached, responded) in any::<(bool, bool, bool)>(),
    ) -> Standing {
        Standing {
            partner: PartnerId::from(partner),
            tier, state, severity, eligibility, environment, workaround,
            assignee: assignee.map(UserId::from),
            phone_follow_up: call,
            correction: correction.map(CorrectionId::from),
            reached_second: reached || tier != Tier::First,
            responded,
        }
    }
}

#[test]
fn whoever_may_note_on_a_case_may_attach_files_to_it() {
    for role in Role::ALL {
        for tier in Tier::ALL {
            for state in CaseState::ALL {
                let (actor, case) = (actor(*role), case(*tier, *state));
                let note = available(&actor, &case, ActionKind::Note);
                let attach = may_attach(&actor, &case);
                assert_eq!(note.is_ok(), attach.is_ok(), "{role:?} {case:?}");
            }
        }
    }
    let refused = may_attach(&actor(Role::Oncall), &case(Tier::Second, CaseState::Open));
    let sentence = refused.unwrap_err().to_string();
    let expected = "The one on call may not attach files to a case; at 2nd level, ";
    assert!(sentence.starts_with(expected), "{sentence}");
}

proptest! {
    #[test]
    fn what_is_offered_can_be_done_and_what_is_not_offered_is_refused_alike(
        case in any_standing(),
        role in any_of(Role::ALL),
        kind in any_of(ActionKind::ALL),
    ) {
        let actor = actor(role);
        let offered = available(&actor, &case, kind);
        let decided = decide(&actor, &case, &good(kind, &case));
        prop_assert_eq!(offered.clone().err(), decided.clone().err());
        if offered.is_ok() {
            prop_assert!(may_see(&actor, &case) && role_may(role, kind));
        }
    }

    #[test]
    fn what_an_action_changes_leaves_the_case_in_order(
        case in any_standing(),
        role in any_of(Role::ALL),
        kind in any_of(ActionKind::ALL),
    ) {
        let Ok(changes) = decide(&actor(role), &case, &good(kind, &case)) else { return Ok(()) };
        let mut after = case.clone();
        for change in &changes {
            after.apply(change);
        }
        prop_assert_eq!(after.state == CaseState::Closed,
            kind == ActionKind::Close || (kind == ActionKind::Note && case.state == CaseState::Closed));
        let moved = after.tier != case.tier;
        prop_assert_eq!(moved, matches!(kind, ActionKind::Escalate | ActionKind::HandBack));
        prop_assert!(!moved || (after.assignee.is_none() && after.state == CaseState::Open));
        prop_assert!(!case.responded || after.responded);
        prop_assert!(after.reached_second || !case.reached_second);
        if kind == ActionKind::SetSeverity && after.severity != Severity::Critical {
            prop_assert!(after.phone_follow_up != Some(PhoneFollowUp::Due));
        }
    }

    /// What the feed rests on: closing alone takes a case away from somebody.
    #[test]
    fn no_action_takes_a_case_out_of_anybodys_sight(
        case in any_standing(),
        role in any_of(Role::ALL),
        kind in any_of(ActionKind::ALL),
        watcher in any_of(Role::ALL),
    ) {
        // Nothing comes to Product Management without a correction (rule 5).
        prop_assume!(case.tier != Tier::Product || case.correction.is_some());
        let Ok(changes) = decide(&actor(role), &case, &good(kind, &case)) else { return Ok(()) };
        let mut after = case.clone();
        for change in &changes {
            after.apply(change);
        }
        let watcher = actor(watcher);
        prop_assert!(may_see(&watcher, &after) || !may_see(&watcher, &case));
    }

    #[test]
    fn a_role_that_may_do_something_may_do_it_to_some_case(
        role in any_of(Role::ALL),
        kind in any_of(ActionKind::ALL),
    ) {
        let some = Tier::ALL.iter().any(|tier| {
            CaseState::ALL.iter().any(|state| {
                [None, Some(UserId::from(role.word()))].into_iter().any(|assignee| {
                    let case = Standing { assignee, ..case(*tier, *state) };
                    available(&actor(role), &case, kind).is_ok()
                })
            })
        });
        prop_assert_eq!(some, role_may(role, kind));
    }
}
