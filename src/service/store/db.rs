//! One way to talk to both databases. Each statement is written once, in the SQL that SQLite and PostgreSQL
//! have in common (parameters `$1`, `RETURNING`, `ON CONFLICT`), so that the two cannot drift apart; what
//! differs is how a transaction begins, and that is here.

use std::sync::{Arc, OnceLock};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::{Query, QueryAs};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, FromRow, Postgres, SqlSafeStr, SqlStr, Sqlite, Transaction};

use super::StoreError;

/// A value that is bound to a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bool(bool),
    Bytes(Vec<u8>),
    /// NULL where a truth value or bytes are expected: PostgreSQL wants to know which.
    NoBool,
    NoBytes,
}

macro_rules! value {
    ($($from:ty => |$given:ident| $value:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($given: $from) -> Self { $value }
        }
    )*};
}

value! {
    i64 => |n| Self::Int(Some(n));
    &i64 => |n| Self::Int(Some(*n));
    Option<i64> => |n| Self::Int(n);
    &str => |text| Self::Text(Some(text.to_owned()));
    &String => |text| Self::Text(Some(text.clone()));
    String => |text| Self::Text(Some(text));
    Option<&str> => |text| Self::Text(text.map(str::to_owned));
    Option<String> => |text| Self::Text(text);
    &Option<String> => |text| Self::Text(text.clone());
    bool => |yes| Self::Bool(yes);
    Vec<u8> => |bytes| Self::Bytes(bytes);
    &[u8] => |bytes| Self::Bytes(bytes.to_vec());
    &Vec<u8> => |bytes| Self::Bytes(bytes.clone());
}

/// The values of a statement, in the order of its parameters.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::service::store::db::Value::from($value)),*] };
}
pub(crate) use args;

/// Which database it is, where a statement has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// What either database reads into a `T`.
pub(crate) trait Readable:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}
impl<T> Readable for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

/// Set for good once a database was found damaged: nothing more is written to it by this process, since that
/// could spread the damage. What can still be read is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Damage(Arc<OnceLock<String>>);

impl Damage {
    /// What was found, if anything was.
    pub(crate) fn found(&self) -> Result<(), StoreError> {
        self.0.get().map_or(Ok(()), |words| Err(StoreError::Damaged(words.clone())))
    }

    /// Looks at a failure of the database.
    pub(crate) fn seen(&self, error: sqlx::Error) -> StoreError {
        let of_database = error.as_database_error().is_some();
        let error = StoreError::from(error);
        if of_database
            && let StoreError::Damaged(words) = &error
            && self.0.set(words.clone()).is_ok()
        {
            tracing::error!(
                %error,
                "the database is damaged: nothing is written any more; restore a backup with caseload \
                 admin restore"
            );
        }
        error
    }
}

/// A connection: by itself each statement counts at once, within a transaction with
/// [`Conn::commit`]. Dropped before, a transaction has not been.
#[derive(Debug)]
pub(crate) struct Conn {
    line: Line,
    damage: Damage,
    /// Whether it is a transaction that writes.
    writes: bool,
}

#[derive(Debug)]
pub(crate) enum Line {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
    SqliteTransaction(Transaction<'static, Sqlite>),
    PostgresTransaction(Transaction<'static, Postgres>),
}

/// A statement in the making: kept prepared unless it is put together from parts that vary.
struct Statement {
    sql: SqlStr,
    args: Vec<Value>,
    prepared: bool,
}

/// Calls a method of the statement's query on whichever connection it is.
macro_rules! on {
    ($conn:expr, $statement:expr, $sqlite:ident, $postgres:ident, $method:ident) => {{
        let done = match &mut $conn.line {
            Line::Sqlite(c) => $statement.$sqlite().$method(&mut **c).await,
            Line::Postgres(c) => $statement.$postgres().$method(&mut **c).await,
            Line::SqliteTransaction(c) => $statement.$sqlite().$method(&mut **c).await,
            Line::PostgresTransaction(c) => $statement.$postgres().$method(&mut **c).await,
        };
        done.map_err(|error| $conn.damage.seen(error))
    }};
}

macro_rules! bound {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for value in $args {
            query = match value {
                Value::Int(n) => query.bind(n),
                Value::Text(text) => query.bind(text),
                Value::Bool(yes) => query.bind(yes),
                Value::Bytes(bytes) => query.bind(bytes),
                Value::NoBool => query.bind(None::<bool>),
                Value::NoBytes => query.bind(None::<Vec<u8>>),
            };
        }
        query
    }};
}

impl Statement {
    fn sqlite<T: Readable>(self) -> QueryAs<'static, Sqlite, T, SqliteArguments> {
        bound!(sqlx::query_as(self.sql), self.args).persistent(self.prepared)
    }

    fn postgres<T: Readable>(self) -> QueryAs<'static, Postgres, T, PgArguments> {
        bound!(sqlx::query_as(self.sql), self.args).persistent(self.prepared)
    }

    fn run_sqlite(self) -> Query<'static, Sqlite, SqliteArguments> {
        bound!(sqlx::query(self.sql), self.args).persistent(self.prepared)
    }

    fn run_postgres(self) -> Query<'static, Postgres, PgArguments> {
        bound!(sqlx::query(self.sql), self.args).persistent(self.prepared)
    }
}

