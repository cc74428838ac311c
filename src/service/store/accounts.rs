//! Partners and users. Read at every request: a role taken away or a user disabled counts from the next
//! one. What an administrator does is in the audit record with its object and what it became: the verb, the
//! id, and then words, of which free text is in quotes (as JSON): `create_user rhald partner nordwind "R. Hald"`.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::db::{Conn, args};
use super::{NewAudit, Scope, Store, StoreError, from_ms, from_serde_word, to_ms};
use crate::domain::rules::{CONTACT_MAX, fault};
use crate::domain::{Actor, PartnerId, PartnerRef, Role, Untrusted, UserId};

/// A user with the partner's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub actor: Actor,
    pub partner: Option<PartnerRef>,
}

/// A user as an administrator sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserRecord {
    pub id: UserId,
    pub name: String,
    pub role: Role,
    pub partner: Option<PartnerId>,
    /// None: their tokens count.
    pub disabled_at: Option<DateTime<Utc>>,
    /// How many tokens they have that are not revoked.
    pub tokens: i64,
    /// How many open cases are assigned to them.
    pub holds: i64,
}

/// A partner as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartnerRecord {
    pub id: PartnerId,
    pub name: String,
    pub agents: i64,
    pub licences: i64,
}

/// Who acts in timelines without being a user.
const NOBODYS: [&str; 2] = ["customer", "desk"];
/// The longest id that is given to a user or a partner.
const ID_MAX: usize = 64;

fn check_id(id: &str) -> Result<(), StoreError> {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"-_.@".contains(&b);
    if (1..=ID_MAX).contains(&id.len()) && id.bytes().all(known) {
        return Ok(());
    }
    Err(StoreError::Refused(format!(
        "an id has 1 to {ID_MAX} letters, digits, \"-\", \"_\", \".\" or \"@\""
    )))
}

fn check_name(name: &str) -> Result<(), StoreError> {
    let fault = if name.trim().is_empty() {
        Some("must not be empty".to_owned())
    } else {
        fault(name, CONTACT_MAX)
    };
    fault.map_or(Ok(()), |fault| Err(StoreError::Refused(format!("the name {fault}"))))
}

pub(super) type AccountRow = (String, String, String, Option<String>, Option<String>);

pub(super) fn account(
    (id, name, role, partner, partner_name): AccountRow,
) -> Result<Account, StoreError> {
    let partner = partner.map(PartnerId::new);
    let partner_ref = partner.clone().map(|id| PartnerRef {
        name: Untrusted::new(partner_name.unwrap_or_else(|| id.as_str().to_owned())),
        id,
    });
    let actor = Actor {
        id: UserId::new(id),
        name: Untrusted::new(name),
        role: from_serde_word(&role)?,
        partner,
    };
    Ok(Account { actor, partner: partner_ref })
}

async fn exists(conn: &mut Conn, sql: &'static str, id: &str) -> Result<bool, StoreError> {
    let row: Option<(i64,)> = conn.optional(sql, args![id]).await?;
    Ok(row.is_some())
}

pub(super) async fn is_user(conn: &mut Conn, user: &UserId) -> Result<bool, StoreError> {
    exists(conn, "SELECT CAST(1 AS BIGINT) FROM users WHERE id = $1", user.as_str()).await
}

pub(super) async fn is_partner(conn: &mut Conn, id: &PartnerId) -> Result<bool, StoreError> {
    exists(conn, "SELECT CAST(1 AS BIGINT) FROM partners WHERE id = $1", id.as_str()).await
}

pub(super) fn no_user(user: &UserId) -> StoreError {
    StoreError::Refused(format!("there is no user {user}"))
}

fn no_partner(id: &PartnerId) -> StoreError {
    StoreError::Refused(format!(
        "there is no partner {id}; caseload admin partner list shows who is there"
    ))
}

/// Whether role and partner go together, and the partner is there.
async fn check_place(
    conn: &mut Conn,
    role: Role,
    partner: Option<&PartnerId>,
) -> Result<(), StoreError> {
    if (role == Role::Partner) != partner.is_some() {
        return Err(StoreError::Refused(
            "a partner agent needs a partner, and nobody else has one".to_owned(),
        ));
    }
    match partner {
        Some(partner) if !is_partner(conn, partner).await? => Err(no_partner(partner)),
        _ => Ok(()),
    }
}

