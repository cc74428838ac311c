//! The rows of mail: written with what they tell, claimed by one sender at a time, settled once, and read by
//! administrators. A claim is a lease and no lock: a sender that died leaves its row to the others a few
//! minutes later, on either database.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::limits::{Held, held};
use super::{GIVE_UP_AFTER, Kind, LATE, LEASE, Letter, MailSettings, Queued};
use crate::domain::{CaseId, Untrusted};
use crate::service::store::db::{args, parameters};
use crate::service::store::{Conn, NewAudit, Scope, Store, StoreError, from_ms, to_ms};

/// Writes the row of a letter, in the transaction of what it tells: queued, or held with the reason.
pub(super) async fn insert(
    conn: &mut Conn,
    letter: &Letter<'_>,
    settings: &MailSettings,
) -> Result<Option<Held>, StoreError> {
    let recipient = letter.email.to_lowercase();
    let automatic = letter.kind.is_automatic();
    let held = held(conn, settings, letter.licence_key, &recipient, automatic, letter.at).await?;
    let at = to_ms(letter.at);
    conn.run(
        "INSERT INTO mail (case_n, kind, recipient, text, message_id, thread, automatic, state, reason,
           tries, next_at, leased_until, told_late, created_at, queued_at)
         VALUES ($1, $2, $3, $4, $5,
           (SELECT message_id FROM mail WHERE case_n = $1 ORDER BY n LIMIT 1),
           $6, $7, $8, 0, $9, 0, $10, $9, $9)",
        args![
            letter.case.n,
            letter.kind.word(),
            &recipient,
            letter.text,
            format!("<{}@{}>", Uuid::new_v4(), settings.domain()),
            automatic,
            if held.is_some() { "held" } else { "queued" },
            held.map(Held::word),
            at,
            false,
        ],
    )
    .await?;
    Ok(held)
}

/// The numbers of rows that are due and nobody's, those that wait longest first.
pub(super) async fn due(
    conn: &mut Conn,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = conn
        .all(
            "SELECT n FROM mail WHERE state = 'queued' AND next_at <= $1 AND leased_until <= $1
             ORDER BY next_at, n LIMIT $2",
            args![to_ms(now), limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(n,)| n).collect())
}

/// The numbers of queued rows that nobody has, and that are older than they should get.
pub(super) async fn too_old(
    conn: &mut Conn,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = conn
        .all(
            "SELECT n FROM mail WHERE state = 'queued' AND leased_until <= $1 AND queued_at <= $2
             ORDER BY n LIMIT $3",
            args![to_ms(now), to_ms(now - GIVE_UP_AFTER), limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(n,)| n).collect())
}

