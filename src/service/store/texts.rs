//! The searched texts of cases, apart from the cases: what is written once, when a case is registered, is not
//! copied and indexed again by every act. Each is one lower-case text, a line for each field: words have no
//! line ends in them, so none is found across two fields.

use sqlx::AssertSqlSafe;

use super::db::{Conn, Dialect, args, rows_of_parameters};
use super::{Scope, Store, StoreError};

/// What of a case is in its text.
pub(super) struct CaseText<'a> {
    pub n: i64,
    pub partner: &'a str,
    pub fields: [&'a str; 4],
}

impl CaseText<'_> {
    /// As `domain::search::Words` lowers: each field by itself.
    fn folded(&self) -> String {
        self.fields.map(str::to_lowercase).join("\n")
    }
}

/// How many go into one statement.
const AT_ONCE: usize = 500;

/// Stores the texts of new cases.
pub(super) async fn insert_texts(
    conn: &mut Conn,
    texts: &[CaseText<'_>],
) -> Result<(), StoreError> {
    for chunk in texts.chunks(AT_ONCE) {
        let rows = rows_of_parameters(conn.dialect(), 3, chunk.len());
        let sql = format!("INSERT INTO case_texts (n, partner, text) VALUES {rows}");
        let values = chunk.iter().flat_map(|t| args![t.n, t.partner, t.folded()]).collect();
        // Only placeholders are put into the text. What comes again is kept prepared.
        if [1, AT_ONCE].contains(&chunk.len()) {
            conn.run(AssertSqlSafe(sql), values).await?;
        } else {
            conn.run_once(sql, values).await?;
        }
    }
    Ok(())
}

/// Kept once every case has its text.
const WHOLE: &str = "case_texts";

/// Makes the texts of a desk whose cases are from before there were any, and the index that the migrations
/// of PostgreSQL cannot be sure of.
pub(super) async fn prepare(store: &Store) -> Result<(), StoreError> {
    if store.meta(WHOLE).await?.is_none() {
        let mut tx = store.write(&Scope::All).await?;
        // Of two that come at once the second one waits here, and finds the work done.
        tx.run(
            "INSERT INTO meta (key, value) VALUES ($1, 'whole') ON CONFLICT (key) DO NOTHING",
            args![WHOLE],
        )
        .await?;
        fill(&mut tx).await?;
        tx.commit().await?;
    }
    let mut conn = store.lookup().await?;
    if conn.dialect() == Dialect::Postgres {
        index(&mut conn).await?;
    }
    Ok(())
}

async fn fill(conn: &mut Conn) -> Result<(), StoreError> {
    type Row = (i64, String, String, String, String, String);
    let mut after = 0;
    loop {
        let rows: Vec<Row> = conn
            .all(
                "SELECT c.n, c.partner, c.id, c.subject, c.company, c.contact FROM cases c
                 WHERE c.n > $1 AND NOT EXISTS (SELECT 1 FROM case_texts t WHERE t.n = c.n)
                 ORDER BY c.n LIMIT 500",
                args![after],
            )
            .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.0;
        let texts: Vec<CaseText<'_>> = rows
            .iter()
            .map(|(n, partner, id, subject, company, contact)| CaseText {
                n: *n,
                partner,
                fields: [id, subject, company, contact],
            })
            .collect();
        insert_texts(conn, &texts).await?;
    }
}

/// PostgreSQL's index over trigrams. Where its extension is not to be had a search reads all texts, and
/// finds the same.
async fn index(conn: &mut Conn) -> Result<(), StoreError> {
    let there: Option<(i64,)> = conn
        .optional(
            "SELECT CAST(1 AS BIGINT) FROM pg_indexes
             WHERE schemaname = current_schema() AND indexname = 'case_texts_trigrams'",
            args![],
        )
        .await?;
    if there.is_some() {
        return Ok(());
    }
    // One process at a time; what is there already is left. The extension lives in one schema of the
    // database, whichever that is.
    let made = conn
        .run(
            "DO $$
             DECLARE home text;
             BEGIN
                 PERFORM pg_advisory_xact_lock(hashtext('caseload trigrams'));
                 IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
                     CREATE EXTENSION pg_trgm SCHEMA public;
                 END IF;
                 SELECT n.nspname INTO home FROM pg_extension e
                   JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
                 EXECUTE format('CREATE INDEX IF NOT EXISTS case_texts_trigrams
                   ON case_texts USING gin (text %I.gin_trgm_ops)', home);
             END $$",
            args![],
        )
        .await;
    if let Err(error) = made {
        tracing::warn!(
            %error,
            "searching reads the texts of all cases: the extension pg_trgm is missing and cannot be brought \
             in by this role; a superuser does it by CREATE EXTENSION pg_trgm, then start again"
        );
    }
    Ok(())
}
