//! How mail leaves the desk: the mail server's URL and our own address, checked when they are read. What is
//! wrong is said without repeating the URL, since it may hold a password.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{AUTOMATIC_PER_HOUR, PATIENCE};

/// The port that servers take mail on from each other.
const SMTP_PORT: u16 = 25;
/// The ports on which programs hand mail in (RFC 6409, RFC 8314).
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;
/// What mail is from where only the server is known.
const DEFAULT_NAME: &str = "Support";
const DEFAULT_USER: &str = "support";
/// First labels of mail servers' names that are not part of the organisation's domain.
const SERVER_LABELS: [&str; 8] =
    ["smtp", "mail", "mx", "relay", "submission", "smtp-relay", "out", "email"];

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// Not at all.
    None,
    /// If the server offers STARTTLS. Its certificate is not checked, as between mail servers: whoever can
    /// forge one can as well take the offer away.
    Offered,
    /// By STARTTLS, with a certificate that is right; else nothing is sent.
    StartTls,
    /// From the first byte, with a certificate that is right.
    Wrapped,
}

/// Everything that mail needs to be told. Its `Debug` names the server alone.
#[derive(Clone)]
pub struct MailSettings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    login: Option<(SecretString, SecretString)>,
    pub(super) from: Mailbox,
    /// Where customers reach the desk's pages; None: letters hold no link.
    pub public_url: Option<Url>,
    /// How many automatic letters may go out in an hour.
    pub automatic_per_hour: u32,
    /// How long one letter may take, from connecting to the server's answer.
    pub patience: Duration,
}

impl MailSettings {
    /// From the server's URL, and the address that mail is from: `Support <support@example.org>`. Without
    /// one it is `support` at the server's domain.
    ///
    /// # Errors
    /// What is wrong and how to write it.
    pub fn new(
        smtp_url: &str,
        mail_from: Option<&str>,
        public_url: Option<Url>,
    ) -> Result<Self, WrongSetting> {
        let server = Server::read(smtp_url).map_err(WrongSetting::SmtpUrl)?;
        let from = match mail_from {
            Some(given) => mailbox(given).ok_or(WrongSetting::MailFrom)?,
            None => default_from(&server.host).ok_or(WrongSetting::MailFrom)?,
        };
        Ok(Self {
            host: server.host,
            port: server.port,
            encryption: server.encryption,
            login: server.login,
            from,
            public_url,
            automatic_per_hour: AUTOMATIC_PER_HOUR,
            patience: PATIENCE,
        })
    }

    pub(super) fn credentials(&self) -> Option<Credentials> {
        let (user, password) = self.login.as_ref()?;
        Some(Credentials::new(user.expose_secret().to_owned(), password.expose_secret().to_owned()))
    }

    /// The domain of our own address.
    pub(super) fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// The server and our address, for the log and for people.
    #[must_use]
    pub fn summary(&self) -> String {
        format!("{}:{} as {}", self.host, self.port, self.from.email)
    }
}

impl std::fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MailSettings({})", self.summary())
    }
}

/// Which setting is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongSetting {
    #[error("{0}; write smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS from the start")]
    SmtpUrl(&'static str),
    #[error("it is no address to send from; write \"Support <support@example.org>\"")]
    MailFrom,
}

struct Server {
    host: String,
    port: u16,
    encryption: Encryption,
    login: Option<(SecretString, SecretString)>,
}

impl Server {
    fn read(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "it is not a URL")?;
        let wrapped = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err("a mail server's URL begins with smtp:// or smtps://"),
        };
        let host = match url.host() {
            Some(Host::Domain(name)) if is_host(name) => name.to_ascii_lowercase(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => return Err("it names no server"),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err("a mail server's URL ends after the port and ?tls=…");
        }
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => {
                Some((decoded(user)?.into(), decoded(password)?.into()))
            }
            _ => return Err("it has a user or a password without the other"),
        };
        let mut wanted = None;
        for (name, value) in url.query_pairs() {
            wanted = match (&*name, &*value) {
                ("tls", "required") => Some(Encryption::StartTls),
                ("tls", "offered" | "opportunistic") => Some(Encryption::Offered),
                ("tls", "none") => Some(Encryption::None),
                ("tls", _) => return Err("tls is required, offered or none"),
                _ => return Err("it has a parameter that is not tls"),
            };
        }
        let encryption = match (wrapped, wanted) {
            (true, None | Some(Encryption::StartTls)) => Encryption::Wrapped,
            (true, Some(_)) => return Err("smtps:// is TLS from the start and takes no other tls"),
            (false, Some(wanted)) => wanted,
            // A password goes to another machine under TLS alone, unless somebody says otherwise.
            (false, None) if login.is_some() && !is_loopback(&host) => Encryption::StartTls,
            (false, None) => Encryption::Offered,
        };
        let usual = match (wrapped, encryption, &login) {
            (true, ..) => SUBMISSIONS_PORT,
            (false, Encryption::StartTls, _) | (false, _, Some(_)) => SUBMISSION_PORT,
            _ => SMTP_PORT,
        };
        Ok(Self { host, port: url.port().unwrap_or(usual), encryption, login })
    }
}

