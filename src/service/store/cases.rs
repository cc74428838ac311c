//! Case rows: read in somebody's scope, and written by one conditional update.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, Row, SqliteConnection};

use super::timeline::insert_entries;
use super::{Scope, StoreError, from_json, from_ms, from_serde_word, to_json, to_ms, word};
use crate::domain::{
    Case, CaseId, CaseState, CorrectionId, Customer, Eligibility, Environment, PartnerId,
    PartnerRef, Person, PhoneFollowUp, Resolution, Revision, Severity, Tier, TimelineEntry,
    Untrusted, UserId,
};
use crate::sla::ledger::Ledger;
use crate::sla::policy::Policy;

/// What the feed and the rules need of a case: everything but what may be long.
#[derive(Debug, Clone)]
pub(crate) struct CaseRow {
    /// The place in the order of registration.
    pub n: i64,
    pub id: CaseId,
    pub subject: String,
    pub severity: Severity,
    pub tier: Tier,
    pub state: CaseState,
    pub partner: PartnerRef,
    pub company: String,
    pub contact: String,
    pub assignee: Option<Person>,
    pub eligibility: Eligibility,
    pub environment: Environment,
    pub workaround: bool,
    pub phone_follow_up: Option<PhoneFollowUp>,
    pub correction: Option<CorrectionId>,
    pub reached_second: bool,
    pub ledger: Ledger,
    pub reported_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub revision: Revision,
    pub change_seq: i64,
    pub entries: u64,
}

/// The rest of a case.
#[derive(Debug, Clone)]
pub(crate) struct Details {
    pub description: String,
    pub licence_key: String,
    pub email: String,
    pub phone: Option<String>,
    pub product: Option<String>,
    pub version: Option<String>,
    pub resolution: Option<Resolution>,
}

/// What an act does to a case's resolution.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending<'a> {
    /// As it was, whatever it was.
    Kept,
    Open,
    Closed(&'a Resolution),
}

/// The columns of [`CaseRow`], with the tables that they come from.
const SELECT: &str = "SELECT c.n, c.id, c.subject, c.severity, c.tier, c.state, c.partner,
    p.name AS partner_name, c.company, c.contact, c.assignee, u.name AS assignee_name,
    c.eligibility, c.environment, c.workaround, c.phone_follow_up, c.correction,
    c.reached_second, c.ledger, c.reported_at, c.updated_at, c.revision, c.change_seq, c.entries
  FROM cases c JOIN partners p ON p.id = c.partner LEFT JOIN users u ON u.id = c.assignee";

impl FromRow<'_, SqliteRow> for CaseRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Self::read(row).map_err(|e| match e {
            StoreError::Database(e) => e,
            e => sqlx::Error::Decode(Box::new(e)),
        })
    }
}

