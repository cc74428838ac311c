//! `[serve]` of `config.toml`: how `caseload serve` meets the network, and how it keeps its log.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretSlice};
use toml::Spanned;
use toml::de::DeValue;
use url::Url;

use super::environment::Environment;
use super::file::{At, Reader, desk_url};
use super::{ConfigError, Origin, Setting, desk, places};
use crate::domain::text::safe_line;

/// Where it listens unless it is told: this machine alone.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8470);
/// The largest certificate or key file that is read.
const PEM_CAP: u64 = 1024 * 1024;

/// The form of a log record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    pub(super) const WORDS: &'static [(&'static str, Self)] =
        &[("text", Self::Text), ("json", Self::Json)];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// Where the log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogTo {
    /// The file in the state folder.
    #[default]
    File,
    /// Standard error, which systemd and containers keep.
    Stderr,
}

impl LogTo {
    pub(super) const WORDS: &'static [(&'static str, Self)] =
        &[("file", Self::File), ("stderr", Self::Stderr)];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Stderr => "stderr",
        }
    }
}

/// An address, or the network of those that begin with the same bits.
pub type Net = (IpAddr, u8);

/// The table as it is written.
#[derive(Debug, Clone, Default)]
pub struct ServeTable {
    pub listen: Option<At<SocketAddr>>,
    pub public_url: Option<At<Url>>,
    pub mail_from: Option<At<String>>,
    pub mail_per_hour: Option<At<u32>>,
    pub tls_certificate: Option<At<String>>,
    pub tls_key: Option<At<String>>,
    pub trusted_proxies: Option<At<Vec<Net>>>,
    pub metrics_allow: Option<At<Vec<Net>>>,
    pub log: Option<At<String>>,
    pub log_format: Option<At<LogFormat>>,
    pub log_to: Option<At<LogTo>>,
}

const KEYS: &[&str] = &[
    "listen",
    "public_url",
    "mail_from",
    "mail_per_hour",
    "tls_certificate",
    "tls_key",
    "trusted_proxies",
    "metrics_allow",
    "log",
    "log_format",
    "log_to",
];

impl ServeTable {
    pub(super) fn read(r: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Self {
        let mut table = Self::default();
        for (name, value) in r.table(value, "serve") {
            let key = name.get_ref().as_ref();
            match key {
                "listen" => {
                    table.listen =
                        r.text(value, key).and_then(|at| r.checked(at, |text| address(&text)));
                }
                "public_url" => {
                    table.public_url =
                        r.text(value, key).and_then(|at| r.checked(at, |text| desk_url(&text)));
                }
                "mail_from" => {
                    table.mail_from = r.text(value, key).and_then(|at| r.checked(at, sender));
                }
                "mail_per_hour" => table.mail_per_hour = count(r, value, key),
                "tls_certificate" => table.tls_certificate = r.filled(value, key),
                "tls_key" => table.tls_key = r.filled(value, key),
                "trusted_proxies" => table.trusted_proxies = nets(r, value, key),
                "metrics_allow" => table.metrics_allow = nets(r, value, key),
                "log" => {
                    table.log = r.filled(value, key).and_then(|at| {
                        r.checked(at, |text| super::log::filter(&text).map(|_| text))
                    });
                }
                "log_format" => table.log_format = r.word(value, key, LogFormat::WORDS),
                "log_to" => table.log_to = r.word(value, key, LogTo::WORDS),
                _ => r.unknown(name, "[serve]", KEYS),
            }
        }
        match (&table.tls_certificate, &table.tls_key) {
            (Some(at), None) => r.wrong_at(at.line, "tls_certificate needs a tls_key beside it"),
            (None, Some(at)) => r.wrong_at(at.line, "tls_key needs a tls_certificate beside it"),
            _ => {}
        }
        table
    }
}

/// Who mail is from: an address, or a name with an address in angle brackets. The mail server's settings check
/// it whole.
fn sender(text: String) -> Result<String, String> {
    if text.contains('@') && !text.contains(char::is_control) {
        Ok(text)
    } else {
        Err("mail_from is no address; write \"Support <support@example.org>\"".to_owned())
    }
}

/// How many.
fn count(r: &mut Reader<'_>, value: &Spanned<DeValue<'_>>, key: &str) -> Option<At<u32>> {
    let DeValue::Integer(written) = value.get_ref() else {
        r.wrong(value, key, "a number");
        return None;
    };
    let number = u32::from_str_radix(&written.as_str().replace('_', ""), written.radix());
    r.checked(At { value: number, line: r.line(value.span().start) }, |number| {
        number.map_err(|_| format!("\"{key}\" is a number from 0 to {}", u32::MAX))
    })
}

fn nets(r: &mut Reader<'_>, value: &Spanned<DeValue<'_>>, key: &str) -> Option<At<Vec<Net>>> {
    let texts = r.texts(value, key)?;
    r.checked(texts, |texts| texts.iter().map(|text| net(text)).collect())
}

/// An address with a port, as `--listen` takes it too.
///
/// # Errors
/// The sentence that says how to write it.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "write an IP address and a port, such as 127.0.0.1:8470 (port 0: any free one)".to_owned()
    })
}

