//! Users and their tokens. Read at every request: a role taken away or a token revoked counts from the
//! next one.

use chrono::{DateTime, Utc};

use super::db::{Conn, args};
use super::{NewAudit, Scope, Store, StoreError, from_serde_word, to_ms};
use crate::domain::rules::{CONTACT_MAX, fault};
use crate::domain::{Actor, PartnerId, PartnerRef, Role, Untrusted, UserId};
use crate::service::tokens;

/// A user with the partner's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub actor: Actor,
    pub partner: Option<PartnerRef>,
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    pub user: &'a UserId,
    /// What the owner calls it.
    pub label: &'a str,
    /// None: it never expires.
    pub expires_at: Option<DateTime<Utc>>,
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

type AccountRow = (String, String, String, Option<String>, Option<String>);

fn account((id, name, role, partner, partner_name): AccountRow) -> Result<Account, StoreError> {
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

impl Store {
    /// Whose token it is, if it counts at this instant.
    pub async fn account_by_token(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Account>, StoreError> {
        let mut conn = self.lookup().await?;
        let row: Option<AccountRow> = conn
            .optional(
                "SELECT u.id, u.name, u.role, u.partner, p.name
                 FROM tokens t JOIN users u ON u.id = t.\"user\"
                   LEFT JOIN partners p ON p.id = u.partner
                 WHERE t.hash = $1 AND t.revoked_at IS NULL
                   AND (t.expires_at IS NULL OR t.expires_at > $2)",
                args![tokens::hash(token), to_ms(now)],
            )
            .await?;
        row.map(account).transpose()
    }

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
        if (role == Role::Partner) != partner.is_some() {
            return Err(StoreError::Refused(
                "a partner agent needs a partner, and nobody else has one".to_owned(),
            ));
        }
        let mut tx = self.write(&Scope::Nothing).await?;
        if let Some(partner) = partner
            && !exists(
                &mut tx,
                "SELECT CAST(1 AS BIGINT) FROM partners WHERE id = $1",
                partner.as_str(),
            )
            .await?
        {
            return Err(StoreError::Refused("there is no such partner".to_owned()));
        }
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
        NewAudit { at: now, actor: "admin", action: "create_user", case: None, key: None }
            .append(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(())
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
        tx.run(
            "INSERT INTO partners (id, name) VALUES ($1, $2)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            args![id.as_str(), name],
        )
        .await?;
        NewAudit { at: now, actor: "admin", action: "create_partner", case: None, key: None }
            .append(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Makes a token and returns it: it is not kept, so this is the one time to see it.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is no such user.
    pub async fn create_token(
        &self,
        new: &NewToken<'_>,
        now: DateTime<Utc>,
    ) -> Result<String, StoreError> {
        let token = tokens::new_token();
        let mut tx = self.write(&Scope::Nothing).await?;
        if !exists(&mut tx, "SELECT CAST(1 AS BIGINT) FROM users WHERE id = $1", new.user.as_str())
            .await?
        {
            return Err(StoreError::Refused(format!("there is no user {}", new.user)));
        }
        tx.run(
            "INSERT INTO tokens (hash, \"user\", label, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5)",
            args![
                tokens::hash(&token),
                new.user.as_str(),
                new.label,
                to_ms(now),
                new.expires_at.map(to_ms),
            ],
        )
        .await?;
        NewAudit { at: now, actor: "admin", action: "create_token", case: None, key: None }
            .append(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(token)
    }

    /// Revokes all tokens of a user, or those with a label; returns how many.
    pub async fn revoke_tokens(
        &self,
        user: &UserId,
        label: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.write(&Scope::Nothing).await?;
        let revoked = tx
            .run(
                "UPDATE tokens SET revoked_at = $3
                 WHERE \"user\" = $1 AND ($2 IS NULL OR label = $2) AND revoked_at IS NULL",
                args![user.as_str(), label, to_ms(now)],
            )
            .await?;
        if revoked > 0 {
            NewAudit { at: now, actor: "admin", action: "revoke_token", case: None, key: None }
                .append(&mut tx)
                .await?;
        }
        tx.commit().await?;
        Ok(revoked)
    }
}
