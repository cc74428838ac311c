//! What happens on a case of each fate: who writes what, in which order.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::cast::{Area, Cast, Topic, licence_key};
use super::dice::Dice;
use super::life::Life;
use super::plan::{Fate, Plan};
use crate::domain::rules::Refusal;
use crate::domain::{
    Action, Actor, Case, CaseState, Customer, Eligibility, Environment, PartnerRef, PhoneFollowUp,
    ResolutionKind, Role, Severity, Tier, Untrusted,
};
use crate::service::store::seed::SeedCase;
use crate::sla::policy::Policy;

/// Everything that lives are made from.
pub(super) struct Stage {
    pub(super) cast: Cast,
    pub(super) policy: Arc<Policy>,
    pub(super) now: DateTime<Utc>,
    pub(super) seed: u64,
}

/// Lives one case.
///
/// # Errors
/// The rules refuse what the script wants; a test lives thousands to see that they never do.
pub(super) fn live(stage: &Stage, plan: &Plan) -> Result<SeedCase, Refusal> {
    let cast = &stage.cast;
    let mut dice = Dice::stream(stage.seed, plan.stream).branch();
    let company = &cast.companies[plan.company];
    let topic = &cast.topics[plan.topic];
    let nobody = (String::new(), String::new());
    let (contact, mailbox) = dice.pick(&company.contacts).unwrap_or(&nobody);
    let (eligibility, licence) = match plan.fate {
        Fate::UnknownKey => (Eligibility::UnknownKey, licence_key(&mut dice)),
        Fate::NotEligible | Fate::Closed(ResolutionKind::NotEligible) => {
            (Eligibility::NotEligible, cast.licence_key(plan.company, false))
        }
        _ => {
            // Now and then the licence is put in order after the report.
            let at_first = match company.partner.as_str() {
                _ if plan.fate.is_closed() || !dice.percent(6) => Eligibility::Eligible,
                "direct" => Eligibility::UnknownKey,
                _ => Eligibility::NotEligible,
            };
            (at_first, cast.licence_key(plan.company, true))
        }
    };
    let workaround = !matches!(plan.severity, Severity::Critical | Severity::High)
        && plan.fate != Fate::Workaround
        && dice.percent(15);
    let case = Case {
        id: plan.id.clone(),
        subject: Untrusted::from(topic.subject.as_str()),
        severity: plan.severity,
        tier: Tier::First,
        state: CaseState::Open,
        partner: PartnerRef { id: company.partner.clone(), name: Untrusted::default() },
        customer: Customer {
            company: Untrusted::from(company.name.as_str()),
            contact: Untrusted::from(contact.as_str()),
        },
        assignee: None,
        eligibility,
        environment: plan.environment,
        workaround,
        phone_follow_up: (plan.severity == Severity::Critical).then_some(PhoneFollowUp::Due),
        correction: None,
        reported_at: plan.reported_at,
        updated_at: plan.reported_at,
        revision: 0,
        clocks: Vec::new(),
    };
    let end = plan.closed_at.unwrap_or(stage.now);
    let phone = dice.percent(70).then(|| format!("{}{:02}", company.phone, dice.below(100)));
    let version = dice.weighted(VERSIONS).unwrap_or("13.4").to_owned();
    let life = Life::reported(cast, &stage.policy, case, end);
    let life = Script::new(stage, plan, topic, dice, life).run()?;
    Ok(SeedCase {
        id: life.case.id,
        subject: life.case.subject.raw().to_owned(),
        description: topic.description.clone(),
        severity: life.case.severity,
        tier: life.case.tier,
        state: life.case.state,
        partner: life.case.partner.id,
        company: company.name.clone(),
        contact: contact.clone(),
        email: format!("{mailbox}@{}", company.domain),
        phone,
        product: Some(topic.product.clone()),
        version: Some(version),
        licence_key: licence,
        eligibility: life.case.eligibility,
        environment: life.case.environment,
        workaround: life.case.workaround,
        phone_follow_up: life.case.phone_follow_up,
        assignee: life.standing.assignee,
        correction: life.case.correction,
        reached_second: life.standing.reached_second,
        ledger: life.ledger,
        resolution: life.resolution,
        revision: life.case.revision,
        reported_at: life.case.reported_at,
        updated_at: life.case.updated_at,
        timeline: life.timeline,
    })
}

const VERSIONS: &[(usize, &str)] =
    &[(40, "13.4.1"), (25, "13.4"), (20, "13.3.2"), (10, "13.2"), (5, "12.80")];

/// One case, its texts and its people.
pub(super) struct Script<'a> {
    pub(super) cast: &'a Cast,
    pub(super) topic: &'a Topic,
    pub(super) area: Option<&'a Area>,
    pub(super) plan: &'a Plan,
    pub(super) dice: Dice,
    pub(super) life: Life<'a>,
    pub(super) agent: &'a Actor,
    pub(super) engineer: &'a Actor,
    pub(super) product: &'a Actor,
    pub(super) admin: &'a Actor,
}

pub(super) type Done = Result<(), Refusal>;

