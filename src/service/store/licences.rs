//! Licences: imported whole or not at all, and looked up. What is imported counts for reports that come from
//! then on; cases that are there keep the eligibility that they have, since somebody may have decided it
//! (domain rule 1: a key is looked up at intake). How many open ones differ is told. Licences that a file does
//! not name stay as they are.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::accounts::record;
use super::db::{Conn, Value, args, parameters, rows_of_parameters};
use super::{Scope, Store, StoreError};
use crate::domain::search::Words;
use crate::domain::{CaseId, PartnerId};

/// How many licences go into one statement: SQLite takes 32,766 values in one.
const AT_ONCE: usize = 500;

/// One licence of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenceLine {
    /// Its line in the file, for the report.
    pub line: u64,
    pub key: String,
    pub partner: PartnerId,
    pub company: String,
    pub eligible: bool,
    /// In lower case, in order, each once.
    pub addresses: Vec<String>,
}

/// A licence of the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LicenceRecord {
    pub key: String,
    pub partner: PartnerId,
    pub company: String,
    pub eligible: bool,
    pub addresses: Vec<String>,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Outcome {
    Added,
    Changed {
        fields: Vec<&'static str>,
    },
    Unchanged,
    /// The partner is not there.
    Wrong {
        message: String,
    },
}

/// An open case whose eligibility is another than its licence gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Differing {
    pub case: CaseId,
    pub key: String,
    /// What it is.
    pub is: String,
    /// What the licence gives.
    pub by_licence: &'static str,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// In the order of the lines.
    pub outcomes: Vec<(u64, Outcome)>,
    pub differing: Vec<Differing>,
}

impl Imported {
    pub fn count(&self, which: fn(&Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|(_, outcome)| which(outcome)).count()
    }

    /// Whether a line is wrong: then nothing was done.
    pub fn is_refused(&self) -> bool {
        self.outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Wrong { .. }))
    }
}

