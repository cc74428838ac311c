//! The demo's own people: now and then somebody reports a case, a customer answers, a colleague does
//! something. They leave alone whatever is with one of those whose tokens were handed out, and close
//! nothing at the partner whose desk is looked at first.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::cast::{Cast, Topic};
use super::dice::Dice;
use super::life::CUSTOMER;
use super::owners;
use crate::domain::rules::{Standing, available};
use crate::domain::{
    Action, ActionKind, Actor, CaseDetail, CaseId, CaseState, Cause, Environment, PartnerId,
    ResolutionKind, Role, Severity, Tier, Untrusted, UserId,
};
use crate::service::{Answered, Service};
use crate::wire::Report;

/// Between two acts, in seconds.
const PAUSE: (i64, i64) = (20, 60);
/// How many cases are looked at to find one that fits.
const TRIES: usize = 40;
/// New cases are looked at more often than others: so many of the latest.
const LATEST: usize = 60;
/// The partner whose desk the demo's person sits at.
const HOME: &str = "nordwind";
/// The number of the stream from which all this is thrown; cases have the low ones.
const LIVE_STREAM: u64 = 1 << 41;

/// What was done in one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    Reported(CaseId),
    Answered(CaseId),
    Acted(CaseId, ActionKind),
    /// Nobody found anything to do.
    Nothing,
}

pub(super) struct People {
    service: Service,
    cast: Cast,
    owners: [UserId; 6],
    dice: Dice,
    /// Who may see everything, to look for cases.
    admin: Actor,
}

impl People {
    pub(super) async fn new(service: Service, seed: u64) -> anyhow::Result<Self> {
        let cast = Cast::load(seed)?;
        let registered = service.store().registered().await?;
        Ok(Self {
            owners: owners(&cast)?,
            admin: cast.first_of(Role::Admin, None)?.clone(),
            cast,
            service,
            // A desk that is opened again does not see the same reports come in again.
            dice: Dice::stream(seed, LIVE_STREAM + registered.unsigned_abs()),
        })
    }

