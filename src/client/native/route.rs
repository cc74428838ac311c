//! The way to a desk: by which address, through which proxy, trusting whom. Made once, before anything is
//! sent.

use std::fmt;
use std::net::IpAddr;
use std::sync::Once;
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Certificate, Client, Proxy};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::{Host, Url};

use super::failure;
use super::{Limits, Options};

/// The setting that allows plain http to another machine.
const INSECURE: &str = "CASELOAD_INSECURE_HTTP=1";

/// Why a desk cannot even be asked; each a sentence for people, none holding the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    #[error("The address of the desk must begin with https:// or http:// and name a host.")]
    NotHttp,
    #[error(
        "The address of the desk holds a user name or a password; the token is all that is needed, \
         and it does not belong into an address."
    )]
    Credentials,
    #[error(
        "{desk} would be asked over plain http, where others can read the token on its way. Use \
         https, or set {INSECURE} to allow it."
    )]
    Insecure { desk: String },
    #[error("The token is empty or holds characters that no token has.")]
    BadToken,
    /// What is wrong with the certificates of [`Options::authorities`]; they came from a file that whoever
    /// read it can name.
    #[error("{0}")]
    BadAuthorities(String),
    #[error(
        "What {variable} says cannot be used as a proxy; write it like http://proxy.example.org:3128 (also \
         https:// and socks5h://)."
    )]
    BadProxy { variable: &'static str },
    #[error("A secure connection cannot be set up: {0}.")]
    Tls(String),
}

/// The proxies that the environment names, as curl reads them. None of it counts for a desk on this machine.
#[derive(Clone, Default)]
pub struct Proxies {
    http: Named,
    https: Named,
    all: Named,
    no: String,
}

/// A proxy and the variable that names it. It may hold a password.
#[derive(Clone, Default)]
struct Named {
    variable: &'static str,
    value: String,
}

impl Proxies {
    /// Asks for each variable, in capitals before small letters.
    pub fn of<'v>(variable: impl Fn(&str) -> Option<&'v str>) -> Self {
        let first = |names: [&'static str; 2]| {
            let set = names.into_iter().find_map(|name| Some((name, variable(name)?)));
            set.map_or_else(Named::default, |(variable, value)| Named {
                variable,
                value: value.trim().to_owned(),
            })
        };
        Self {
            http: first(["HTTP_PROXY", "http_proxy"]),
            https: first(["HTTPS_PROXY", "https_proxy"]),
            all: first(["ALL_PROXY", "all_proxy"]),
            no: first(["NO_PROXY", "no_proxy"]).value,
        }
    }

    /// The proxy on the way to an address.
    fn on_the_way(&self, to: &Url) -> Result<Option<Way>, ConnectError> {
        let own = if to.scheme() == "http" { &self.http } else { &self.https };
        let named = if own.value.is_empty() { &self.all } else { own };
        let Ok(uri) = to.as_str().parse::<Uri>() else { return Ok(None) };
        let matcher = if named.value.is_empty() {
            // What the system's own settings say, where it has any.
            if cfg!(any(target_os = "macos", windows)) {
                Matcher::from_system()
            } else {
                return Ok(None);
            }
        } else {
            Matcher::builder().all(named.value.clone()).no(self.no.clone()).build()
        };
        let Some(proxy) = matcher.intercept(&uri) else {
            // Either left out by NO_PROXY, or not readable.
            let readable = Matcher::builder().all(named.value.clone()).build();
            if named.value.is_empty() || readable.intercept(&uri).is_some() {
                return Ok(None);
            }
            return Err(ConnectError::BadProxy { variable: named.variable });
        };
        let bad = || ConnectError::BadProxy { variable: named.variable };
        let mut through = Proxy::all(proxy.uri().to_string()).map_err(|_| bad())?;
        if let Some(basic) = proxy.basic_auth() {
            through = through.custom_http_auth(basic.clone());
        } else if let Some((name, password)) = proxy.raw_auth() {
            through = through.basic_auth(name, password);
        }
        let shown = proxy.uri().authority().map(ToString::to_string).unwrap_or_default();
        let secure = proxy.uri().scheme_str() == Some("https");
        Ok(Some(Way { through, shown, secure }))
    }
}

/// A proxy on the way.
struct Way {
    through: Proxy,
    /// Host and port.
    shown: String,
    /// Asked by TLS itself.
    secure: bool,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").finish_non_exhaustive()
    }
}

/// The way to one desk.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) http: Client,
    /// With the API path and a slash at its end.
    pub(super) base: Url,
    /// The desk's name in sentences: host, and port where it is not the usual one.
    pub(super) desk: String,
    /// The proxy's, in the same way.
    pub(super) proxy: Option<String>,
}

impl Route {
    pub(super) fn to(url: &Url, options: &Options) -> Result<Self, ConnectError> {
        let plain = match url.scheme() {
            "http" => true,
            "https" => false,
            _ => return Err(ConnectError::NotHttp),
        };
        let host = url.host().ok_or(ConnectError::NotHttp)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ConnectError::Credentials);
        }
        let local = is_loopback(&host);
        let desk = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        if plain && !local && !options.allow_insecure_http {
            return Err(ConnectError::Insecure { desk });
        }
        let way = if local { None } else { options.proxies.on_the_way(url)? };
        let authorities = authorities(&options.authorities)?;
        let needs_tls = !plain || way.as_ref().is_some_and(|way| way.secure);
        let mut builder = builder(&options.limits);
        builder = if needs_tls {
            builder.tls_certs_merge(authorities)
        } else {
            // No roots are needed, so a machine that has none can still show the demo.
            builder.tls_certs_only([])
        };
        let proxy = way.as_ref().map(|way| way.shown.clone());
        builder = match way {
            None => builder.no_proxy(),
            Some(way) => builder.proxy(way.through),
        };
        let http = builder.build().map_err(|error| {
            ConnectError::Tls(failure::cause(&error, None, options.limits.connect))
        })?;
        Ok(Self { http, base: api_base(url), desk, proxy })
    }
}