/// Queued rows of which the case should say that they are late, and does not yet.
pub(super) async fn late(
    conn: &mut Conn,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Queued>, StoreError> {
    let rows: Vec<QueuedRow> = conn
        .all(
            AssertSqlSafe(format!(
                "{QUEUED} WHERE m.state = 'queued' AND NOT m.told_late AND m.queued_at <= $1
                 ORDER BY m.n LIMIT $2"
            )),
            args![to_ms(now - LATE), limit],
        )
        .await?;
    rows.into_iter().map(queued).collect()
}

/// The row, told late from now on; false if it is already, or is queued no more.
pub(super) async fn tell_late(conn: &mut Conn, n: i64) -> Result<bool, StoreError> {
    let told = conn
        .run(
            "UPDATE mail SET told_late = $2 WHERE n = $1 AND state = 'queued' AND NOT told_late",
            args![n, true],
        )
        .await?;
    Ok(told == 1)
}

/// When something is to be done next: a row is due, or late.
pub(super) async fn next(conn: &mut Conn) -> Result<Option<DateTime<Utc>>, StoreError> {
    let (due, oldest): (Option<i64>, Option<i64>) = conn
        .one(
            "SELECT min(CASE WHEN leased_until > next_at THEN leased_until ELSE next_at END),
               min(CASE WHEN told_late THEN NULL ELSE queued_at END)
             FROM mail WHERE state = 'queued'",
            args![],
        )
        .await?;
    let late = oldest.map(from_ms).transpose()?.map(|at| at + LATE);
    Ok([due.map(from_ms).transpose()?, late].into_iter().flatten().min())
}

type QueuedRow = (i64, i64, String, String, String, String, String, Option<String>, i64, i64, i64);

const QUEUED: &str =
    "SELECT m.n, m.case_n, c.id, m.kind, m.recipient, m.text, m.message_id, m.thread,
    m.tries, m.created_at, m.queued_at FROM mail m JOIN cases c ON c.n = m.case_n";

fn queued(row: QueuedRow) -> Result<Queued, StoreError> {
    let (n, case_n, case, kind, recipient, text, message_id, thread, tries, created, since) = row;
    Ok(Queued {
        n,
        case_n,
        case: CaseId::new(case),
        kind: Kind::read(&kind)?,
        recipient,
        text,
        message_id,
        thread,
        tries,
        created_at: from_ms(created)?,
        since: from_ms(since)?,
    })
}

/// Takes a queued row for one sender, if nobody has it; None: somebody was faster. It is the sender's until
/// [`LEASE`] is over.
pub(super) async fn claim(
    store: &Store,
    n: i64,
    lease: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Queued>, StoreError> {
    let mut conn = store.write(&Scope::All).await?;
    let claimed = conn
        .run(
            "UPDATE mail SET lease = $2, leased_until = $3
             WHERE n = $1 AND state = 'queued' AND leased_until <= $4",
            args![n, lease.to_string(), to_ms(now + LEASE), to_ms(now)],
        )
        .await?;
    if claimed == 0 {
        return Ok(None);
    }
    let row: QueuedRow =
        conn.one(AssertSqlSafe(format!("{QUEUED} WHERE m.n = $1")), args![n]).await?;
    conn.commit().await?;
    queued(row).map(Some)
}

/// What becomes of a row that somebody has claimed. False: the claim was over, and it is another's.
pub(super) async fn settle(
    conn: &mut Conn,
    n: i64,
    lease: Uuid,
    end: &Settled<'_>,
) -> Result<bool, StoreError> {
    let lease = lease.to_string();
    let settled = match end {
        Settled::Sent { at } => {
            conn.run(
                "UPDATE mail SET state = 'sent', sent_at = $3, tries = tries + 1, lease = NULL,
                   leased_until = 0
                 WHERE n = $1 AND lease = $2 AND state = 'queued'",
                args![n, lease, to_ms(*at)],
            )
            .await?
        }
        Settled::Dead { error, tried } => {
            conn.run(
                "UPDATE mail SET state = 'dead', last_error = $3, tries = tries + $4, lease = NULL,
                   leased_until = 0
                 WHERE n = $1 AND lease = $2 AND state = 'queued'",
                args![n, lease, *error, i64::from(*tried)],
            )
            .await?
        }
        Settled::Again { error, at, tried } => {
            conn.run(
                "UPDATE mail SET last_error = $3, next_at = $4, tries = tries + $5, lease = NULL,
                   leased_until = 0
                 WHERE n = $1 AND lease = $2 AND state = 'queued'",
                args![n, lease, *error, to_ms(*at), i64::from(*tried)],
            )
            .await?
        }
    };
    Ok(settled == 1)
}

pub(super) enum Settled<'a> {
    Sent {
        at: DateTime<Utc>,
    },
    Dead {
        error: &'a str,
        /// Whether the server was asked to take it.
        tried: bool,
    },
    Again {
        error: &'a str,
        at: DateTime<Utc>,
        tried: bool,
    },
}

/// Which letters somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    All,
    Dead,
}

/// A letter as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailEntry {
    pub id: i64,
    pub case: CaseId,
    pub kind: Kind,
    pub to: Untrusted,
    /// `queued`, `sent`, `dead` or `held`.
    pub state: String,
    /// Why it is held.
    pub held: Option<Held>,
    pub tries: i64,
    /// What the mail server said last.
    pub last_error: Option<Untrusted>,
    pub message_id: String,
    pub created_at: DateTime<Utc>,
    /// When it is tried next, while it is queued.
    pub next_at: Option<DateTime<Utc>>,
    pub sent_at: Option<DateTime<Utc>>,
}

