//! Reads the kept cases: first those that stand first, by the index, then the rest in pieces.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{Connection, FromRow, SqliteConnection};

use super::pages::case_sum;
use super::rows::{self, damaged};
use super::{Access, Store};
use crate::domain::{Case, CaseId, UserId};

/// How far the reading of all kept cases has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// Those that were given with the head.
    given: HashSet<String>,
    after: i64,
    seen: Whole,
    /// What there was when the reading began.
    whole: Whole,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromRow)]
struct Whole {
    n: i64,
    digest: i64,
}

impl Whole {
    async fn read(conn: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        sqlx::query_as("SELECT n, digest FROM whole").fetch_one(conn).await
    }

    fn add(&mut self, sum: i64) {
        self.n += 1;
        self.digest ^= sum;
    }
}

#[derive(Debug, FromRow)]
struct Kept {
    place: i64,
    id: String,
    revision: i64,
    standing: i64,
    due: i64,
    severity: i64,
    load: i64,
    body: String,
    sum: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT rowid AS place, id, revision, standing, due, severity, load, body, sum FROM cases ",
            $rest
        )
    };
}

/// The missed of a severity, longest over first.
const MISSED: &str =
    select!("WHERE standing = 0 AND severity = $1 AND due < $2 ORDER BY due, number, id LIMIT $3");
/// What runs and is not missed, nearest due first.
const RUNNING: &str =
    select!("WHERE standing = 0 AND due >= $1 ORDER BY due, severity, number, id LIMIT $2");
/// What is held, or has no clock, by severity.
const STANDING: &str = select!("WHERE standing = $1 ORDER BY due, severity, number, id LIMIT $2");
const ONE: &str = select!("WHERE id = $1");
const REST: &str = select!("WHERE rowid > $1 ORDER BY rowid LIMIT $2");

/// The statements of [`Store::head`], with how many values each takes.
#[cfg(test)]
pub(super) const HEAD_QUERIES: &[(&str, i64)] = &[(MISSED, 3), (RUNNING, 2), (STANDING, 2)];

impl Kept {
    fn case(&self, user: &UserId) -> Result<Case, sqlx::Error> {
        let numbers = [self.revision, self.standing, self.due, self.severity, self.load];
        if case_sum(user, &self.id, &self.body, numbers) != self.sum {
            return Err(damaged("a case is not as it was written"));
        }
        rows::parse(&self.body)
    }
}

impl Store {
    /// The cases that stand first in the queue at an instant, `most` at most, in the order of
    /// [`crate::sla::reading::Urgency`]; its cost does not grow with their number. What follows is given by
    /// [`Store::rest`].
    pub async fn head(&self, now: DateTime<Utc>, most: usize) -> Option<(Vec<Case>, Rest)> {
        let user = self.user()?;
        self.cached(Access::Read, move |conn| {
            Box::pin(async move {
                let mut conn = conn.begin().await?;
                let whole = Whole::read(&mut conn).await?;
                let kept = first(&mut conn, now.timestamp(), most).await?;
                let cases = kept.iter().map(|kept| kept.case(&user)).collect::<Result<_, _>>()?;
                let given = kept.into_iter().map(|kept| kept.id).collect();
                Ok((cases, Rest { given, after: i64::MIN, seen: Whole::default(), whole }))
            })
        })
        .await
    }

    /// The next of the other cases, about `most` of them; an empty answer is the end. None: they cannot be
    /// read, and what was given so far is not all there was.
    pub async fn rest(&self, rest: Rest, most: usize) -> Option<(Vec<Case>, Option<Rest>)> {
        let user = self.user()?;
        self.cached(Access::Read, move |conn| {
            Box::pin(async move { piece(conn, &user, rest, most).await })
        })
        .await
    }

    /// One of the kept cases.
    pub async fn cached_case(&self, id: &CaseId) -> Option<Case> {
        let (user, id) = (self.user()?, id.as_str().to_owned());
        self.cached(Access::Read, move |conn| {
            Box::pin(async move {
                let kept: Option<Kept> = sqlx::query_as(ONE).bind(id).fetch_optional(conn).await?;
                kept.map(|kept| kept.case(&user)).transpose()
            })
        })
        .await
        .flatten()
    }

    /// Every kept case, in no order.
    pub async fn all_cases(&self) -> Option<Vec<Case>> {
        let (mut cases, rest) = self.head(DateTime::UNIX_EPOCH, 0).await?;
        let mut rest = Some(rest);
        while let Some(reading) = rest {
            let (more, next) = self.rest(reading, 5_000).await?;
            cases.extend(more);
            rest = next;
        }
        Some(cases)
    }
}

async fn first(
    conn: &mut SqliteConnection,
    now: i64,
    most: usize,
) -> Result<Vec<Kept>, sqlx::Error> {
    let mut kept: Vec<Kept> = Vec::new();
    let left =
        |kept: &Vec<Kept>| i64::try_from(most.saturating_sub(kept.len())).unwrap_or(i64::MAX);
    for severity in 0..4 {
        let missed = sqlx::query_as(MISSED).bind(severity).bind(now).bind(left(&kept));
        let missed: Vec<Kept> = missed.fetch_all(&mut *conn).await?;
        kept.extend(missed);
    }
    let running = sqlx::query_as(RUNNING).bind(now).bind(left(&kept));
    let running: Vec<Kept> = running.fetch_all(&mut *conn).await?;
    kept.extend(running);
    for standing in [1, 2] {
        let others = sqlx::query_as(STANDING).bind(standing).bind(left(&kept));
        let others: Vec<Kept> = others.fetch_all(&mut *conn).await?;
        kept.extend(others);
    }
    Ok(kept)
}

async fn piece(
    conn: &mut SqliteConnection,
    user: &UserId,
    mut rest: Rest,
    most: usize,
) -> Result<(Vec<Case>, Option<Rest>), sqlx::Error> {
    let most = i64::try_from(most.max(1)).unwrap_or(i64::MAX);
    let mut conn = conn.begin().await?;
    let kept: Vec<Kept> =
        sqlx::query_as(REST).bind(rest.after).bind(most).fetch_all(&mut *conn).await?;
    let Some(last) = kept.last() else {
        // Where nobody has written meanwhile, all that was written must have been seen.
        if Whole::read(&mut conn).await? == rest.whole && rest.seen != rest.whole {
            return Err(damaged("cases are missing"));
        }
        return Ok((Vec::new(), None));
    };
    rest.after = last.place;
    let mut cases = Vec::with_capacity(kept.len());
    for kept in &kept {
        rest.seen.add(kept.sum);
        if !rest.given.contains(&kept.id) {
            cases.push(kept.case(user)?);
        }
    }
    Ok((cases, Some(rest)))
}
