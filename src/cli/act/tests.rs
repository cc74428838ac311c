//! Acts against a desk of scripted answers, with an outbox on a real disk or without any.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;

use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::cli::output::Captured;
use crate::client::{Answer, Call, CaseApi, Fetched};
use crate::clock::DeskClock;
use crate::domain::CaseDetail;
use crate::sla::policy::PolicyDocument;
use crate::sync::store::{Fingerprint, Place, RowState, Rows, Store};
use crate::wire::{Code, Feed, Me, Report, Reported};

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
        let me = json!({
            "id": "rhald", "name": "R. Hald", "role": "engineer", "tier": "second", "partner": null,
            "may": [],
        });
        async move { Ok(Answer { value: serde_json::from_value(me).unwrap(), date: None }) }.boxed()
    }

    fn policy(&self) -> Call<'_, PolicyDocument> {
        unreachable!("no act asks for the policy")
    }

    fn changes<'a>(&'a self, _: Option<&'a str>, _: usize, _: Duration) -> Call<'a, Feed> {
        unreachable!("no act asks for the feed")
    }

    fn case<'a>(&'a self, _: &'a CaseId, _: Option<Revision>) -> Call<'a, Fetched> {
        let answer = match self.case.clone() {
            Some(case) => Ok(Answer { value: Fetched::Case(Box::new(case)), date: None }),
            None => Err(refused(Code::NotFound, "There is no such case.")),
        };
        async move { answer }.boxed()
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
    /// What is left in the outbox.
    left: Rows,
}

/// Where what is kept is: on a disk, unless there is none.
#[derive(Default)]
struct Disk(Option<TempDir>);

impl Disk {
    fn new() -> Self {
        Self(Some(tempfile::tempdir().unwrap()))
    }

    fn place(&self) -> Option<Place> {
        let folder = self.0.as_ref()?.path();
        Some(Place { state: folder.join("state"), cache: folder.join("cache") })
    }
}

fn fingerprint() -> Fingerprint {
    Fingerprint::of(&"t0ken".into())
}

/// Carries the order out at a desk with these answers.
fn ran(order: &Order, answers: Vec<Result<Acted, CallError>>, json: bool) -> Ran {
    ran_on(&Disk::new(), order, answers, json, None)
}

fn ran_at(
    order: &Order,
    answers: Vec<Result<Acted, CallError>>,
    json: bool,
    case: Option<CaseDetail>,
) -> Ran {
    ran_on(&Disk::new(), order, answers, json, case)
}

fn ran_on(
    disk: &Disk,
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
    let (exit, left) = runtime.block_on(async {
        let connection = Connection {
            api: Arc::<Desk>::clone(&desk),
            desk: "north".to_owned(),
            token_from: "CASELOAD_TOKEN".to_owned(),
            clock: Arc::new(DeskClock::start()),
            place: disk.place(),
            fingerprint: fingerprint(),
            ask_after: Duration::from_mins(15),
        };
        let exit = carry_out(&connection, &mut output, order).await.unwrap();
        let left = match disk.place() {
            Some(place) => Store::open(place, fingerprint()).await.outbox().await.unwrap(),
            None => Rows::default(),
        };
        (exit, left)
    });
    assert!(desk.answers.lock().unwrap().is_empty(), "not every answer was asked for");
    let came = desk.came.lock().unwrap().clone();
    Ran { exit, out: out.text(), err: err.text(), came, left }
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
    // A single refusal is what was answered, too; where there was no answer, its number in the outbox.
    let refusal = ran(&note(&["C-1"]), vec![Err(refused(Code::Rule, "Closed."))], true);
    let problem: Problem = serde_json::from_str(&refusal.out).unwrap();
    assert_eq!(problem.code, Code::Rule);
    let silence = ran(&note(&["C-1"]), vec![Err(not_reached(false))], true);
    let kept: serde_json::Value = serde_json::from_str(&silence.out).unwrap();
    assert_eq!(kept["kept"], 1);
    assert!(kept["error"].as_str().unwrap().contains("kept in the outbox"), "{kept}");
    let lost = ran_on(&Disk(None), &note(&["C-1"]), vec![Err(not_reached(false))], true, None);
    assert_eq!(lost.out, "");
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
fn what_does_not_reach_the_desk_is_kept_and_the_rest_is_not_tried() {
    let ran = ran(&note(&["C-1", "C-2"]), vec![Err(not_reached(false))], false);
    assert_eq!(ran.exit, Exit::NotReached);
    assert_eq!(ran.out, "");
    assert_eq!(
        ran.err,
        "caseload: the desk does not answer. The note on C-1 is kept in the outbox as 1 and is sent with the next \
         act, or by caseload outbox send. All that waits: caseload outbox list\n\
         caseload: The note on C-2, too, is kept in the outbox as 2 and is sent with the next act, or by caseload \
         outbox send. All that waits: caseload outbox list\n"
    );
    let kept: Vec<(u64, &str)> =
        ran.left.rows.iter().map(|row| (row.n, row.case.as_str())).collect();
    assert_eq!(kept, [(1, "C-1"), (2, "C-2")]);
    assert_eq!(ran.left.rows[0].key, ran.came[0].1, "it is sent again with another key");
}

#[test]
fn what_waits_on_a_case_goes_first_and_nothing_is_left_of_what_was_done() {
    let disk = Disk::new();
    ran_on(&disk, &note(&["C-1"]), vec![Err(not_reached(false))], false, None);
    let mut second = note(&["C-1"]);
    second.deed = Deed::Same(Action::Take {});
    let ran = ran_on(&disk, &second, vec![Ok(acted("C-1")), Ok(acted("C-1"))], false, None);
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Done, ""));
    let came: Vec<ActionKind> = ran.came.iter().map(|came| came.3.kind()).collect();
    assert_eq!(came, [ActionKind::Note, ActionKind::Take]);
    let waits = |row: &crate::sync::store::Row| !matches!(row.state, RowState::Done(_));
    assert!(!ran.left.rows.iter().any(waits), "{:?}", ran.left);
}

