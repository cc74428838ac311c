use proptest::prelude::*;

use super::*;
use crate::domain::action::NewCorrection;
use crate::domain::rules::Change;
use crate::domain::{
    CaseState, Cause, CorrectionId, Customer, Eligibility, Environment, Finding, PartnerRef,
    Person, ResolutionKind, Role, Severity, UserId,
};
use crate::sla::policy::{Again, BusinessDayEnd, Reopened, Rules};

/// A case as a desk keeps it: what the rules know of it, and its clocks. Nothing is read back from what is
/// told to others.
struct Life {
    standing: Standing,
    ledger: Ledger,
    reported: DateTime<Utc>,
    now: DateTime<Utc>,
    revision: u64,
}

fn root() -> Actor {
    Actor { id: "root".into(), name: "Root".into(), role: Role::Admin, partner: None }
}

fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

impl Life {
    fn begun(at: DateTime<Utc>, severity: Severity, partner: &str, policy: &Policy) -> Self {
        let standing = Standing {
            partner: partner.into(),
            tier: Tier::First,
            state: CaseState::Open,
            severity,
            eligibility: Eligibility::Eligible,
            environment: Environment::Production,
            workaround: false,
            assignee: None,
            phone_follow_up: None,
            correction: None,
            reached_second: false,
            responded: false,
        };
        let ledger = Ledger::opened(at, severity, &partner.into(), policy);
        Self { standing, ledger, reported: at, now: at, revision: 1 }
    }

    /// As the case API tells it.
    fn told(&self, policy: &Policy) -> CaseDetail {
        let standing = self.standing.clone();
        let case = Case {
            id: "C-1".into(),
            subject: "s".into(),
            severity: standing.severity,
            tier: standing.tier,
            state: standing.state,
            partner: PartnerRef { id: standing.partner, name: "p".into() },
            customer: Customer { company: "c".into(), contact: "c".into() },
            assignee: standing.assignee.map(|id| Person { id, name: "n".into() }),
            eligibility: standing.eligibility,
            environment: standing.environment,
            workaround: standing.workaround,
            phone_follow_up: standing.phone_follow_up,
            correction: standing.correction,
            reported_at: self.reported,
            updated_at: self.now,
            revision: self.revision,
            clocks: self.ledger.summaries(self.now, policy),
        };
        CaseDetail {
            case,
            description: "d".into(),
            product: None,
            version: None,
            licence_key: "k".into(),
            email: "e".into(),
            phone: None,
            resolution: None,
            attachments: Vec::new(),
            timeline: Vec::new(),
            ledger: Some(self.ledger.record()),
        }
    }

    /// Does the act, as a desk does it; the clocks then, or why not.
    fn act(&mut self, action: &Action, policy: &Policy) -> Result<Vec<ClockSummary>, Refusal> {
        let changes = decide(&root(), &self.standing, action)?;
        for change in changes {
            self.standing.apply(&change);
            self.ledger.apply(self.now, &change, policy);
            if let Change::CorrectionOpened(_) = change {
                self.standing.correction = Some(CorrectionId::from("K-9"));
            }
        }
        self.revision += 1;
        Ok(self.ledger.summaries(self.now, policy))
    }
}

/// One of all kinds of acts, allowed then or not.
fn action(kind: u8, pick: usize) -> Action {
    let text = || "because".to_owned();
    match kind {
        0 => Action::Respond { text: None },
        1 => Action::Reply { text: text() },
        2 | 3 => Action::RequestInfo { text: text(), items: vec![] },
        4 => Action::InfoReceived { text: None },
        5 => Action::SetSeverity { severity: Severity::ALL[pick % 4], reason: text() },
        6 => Action::RecordWorkaround { text: text() },
        7 | 8 => Action::Escalate {
            to: if pick.is_multiple_of(3) { Tier::Product } else { Tier::Second },
            reason: text(),
            finding: (pick.is_multiple_of(3)).then_some(Finding::ProductError),
            correction: None,
            new_correction: (pick.is_multiple_of(3)).then(|| NewCorrection { title: text() }),
        },
        9 | 10 => Action::HandBack { reason: text() },
        11 => Action::Close {
            resolution: ResolutionKind::ALL[pick % ResolutionKind::ALL.len()],
            text: text(),
            cause: (pick.is_multiple_of(2)).then_some(Cause::Other),
            duplicate_of: None,
        },
        12 | 13 => Action::Reopen { reason: text() },
        14 => Action::Note { text: text() },
        15 => Action::Take {},
        16 => Action::Assign { assignee: UserId::from("lito") },
        17 => Action::LogPhoneCall { with: text(), text: text() },
        _ => Action::SetEligibility { eligibility: Eligibility::ALL[pick % 3], reason: text() },
    }
}