fn is_host(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A user or password as it was before it was put into the URL.
fn decoded(part: &str) -> Result<String, &'static str> {
    // A form's plus is a space; a URL's is a plus.
    let form = format!("v={}", part.replace('+', "%2B"));
    let value = url::form_urlencoded::parse(form.as_bytes()).next().map(|(_, v)| v.into_owned());
    match value {
        Some(value) if !value.is_empty() && !value.contains(char::is_control) => Ok(value),
        _ => Err("its user or password cannot be read"),
    }
}

/// `Name <user@domain>` or the address alone. None for what is neither, or would break out of a header: the
/// mail library panics at a line break in a name.
fn mailbox(text: &str) -> Option<Mailbox> {
    if text.contains(char::is_control) {
        return None;
    }
    let (name, address) = match text.trim().strip_suffix('>') {
        Some(text) => {
            let (name, address) = text.rsplit_once('<')?;
            let name = name.trim();
            let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
            (Some(quoted.unwrap_or(name)).filter(|name| !name.is_empty()), address.trim())
        }
        None => (None, text.trim()),
    };
    let address: lettre::Address = address.parse().ok()?;
    let written: &str = address.as_ref();
    if !written.is_ascii() || written.contains(char::is_whitespace) {
        return None;
    }
    Some(Mailbox::new(name.map(str::to_owned), address))
}

fn default_from(host: &str) -> Option<Mailbox> {
    let domain = match host.split_once('.') {
        _ if host.parse::<std::net::IpAddr>().is_ok() => "localhost",
        Some((first, rest)) if rest.contains('.') && SERVER_LABELS.contains(&first) => rest,
        _ => host,
    };
    mailbox(&format!("{DEFAULT_NAME} <{DEFAULT_USER}@{domain}>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> MailSettings {
        MailSettings::new(url, None, None).unwrap()
    }

    #[test]
    fn a_server_is_read_from_its_url() {
        use Encryption::{None, Offered, StartTls, Wrapped};
        for (url, host, port, encryption) in [
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, Offered),
            ("smtp://[::1]", "::1", 25, Offered),
            ("smtp://relay.example.org", "relay.example.org", 25, Offered),
            ("smtp://u:p@relay.example.org", "relay.example.org", 587, StartTls),
            ("smtp://u:p@localhost", "localhost", 587, Offered),
            ("smtp://u:p@relay.example.org:26?tls=none", "relay.example.org", 26, None),
            ("smtp://relay.example.org?tls=required", "relay.example.org", 587, StartTls),
            ("smtps://u:p@Relay.Example.org/", "relay.example.org", 465, Wrapped),
            ("smtps://u:p@relay.example.org?tls=required", "relay.example.org", 465, Wrapped),
        ] {
            let read = read(url);
            assert_eq!(
                (&*read.host, read.port, read.encryption),
                (host, port, encryption),
                "{url}"
            );
        }
    }

    #[test]
    fn a_wrong_url_is_told_without_repeating_it() {
        for url in [
            "",
            "relay.example.org",
            "http://u:secret@relay.example.org",
            "smtp://",
            "smtp://u:secret@",
            "smtp://u:secret@relay.example.org/inbox",
            "smtp://u:secret@relay.example.org?tls=perhaps",
            "smtp://u:secret@relay.example.org?secret=1",
            "smtps://u:secret@relay.example.org?tls=none",
            "smtp://:secret@relay.example.org",
            "smtp://secret@relay.example.org",
            "smtp://u:secret%0a@relay.example.org",
            "smtp://u:secret@a b",
            "smtp://u:secret@relay.example.org:port",
        ] {
            let error = MailSettings::new(url, None, None).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{url}: {error}");
            assert!(error.contains("smtp://USER:PASSWORD@HOST:PORT"), "{error}");
        }
    }

    #[test]
    fn user_and_password_are_decoded_and_never_shown() {
        let settings = read("smtps://me%40example.org:a+b%2F%20c@relay.example.org");
        let (user, password) = settings.login.as_ref().unwrap();
        assert_eq!(user.expose_secret(), "me@example.org");
        assert_eq!(password.expose_secret(), "a+b/ c");
        let shown = format!("{settings:?}");
        assert_eq!(shown, "MailSettings(relay.example.org:465 as support@example.org)");
    }

    #[test]
    fn mail_is_from_the_address_given_or_one_of_the_servers_domain() {
        let from = |url, given| {
            MailSettings::new(url, given, None).map(|settings| settings.from.to_string())
        };
        let server = "smtp://smtp.example.org";
        assert_eq!(from(server, None).unwrap(), "Support <support@example.org>");
        assert_eq!(from("smtp://127.0.0.1:2525", None).unwrap(), "Support <support@localhost>");
        assert_eq!(from("smtp://mail.example", None).unwrap(), "Support <support@mail.example>");
        let given = Some("\"Help, at once\" <help@example.net>");
        assert_eq!(from(server, given).unwrap(), "\"Help, at once\" <help@example.net>");
        assert_eq!(from(server, Some("help@example.net")).unwrap(), "help@example.net");
        for wrong in [
            "",
            "help",
            "Help <help>",
            "Help\r\nBcc: x <help@example.net>",
            "a@example.net b",
            "<>",
        ] {
            let error = from(server, Some(wrong)).unwrap_err();
            assert_eq!(error, WrongSetting::MailFrom, "{wrong}");
        }
    }
}
