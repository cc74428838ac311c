//! Filling a desk in one go: what the demo is built through. Everything goes in as it is given, in one
//! transaction, past the rules and without the audit record, which begins with the service's own acts.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::timeline::{insert_entries, placeholders};
use super::{SqliteStore, StoreError, to_json, to_ms};
use crate::domain::{
    CaseId, CaseState, CorrectionId, Eligibility, Environment, PartnerId, PhoneFollowUp,
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

impl SqliteStore {
    /// Puts all of it into the store, in one transaction.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is stored then. An id that is taken is one.
    pub async fn seed(&self, seed: &Seed) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = self.begin(&mut writer).await?;
        insert_people(&mut tx, seed).await?;
        let first = insert_cases(&mut tx, &seed.cases).await?;
        insert_timelines(&mut tx, &seed.cases, first).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn insert_people(conn: &mut SqliteConnection, seed: &Seed) -> Result<(), StoreError> {
    for partner in &seed.partners {
        sqlx::query(
            "INSERT INTO partners (id, name) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        )
        .bind(partner.id.as_str())
        .bind(&partner.name)
        .execute(&mut *conn)
        .await?;
    }
    for user in &seed.users {
        sqlx::query("INSERT INTO users (id, name, role, partner) VALUES (?1, ?2, ?3, ?4)")
            .bind(user.id.as_str())
            .bind(&user.name)
            .bind(user.role.word())
            .bind(user.partner.as_ref().map(PartnerId::as_str))
            .execute(&mut *conn)
            .await?;
    }
    for token in &seed.tokens {
        sqlx::query("INSERT INTO tokens (hash, user, label, created_at) VALUES (?1, ?2, ?3, 0)")
            .bind(tokens::hash(&token.token))
            .bind(token.user.as_str())
            .bind(&token.label)
            .execute(&mut *conn)
            .await?;
    }
    for licence in &seed.licences {
        sqlx::query(
            "INSERT INTO licences (key, partner, company, eligible) VALUES (?1, ?2, ?3, ?4)",
        )
        .bind(&licence.key)
        .bind(licence.partner.as_str())
        .bind(&licence.company)
        .bind(licence.eligible)
        .execute(&mut *conn)
        .await?;
    }
    for correction in &seed.corrections {
        sqlx::query(
            "INSERT INTO corrections (id, title, release_plan, status, note, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(correction.id.as_str())
        .bind(&correction.title)
        .bind(&correction.release_plan)
        .bind(&correction.status)
        .bind(&correction.note)
        .bind(to_ms(correction.updated_at))
        .execute(&mut *conn)
        .await?;
    }
    let last = highest(seed.corrections.iter().map(|c| c.id.as_str()));
    raise(conn, "correction", last).await
}

/// The highest number among ids such as `C-10001`; zero of none.
fn highest<'a>(ids: impl Iterator<Item = &'a str>) -> i64 {
    ids.filter_map(|id| id.split_once('-')?.1.parse::<u32>().ok()).max().map_or(0, i64::from)
}

/// Lets a counter go on after a number. (Given the number, not the ids: an iterator that is held over an
/// await would keep the whole future from being `Send`.)
async fn raise(conn: &mut SqliteConnection, counter: &str, number: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE counters SET value = max(value, ?2) WHERE name = ?1")
        .bind(counter)
        .bind(number)
        .execute(conn)
        .await?;
    Ok(())
}

/// Returns the number `n` of the first case.
async fn insert_cases(conn: &mut SqliteConnection, cases: &[SeedCase]) -> Result<i64, StoreError> {
    let (first,): (i64,) =
        sqlx::query_as("SELECT coalesce(max(n), 0) + 1 FROM cases").fetch_one(&mut *conn).await?;
    let (seq,): (i64,) = sqlx::query_as("SELECT value FROM counters WHERE name = 'change'")
        .fetch_one(&mut *conn)
        .await?;
    let mut number = 0;
    for chunk in cases.chunks(CASES_AT_ONCE) {
        let sql = format!(
            "INSERT INTO cases (n, id, subject, severity, tier, state, partner, company, contact,
               assignee, eligibility, environment, workaround, phone_follow_up, correction,
               reached_second, ledger, reported_at, updated_at, revision, change_seq, entries,
               resolution, licence_key, email, phone, product, version, description)
             VALUES {}",
            placeholders(29, chunk.len())
        );
        // Only placeholders are put into the text.
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(chunk.len() == CASES_AT_ONCE);
        for case in chunk {
            let resolution = case.resolution.as_ref().map(to_json).transpose()?;
            query = query
                .bind(first + number)
                .bind(case.id.as_str())
                .bind(&case.subject)
                .bind(case.severity.word())
                .bind(case.tier.word())
                .bind(case.state.word())
                .bind(case.partner.as_str())
                .bind(&case.company)
                .bind(&case.contact)
                .bind(case.assignee.as_ref().map(UserId::as_str))
                .bind(case.eligibility.word())
                .bind(case.environment.word())
                .bind(case.workaround)
                .bind(case.phone_follow_up.map(PhoneFollowUp::word))
                .bind(case.correction.as_ref().map(CorrectionId::as_str))
                .bind(case.reached_second)
                .bind(to_json(&case.ledger)?)
                .bind(to_ms(case.reported_at))
                .bind(to_ms(case.updated_at))
                .bind(i64::try_from(case.revision).unwrap_or(i64::MAX))
                .bind(seq + number + 1)
                .bind(i64::try_from(case.timeline.len()).unwrap_or(i64::MAX))
                .bind(resolution)
                .bind(&case.licence_key)
                .bind(&case.email)
                .bind(&case.phone)
                .bind(&case.product)
                .bind(&case.version)
                .bind(&case.description);
            number += 1;
        }
        query.execute(&mut *conn).await?;
    }
    sqlx::query("UPDATE counters SET value = value + ?1 WHERE name = 'change'")
        .bind(number)
        .execute(&mut *conn)
        .await?;
    let last = highest(cases.iter().map(|c| c.id.as_str()));
    raise(conn, "case", last).await?;
    Ok(first)
}

async fn insert_timelines(
    conn: &mut SqliteConnection,
    cases: &[SeedCase],
    first: i64,
) -> Result<(), StoreError> {
    let rows: Vec<(i64, i64, &TimelineEntry)> = (first..)
        .zip(cases)
        .flat_map(|(n, case)| (1..).zip(&case.timeline).map(move |(seq, entry)| (n, seq, entry)))
        .collect();
    insert_entries(conn, &rows).await
}
