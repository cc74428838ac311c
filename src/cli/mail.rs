//! The mail server, as `serve` and `demo` are told: by `--smtp-url` or the environment, with the address of ours
//! and the links from `[serve]`.

use super::outcome::Failure;
use super::session::Session;
use crate::config::Settings;
use crate::service::mail::{MailSettings, WrongSetting};

const SMTP_URL: &str = "CASELOAD_SMTP_URL";

/// Where mail goes out.
#[derive(Clone, clap::Args)]
pub struct MailServer {
    /// The mail server that customers' mail goes to, as smtp://user:password@host:port or smtps://…; one
    /// with a password is better given by CASELOAD_SMTP_URL, which other users of the machine cannot read
    #[arg(long, value_name = "URL")]
    smtp_url: Option<String>,
}

/// Never the URL: it may hold a password.
impl std::fmt::Debug for MailServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailServer").field("is_given", &self.smtp_url.is_some()).finish()
    }
}

impl MailServer {
    /// How mail is sent; None: no server was named.
    pub fn settings(
        &self,
        session: &Session<'_>,
        settings: &Settings,
    ) -> Result<Option<MailSettings>, Failure> {
        let (url, source) = match (&self.smtp_url, session.environment.text(SMTP_URL)) {
            (Some(url), _) => (url.as_str(), "--smtp-url"),
            (None, Some(url)) => (url, SMTP_URL),
            (None, None) => return Ok(None),
        };
        let serve = &settings.serve;
        let from = serve.mail_from.as_ref();
        let public_url = serve.public_url.as_ref().map(|url| url.value.clone());
        let mut mail = MailSettings::new(url, from.map(|from| from.value.as_str()), public_url)
            .map_err(|wrong| {
                Failure::usage(match (&wrong, from) {
                    (WrongSetting::SmtpUrl(_), _) => format!("{source} cannot be used: {wrong}"),
                    (WrongSetting::MailFrom, Some(from)) => {
                        format!("[serve] mail_from ({}) cannot be used: {wrong}", from.from)
                    }
                    (WrongSetting::MailFrom, None) => {
                        format!("[serve] mail_from is missing, and cannot be told from {source}: {wrong}")
                    }
                })
            })?;
        if let Some(most) = &serve.mail_per_hour {
            mail.automatic_per_hour = most.value;
        }
        Ok(Some(mail))
    }
}

/// What whoever serves a desk without a mail server should know.
pub const NO_MAIL: &str = "No mail server is configured (CASELOAD_SMTP_URL): the desk sends no mail, and agents \
                           tell customers their case id by hand.";
