//! From text to a query. What is still without a value asks for nothing, so that a list does not jump while its
//! filter is typed; what is wrong is told with its place.

use std::ops::Range;

use super::sort::{Sort, short};
use super::term::{Link, Op, Query, Span, Term, Test, Unit, With};
use super::words::{
    DAYS, ENVIRONMENTS, FIELDS, Field, LICENCES, Meant, SEVERITIES, Set, TIERS, is_words, meant,
};
use crate::domain::nearest::nearest;

/// What is wrong with a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The bytes of the text that are wrong.
    pub at: Range<usize>,
    /// For people: what is wrong, and what would be right.
    pub sentence: String,
    /// It may become right by more letters.
    pub unfinished: bool,
}

impl Problem {
    fn new(at: Range<usize>, sentence: impl Into<String>) -> Self {
        Self { at, sentence: sentence.into(), unfinished: false }
    }

    fn unfinished(at: Range<usize>, sentence: impl Into<String>) -> Self {
        Self { unfinished: true, ..Self::new(at, sentence) }
    }

    /// The text and, in a line under it, a mark under what is wrong.
    #[must_use]
    pub fn marked(&self, text: &str) -> (String, String) {
        use crate::domain::text::{columns, safe_line};
        let safe = |text: &str| safe_line(text, usize::MAX);
        let before = columns(&safe(&text[..self.at.start]));
        let marked = columns(&safe(&text[self.at.clone()])).max(1);
        (safe(text), format!("{}{}", " ".repeat(before), "^".repeat(marked)))
    }
}

/// How a field and its values are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    Is,
    Compare(Op),
}

/// A piece of the text between spaces.
pub(super) struct Token<'t> {
    pub range: Range<usize>,
    pub negated: bool,
    /// The field's word, and how it is joined to what follows.
    pub head: Option<(&'t str, Range<usize>, Joint)>,
    /// What follows the field, or all of it.
    pub body: Range<usize>,
}

/// One of the values of a field.
pub(super) struct Value {
    pub text: String,
    pub range: Range<usize>,
    pub quoted: bool,
}

/// The pieces of a text; spaces within quotes do not part them.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut start, mut quotes, mut escaped) = (None, false, false);
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let is_end = at == text.len();
        if (c.is_whitespace() && !quotes) || is_end {
            if let Some(start) = start.take() {
                tokens.push(token(text, start..at));
            }
            continue;
        }
        start.get_or_insert(at);
        if quotes && escaped {
            escaped = false;
        } else if quotes && c == '\\' {
            escaped = true;
        } else if c == '"' {
            quotes = !quotes;
        }
    }
    tokens
}

fn token(text: &str, range: Range<usize>) -> Token<'_> {
    let piece = &text[range.clone()];
    let negated = piece.starts_with('-');
    let start = range.start + usize::from(negated);
    let rest = &text[start..range.end];
    let letters = rest.len() - rest.trim_start_matches(char::is_alphabetic).len();
    let (word, after) = rest.split_at(letters);
    let compares = |after: &str| {
        [("<=", Op::AtMost), (">=", Op::AtLeast), ("<", Op::Less), (">", Op::More)]
            .into_iter()
            .find(|(sign, _)| after.starts_with(sign))
            .map(|(sign, op)| (Joint::Compare(op), sign.len()))
    };
    let joint = match after.chars().next() {
        _ if letters == 0 => None,
        Some(':') => {
            Some(compares(&after[1..]).map_or((Joint::Is, 1), |(joint, len)| (joint, len + 1)))
        }
        Some('=') if Field::named(word).is_some() => Some((Joint::Is, 1)),
        _ => compares(after),
    };
    let head = joint.map(|(joint, _)| (word, start..start + letters, joint));
    let body = start + joint.map_or(0, |(_, len)| letters + len)..range.end;
    Token { range, negated, head, body }
}

/// The values within a part of the text, parted by commas; empty ones are left out.
pub(super) fn values(text: &str, within: Range<usize>) -> Vec<Value> {
    let mut values = Vec::new();
    let mut value = Value { text: String::new(), range: within.start..within.start, quoted: false };
    let (mut quotes, mut escaped) = (false, false);
    for (at, c) in text[within.clone()].char_indices() {
        let at = within.start + at;
        if c == ',' && !quotes {
            value.range.end = at;
            let next = Value { text: String::new(), range: at + 1..at + 1, quoted: false };
            values.push(std::mem::replace(&mut value, next));
        } else if quotes && !escaped && c == '\\' {
            escaped = true;
        } else if c == '"' && !escaped {
            quotes = !quotes;
            value.quoted = true;
        } else {
            value.text.push(c);
            escaped = false;
        }
    }
    value.range.end = within.end;
    values.push(value);
    values.retain(|value| !value.text.trim().is_empty());
    values
}

