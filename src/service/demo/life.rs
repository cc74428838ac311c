//! The past of one case, lived by the real rules and the real clocks: whoever acts here does it through
//! `domain::rules::decide` and `sla::ledger`, so timeline, clocks and state agree as on a real desk.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::cast::Cast;
use super::dice::Dice;
use crate::domain::rules::{Change, Refusal, Standing, decide};
use crate::domain::{
    Action, Actor, Case, CaseState, Person, Resolution, TimelineEntry, TimelineKind, Untrusted,
    UserId, Visibility,
};
use crate::service::act::{summary, told};
use crate::sla::ledger::Ledger;
use crate::sla::policy::Policy;

/// Who a customer and the desk itself are in timelines.
pub(super) const CUSTOMER: &str = "customer";
pub(super) const DESK: &str = "desk";

/// A case while its past is made.
pub(super) struct Life<'a> {
    cast: &'a Cast,
    policy: &'a Policy,
    /// The instant that fractions of this life are counted to; nothing happens after it.
    end: DateTime<Utc>,
    pub(super) case: Case,
    pub(super) standing: Standing,
    pub(super) ledger: Ledger,
    pub(super) timeline: Vec<TimelineEntry>,
    pub(super) resolution: Option<Resolution>,
}

impl<'a> Life<'a> {
    /// Registers the case. Its clocks are left empty: they are asked of the ledger.
    pub(super) fn reported(
        cast: &'a Cast,
        policy: &'a Policy,
        case: Case,
        end: DateTime<Utc>,
    ) -> Self {
        let ledger = Ledger::opened(case.reported_at, case.severity, &case.partner.id, policy);
        let mut life = Self {
            cast,
            policy,
            end,
            standing: Standing::from(&case),
            ledger,
            timeline: Vec::with_capacity(8),
            resolution: None,
            case,
        };
        let what = format!("reported as {}", life.case.severity);
        life.enter(life.customer(), TimelineKind::Reported, Visibility::Customer, "", what);
        life
    }

    fn customer(&self) -> Person {
        Person { id: UserId::from(CUSTOMER), name: self.case.customer.contact.clone() }
    }

    /// The desk itself, when it mails.
    fn desk() -> Person {
        Person { id: UserId::from(DESK), name: Untrusted::from("Case desk") }
    }

    fn enter(
        &mut self,
        actor: Person,
        kind: TimelineKind,
        visibility: Visibility,
        text: &str,
        summary: impl Into<String>,
    ) {
        self.timeline.push(TimelineEntry {
            seq: self.timeline.len() as u64 + 1,
            at: self.case.updated_at,
            actor,
            kind,
            visibility,
            text: Untrusted::from(text),
            summary: Untrusted::new(summary),
        });
        self.case.revision = self.timeline.len() as u64;
    }

    fn apply(&mut self, change: &Change) {
        self.standing.apply(change);
        self.ledger.apply(self.case.updated_at, change, self.policy);
        match change {
            Change::Assigned(to) => {
                self.case.assignee = to.as_ref().map(|id| Person {
                    id: id.clone(),
                    name: self.cast.user(id).map_or_else(Untrusted::default, |u| u.name.clone()),
                });
            }
            Change::CorrectionLinked(id) => self.case.correction = Some(id.clone()),
            _ => {}
        }
        self.case.severity = self.standing.severity;
        self.case.tier = self.standing.tier;
        self.case.state = self.standing.state;
        self.case.eligibility = self.standing.eligibility;
        self.case.workaround = self.standing.workaround;
        self.case.phone_follow_up = self.standing.phone_follow_up;
    }

    /// Sets the instant that fractions are counted to, and returns the one before.
    pub(super) fn end_at(&mut self, end: DateTime<Utc>) -> DateTime<Utc> {
        std::mem::replace(&mut self.end, end)
    }

