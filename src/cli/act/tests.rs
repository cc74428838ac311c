//! Acts against a desk of scripted answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;

use serde_json::json;

use super::*;
use crate::cli::output::Captured;
use crate::client::{Answer, Call};
use crate::clock::DeskClock;
use crate::domain::CaseDetail;
use crate::sla::policy::PolicyDocument;
use crate::wire::{Feed, Me, Report, Reported};

/// One request: case, key, revision, act.
type Came = (String, Uuid, Option<Revision>, Action);

/// A desk that answers acts as it was told to, in order, and remembers what came.
struct Desk {
    answers: Mutex<VecDeque<Result<Acted, CallError>>>,
    case: Option<CaseDetail>,
    came: Mutex<Vec<Came>>,
}

impl CaseApi for Desk {
    fn me(&self) -> Call<'_, Me> {
        unreachable!("no act asks who I am")
    }

    fn policy(&self) -> Call<'_, PolicyDocument> {
        unreachable!("no act asks for the policy")
    }

    fn changes<'a>(&'a self, _: Option<&'a str>, _: usize, _: Duration) -> Call<'a, Feed> {
        unreachable!("no act asks for the feed")
    }

    fn case<'a>(&'a self, _: &'a CaseId, _: Option<Revision>) -> Call<'a, Fetched> {
        let case = self.case.clone().expect("the case is not to be asked for");
        async move { Ok(Answer { value: Fetched::Case(Box::new(case)), date: None }) }.boxed()
    }

    fn act<'a>(
        &'a self,
        id: &'a CaseId,
        key: Uuid,
        if_match: Option<Revision>,
        action: &'a Action,
    ) -> Call<'a, Acted> {
        self.came.lock().unwrap().push((id.to_string(), key, if_match, action.clone()));
        let answer = self.answers.lock().unwrap().pop_front().expect("one act too many");
        async move { answer.map(|value| Answer { value, date: None }) }.boxed()
    }

    fn report<'a>(&'a self, _: &'a Report) -> Call<'a, Reported> {
        unreachable!("no act reports")
    }
}

fn case_json(id: &str, tier: &str) -> serde_json::Value {
    json!({
        "id": id, "subject": "s", "severity": "high", "tier": tier, "state": "open",
        "partner": {"id": "nordwind", "name": "Nordwind"},
        "customer": {"company": "Fjord", "contact": "Ida"}, "assignee": null,
        "eligibility": "eligible", "environment": "live", "workaround": false,
        "phone_follow_up": null, "correction": null, "reported_at": "2026-11-24T09:00:00Z",
        "updated_at": "2026-11-24T09:00:00Z", "revision": 8, "clocks": [],
    })
}

fn acted(id: &str) -> Acted {
    serde_json::from_value(json!({
        "case": case_json(id, "first"),
        "event": {"seq": 3, "at": "2026-11-24T09:00:00Z", "actor": {"id": "r", "name": "R."},
                  "kind": "note", "visibility": "internal", "text": "t"},
    }))
    .unwrap()
}

fn detail(tier: &str) -> CaseDetail {
    let mut json = case_json("C-1", tier);
    let more = json!({
        "description": "", "product": null, "version": null, "licence_key": "", "email": "",
        "phone": null, "resolution": null, "attachments": [], "timeline": [],
    });
    json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(json).unwrap()
}

fn refused(code: Code, detail: &str) -> CallError {
    CallError::Refused(Box::new(Problem::new(code, detail)))
}

fn not_reached(sent: bool) -> CallError {
    CallError::NotReached { what: "the desk does not answer".into(), sent }
}

struct Ran {
    exit: Exit,
    out: String,
    err: String,
    came: Vec<Came>,
}

/// Carries the order out at a desk with these answers.
fn ran(order: &Order, answers: Vec<Result<Acted, CallError>>, json: bool) -> Ran {
    ran_at(order, answers, json, None)
}