/// Understands a query.
pub fn parse(text: &str) -> Result<Query, Problem> {
    let mut query = Query::default();
    for token in tokens(text) {
        let Some((word, at, joint)) = &token.head else {
            if let Some(test) = plain(text, &token) {
                query.terms.push(Term { negated: token.negated, test });
            }
            continue;
        };
        let Some(field) = Field::named(word) else {
            return Err(no_field(word, at.clone(), &token));
        };
        let values = values(text, token.body.clone());
        if values.is_empty() {
            continue;
        }
        if field == Field::Sort {
            sort(&mut query, &token, *joint, &values)?;
            continue;
        }
        let test = match joint {
            Joint::Is => test(field, &values)?,
            Joint::Compare(op) => compared(field, *op, at, &token, &values)?,
        };
        query.terms.push(Term { negated: token.negated, test });
    }
    Ok(query)
}

/// Words without a field; with quotes, exactly these letters.
fn plain(text: &str, token: &Token) -> Option<Test> {
    let body = &text[token.body.clone()];
    if !body.contains('"') {
        return (!body.is_empty()).then(|| Test::Word(body.to_lowercase()));
    }
    let mut exact = String::new();
    let (mut quotes, mut escaped) = (false, false);
    for c in body.chars() {
        if quotes && !escaped && c == '\\' {
            escaped = true;
        } else if c == '"' && !escaped {
            quotes = !quotes;
        } else {
            exact.push(c);
            escaped = false;
        }
    }
    (!exact.trim().is_empty()).then(|| Test::Text(vec![exact.to_lowercase()]))
}

fn no_field(word: &str, at: Range<usize>, token: &Token) -> Problem {
    let hint = match Field::nearest(word) {
        Some(field) => format!("did you mean \"{field}\"?"),
        None => "quotes around it look for the text".to_owned(),
    };
    let problem = Problem::new(at, format!("There is no field \"{}\"; {hint}", short(word)));
    // Somebody types on, or goes back to the word.
    Problem { unfinished: token.body.is_empty() && is_begun(word), ..problem }
}

fn is_begun(word: &str) -> bool {
    let word = word.to_lowercase();
    FIELDS.iter().any(|(_, field, ..)| field.starts_with(&word))
}

fn sort(query: &mut Query, token: &Token, joint: Joint, values: &[Value]) -> Result<(), Problem> {
    if token.negated || joint != Joint::Is {
        let sentence = "An order is written sort:due,-updated";
        return Err(Problem::new(token.range.clone(), sentence));
    }
    query.sort.clear();
    for value in values {
        let sort: Sort = value.text.parse().map_err(|no: super::sort::NoSort| Problem {
            at: value.range.clone(),
            sentence: no.sentence,
            unfinished: no.unfinished,
        })?;
        if !query.sort.iter().any(|known| known.by == sort.by) {
            query.sort.push(sort);
        }
    }
    Ok(())
}

fn test(field: Field, values: &[Value]) -> Result<Test, Problem> {
    let texts = || each(values, |text, _| text);
    Ok(match field {
        Field::Severity => Test::Severity(all(values, &SEVERITIES)?),
        Field::Tier => Test::Tier(all(values, &TIERS)?),
        Field::Environment => Test::Environment(all(values, &ENVIRONMENTS)?),
        Field::Licence => Test::Licence(all(values, &LICENCES)?),
        Field::Is => Test::Is(of(values, "state", &is_words())?),
        Field::Due => match all(values, &DAYS) {
            Ok(days) => Test::DueBy(days),
            Err(problem) if problem.unfinished => return Err(problem),
            Err(problem) => {
                return Err(Problem { sentence: compare_hint(Field::Due), ..problem });
            }
        },
        Field::Age | Field::Updated => {
            return Err(Problem::new(values[0].range.clone(), compare_hint(field)));
        }
        Field::With => Test::With(each(values, |text, quoted| match text.as_str() {
            "me" if !quoted => With::Me,
            "nobody" | "none" if !quoted => With::Nobody,
            _ => With::Named(text),
        })),
        Field::Correction => Test::Correction(each(values, |text, quoted| match text.as_str() {
            "any" if !quoted => Link::Any,
            "none" if !quoted => Link::None,
            _ => Link::Id(text),
        })),
        Field::Partner => Test::Partner(texts()),
        Field::Customer => Test::Customer(texts()),
        Field::Text | Field::Sort => Test::Text(texts()),
        Field::Id => Test::Id(texts()),
        Field::Desk => Test::Desk(texts()),
    })
}

