//! Searching all cases of somebody's scope, closed ones too, newest first. What is found is what
//! `domain::search::Words` finds in a case's texts, to the letter: indexes only say where to look.
//!
//! The newest cases are read straight: words that many cases have fill their page there. Then the words of
//! three characters and more are looked up in the index over trigrams, and those that are in somebody's name
//! or id in the list of who has which case. Words too short for the index are looked for in the texts
//! themselves, one after the other, which takes longer the further it must go; it goes in steps, each with
//! a connection of its own, so that others come in between.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::db::{Conn, Dialect, Value, args, parameters};
use super::{CaseRow, Scope, Store, StoreError};
use crate::domain::CaseId;
use crate::domain::search::Words;

/// How many of the newest cases are read straight.
const NEWEST: i64 = 2_000;
/// How many cases are looked at in one step: through their rows, and by their texts alone.
const ROWS: usize = 500;
const TEXTS: i64 = 50_000;
/// How many places an index gives at a time.
const PLACES: i64 = 20_000;
/// Words that are in the names of more people than this are not looked up by who has a case.
const PEOPLE: usize = 100;
/// The index is asked for at most so many trigrams: more leave out little more.
const TRIGRAMS: usize = 32;

/// One page of what was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub cases: Vec<CaseRow>,
    pub more: bool,
}

impl Store {
    /// The cases in the scope with all of these words, after one (in the order of the answer). None if that
    /// one is not in the scope.
    pub(crate) async fn search(
        &self,
        scope: &Scope,
        words: &Words,
        after: Option<&CaseId>,
        limit: usize,
    ) -> Result<Option<Found>, StoreError> {
        let mut tx = self.read(scope).await?;
        let before = match after {
            None => super::desk::registered(&mut tx).await? + 1,
            Some(id) => match CaseRow::load(&mut tx, scope, id).await? {
                None => return Ok(None),
                Some(row) => row.n,
            },
        };
        let mut hunt = Hunt { scope, words, enough: limit + 1, before, found: Vec::new() };
        // No stored text has a NUL, and PostgreSQL takes none.
        if !words.iter().any(|word| word.contains('\0')) {
            hunt.newest(&mut tx).await?;
            if !hunt.is_over() {
                let plan = Plan::of(&mut tx, words).await?;
                drop(tx);
                match plan {
                    Plan::Index { texts, people } => hunt.by_index(self, &texts, &people).await?,
                    Plan::Read { texts } => hunt.by_reading(self, &texts).await?,
                }
            }
        }
        let more = hunt.found.len() > limit;
        hunt.found.truncate(limit);
        let mut tx = self.read(scope).await?;
        let cases = CaseRow::numbered(&mut tx, scope, &hunt.found).await?;
        Ok(Some(Found { cases, more }))
    }
}

/// Where words are looked for, once the newest cases were not enough.
enum Plan {
    /// In cases whose texts hold all of these, or that one of these people has.
    Index { texts: Vec<String>, people: Vec<String> },
    /// In cases whose texts hold these; without any, in all.
    Read { texts: Vec<String> },
}

impl Plan {
    async fn of(conn: &mut Conn, words: &Words) -> Result<Self, StoreError> {
        let users: Vec<(String, String)> =
            conn.all("SELECT id, name FROM users ORDER BY id", args![]).await?;
        let users: Vec<[String; 2]> = users
            .into_iter()
            .map(|(id, name)| [id.to_lowercase(), name.to_lowercase(), id])
            .map(|[id, name, own]| [format!("{id}\n{name}"), own])
            .collect();
        let in_names = |word: &str| -> Vec<String> {
            users.iter().filter(|[text, _]| text.contains(word)).map(|[_, id]| id.clone()).collect()
        };
        let named: Vec<(&str, Vec<String>)> =
            words.iter().map(|word| (word, in_names(word))).collect();
        let long = |word: &str| word.chars().count() >= 3;
        // In nobody's name, so the texts must hold them.
        let texts: Vec<String> = named
            .iter()
            .filter(|(_, people)| people.is_empty())
            .map(|(word, _)| (*word).to_owned())
            .collect();
        if texts.iter().any(|word| long(word)) {
            return Ok(Self::Index { texts, people: Vec::new() });
        }
        let by_name = named
            .into_iter()
            .filter(|(word, people)| long(word) && !people.is_empty() && people.len() <= PEOPLE)
            .max_by_key(|(word, _)| word.len());
        Ok(match by_name {
            Some((word, people)) => Self::Index { texts: vec![word.to_owned()], people },
            None => Self::Read { texts },
        })
    }
}

