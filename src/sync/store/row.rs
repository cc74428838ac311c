//! A row of the outbox as it stands in the file: read without trust, since a disk can change bytes by itself,
//! and written with its checksum.

use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

/// The columns, in the order of [`Raw::read`].
macro_rules! columns {
    () => {
        "n, key, owner, case_id, base, action, queued_at, state, revision, hold_until, confirmed_at, \
         tries, first_tried_at, uncertain, last_error, outcome, ended_at, sum"
    };
}
pub(super) use columns;

/// How far a row has come, as the word in the file.
pub(super) mod state {
    pub const QUEUED: &str = "queued";
    pub const SENDING: &str = "sending";
    pub const ASKED: &str = "asked";
    pub const REFUSED: &str = "refused";
    pub const DAMAGED: &str = "damaged";
    pub const DONE: &str = "done";
    pub const ALL: [&str; 6] = [QUEUED, SENDING, ASKED, REFUSED, DAMAGED, DONE];
}

/// No entry has a higher number: what a number of JSON can hold.
pub(super) const MAX_NUMBER: i64 = 1 << 53;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Raw {
    pub n: i64,
    pub key: String,
    pub owner: String,
    pub case_id: String,
    pub base: Option<String>,
    pub action: String,
    pub queued_at: i64,
    pub state: String,
    pub revision: Option<i64>,
    pub hold_until: Option<i64>,
    pub confirmed_at: Option<i64>,
    pub tries: i64,
    pub first_tried_at: Option<i64>,
    pub uncertain: i64,
    pub last_error: Option<String>,
    pub outcome: Option<String>,
    pub ended_at: Option<i64>,
}

/// What a row says, and whether it can be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read {
    Sound(Raw),
    /// With what can be read of it: what is no text is replaced by marks.
    Changed(Raw),
}

impl Raw {
    /// Reads a row whatever is in it.
    pub fn read(row: &SqliteRow) -> Result<Read, sqlx::Error> {
        let mut whole = true;
        let mut text = |at: usize| -> Result<Option<String>, sqlx::Error> {
            let bytes: Option<Vec<u8>> = row.try_get_unchecked(at)?;
            Ok(bytes.map(|bytes| {
                String::from_utf8(bytes).unwrap_or_else(|error| {
                    whole = false;
                    String::from_utf8_lossy(error.as_bytes()).into_owned()
                })
            }))
        };
        let number = |at: usize| row.try_get_unchecked::<Option<i64>, _>(at);
        let raw = Self {
            n: number(0)?.unwrap_or_default(),
            key: text(1)?.unwrap_or_default(),
            owner: text(2)?.unwrap_or_default(),
            case_id: text(3)?.unwrap_or_default(),
            base: text(4)?,
            action: text(5)?.unwrap_or_default(),
            queued_at: number(6)?.unwrap_or_default(),
            state: text(7)?.unwrap_or_default(),
            revision: number(8)?,
            hold_until: number(9)?,
            confirmed_at: number(10)?,
            tries: number(11)?.unwrap_or_default(),
            first_tried_at: number(12)?,
            uncertain: number(13)?.unwrap_or_default(),
            last_error: text(14)?,
            outcome: text(15)?,
            ended_at: number(16)?,
        };
        let sum: Option<Vec<u8>> = row.try_get_unchecked(17)?;
        let sound = whole && sum.as_deref() == Some(&raw.sum());
        Ok(if sound { Read::Sound(raw) } else { Read::Changed(raw) })
    }

    fn sum(&self) -> Vec<u8> {
        let mut sum = Sum::default();
        for number in [self.n, self.queued_at, self.tries, self.uncertain] {
            sum.number(Some(number));
        }
        for number in
            [self.revision, self.hold_until, self.confirmed_at, self.first_tried_at, self.ended_at]
        {
            sum.number(number);
        }
        for text in [&self.key, &self.owner, &self.case_id, &self.action, &self.state] {
            sum.text(Some(text));
        }
        for text in [&self.base, &self.last_error, &self.outcome] {
            sum.text(text.as_deref());
        }
        sum.done()
    }