fn builder(limits: &Limits) -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Already installed by somebody else is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder()
        .user_agent(concat!("caseload/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(limits.connect)
        // Idle connections are given up before a service does, so that no request meets a closing one.
        .pool_idle_timeout(Duration::from_secs(15))
        // A connection whose other end is gone without a word must not hold requests for ever.
        .http2_keep_alive_interval(Duration::from_secs(10))
        .http2_keep_alive_timeout(Duration::from_secs(5))
        .http2_keep_alive_while_idle(true)
}

/// The certificates of a PEM text, each looked at, so that a wrong one is told now and not at a handshake.
fn authorities(pem: &[u8]) -> Result<Vec<Certificate>, ConnectError> {
    let bad = |why: String| Err(ConnectError::BadAuthorities(why));
    let mut certificates = Vec::new();
    if pem.is_empty() {
        return Ok(certificates);
    }
    for (at, found) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let n = at + 1;
        let Ok(der) = found else {
            return bad(format!("its certificate {n} is cut off, or is not PEM"));
        };
        if RootCertStore::empty().add(der.clone()).is_err() {
            return bad(format!("its certificate {n} cannot be read"));
        }
        match Certificate::from_der(&der) {
            Ok(certificate) => certificates.push(certificate),
            Err(_) => return bad(format!("its certificate {n} cannot be read")),
        }
    }
    match certificates.is_empty() {
        true if pem.windows(11).any(|window| window == b"PRIVATE KEY") => {
            bad("it holds a private key and no certificate".to_owned())
        }
        true => bad("it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)".to_owned()),
        false => Ok(certificates),
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            name.eq_ignore_ascii_case("localhost")
                || name.to_ascii_lowercase().ends_with(".localhost")
        }
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => IpAddr::V6(*ip).to_canonical().is_loopback(),
    }
}

/// `https://host/x`, `https://host/x/` and `https://host/x/api/v1` all name the API at `/x/api/v1/`.
fn api_base(url: &Url) -> Url {
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    let path = base.path().trim_end_matches('/');
    let prefix = path.strip_suffix("/api/v1").unwrap_or(path);
    let path = format!("{prefix}/api/v1/");
    base.set_path(&path);
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(variables: &[(&str, &str)], to: &str) -> Result<Option<String>, ConnectError> {
        let proxies = Proxies::of(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
        });
        let way = proxies.on_the_way(&Url::parse(to).unwrap())?;
        Ok(way.map(|way| way.shown))
    }

    #[test]
    fn a_proxy_is_the_one_that_the_environment_names_for_the_scheme() {
        let desk = "https://desk.example.org/api/v1/";
        for (variables, to, proxy) in [
            (&[][..], desk, None),
            (&[("HTTPS_PROXY", "http://p:3128")], desk, Some("p:3128")),
            (&[("https_proxy", "http://p:3128")], desk, Some("p:3128")),
            (&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:2")], desk, Some("a:1")),
            (&[("HTTP_PROXY", "http://p:3128")], desk, None),
            (&[("HTTP_PROXY", "http://p:3128")], "http://desk.example.org/", Some("p:3128")),
            (&[("ALL_PROXY", "socks5h://p:1080")], desk, Some("p:1080")),
            (&[("all_proxy", "p:3128")], desk, Some("p:3128")),
            (&[("ALL_PROXY", "http://a:1"), ("HTTPS_PROXY", "http://b:2")], desk, Some("b:2")),
            (&[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "example.org")], desk, None),
            (&[("HTTPS_PROXY", "http://p:1"), ("no_proxy", ".example.org")], desk, None),
            (&[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "*")], desk, None),
            (&[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "example.com")], desk, Some("p:1")),
            (
                &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "10.0.0.0/8")],
                "https://10.2.3.4",
                None,
            ),
            (&[("HTTPS_PROXY", "http://me:hush@p:1")], desk, Some("p:1")),
        ] {
            assert_eq!(way(variables, to).unwrap().as_deref(), proxy, "{variables:?}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_told_by_its_variable_and_not_passed_over() {
        for value in ["ftp://me:hush@p:1", "http://me:hush@", "not a proxy"] {
            let error = way(&[("HTTPS_PROXY", value)], "https://desk.example.org").unwrap_err();
            assert_eq!(error, ConnectError::BadProxy { variable: "HTTPS_PROXY" }, "{value}");
            assert!(!error.to_string().contains("hush"));
        }
        let proxies = Proxies::of(|_| Some("http://me:hush@p:1"));
        assert!(!format!("{proxies:?}").contains("hush"));
    }

    #[test]
    fn a_file_of_authorities_is_told_by_what_is_wrong_with_it() {
        let made = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).unwrap();
        let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        assert_eq!(authorities(format!("{pem}\n# another\n{pem}").as_bytes()).unwrap().len(), 2);
        assert_eq!(authorities(b"").unwrap().len(), 0);
        let cut = &pem[..pem.len() / 2];
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (text, why) in [
            ("hello", "it holds no certificate in PEM"),
            (&*key, "it holds a private key and no certificate"),
            (cut, "its certificate 1 is cut off"),
            (&format!("{pem}{broken}"), "its certificate 2 cannot be read"),
        ] {
            let error = authorities(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(why), "{error}");
        }
    }
}
