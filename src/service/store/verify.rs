//! Whether the audit record is as it was written. Every row's hash covers the row and the hash before it, and
//! the head keeps the last one, so that a change, a gap, a swap and a cut show, each with its place. Whoever
//! can write everything can write a whole record anew: against that, the number and hash of the last row are
//! told, to be kept elsewhere.

use serde::Serialize;

use super::audit::{AuditRow, chain};
use super::db::{Conn, args};
use super::{Scope, Store, StoreError};

/// How many rows are read at once.
const AT_ONCE: i64 = 2000;
/// More faults than these are counted only.
const MOST: usize = 1000;
/// Of so many rows that do not fit it is tried whether two were swapped.
const PAIRED: usize = 40;

/// What is wrong with a row of the audit record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainFault {
    /// The row, or the one before it together with its hash.
    Changed,
    Removed,
    Swapped,
    /// Removed at the end.
    Cut,
    /// The head does not say what the last row says.
    Head,
}

/// A place in the audit record that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrongRow {
    pub seq: i64,
    /// The last one, if it is several in a row; with [`ChainFault::Swapped`] the other one.
    pub to: i64,
    pub fault: ChainFault,
}

/// What became of verifying the audit record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many rows there are, and how many of them are as they were written.
    pub rows: u64,
    pub right: u64,
    /// In the order of the record; the first [`MOST`].
    pub wrong: Vec<WrongRow>,
    /// How many more there are.
    pub more: u64,
    /// The last row's number and hash, to be kept elsewhere.
    pub seq: i64,
    pub hash: String,
}

impl Verified {
    fn add(&mut self, fault: ChainFault, seq: i64, to: i64) {
        if self.wrong.len() < MOST {
            self.wrong.push(WrongRow { seq, to, fault });
        } else {
            self.more += 1;
        }
    }
}

/// What is wrong in words, without the row's number.
impl std::fmt::Display for WrongRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.fault {
            ChainFault::Changed if self.seq > 1 => {
                write!(f, "was changed (or row {} was, and its hash with it)", self.seq - 1)
            }
            ChainFault::Changed => write!(f, "was changed"),
            ChainFault::Removed if self.to > self.seq => {
                write!(f, "and those up to {} were removed", self.to)
            }
            ChainFault::Removed => write!(f, "was removed"),
            ChainFault::Swapped => write!(f, "was swapped with row {}", self.to),
            ChainFault::Cut if self.to > self.seq => {
                write!(f, "and those up to {} were cut off at the end", self.to)
            }
            ChainFault::Cut => write!(f, "was cut off at the end"),
            ChainFault::Head => {
                write!(f, "is the last row, and the head of the record says otherwise")
            }
        }
    }
}

/// A row that does not fit, and the hash before it.
struct Misfit {
    before: String,
    row: AuditRow,
}

impl Store {
    /// Goes through the whole audit record as it is at one instant, a page at a time.
    pub async fn verify_audit(&self) -> Result<Verified, StoreError> {
        let mut conn = self.read(&Scope::All).await?;
        verify(&mut conn).await
    }
}

pub(super) async fn verify(conn: &mut Conn) -> Result<Verified, StoreError> {
    let mut done = Verified::default();
    // None: the row before is missing, so that nothing can be said of the next one.
    let mut before = Some(String::new());
    let mut misfits: Vec<Misfit> = Vec::new();
    loop {
        let page: Vec<AuditRow> = conn
            .all(
                "SELECT seq, at, actor, action, case_id, idempotency_key, hash
                 FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
                args![done.seq, AT_ONCE],
            )
            .await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            done.rows += 1;
            let (seq, hash) = (row.0, row.6.clone());
            if seq > done.seq + 1 {
                done.add(ChainFault::Removed, done.seq + 1, seq - 1);
                before = None;
            }
            match before.take() {
                Some(before) if chain_of(&before, seq, &row) != hash => {
                    misfits.push(Misfit { before, row });
                    if misfits.len() > PAIRED {
                        tell(&mut done, &mut misfits);
                    }
                }
                Some(_) => done.right += 1,
                None => {}
            }
            done.seq = seq;
            before = Some(hash.clone());
            done.hash = hash;
        }
    }
    tell(&mut done, &mut misfits);
    let head: Option<(i64, String)> =
        conn.optional("SELECT seq, hash FROM audit_head", args![]).await?;
    let (head, hash) = head.unwrap_or_default();
    if head > done.seq {
        done.add(ChainFault::Cut, done.seq + 1, head);
    } else if head < done.seq || hash != done.hash {
        done.add(ChainFault::Head, done.seq, done.seq);
    }
    done.wrong.sort_by_key(|wrong| wrong.seq);
    Ok(done)
}

/// The hash that a row would have at a place.
fn chain_of(before: &str, seq: i64, row: &AuditRow) -> String {
    let (_, at, actor, action, case, key, _) = row;
    chain(before, seq, *at, actor, action, case.as_deref(), key.as_deref())
}

/// Says of rows that do not fit what became of them: two of which one belongs where the other is were swapped,
/// the rows after those only follow from the wrong one; each of the rest was changed.
fn tell(done: &mut Verified, misfits: &mut Vec<Misfit>) {
    let mut explained: Vec<i64> = Vec::new();
    for (i, here) in misfits.iter().enumerate() {
        for there in misfits.iter().skip(i + 1) {
            let (seq, other) = (here.row.0, there.row.0);
            if explained.contains(&seq) || explained.contains(&other) {
                continue;
            }
            let belongs = chain_of(&here.before, seq, &there.row);
            if belongs != there.row.6 && belongs != here.row.6 {
                continue;
            }
            done.add(ChainFault::Swapped, seq, other);
            explained.extend([seq, other]);
            // With the hash that the swapped row had at its own place, the next one fits again.
            for (place, hash) in [(seq, &belongs), (other, &here.row.6)] {
                let next = misfits.iter().find(|next| next.row.0 == place + 1);
                if let Some(next) = next
                    && chain_of(hash, place + 1, &next.row) == next.row.6
                {
                    explained.push(place + 1);
                    done.right += 1;
                }
            }
        }
    }
    for misfit in misfits.drain(..) {
        let seq = misfit.row.0;
        if !explained.contains(&seq) {
            done.add(ChainFault::Changed, seq, seq);
        }
    }
}