#[test]
fn an_act_behind_one_that_is_asked_about_waits_with_it_and_says_so() {
    let disk = Disk::new();
    let stale = || Err(refused(Code::Stale, "The case has changed."));
    let mut bound = Order { if_revision: Some(7), ..note(&["C-1"]) };
    ran_on(&disk, &bound, vec![Err(not_reached(false))], false, None);
    bound.if_revision = None;
    let ran = ran_on(&disk, &bound, vec![stale()], false, Some(detail("first")));
    assert_eq!(ran.exit, Exit::Conflict);
    assert!(
        ran.err.starts_with(
            "caseload: Entry 1 of the outbox waits for an answer of yours (note on C-1: t), and what comes after \
             it on the case waits with it. The note on C-1 is kept in the outbox as 2"
        ),
        "{}",
        ran.err
    );
    assert_eq!(ran.left.rows.len(), 2);
}

#[test]
fn without_a_disk_an_act_is_sent_all_the_same_and_else_it_is_said_that_nothing_was_kept() {
    let done = ran_on(&Disk(None), &note(&["C-1"]), vec![Ok(acted("C-1"))], false, None);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Done, "C-1  noted (revision 8)\n"));
    let two = note(&["C-1", "C-2"]);
    let ran = ran_on(&Disk(None), &two, vec![Err(not_reached(false))], false, None);
    assert_eq!(ran.exit, Exit::NotReached);
    assert_eq!(
        ran.err,
        "caseload: The note on C-1 was not accepted: the desk does not answer; nothing was kept, \
         run it again.\ncaseload: Did not try to note on C-2, after C-1.\n"
    );
    // What became of it is not claimed when it is not known.
    let answers = vec![Err(not_reached(true)), Err(not_reached(false)), Err(not_reached(false))];
    let ran = ran_on(&Disk(None), &note(&["C-1"]), answers, false, None);
    assert_eq!(ran.exit, Exit::NotReached);
    assert_eq!(
        ran.err,
        "caseload: It is not known whether the note on C-1 was accepted: the desk does not answer. \
         Look at the case before you run it again.\n"
    );
}

#[test]
fn a_disk_that_cannot_be_used_is_named_with_the_act_that_it_could_not_keep() {
    let disk = Disk::new();
    let place = disk.place().unwrap();
    // A file where a folder should be.
    std::fs::write(&place.state, "").unwrap();
    let ran = ran_on(&disk, &note(&["C-1"]), vec![Err(not_reached(false))], false, None);
    assert_eq!(ran.exit, Exit::NotReached);
    assert!(
        ran.err.contains("was not accepted: the desk does not answer; nothing was kept: ")
            && ran.err.contains("keep.db cannot be used")
            && ran.err.ends_with(" Run it again.\n"),
        "{}",
        ran.err
    );
    let done = ran_on(&disk, &note(&["C-1"]), vec![Ok(acted("C-1"))], false, None);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Done, "C-1  noted (revision 8)\n"));
    assert!(done.err.contains("keep.db cannot be used"), "{}", done.err);
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
fn an_act_whose_answer_is_lost_stays_to_be_sent_with_its_key() {
    let answers = vec![Err(not_reached(true)), Err(not_reached(false)), Err(not_reached(false))];
    let ran = ran(&note(&["C-1"]), answers, false);
    assert_eq!(ran.exit, Exit::NotReached);
    assert!(ran.err.contains("is kept in the outbox as 1"), "{}", ran.err);
    assert!(ran.left.rows[0].uncertain);
}

#[test]
fn who_is_signed_out_is_told_where_the_token_came_from_and_that_the_act_is_kept() {
    let ran =
        ran(&note(&["C-1"]), vec![Err(CallError::SignedOut("The token is unknown".into()))], false);
    assert_eq!(ran.exit, Exit::SignedOut);
    assert!(
        ran.err.starts_with(
            "caseload: Not logged in at desk north: The token is unknown. Check the token; it came from \
             CASELOAD_TOKEN. The note on C-1 is kept in the outbox as 1"
        ),
        "{}",
        ran.err
    );
}

#[test]
fn what_is_not_the_desks_answer_is_a_failure_and_the_act_is_kept() {
    let error = || Err(CallError::NotUnderstood("This is a web page, not a case API.".into()));
    let ran = ran(&note(&["C-1"]), vec![error(), error(), error()], false);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(
        ran.err.starts_with(
            "caseload: Could not note on C-1: This is a web page, not a case API. It is kept in the outbox as 1"
        ),
        "{}",
        ran.err
    );
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
