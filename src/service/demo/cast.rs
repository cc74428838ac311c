//! Who and what the demo desk is made from: `assets/demo/*.toml`, read and brought into use.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::dice::Dice;
use crate::domain::{
    Actor, Cause, CorrectionId, InfoItem, PartnerId, Role, Severity, Untrusted, UserId,
};
use crate::service::store::seed::{Seed, SeedCorrection, SeedLicence, SeedPartner, SeedUser};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeopleFile {
    partner: Vec<PartnerEntry>,
    user: Vec<UserEntry>,
    company: Vec<Company>,
    correction: Vec<CorrectionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartnerEntry {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserEntry {
    id: String,
    name: String,
    role: Role,
    partner: Option<PartnerId>,
}

/// A customer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Company {
    pub(super) name: String,
    pub(super) partner: PartnerId,
    pub(super) domain: String,
    /// All but the last two digits.
    pub(super) phone: String,
    /// Name and mailbox.
    pub(super) contacts: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CorrectionEntry {
    id: CorrectionId,
    title: String,
    /// Empty: not decided yet.
    release_plan: String,
    status: String,
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicFile {
    topic: Vec<Topic>,
}

/// How much harm a topic can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Weight {
    Grave,
    #[default]
    Usual,
    Slight,
}

/// What a case is about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Topic {
    area: String,
    #[serde(default)]
    weight: Weight,
    pub(super) product: String,
    pub(super) subject: String,
    pub(super) description: String,
    pub(super) cause: Cause,
    pub(super) correction: Option<CorrectionId>,
    pub(super) fix: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhraseFile {
    common: Common,
    area: BTreeMap<String, Area>,
}

impl Topic {
    /// Whether a case about it may have that severity.
    pub(super) const fn may_be(&self, severity: Severity) -> bool {
        match severity {
            Severity::Critical => matches!(self.weight, Weight::Grave),
            Severity::High => !matches!(self.weight, Weight::Slight),
            Severity::Medium => true,
            Severity::Low => !matches!(self.weight, Weight::Grave),
        }
    }
}

/// What is written on cases of all areas.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Common {
    pub(super) respond: Vec<String>,
    pub(super) note: Vec<String>,
    pub(super) reply: Vec<String>,
    pub(super) phone: Vec<String>,
    pub(super) hand_back: Vec<String>,
    pub(super) product_back: Vec<String>,
    pub(super) reopen: Vec<String>,
    pub(super) raise: Vec<String>,
    pub(super) lower: Vec<String>,
    pub(super) not_eligible: Vec<String>,
    pub(super) unknown_key: Vec<String>,
    pub(super) duplicate: Vec<String>,
    pub(super) no_answer: Vec<String>,
    pub(super) thanks: Vec<String>,
    pub(super) to_product: Vec<String>,
    pub(super) at_product: Vec<String>,
    pub(super) ask_again: Vec<String>,
    pub(super) remind: Vec<String>,
    pub(super) mail_failed: Vec<String>,
    pub(super) registered: Vec<String>,
    pub(super) renewed: Vec<String>,
}

/// What is written on cases of one area.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Area {
    pub(super) ask: String,
    pub(super) items: Vec<InfoItem>,
    pub(super) answer: Vec<String>,
    pub(super) note: Vec<String>,
    pub(super) reply: Vec<String>,
    pub(super) escalate: Vec<String>,
    pub(super) workaround: String,
}

/// Everybody and everything.
pub(super) struct Cast {
    partners: Vec<PartnerEntry>,
    users: Vec<Actor>,
    pub(super) companies: Vec<Company>,
    corrections: Vec<CorrectionEntry>,
    pub(super) topics: Vec<Topic>,
    pub(super) common: Common,
    areas: BTreeMap<String, Area>,
    seed: u64,
}

/// The number of the stream from which licence keys are thrown; cases have the low ones.
const LICENCE_STREAM: u64 = 1 << 40;

impl Cast {
    /// The cast of the embedded files.
    ///
    /// # Errors
    /// Something in the files does not fit together; a test keeps that from happening.
    pub(super) fn load(seed: u64) -> anyhow::Result<Self> {
        let people: PeopleFile = toml::from_str(include_str!("../../../assets/demo/people.toml"))
            .context("assets/demo/people.toml")?;
        let topics: TopicFile = toml::from_str(include_str!("../../../assets/demo/topics.toml"))
            .context("assets/demo/topics.toml")?;
        let phrases: PhraseFile = toml::from_str(include_str!("../../../assets/demo/phrases.toml"))
            .context("assets/demo/phrases.toml")?;
        let users = people
            .user
            .into_iter()
            .map(|u| Actor {
                id: UserId::new(u.id),
                name: Untrusted::new(u.name),
                role: u.role,
                partner: u.partner,
            })
            .collect();
        let cast = Self {
            partners: people.partner,
            users,
            companies: people.company,
            corrections: people.correction,
            topics: topics.topic,
            common: phrases.common,
            areas: phrases.area,
            seed,
        };
        cast.check()?;
        Ok(cast)
    }

