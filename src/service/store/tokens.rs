//! The tokens of users: asked for at every request, made, listed, revoked and rotated by the administrator.
//! When a token was last used is kept to the day, so that it costs one write a day.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::accounts::{Account, AccountRow, account, is_user, no_user, quoted, record};
use super::db::{Conn, args};
use super::{Scope, Store, StoreError, from_ms, to_ms};
use crate::domain::UserId;
use crate::domain::rules::{LINE_MAX, fault};
use crate::service::tokens::{Token, hash};

/// A use is kept anew when the last one that was kept is older.
const COARSE: TimeDelta = TimeDelta::days(1);

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    pub user: &'a UserId,
    /// What the owner calls it.
    pub label: &'a str,
    /// None: it never expires.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A token as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenRecord {
    /// None: one from before tokens had any.
    pub prefix: Option<String>,
    pub user: UserId,
    pub label: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    /// To the day; None: never, as far as is known.
    pub used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Which tokens are meant.
#[derive(Debug, Clone, Copy)]
pub enum TokensOf<'a> {
    User(&'a UserId),
    Label(&'a UserId, &'a str),
    Prefix(&'a str),
}

/// A token that does not count any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revoked {
    pub prefix: Option<String>,
    pub user: UserId,
    pub label: String,
}

/// Whose token it is.
#[derive(Debug)]
pub struct Bearer {
    pub account: Account,
    /// Set if its use is to be kept, by [`Store::mark_used`].
    pub mark: Option<String>,
}

