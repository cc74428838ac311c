//! The single acts of a case's life, with their words.

use super::cast::Area;
use super::script::{Done, Script};
use crate::domain::{
    Action, Actor, CaseState, Cause, Eligibility, Finding, ResolutionKind, Tier, TimelineKind,
};

impl Script<'_> {
    /// One of the texts, with the names put in; one that is not on the case yet, if there is one.
    pub(super) fn say(&mut self, texts: &[String]) -> String {
        let mut text = String::new();
        for _ in 0..6 {
            text = self
                .dice
                .pick(texts)
                .map_or("", String::as_str)
                .replace("{contact}", self.life.case.customer.contact.raw())
                .replace("{case}", self.life.case.id.as_str());
            if !self.life.says(&text) {
                break;
            }
        }
        text
    }

    /// One of the area's texts, or of all areas.
    pub(super) fn say_either(
        &mut self,
        of_area: fn(&Area) -> &[String],
        of_all: &[String],
    ) -> String {
        let area = self.area.map_or(&[][..], of_area);
        if !area.is_empty() && self.dice.percent(65) { self.say(area) } else { self.say(of_all) }
    }

    pub(super) fn mailed(&mut self) {
        let after = self.dice.seconds(5, 25);
        self.life.mailed(after);
    }

    pub(super) fn mail_failed(&mut self) {
        let after = self.dice.seconds(20, 55);
        let text = self.say(&self.cast.common.mail_failed);
        self.life.mail_failed(after, &text);
    }

    pub(super) fn take(&mut self, who: &Actor) -> Done {
        if self.life.standing.assignee.is_none() {
            self.life.act(who, &Action::Take {})?;
        }
        Ok(())
    }

    pub(super) fn note(&mut self, who: &Actor) -> Done {
        let text = self.say_either(|a| &a.note, &self.cast.common.note);
        self.life.act(who, &Action::Note { text })
    }

    pub(super) fn reply(&mut self, who: &Actor) -> Done {
        let text = self.say_either(|a| &a.reply, &self.cast.common.reply);
        self.life.act(who, &Action::Reply { text })
    }

    pub(super) fn ask(&mut self, who: &Actor) -> Done {
        let common = &self.cast.common;
        let asked = self.life.timeline.iter().any(|e| e.kind == TimelineKind::RequestInfo);
        let (text, items) = if self.life.standing.state == CaseState::Waiting {
            (self.say(&common.remind), Vec::new())
        } else if asked {
            (self.say(&common.ask_again), Vec::new())
        } else {
            self.area.map_or_else(Default::default, |a| (a.ask.clone(), a.items.clone()))
        };
        self.life.act(who, &Action::RequestInfo { text, items })
    }

    pub(super) fn answer(&mut self) {
        let text = self.area.map_or(&[][..], |a| &a.answer);
        let text = self.say(text);
        self.life.customer_writes(&text);
    }

    pub(super) fn thanks(&mut self) {
        let text = self.say(&self.cast.common.thanks);
        self.life.customer_writes(&text);
    }

    pub(super) fn workaround(&mut self, who: &Actor) -> Done {
        let text = self.area.map_or_else(String::new, |a| a.workaround.clone());
        self.life.act(who, &Action::RecordWorkaround { text })
    }

    pub(super) fn call(&mut self, who: &Actor) -> Done {
        let with = self.life.case.customer.contact.raw().to_owned();
        let text = self.say(&self.cast.common.phone);
        self.life.act(who, &Action::LogPhoneCall { with, text })
    }

    pub(super) fn mark_eligible(&mut self) -> Done {
        let common = &self.cast.common;
        let reasons = if self.life.standing.eligibility == Eligibility::UnknownKey {
            &common.registered
        } else {
            &common.renewed
        };
        let reason = self.say(reasons);
        let eligibility = Eligibility::Eligible;
        self.life.act(self.admin, &Action::SetEligibility { eligibility, reason })
    }

    pub(super) fn escalate(&mut self, who: &Actor, to: Tier) -> Done {
        let product = to == Tier::Product;
        let reason = if product {
            self.say(&self.cast.common.to_product)
        } else {
            self.say(self.area.map_or(&[][..], |a| &a.escalate))
        };
        let action = Action::Escalate {
            to,
            reason,
            finding: product.then_some(Finding::ProductError),
            correction: self.topic.correction.clone().filter(|_| product),
            new_correction: None,
        };
        self.life.act(who, &action)
    }

    pub(super) fn close(&mut self, who: &Actor, resolution: ResolutionKind) -> Done {
        use ResolutionKind as R;
        let common = &self.cast.common;
        let text = match resolution {
            R::NotEligible => self.say(&common.not_eligible),
            R::Duplicate => self.say(&common.duplicate),
            R::NoAnswer => self.say(&common.no_answer),
            R::Workaround => self.area.map_or_else(String::new, |a| a.workaround.clone()),
            R::Explanation | R::CorrectedInRelease | R::GuidanceGiven => self.topic.fix.clone(),
        };
        let outside = matches!(self.topic.cause, Cause::ThirdParty | Cause::Network);
        let cause = match resolution {
            R::NotEligible | R::Duplicate | R::NoAnswer => None,
            R::Workaround if outside => None,
            _ => Some(self.topic.cause),
        };
        let duplicate_of = self.plan.duplicate_of.clone().filter(|_| resolution == R::Duplicate);
        self.life.act(who, &Action::Close { resolution, text, cause, duplicate_of })
    }
}