    /// Lives until `end`.
    pub(super) async fn live(mut self, end: CancellationToken) {
        loop {
            let pause =
                self.dice.seconds(PAUSE.0, PAUSE.1).to_std().unwrap_or(Duration::from_mins(1));
            tokio::select! {
                () = end.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            match self.turn().await {
                Ok(turn) => tracing::debug!(?turn, "the demo's people"),
                // Somebody was faster, or the disk is full: the desk says so itself where it matters.
                Err(problem) => tracing::debug!(?problem, "the demo's people were refused"),
            }
        }
    }

    /// Somebody does something.
    pub(super) async fn turn(&mut self) -> Answered<Turn> {
        match self.dice.below(100) {
            0..45 => self.report().await,
            45..70 => self.answer().await,
            _ => self.act().await,
        }
    }

    async fn report(&mut self) -> Answered<Turn> {
        let partners = [(50, HOME), (20, "summit"), (20, "sakura"), (10, "direct")];
        let partner = PartnerId::from(self.dice.weighted(&partners).unwrap_or(HOME));
        let at = self.dice.pick(&self.cast.customers(&partner)).copied().unwrap_or(0);
        let company = &self.cast.companies[at];
        let nobody = (String::new(), String::new());
        let (contact, mailbox) = self.dice.pick(&company.contacts).unwrap_or(&nobody);
        let topic = &self.cast.topics[self.dice.below(self.cast.topics.len())];
        let severities = [
            (10, Severity::Critical),
            (30, Severity::High),
            (40, Severity::Medium),
            (20, Severity::Low),
        ];
        let report = Report {
            subject: topic.subject.clone(),
            description: topic.description.clone(),
            environment: if self.dice.percent(70) {
                Environment::Production
            } else {
                Environment::Live
            },
            licence_key: self.cast.licence_key(at, true),
            contact: contact.clone(),
            email: format!("{mailbox}@{}", company.domain),
            severity: self.dice.weighted(&severities),
            workaround: None,
            product: Some(topic.product.clone()),
            version: Some("13.4.1".to_owned()),
            company: Some(company.name.clone()),
            phone: Some(format!("{}{:02}", company.phone, self.dice.below(100))),
        };
        let customer = Actor {
            id: UserId::from(CUSTOMER),
            name: Untrusted::from(contact.as_str()),
            role: Role::Admin,
            partner: None,
        };
        Ok(Turn::Reported(self.service.report(&customer, report).await?.id))
    }

    async fn answer(&mut self) -> Answered<Turn> {
        let home = self.dice.percent(60);
        let Some(found) = self
            .find(|c| {
                c.case.state == CaseState::Waiting && (!home || c.case.partner.id.as_str() == HOME)
            })
            .await?
        else {
            return Ok(Turn::Nothing);
        };
        let answers =
            self.topic_of(&found).and_then(|t| self.cast.area(t)).map_or(&[][..], |a| &a.answer);
        let answers = if answers.is_empty() { &self.cast.common.thanks } else { answers };
        let text = self.dice.pick(answers).cloned().unwrap_or_default();
        self.service.customer_answer(&found.case.id, &text).await?;
        Ok(Turn::Answered(found.case.id))
    }

    /// A colleague does something to a case that nobody has, or that is with the colleague.
    async fn act(&mut self) -> Answered<Turn> {
        let owners = self.owners.clone();
        let Some(found) = self
            .find(|c| {
                c.case.state == CaseState::Open
                    && c.case.tier != Tier::Product
                    && c.case.assignee.as_ref().is_none_or(|a| !owners.contains(&a.id))
            })
            .await?
        else {
            return Ok(Turn::Nothing);
        };
        let standing = Standing::from(&found.case);
        let colleagues: Vec<Actor> = match (&found.case.assignee, found.case.tier) {
            (Some(holder), _) => self.cast.user(&holder.id).into_iter().cloned().collect(),
            (None, Tier::First) => {
                self.cast.agents(&found.case.partner.id).into_iter().cloned().collect()
            }
            (None, _) => self.cast.those(Role::Engineer).into_iter().cloned().collect(),
        };
        let colleagues: Vec<Actor> =
            colleagues.into_iter().filter(|a| !self.owners.contains(&a.id)).collect();
        let Some(who) = self.dice.pick(&colleagues).cloned() else { return Ok(Turn::Nothing) };
        let Some(action) = self.choose(&found, &standing) else { return Ok(Turn::Nothing) };
        let kind = action.kind();
        if available(&who, &standing, kind).is_err() {
            return Ok(Turn::Nothing);
        }
        let (id, revision) = (found.case.id, found.case.revision);
        self.service.act(&who, &id, Uuid::new_v4(), Some(revision), action).await?;
        Ok(Turn::Acted(id, kind))
    }

    fn choose(&mut self, found: &CaseDetail, standing: &Standing) -> Option<Action> {
        let home = found.case.partner.id.as_str() == HOME;
        if !standing.responded && self.dice.percent(40) {
            let text = self.dice.pick(&self.cast.common.respond)?;
            let text = text
                .replace("{contact}", found.case.customer.contact.raw())
                .replace("{case}", found.case.id.as_str());
            return Some(Action::Respond { text: Some(text) });
        }
        if standing.assignee.is_none() {
            // The person at the home desk wants something left to take.
            return (!home || self.dice.percent(35)).then_some(Action::Take {});
        }
        let topic = self.topic_of(found)?;
        let outside = matches!(topic.cause, Cause::ThirdParty | Cause::Network);
        let closing = Action::Close {
            resolution: if outside {
                ResolutionKind::GuidanceGiven
            } else {
                ResolutionKind::Explanation
            },
            text: topic.fix.clone(),
            cause: Some(topic.cause),
            duplicate_of: None,
        };
        let error = topic.cause == Cause::ProductError;
        let area = self.cast.area(topic)?;
        match self.dice.below(100) {
            0..45 => Some(Action::Note { text: self.dice.pick(&area.note)?.clone() }),
            45..70 => {
                let text = self.dice.pick(&area.reply)?;
                let text = text.replace("{contact}", found.case.customer.contact.raw());
                Some(Action::Reply { text })
            }
            70..85 => {
                Some(Action::RequestInfo { text: area.ask.clone(), items: area.items.clone() })
            }
            _ if home || error => None,
            _ => Some(closing),
        }
    }

    fn topic_of(&self, found: &CaseDetail) -> Option<&Topic> {
        self.cast.topics.iter().find(|t| t.subject == found.case.subject.raw())
    }

    /// Looks at some cases for one that fits.
    async fn find(&mut self, fits: impl Fn(&CaseDetail) -> bool) -> Answered<Option<CaseDetail>> {
        let last = self.service.store().registered().await?;
        let count = usize::try_from(last).unwrap_or(0);
        for _ in 0..TRIES {
            let among = if self.dice.percent(50) { count.min(LATEST) } else { count };
            let back = i64::try_from(self.dice.below(among)).unwrap_or(0);
            let Some(id) = self.service.store().case_at(last - back).await? else { continue };
            match self.service.case(&self.admin, &id).await {
                Ok(case) if fits(&case) => return Ok(Some(case)),
                Ok(_) => {}
                Err(problem) if problem.status == 404 => {}
                Err(problem) => return Err(problem),
            }
        }
        Ok(None)
    }
}
