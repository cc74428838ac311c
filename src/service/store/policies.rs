//! The policies that were in force, and the one that is. A clock remembers its policy by version, so a
//! version that was in force once is kept for ever and never changes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::db::{Conn, Dialect, args};
use super::{CaseRow, Ending, NewAudit, Scope, Store, StoreError, from_ms, seal, to_ms};
use crate::domain::{ClockState, Person, TimelineEntry, TimelineKind, Untrusted, Visibility};
use crate::sla::policy::{Policy, PolicyDocument};

/// A policy that is or was in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Counts up; the highest is in force.
    pub n: i64,
    pub version: String,
    /// TOML.
    pub document: String,
    pub since: DateTime<Utc>,
}

/// What putting a policy in force did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub version: String,
    /// The one in force before; None on a desk that had none yet.
    pub before: Option<String>,
    /// It was in force already, and nothing was done.
    pub already: bool,
    /// Open cases that have clocks running or held.
    pub running: usize,
    /// Those of them whose clocks go by the new policy from now on.
    pub moved: usize,
    /// Clocks that are past their new target at once.
    pub newly_missed: usize,
}

/// The number of the policy in force; zero: none yet.
pub(crate) async fn latest(conn: &mut Conn) -> Result<i64, StoreError> {
    let (n,): (i64,) = conn.one("SELECT coalesce(max(n), 0) FROM policies", args![]).await?;
    Ok(n)
}

async fn all(conn: &mut Conn) -> Result<Vec<PolicyVersion>, StoreError> {
    let rows: Vec<(i64, String, String, i64)> =
        conn.all("SELECT n, version, document, since FROM policies ORDER BY n", args![]).await?;
    rows.into_iter()
        .map(|(n, version, document, since)| {
            Ok(PolicyVersion { n, version, document, since: from_ms(since)? })
        })
        .collect()
}

fn compiled(version: &PolicyVersion) -> Result<Policy, StoreError> {
    Policy::from_toml("policy", &version.document).map_err(|error| {
        StoreError::Damaged(format!("its policy \"{}\" cannot be used: {error}", version.version))
    })
}

/// The policy in force, with those before it, and its number.
pub(crate) async fn in_force(conn: &mut Conn) -> Result<Option<(i64, Policy)>, StoreError> {
    let mut versions = all(conn).await?;
    let Some(last) = versions.pop() else { return Ok(None) };
    let policy = compiled(&last)?;
    let mut earlier = BTreeMap::new();
    for version in versions {
        let policy = compiled(&version)?;
        earlier.insert(version.version, policy);
    }
    Ok(Some((last.n, policy.with_earlier(earlier.into_values().collect()))))
}

async fn put(
    conn: &mut Conn,
    version: &str,
    document: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    conn.run(
        "INSERT INTO policies (version, document, since) VALUES ($1, $2, $3)",
        args![version, document, to_ms(now)],
    )
    .await?;
    Ok(())
}

/// The document without what the service adds to it.
fn alone(policy: &Policy) -> PolicyDocument {
    PolicyDocument { earlier: Vec::new(), ..policy.document() }
}