fn rules() -> impl Strategy<Value = Rules> {
    let again = || prop::sample::select(vec![Again::Resume, Again::Resume, Again::Restart]);
    let reopened = prop::sample::select(vec![Reopened::Pause, Reopened::Count, Reopened::Restart]);
    (any::<bool>(), any::<bool>(), again(), again(), reopened).prop_map(
        |(to_closing, waits, handed_back, escalated_again, reopened)| Rules {
            business_day: if to_closing {
                BusinessDayEnd::EndOfDay
            } else {
                BusinessDayEnd::SameTime
            },
            waiting_pauses: waits,
            handed_back,
            escalated_again,
            reopened,
            ..Rules::default()
        },
    )
}

/// The policy with those switches. Compiling one works out its calendars, so each is made once.
fn policy_with(rules: Rules) -> Policy {
    use std::collections::HashMap;
    use std::sync::{Mutex, OnceLock};
    static MADE: OnceLock<Mutex<HashMap<String, Policy>>> = OnceLock::new();
    let mut made = MADE.get_or_init(Mutex::default).lock().unwrap();
    let compiled = || {
        let mut document = Policy::embedded().document();
        document.rules = rules;
        Policy::compile(&document).unwrap()
    };
    made.entry(format!("{rules:?}")).or_insert_with(compiled).clone()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(2026),
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_was_previewed_is_what_then_happens(
        rules in rules(),
        // From March to the end of 2026.
        start in 1_772_300_000_i64..1_798_600_000,
        severity in prop::sample::select(Severity::ALL.to_vec()),
        partner in prop::sample::select(vec!["direct", "nordwind", "summit", "sakura", "nobody"]),
        // Backwards too, as when a machine's clock is set back.
        steps in prop::collection::vec((-3_000_i64..400_000, 0_u8..19, 0_usize..12), 1..10),
    ) {
        let policy = policy_with(rules);
        let mut life = Life::begun(instant(start), severity, partner, &policy);
        for (wait, kind, pick) in steps {
            let action = action(kind, pick);
            // What a desk told some time ago is what the preview works from.
            let mut detail = life.told(&policy);
            if pick == 0 {
                let json = serde_json::to_string(&detail).unwrap();
                detail = serde_json::from_str(&json).unwrap();
            }
            let restored = ledger_of(&detail);
            prop_assert_eq!(restored.as_ref(), Some(&life.ledger));
            life.now += chrono::TimeDelta::seconds(wait);
            let foreseen = preview(&root(), &detail, &action, life.now, &policy);
            let before = life.ledger.summaries(life.now, &policy);
            match (foreseen, life.act(&action, &policy)) {
                (Ok(foreseen), Ok(after)) => {
                    prop_assert_eq!(&foreseen.before, &before);
                    prop_assert_eq!(&foreseen.after, &after);
                    prop_assert_eq!(foreseen.tier, life.standing.tier);
                    prop_assert_eq!(foreseen.severity, life.standing.severity);
                    let changed = before != after
                        || (detail.case.tier != Tier::Product && foreseen.tier == Tier::Product);
                    prop_assert_eq!(!foreseen.sentences(&detail.case, &policy).is_empty(), changed);
                }
                (Err(NoPreview::Refused(foreseen)), Err(refusal)) => {
                    prop_assert_eq!(foreseen, refusal);
                }
                (foreseen, happened) => prop_assert!(false, "{foreseen:?} but {happened:?}"),
            }
        }
    }
}

