//! Case rows: read in somebody's scope, and written by one conditional update.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, ColumnIndex, Decode, FromRow, Row, Type};

use super::db::{Conn, args, parameters};
use super::texts::{CaseText, insert_texts};
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

impl<'r, R: Row> FromRow<'r, R> for CaseRow
where
    &'static str: ColumnIndex<R>,
    &'r str: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Self::read(row).map_err(|e| match e {
            StoreError::Database(e) => e,
            e => sqlx::Error::Decode(Box::new(e)),
        })
    }
}

impl CaseRow {
    fn read<'r, R: Row>(row: &'r R) -> Result<Self, StoreError>
    where
        &'static str: ColumnIndex<R>,
        &'r str: Decode<'r, R::Database> + Type<R::Database>,
        i64: Decode<'r, R::Database> + Type<R::Database>,
        bool: Decode<'r, R::Database> + Type<R::Database>,
    {
        let text = |column| row.try_get::<&'r str, &'static str>(column);
        let optional = |column| row.try_get::<Option<&'r str>, &'static str>(column);
        let number = |column| row.try_get::<i64, &'static str>(column);
        let yes = |column| row.try_get::<bool, &'static str>(column);
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
            workaround: yes("workaround")?,
            phone_follow_up: optional("phone_follow_up")?.map(word).transpose()?,
            correction: optional("correction")?.map(CorrectionId::from),
            reached_second: yes("reached_second")?,
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
        conn: &mut Conn,
        scope: &Scope,
        id: &CaseId,
    ) -> Result<Option<Self>, StoreError> {
        // Only constants are put together.
        let sql = format!("{SELECT} WHERE c.id = $2 AND ({})", scope.condition());
        conn.optional(AssertSqlSafe(sql), args![scope.value(), id.as_str()]).await
    }

    /// The e-mail address that a case was reported with.
    pub(crate) async fn email(conn: &mut Conn, id: &CaseId) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> =
            conn.optional("SELECT email FROM cases WHERE id = $1", args![id.as_str()]).await?;
        Ok(row.map(|(email,)| email))
    }

    /// Open cases in the scope in the order of registration, after one.
    pub(crate) async fn open_after(
        conn: &mut Conn,
        scope: &Scope,
        after_n: i64,
        limit: usize,
    ) -> Result<Vec<Self>, StoreError> {
        Self::page(conn, Self::open_after_sql(scope), scope, after_n, limit).await
    }

    /// Cases in the scope that changed after a change, in the order of their changes.
    pub(crate) async fn changed_after(
        conn: &mut Conn,
        scope: &Scope,
        after_seq: i64,
        limit: usize,
    ) -> Result<Vec<Self>, StoreError> {
        Self::page(conn, Self::changed_after_sql(scope), scope, after_seq, limit).await
    }

    // Only constants are put together.
    pub(super) fn open_after_sql(scope: &Scope) -> String {
        format!(
            "{SELECT} WHERE {} AND c.state <> 'closed' AND c.n > $2 ORDER BY c.n LIMIT $3",
            scope.condition()
        )
    }

    pub(super) fn changed_after_sql(scope: &Scope) -> String {
        format!(
            "{SELECT} WHERE {} AND c.change_seq > $2 ORDER BY c.change_seq LIMIT $3",
            scope.condition()
        )
    }

    /// The cases in the scope with these places in the order of registration, latest first.
    pub(crate) async fn numbered(
        conn: &mut Conn,
        scope: &Scope,
        numbers: &[i64],
    ) -> Result<Vec<Self>, StoreError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        // Only constants and placeholders are put together.
        let sql = format!(
            "{SELECT} WHERE {} AND c.n IN ({}) ORDER BY c.n DESC",
            scope.condition(),
            parameters(2, numbers.len())
        );
        let mut values = args![scope.value()];
        values.extend(args_of(numbers));
        conn.all(AssertSqlSafe(sql), values).await
    }

    async fn page(
        conn: &mut Conn,
        sql: String,
        scope: &Scope,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Self>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        conn.all(AssertSqlSafe(sql), args![scope.value(), after, limit]).await
    }

    /// Stores a new case; `n` is given by the store, and the change number by [`super::seal`].
    pub(crate) async fn insert(
        &mut self,
        conn: &mut Conn,
        details: &Details,
    ) -> Result<(), StoreError> {
        let (n,): (i64,) = conn
            .one(
                "INSERT INTO cases (id, subject, severity, tier, state, partner, company, contact,
                   assignee, eligibility, environment, workaround, phone_follow_up, correction,
                   reached_second, ledger, reported_at, updated_at, revision, change_seq, entries,
                   resolution, licence_key, email, phone, product, version, description)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                   $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)
                 RETURNING n",
                args![
                    self.id.as_str(),
                    &self.subject,
                    self.severity.word(),
                    self.tier.word(),
                    self.state.word(),
                    self.partner.id.as_str(),
                    &self.company,
                    &self.contact,
                    self.assignee.as_ref().map(|p| p.id.as_str()),
                    self.eligibility.word(),
                    self.environment.word(),
                    self.workaround,
                    self.phone_follow_up.map(PhoneFollowUp::word),
                    self.correction.as_ref().map(CorrectionId::as_str),
                    self.reached_second,
                    to_json(&self.ledger)?,
                    to_ms(self.reported_at),
                    to_ms(self.updated_at),
                    signed(self.revision),
                    self.change_seq,
                    signed(self.entries),
                    details.resolution.as_ref().map(to_json).transpose()?,
                    &details.licence_key,
                    &details.email,
                    &details.phone,
                    &details.product,
                    &details.version,
                    &details.description,
                ],
            )
            .await?;
        self.n = n;
        let fields = [self.id.as_str(), &self.subject, &self.company, &self.contact];
        insert_texts(conn, &[CaseText { n, partner: self.partner.id.as_str(), fields }]).await
    }

    /// Stores what an act changed, if the case still has the revision that the act was decided on.
    pub(crate) async fn update(
        &self,
        conn: &mut Conn,
        decided_on: Revision,
        resolution: Ending<'_>,
    ) -> Result<bool, StoreError> {
        let (changes_it, resolution) = match resolution {
            Ending::Kept => (false, None),
            Ending::Open => (true, None),
            Ending::Closed(resolution) => (true, Some(to_json(resolution)?)),
        };
        let changed = conn
            .run(
                "UPDATE cases SET severity = $3, tier = $4, state = $5, assignee = $6,
                   eligibility = $7, workaround = $8, phone_follow_up = $9, correction = $10,
                   reached_second = $11, ledger = $12, updated_at = $13, revision = $14,
                   entries = $15, resolution = CASE WHEN $16 THEN $17 ELSE resolution END
                 WHERE n = $1 AND revision = $2",
                args![
                    self.n,
                    signed(decided_on),
                    self.severity.word(),
                    self.tier.word(),
                    self.state.word(),
                    self.assignee.as_ref().map(|p| p.id.as_str()),
                    self.eligibility.word(),
                    self.workaround,
                    self.phone_follow_up.map(PhoneFollowUp::word),
                    self.correction.as_ref().map(CorrectionId::as_str),
                    self.reached_second,
                    to_json(&self.ledger)?,
                    to_ms(self.updated_at),
                    signed(self.revision),
                    signed(self.entries),
                    changes_it,
                    resolution,
                ],
            )
            .await?;
        Ok(changed == 1)
    }

    /// Adds an entry to the case's timeline; its `seq` is the case's count of entries.
    pub(crate) async fn add_entry(
        &self,
        conn: &mut Conn,
        entry: &TimelineEntry,
    ) -> Result<(), StoreError> {
        insert_entries(conn, &[(self.n, signed(entry.seq), entry)]).await
    }

    pub(crate) async fn timeline(&self, conn: &mut Conn) -> Result<Vec<TimelineEntry>, StoreError> {
        type Entry = (i64, i64, String, String, String, String, String, String);
        let rows: Vec<Entry> = conn
            .all(
                "SELECT seq, at, actor, actor_name, kind, visibility, text, summary
                 FROM timeline WHERE case_n = $1 ORDER BY seq",
                args![self.n],
            )
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

    /// The case's licence key, and the address that its customer gave.
    pub(crate) async fn address(&self, conn: &mut Conn) -> Result<(String, String), StoreError> {
        conn.one("SELECT licence_key, email FROM cases WHERE n = $1", args![self.n]).await
    }

    pub(crate) async fn details(&self, conn: &mut Conn) -> Result<Details, StoreError> {
        type Rest = (
            String,
            String,
            String,
            Option<String>,
            Option<String>,
            Option<String>,
            Option<String>,
        );
        let (description, licence_key, email, phone, product, version, resolution): Rest = conn
            .one(
                "SELECT description, licence_key, email, phone, product, version, resolution
                 FROM cases WHERE n = $1",
                args![self.n],
            )
            .await?;
        let resolution = resolution.as_deref().map(from_json).transpose()?;
        Ok(Details { description, licence_key, email, phone, product, version, resolution })
    }
}

