//! Whether a file that must not be lost is whole: its tables are ours, and nothing in it contradicts itself. A row
//! that has changed shows by its checksum; that rows are missing shows here alone, as an index that knows more.

use sqlx::{Connection, SqliteConnection};
use tokio::sync::OnceCell;

use super::KEEP;
use super::db::{Schemas, StoreError, version};
use super::row::MAX_NUMBER;

/// Up to this many bytes the indexes are compared with their tables, too; beyond it, each page is still read.
const THOROUGH: i64 = 4 * 1024 * 1024;

/// Checks a file of one of these schemas, or a new one.
///
/// # Errors
///
/// [`StoreError::Damaged`] says what is wrong; [`StoreError::Newer`] is not damage.
pub(super) async fn check(conn: &mut SqliteConnection, schemas: Schemas) -> Result<(), StoreError> {
    let mut reading = conn.begin().await.map_err(StoreError::from)?;
    let found = of_one_instant(&mut reading, schemas).await;
    let ended = reading.rollback().await;
    match found {
        // SQL of ours that does not fit, or a place of the disk that cannot be read.
        Err(StoreError::Failed(why)) => Err(StoreError::Damaged(why)),
        Err(error) => Err(error),
        Ok(()) => Ok(ended?),
    }
}

async fn of_one_instant(conn: &mut SqliteConnection, schemas: Schemas) -> Result<(), StoreError> {
    let known = version(conn).await?;
    if known > schemas.len() {
        return Err(StoreError::Newer);
    }
    let (pages, page): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT page_count FROM pragma_page_count), (SELECT page_size FROM pragma_page_size)",
    )
    .fetch_one(&mut *conn)
    .await?;
    let found = schema(conn).await?;
    if known == 0 {
        let is_new = pages == 0 && found.is_empty();
        return if is_new { Ok(()) } else { Err(damaged("it does not say what is in it")) };
    }
    let ours = if known == KEEP.len() && schemas == KEEP {
        NEWEST.get_or_try_init(|| model(KEEP)).await?
    } else {
        &model(&schemas[..known]).await?
    };
    if !ours.iter().all(|part| found.contains(part)) {
        return Err(damaged("its tables are not ours"));
    }
    let is_small = pages.saturating_mul(page) <= THOROUGH;
    let sql = if is_small { "PRAGMA integrity_check(1)" } else { "PRAGMA quick_check(1)" };
    let (answer,): (String,) = sqlx::query_as(sql).fetch_one(&mut *conn).await?;
    if answer != "ok" {
        return Err(StoreError::Damaged(answer.replace('\n', " ")));
    }
    let (odd,): (i64,) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM sqlite_sequence WHERE typeof(seq) <> 'integer' \
         OR seq NOT BETWEEN 0 AND $1) + (SELECT count(*) FROM outbox WHERE n NOT BETWEEN 1 AND $1)",
    )
    .bind(MAX_NUMBER)
    .fetch_one(conn)
    .await?;
    if odd > 0 { Err(damaged("its entries have numbers that were never given")) } else { Ok(()) }
}

/// What a file of the newest schema has in it; made once, since it takes longer than all the rest of the check.
static NEWEST: OnceCell<Vec<Part>> = OnceCell::const_new();

async fn model(schemas: &[&'static str]) -> Result<Vec<Part>, sqlx::Error> {
    let mut model = SqliteConnection::connect("sqlite::memory:").await?;
    for step in schemas {
        sqlx::raw_sql(*step).execute(&mut model).await?;
    }
    let parts = schema(&mut model).await?;
    model.close().await?;
    Ok(parts)
}

fn damaged(why: &str) -> StoreError {
    StoreError::Damaged(why.to_owned())
}

type Part = (String, String, String, Option<String>);

async fn schema(conn: &mut SqliteConnection) -> Result<Vec<Part>, sqlx::Error> {
    sqlx::query_as("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetch_all(conn).await
}