/// Copenhagen, Mon-Fri 09:00-17:00, in local winter time of January 2026: "13 10:00" is a Tuesday.
fn at(text: &str) -> DateTime<Utc> {
    let (day, time) = text.split_once(' ').unwrap();
    format!("2026-01-{day}T{time}:00+01:00").parse().unwrap()
}

/// What the acts would do one after the other, each told before it is done.
fn told(severity: Severity, acts: &[(&str, Action)]) -> Vec<Vec<String>> {
    let policy = Policy::embedded();
    let mut life = Life::begun(at("13 10:00"), severity, "direct", &policy);
    acts.iter()
        .map(|(when, action)| {
            life.now = at(when);
            let detail = life.told(&policy);
            let foreseen = preview(&root(), &detail, action, life.now, &policy).unwrap();
            life.act(action, &policy).unwrap();
            foreseen.sentences(&detail.case, &policy)
        })
        .collect()
}

#[test]
fn a_preview_says_in_words_what_becomes_of_each_clock() {
    let because = || "because".to_owned();
    let second = Action::Escalate {
        to: Tier::Second,
        reason: because(),
        finding: None,
        correction: None,
        new_correction: None,
    };
    let said = told(
        Severity::Critical,
        &[
            ("13 11:00", Action::Note { text: because() }),
            ("13 11:20", Action::RequestInfo { text: because(), items: vec![] }),
            ("14 11:20", Action::InfoReceived { text: None }),
            ("14 15:00", Action::SetSeverity { severity: Severity::Low, reason: because() }),
            ("15 10:00", second),
            ("15 12:00", Action::HandBack { reason: because() }),
            (
                "15 16:00",
                Action::Close {
                    resolution: ResolutionKind::Explanation,
                    text: "It is a setting.".to_owned(),
                    cause: None,
                    duplicate_of: None,
                },
            ),
            ("16 10:00", Action::Reopen { reason: because() }),
        ],
    );
    let expected: [&[&str]; 8] = [
        &[],
        &["Response: met with 40m left.", "1st level: held with 4bd 6h left."],
        &["1st level: runs again with 4bd 6h left, until Wed 21 Jan 10:00 CET."],
        &["1st level: 20bd in place of 5bd, until Wed 11 Feb 10:00 CET."],
        &["1st level: met with 19bd left.", "2nd level: 90bd, until Thu 28 May 10:00 CEST."],
        &[
            "1st level: goes on with 19bd left, until Wed 11 Feb 12:00 CET.",
            "2nd level: met with 89bd 6h left.",
        ],
        &["1st level: met with 18bd 4h left."],
        &["1st level: goes on with 18bd 4h left, until Wed 11 Feb 14:00 CET."],
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_severity_that_makes_a_clock_missed_says_since_when() {
    let said = told(
        Severity::Low,
        &[(
            "26 10:00",
            Action::SetSeverity { severity: Severity::Critical, reason: "because".to_owned() },
        )],
    );
    assert_eq!(
        said,
        [[
            "Response: 2h in place of 1bd, missed since Tue 13 Jan 12:00 CET.",
            "1st level: 5bd in place of 20bd, missed since Tue 20 Jan 10:00 CET.",
        ]]
    );
}

#[test]
fn without_what_the_clocks_went_through_nothing_is_foreseen() {
    let policy = Policy::embedded();
    let life = Life::begun(at("13 10:00"), Severity::High, "direct", &policy);
    let respond = Action::Respond { text: None };
    let foreseen = |detail: &CaseDetail| preview(&root(), detail, &respond, life.now, &policy);
    let mut detail = life.told(&policy);
    assert!(foreseen(&detail).is_ok());
    detail.ledger.as_mut().unwrap().clocks.pop();
    assert_eq!(foreseen(&detail), Err(NoPreview::NotTold));
    detail.ledger = None;
    assert_eq!(foreseen(&detail), Err(NoPreview::NotTold));
}
