//! Ids and the people behind them.

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

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

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                show(&self.0, f)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self { Self(id.to_owned()) }
        }
    };
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

/// A case id, such as `C-10412`. Opaque.
///
/// Two desks may give two cases the same id, so that in a program that follows several a case is an id and a
/// desk: both are compared. Only the text is on the wire and for people; whoever takes an id in from the line
/// of another desk than the first says so with [`CaseId::at_desk`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaseId {
    text: String,
    #[serde(skip)]
    desk: DeskNo,
}

/// The place of a desk among those that a program follows, from 0. It means nothing outside of that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DeskNo(u16);

impl DeskNo {
    pub const FIRST: Self = Self(0);

    #[must_use]
    pub const fn new(place: u16) -> Self {
        Self(place)
    }

    /// Its index in a list of all desks.
    #[must_use]
    pub fn place(self) -> usize {
        self.0.into()
    }
}

impl CaseId {
    /// A case of the first desk, which is the only one where nobody follows several.
    pub fn new(id: impl Into<String>) -> Self {
        Self { text: id.into(), desk: DeskNo::FIRST }
    }

    /// The same id at that desk.
    #[must_use]
    pub fn at_desk(self, desk: DeskNo) -> Self {
        Self { desk, ..self }
    }

    #[must_use]
    pub const fn desk(&self) -> DeskNo {
        self.desk
    }

    /// The id as it came, for storing and sending.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The order people expect: `C-9` before `C-10`, other ids by text.
    #[must_use]
    pub fn sort_key(&self) -> (u64, &str) {
        let digits = self.text.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
        (digits.parse().unwrap_or(u64::MAX), &self.text)
    }
}

impl std::fmt::Display for CaseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        show(&self.text, f)
    }
}

impl From<&str> for CaseId {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl PartialSchema for CaseId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A case id, such as `C-10412`. Opaque."))
            .into()
    }
}

impl ToSchema for CaseId {}

/// Ids come from elsewhere, so what is shown is made safe and bounded.
fn show(id: &str, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    f.pad(&safe_line(id, 64))
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]
mod tests {
    use super::*;

    #[test]
    fn the_same_id_at_two_desks_is_two_cases_and_one_text() {
        let (here, there) = (CaseId::new("C-7"), CaseId::new("C-7").at_desk(DeskNo::new(1)));
        assert_ne!(here, there);
        assert!(here < there && there < CaseId::new("C-8"));
        assert_eq!(here.to_string(), there.to_string());
        assert_eq!(serde_json::to_string(&there).unwrap(), "\"C-7\"");
        assert_eq!(serde_json::from_str::<CaseId>("\"C-7\"").unwrap(), here);
        assert_eq!(there.clone().at_desk(DeskNo::FIRST), here);
        assert_eq!((here.desk().place(), there.desk().place()), (0, 1));
    }
}
