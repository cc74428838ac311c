//! Failures of the line as sentences for people, with what to do: no library's words, no token, and of a proxy
//! host and port alone.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use crate::client::CallError;

use super::Limits;
use super::route::Route;

/// What was asked, as far as it matters when the answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Read,
    /// Something that may have been done although its answer is lost.
    Write,
}

fn lost(desk: &str, cause: &str, sent: bool) -> CallError {
    CallError::NotReached { what: format!("Could not reach {desk}: {cause}").into(), sent }
}

/// No answer began in time.
pub(super) fn silent(desk: &str, within: Duration) -> CallError {
    lost(desk, &format!("no answer within {}", seconds(within)), true)
}

/// The answer began and did not come to its end in time.
pub(super) fn stalled(desk: &str) -> CallError {
    lost(desk, "its answer stopped half way", true)
}

pub(super) fn too_large(desk: &str) -> CallError {
    CallError::NotUnderstood(format!("The answer of {desk} is too large").into())
}

/// No answer began.
pub(super) fn of_sending(route: &Route, error: &reqwest::Error, limits: Limits) -> CallError {
    let desk = &route.desk;
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        return CallError::NotUnderstood(
            format!("What {desk} answers is not HTTP; check the address of the desk").into(),
        );
    }
    if error.is_connect() {
        return lost(desk, &cause(error, Some(route), limits.connect), false);
    }
    lost(desk, &cause(error, None, limits.headers), true)
}

/// The proxy wants to know who we are (407): nothing has got to the desk.
pub(super) fn proxy_asks(route: &Route) -> CallError {
    lost(&route.desk, &asks(route.proxy.as_deref().unwrap_or("in between")), false)
}

fn asks(proxy: &str) -> String {
    format!(
        "the proxy {proxy} asks for a name and a password; write them into the variable that names it \
         (http://NAME:PASSWORD@…)"
    )
}

/// The token was refused, and could not be read again.
pub(super) fn not_reread(refused: CallError, why: &str) -> CallError {
    let CallError::SignedOut(said) = refused else { return refused };
    CallError::SignedOut(
        format!("{} The token could not be read again: {why}", stopped(said.raw())).into(),
    )
}

/// The token was refused, and is another one by now.
pub(super) fn token_changed(desk: &str) -> CallError {
    CallError::Busy {
        what: format!("The token for {desk} was changed meanwhile; send the file again").into(),
        retry_after: None,
    }
}

fn stopped(sentence: &str) -> String {
    let sentence = sentence.trim_end();
    if sentence.ends_with(['.', '!', '?']) { sentence.to_owned() } else { format!("{sentence}.") }
}

/// The answer broke off. Whoever read may ask again; whoever wrote must know that it may have been done.
pub(super) fn of_reading(desk: &str, error: &reqwest::Error, asked: Asked) -> CallError {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut};
    let line_broke = error.is_timeout()
        || find::<std::io::Error>(error).is_some_and(|e| {
            matches!(e.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | TimedOut)
        });
    if line_broke || asked == Asked::Write {
        return lost(desk, "its answer broke off", true);
    }
    CallError::NotUnderstood(format!("The answer of {desk} is broken").into())
}

/// Why a connection or an exchange failed, in a few words. `route`: what was to be connected.
pub(super) fn cause(error: &reqwest::Error, route: Option<&Route>, within: Duration) -> String {
    let Some((route, proxy)) = route.and_then(|route| Some((route, route.proxy.as_deref()?)))
    else {
        return plain_cause(error, within);
    };
    match hop(error) {
        Hop::Asks => asks(proxy),
        Hop::Refuses => format!("the proxy {proxy} does not let us through to it"),
        // A request to a desk with plain http goes to the proxy itself.
        Hop::Fails => format!("the proxy {proxy} is not reached ({})", plain_cause(error, within)),
        Hop::Passed if route.base.scheme() == "http" => {
            format!("the proxy {proxy} is not reached ({})", plain_cause(error, within))
        }
        Hop::Passed if error.is_timeout() => {
            format!("{} through the proxy {proxy}", plain_cause(error, within))
        }
        Hop::Passed => plain_cause(error, within),
    }
}

/// How far a connection through a proxy came.
enum Hop {
    /// The proxy was not reached.
    Fails,
    Asks,
    Refuses,
    /// The proxy has done its part.
    Passed,
}

/// The library has no type for it that could be named, but words.
fn hop(error: &reqwest::Error) -> Hop {
    let mut next = error.source();
    while let Some(error) = next {
        let words = error.to_string();
        if let Some(tunnel) = words.strip_prefix("tunnel error: ") {
            return match tunnel {
                "proxy authorization required" => Hop::Asks,
                "failed to create underlying connection" | "io error establishing tunnel" => {
                    Hop::Fails
                }
                _ => Hop::Refuses,
            };
        }
        if let Some(socks) = words.strip_prefix("SOCKS error: ") {
            let fails =
                ["failed to create underlying connection", "io error during SOCKS handshake"];
            return if fails.contains(&socks) { Hop::Fails } else { Hop::Refuses };
        }
        next = error.source();
    }
    Hop::Passed
}

fn plain_cause(error: &reqwest::Error, within: Duration) -> String {
    if let Some(tls) = find_tls(error) {
        return tls_cause(tls).to_owned();
    }
    if error.is_dns() {
        return "its name is not known; check the address, and whether there is a network"
            .to_owned();
    }
    if error.is_timeout() {
        return format!("no connection within {}", seconds(within));
    }
    if let Some(io) = find::<std::io::Error>(error) {
        let known = match io.kind() {
            ErrorKind::ConnectionRefused => {
                "connection refused; check the port, and whether a service runs there"
            }
            ErrorKind::ConnectionReset => "the connection was reset",
            ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
                "the connection was closed"
            }
            ErrorKind::HostUnreachable => "no way to that machine; check the network",
            ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => "no network",
            ErrorKind::PermissionDenied => "this machine does not allow the connection",
            ErrorKind::AddrNotAvailable => "the address cannot be used",
            _ => "the connection failed",
        };
        return known.to_owned();
    }
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message) {
        return "it hung up without an answer".to_owned();
    }
    "the connection failed".to_owned()
}

fn tls_cause(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Bad;
    use rustls::Error as Tls;
    match error {
        Tls::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "its certificate has expired; whoever runs the desk must renew it, unless this machine's clock is wrong"
        }
        Tls::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            "its certificate is not valid yet; check this machine's clock"
        }
        Tls::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "its certificate is for another name; check the address of the desk"
        }
        Tls::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => {
            "this machine does not trust its certificate; if the desk has an authority of its own, name \
             that one's file as ca_file in the desk's table of the configuration"
        }
        Tls::InvalidCertificate(Bad::Revoked) => "its certificate was revoked",
        Tls::InvalidCertificate(_) => "its certificate is not valid",
        Tls::InvalidMessage(_) => "it does not speak https there; check the address of the desk",
        Tls::General(_) => {
            "this machine has no certificates to trust; install them (ca-certificates), or name a ca_file"
        }
        _ => "no secure connection came about",
    }
}

/// The first error of a type among the causes.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// A TLS error hides inside an IO error, which does not name it among its causes.
fn find_tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(tls) = inner.and_then(|inner| find_tls(inner)) {
            return Some(tls);
        }
        next = error.source();
    }
    None
}

fn seconds(within: Duration) -> String {
    if within.subsec_millis() == 0 {
        format!("{} s", within.as_secs())
    } else {
        format!("{} ms", within.as_millis())
    }
}