/// A role as the audit record tells it.
fn place(role: Role, partner: Option<&PartnerId>) -> String {
    match partner {
        Some(partner) => format!("{} {}", role.word(), partner.as_str()),
        None => role.word().to_owned(),
    }
}

/// Free text within an entry of the audit record: on one line, and its end is certain.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Puts an administrator's act on record, last in its transaction.
pub(super) async fn record(
    conn: &mut Conn,
    now: DateTime<Utc>,
    action: &str,
) -> Result<(), StoreError> {
    NewAudit { at: now, actor: "admin", action, case: None, key: None }.append(conn).await
}

type UserRow = (String, String, String, Option<String>, Option<i64>, i64, i64);

async fn user_records(
    conn: &mut Conn,
    one: Option<&UserId>,
) -> Result<Vec<UserRecord>, StoreError> {
    let rows: Vec<UserRow> = conn
        .all(
            "SELECT u.id, u.name, u.role, u.partner, u.disabled_at,
               (SELECT count(*) FROM tokens t WHERE t.\"user\" = u.id AND t.revoked_at IS NULL),
               (SELECT count(*) FROM cases c WHERE c.assignee = u.id AND c.state <> 'closed')
             FROM users u WHERE $1 IS NULL OR u.id = $1 ORDER BY u.id",
            args![one.map(UserId::as_str)],
        )
        .await?;
    rows.into_iter()
        .map(|(id, name, role, partner, disabled_at, tokens, holds)| {
            Ok(UserRecord {
                id: UserId::new(id),
                name,
                role: from_serde_word(&role)?,
                partner: partner.map(PartnerId::new),
                disabled_at: disabled_at.map(from_ms).transpose()?,
                tokens,
                holds,
            })
        })
        .collect()
}

async fn user_record(conn: &mut Conn, user: &UserId) -> Result<UserRecord, StoreError> {
    user_records(conn, Some(user)).await?.pop().ok_or_else(|| no_user(user))
}

impl Store {
    pub async fn account(&self, user: &UserId) -> Result<Option<Account>, StoreError> {
        let mut conn = self.lookup().await?;
        let row: Option<AccountRow> = conn
            .optional(
                "SELECT u.id, u.name, u.role, u.partner, p.name
                 FROM users u LEFT JOIN partners p ON p.id = u.partner WHERE u.id = $1",
                args![user.as_str()],
            )
            .await?;
        row.map(account).transpose()
    }

    /// Makes a user.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the id is taken, the partner is unknown, or role and partner do not
    /// go together.
    pub async fn create_user(
        &self,
        user: &UserId,
        name: &str,
        role: Role,
        partner: Option<&PartnerId>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        check_id(user.as_str())?;
        check_name(name)?;
        if NOBODYS.contains(&user.as_str()) {
            return Err(StoreError::Refused(format!(
                "{user} is how the desk calls a customer or itself"
            )));
        }
        let mut tx = self.write(&Scope::Nothing).await?;
        check_place(&mut tx, role, partner).await?;
        let made = tx
            .run(
                "INSERT INTO users (id, name, role, partner) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (id) DO NOTHING",
                args![user.as_str(), name, role.word(), partner.map(PartnerId::as_str)],
            )
            .await?;
        if made == 0 {
            return Err(StoreError::Refused(format!("there is a user {user} already")));
        }
        let place = place(role, partner);
        record(&mut tx, now, &format!("create_user {} {place} {}", user.as_str(), quoted(name)))
            .await?;
        tx.commit().await
    }

    /// Every user, by id.
    pub async fn users(&self) -> Result<Vec<UserRecord>, StoreError> {
        let mut conn = self.read(&Scope::All).await?;
        user_records(&mut conn, None).await
    }

    /// One user.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is no such user.
    pub async fn user(&self, user: &UserId) -> Result<UserRecord, StoreError> {
        let mut conn = self.read(&Scope::All).await?;
        user_record(&mut conn, user).await
    }

    /// Gives a user another role. It counts from the next request on; cases that they hold stay theirs.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is no such user or partner, or the two do not go together.
    pub async fn set_role(
        &self,
        user: &UserId,
        role: Role,
        partner: Option<&PartnerId>,
        now: DateTime<Utc>,
    ) -> Result<UserRecord, StoreError> {
        let mut tx = self.write(&Scope::All).await?;
        let before = user_record(&mut tx, user).await?;
        check_place(&mut tx, role, partner).await?;
        if before.role == role && before.partner.as_ref() == partner {
            return Ok(before);
        }
        tx.run(
            "UPDATE users SET role = $2, partner = $3 WHERE id = $1",
            args![user.as_str(), role.word(), partner.map(PartnerId::as_str)],
        )
        .await?;
        let place = place(role, partner);
        record(&mut tx, now, &format!("set_user_role {} {place}", user.as_str())).await?;
        let after = user_record(&mut tx, user).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Gives a user another name. What they did stays under the one they had.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is no such user or the name cannot be used.
    pub async fn rename_user(
        &self,
        user: &UserId,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        check_name(name)?;
        let mut tx = self.write(&Scope::Nothing).await?;
        let renamed =
            tx.run("UPDATE users SET name = $2 WHERE id = $1", args![user.as_str(), name]).await?;
        if renamed == 0 {
            return Err(no_user(user));
        }
        record(&mut tx, now, &format!("rename_user {} {}", user.as_str(), quoted(name))).await?;
        tx.commit().await
    }

    /// Lets a user's tokens count no more from the next request on, or count again. Whether anything changed.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is no such user.
    pub async fn set_disabled(
        &self,
        user: &UserId,
        disabled: bool,
        now: DateTime<Utc>,
    ) -> Result<(bool, UserRecord), StoreError> {
        let mut tx = self.write(&Scope::All).await?;
        let before = user_record(&mut tx, user).await?;
        if before.disabled_at.is_some() == disabled {
            return Ok((false, before));
        }
        let since = disabled.then(|| to_ms(now));
        tx.run("UPDATE users SET disabled_at = $2 WHERE id = $1", args![user.as_str(), since])
            .await?;
        let verb = if disabled { "disable_user" } else { "enable_user" };
        record(&mut tx, now, &format!("{verb} {}", user.as_str())).await?;
        let after = user_record(&mut tx, user).await?;
        tx.commit().await?;
        Ok((true, after))
    }

    /// Every partner with its name, how many agents and how many licences it has, by id.
    pub async fn partners(&self) -> Result<Vec<PartnerRecord>, StoreError> {
        let mut conn = self.lookup().await?;
        let rows: Vec<(String, String, i64, i64)> = conn
            .all(
                "SELECT p.id, p.name,
                   (SELECT count(*) FROM users u WHERE u.partner = p.id),
                   (SELECT count(*) FROM licences l WHERE l.partner = p.id)
                 FROM partners p ORDER BY p.id",
                args![],
            )
            .await?;
        let record = |(id, name, agents, licences): (String, String, i64, i64)| PartnerRecord {
            id: PartnerId::new(id),
            name,
            agents,
            licences,
        };
        Ok(rows.into_iter().map(record).collect())
    }

    /// Makes a partner, or gives it a new name.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if id or name cannot be used.
    pub async fn put_partner(
        &self,
        id: &PartnerId,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        check_id(id.as_str())?;
        check_name(name)?;
        let mut tx = self.write(&Scope::Nothing).await?;
        let there = is_partner(&mut tx, id).await?;
        tx.run(
            "INSERT INTO partners (id, name) VALUES ($1, $2)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            args![id.as_str(), name],
        )
        .await?;
        let verb = if there { "rename_partner" } else { "create_partner" };
        record(&mut tx, now, &format!("{verb} {} {}", id.as_str(), quoted(name))).await?;
        tx.commit().await
    }

    /// Gives a partner that is there another name.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is no such partner or the name cannot be used.
    pub async fn rename_partner(
        &self,
        id: &PartnerId,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if !is_partner(&mut self.lookup().await?, id).await? {
            return Err(no_partner(id));
        }
        self.put_partner(id, name, now).await
    }
}