fn ran_at(
    order: &Order,
    answers: Vec<Result<Acted, CallError>>,
    json: bool,
    case: Option<CaseDetail>,
) -> Ran {
    let desk = Arc::new(Desk { answers: Mutex::new(answers.into()), case, came: Mutex::default() });
    let (mut output, out, err): (Output, Captured, Captured) = Output::captured();
    output.json = json;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let exit = runtime
        .block_on(async {
            let connection = Connection {
                api: Arc::<Desk>::clone(&desk),
                desk: "north".to_owned(),
                token_from: "CASELOAD_TOKEN".to_owned(),
                clock: Arc::new(DeskClock::start()),
                place: None,
                fingerprint: crate::sync::store::Fingerprint::of(&"t0ken".into()),
            };
            carry_out(&connection, &mut output, order).await
        })
        .unwrap();
    assert!(desk.answers.lock().unwrap().is_empty(), "not every answer was asked for");
    let came = desk.came.lock().unwrap().clone();
    Ran { exit, out: out.text(), err: err.text(), came }
}

fn note(ids: &[&str]) -> Order {
    Order {
        ids: ids.iter().map(|id| CaseId::from(*id)).collect(),
        if_revision: None,
        dry_run: false,
        deed: Deed::Same(Action::Note { text: "t".to_owned() }),
    }
}

#[test]
fn a_revision_goes_with_one_case() {
    let guard = Guard { if_revision: Some(3), dry_run: false };
    let two = Ids { ids: vec!["C-1".to_owned(), "C-2".to_owned()] };
    assert_eq!(Order::same(two, &guard, Action::Take {}).unwrap_err().exit(), Exit::Usage);
}

#[test]
fn several_cases_get_a_line_each_and_the_worst_gives_the_exit_code() {
    let ran = ran(
        &note(&["C-1", "C-2", "C-3", "C-4"]),
        vec![
            Ok(acted("C-1")),
            Err(refused(Code::NotFound, "There is no such case.")),
            Err(refused(Code::Rule, "The case is closed")),
            Ok(acted("C-4")),
        ],
        false,
    );
    assert_eq!(ran.exit, Exit::Refused);
    assert_eq!(ran.out, "C-1  noted (revision 8)\nC-4  noted (revision 8)\n");
    assert_eq!(
        ran.err,
        "caseload: Could not note on C-2: There is no such case. Cases on desk north: caseload \
         list\ncaseload: Could not note on C-3: The case is closed.\n"
    );
    // Every act has a key of its own.
    let mut keys: Vec<Uuid> = ran.came.iter().map(|came| came.1).collect();
    keys.dedup();
    assert_eq!(keys.len(), 4);
}

#[test]
fn json_is_what_the_desk_answered_one_object_or_an_array() {
    let one = ran(&note(&["C-1"]), vec![Ok(acted("C-1"))], true);
    let answer: Acted = serde_json::from_str(&one.out).unwrap();
    assert_eq!(answer, acted("C-1"));
    let two = ran(
        &note(&["C-1", "C-2"]),
        vec![Ok(acted("C-1")), Err(refused(Code::Rule, "Closed."))],
        true,
    );
    let answers: Vec<serde_json::Value> = serde_json::from_str(&two.out).unwrap();
    assert_eq!(answers[0]["case"]["id"], "C-1");
    assert_eq!(answers[1]["code"], "rule");
    // A single refusal is what was answered, too; where there was no answer there is none to show.
    let refusal = ran(&note(&["C-1"]), vec![Err(refused(Code::Rule, "Closed."))], true);
    let problem: Problem = serde_json::from_str(&refusal.out).unwrap();
    assert_eq!(problem.code, Code::Rule);
    let silence = ran(&note(&["C-1"]), vec![Err(not_reached(false))], true);
    assert_eq!(silence.out, "");
}

#[test]
fn a_case_that_changed_is_a_conflict_and_says_what_to_do() {
    let order = Order { if_revision: Some(7), ..note(&["C-1"]) };
    let ran = ran(&order, vec![Err(refused(Code::Stale, "The case has changed."))], false);
    assert_eq!(ran.exit, Exit::Conflict);
    assert_eq!(ran.came[0].2, Some(7));
    assert_eq!(
        ran.err,
        "caseload: Could not note on C-1: The case has changed. See what changed (caseload show \
         C-1), then run it again.\n"
    );
}

