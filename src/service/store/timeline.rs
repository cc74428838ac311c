//! Timeline entries on their way into the store: one of an act, or many of a desk that is filled.

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{StoreError, serde_word, to_ms};
use crate::domain::TimelineEntry;

/// How many entries go into one statement: SQLite takes 32,766 values in one.
const AT_ONCE: usize = 500;

/// Stores entries, each with the number `n` of its case and its place in that case's timeline.
pub(super) async fn insert_entries(
    conn: &mut SqliteConnection,
    rows: &[(i64, i64, &TimelineEntry)],
) -> Result<(), StoreError> {
    for chunk in rows.chunks(AT_ONCE) {
        let sql = format!(
            "INSERT INTO timeline
               (case_n, seq, at, actor, actor_name, kind, visibility, text, summary)
             VALUES {}",
            placeholders(9, chunk.len())
        );
        // Only placeholders are put into the text. What comes again is kept prepared.
        let often = [1, AT_ONCE].contains(&chunk.len());
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(often);
        for (n, seq, entry) in chunk {
            query = query
                .bind(n)
                .bind(seq)
                .bind(to_ms(entry.at))
                .bind(entry.actor.id.as_str())
                .bind(entry.actor.name.raw())
                .bind(serde_word(entry.kind)?)
                .bind(serde_word(entry.visibility)?)
                .bind(entry.text.raw())
                .bind(entry.summary.raw());
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// The placeholders of so many rows: `(?,?),(?,?)`.
pub(super) fn placeholders(columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row.as_str(); rows].join(",")
}
