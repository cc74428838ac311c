//! Filling a desk in one go: what the demo is built through. Everything goes in as it is given, in one
//! transaction, past the rules and without the audit record, which begins with the service's own acts.

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;

use super::corrections::record_opening;
use super::db::{Conn, Dialect, args, rows_of_parameters};
use super::desk::registered;
use super::texts::{CaseText, insert_texts};
use super::timeline::insert_entries;
use super::{Scope, Store, StoreError, to_json, to_ms};
use crate::domain::{
    CaseId, CaseState, CorrectionId, Eligibility, Environment, PartnerId, Person, PhoneFollowUp,
    Resolution, Revision, Role, Severity, Tier, TimelineEntry, UserId,
};
use crate::service::tokens;
use crate::sla::ledger::Ledger;

/// Everything that a desk is made from. May be given in parts: what is there stays.
#[derive(Debug, Clone, Default)]
pub struct Seed {
    pub partners: Vec<SeedPartner>,
    pub users: Vec<SeedUser>,
    pub tokens: Vec<SeedToken>,
    pub licences: Vec<SeedLicence>,
    pub corrections: Vec<SeedCorrection>,
    pub cases: Vec<SeedCase>,
}

/// A partner; one that is there (`direct` always is) gets the new name.
#[derive(Debug, Clone)]
pub struct SeedPartner {
    pub id: PartnerId,
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct SeedUser {
    pub id: UserId,
    pub name: String,
    pub role: Role,
    /// Set for [`Role::Partner`] alone.
    pub partner: Option<PartnerId>,
}

/// A token that is known beforehand. Only its SHA-256 is stored.
#[derive(Clone)]
pub struct SeedToken {
    pub user: UserId,
    pub token: String,
    pub label: String,
}

impl std::fmt::Debug for SeedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeedToken").field("user", &self.user).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
pub struct SeedLicence {
    pub key: String,
    pub partner: PartnerId,
    pub company: String,
    pub eligible: bool,
    /// The addresses on record.
    pub addresses: Vec<String>,
}

/// A correction; `release_plan` and `status` are words of the case API.
#[derive(Debug, Clone)]
pub struct SeedCorrection {
    pub id: CorrectionId,
    pub title: String,
    pub release_plan: Option<String>,
    pub status: String,
    pub note: Option<String>,
    pub updated_at: DateTime<Utc>,
}

/// A case with its past.
#[derive(Debug, Clone)]
pub struct SeedCase {
    pub id: CaseId,
    pub subject: String,
    pub description: String,
    pub severity: Severity,
    pub tier: Tier,
    pub state: CaseState,
    pub partner: PartnerId,
    pub company: String,
    pub contact: String,
    pub email: String,
    pub phone: Option<String>,
    pub product: Option<String>,
    pub version: Option<String>,
    pub licence_key: String,
    pub eligibility: Eligibility,
    pub environment: Environment,
    pub workaround: bool,
    pub phone_follow_up: Option<PhoneFollowUp>,
    pub assignee: Option<UserId>,
    pub correction: Option<CorrectionId>,
    /// Whether the case is or was at 2nd level.
    pub reached_second: bool,
    pub ledger: Ledger,
    /// Set for closed cases.
    pub resolution: Option<Resolution>,
    pub revision: Revision,
    pub reported_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Oldest first; `seq` is given anew, from 1.
    pub timeline: Vec<TimelineEntry>,
}

/// How many cases go into one statement: SQLite takes 32,766 values in one.
const CASES_AT_ONCE: usize = 200;

impl Store {
    /// Puts all of it into the store, in one transaction.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is stored then. An id that is taken is one.
    pub async fn seed(&self, seed: &Seed) -> Result<(), StoreError> {
        let mut tx = self.write(&Scope::All).await?;
        insert_people(&mut tx, seed).await?;
        let first = insert_cases(&mut tx, &seed.cases).await?;
        let texts: Vec<CaseText<'_>> = (first..)
            .zip(&seed.cases)
            .map(|(n, case)| CaseText {
                n,
                partner: case.partner.as_str(),
                fields: [case.id.as_str(), &case.subject, &case.company, &case.contact],
            })
            .collect();
        insert_texts(&mut tx, &texts).await?;
        insert_timelines(&mut tx, &seed.cases, first).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn insert_people(conn: &mut Conn, seed: &Seed) -> Result<(), StoreError> {
    for partner in &seed.partners {
        conn.run(
            "INSERT INTO partners (id, name) VALUES ($1, $2)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            args![partner.id.as_str(), &partner.name],
        )
        .await?;
    }
    for user in &seed.users {
        conn.run(
            "INSERT INTO users (id, name, role, partner) VALUES ($1, $2, $3, $4)",
            args![
                user.id.as_str(),
                &user.name,
                user.role.word(),
                user.partner.as_ref().map(PartnerId::as_str),
            ],
        )
        .await?;
    }
    for token in &seed.tokens {
        conn.run(
            "INSERT INTO tokens (hash, \"user\", label, created_at) VALUES ($1, $2, $3, 0)",
            args![tokens::hash(&token.token), token.user.as_str(), &token.label],
        )
        .await?;
    }
    for licence in &seed.licences {
        conn.run(
            "INSERT INTO licences (key, partner, company, eligible) VALUES ($1, $2, $3, $4)",
            args![&licence.key, licence.partner.as_str(), &licence.company, licence.eligible],
        )
        .await?;
        for address in &licence.addresses {
            conn.run(
                "INSERT INTO licence_addresses (key, email) VALUES ($1, $2)",
                args![&licence.key, address.to_lowercase()],
            )
            .await?;
        }
    }
    for correction in &seed.corrections {
        conn.run(
            "INSERT INTO corrections (id, title, release_plan, status, note, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![
                correction.id.as_str(),
                &correction.title,
                &correction.release_plan,
                &correction.status,
                &correction.note,
                to_ms(correction.updated_at),
            ],
        )
        .await?;
        // Whoever opened it in earlier days.
        if let Some(manager) = seed.users.iter().find(|user| user.role == Role::Product) {
            let id = &correction.id;
            let by = Person { id: manager.id.clone(), name: manager.name.as_str().into() };
            record_opening(conn, id, &by, correction.updated_at).await?;
        }
    }
    let last = highest(seed.corrections.iter().map(|c| c.id.as_str()));
    conn.run(
        "UPDATE counters SET value = $1 WHERE name = 'correction' AND value < $1",
        args![last],
    )
    .await?;
    Ok(())
}

/// The highest number among ids such as `K-17`; zero of none.
fn highest<'a>(ids: impl Iterator<Item = &'a str>) -> i64 {
    ids.filter_map(|id| id.split_once('-')?.1.parse::<u32>().ok()).max().map_or(0, i64::from)
}

/// Returns the number `n` of the first case.
async fn insert_cases(conn: &mut Conn, cases: &[SeedCase]) -> Result<i64, StoreError> {
    let first = registered(conn).await? + 1;
    let (seq,): (i64,) =
        conn.one("SELECT value FROM counters WHERE name = 'change'", args![]).await?;
    let mut number = 0;
    for chunk in cases.chunks(CASES_AT_ONCE) {
        let sql = format!(
            "INSERT INTO cases (n, id, subject, severity, tier, state, partner, company, contact,
               assignee, eligibility, environment, workaround, phone_follow_up, correction,
               reached_second, ledger, reported_at, updated_at, revision, change_seq, entries,
               resolution, licence_key, email, phone, product, version, description)
             VALUES {}",
            rows_of_parameters(conn.dialect(), 29, chunk.len())
        );
        let mut values = Vec::with_capacity(29 * chunk.len());
        for case in chunk {
            values.extend(args![
                first + number,
                case.id.as_str(),
                &case.subject,
                case.severity.word(),
                case.tier.word(),
                case.state.word(),
                case.partner.as_str(),
                &case.company,
                &case.contact,
                case.assignee.as_ref().map(UserId::as_str),
                case.eligibility.word(),
                case.environment.word(),
                case.workaround,
                case.phone_follow_up.map(PhoneFollowUp::word),
                case.correction.as_ref().map(CorrectionId::as_str),
                case.reached_second,
                to_json(&case.ledger)?,
                to_ms(case.reported_at),
                to_ms(case.updated_at),
                i64::try_from(case.revision).unwrap_or(i64::MAX),
                seq + number + 1,
                i64::try_from(case.timeline.len()).unwrap_or(i64::MAX),
                case.resolution.as_ref().map(to_json).transpose()?,
                &case.licence_key,
                &case.email,
                &case.phone,
                &case.product,
                &case.version,
                &case.description,
            ]);
            number += 1;
        }
        // Only placeholders are put into the text. What comes again is kept prepared.
        if chunk.len() == CASES_AT_ONCE {
            conn.run(AssertSqlSafe(sql), values).await?;
        } else {
            conn.run_once(sql, values).await?;
        }
    }
    conn.run("UPDATE counters SET value = value + $1 WHERE name = 'change'", args![number]).await?;
    if conn.dialect() == Dialect::Postgres {
        // The numbers were given here, not by the column.
        conn.run(
            "SELECT setval(pg_get_serial_sequence('cases', 'n'), greatest($1, 1))",
            args![first + number - 1],
        )
        .await?;
    }
    Ok(first)
}

async fn insert_timelines(
    conn: &mut Conn,
    cases: &[SeedCase],
    first: i64,
) -> Result<(), StoreError> {
    let rows: Vec<(i64, i64, &TimelineEntry)> = (first..)
        .zip(cases)
        .flat_map(|(n, case)| (1..).zip(&case.timeline).map(move |(seq, entry)| (n, seq, entry)))
        .collect();
    insert_entries(conn, &rows).await
}