impl CaseRow {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let text = |column: &str| row.try_get::<&str, _>(column).map_err(StoreError::Database);
        let optional =
            |column: &str| row.try_get::<Option<&str>, _>(column).map_err(StoreError::Database);
        let number = |column: &str| row.try_get::<i64, _>(column).map_err(StoreError::Database);
        let assignee = match optional("assignee")? {
            None => None,
            Some(id) => Some(Person {
                id: id.into(),
                name: optional("assignee_name")?.unwrap_or(id).into(),
            }),
        };
        Ok(Self {
            n: number("n")?,
            id: text("id")?.into(),
            subject: text("subject")?.to_owned(),
            severity: word(text("severity")?)?,
            tier: word(text("tier")?)?,
            state: word(text("state")?)?,
            partner: PartnerRef { id: text("partner")?.into(), name: text("partner_name")?.into() },
            company: text("company")?.to_owned(),
            contact: text("contact")?.to_owned(),
            assignee,
            eligibility: word(text("eligibility")?)?,
            environment: word(text("environment")?)?,
            workaround: number("workaround")? != 0,
            phone_follow_up: optional("phone_follow_up")?.map(word).transpose()?,
            correction: optional("correction")?.map(CorrectionId::from),
            reached_second: number("reached_second")? != 0,
            ledger: from_json(text("ledger")?)?,
            reported_at: from_ms(number("reported_at")?)?,
            updated_at: from_ms(number("updated_at")?)?,
            revision: unsigned(number("revision")?),
            change_seq: number("change_seq")?,
            entries: unsigned(number("entries")?),
        })
    }

    /// The case as the API gives it at an instant. The clocks are worked out now, never kept.
    pub(crate) fn case(&self, now: DateTime<Utc>, policy: &Policy) -> Case {
        Case {
            id: self.id.clone(),
            subject: self.subject.as_str().into(),
            severity: self.severity,
            tier: self.tier,
            state: self.state,
            partner: self.partner.clone(),
            customer: Customer {
                company: self.company.as_str().into(),
                contact: self.contact.as_str().into(),
            },
            assignee: self.assignee.clone(),
            eligibility: self.eligibility,
            environment: self.environment,
            workaround: self.workaround,
            phone_follow_up: self.phone_follow_up,
            correction: self.correction.clone(),
            reported_at: self.reported_at,
            updated_at: self.updated_at,
            revision: self.revision,
            clocks: self.ledger.summaries(now, policy),
        }
    }

    /// One case, if it is there and in the scope.
    pub(crate) async fn load(
        conn: &mut SqliteConnection,
        scope: &Scope,
        id: &CaseId,
    ) -> Result<Option<Self>, StoreError> {
        // Only constants are put together.
        let sql = format!("{SELECT} WHERE c.id = ?2 AND ({})", scope.condition());
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(scope.value())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?)
    }

    /// Open cases in the scope in the order of registration, after one.
    pub(crate) async fn open_after(
        conn: &mut SqliteConnection,
        scope: &Scope,
        after_n: i64,
        limit: usize,
    ) -> Result<Vec<Self>, StoreError> {
        // Only constants are put together.
        let sql = format!(
            "{SELECT} WHERE {} AND c.state <> 'closed' AND c.n > ?2 ORDER BY c.n LIMIT ?3",
            scope.condition()
        );
        Self::page(conn, sql, scope, after_n, limit).await
    }

    /// Cases in the scope that changed after a change, in the order of their changes.
    pub(crate) async fn changed_after(
        conn: &mut SqliteConnection,
        scope: &Scope,
        after_seq: i64,
        limit: usize,
    ) -> Result<Vec<Self>, StoreError> {
        // Only constants are put together.
        let sql = format!(
            "{SELECT} WHERE {} AND c.change_seq > ?2 ORDER BY c.change_seq LIMIT ?3",
            scope.condition()
        );
        Self::page(conn, sql, scope, after_seq, limit).await
    }

    /// The cases in the scope with these places in the order of registration (a JSON list), latest first.
    pub(crate) async fn numbered(
        conn: &mut SqliteConnection,
        scope: &Scope,
        numbers: &str,
    ) -> Result<Vec<Self>, StoreError> {
        // Only constants are put together.
        let sql = format!(
            "{SELECT} WHERE {} AND c.n IN (SELECT value FROM json_each(?2)) ORDER BY c.n DESC",
            scope.condition()
        );
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(scope.value()).bind(numbers);
        Ok(query.fetch_all(conn).await?)
    }

    async fn page(
        conn: &mut SqliteConnection,
        sql: String,
        scope: &Scope,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Self>, StoreError> {
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(scope.value())
            .bind(after)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(conn)
            .await?)
    }

    /// Stores a new case; `n` is given by the store.
    pub(crate) async fn insert(
        &mut self,
        conn: &mut SqliteConnection,
        details: &Details,
    ) -> Result<(), StoreError> {
        let done = sqlx::query(
            "INSERT INTO cases (id, subject, severity, tier, state, partner, company, contact,
               assignee, eligibility, environment, workaround, phone_follow_up, correction,
               reached_second, ledger, reported_at, updated_at, revision, change_seq, entries,
               resolution, licence_key, email, phone, product, version, description)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
               ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)",
        )
        .bind(self.id.as_str())
        .bind(&self.subject)
        .bind(self.severity.word())
        .bind(self.tier.word())
        .bind(self.state.word())
        .bind(self.partner.id.as_str())
        .bind(&self.company)
        .bind(&self.contact)
        .bind(self.assignee.as_ref().map(|p| p.id.as_str()))
        .bind(self.eligibility.word())
        .bind(self.environment.word())
        .bind(self.workaround)
        .bind(self.phone_follow_up.map(PhoneFollowUp::word))
        .bind(self.correction.as_ref().map(CorrectionId::as_str))
        .bind(self.reached_second)
        .bind(to_json(&self.ledger)?)
        .bind(to_ms(self.reported_at))
        .bind(to_ms(self.updated_at))
        .bind(signed(self.revision))
        .bind(self.change_seq)
        .bind(signed(self.entries))
        .bind(details.resolution.as_ref().map(to_json).transpose()?)
        .bind(&details.licence_key)
        .bind(&details.email)
        .bind(&details.phone)
        .bind(&details.product)
        .bind(&details.version)
        .bind(&details.description)
        .execute(conn)
        .await?;
        self.n = done.last_insert_rowid();
        Ok(())
    }

    /// Stores what an act changed, if the case still has the revision that the act was decided on.
    pub(crate) async fn update(
        &self,
        conn: &mut SqliteConnection,
        decided_on: Revision,
        resolution: Ending<'_>,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE cases SET severity = ?3, tier = ?4, state = ?5, assignee = ?6,
               eligibility = ?7, workaround = ?8, phone_follow_up = ?9, correction = ?10,
               reached_second = ?11, ledger = ?12, updated_at = ?13, revision = ?14,
               change_seq = ?15, entries = ?16,
               resolution = CASE WHEN ?17 THEN ?18 ELSE resolution END
             WHERE n = ?1 AND revision = ?2",
        )
        .bind(self.n)
        .bind(signed(decided_on))
        .bind(self.severity.word())
        .bind(self.tier.word())
        .bind(self.state.word())
        .bind(self.assignee.as_ref().map(|p| p.id.as_str()))
        .bind(self.eligibility.word())
        .bind(self.workaround)
        .bind(self.phone_follow_up.map(PhoneFollowUp::word))
        .bind(self.correction.as_ref().map(CorrectionId::as_str))
        .bind(self.reached_second)
        .bind(to_json(&self.ledger)?)
        .bind(to_ms(self.updated_at))
        .bind(signed(self.revision))
        .bind(self.change_seq)
        .bind(signed(self.entries))
        .bind(!matches!(resolution, Ending::Kept))
        .bind(match resolution {
            Ending::Closed(resolution) => Some(to_json(resolution)?),
            Ending::Kept | Ending::Open => None,
        })
        .execute(conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Adds an entry to the case's timeline; its `seq` is the case's count of entries.
    pub(crate) async fn add_entry(
        &self,
        conn: &mut SqliteConnection,
        entry: &TimelineEntry,
    ) -> Result<(), StoreError> {
        insert_entries(conn, &[(self.n, signed(entry.seq), entry)]).await
    }

    pub(crate) async fn timeline(
        &self,
        conn: &mut SqliteConnection,
    ) -> Result<Vec<TimelineEntry>, StoreError> {
        type Entry = (i64, i64, String, String, String, String, String, String);
        let rows: Vec<Entry> = sqlx::query_as(
            "SELECT seq, at, actor, actor_name, kind, visibility, text, summary
             FROM timeline WHERE case_n = ?1 ORDER BY seq",
        )
        .bind(self.n)
        .fetch_all(conn)
        .await?;
        rows.into_iter()
            .map(|(seq, at, actor, name, kind, visibility, text, summary)| {
                Ok(TimelineEntry {
                    seq: unsigned(seq),
                    at: from_ms(at)?,
                    actor: Person { id: UserId::new(actor), name: Untrusted::new(name) },
                    kind: from_serde_word(&kind)?,
                    visibility: from_serde_word(&visibility)?,
                    text: Untrusted::new(text),
                    summary: Untrusted::new(summary),
                })
            })
            .collect()
    }

    pub(crate) async fn details(&self, conn: &mut SqliteConnection) -> Result<Details, StoreError> {
        type Rest = (
            String,
            String,
            String,
            Option<String>,
            Option<String>,
            Option<String>,
            Option<String>,
        );
        let (description, licence_key, email, phone, product, version, resolution): Rest =
            sqlx::query_as(
                "SELECT description, licence_key, email, phone, product, version, resolution
                 FROM cases WHERE n = ?1",
            )
            .bind(self.n)
            .fetch_one(conn)
            .await?;
        let resolution = resolution.as_deref().map(from_json).transpose()?;
        Ok(Details { description, licence_key, email, phone, product, version, resolution })
    }
}