/// A search under way.
struct Hunt<'a> {
    scope: &'a Scope,
    words: &'a Words,
    enough: usize,
    /// What is left to look at: the cases registered before this one.
    before: i64,
    found: Vec<i64>,
}

impl Hunt<'_> {
    fn is_over(&self) -> bool {
        self.found.len() >= self.enough || self.before <= 1
    }

    /// The first of the next `count` cases of the scope to look at, about: of a partner the partner's own,
    /// for the others by number.
    async fn low(&self, conn: &mut Conn, count: i64) -> Result<i64, StoreError> {
        let Scope::Partner(partner) = self.scope else { return Ok(self.before - count) };
        let (low,): (i64,) = conn
            .one(
                "SELECT coalesce(min(n), 0) FROM (SELECT n FROM case_texts
                   WHERE partner = $1 AND n < $2 ORDER BY n DESC LIMIT $3) AS newest",
                args![partner.as_str(), self.before, count],
            )
            .await?;
        Ok(low)
    }

    async fn newest(&mut self, conn: &mut Conn) -> Result<(), StoreError> {
        let low = self.low(conn, NEWEST).await?;
        self.read_from(conn, low, &[]).await
    }

    async fn by_reading(&mut self, store: &Store, texts: &[String]) -> Result<(), StoreError> {
        while !self.is_over() {
            let mut tx = store.read(self.scope).await?;
            let low = self.low(&mut tx, TEXTS).await?;
            self.read_from(&mut tx, low, texts).await?;
        }
        Ok(())
    }

    /// Reads the cases from `low` on, those whose texts hold all of `texts`.
    async fn read_from(
        &mut self,
        conn: &mut Conn,
        low: i64,
        texts: &[String],
    ) -> Result<(), StoreError> {
        let position = match conn.dialect() {
            Dialect::Sqlite => "instr",
            Dialect::Postgres => "strpos",
        };
        // Only constants and placeholders are put together.
        let mut condition = "t.n >= $2 AND t.n < $3".to_owned();
        if matches!(self.scope, Scope::Partner(_)) {
            condition.push_str(" AND t.partner = $1");
        }
        for number in (5..).take(texts.len()) {
            let _ = write!(condition, " AND {position}(t.text, ${number}) > 0");
        }
        while !self.is_over() {
            let mut values = args![
                self.scope.value(),
                low,
                self.before,
                i64::try_from(ROWS).unwrap_or(i64::MAX)
            ];
            values.extend(texts.iter().map(Value::from));
            let seen = self.look(conn, &condition, "LIMIT $4", values).await?;
            match seen.last() {
                Some(last) if seen.len() == ROWS => self.before = *last,
                _ => {
                    self.before = low;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Goes to the places that the indexes give.
    async fn by_index(
        &mut self,
        store: &Store,
        texts: &[String],
        people: &[String],
    ) -> Result<(), StoreError> {
        while !self.is_over() {
            let mut tx = store.read(self.scope).await?;
            let mut places: BTreeSet<i64> = BTreeSet::new();
            // Below the last place of a list that goes on, other lists may have more than this one told.
            let mut low = 1;
            for list in [
                in_texts(&mut tx, texts, self.before).await?,
                of_people(&mut tx, people, self.before).await?,
            ] {
                if let Some(last) = list.last().filter(|_| i64::try_from(list.len()) == Ok(PLACES))
                {
                    low = low.max(*last);
                }
                places.extend(list);
            }
            let places: Vec<i64> = places.range(low..).rev().copied().collect();
            for some in places.chunks(ROWS) {
                let condition = format!("t.n IN ({})", parameters(2, some.len()));
                let mut values = args![self.scope.value()];
                values.extend(some.iter().map(Value::from));
                self.look(&mut tx, &condition, "", values).await?;
                if self.found.len() >= self.enough {
                    return Ok(());
                }
            }
            self.before = low;
        }
        Ok(())
    }

    /// Looks at cases, newest first, and keeps those that have all words; returns which they were.
    async fn look(
        &mut self,
        conn: &mut Conn,
        condition: &str,
        limit: &str,
        values: Vec<Value>,
    ) -> Result<Vec<i64>, StoreError> {
        type Texts = (i64, String, String, String, String, Option<String>, Option<String>);
        let sql = format!(
            "SELECT c.n, c.id, c.subject, c.company, c.contact, c.assignee, u.name
             FROM case_texts t JOIN cases c ON c.n = t.n LEFT JOIN users u ON u.id = c.assignee
             WHERE {} AND {condition} ORDER BY t.n DESC {limit}",
            self.scope.condition()
        );
        let rows: Vec<Texts> = conn.all_once(sql, values).await?;
        let mut seen = Vec::with_capacity(rows.len());
        for (n, id, subject, company, contact, assignee, name) in rows {
            seen.push(n);
            let (assignee, name) = (assignee.unwrap_or_default(), name.unwrap_or_default());
            if self.words.occur_in(&[&id, &subject, &company, &contact, &assignee, &name]) {
                self.found.push(n);
            }
        }
        Ok(seen)
    }
}

/// The latest cases before one whose texts hold all of these words, or may.
async fn in_texts(conn: &mut Conn, words: &[String], before: i64) -> Result<Vec<i64>, StoreError> {
    let places: Vec<(i64,)> = match conn.dialect() {
        Dialect::Sqlite => {
            conn.all(
                "SELECT rowid FROM case_trigrams WHERE case_trigrams MATCH $1 AND rowid < $2
                 ORDER BY rowid DESC LIMIT $3",
                args![trigrams(words), before, PLACES],
            )
            .await?
        }
        Dialect::Postgres => {
            let conditions: Vec<String> =
                (3..).take(words.len()).map(|n| format!(" AND text LIKE ${n}")).collect();
            // Not in the order of the key, though it is the same: it must not be tempted to read all texts
            // from the end.
            let sql = format!(
                "SELECT n FROM case_texts WHERE n < $1 {} ORDER BY n + 0 DESC LIMIT $2",
                conditions.concat()
            );
            let mut values = args![before, PLACES];
            values.extend(words.iter().map(|word| Value::from(pattern(word))));
            conn.all_once(sql, values).await?
        }
    };
    Ok(places.into_iter().map(|(n,)| n).collect())
}

/// A query in the language of SQLite's FTS5: all of these trigrams.
fn trigrams(words: &[String]) -> String {
    let mut all = BTreeSet::new();
    for word in words {
        let characters: Vec<char> = word.chars().collect();
        all.extend(characters.windows(3).map(|three| {
            let three: String = three.iter().collect();
            format!("\"{}\"", three.replace('"', "\"\""))
        }));
    }
    let all: Vec<String> = all.into_iter().take(TRIGRAMS).collect();
    all.join(" AND ")
}

/// A word anywhere, as LIKE has it.
fn pattern(word: &str) -> String {
    let mut pattern = "%".to_owned();
    for character in word.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// The latest cases before one that one of these people has.
async fn of_people(
    conn: &mut Conn,
    people: &[String],
    before: i64,
) -> Result<Vec<i64>, StoreError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT n FROM cases WHERE assignee IN ({}) AND n < $1 ORDER BY n DESC LIMIT $2",
        parameters(3, people.len())
    );
    let mut values = args![before, PLACES];
    values.extend(people.iter().map(Value::from));
    let places: Vec<(i64,)> = conn.all_once(sql, values).await?;
    Ok(places.into_iter().map(|(n,)| n).collect())
}
