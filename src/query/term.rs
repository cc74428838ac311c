//! A query: terms that must all hold, and the order that it asks for. Printing one and parsing it again gives
//! the same.

use std::fmt;

use super::sort::Sort;
use super::words::{
    DAYS, Day, ENVIRONMENTS, Field, Is, LICENCES, SEVERITIES, TIERS, is_words, word_of,
};
use crate::domain::{Eligibility, Environment, Severity, Tier};
use crate::sla::reading::limits::Amount;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    pub(super) terms: Vec<Term>,
    /// Empty: none is asked for.
    pub sort: Vec<Sort>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    pub negated: bool,
    pub test: Test,
}

/// What one term asks for. Of several values one must hold. Texts are in small letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// These letters in this order.
    Word(String),
    /// These letters exactly.
    Text(Vec<String>),
    Severity(Vec<Severity>),
    SeverityAt(Op, Severity),
    Tier(Vec<Tier>),
    TierAt(Op, Tier),
    With(Vec<With>),
    Is(Vec<Is>),
    DueBy(Vec<Day>),
    Due(Op, Span),
    Age(Op, Span),
    Updated(Op, Span),
    Partner(Vec<String>),
    Customer(Vec<String>),
    Id(Vec<String>),
    Desk(Vec<String>),
    Environment(Vec<Environment>),
    Licence(Vec<Eligibility>),
    Correction(Vec<Link>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum With {
    Me,
    Nobody,
    Named(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    Any,
    None,
    Id(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Op {
    pub const fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::More => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// An amount of time as it was written: `15m`, `4h`, `3d`, `2bd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub n: u32,
    pub unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Minutes,
    Hours,
    Days,
    Weeks,
    BusinessDays,
}

impl Unit {
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Minutes, "m"),
        (Self::Hours, "h"),
        (Self::Days, "d"),
        (Self::Weeks, "w"),
        (Self::BusinessDays, "bd"),
    ];
}

impl Span {
    /// Minutes and hours are a clock's own time, as its row counts them; days are days of the wall.
    pub fn amount(self) -> Amount {
        let n = i64::from(self.n);
        match self.unit {
            Unit::Minutes => Amount::Own(n * 60),
            Unit::Hours => Amount::Own(n * 3600),
            Unit::Days => Amount::Wall(n * 86_400),
            Unit::Weeks => Amount::Wall(n * 7 * 86_400),
            Unit::BusinessDays => Amount::BusinessDays(self.n),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.n, word_of(&self.unit, Unit::ALL))
    }
}

impl Query {
    /// Whether it asks for anything but an order.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether it looks for letters in any order of nearness, so that what is found has a rank.
    #[must_use]
    pub fn has_words(&self) -> bool {
        self.terms.iter().any(|term| !term.negated && matches!(term.test, Test::Word(_)))
    }

    /// Whether it asks for closed cases.
    #[must_use]
    pub fn asks_for_closed(&self) -> bool {
        self.terms.iter().any(|term| match &term.test {
            Test::Is(states) => !term.negated && states.contains(&Is::Closed),
            _ => false,
        })
    }

    /// The beginnings of desks' names that it speaks of.
    pub fn desks(&self) -> impl Iterator<Item = &str> {
        self.terms
            .iter()
            .flat_map(|term| match &term.test {
                Test::Desk(names) => names.as_slice(),
                _ => &[],
            })
            .map(String::as_str)
    }

    /// What it looks for as plain words, for a search by a desk.
    #[must_use]
    pub fn words(&self) -> String {
        let words =
            self.terms.iter().filter(|term| !term.negated).filter_map(|term| match &term.test {
                Test::Word(word) => Some(word.as_str()),
                Test::Text(texts) => texts.first().map(String::as_str),
                _ => None,
            });
        words.collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self.terms.iter().map(Term::to_string).collect();
        if !self.sort.is_empty() {
            let sort: Vec<String> = self.sort.iter().map(Sort::to_string).collect();
            parts.push(format!("sort:{}", sort.join(",")));
        }
        f.write_str(&parts.join(" "))
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("-")?;
        }
        let field =
            |field: Field, values: Vec<String>| format!("{}:{}", field.word(), values.join(","));
        let at =
            |field: Field, op: Op, value: &str| format!("{}{}{value}", field.word(), op.sign());
        let texts = |values: &[String]| values.iter().map(|text| quoted(text)).collect();
        f.write_str(&match &self.test {
            Test::Word(word) => word.clone(),
            Test::Text(values) => match values.as_slice() {
                [one] => in_quotes(one),
                values => field(Field::Text, values.iter().map(|text| in_quotes(text)).collect()),
            },
            Test::Severity(values) => field(Field::Severity, words(values, SEVERITIES.words)),
            Test::SeverityAt(op, value) => {
                at(Field::Severity, *op, word_of(value, SEVERITIES.words))
            }
            Test::Tier(values) => field(Field::Tier, words(values, TIERS.words)),
            Test::TierAt(op, value) => at(Field::Tier, *op, word_of(value, TIERS.words)),
            Test::With(values) => field(
                Field::With,
                values
                    .iter()
                    .map(|with| match with {
                        With::Me => "me".to_owned(),
                        With::Nobody => "nobody".to_owned(),
                        With::Named(name) => name_quoted(name, &["me", "nobody", "none"]),
                    })
                    .collect(),
            ),
            Test::Is(values) => field(Field::Is, words(values, &is_words())),
            Test::DueBy(values) => field(Field::Due, words(values, DAYS.words)),
            Test::Due(op, span) => at(Field::Due, *op, &span.to_string()),
            Test::Age(op, span) => at(Field::Age, *op, &span.to_string()),
            Test::Updated(op, span) => at(Field::Updated, *op, &span.to_string()),
            Test::Partner(values) => field(Field::Partner, texts(values)),
            Test::Customer(values) => field(Field::Customer, texts(values)),
            Test::Id(values) => field(Field::Id, texts(values)),
            Test::Desk(values) => field(Field::Desk, texts(values)),
            Test::Environment(values) => {
                field(Field::Environment, words(values, ENVIRONMENTS.words))
            }
            Test::Licence(values) => field(Field::Licence, words(values, LICENCES.words)),
            Test::Correction(values) => field(
                Field::Correction,
                values
                    .iter()
                    .map(|link| match link {
                        Link::Any => "any".to_owned(),
                        Link::None => "none".to_owned(),
                        Link::Id(id) => name_quoted(id, &["any", "none"]),
                    })
                    .collect(),
            ),
        })
    }
}

fn words<T: PartialEq>(values: &[T], words: &[(T, &'static str)]) -> Vec<String> {
    values.iter().map(|value| word_of(value, words).to_owned()).collect()
}

/// As it stands in a query: in quotes where it would mean something else without them.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = !text.is_empty()
        && !text.starts_with(['<', '>', '='])
        && !text.contains(|c: char| c.is_whitespace() || matches!(c, ',' | '"'));
    if is_plain { text.to_owned() } else { in_quotes(text) }
}

fn name_quoted(name: &str, taken: &[&str]) -> String {
    if taken.contains(&name) { in_quotes(name) } else { quoted(name) }
}

fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
