//! The words of the language: one table each, which parsing, completion, errors and help go by.

use crate::domain::nearest::nearest;
use crate::domain::{Eligibility, Environment, Severity, Tier};

/// A field of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Severity,
    Tier,
    With,
    Is,
    Due,
    Age,
    Updated,
    Partner,
    Customer,
    Text,
    Id,
    Desk,
    Environment,
    Licence,
    Correction,
    Sort,
}

/// Each field: its word, what it is completed to, what it looks for.
pub const FIELDS: &[(Field, &str, &str, &str)] = &[
    (Field::Is, "is", "is:", "a state: is:missed, is:unassigned"),
    (Field::Severity, "sev", "sev:", "severity: sev:crit,high or sev>=high"),
    (Field::Tier, "tier", "tier:", "where it is: tier:1, tier:2, tier:product"),
    (Field::With, "with", "with:", "who has it: with:me, with:nobody, with:ito"),
    (Field::Due, "due", "due<", "time left: due<4h, due<2bd, due:today"),
    (Field::Age, "age", "age>", "time since it was reported: age>3d"),
    (Field::Updated, "updated", "updated>", "time since its last change: updated>1d"),
    (Field::Partner, "partner", "partner:", "the partner's id or name"),
    (Field::Customer, "customer", "customer:", "company or contact"),
    (Field::Text, "text", "text:", "these letters exactly: text:\"host service\""),
    (Field::Id, "id", "id:", "the beginning of the case id or of its number"),
    (Field::Desk, "desk", "desk:", "the beginning of the desk's name"),
    (Field::Environment, "env", "env:", "where the product runs: production, live, lab"),
    (Field::Licence, "licence", "licence:", "eligible, unknown_key, not_eligible"),
    (Field::Correction, "correction", "correction:", "any, none, or the beginning of its id"),
    (Field::Sort, "sort", "sort:", "the order: sort:due,-updated"),
];

/// Other words for fields.
const FIELD_ALIASES: &[(&str, Field)] = &[
    ("severity", Field::Severity),
    ("environment", Field::Environment),
    ("license", Field::Licence),
    ("assignee", Field::With),
    ("company", Field::Customer),
];

impl Field {
    pub fn named(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        let known = FIELDS.iter().find(|(_, known, ..)| *known == word).map(|(field, ..)| *field);
        known.or_else(|| {
            FIELD_ALIASES.iter().find(|(known, _)| *known == word).map(|(_, field)| *field)
        })
    }

    pub fn word(self) -> &'static str {
        FIELDS.iter().find(|(field, ..)| *field == self).map_or("", |(_, word, ..)| word)
    }

    /// The field that was most likely meant.
    pub fn nearest(word: &str) -> Option<&'static str> {
        nearest(word, FIELDS.iter().map(|(_, word, ..)| *word))
    }
}

/// A state of a case that `is:` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Is {
    Missed,
    Warning,
    Critical,
    Paused,
    Met,
    Waiting,
    Mine,
    Unassigned,
    Free,
    Assigned,
    Unanswered,
    Call,
    Workaround,
    Open,
    Closed,
}

/// Each state: its word, and what it means.
pub const IS: &[(Is, &str, &str)] = &[
    (Is::Missed, "missed", "a clock that counts is past due"),
    (Is::Warning, "warning", "the nearest clock is amber"),
    (Is::Critical, "critical", "the nearest clock is orange"),
    (Is::Paused, "paused", "every clock that counts is held"),
    (Is::Met, "met", "every clock has ended, and in time"),
    (Is::Waiting, "waiting", "the customer is asked"),
    (Is::Mine, "mine", "you have it"),
    (Is::Unassigned, "unassigned", "nobody has it"),
    (Is::Free, "free", "nobody at your level has it"),
    (Is::Assigned, "assigned", "somebody has it"),
    (Is::Unanswered, "unanswered", "the customer has no response yet"),
    (Is::Call, "call", "a phone call is due"),
    (Is::Workaround, "workaround", "a workaround is recorded"),
    (Is::Open, "open", "not closed"),
    (Is::Closed, "closed", "closed"),
];

/// A day by which something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Day {
    Today,
    Tomorrow,
}

/// A set of words of which a field takes some.
pub struct Set<T: 'static> {
    /// "severity"
    pub name: &'static str,
    pub words: &'static [(T, &'static str)],
}

/// Short and other words come after the right ones.
pub const SEVERITIES: Set<Severity> = Set {
    name: "severity",
    words: &[
        (Severity::Critical, "critical"),
        (Severity::High, "high"),
        (Severity::Medium, "medium"),
        (Severity::Low, "low"),
    ],
};
pub const TIERS: Set<Tier> = Set {
    name: "level",
    words: &[
        (Tier::First, "1"),
        (Tier::Second, "2"),
        (Tier::Product, "product"),
        (Tier::First, "first"),
        (Tier::Second, "second"),
        (Tier::Product, "3"),
        (Tier::Product, "pm"),
    ],
};
pub const ENVIRONMENTS: Set<Environment> = Set {
    name: "environment",
    words: &[
        (Environment::Production, "production"),
        (Environment::Live, "live"),
        (Environment::Lab, "lab"),
    ],
};
pub const LICENCES: Set<Eligibility> = Set {
    name: "state of a licence",
    words: &[
        (Eligibility::Eligible, "eligible"),
        (Eligibility::UnknownKey, "unknown_key"),
        (Eligibility::NotEligible, "not_eligible"),
    ],
};
pub const DAYS: Set<Day> =
    Set { name: "day", words: &[(Day::Today, "today"), (Day::Tomorrow, "tomorrow")] };

/// What a word means among others.
pub enum Meant<T> {
    One(T),
    /// It begins several; each of them.
    Several(Vec<&'static str>),
    None,
}

/// A word, or the beginning of one alone.
pub fn meant<T: Copy + PartialEq>(given: &str, words: &[(T, &'static str)]) -> Meant<T> {
    let given = given.to_lowercase();
    if let Some((value, _)) = words.iter().find(|(_, word)| *word == given) {
        return Meant::One(*value);
    }
    let begun = || words.iter().filter(|(_, word)| word.starts_with(&given));
    match begun().next() {
        None => Meant::None,
        Some((value, _)) if begun().all(|(other, _)| other == value) => Meant::One(*value),
        Some(_) => Meant::Several(begun().map(|(_, word)| *word).collect()),
    }
}

/// The word of a value: the first that means it.
pub fn word_of<T: PartialEq>(value: &T, words: &[(T, &'static str)]) -> &'static str {
    words.iter().find(|(other, _)| other == value).map_or("", |(_, word)| word)
}

/// The states with their words alone.
pub fn is_words() -> Vec<(Is, &'static str)> {
    IS.iter().map(|(is, word, _)| (*is, *word)).collect()
}
