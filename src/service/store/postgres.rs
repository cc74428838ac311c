//! The PostgreSQL database: how it is reached, and how processes on one database tell each other of changes.

use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};

use super::{Changed, StoreError};

/// Connections of one process. An act holds one for a few milliseconds, a held feed request none.
const CONNECTIONS: u32 = 16;

/// Reaches the database and brings its schema up to this program's.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgPool, StoreError> {
    let options = options
        .clone()
        .application_name("caseload")
        // Waiting for others is bounded, so that nothing hangs for good.
        .options([("lock_timeout", "15s"), ("idle_in_transaction_session_timeout", "60s")])
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(Duration::from_secs(10))
        // Whoever hangs up while a transaction begins leaves it open, and sqlx does not know of it. As a simple
        // query the two instants are the same unless a transaction began earlier.
        .after_release(|conn, _| {
            Box::pin(async move {
                let asked = sqlx::raw_sql("SELECT now() <> statement_timestamp()");
                let row = sqlx::Executor::fetch_one(conn, asked).await?;
                Ok(!sqlx::Row::try_get::<bool, _>(&row, 0)?)
            })
        })
        .connect_with(options)
        .await?;
    let mut conn = pool.acquire().await?;
    // As for SQLite: the future of `run` is not `Send` for every lifetime.
    sqlx::migrate!("assets/migrations/postgres").run_direct(None, &mut *conn, false).await?;
    let (unbound,): (bool,) = sqlx::query_as(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user",
    )
    .fetch_one(&mut *conn)
    .await?;
    if unbound {
        tracing::warn!(
            "this database role passes by row security: give the service a role that is no superuser"
        );
    }
    drop(conn);
    Ok(pool)
}

/// What the processes on one database tell each other, within one schema of it.
pub(super) const CHANNEL: &str = "'caseload ' || current_schema()";

/// Hears of the changes that other processes make.
#[derive(Debug)]
pub(crate) struct Listener(PgListener);

/// What a listener heard.
#[derive(Debug)]
pub(crate) enum Heard {
    Changed(Changed),
    /// The line was cut for a while: anything may have changed.
    Anything,
}

impl Listener {
    pub(super) async fn start(pool: &PgPool) -> Result<Self, StoreError> {
        // The schema's name is asked for on the listener's kind of connection, by the same options.
        let (channel,): (String,) =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {CHANNEL}")))
                .fetch_one(pool)
                .await?;
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(&channel).await?;
        Ok(Self(listener))
    }

    /// Waits for the next change.
    ///
    /// # Errors
    /// The database is not reached; to be asked again after a while.
    pub(crate) async fn next(&mut self) -> Result<Heard, StoreError> {
        Ok(match self.0.try_recv().await? {
            Some(notification) => {
                Changed::read(notification.payload()).map_or(Heard::Anything, Heard::Changed)
            }
            None => Heard::Anything,
        })
    }
}