    /// Adds the row, with the number that it has.
    pub async fn insert(&self, conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query(concat!(
            "INSERT INTO outbox (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
        ))
        .bind(self.n)
        .bind(&self.key)
        .bind(&self.owner)
        .bind(&self.case_id)
        .bind(&self.base)
        .bind(&self.action)
        .bind(self.queued_at)
        .bind(&self.state)
        .bind(self.revision)
        .bind(self.hold_until)
        .bind(self.confirmed_at)
        .bind(self.tries)
        .bind(self.first_tried_at)
        .bind(self.uncertain)
        .bind(&self.last_error)
        .bind(&self.outcome)
        .bind(self.ended_at)
        .bind(self.sum())
        .execute(conn)
        .await?;
        Ok(())
    }

    /// Adds a row that cannot be believed, so that it is seen as one that has changed by itself.
    pub async fn insert_unsound(&self, conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        self.insert(conn).await?;
        sqlx::query("UPDATE outbox SET sum = x'' WHERE n = $1").bind(self.n).execute(conn).await?;
        Ok(())
    }

    /// Writes what can change of a row.
    pub async fn update(&self, conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE outbox SET owner = $1, state = $2, revision = $3, hold_until = $4, confirmed_at = $5, \
             tries = $6, first_tried_at = $7, uncertain = $8, last_error = $9, outcome = $10, \
             ended_at = $11, sum = $12 WHERE n = $13",
        )
        .bind(&self.owner)
        .bind(&self.state)
        .bind(self.revision)
        .bind(self.hold_until)
        .bind(self.confirmed_at)
        .bind(self.tries)
        .bind(self.first_tried_at)
        .bind(self.uncertain)
        .bind(&self.last_error)
        .bind(&self.outcome)
        .bind(self.ended_at)
        .bind(self.sum())
        .bind(self.n)
        .execute(conn)
        .await?;
        Ok(())
    }

    pub async fn delete(&self, conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM outbox WHERE n = $1").bind(self.n).execute(conn).await?;
        Ok(())
    }

    /// Puts a row whose bytes have changed out of the way, under whoever found it, with all that can be read of
    /// it. It is never sent.
    pub async fn set_aside(
        mut self,
        finder: &str,
        conn: &mut SqliteConnection,
    ) -> Result<Self, sqlx::Error> {
        sqlx::query("DELETE FROM outbox WHERE n = $1").bind(self.n).execute(&mut *conn).await?;
        self.key = format!("damaged {} {}", self.n, self.key);
        finder.clone_into(&mut self.owner);
        state::DAMAGED.clone_into(&mut self.state);
        self.insert(conn).await?;
        Ok(self)
    }
}

/// The row with that number, if its bytes are sound.
pub(super) async fn sound(conn: &mut SqliteConnection, n: u64) -> Result<Option<Raw>, sqlx::Error> {
    let row = sqlx::query(concat!("SELECT ", columns!(), " FROM outbox WHERE n = $1"))
        .bind(number(n))
        .fetch_optional(conn)
        .await?;
    Ok(match row.as_ref().map(Raw::read).transpose()? {
        Some(Read::Sound(raw)) => Some(raw),
        Some(Read::Changed(_)) | None => None,
    })
}

/// A number as SQLite has it. What it cannot hold names no row.
pub(super) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(-1)
}

/// A checksum over values, each with its length, so that nothing can move from one to the next.
#[derive(Default)]
pub(super) struct Sum(Sha256);

impl Sum {
    pub fn number(&mut self, number: Option<i64>) {
        match number {
            Some(number) => self.0.update(number.to_be_bytes()),
            None => self.0.update(b"-"),
        }
    }

    pub fn text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => {
                self.0.update((text.len() as u64).to_be_bytes());
                self.0.update(text.as_bytes());
            }
            None => self.0.update(b"-"),
        }
    }

    pub fn done(self) -> Vec<u8> {
        self.0.finalize().to_vec()
    }

    /// Of texts alone.
    pub fn of(texts: &[&str]) -> Vec<u8> {
        let mut sum = Self::default();
        for text in texts {
            sum.text(Some(text));
        }
        sum.done()
    }
}
