//! Ids and the people behind them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::{Untrusted, safe_line};
use super::words::Tier;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(id: impl Into<String>) -> Self { Self(id.into()) }

            /// The id as it came, for comparing, storing and sending.
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }
        }

        /// Ids come from elsewhere, so what is shown is made safe and bounded.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&safe_line(&self.0, 64))
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self { Self(id.to_owned()) }
        }
    };
}

id! {
    /// A case id, such as `C-10412`. Opaque.
    CaseId
}
id! {
    /// A correction's id, such as `K-17`. Opaque.
    CorrectionId
}
id! {
    /// A user of the desk.
    UserId
}
id! {
    /// A partner (reseller); `direct` is the vendor's own 1st level.
    PartnerId
}

impl CaseId {
    /// The order people expect: `C-9` before `C-10`, other ids by text.
    #[must_use]
    pub fn sort_key(&self) -> (u64, &str) {
        let digits = self.0.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
        (digits.parse().unwrap_or(u64::MAX), &self.0)
    }
}

/// The number of a case's version; grows by one with every act.
pub type Revision = u64;

/// What somebody is at the desk. The word on the wire is the snake_case name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Partner agent, 1st level.
    Partner,
    /// 2nd-level engineer.
    Engineer,
    /// Product manager.
    Product,
    Oncall,
    Admin,
}

impl Role {
    pub const ALL: &'static [Self] =
        &[Self::Partner, Self::Engineer, Self::Product, Self::Oncall, Self::Admin];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Engineer => "engineer",
            Self::Product => "product",
            Self::Oncall => "oncall",
            Self::Admin => "admin",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Partner => "partner agent",
            Self::Engineer => "engineer",
            Self::Product => "product manager",
            Self::Oncall => "on-call",
            Self::Admin => "administrator",
        }
    }

    /// The tier whose cases are this role's own work; none for those who watch over all.
    #[must_use]
    pub const fn tier(self) -> Option<Tier> {
        match self {
            Self::Partner => Some(Tier::First),
            Self::Engineer => Some(Tier::Second),
            Self::Product => Some(Tier::Product),
            Self::Oncall | Self::Admin => None,
        }
    }
}

/// Somebody by id and name, as shown on cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    pub id: UserId,
    pub name: Untrusted,
}

/// A partner by id and name, as shown on cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartnerRef {
    pub id: PartnerId,
    pub name: Untrusted,
}

/// Who acts: what the rules need to know of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub id: UserId,
    pub name: Untrusted,
    pub role: Role,
    /// The partner whose agent this is; set for [`Role::Partner`] alone.
    pub partner: Option<PartnerId>,
}
