//! Who sees which cases, as a condition of every query that reads cases. It says the same as
//! `domain::rules::may_see`; a test holds the two against each other.

use serde::{Deserialize, Serialize};

use super::CaseRow;
use crate::domain::{Actor, PartnerId, Role, Tier};

/// The part of all cases that somebody sees.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    Partner(PartnerId),
    Engineer,
    Product,
    All,
    /// A partner's agent without a partner: nothing.
    Nothing,
}

impl Scope {
    #[must_use]
    pub fn of(actor: &Actor) -> Self {
        match (actor.role, &actor.partner) {
            (Role::Partner, Some(partner)) => Self::Partner(partner.clone()),
            (Role::Partner, None) => Self::Nothing,
            (Role::Engineer, _) => Self::Engineer,
            (Role::Product, _) => Self::Product,
            (Role::Oncall | Role::Admin, _) => Self::All,
        }
    }

    /// The scopes in which a case is.
    pub(crate) fn that_see(case: &CaseRow) -> Vec<Self> {
        let mut scopes = vec![Self::All, Self::Partner(case.partner.id.clone())];
        if case.tier != Tier::Product || case.reached_second {
            scopes.push(Self::Engineer);
        }
        if case.tier == Tier::Product || case.correction.is_some() {
            scopes.push(Self::Product);
        }
        scopes
    }

    /// The condition on `cases c`. Its one value is bound as `$1`, always, so that queries can be put
    /// together the same way for everybody.
    pub(crate) const fn condition(&self) -> &'static str {
        match self {
            Self::Partner(_) => "c.partner = $1",
            Self::Engineer => "$1 IS NULL AND (c.tier <> 'product' OR c.reached_second)",
            Self::Product => "$1 IS NULL AND (c.tier = 'product' OR c.correction IS NOT NULL)",
            Self::All => "$1 IS NULL",
            Self::Nothing => "$1 IS NOT NULL",
        }
    }

    /// The value for `$1`.
    pub(crate) fn value(&self) -> Option<&str> {
        match self {
            Self::Partner(partner) => Some(partner.as_str()),
            _ => None,
        }
    }

    /// A word for it: cursors are bound to it, so that somebody whose scope changes starts over.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Partner(partner) => format!("partner {}", partner.as_str()),
            Self::Engineer => "engineer".to_owned(),
            Self::Product => "product".to_owned(),
            Self::All => "all".to_owned(),
            Self::Nothing => "nothing".to_owned(),
        }
    }
}