/// What each value means, in small letters and with whether it stood in quotes; none twice.
fn each<T: PartialEq>(values: &[Value], mean: impl Fn(String, bool) -> T) -> Vec<T> {
    let mut meant: Vec<T> = Vec::with_capacity(values.len());
    for value in values {
        let one = mean(value.text.to_lowercase(), value.quoted);
        if !meant.contains(&one) {
            meant.push(one);
        }
    }
    meant
}

fn compare_hint(field: Field) -> String {
    match field {
        Field::Due => "Write due<4h, due<2bd, due:today or due:tomorrow".to_owned(),
        field => format!("Write {0}>3d or {0}<4h: m, h, d, w or bd", field.word()),
    }
}

fn compared(
    field: Field,
    op: Op,
    at: &Range<usize>,
    token: &Token,
    values: &[Value],
) -> Result<Test, Problem> {
    let [value] = values else {
        let sentence = "Only one value can be compared";
        return Err(Problem::new(values[1].range.start..token.range.end, sentence));
    };
    let one = std::slice::from_ref(value);
    Ok(match field {
        Field::Severity => Test::SeverityAt(op, all(one, &SEVERITIES)?[0]),
        Field::Tier => Test::TierAt(op, all(one, &TIERS)?[0]),
        Field::Due => Test::Due(op, span(field, value)?),
        Field::Age => Test::Age(op, span(field, value)?),
        Field::Updated => Test::Updated(op, span(field, value)?),
        _ => {
            let word = field.word();
            let sentence = format!("{word} has no more or less; write {word}:… ");
            return Err(Problem::new(at.start..value.range.start, sentence.trim_end()));
        }
    })
}

fn span(field: Field, value: &Value) -> Result<Span, Problem> {
    let text = value.text.to_lowercase();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let no = || Problem::new(value.range.clone(), compare_hint(field));
    if number.is_empty() || number.len() > 5 {
        return Err(no());
    }
    let n = number.parse().map_err(|_| no())?;
    let known = Unit::ALL.iter().find(|(_, word)| *word == unit);
    match known {
        Some((unit, _)) => Ok(Span { n, unit: *unit }),
        None if unit.is_empty() || unit == "b" => {
            let sentence = "A unit is missing: m, h, d, w or bd";
            Err(Problem::unfinished(value.range.clone(), sentence))
        }
        None => Err(no()),
    }
}

fn all<T: Copy + PartialEq>(values: &[Value], set: &Set<T>) -> Result<Vec<T>, Problem> {
    of(values, set.name, set.words)
}

/// Each value by its word or the beginning of it, none twice.
fn of<T: Copy + PartialEq>(
    values: &[Value],
    name: &str,
    words: &[(T, &'static str)],
) -> Result<Vec<T>, Problem> {
    let mut found: Vec<T> = Vec::new();
    for value in values {
        match meant(&value.text, words) {
            Meant::One(one) if found.contains(&one) => {}
            Meant::One(one) => found.push(one),
            Meant::Several(begun) => {
                let given = short(&value.text);
                let sentence = format!("\"{given}\" may be {}", begun.join(" or "));
                return Err(Problem::unfinished(value.range.clone(), sentence));
            }
            Meant::None => {
                let all = || words.iter().map(|(_, word)| *word);
                let hint = match nearest(&value.text, all()) {
                    Some(word) => format!("did you mean \"{word}\"?"),
                    None => format!("there are: {}", all().collect::<Vec<_>>().join(", ")),
                };
                let given = short(&value.text);
                let sentence = format!("There is no {name} \"{given}\"; {hint}");
                return Err(Problem::new(value.range.clone(), sentence));
            }
        }
    }
    Ok(found)
}
