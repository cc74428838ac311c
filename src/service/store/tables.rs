//! The tables of a desk as the database itself lists them, and copying all of them from one database into the
//! other. Nothing here is a list made by hand: a table of a later migration is copied as well, and one that
//! only one side knows is an error.

use sqlx::{AssertSqlSafe, ColumnIndex, Decode, FromRow, Row, Type};

use super::StoreError;
use super::db::{Conn, Dialect, Value, args, parameters, rows_of_parameters};

/// What a column takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int,
    Bool,
    Text,
    Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub name: String,
    columns: Vec<Column>,
    /// The columns of the primary key, in order. Known of SQLite alone, which is one of the two sides always.
    key: Vec<String>,
    /// The tables that it refers to.
    parents: Vec<String>,
}

impl Table {
    fn column(&self, name: &str) -> Result<&Column, StoreError> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| {
            StoreError::Refused(format!("the table {} has no column {name} there", self.name))
        })
    }
}

/// A row of any table. SQL's NULL is read as `Int(None)` whatever its column takes.
struct Cells(Vec<Value>);

impl<'r, R: Row> FromRow<'r, R> for Cells
where
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        let cell = |at: usize| {
            if let Ok(number) = row.try_get::<Option<i64>, usize>(at) {
                return Ok(Value::Int(number));
            }
            if let Ok(yes) = row.try_get::<bool, usize>(at) {
                return Ok(Value::Bool(yes));
            }
            if let Ok(text) = row.try_get::<String, usize>(at) {
                return Ok(Value::Text(Some(text)));
            }
            row.try_get::<Vec<u8>, usize>(at).map(Value::Bytes)
        };
        (0..row.len()).map(cell).collect::<sqlx::Result<_>>().map(Self)
    }
}