impl Conn {
    pub(super) const fn new(line: Line, damage: Damage, writes: bool) -> Self {
        Self { line, damage, writes }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        match &self.line {
            Line::Sqlite(_) | Line::SqliteTransaction(_) => Dialect::Sqlite,
            Line::Postgres(_) | Line::PostgresTransaction(_) => Dialect::Postgres,
        }
    }

    /// All rows.
    pub(crate) async fn all<T: Readable>(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<Vec<T>, StoreError> {
        let statement = Statement { sql: sql.into_sql_str(), args, prepared: true };
        on!(self, statement, sqlite, postgres, fetch_all)
    }

    /// The first row, if there is one.
    pub(crate) async fn optional<T: Readable>(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<Option<T>, StoreError> {
        let statement = Statement { sql: sql.into_sql_str(), args, prepared: true };
        on!(self, statement, sqlite, postgres, fetch_optional)
    }

    /// The row that there is.
    pub(crate) async fn one<T: Readable>(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<T, StoreError> {
        let statement = Statement { sql: sql.into_sql_str(), args, prepared: true };
        on!(self, statement, sqlite, postgres, fetch_one)
    }

    /// Does it, and says to how many rows.
    pub(crate) async fn run(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<u64, StoreError> {
        self.execute(Statement { sql: sql.into_sql_str(), args, prepared: true }).await
    }

    /// As [`Conn::run`], for a text that is not likely to come again.
    pub(crate) async fn run_once(
        &mut self,
        sql: String,
        args: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let sql = AssertSqlSafe(sql).into_sql_str();
        self.execute(Statement { sql, args, prepared: false }).await
    }

    /// As [`Conn::all`], for a text that is not likely to come again. PostgreSQL then plans for these values.
    pub(crate) async fn all_once<T: Readable>(
        &mut self,
        sql: String,
        args: Vec<Value>,
    ) -> Result<Vec<T>, StoreError> {
        let sql = AssertSqlSafe(sql).into_sql_str();
        let statement = Statement { sql, args, prepared: false };
        on!(self, statement, sqlite, postgres, fetch_all)
    }

    async fn execute(&mut self, statement: Statement) -> Result<u64, StoreError> {
        let done = match &mut self.line {
            Line::Sqlite(c) => {
                statement.run_sqlite().execute(&mut **c).await.map(|done| done.rows_affected())
            }
            Line::Postgres(c) => {
                statement.run_postgres().execute(&mut **c).await.map(|done| done.rows_affected())
            }
            Line::SqliteTransaction(c) => {
                statement.run_sqlite().execute(&mut **c).await.map(|done| done.rows_affected())
            }
            Line::PostgresTransaction(c) => {
                statement.run_postgres().execute(&mut **c).await.map(|done| done.rows_affected())
            }
        };
        done.map_err(|error| self.damage.seen(error))
    }

    /// Makes what was done in the transaction count; on return it is on disk.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] also if the damage showed on another connection meanwhile.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        if self.writes
            && let Err(damaged) = self.damage.found()
        {
            self.rollback().await?;
            return Err(damaged);
        }
        let done = match self.line {
            Line::SqliteTransaction(transaction) => transaction.commit().await,
            Line::PostgresTransaction(transaction) => transaction.commit().await,
            Line::Sqlite(_) | Line::Postgres(_) => Ok(()),
        };
        done.map_err(|error| self.damage.seen(error))
    }

    /// Undoes the transaction, and waits for it.
    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        match self.line {
            Line::SqliteTransaction(transaction) => transaction.rollback().await?,
            Line::PostgresTransaction(transaction) => transaction.rollback().await?,
            Line::Sqlite(_) | Line::Postgres(_) => {}
        }
        Ok(())
    }
}

/// `$1,$2,…` from a number on: the parameters of a list.
pub(crate) fn parameters(from: usize, count: usize) -> String {
    let list: Vec<String> = (from..from + count).map(|n| format!("${n}")).collect();
    list.join(",")
}

/// The parameters of so many rows, for a statement that has no others: `($1,$2),($3,$4)`. SQLite gets
/// `(?,?),(?,?)`: it looks numbered ones up one by one, which takes seconds where there are thousands.
pub(crate) fn rows_of_parameters(dialect: Dialect, columns: usize, rows: usize) -> String {
    let row = |row: usize| match dialect {
        Dialect::Sqlite => format!("({})", vec!["?"; columns].join(",")),
        Dialect::Postgres => format!("({})", parameters(row * columns + 1, columns)),
    };
    (0..rows).map(row).collect::<Vec<_>>().join(",")
}
