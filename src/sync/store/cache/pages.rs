//! Takes pages of the feed into the cache.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::rows::{self, Facts};
use super::{Access, Store, fact};
use crate::domain::{Case, CaseId, ClockState, Severity, UserId};
use crate::wire::Feed;

/// What became of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is kept, with its cursor.
    Written,
    /// Another screen has kept it already.
    Already,
    /// What is kept goes on from another cursor than the page, so that it must not be mixed with it.
    Strayed,
    /// Nothing is kept on this machine, or it cannot be written now.
    Lost,
}

/// A page of the feed, ready to be kept.
#[derive(Debug)]
pub struct Page {
    rows: Vec<Row>,
    removed: Vec<CaseId>,
    cursor: String,
    more: bool,
    /// The cursor that it was asked for with; None: it begins a fresh start.
    from: Option<String>,
    /// The cursor of what the fresh start replaces.
    replaces: Option<String>,
    at: DateTime<Utc>,
}

#[derive(Debug)]
struct Row {
    id: CaseId,
    revision: i64,
    standing: i64,
    due: i64,
    severity: i64,
    body: String,
}

impl Row {
    fn of(case: &Case) -> Option<Self> {
        let mut standing = 2;
        let mut due = 0;
        for clock in case.live_clocks() {
            if clock.state == ClockState::Running {
                let at = clock.due_at.map_or(i64::MAX, |due| due.timestamp());
                due = if standing == 0 { at.min(due) } else { at };
                standing = 0;
            } else {
                standing = standing.min(1);
            }
        }
        let severity = match case.severity {
            Severity::Critical => 0,
            Severity::High => 1,
            Severity::Medium => 2,
            Severity::Low => 3,
        };
        let revision = i64::try_from(case.revision).ok()?;
        let body = rows::json(case).ok()?;
        Some(Self { id: case.id.clone(), revision, standing, due, severity, body })
    }
}

/// The checksum of a case's row.
pub(super) fn case_sum(
    user: &UserId,
    id: &str,
    body: &str,
    [revision, standing, due, severity, load]: [i64; 5],
) -> i64 {
    rows::sum(user, "cases", &[id, body], &[revision, standing, due, severity, load])
}

impl Page {
    /// `at`: when it came, by the desk's clock.
    #[must_use]
    pub fn new(
        feed: &Feed,
        from: Option<String>,
        replaces: Option<String>,
        at: DateTime<Utc>,
    ) -> Self {
        // A case that cannot be written as a row is closed on: the feed would say it as removed, too.
        let open = feed.cases.iter().filter(|case| !case.is_closed());
        let closed = feed.cases.iter().filter(|case| case.is_closed()).map(|case| case.id.clone());
        Self {
            rows: open.filter_map(Row::of).collect(),
            removed: feed.removed.iter().cloned().chain(closed).collect(),
            cursor: feed.cursor.clone(),
            more: feed.more,
            from,
            replaces,
            at,
        }
    }
}

impl Store {
    /// Whether pages are kept at all: there is a place for them, and it is known whose they are.
    pub fn keeps_pages(&self) -> bool {
        self.place.is_some() && self.user().is_some()
    }

    /// Takes in a page: all of it, with its cursor, or nothing.
    ///
    /// Any number of screens read the same feed at their own pace into the same file. A page is taken in only
    /// where it goes on from what is kept: a slower screen that wrote an older page over a newer one would
    /// bring back what was removed meanwhile, and its cursor would promise what is not there.
    pub async fn apply(&self, page: Page) -> Applied {
        let Some(user) = self.user() else { return Applied::Lost };
        self.cached(Access::Write, move |conn| {
            Box::pin(async move { apply(conn, &user, page).await })
        })
        .await
        .unwrap_or(Applied::Lost)
    }
}

async fn apply(
    conn: &mut SqliteConnection,
    user: &UserId,
    page: Page,
) -> Result<Applied, sqlx::Error> {
    let facts = Facts::new(user);
    let stored = facts.get(conn, fact::CURSOR).await?;
    let goes_on = match &page.from {
        Some(_) => stored == page.from,
        None => stored.is_none() || stored == page.replaces,
    };
    if !goes_on {
        let same = stored.as_ref() == Some(&page.cursor);
        return Ok(if same { Applied::Already } else { Applied::Strayed });
    }
    let mut load = facts.number(conn, fact::LOAD).await?.unwrap_or(0);
    let loading = facts.number(conn, fact::LOADING).await?.unwrap_or(0) != 0;
    let resets = page.from.is_none();
    if resets {
        load += 1;
        facts.set(conn, fact::LOAD, &load.to_string()).await?;
    }
    for row in &page.rows {
        put(conn, user, row, load).await?;
    }
    for id in &page.removed {
        for gone in ["DELETE FROM cases WHERE id = $1", "DELETE FROM details WHERE id = $1"] {
            sqlx::query(gone).bind(id.as_str()).execute(&mut *conn).await?;
        }
    }
    if (resets || loading) && !page.more {
        sqlx::query("DELETE FROM cases WHERE load < $1").bind(load).execute(&mut *conn).await?;
        sqlx::query("DELETE FROM details WHERE id NOT IN (SELECT id FROM cases)")
            .execute(&mut *conn)
            .await?;
    }
    let still_loading = (resets || loading) && page.more;
    if still_loading != loading {
        facts.set(conn, fact::LOADING, if still_loading { "1" } else { "0" }).await?;
    }
    if stored.as_ref() != Some(&page.cursor) {
        facts.set(conn, fact::CURSOR, &page.cursor).await?;
    }
    if !page.more {
        facts.set(conn, fact::FRESH_AT, &page.at.timestamp_millis().to_string()).await?;
    }
    Ok(Applied::Written)
}

/// Puts a case in, unless a newer state of it is here. What an earlier start left gives way to any.
async fn put(
    conn: &mut SqliteConnection,
    user: &UserId,
    row: &Row,
    load: i64,
) -> Result<(), sqlx::Error> {
    let Row { id, revision, standing, due, severity, body } = row;
    let sum = case_sum(user, id.as_str(), body, [*revision, *standing, *due, *severity, load]);
    sqlx::query(
        "INSERT INTO cases (id, revision, standing, due, severity, number, load, body, sum) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, standing = excluded.standing, \
             due = excluded.due, severity = excluded.severity, number = excluded.number, \
             load = excluded.load, body = excluded.body, sum = excluded.sum \
         WHERE excluded.revision >= cases.revision OR excluded.load > cases.load",
    )
    .bind(id.as_str())
    .bind(revision)
    .bind(standing)
    .bind(due)
    .bind(severity)
    .bind(i64::try_from(id.sort_key().0).unwrap_or(i64::MAX))
    .bind(load)
    .bind(body)
    .bind(sum)
    .execute(conn)
    .await?;
    Ok(())
}
