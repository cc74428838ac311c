//! `caseload admin token`

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::super::at::At;
use super::{minute, on_desk, on_existing_desk, said, table};
use crate::cli::outcome::{Exit, Failure};
use crate::cli::session::Session;
use crate::domain::UserId;
use crate::domain::text::safe_line;
use crate::service::store::{NewToken, TokenRecord, TokensOf};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a token and write it to standard output
    ///
    /// This is the one time to see it. Keep it in a file that nobody else can read (umask 077 before, or
    /// chmod 600 afterwards), and name that file in CASELOAD_TOKEN_FILE or as token_file.
    #[command(after_help = "Examples:
  caseload admin token create rhald --label laptop
  caseload admin token create rhald --days 90 > rhald.token")]
    Create {
        /// The user's id
        #[arg(value_name = "USER")]
        user: String,
        /// What the token is for, so that it can be revoked by that name
        #[arg(long, value_name = "TEXT", default_value = "")]
        label: String,
        /// After how many days it expires; without it, never
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        days: Option<u16>,
        #[command(flatten)]
        at: At,
    },
    /// List tokens, by what can be shown of them
    ///
    /// When a token was last used is known to the day.
    #[command(after_help = "Examples:
  caseload admin token list
  caseload admin token list rhald --json")]
    List {
        /// Only this user's
        #[arg(value_name = "USER")]
        user: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// Revoke tokens
    ///
    /// All of a user, those with a label, or the one with a prefix, as `token list` shows it. Counts from the
    /// next request on.
    #[command(after_help = "Examples:
  caseload admin token revoke rhald --label laptop
  caseload admin token revoke rhald
  caseload admin token revoke --prefix 7hQz02Kd")]
    Revoke {
        /// The user's id
        #[arg(value_name = "USER", required_unless_present = "prefix")]
        user: Option<String>,
        /// Only the tokens with this label
        #[arg(long, value_name = "TEXT", requires = "user")]
        label: Option<String>,
        /// The token that begins with cl_ and this
        #[arg(long, value_name = "PREFIX", conflicts_with_all = ["user", "label"])]
        prefix: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// Make a token in the place of those with its label, and write it to standard output
    ///
    /// The old ones end at once, or after the overlap, so that whoever uses them has time to change over.
    #[command(after_help = "Examples:
  caseload admin token rotate rhald --label laptop
  caseload admin token rotate ci --label export --overlap 24h --days 90 > ci.token")]
    Rotate {
        /// The user's id
        #[arg(value_name = "USER")]
        user: String,
        /// The label of the tokens to replace, and of the new one
        #[arg(long, value_name = "TEXT")]
        label: String,
        /// For how long the old ones still count: 30m, 24h, 7d
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        overlap: Option<TimeDelta>,
        /// After how many days the new one expires; without it, never
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        days: Option<u16>,
        #[command(flatten)]
        at: At,
    },
}

/// The parser of a stretch of time.
fn duration(text: &str) -> Result<TimeDelta, String> {
    let wrong = || "write a number and s, m, h or d, such as 30m, 24h or 7d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = text.trim_end_matches(unit).parse().map_err(|_| wrong())?;
    TimeDelta::try_seconds(i64::from(number) * seconds).ok_or_else(wrong)
}

pub async fn run(
    session: &mut Session<'_>,
    command: Command,
    now: DateTime<Utc>,
) -> Result<Exit, Failure> {
    match command {
        Command::Create { user, label, days, at } => {
            let place = at.place(session)?;
            let user = UserId::new(user);
            let expires_at = days.map(|days| now + TimeDelta::days(days.into()));
            let new = NewToken { user: &user, label: &label, expires_at };
            let token = on_desk(&place, &format!("make a token for {user}"), async |desk| {
                desk.create_token(&new, now).await
            })
            .await?;
            if session.output.json {
                session.output.json(&json!({ "token": token, "expires_at": expires_at }))?;
            } else {
                session.output.line(token)?;
            }
            Ok(Exit::Done)
        }
        Command::List { user, at } => {
            let place = at.place(session)?;
            let user = user.map(UserId::new);
            let tokens = on_existing_desk(&place, "list the tokens", async |desk| {
                desk.tokens(user.as_ref()).await
            })
            .await?;
            if session.output.json {
                session.output.json_array(&tokens)?;
            } else {
                rows(session, tokens)?;
            }
            Ok(Exit::Done)
        }
        Command::Revoke { user, label, prefix, at } => {
            revoke(session, user.map(UserId::new), label, prefix, &at, now).await
        }
        Command::Rotate { user, label, overlap, days, at } => {
            let place = at.place(session)?;
            let user = UserId::new(user);
            let expires_at = days.map(|days| now + TimeDelta::days(days.into()));
            let new = NewToken { user: &user, label: &label, expires_at };
            let what = format!("rotate a token of {user}");
            let (token, ended) = on_existing_desk(&place, &what, async |desk| {
                desk.rotate_token(&new, overlap, now).await
            })
            .await?;
            if session.output.json {
                session.output.json(
                    &json!({ "token": token, "expires_at": expires_at, "replaces": ended }),
                )?;
                return Ok(Exit::Done);
            }
            session.output.line(token)?;
            let ends = match overlap {
                Some(overlap) => format!("count until {} UTC", minute(now + overlap)),
                None => "do not count any more".to_owned(),
            };
            session.output.remark(&format!("{} that it replaces {ends}.", ended.len()));
            Ok(Exit::Done)
        }
    }
}

async fn revoke(
    session: &mut Session<'_>,
    user: Option<UserId>,
    label: Option<String>,
    prefix: Option<String>,
    at: &At,
    now: DateTime<Utc>,
) -> Result<Exit, Failure> {
    let place = at.place(session)?;
    // As it is in front of the secret, or bare.
    let prefix = prefix.map(|prefix| {
        prefix.trim_start_matches("cl_").chars().take_while(|c| *c != '_').collect::<String>()
    });
    let (which, what) = match (&user, &label, &prefix) {
        (_, _, Some(prefix)) => {
            (TokensOf::Prefix(prefix), format!("revoke the token cl_{}", safe_line(prefix, 60)))
        }
        (Some(user), Some(label), None) => (
            TokensOf::Label(user, label),
            format!("revoke the tokens of {user} with the label \"{}\"", safe_line(label, 60)),
        ),
        (Some(user), None, None) => (TokensOf::User(user), format!("revoke the tokens of {user}")),
        (None, _, None) => return Err(Failure::usage("name a user, or a token by --prefix")),
    };
    let revoked =
        on_existing_desk(&place, &what, async |desk| desk.revoke_tokens(which, now).await).await?;
    if revoked.is_empty() {
        return Err(Failure::new(
            Exit::Failed,
            format!(
                "Could not {what}: it was revoked before or never made; caseload admin token list shows \
                 what there is."
            ),
        ));
    }
    said(
        session,
        &json!({ "revoked": revoked.len(), "tokens": revoked }),
        &format!("{} revoked", revoked.len()),
    )
}

/// A table of tokens.
pub fn rows(session: &mut Session<'_>, tokens: Vec<TokenRecord>) -> Result<(), Failure> {
    let day = |at: Option<DateTime<Utc>>, none: &str| {
        at.map_or_else(|| none.to_owned(), |at| at.format("%Y-%m-%d").to_string())
    };
    let rows: Vec<_> = tokens
        .into_iter()
        .map(|token| {
            vec![
                token.prefix.map_or_else(|| "(older)".to_owned(), |prefix| format!("cl_{prefix}")),
                token.user.as_str().to_owned(),
                token.label,
                minute(token.created_at),
                token.expires_at.map_or_else(|| "never".to_owned(), minute),
                day(token.used_at, "never"),
                token.revoked_at.map_or_else(String::new, |at| format!("revoked {}", minute(at))),
            ]
        })
        .collect();
    table(session, &["token", "user", "label", "made", "expires", "used", ""], &rows)
}
