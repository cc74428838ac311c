//! Timeline entries on their way into the store: one of an act, or many of a desk that is filled.

use sqlx::AssertSqlSafe;

use super::db::{Conn, args, rows_of_parameters};
use super::{StoreError, serde_word, to_ms};
use crate::domain::TimelineEntry;

/// How many entries go into one statement: SQLite takes 32,766 values in one.
const AT_ONCE: usize = 500;

/// Stores entries, each with the number `n` of its case and its place in that case's timeline.
pub(super) async fn insert_entries(
    conn: &mut Conn,
    rows: &[(i64, i64, &TimelineEntry)],
) -> Result<(), StoreError> {
    for chunk in rows.chunks(AT_ONCE) {
        let sql = format!(
            "INSERT INTO timeline
               (case_n, seq, at, actor, actor_name, kind, visibility, text, summary)
             VALUES {}",
            rows_of_parameters(conn.dialect(), 9, chunk.len())
        );
        let mut values = Vec::with_capacity(chunk.len() * 9);
        for (n, seq, entry) in chunk {
            values.extend(args![
                n,
                seq,
                to_ms(entry.at),
                entry.actor.id.as_str(),
                entry.actor.name.raw(),
                serde_word(entry.kind)?,
                serde_word(entry.visibility)?,
                entry.text.raw(),
                entry.summary.raw(),
            ]);
        }
        // Only placeholders are put into the text. What comes again is kept prepared.
        if [1, AT_ONCE].contains(&chunk.len()) {
            conn.run(AssertSqlSafe(sql), values).await?;
        } else {
            conn.run_once(sql, values).await?;
        }
    }
    Ok(())
}