fn net(text: &str) -> Result<Net, String> {
    let no = || {
        let text = safe_line(text, 60);
        format!("\"{text}\" is no address or net; write 127.0.0.1, 10.0.0.0/8 or fd00::/8")
    };
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| no())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let Some(bits) = bits else { return Ok((address, most)) };
    let bits = bits.parse().ok().filter(|bits| *bits <= most).ok_or_else(no)?;
    Ok((address, bits))
}

/// `[serve]` as it counts.
#[derive(Debug, Clone)]
pub struct Serve {
    pub listen: Setting<SocketAddr>,
    /// Where customers and agents reach the desk, in links; None: where it listens.
    pub public_url: Option<Setting<Url>>,
    /// Who mail is from, and is answered to; None: `support` at the mail server's domain.
    pub mail_from: Option<Setting<String>>,
    /// How many letters of its own the desk sends in an hour; None: as many as it does by itself.
    pub mail_per_hour: Option<Setting<u32>>,
    pub tls: Option<Setting<TlsFiles>>,
    pub trusted_proxies: Setting<Vec<Net>>,
    pub metrics_allow: Setting<Vec<Net>>,
    /// What is logged; `CASELOAD_LOG` wins. None: nothing.
    pub log: Option<Setting<String>>,
    pub log_format: Setting<LogFormat>,
    pub log_to: Setting<LogTo>,
}

impl Serve {
    pub(super) fn merge(table: ServeTable, file: &Path, environment: &Environment) -> Self {
        let tls = table.tls_certificate.zip(table.tls_key).map(|(certificate, key)| {
            let at = |written: &At<String>| places::resolve(&written.value, file, environment);
            let files = TlsFiles {
                certificate: at(&certificate),
                key: at(&key),
                credentials: environment.os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            };
            Setting::new(files, Origin::Line(certificate.line))
        });
        let given = |at: At<String>| Setting::new(at.value, Origin::Line(at.line));
        let log = match environment.text("CASELOAD_LOG") {
            Some(log) => Some(Setting::new(log.to_owned(), Origin::Variable("CASELOAD_LOG"))),
            None => table.log.map(&given),
        };
        Self {
            listen: Setting::of_file(table.listen, LISTEN),
            mail_from: table.mail_from.map(given),
            mail_per_hour: table
                .mail_per_hour
                .map(|at| Setting::new(at.value, Origin::Line(at.line))),
            public_url: table.public_url.map(|at| Setting::new(at.value, Origin::Line(at.line))),
            tls,
            trusted_proxies: Setting::of_file(table.trusted_proxies, Vec::new()),
            metrics_allow: Setting::of_file(table.metrics_allow, Vec::new()),
            log,
            log_format: Setting::of_file(table.log_format, LogFormat::default()),
            log_to: Setting::of_file(table.log_to, LogTo::default()),
        }
    }
}

/// The files of the service's own TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Where systemd puts credentials. It keeps others out by access lists, which the mode does not show.
    credentials: Option<PathBuf>,
}

/// What is in them.
pub struct TlsPem {
    pub certificate: Vec<u8>,
    pub key: SecretSlice<u8>,
}

impl PartialEq for TlsPem {
    fn eq(&self, other: &Self) -> bool {
        self.certificate == other.certificate
            && self.key.expose_secret() == other.key.expose_secret()
    }
}

impl TlsFiles {
    /// Reads both.
    ///
    /// # Errors
    /// One cannot be read, or others can read the key.
    pub fn read(&self) -> Result<TlsPem, ConfigError> {
        let guarded = self.credentials.as_ref().is_some_and(|folder| self.key.starts_with(folder));
        if !guarded {
            desk::refuse_if_shared("the TLS key", &self.key)?;
        }
        Ok(TlsPem {
            certificate: pem("certificate", &self.certificate)?,
            key: pem("key", &self.key)?.into(),
        })
    }
}

fn pem(what: &str, path: &Path) -> Result<Vec<u8>, ConfigError> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(PEM_CAP).read_to_end(&mut bytes))
        .map(|_| bytes)
        .map_err(|error| {
            let path = safe_line(&path.to_string_lossy(), 400);
            ConfigError::new(format!("could not read the TLS {what} {path}: {error}"))
        })
}
