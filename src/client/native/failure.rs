//! Failures of the line as sentences for people: no addresses, no library's words, no token.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use crate::client::CallError;

use super::Limits;

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
pub(super) fn of_sending(desk: &str, error: &reqwest::Error, limits: Limits) -> CallError {
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        return CallError::NotUnderstood(format!("What {desk} answers is not HTTP").into());
    }
    if error.is_connect() {
        return lost(desk, &cause(error, limits.connect), false);
    }
    lost(desk, &cause(error, limits.headers), true)
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

/// Why a connection or an exchange failed, in a few words.
pub(super) fn cause(error: &reqwest::Error, within: Duration) -> String {
    if let Some(tls) = find_tls(error) {
        return tls_cause(tls).to_owned();
    }
    if error.is_dns() {
        return "its name is not known".to_owned();
    }
    if error.is_timeout() {
        return format!("no connection within {}", seconds(within));
    }
    if let Some(io) = find::<std::io::Error>(error) {
        let known = match io.kind() {
            ErrorKind::ConnectionRefused => "connection refused",
            ErrorKind::ConnectionReset => "the connection was reset",
            ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
                "the connection was closed"
            }
            ErrorKind::HostUnreachable => "no way to that machine",
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
            "its certificate has expired"
        }
        Tls::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            "its certificate is not valid yet"
        }
        Tls::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "its certificate is for another name"
        }
        Tls::InvalidCertificate(Bad::UnknownIssuer) => {
            "this machine does not trust its certificate"
        }
        Tls::InvalidCertificate(Bad::Revoked) => "its certificate was revoked",
        Tls::InvalidCertificate(_) => "its certificate is not valid",
        Tls::InvalidMessage(_) => "it does not speak https there",
        Tls::General(_) => "this machine has no certificates to trust",
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