    /// Moves on to an instant; never back, and never past the end.
    pub(super) fn wait_until(&mut self, at: DateTime<Utc>) {
        let now = self.case.updated_at;
        self.case.updated_at = if at <= now {
            // Two acts of one minute are some seconds apart where there is room for it.
            (now + TimeDelta::seconds(20)).min(now + (self.end - now) / 2)
        } else if at > self.end {
            now + (self.end - now) / 2
        } else {
            at
        };
        // Whole seconds, as clocks count them.
        self.case.updated_at = self.case.updated_at.trunc_subsecs(0).max(now);
    }

    /// Moves on to a part of the life that is counted from the report (0) to its end (1), in the opening
    /// hours of the tier that holds the case. False, and nothing moves, if those come after the end.
    pub(super) fn wait_for(&mut self, dice: &mut Dice, part: f64) -> bool {
        let wanted = self.part(part);
        let calendar = self.policy.calendar_id(self.case.tier, &self.case.partner.id);
        let at = match self.policy.calendar(calendar).and_then(|c| c.next_open(wanted)) {
            // The morning's work does not all begin at the opening.
            Some(open) if open > wanted => open + dice.seconds(60, 3 * 3600),
            _ => wanted,
        };
        if at <= self.end {
            self.wait_until(at);
        }
        at <= self.end
    }

    /// The instant at a part of the life.
    pub(super) fn part(&self, part: f64) -> DateTime<Utc> {
        let start = self.case.reported_at;
        let whole = f64::from(i32::try_from((self.end - start).num_seconds()).unwrap_or(i32::MAX));
        #[allow(clippy::cast_possible_truncation, reason = "a few years of seconds fit")]
        let seconds = (whole * part) as i64;
        start + TimeDelta::seconds(seconds)
    }

    /// The mail server has taken the mail with the case id (domain rule 2).
    pub(super) fn mailed(&mut self, after: TimeDelta) {
        self.wait_until(self.case.updated_at + after);
        self.apply(&Change::Responded);
        let what = "the case id was mailed to the customer";
        self.enter(Self::desk(), TimelineKind::Respond, Visibility::Customer, "", what);
    }

    pub(super) fn mail_failed(&mut self, after: TimeDelta, text: &str) {
        self.wait_until(self.case.updated_at + after);
        self.enter(Self::desk(), TimelineKind::Note, Visibility::Internal, text, "");
    }

    /// The customer writes; information that was awaited has come with it.
    pub(super) fn customer_writes(&mut self, text: &str) {
        let mut what = "";
        if self.standing.state == CaseState::Waiting {
            self.apply(&Change::InfoReceived);
            what = "no longer waiting for the customer";
        }
        let customer = self.customer();
        self.enter(customer, TimelineKind::CustomerAnswer, Visibility::Customer, text, what);
    }

    /// Whether this was written on the case already.
    pub(super) fn says(&self, text: &str) -> bool {
        self.timeline.iter().any(|e| e.text.raw() == text)
    }

    /// Somebody acts, now.
    ///
    /// # Errors
    /// The rules refuse it: the script of this life is wrong.
    pub(super) fn act(&mut self, actor: &Actor, action: &Action) -> Result<(), Refusal> {
        let changes = decide(actor, &self.standing, action)?;
        let before = self.case.clone();
        for change in &changes {
            self.apply(change);
        }
        let by = Person { id: actor.id.clone(), name: actor.name.clone() };
        match action {
            Action::Close { resolution, text, cause, duplicate_of } => {
                self.resolution = Some(Resolution {
                    kind: *resolution,
                    text: Untrusted::from(text.as_str()),
                    cause: *cause,
                    duplicate_of: duplicate_of.clone(),
                    at: self.case.updated_at,
                    by: by.clone(),
                });
            }
            Action::Reopen { .. } => self.resolution = None,
            _ => {}
        }
        let (visibility, text) = told(action);
        let what = summary(action, &before, &self.case);
        self.enter(by, action.kind().into(), visibility, text, what);
        Ok(())
    }
}
