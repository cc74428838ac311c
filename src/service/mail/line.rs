//! The line to the mail server: one connection that is kept between letters. It is ours and not the mail
//! library's pool, for two reasons: a letter that took too long must take its connection with it, or the
//! server's late answer would count for the next letter; and a refusal of our login must not count as a refusal
//! of the letter.

use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::Instant;

use super::MailSettings;
use super::settings::Encryption;

/// A connection that was not used for so long is made anew: servers close them after five minutes (RFC 5321,
/// 4.5.3.2.7), some sooner.
const KEPT: Duration = Duration::from_mins(1);

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delivery {
    /// The server has it.
    Accepted,
    /// The server will never take it.
    Refused(String),
    /// The server, or the way to it, failed for this letter: another time. It may have it all the same.
    NotNow(String),
    /// The server is not reached or does not let us in: no letter goes.
    Down(String),
}

#[derive(Default)]
pub(super) struct Line {
    kept: Option<(AsyncSmtpConnection, Instant)>,
}

impl Line {
    /// Hands a letter to the server.
    pub async fn send(&mut self, message: &Message, settings: &MailSettings) -> Delivery {
        // Taken out, so that whatever ends this early drops the connection.
        let kept = self.kept.take();
        let limit = tokio::time::sleep(settings.patience);
        tokio::pin!(limit);
        let mut connection = tokio::select! {
            connection = ready(kept, settings) => match connection {
                Ok(connection) => connection,
                Err(why) => return Delivery::Down(why),
            },
            () = &mut limit => return Delivery::Down("the mail server does not answer".to_owned()),
        };
        let formatted = message.formatted();
        let sent = tokio::select! {
            sent = connection.send(message.envelope(), &formatted) => sent,
            () = &mut limit => {
                return Delivery::NotNow("the mail server did not answer in time".to_owned());
            }
        };
        match sent {
            Ok(_) => {
                self.kept = Some((connection, Instant::now()));
                Delivery::Accepted
            }
            // The library ends the connection after a refusal.
            Err(error) if is_final(&error) => Delivery::Refused(said(&error)),
            Err(error) => Delivery::NotNow(said(&error)),
        }
    }

    /// Takes leave of the server.
    pub async fn close(&mut self) {
        const GOODBYE: Duration = Duration::from_secs(1);
        if let Some((mut connection, _)) = self.kept.take() {
            // A server that does not answer that is left without one.
            let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
        }
    }
}

/// The kept connection if it is still good, or a new one.
async fn ready(
    kept: Option<(AsyncSmtpConnection, Instant)>,
    settings: &MailSettings,
) -> Result<AsyncSmtpConnection, String> {
    if let Some((mut connection, since)) = kept
        && since.elapsed() < KEPT
        && connection.test_connected().await
    {
        return Ok(connection);
    }
    connect(settings).await
}

async fn connect(settings: &MailSettings) -> Result<AsyncSmtpConnection, String> {
    let tls = |checked: bool| {
        TlsParameters::builder(settings.host.clone())
            .dangerous_accept_invalid_certs(!checked)
            .dangerous_accept_invalid_hostnames(!checked)
            .build()
            .map_err(|error| said(&error))
    };
    let wrapped = (settings.encryption == Encryption::Wrapped).then(|| tls(true)).transpose()?;
    let hello = ClientId::Domain(settings.domain().to_owned());
    let server = (settings.host.as_str(), settings.port);
    let mut connection =
        AsyncSmtpConnection::connect_tokio1(server, Some(settings.patience), &hello, wrapped, None)
            .await
            .map_err(|error| said(&error))?;
    let upgrade = match settings.encryption {
        Encryption::StartTls => Some(tls(true)?),
        Encryption::Offered if connection.can_starttls() => Some(tls(false)?),
        Encryption::None | Encryption::Offered | Encryption::Wrapped => None,
    };
    if let Some(tls) = upgrade {
        connection.starttls(tls, &hello).await.map_err(|error| said(&error))?;
    }
    if let Some(credentials) = settings.credentials() {
        connection
            .auth(DEFAULT_MECHANISMS, &credentials)
            .await
            .map_err(|error| format!("it does not let us in: {}", said(&error)))?;
    }
    Ok(connection)
}

/// Whether the server refuses the letter for good, and not us: these codes ask for a login or encryption (RFC
/// 4954, RFC 3207), and 521 takes no mail at all.
fn is_final(error: &Error) -> bool {
    const ABOUT_US: [u16; 6] = [521, 530, 534, 535, 538, 503];
    error.is_permanent() && error.status().is_some_and(|code| !ABOUT_US.contains(&code.into()))
}

/// What the server said, as one short line; it is somebody else's text.
fn said(error: &Error) -> String {
    crate::domain::text::safe_line(&error.to_string(), 300)
}