impl Store {
    /// Whose token it is, if it counts at this instant.
    pub async fn account_by_token(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Bearer>, StoreError> {
        type Row = (String, String, String, Option<String>, Option<String>, Option<i64>);
        let hash = hash(token);
        let mut conn = self.lookup().await?;
        let row: Option<Row> = conn
            .optional(
                "SELECT u.id, u.name, u.role, u.partner, p.name, t.used_at
                 FROM tokens t JOIN users u ON u.id = t.\"user\"
                   LEFT JOIN partners p ON p.id = u.partner
                 WHERE t.hash = $1 AND t.revoked_at IS NULL AND u.disabled_at IS NULL
                   AND (t.expires_at IS NULL OR t.expires_at > $2)",
                args![&hash, to_ms(now)],
            )
            .await?;
        let Some((id, name, role, partner, partner_name, used_at)) = row else { return Ok(None) };
        let row: AccountRow = (id, name, role, partner, partner_name);
        let stale = used_at.is_none_or(|used| used <= to_ms(now - COARSE));
        let mark = (stale && self.marks.begin(&hash)).then_some(hash);
        Ok(Some(Bearer { account: account(row)?, mark }))
    }

    /// Keeps that a token was used.
    pub(crate) async fn mark_used(&self, hash: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        let marked = async {
            let mut tx = self.write(&Scope::Nothing).await?;
            tx.run(
                "UPDATE tokens SET used_at = $2
                 WHERE hash = $1 AND (used_at IS NULL OR used_at <= $3)",
                args![hash, to_ms(now), to_ms(now - COARSE)],
            )
            .await?;
            tx.commit().await
        };
        let marked = marked.await;
        // One that failed is not tried again until the process is another: it is not worth it.
        if marked.is_ok() {
            self.marks.end(hash);
        }
        marked
    }

    /// Makes a token and returns it: it is not kept, so this is the one time to see it.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is no such user, or the label cannot be used.
    pub async fn create_token(
        &self,
        new: &NewToken<'_>,
        now: DateTime<Utc>,
    ) -> Result<String, StoreError> {
        let mut tx = self.write(&Scope::Nothing).await?;
        if !is_user(&mut tx, new.user).await? {
            return Err(no_user(new.user));
        }
        let token = insert(&mut tx, new, now).await?;
        let (user, label) = (new.user.as_str(), quoted(new.label));
        record(&mut tx, now, &format!("create_token {user} {} {label}", token.prefix)).await?;
        tx.commit().await?;
        Ok(token.text)
    }

    /// The tokens that there are or were, of one user or of all, the oldest of each first.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is no such user.
    pub async fn tokens(&self, user: Option<&UserId>) -> Result<Vec<TokenRecord>, StoreError> {
        type Row = (Option<String>, String, String, i64, Option<i64>, Option<i64>, Option<i64>);
        let mut conn = self.lookup().await?;
        if let Some(user) = user
            && !is_user(&mut conn, user).await?
        {
            return Err(no_user(user));
        }
        let rows: Vec<Row> = conn
            .all(
                "SELECT prefix, \"user\", label, created_at, expires_at, used_at, revoked_at
                 FROM tokens WHERE $1 IS NULL OR \"user\" = $1
                 ORDER BY \"user\", created_at, hash",
                args![user.map(UserId::as_str)],
            )
            .await?;
        rows.into_iter()
            .map(|(prefix, user, label, created_at, expires_at, used_at, revoked_at)| {
                Ok(TokenRecord {
                    prefix,
                    user: UserId::new(user),
                    label,
                    created_at: from_ms(created_at)?,
                    expires_at: expires_at.map(from_ms).transpose()?,
                    used_at: used_at.map(from_ms).transpose()?,
                    revoked_at: revoked_at.map(from_ms).transpose()?,
                })
            })
            .collect()
    }

    /// Revokes the tokens that are meant; says which. They do not count from the next request on.
    pub async fn revoke_tokens(
        &self,
        which: TokensOf<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Revoked>, StoreError> {
        let mut tx = self.write(&Scope::Nothing).await?;
        let revoked = end(&mut tx, which, Some(now), now, i64::MIN).await?;
        for token in &revoked {
            record(&mut tx, now, &token.record("revoke_token")).await?;
        }
        tx.commit().await?;
        Ok(revoked)
    }

    /// Makes a token in the place of those that the user has under its label. They end now, or, if a time is
    /// given, when it is over.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is none to replace.
    pub async fn rotate_token(
        &self,
        new: &NewToken<'_>,
        overlap: Option<TimeDelta>,
        now: DateTime<Utc>,
    ) -> Result<(String, Vec<Revoked>), StoreError> {
        let mut tx = self.write(&Scope::Nothing).await?;
        if !is_user(&mut tx, new.user).await? {
            return Err(no_user(new.user));
        }
        let ends = overlap.map_or(Ok(now), |overlap| {
            now.checked_add_signed(overlap)
                .ok_or_else(|| StoreError::Refused("the overlap is too long".to_owned()))
        })?;
        let revoke = (ends == now).then_some(now);
        let which = TokensOf::Label(new.user, new.label);
        let ended = end(&mut tx, which, revoke, ends, to_ms(now)).await?;
        if ended.is_empty() {
            return Err(StoreError::Refused(format!(
                "{} has no token in force with the label {}; caseload admin token create makes one",
                new.user,
                quoted(new.label)
            )));
        }
        let token = insert(&mut tx, new, now).await?;
        for old in &ended {
            let ends = ends.format("%Y-%m-%dT%H:%M:%SZ");
            let action = format!("{} by {} ends {ends}", old.record("rotate_token"), token.prefix);
            record(&mut tx, now, &action).await?;
        }
        tx.commit().await?;
        Ok((token.text, ended))
    }
}

impl Revoked {
    fn record(&self, verb: &str) -> String {
        let prefix = self.prefix.as_deref().unwrap_or("-");
        format!("{verb} {} {prefix} {}", self.user.as_str(), quoted(&self.label))
    }
}

async fn insert(
    conn: &mut Conn,
    new: &NewToken<'_>,
    now: DateTime<Utc>,
) -> Result<Token, StoreError> {
    if let Some(fault) = fault(new.label, LINE_MAX) {
        return Err(StoreError::Refused(format!("the label {fault}")));
    }
    let token = Token::draw();
    conn.run(
        "INSERT INTO tokens (hash, \"user\", label, created_at, expires_at, prefix)
         VALUES ($1, $2, $3, $4, $5, $6)",
        args![
            hash(&token.text),
            new.user.as_str(),
            new.label,
            to_ms(now),
            new.expires_at.map(to_ms),
            &token.prefix,
        ],
    )
    .await?;
    Ok(token)
}

/// Ends the tokens that are meant and expire after an instant, if at all: revokes them, or lets them expire
/// when they shall end.
async fn end(
    conn: &mut Conn,
    which: TokensOf<'_>,
    revoke: Option<DateTime<Utc>>,
    ends: DateTime<Utc>,
    expire_after: i64,
) -> Result<Vec<Revoked>, StoreError> {
    let (user, label, prefix) = match which {
        TokensOf::User(user) => (Some(user.as_str()), None, None),
        TokensOf::Label(user, label) => (Some(user.as_str()), Some(label), None),
        TokensOf::Prefix(prefix) => (None, None, Some(prefix)),
    };
    let rows: Vec<(Option<String>, String, String)> = conn
        .all(
            "UPDATE tokens SET revoked_at = CAST($4 AS BIGINT),
               expires_at = CASE WHEN CAST($4 AS BIGINT) IS NULL
                                  AND (expires_at IS NULL OR expires_at > $5)
                                 THEN $5 ELSE expires_at END
             WHERE ($1 IS NULL OR \"user\" = $1) AND ($2 IS NULL OR label = $2)
               AND ($3 IS NULL OR prefix = $3) AND revoked_at IS NULL
               AND (expires_at IS NULL OR expires_at > $6)
             RETURNING prefix, \"user\", label",
            args![user, label, prefix, revoke.map(to_ms), to_ms(ends), expire_after],
        )
        .await?;
    let revoked = |(prefix, user, label): (Option<String>, String, String)| Revoked {
        prefix,
        user: UserId::new(user),
        label,
    };
    Ok(rows.into_iter().map(revoked).collect())
}
