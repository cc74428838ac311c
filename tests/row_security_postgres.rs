//! The second wall on PostgreSQL: within the scope of a transaction the database itself shows no other
//! cases, whatever the statement says.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a failed step of a test is its failure; not every part of the support is needed here"
)]

#[macro_use]
#[path = "support/service.rs"]
mod support;

use caseload::service::store::Place;
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

/// The service's own role on the desk's database.
async fn connect(place: &Place) -> PgConnection {
    let Place::Database(options) = place else { unreachable!("the desk is in a database") };
    options.connect().await.unwrap()
}

/// The ids that a statement gives within a scope.
async fn seen(conn: &mut PgConnection, scope: Option<&str>, sql: &'static str) -> Vec<String> {
    let mut tx = conn.begin().await.unwrap();
    if let Some(scope) = scope {
        let set = AssertSqlSafe(format!("SET LOCAL caseload.scope = '{scope}'"));
        sqlx::raw_sql(set).execute(&mut *tx).await.unwrap();
    }
    let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&mut *tx).await.unwrap();
    tx.rollback().await.unwrap();
    rows.into_iter().map(|(id,)| id).collect()
}

#[tokio::test]
async fn a_transaction_sees_the_cases_of_its_scope_and_no_others() {
    let desk = desk!();
    let ours = desk.reported(json!({})).await;
    let theirs = desk.reported(json!({"licence_key": "SS-3333-CCCC"})).await;
    let escalated = desk.reported(json!({})).await;
    let escalate = json!({"action": "escalate", "to": "second", "reason": "r"});
    desk.done("ann", &escalated, escalate).await;
    let product = json!({"action": "escalate", "to": "product", "reason": "r",
        "finding": "product_error", "correction": "K-7"});
    desk.done("eve", &escalated, product).await;
    let mut conn = connect(&desk.place).await;
    let all = "SELECT id FROM cases ORDER BY n";
    for (scope, expected) in [
        (Some("all"), vec![&ours, &theirs, &escalated]),
        (Some("partner nordwind"), vec![&ours, &escalated]),
        (Some("partner southsea"), vec![&theirs]),
        (Some("engineer"), vec![&ours, &theirs, &escalated]),
        (Some("product"), vec![&escalated]),
        (Some("nothing"), vec![]),
        (Some(""), vec![]),
        (None, vec![]),
    ] {
        assert_eq!(
            seen(&mut conn, scope, all).await.iter().collect::<Vec<_>>(),
            expected,
            "{scope:?}"
        );
    }
    let entries = "SELECT DISTINCT c.partner FROM timeline t JOIN cases c ON c.n = t.case_n";
    assert_eq!(seen(&mut conn, Some("partner southsea"), entries).await, ["southsea"]);
    let entries = "SELECT kind FROM timeline";
    assert_eq!(seen(&mut conn, Some("partner southsea"), entries).await, ["reported"]);
    assert_eq!(seen(&mut conn, None, entries).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_transaction_changes_no_case_of_another_scope() {
    let desk = desk!();
    let theirs = desk.reported(json!({"licence_key": "SS-3333-CCCC"})).await;
    let mut conn = connect(&desk.place).await;
    let mut tx = conn.begin().await.unwrap();
    sqlx::raw_sql("SET LOCAL caseload.scope = 'partner nordwind'").execute(&mut *tx).await.unwrap();
    let done = sqlx::query("UPDATE cases SET subject = 'ours now' WHERE id = $1")
        .bind(&theirs)
        .execute(&mut *tx)
        .await
        .unwrap();
    assert_eq!(done.rows_affected(), 0);
    tx.rollback().await.unwrap();
    let mut tx = conn.begin().await.unwrap();
    sqlx::raw_sql("SET LOCAL caseload.scope = 'partner southsea'").execute(&mut *tx).await.unwrap();
    let moved = sqlx::query("UPDATE cases SET partner = 'nordwind' WHERE id = $1")
        .bind(&theirs)
        .execute(&mut *tx)
        .await;
    assert!(moved.unwrap_err().to_string().contains("row-level security"));
}