impl Store {
    /// Puts licences into the desk, all or none: with a wrong line, or with `dry_run`, nothing is kept.
    pub async fn import_licences(
        &self,
        lines: &[LicenceLine],
        dry_run: bool,
        now: DateTime<Utc>,
    ) -> Result<Imported, StoreError> {
        let mut tx = self.write(&Scope::All).await?;
        let partners: Vec<(String,)> = tx.all("SELECT id FROM partners", args![]).await?;
        let partners: HashSet<String> = partners.into_iter().map(|(id,)| id).collect();
        let mut done = Imported::default();
        for chunk in lines.chunks(AT_ONCE) {
            let known = by_key(&mut tx, chunk.iter().map(|line| line.key.as_str())).await?;
            let mut changed = Vec::new();
            for line in chunk {
                let outcome = if partners.contains(line.partner.as_str()) {
                    outcome(line, known.get(&line.key))
                } else {
                    let message = format!(
                        "there is no partner {}; caseload admin partner create makes one",
                        line.partner
                    );
                    Outcome::Wrong { message }
                };
                if matches!(outcome, Outcome::Added | Outcome::Changed { .. }) {
                    changed.push(line);
                }
                done.outcomes.push((line.line, outcome));
            }
            put(&mut tx, &changed).await?;
        }
        if done.is_refused() {
            tx.rollback().await?;
            return Ok(done);
        }
        let keys: HashSet<&str> = lines.iter().map(|line| line.key.as_str()).collect();
        done.differing = differing(&mut tx, &keys).await?;
        let (added, changed) = (
            done.count(|outcome| matches!(outcome, Outcome::Added)),
            done.count(|outcome| matches!(outcome, Outcome::Changed { .. })),
        );
        if dry_run || added + changed == 0 {
            tx.rollback().await?;
            return Ok(done);
        }
        record(&mut tx, now, &format!("import_licences added {added} changed {changed}")).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Licences in the order of their keys, after one, at most so many of which all words of a query occur in
    /// key, partner, company or addresses; and the key to go on after, None at the end.
    pub async fn licences(
        &self,
        query: &str,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<LicenceRecord>, Option<String>), StoreError> {
        let words = Words::of(query);
        let mut tx = self.read(&Scope::Nothing).await?;
        let (mut found, mut after) = (Vec::new(), after.to_owned());
        let at_once = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
        loop {
            let keys: Vec<(String,)> = tx
                .all(
                    "SELECT key FROM licences WHERE key > $1 ORDER BY key LIMIT $2",
                    args![&after, at_once],
                )
                .await?;
            if keys.is_empty() {
                return Ok((found, None));
            }
            let mut page = by_key(&mut tx, keys.iter().map(|(key,)| key.as_str())).await?;
            for (key,) in keys {
                after.clone_from(&key);
                let Some(licence) = page.remove(&key) else { continue };
                let addresses = licence.addresses.join(" ");
                let partner = licence.partner.as_str();
                if words.occur_in(&[&licence.key, partner, &licence.company, &addresses]) {
                    found.push(licence);
                }
                if found.len() >= limit {
                    return Ok((found, Some(after)));
                }
            }
        }
    }

    /// One licence, with how many cases have its key: open ones and all.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is no such licence.
    pub async fn licence(&self, key: &str) -> Result<(LicenceRecord, i64, i64), StoreError> {
        let mut tx = self.read(&Scope::All).await?;
        let found = by_key(&mut tx, std::iter::once(key)).await?.remove(key);
        let licence =
            found.ok_or_else(|| StoreError::Refused("there is no such licence".to_owned()))?;
        let (open, all): (i64, i64) = tx
            .one(
                "SELECT count(CASE WHEN state <> 'closed' THEN 1 END), count(*)
                 FROM cases WHERE licence_key = $1",
                args![key],
            )
            .await?;
        Ok((licence, open, all))
    }
}

/// What a line does to what is there.
fn outcome(line: &LicenceLine, known: Option<&LicenceRecord>) -> Outcome {
    let Some(known) = known else { return Outcome::Added };
    let mut fields = Vec::new();
    if known.partner != line.partner {
        fields.push("partner");
    }
    if known.company != line.company {
        fields.push("company");
    }
    if known.eligible != line.eligible {
        fields.push("eligible");
    }
    if known.addresses != line.addresses {
        fields.push("addresses");
    }
    if fields.is_empty() { Outcome::Unchanged } else { Outcome::Changed { fields } }
}

/// Those of some licences that are there.
async fn by_key(
    conn: &mut Conn,
    keys: impl Iterator<Item = &str>,
) -> Result<BTreeMap<String, LicenceRecord>, StoreError> {
    let keys: Vec<Value> = keys.map(Value::from).collect();
    let list = parameters(1, keys.len());
    // Only placeholders are put together.
    let sql = format!("SELECT key, partner, company, eligible FROM licences WHERE key IN ({list})");
    let rows: Vec<(String, String, String, bool)> =
        conn.all(AssertSqlSafe(sql), keys.clone()).await?;
    let sql = format!("SELECT key, email FROM licence_addresses WHERE key IN ({list})");
    let addresses: Vec<(String, String)> = conn.all(AssertSqlSafe(sql), keys).await?;
    let mut of_key: HashMap<String, Vec<String>> = HashMap::new();
    for (key, email) in addresses {
        of_key.entry(key).or_default().push(email);
    }
    let licence = |(key, partner, company, eligible): (String, String, String, bool)| {
        let mut addresses = of_key.remove(&key).unwrap_or_default();
        // The two databases order text in their own ways.
        addresses.sort();
        let partner = PartnerId::new(partner);
        (key.clone(), LicenceRecord { key, partner, company, eligible, addresses })
    };
    Ok(rows.into_iter().map(licence).collect())
}

/// Stores licences, with their addresses in the place of those that were there.
async fn put(conn: &mut Conn, lines: &[&LicenceLine]) -> Result<(), StoreError> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut values = Vec::with_capacity(lines.len() * 4);
    for line in lines {
        values.extend(args![&line.key, line.partner.as_str(), &line.company, line.eligible]);
    }
    let sql = format!(
        "INSERT INTO licences (key, partner, company, eligible) VALUES {}
         ON CONFLICT (key) DO UPDATE SET partner = excluded.partner, company = excluded.company,
           eligible = excluded.eligible",
        rows_of_parameters(conn.dialect(), 4, lines.len())
    );
    conn.run_once(sql, values).await?;
    let keys: Vec<Value> = lines.iter().map(|line| Value::from(&line.key)).collect();
    let sql = format!("DELETE FROM licence_addresses WHERE key IN ({})", parameters(1, keys.len()));
    conn.run_once(sql, keys).await?;
    let addresses: Vec<(&String, &String)> = lines
        .iter()
        .flat_map(|line| line.addresses.iter().map(|address| (&line.key, address)))
        .collect();
    for chunk in addresses.chunks(AT_ONCE) {
        let values = chunk.iter().flat_map(|(key, email)| args![*key, *email]).collect();
        let rows = rows_of_parameters(conn.dialect(), 2, chunk.len());
        let sql = format!("INSERT INTO licence_addresses (key, email) VALUES {rows}");
        conn.run_once(sql, values).await?;
    }
    Ok(())
}

/// Open cases with one of these keys whose eligibility is another than the licence gives.
async fn differing(conn: &mut Conn, keys: &HashSet<&str>) -> Result<Vec<Differing>, StoreError> {
    let rows: Vec<(String, String, String, bool)> = conn
        .all(
            "SELECT c.id, c.licence_key, c.eligibility, l.eligible
             FROM cases c JOIN licences l ON l.key = c.licence_key
             WHERE c.state <> 'closed'
               AND c.eligibility <> CASE WHEN l.eligible THEN 'eligible' ELSE 'not_eligible' END
             ORDER BY c.n",
            args![],
        )
        .await?;
    Ok(rows
        .into_iter()
        .filter(|(_, key, ..)| keys.contains(key.as_str()))
        .map(|(id, key, is, eligible)| Differing {
            case: CaseId::new(id),
            key,
            is,
            by_licence: if eligible { "eligible" } else { "not_eligible" },
        })
        .collect())
}