/// A name within a statement.
fn named(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    names.into_iter().map(|name| named(name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// The desk's tables on SQLite: without those of an index for searching, which its own triggers fill.
pub(super) const OF_SQLITE: &str = "SELECT name FROM pragma_table_list
    WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
      AND name <> '_sqlx_migrations' ORDER BY name";

const OF_POSTGRES: &str = "SELECT CAST(c.relname AS TEXT)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname <> '_sqlx_migrations' ORDER BY 1";

/// The names of the tables that there are.
pub(super) async fn names(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    let sql = match conn.dialect() {
        Dialect::Sqlite => OF_SQLITE,
        Dialect::Postgres => OF_POSTGRES,
    };
    let rows: Vec<(String,)> = conn.all(sql, args![]).await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

async fn tables(conn: &mut Conn) -> Result<Vec<Table>, StoreError> {
    let mut tables = Vec::new();
    for name in names(conn).await? {
        tables.push(match conn.dialect() {
            Dialect::Sqlite => sqlite_table(conn, name).await?,
            Dialect::Postgres => postgres_table(conn, name).await?,
        });
    }
    Ok(tables)
}

fn kind(table: &str, column: &str, declared: &str) -> Result<Kind, StoreError> {
    match declared {
        "INTEGER" | "INT" | "bigint" => Ok(Kind::Int),
        "boolean" => Ok(Kind::Bool),
        "TEXT" | "text" => Ok(Kind::Text),
        "BLOB" | "bytea" => Ok(Kind::Bytes),
        other => Err(StoreError::Refused(format!(
            "the column {column} of {table} is of a type that cannot be copied: {other}"
        ))),
    }
}

async fn sqlite_table(conn: &mut Conn, name: String) -> Result<Table, StoreError> {
    // hidden: 2 and 3 are columns that are worked out from others.
    let rows: Vec<(String, String, i64)> = conn
        .all(
            "SELECT name, type, pk FROM pragma_table_xinfo($1) WHERE hidden = 0 ORDER BY cid",
            args![&name],
        )
        .await?;
    let mut key: Vec<(i64, String)> =
        rows.iter().filter(|row| row.2 > 0).map(|row| (row.2, row.0.clone())).collect();
    key.sort();
    let columns = rows
        .into_iter()
        .map(|(column, declared, _)| {
            Ok(Column { kind: kind(&name, &column, &declared)?, name: column })
        })
        .collect::<Result<_, StoreError>>()?;
    let parents: Vec<(String,)> = conn
        .all("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list($1)", args![&name])
        .await?;
    Ok(Table {
        columns,
        key: key.into_iter().map(|(_, column)| column).collect(),
        parents: parents.into_iter().map(|(parent,)| parent).filter(|p| *p != name).collect(),
        name,
    })
}

async fn postgres_table(conn: &mut Conn, name: String) -> Result<Table, StoreError> {
    let rows: Vec<(String, String)> = conn
        .all(
            "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name = $1 AND is_generated = 'NEVER'
             ORDER BY ordinal_position",
            args![&name],
        )
        .await?;
    let columns = rows
        .into_iter()
        .map(|(column, declared)| {
            Ok(Column { kind: kind(&name, &column, &declared)?, name: column })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Table { name, columns, key: Vec::new(), parents: Vec::new() })
}

/// A table with its form on both sides.
struct Pair {
    from: Table,
    to: Table,
    key: Vec<String>,
    parents: Vec<String>,
}

/// The tables of both sides, those that others refer to before the others.
async fn pairs(from: &mut Conn, to: &mut Conn) -> Result<Vec<Pair>, StoreError> {
    let (mut froms, mut tos) = (tables(from).await?, tables(to).await?);
    let known = |tables: &[Table], name: &str| tables.iter().any(|table| table.name == name);
    for (here, there) in [(&froms, &tos), (&tos, &froms)] {
        if let Some(unknown) = here.iter().find(|table| !known(there, &table.name)) {
            return Err(StoreError::Refused(format!(
                "the table {} is in one of the two only; this program knows nothing of it, or not yet",
                unknown.name
            )));
        }
    }
    froms.sort_by(|a, b| a.name.cmp(&b.name));
    tos.sort_by(|a, b| a.name.cmp(&b.name));
    let mut waiting: Vec<Pair> = Vec::new();
    for (from, to) in froms.into_iter().zip(tos) {
        for (here, there) in [(&from, &to), (&to, &from)] {
            for column in &here.columns {
                there.column(&column.name)?;
            }
        }
        let key = if from.key.is_empty() { to.key.clone() } else { from.key.clone() };
        if key.is_empty() {
            return Err(StoreError::Refused(format!("the table {} has no primary key", from.name)));
        }
        let parents =
            if from.parents.is_empty() { to.parents.clone() } else { from.parents.clone() };
        waiting.push(Pair { from, to, key, parents });
    }
    let mut ordered: Vec<Pair> = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|pair| {
            !pair
                .parents
                .iter()
                .any(|parent| waiting.iter().any(|other| other.from.name == *parent))
        });
        let Some(ready) = ready else {
            return Err(StoreError::Refused(
                "its tables refer to each other in a circle".to_owned(),
            ));
        };
        ordered.push(waiting.remove(ready));
    }
    Ok(ordered)
}

/// Copies every row of every table from a snapshot into a transaction, in the place of what a new desk has.
/// Returns how many rows.
pub(super) async fn copy(from: &mut Conn, to: &mut Conn) -> Result<u64, StoreError> {
    let pairs = pairs(from, to).await?;
    // What refers to others goes before them.
    for pair in pairs.iter().rev() {
        clear(to, &pair.to).await?;
    }
    let mut rows = 0;
    for pair in &pairs {
        clear(to, &pair.to).await?;
        rows += copy_table(from, to, pair).await?;
    }
    if to.dialect() == Dialect::Postgres {
        for pair in &pairs {
            set_numbers(to, pair).await?;
        }
    }
    Ok(rows)
}

/// Empties a table; one that is empty is not touched, since its triggers may refuse that.
async fn clear(conn: &mut Conn, table: &Table) -> Result<(), StoreError> {
    let name = named(&table.name);
    let (filled,): (bool,) =
        conn.one(AssertSqlSafe(format!("SELECT EXISTS (SELECT 1 FROM {name})")), args![]).await?;
    if filled {
        conn.run_once(format!("DELETE FROM {name}"), args![]).await?;
    }
    Ok(())
}

async fn copy_table(from: &mut Conn, to: &mut Conn, pair: &Pair) -> Result<u64, StoreError> {
    /// The bytes of one page, about; a row may be a piece of a file.
    const PAGE: usize = 8 << 20;
    const ROWS: usize = 500;
    /// Under what either database takes in one statement.
    const VALUES: usize = 30_000;

    let (table, columns) = (&pair.from, &pair.from.columns);
    let kinds = columns
        .iter()
        .map(|column| pair.to.column(&column.name).map(|column| column.kind))
        .collect::<Result<Vec<_>, _>>()?;
    let key_at = pair
        .key
        .iter()
        .map(|name| {
            let at = columns.iter().position(|column| column.name == *name);
            at.ok_or_else(|| StoreError::Refused(format!("the table {} has no {name}", table.name)))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let names = list(columns.iter().map(|column| &column.name));
    let key = list(&pair.key);
    let select = format!("SELECT {names} FROM {}", named(&table.name));
    let next = format!(
        "{select} WHERE ({key}) > ({}) ORDER BY {key} LIMIT ${}",
        parameters(1, key_at.len()),
        key_at.len() + 1
    );
    let first = format!("{select} ORDER BY {key} LIMIT $1");
    // The numbers are those of the other side, also where the column would give its own.
    let given = if to.dialect() == Dialect::Postgres { "OVERRIDING SYSTEM VALUE" } else { "" };
    let insert = format!("INSERT INTO {} ({names}) {given} VALUES", named(&pair.to.name));
    let most = (VALUES / columns.len().max(1)).clamp(1, ROWS);
    let (mut copied, mut limit) = (0, most.min(20));
    let mut after: Vec<Value> = Vec::new();
    loop {
        let sql = if after.is_empty() { &first } else { &next };
        let mut values = after.clone();
        values.push(Value::from(i64::try_from(limit).unwrap_or(1)));
        let page: Vec<Cells> = from.all(AssertSqlSafe(sql.clone()), values).await?;
        let Some(last) = page.last() else { return Ok(copied) };
        after = key_at.iter().filter_map(|at| last.0.get(*at).cloned()).collect();
        let count = page.len();
        let mut bytes = 0;
        let mut values = Vec::with_capacity(count * columns.len());
        for row in page {
            for ((value, kind), column) in row.0.into_iter().zip(&kinds).zip(columns) {
                bytes += size(&value);
                values.push(fitting(value, *kind).ok_or_else(|| {
                    StoreError::Damaged(format!(
                        "the column {} of {} holds what it should not",
                        column.name, table.name
                    ))
                })?);
            }
        }
        let rows = rows_of_parameters(to.dialect(), columns.len(), count);
        to.run_once(format!("{insert} {rows}"), values).await?;
        copied += count as u64;
        limit = (PAGE / (bytes / count + 1).max(1)).clamp(1, most);
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(Some(text)) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 8,
    }
}

/// The value as a column takes it; None if it does not.
fn fitting(value: Value, kind: Kind) -> Option<Value> {
    Some(match (value, kind) {
        (Value::Int(None), Kind::Bool) => Value::NoBool,
        (Value::Int(None), Kind::Text) => Value::Text(None),
        (Value::Int(None), Kind::Bytes) => Value::NoBytes,
        (Value::Int(Some(n @ 0..=1)), Kind::Bool) => Value::Bool(n == 1),
        (Value::Bool(yes), Kind::Int) => Value::Int(Some(i64::from(yes))),
        (value @ Value::Int(_), Kind::Int)
        | (value @ Value::Bool(_), Kind::Bool)
        | (value @ Value::Text(_), Kind::Text)
        | (value @ Value::Bytes(_), Kind::Bytes) => value,
        _ => return None,
    })
}

/// Lets the numbers that PostgreSQL gives go on after those that were copied.
async fn set_numbers(conn: &mut Conn, pair: &Pair) -> Result<(), StoreError> {
    let table = named(&pair.to.name);
    for column in pair.to.columns.iter().filter(|column| column.kind == Kind::Int) {
        let (sequence,): (Option<String>,) =
            conn.one("SELECT pg_get_serial_sequence($1, $2)", args![&table, &column.name]).await?;
        if let Some(sequence) = sequence {
            let column = named(&column.name);
            let sql = format!(
                "SELECT setval(CAST($1 AS regclass), coalesce(max({column}), 1), count(*) > 0) FROM {table}"
            );
            let _: (i64,) = conn.one(AssertSqlSafe(sql), args![sequence]).await?;
        }
    }
    Ok(())
}