#[test]
fn a_desk_that_is_not_reached_is_not_asked_for_the_rest() {
    let ran = ran(&note(&["C-1", "C-2"]), vec![Err(not_reached(false))], false);
    assert_eq!(ran.exit, Exit::NotReached);
    assert_eq!(
        ran.err,
        "caseload: The note on C-1 was not accepted: the desk does not answer; nothing was kept, \
         run it again.\ncaseload: Did not try to note on C-2, after C-1.\n"
    );
}

#[test]
fn an_act_in_doubt_is_sent_again_with_the_same_key_until_it_is_known() {
    let ran = ran(
        &note(&["C-1"]),
        vec![
            Err(not_reached(true)),
            Err(refused(Code::InProgress, "Being worked on.")),
            Ok(acted("C-1")),
        ],
        false,
    );
    assert_eq!(ran.exit, Exit::Done);
    assert_eq!(ran.came.len(), 3);
    assert!(ran.came.iter().all(|came| came.1 == ran.came[0].1), "the key changed");
}

#[test]
fn what_became_of_an_act_is_not_claimed_when_it_is_not_known() {
    let answers = vec![Err(not_reached(true)), Err(not_reached(false)), Err(not_reached(false))];
    let ran = ran(&note(&["C-1"]), answers, false);
    assert_eq!(ran.exit, Exit::NotReached);
    assert_eq!(
        ran.err,
        "caseload: It is not known whether the note on C-1 was accepted: the desk does not answer. \
         Look at the case before you run it again.\n"
    );
}

#[test]
fn who_is_signed_out_is_told_where_the_token_came_from() {
    let ran =
        ran(&note(&["C-1"]), vec![Err(CallError::SignedOut("The token is unknown".into()))], false);
    assert_eq!(ran.exit, Exit::SignedOut);
    assert_eq!(
        ran.err,
        "caseload: Not logged in at desk north: The token is unknown. Check the token; it came \
         from CASELOAD_TOKEN.\n"
    );
}

#[test]
fn what_is_not_the_desks_answer_is_a_failure() {
    let error = CallError::NotUnderstood("This is a web page, not a case API.".into());
    let ran = ran(&note(&["C-1"]), vec![Err(error)], false);
    assert_eq!(ran.exit, Exit::Failed);
    assert_eq!(ran.err, "caseload: Could not note on C-1: This is a web page, not a case API.\n");
}

#[test]
fn an_escalation_goes_to_the_next_tier_of_the_case() {
    let escalation = || Escalation {
        reason: "why".to_owned(),
        finding: None,
        correction: None,
        new_correction: None,
    };
    let order = || Order { deed: Deed::EscalateToNext(escalation()), ..note(&["C-1"]) };
    for (tier, to) in [("first", Tier::Second), ("second", Tier::Product)] {
        let ran = ran_at(&order(), vec![Ok(acted("C-1"))], false, Some(detail(tier)));
        assert_eq!(ran.exit, Exit::Done);
        assert_eq!(ran.came[0].3, escalation().to(to));
    }
    let ran = ran_at(&order(), vec![], false, Some(detail("product")));
    assert_eq!(ran.exit, Exit::Refused);
    assert!(
        ran.err.contains("Could not escalate C-1: it is with Product Management"),
        "{}",
        ran.err
    );
}

#[test]
fn wrong_fields_are_named() {
    let problem = Problem::new(Code::Invalid, "A field is wrong.").with_errors(vec![
        crate::wire::FieldError { field: "text".to_owned(), message: "must not be empty".into() },
    ]);
    let ran = ran(&note(&["C-1"]), vec![Err(CallError::Refused(Box::new(problem)))], false);
    assert_eq!(ran.exit, Exit::Refused);
    assert_eq!(
        ran.err,
        "caseload: Could not note on C-1: A field is wrong. (text: must not be empty)\n"
    );
}