/// How much mail there is in each state that somebody may have to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct MailCounts {
    pub queued: i64,
    pub dead: i64,
}

impl Store {
    /// Letters, the latest first.
    pub async fn mail(&self, which: Which, limit: usize) -> Result<Vec<MailEntry>, StoreError> {
        type Row = (
            i64,
            String,
            String,
            String,
            String,
            Option<String>,
            i64,
            Option<String>,
            String,
            i64,
            i64,
            Option<i64>,
        );
        let condition = match which {
            Which::All => "",
            Which::Dead => "WHERE m.state = 'dead'",
        };
        let sql = format!(
            "SELECT m.n, c.id, m.kind, m.recipient, m.state, m.reason, m.tries, m.last_error,
               m.message_id, m.created_at, m.next_at, m.sent_at
             FROM mail m JOIN cases c ON c.n = m.case_n {condition} ORDER BY m.n DESC LIMIT $1"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut conn = self.read(&Scope::All).await?;
        let rows: Vec<Row> = conn.all(AssertSqlSafe(sql), args![limit]).await?;
        rows.into_iter()
            .map(|(id, case, kind, to, state, reason, tries, error, message_id, at, next, sent)| {
                Ok(MailEntry {
                    id,
                    case: CaseId::new(case),
                    kind: Kind::read(&kind)?,
                    to: Untrusted::new(to),
                    held: reason.as_deref().map(held_word).transpose()?,
                    tries,
                    last_error: error.map(Untrusted::new),
                    message_id,
                    created_at: from_ms(at)?,
                    next_at: (state == "queued").then(|| from_ms(next)).transpose()?,
                    sent_at: sent.map(from_ms).transpose()?,
                    state,
                })
            })
            .collect()
    }

    /// Queues dead letters again, with all their tries and days: those of these numbers, or all. A service
    /// that runs takes them up within a minute. Returns the numbers of those that were dead.
    ///
    /// # Errors
    /// [`StoreError`]; none is queued then.
    pub async fn retry_mail(
        &self,
        ids: Option<&[i64]>,
        now: DateTime<Utc>,
    ) -> Result<Vec<i64>, StoreError> {
        let mut values = args![to_ms(now)];
        let condition = match ids {
            None => String::new(),
            Some([]) => return Ok(Vec::new()),
            Some(ids) => {
                values.extend(ids.iter().map(crate::service::store::db::Value::from));
                format!(" AND n IN ({})", parameters(2, ids.len()))
            }
        };
        let sql = format!(
            "UPDATE mail SET state = 'queued', tries = 0, next_at = $1, queued_at = $1
             WHERE state = 'dead'{condition} RETURNING n"
        );
        let mut conn = self.write(&Scope::All).await?;
        let rows: Vec<(i64,)> = conn.all(AssertSqlSafe(sql), values).await?;
        if !rows.is_empty() {
            NewAudit { at: now, actor: "admin", action: "retry_mail", case: None, key: None }
                .append(&mut conn)
                .await?;
        }
        conn.commit().await?;
        let mut retried: Vec<i64> = rows.into_iter().map(|(n,)| n).collect();
        retried.sort_unstable();
        Ok(retried)
    }

    /// How many letters wait, and how many are given up.
    pub async fn mail_counts(&self) -> Result<MailCounts, StoreError> {
        let mut conn = self.lookup().await?;
        let (queued,): (i64,) =
            conn.one("SELECT count(*) FROM mail WHERE state = 'queued'", args![]).await?;
        let (dead,): (i64,) =
            conn.one("SELECT count(*) FROM mail WHERE state = 'dead'", args![]).await?;
        Ok(MailCounts { queued, dead })
    }
}

fn held_word(word: &str) -> Result<Held, StoreError> {
    Held::ALL
        .into_iter()
        .find(|held| held.word() == word)
        .ok_or_else(|| StoreError::Damaged(format!("mail is held for {word}")))
}