/// The policy as a file: with the comments of the built-in one, if it is that.
fn written(policy: &Policy) -> Result<String, StoreError> {
    let document = alone(policy);
    if document == Policy::embedded().document() {
        return Ok(Policy::embedded_toml().to_owned());
    }
    toml::to_string(&document).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// Lets one process at a time put policies in force.
async fn alone_here(conn: &mut Conn) -> Result<(), StoreError> {
    conn.run("UPDATE meta SET value = value WHERE key = 'cursor_secret'", args![]).await?;
    Ok(())
}

impl Store {
    /// Every policy that was put in force, the oldest first; the last one is in force.
    pub async fn policies(&self) -> Result<Vec<PolicyVersion>, StoreError> {
        all(&mut self.lookup().await?).await
    }

    /// The policy in force. On a desk that has none yet, the given one is from now on.
    pub(crate) async fn policy_or(
        &self,
        first: &Policy,
        now: DateTime<Utc>,
    ) -> Result<(i64, Policy), StoreError> {
        let mut tx = self.write(&Scope::Nothing).await?;
        alone_here(&mut tx).await?;
        if latest(&mut tx).await? == 0 {
            put(&mut tx, first.version(), &written(first)?, now).await?;
        }
        let in_force = in_force(&mut tx).await?;
        tx.commit().await?;
        in_force.ok_or_else(|| StoreError::Damaged("it has no policy".to_owned()))
    }

    /// Puts a policy in force, and does to running clocks what it says (`policy_change`), in one
    /// transaction. `written` is the policy as its author wrote it. With `dry_run` nothing is kept.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the version is known with other content.
    pub async fn apply_policy(
        &self,
        policy: &Policy,
        written: &str,
        dry_run: bool,
        now: DateTime<Utc>,
    ) -> Result<Applied, StoreError> {
        let mut tx = self.write(&Scope::All).await?;
        alone_here(&mut tx).await?;
        if tx.dialect() == Dialect::Postgres {
            // Reading goes on; acts wait.
            tx.run("LOCK TABLE cases IN SHARE ROW EXCLUSIVE MODE", args![]).await?;
        }
        let versions = all(&mut tx).await?;
        let same = versions.iter().rfind(|v| v.version == policy.version());
        if let Some(same) = same
            && !compiled(same)?.is_same(policy)
        {
            return Err(StoreError::Refused(format!(
                "version \"{}\" has been in force since {} with other content, and clocks go by it; give \
                 the changed policy a version of its own",
                policy.version(),
                same.since.format("%Y-%m-%d")
            )));
        }
        let last = versions.last();
        let before = last.map(|v| v.version.clone());
        let mut applied = Applied {
            version: policy.version().to_owned(),
            already: before.as_deref() == Some(policy.version()),
            before,
            running: 0,
            moved: 0,
            newly_missed: 0,
        };
        if applied.already {
            return Ok(applied);
        }
        put(&mut tx, policy.version(), written, now).await?;
        let Some((_, policy)) = in_force(&mut tx).await? else {
            return Err(StoreError::Damaged("it has no policy".to_owned()));
        };
        move_clocks(&mut tx, &policy, now, &mut applied).await?;
        let action = format!("apply_policy {}", policy.version());
        NewAudit { at: now, actor: "admin", action: &action, case: None, key: None }
            .append(&mut tx)
            .await?;
        if dry_run {
            tx.rollback().await?;
        } else {
            tx.commit().await?;
        }
        Ok(applied)
    }
}

/// Does to the clocks of all open cases what a new policy does to them.
async fn move_clocks(
    conn: &mut Conn,
    policy: &Policy,
    now: DateTime<Utc>,
    applied: &mut Applied,
) -> Result<(), StoreError> {
    const AT_ONCE: usize = 200;
    let mut after = 0;
    loop {
        let rows = CaseRow::open_after(&mut *conn, &Scope::All, after, AT_ONCE).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.n;
        let mut moved = Vec::new();
        for mut row in rows {
            let old = row.ledger.summaries(now, policy);
            if old.iter().all(|clock| clock.ended_at.is_some()) {
                continue;
            }
            applied.running += 1;
            let decided_on = row.revision;
            let ledger = row.ledger.clone();
            row.ledger.policy_changed(policy);
            if row.ledger == ledger {
                continue;
            }
            applied.moved += 1;
            let new = row.ledger.summaries(now, policy);
            let is_missed = |clock: &crate::domain::ClockSummary| {
                clock.state == ClockState::Running && clock.due_at.is_some_and(|due| due < now)
            };
            let mut summary = format!("the clocks go by policy {} now", policy.version());
            for (old, new) in old.iter().zip(&new).filter(|(old, _)| old.ended_at.is_none()) {
                let name = format!("{} {}", new.tier, new.kind);
                if old.target != new.target {
                    let _ = write!(summary, "; {name} {} → {}", old.target, new.target);
                }
                if is_missed(new) && !is_missed(old) {
                    applied.newly_missed += 1;
                    let _ = write!(summary, "; its {name} clock is past its new target");
                }
            }
            row.revision += 1;
            row.entries += 1;
            row.updated_at = now;
            let entry = TimelineEntry {
                seq: row.entries,
                at: now,
                actor: Person { id: "admin".into(), name: "Administrator".into() },
                kind: TimelineKind::PolicyChange,
                visibility: Visibility::Internal,
                text: Untrusted::default(),
                summary: summary.into(),
            };
            if !row.update(&mut *conn, decided_on, Ending::Kept).await? {
                return Err(StoreError::Damaged(format!("case {} changed meanwhile", row.id)));
            }
            row.add_entry(&mut *conn, &entry).await?;
            moved.push(row);
        }
        if !moved.is_empty() {
            seal(&mut *conn, &moved.iter().collect::<Vec<_>>()).await?;
        }
    }
}