    /// That whatever is looked up later is there.
    fn check(&self) -> anyhow::Result<()> {
        for role in Role::ALL {
            anyhow::ensure!(self.users.iter().any(|u| u.role == *role), "nobody is {role:?}");
        }
        for partner in &self.partners {
            let id = PartnerId::new(&*partner.id);
            anyhow::ensure!(!self.agents(&id).is_empty(), "{id} has no agents");
            anyhow::ensure!(!self.customers(&id).is_empty(), "{id} has no customers");
        }
        for topic in &self.topics {
            anyhow::ensure!(self.areas.contains_key(&topic.area), "no phrases for {}", topic.area);
            anyhow::ensure!(
                (topic.cause == Cause::ProductError) == topic.correction.is_some(),
                "a product error has a correction, and nothing else has: {}",
                topic.subject
            );
        }
        anyhow::ensure!(self.companies.iter().all(|c| !c.contacts.is_empty()), "nobody to ask");
        Ok(())
    }

    /// The first one of a role; of a partner, for partner agents.
    pub(super) fn first_of(&self, role: Role, partner: Option<&str>) -> anyhow::Result<&Actor> {
        self.users
            .iter()
            .find(|u| u.role == role && u.partner.as_ref().map(PartnerId::as_str) == partner)
            .ok_or_else(|| anyhow!("the demo desk has no {}", role.label()))
    }

    pub(super) fn agents(&self, partner: &PartnerId) -> Vec<&Actor> {
        self.users.iter().filter(|u| u.partner.as_ref() == Some(partner)).collect()
    }

    pub(super) fn those(&self, role: Role) -> Vec<&Actor> {
        self.users.iter().filter(|u| u.role == role).collect()
    }

    pub(super) fn user(&self, id: &UserId) -> Option<&Actor> {
        self.users.iter().find(|u| u.id == *id)
    }

    /// The numbers of a partner's customers.
    pub(super) fn customers(&self, partner: &PartnerId) -> Vec<usize> {
        (0..self.companies.len()).filter(|at| self.companies[*at].partner == *partner).collect()
    }

    pub(super) fn area(&self, topic: &Topic) -> Option<&Area> {
        self.areas.get(&topic.area)
    }

    /// The licence of a company: its own, or an older one that is no longer under support.
    pub(super) fn licence_key(&self, company: usize, eligible: bool) -> String {
        let number = company * 2 + usize::from(!eligible);
        licence_key(&mut Dice::stream(self.seed, LICENCE_STREAM + number as u64))
    }

    /// Everything but cases and tokens.
    pub(super) fn seed(&self, now: DateTime<Utc>) -> Seed {
        let mut licences = Vec::new();
        for (at, company) in self.companies.iter().enumerate() {
            for eligible in [true, false] {
                licences.push(SeedLicence {
                    key: self.licence_key(at, eligible),
                    partner: company.partner.clone(),
                    company: company.name.clone(),
                    eligible,
                    addresses: company
                        .contacts
                        .iter()
                        .map(|(_, mailbox)| format!("{mailbox}@{}", company.domain))
                        .collect(),
                });
            }
        }
        Seed {
            partners: self
                .partners
                .iter()
                .map(|p| SeedPartner { id: PartnerId::new(&*p.id), name: p.name.clone() })
                .collect(),
            users: self
                .users
                .iter()
                .map(|u| SeedUser {
                    id: u.id.clone(),
                    name: u.name.raw().to_owned(),
                    role: u.role,
                    partner: u.partner.clone(),
                })
                .collect(),
            tokens: Vec::new(),
            licences,
            corrections: self
                .corrections
                .iter()
                .zip(1..)
                .map(|(c, days)| SeedCorrection {
                    id: c.id.clone(),
                    title: c.title.clone(),
                    release_plan: Some(c.release_plan.clone()).filter(|p| !p.is_empty()),
                    status: c.status.clone(),
                    note: Some(c.note.clone()).filter(|n| !n.is_empty()),
                    updated_at: now - chrono::TimeDelta::days(days),
                })
                .collect(),
            cases: Vec::new(),
        }
    }
}

/// A key as the vendor prints it, without letters that are taken for digits.
pub(super) fn licence_key(dice: &mut Dice) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut key = String::from("FH");
    for place in 0..16 {
        if place % 4 == 0 {
            key.push('-');
        }
        key.push(char::from(dice.pick(LETTERS).copied().unwrap_or(b'A')));
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Tier;
    use crate::sla::policy::Policy;

    #[test]
    fn the_embedded_files_fit_together_and_are_many() {
        let cast = Cast::load(1).unwrap();
        assert!(cast.topics.len() >= 60 && cast.companies.len() >= 40);
        assert_eq!(cast.corrections.len(), 8);
        for correction in &cast.corrections {
            assert!(cast.topics.iter().any(|t| t.correction.as_ref() == Some(&correction.id)));
        }
        for topic in &cast.topics {
            assert!(topic.subject.chars().count() <= 300, "{}", topic.subject);
        }
        let mut keys: Vec<String> =
            cast.seed(DateTime::UNIX_EPOCH).licences.into_iter().map(|l| l.key).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 2 * cast.companies.len());
    }

    #[test]
    fn every_partner_has_a_calendar_of_the_embedded_policy() {
        let policy = Policy::embedded();
        for partner in Cast::load(1).unwrap().partners {
            let partner = PartnerId::new(partner.id);
            let calendar = policy.calendar_id(Tier::First, &partner);
            assert!(policy.calendar(calendar).is_some(), "{partner}: {calendar}");
        }
    }
}