fn args_of(numbers: &[i64]) -> Vec<super::db::Value> {
    numbers.iter().map(super::db::Value::from).collect()
}

/// An id for a new case, one that nobody has. It is drawn, so that the ids which somebody sees do not tell
/// how many cases others have; its digits grow with the desk, so that it stays short on the phone.
pub(crate) async fn new_case_id(conn: &mut Conn) -> Result<CaseId, StoreError> {
    let registered = super::desk::registered(conn).await?.unsigned_abs();
    let mut lowest: u64 = 10_000;
    // At most about one in five is taken.
    while registered * 5 > lowest * 9 {
        lowest *= 10;
    }
    loop {
        let drawn = uuid::Uuid::new_v4().as_u128() % u128::from(lowest * 9);
        let id = CaseId::new(format!("C-{}", u128::from(lowest) + drawn));
        let taken: Option<(i64,)> =
            conn.optional("SELECT n FROM cases WHERE id = $1", args![id.as_str()]).await?;
        if taken.is_none() {
            return Ok(id);
        }
    }
}

/// What a licence key says: whose it is.
#[derive(Debug, Clone)]
pub(crate) struct Licence {
    pub partner: PartnerRef,
    pub company: String,
    pub eligible: bool,
}

impl Licence {
    pub(crate) async fn find(conn: &mut Conn, key: &str) -> Result<Option<Self>, StoreError> {
        let row: Option<(String, String, String, bool)> = conn
            .optional(
                "SELECT l.partner, p.name, l.company, l.eligible
                 FROM licences l JOIN partners p ON p.id = l.partner WHERE l.key = $1",
                args![key],
            )
            .await?;
        Ok(row.map(|(partner, name, company, eligible)| Self {
            partner: PartnerRef { id: PartnerId::new(partner), name: Untrusted::new(name) },
            company,
            eligible,
        }))
    }
}

pub(crate) async fn partner(conn: &mut Conn, id: &str) -> Result<PartnerRef, StoreError> {
    let (name,): (String,) = conn.one("SELECT name FROM partners WHERE id = $1", args![id]).await?;
    Ok(PartnerRef { id: id.into(), name: Untrusted::new(name) })
}

/// Somebody who can be given a case of this tier and partner.
pub(crate) async fn colleague(
    conn: &mut Conn,
    id: &UserId,
    tier: Tier,
    partner: &PartnerId,
) -> Result<Option<Person>, StoreError> {
    let row: Option<(String,)> = conn
        .optional(
            "SELECT name FROM users WHERE id = $1 AND disabled_at IS NULL
               AND role = CASE $2 WHEN 'first' THEN 'partner' WHEN 'second' THEN 'engineer'
                                  ELSE 'product' END
               AND (partner IS NULL OR partner = $3)",
            args![id.as_str(), tier.word(), partner.as_str()],
        )
        .await?;
    Ok(row.map(|(name,)| Person { id: id.clone(), name: Untrusted::new(name) }))
}

fn unsigned(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