/// The next number of a counter, in the writer's transaction.
pub(crate) async fn next_id(
    conn: &mut SqliteConnection,
    counter: &'static str,
) -> Result<i64, StoreError> {
    let (value,): (i64,) =
        sqlx::query_as("UPDATE counters SET value = value + 1 WHERE name = ?1 RETURNING value")
            .bind(counter)
            .fetch_one(conn)
            .await?;
    Ok(value)
}

/// What a licence key says: whose it is.
#[derive(Debug, Clone)]
pub(crate) struct Licence {
    pub partner: PartnerRef,
    pub company: String,
    pub eligible: bool,
}

impl Licence {
    pub(crate) async fn find(
        conn: &mut SqliteConnection,
        key: &str,
    ) -> Result<Option<Self>, StoreError> {
        let row: Option<(String, String, String, bool)> = sqlx::query_as(
            "SELECT l.partner, p.name, l.company, l.eligible
             FROM licences l JOIN partners p ON p.id = l.partner WHERE l.key = ?1",
        )
        .bind(key)
        .fetch_optional(conn)
        .await?;
        Ok(row.map(|(partner, name, company, eligible)| Self {
            partner: PartnerRef { id: PartnerId::new(partner), name: Untrusted::new(name) },
            company,
            eligible,
        }))
    }
}

