//! By which indexes both databases go about the feed and the search, at a size at which it matters.

use std::fmt::Write as _;

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::db::{Conn, Value, args};
use super::{CaseRow, Place, Scope, Store};

const OPEN: i64 = 100_000;

/// A desk with 100,000 open cases and 20,000 closed ones, of whom the small partner and Product Management
/// have a few.
async fn filled(place: Place) -> Store {
    let store = Store::open(&place).await.unwrap();
    let mut tx = store.write(&Scope::All).await.unwrap();
    for sql in [
        "INSERT INTO partners (id, name) VALUES ('small', 'Small')".to_owned(),
        format!(
            "WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < {})
             INSERT INTO cases (n, id, subject, severity, tier, state, partner, company, contact,
               eligibility, environment, workaround, reached_second, ledger, reported_at, updated_at,
               revision, change_seq, entries, licence_key, email, description)
             SELECT i, 'C-' || i, 'Subject', 'high',
               CASE WHEN i % 5000 = 0 THEN 'product' ELSE 'first' END,
               CASE WHEN i > {OPEN} THEN 'closed' ELSE 'open' END,
               CASE WHEN i % 5000 = 7 THEN 'small' ELSE 'direct' END,
               'Company', 'Contact', 'eligible', 'live', 1 = 0, 1 = 0, '{{}}', 0, 0,
               1, i, 1, 'k', 'e', 'About as long as a short description is, which nobody reads here.'
             FROM k",
            OPEN + 20_000
        ),
        "INSERT INTO case_texts (n, partner, text)
         SELECT n, partner, 'c-' || n || ' subject company contact' FROM cases"
            .to_owned(),
    ] {
        tx.run(AssertSqlSafe(sql), args![]).await.unwrap();
    }
    tx.commit().await.unwrap();
    store
}

fn scopes() -> [Scope; 4] {
    [Scope::Partner("small".into()), Scope::Engineer, Scope::Product, Scope::All]
}

#[tokio::test]
async fn sqlite_goes_by_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(Place::from(folder.path())).await;
    let mut conn = store.read(&Scope::All).await.unwrap();
    for scope in scopes() {
        let (snapshot, live) = match scope {
            Scope::Partner(_) => (
                "SEARCH c USING INDEX cases_partner_open (partner=? AND n>?)",
                "SEARCH c USING INDEX cases_partner_change (partner=? AND change_seq>?)",
            ),
            Scope::Product => (
                "SEARCH c USING INDEX cases_product_open (n>?)",
                "SEARCH c USING INDEX cases_change (change_seq>?)",
            ),
            _ => (
                "SEARCH c USING INDEX cases_open (n>?)",
                "SEARCH c USING INDEX cases_change (change_seq>?)",
            ),
        };
        for (sql, expected) in [
            (CaseRow::open_after_sql(&scope), snapshot),
            (CaseRow::changed_after_sql(&scope), live),
        ] {
            let plan = sqlite_plan(&mut conn, &sql, args![scope.value(), 5, 201]).await;
            assert!(plan.contains(expected), "{scope:?}\n{plan}");
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{scope:?}\n{plan}");
        }
    }
}

async fn sqlite_plan(conn: &mut Conn, sql: &str, values: Vec<Value>) -> String {
    let rows: Vec<(i64, i64, i64, String)> =
        conn.all_once(format!("EXPLAIN QUERY PLAN {sql}"), values).await.unwrap();
    rows.into_iter().fold(String::new(), |mut plan, (.., line)| {
        let _ = writeln!(plan, "{line}");
        plan
    })
}

/// A place of its own in the tests' PostgreSQL; None where there is none, which is said.
async fn database() -> Option<Place> {
    let Ok(url) = std::env::var("CASELOAD_TEST_DATABASE_URL") else {
        let said = b"skipped: no PostgreSQL; CONTRIBUTING.md says how to start one for the tests\n";
        std::io::Write::write_all(&mut std::io::stderr(), said).unwrap();
        return None;
    };
    let schema = format!("plans_{}", Uuid::new_v4().simple());
    let mut conn = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {schema}")))
        .execute(&mut conn)
        .await
        .unwrap();
    Some(Place::database(&url).unwrap().with_schema(&schema))
}

/// How many rows of `cases` and `case_texts` a statement goes through, those included that it leaves out.
async fn rows_read(conn: &mut Conn, sql: &str, values: Vec<Value>) -> (u64, String) {
    fn count(node: &serde_json::Value) -> u64 {
        let number = |name: &str| node[name].as_f64().unwrap_or(0.0);
        let own = match node["Relation Name"].as_str() {
            Some("cases" | "case_texts") => {
                (number("Actual Rows")
                    + number("Rows Removed by Filter")
                    + number("Rows Removed by Index Recheck"))
                    * number("Actual Loops")
            }
            _ => 0.0,
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let own = own as u64;
        own + node["Plans"].as_array().map_or(0, |plans| plans.iter().map(count).sum())
    }
    let explain = format!("EXPLAIN (ANALYZE, FORMAT JSON) {sql}");
    let rows: Vec<(sqlx::types::Json<serde_json::Value>,)> =
        conn.all_once(explain, values).await.unwrap();
    let plan = &rows[0].0.0[0]["Plan"];
    (count(plan), plan.to_string())
}

#[tokio::test]
async fn postgres_reads_the_rows_that_it_tells_and_no_others() {
    let Some(place) = database().await else { return };
    let store = filled(place).await;
    let mut conn = store.write(&Scope::All).await.unwrap();
    conn.run("ANALYZE cases, case_texts, partners, users", args![]).await.unwrap();
    conn.commit().await.unwrap();
    let mut tx = store.read(&Scope::All).await.unwrap();
    let newest = OPEN + 20_000;
    for scope in scopes() {
        // One change, and none.
        for (seen, most) in [(newest - 1, 1), (newest, 0)] {
            let sql = CaseRow::changed_after_sql(&scope);
            let (rows, plan) = rows_read(&mut tx, &sql, args![scope.value(), seen, 201]).await;
            assert!(rows <= most, "{scope:?} after {seen}: {rows} rows\n{plan}");
        }
        let most = if scope == scopes()[0] { 20 } else { 201 };
        let sql = CaseRow::open_after_sql(&scope);
        let (rows, plan) = rows_read(&mut tx, &sql, args![scope.value(), 0, 201]).await;
        // An engineer's page passes over the few cases that Product Management has.
        assert!(rows <= most + 1, "{scope:?}: {rows} rows\n{plan}");
    }
    // A partner who was away for long reads its own changes alone.
    let scope = &scopes()[0];
    let sql = CaseRow::changed_after_sql(scope);
    let (rows, plan) = rows_read(&mut tx, &sql, args![scope.value(), 0, 201]).await;
    assert_eq!(rows, 24, "{plan}");
    // Rare words lead to their cases.
    let sql = "SELECT n FROM case_texts WHERE n < $1 AND text LIKE $2 ORDER BY n + 0 DESC LIMIT $3";
    let (rows, plan) = rows_read(&mut tx, sql, args![newest, "%c-77123%", 20_000]).await;
    assert!(rows <= 200, "{rows} rows\n{plan}");
}