impl<'a> Script<'a> {
    fn new(
        stage: &'a Stage,
        plan: &'a Plan,
        topic: &'a Topic,
        mut dice: Dice,
        life: Life<'a>,
    ) -> Self {
        let cast = &stage.cast;
        let agents = cast.agents(&cast.companies[plan.company].partner);
        // The cast was checked: there is somebody of every role.
        let one = |all: Vec<&'a Actor>, at: usize| all[at % all.len()];
        let agent = if plan.mine { 0 } else { 1 + dice.below(agents.len() - 1) };
        Self {
            cast,
            topic,
            area: cast.area(topic),
            plan,
            agent: one(agents, agent),
            engineer: one(cast.those(Role::Engineer), dice.below(64)),
            product: one(cast.those(Role::Product), dice.below(64)),
            admin: one(cast.those(Role::Admin), 0),
            dice,
            life,
        }
    }

    fn run(mut self) -> Result<Life<'a>, Refusal> {
        self.fate()?;
        Ok(self.life)
    }

    fn fate(&mut self) -> Done {
        let escalated = self.plan.escalated;
        match self.plan.fate {
            Fate::Unanswered => self.mail_failed(),
            Fate::UnansweredTaken => {
                self.mail_failed();
                self.at(0.5);
                self.take(self.agent)?;
                self.at(0.8);
                self.note(self.agent)?;
            }
            Fate::AnsweredLate => self.answered_late()?,
            Fate::New => {
                self.mailed();
                if self.perhaps(25, 0.5) {
                    self.note(self.agent)?;
                }
            }
            Fate::UnknownKey | Fate::NotEligible => {
                self.mailed();
                self.at(0.5);
                let text = self.say(&self.cast.common.unknown_key);
                self.life.act(self.agent, &Action::Note { text })?;
            }
            Fate::InWork => {
                self.first_level(0.02, 0.95)?;
            }
            Fate::Waiting => {
                self.first_level(0.02, 0.6)?;
                self.at(0.7);
                self.ask(self.agent)?;
            }
            Fate::WaitingMissed => {
                self.first_level(0.02, 0.6)?;
                self.at(0.97);
                self.ask(self.agent)?;
            }
            Fate::Workaround => {
                self.first_level(0.02, 0.5)?;
                self.at(0.6);
                self.workaround(self.agent)?;
                if self.perhaps(50, 0.8) {
                    self.thanks();
                }
            }
            Fate::Reopened => {
                self.first_level(0.02, 0.4)?;
                self.at(0.5);
                self.close(self.agent, ResolutionKind::Explanation)?;
                self.at(0.7);
                let text = self.say(&self.cast.common.reopen);
                self.life.act(self.agent, &Action::Reopen { reason: text })?;
                self.at(0.85);
                self.note(self.agent)?;
            }
            Fate::HandedBack => {
                self.reach_second(escalated)?;
                self.at(middle(escalated, 0.3));
                self.take(self.engineer)?;
                self.at(middle(escalated, 0.7));
                let reason = self.say(&self.cast.common.hand_back);
                self.life.act(self.engineer, &Action::HandBack { reason })?;
            }
            Fate::SecondNew => self.reach_second(escalated)?,
            Fate::SecondInWork => self.second_level(escalated)?,
            Fate::SecondWaiting => {
                self.second_level(escalated)?;
                self.at(middle(escalated, 0.9));
                self.ask(self.engineer)?;
            }
            Fate::Product => self.reach_product(escalated)?,
            Fate::ProductBack => {
                self.reach_product(escalated)?;
                self.at(middle(escalated, 0.9));
                let reason = self.say(&self.cast.common.product_back);
                self.life.act(self.product, &Action::HandBack { reason })?;
            }
            Fate::ClosedAtSecond => {
                self.second_level(escalated)?;
                self.at(1.0);
                self.close(self.engineer, ResolutionKind::Explanation)?;
            }
            Fate::Closed(ResolutionKind::CorrectedInRelease) => {
                self.reach_product(escalated)?;
                self.at(1.0);
                self.close(self.product, ResolutionKind::CorrectedInRelease)?;
            }
            Fate::Closed(resolution) => self.closed_at_first(resolution)?,
        }
        Ok(())
    }

    /// Goes on to a part of the case's life, in opening hours if they come before its end.
    fn at(&mut self, part: f64) {
        if !self.may_be_at(part) {
            let at = self.life.part(part);
            self.life.wait_until(at);
        }
    }

    /// As that, but for what need not happen: false if it would be outside opening hours.
    fn may_be_at(&mut self, part: f64) -> bool {
        let part = part + self.dice.between(-0.015, 0.0);
        self.life.wait_for(&mut self.dice, part)
    }

    /// Whether something that happens now and then happens here, at that part of the case's life.
    fn perhaps(&mut self, percent: usize, part: f64) -> bool {
        self.dice.percent(percent) && self.may_be_at(part)
    }

    fn answered_late(&mut self) -> Done {
        self.mail_failed();
        let reported = self.life.case.reported_at;
        let late = match self.plan.severity {
            Severity::Critical => self.dice.seconds(2 * 3600 + 300, 3 * 3600),
            Severity::High => self.dice.seconds(4 * 3600 + 300, 5 * 3600),
            Severity::Medium | Severity::Low => self.dice.seconds(5 * 86_400, 6 * 86_400),
        };
        self.life.wait_until(reported + late);
        self.take(self.agent)?;
        self.life.wait_until(reported + late + TimeDelta::seconds(90));
        let text = Some(self.say(&self.cast.common.respond));
        self.life.act(self.agent, &Action::Respond { text })?;
        self.at(0.6);
        self.note(self.agent)
    }

    /// The usual work of 1st level between two parts of the case's life; somebody has the case after it.
    fn first_level(&mut self, from: f64, to: f64) -> Done {
        let step = |part: f64| from + (to - from) * part;
        self.mailed();
        if self.life.standing.eligibility != Eligibility::Eligible {
            self.at(step(0.02));
            self.mark_eligible()?;
        }
        self.at(step(0.05));
        self.take(self.agent)?;
        if self.plan.severity == Severity::Critical && self.perhaps(70, step(0.08)) {
            self.call(self.agent)?;
        }
        if self.perhaps(70, step(0.15)) {
            self.note(self.agent)?;
        }
        let free = self.plan.exactly.is_none();
        if free && self.perhaps(45, step(0.25)) {
            self.ask(self.agent)?;
            self.at(step(0.45));
            self.answer();
        }
        let severe = self.life.standing.severity == Severity::Critical;
        if free && !severe && self.perhaps(12, step(0.5)) {
            self.severity()?;
        }
        if self.perhaps(55, step(0.65)) {
            self.reply(self.agent)?;
        }
        if self.perhaps(40, step(0.9)) {
            self.note(self.agent)?;
        }
        Ok(())
    }

    /// One step up or down, never into Critical: those are planned.
    fn severity(&mut self) -> Done {
        let lab = self.plan.environment == Environment::Lab;
        let common = &self.cast.common;
        let (severity, reasons) = match self.life.standing.severity {
            Severity::Critical => (Severity::High, &common.lower),
            Severity::High => (Severity::Medium, &common.lower),
            Severity::Medium if lab => (Severity::Low, &common.lower),
            Severity::Medium => (Severity::High, &common.raise),
            Severity::Low => (Severity::Medium, &common.raise),
        };
        let reason = self.say(reasons);
        self.life.act(self.agent, &Action::SetSeverity { severity, reason })
    }

    fn reach_second(&mut self, escalated: f64) -> Done {
        if let Some(exactly) = self.plan.exactly {
            // All of 1st level has to be over by then.
            let end = self.life.end_at(exactly);
            self.first_level(0.01, 0.9)?;
            self.life.wait_until(exactly);
            self.life.end_at(end);
        } else {
            self.first_level(0.01, escalated * 0.95)?;
            self.at(escalated);
        }
        self.escalate(self.agent, Tier::Second)
    }

    fn second_level(&mut self, escalated: f64) -> Done {
        self.reach_second(escalated)?;
        self.at(middle(escalated, 0.1));
        self.take(self.engineer)?;
        self.at(middle(escalated, 0.25));
        self.note(self.engineer)?;
        if self.plan.exactly.is_none() && self.perhaps(35, middle(escalated, 0.4)) {
            self.ask(self.engineer)?;
            self.at(middle(escalated, 0.55));
            self.answer();
        }
        if self.perhaps(40, middle(escalated, 0.75)) {
            self.reply(self.engineer)?;
        }
        Ok(())
    }

    fn reach_product(&mut self, escalated: f64) -> Done {
        self.reach_second(escalated)?;
        self.at(middle(escalated, 0.1));
        self.take(self.engineer)?;
        self.at(middle(escalated, 0.3));
        self.note(self.engineer)?;
        self.at(middle(escalated, 0.5));
        self.escalate(self.engineer, Tier::Product)?;
        if self.perhaps(50, middle(escalated, 0.7)) {
            let text = self.say(&self.cast.common.at_product);
            self.life.act(self.product, &Action::Note { text })?;
        }
        Ok(())
    }

    fn closed_at_first(&mut self, resolution: ResolutionKind) -> Done {
        match resolution {
            ResolutionKind::NotEligible | ResolutionKind::Duplicate => {
                self.mailed();
                self.at(0.4);
                self.take(self.agent)?;
                self.at(0.7);
                self.note(self.agent)?;
            }
            ResolutionKind::NoAnswer => {
                self.first_level(0.02, 0.4)?;
                self.at(0.5);
                self.ask(self.agent)?;
                self.at(0.75);
                self.ask(self.agent)?;
            }
            _ => {
                self.first_level(0.02, 0.9)?;
                if self.perhaps(30, 0.95) {
                    self.thanks();
                }
            }
        }
        self.at(1.0);
        self.close(self.agent, resolution)
    }
}

/// A part of what comes after the escalation, as a part of the whole life.
fn middle(escalated: f64, part: f64) -> f64 {
    escalated + (1.0 - escalated) * part
}