pub(crate) async fn partner(
    conn: &mut SqliteConnection,
    id: &str,
) -> Result<PartnerRef, StoreError> {
    let (name,): (String,) =
        sqlx::query_as("SELECT name FROM partners WHERE id = ?1").bind(id).fetch_one(conn).await?;
    Ok(PartnerRef { id: id.into(), name: Untrusted::new(name) })
}

/// Somebody who can be given a case of this tier and partner.
pub(crate) async fn colleague(
    conn: &mut SqliteConnection,
    id: &UserId,
    tier: Tier,
    partner: &PartnerId,
) -> Result<Option<Person>, StoreError> {
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT name FROM users WHERE id = ?1
           AND role = CASE ?2 WHEN 'first' THEN 'partner' WHEN 'second' THEN 'engineer'
                              ELSE 'product' END
           AND (partner IS NULL OR partner = ?3)",
    )
    .bind(id.as_str())
    .bind(tier.word())
    .bind(partner.as_str())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|(name,)| Person { id: id.clone(), name: Untrusted::new(name) }))
}

pub(crate) async fn correction_exists(
    conn: &mut SqliteConnection,
    id: &CorrectionId,
) -> Result<bool, StoreError> {
    let row: Option<(i64,)> = sqlx::query_as("SELECT n FROM corrections WHERE id = ?1")
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

/// A correction with nothing planned yet.
pub(crate) async fn open_correction(
    conn: &mut SqliteConnection,
    title: &str,
    now: DateTime<Utc>,
) -> Result<CorrectionId, StoreError> {
    let id = CorrectionId::new(format!("K-{}", next_id(&mut *conn, "correction").await?));
    sqlx::query(
        "INSERT INTO corrections (id, title, status, updated_at) VALUES (?1, ?2, 'confirmed', ?3)",
    )
    .bind(id.as_str())
    .bind(title)
    .bind(to_ms(now))
    .execute(conn)
    .await?;
    Ok(id)
}

fn unsigned(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
