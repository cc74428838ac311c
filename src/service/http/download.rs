//! A file as an answer: always a download, whole or one range of it (RFC 9110, section 14).

use std::fmt::Write;
use std::ops::Range;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use http_range_header::{RangeUnsatisfiableError, parse_range_header};

use super::answer::{Refused, tags};
use crate::service::Service;
use crate::service::files::Download;
use crate::service::problem::problem;
use crate::wire::Code;

/// A file is never shown as a page of ours, whatever it is and however it is opened.
const POLICY: &str = "sandbox; default-src 'none'";

/// What of a file is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    All,
    Part(Range<u64>),
    /// Nothing of the file is in the range.
    Nothing,
}

/// What of a file of that size and tag is asked for. What cannot be read, is of another unit or names several
/// ranges is answered with all of it, as is a range of a file that was another one then.
fn asked(headers: &HeaderMap, size: u64, tag: &str) -> Asked {
    let one = |name| {
        let mut values = headers.get_all(name).iter();
        values
            .next()
            .filter(|_| values.next().is_none())
            .and_then(|v: &HeaderValue| v.to_str().ok())
    };
    let Some(range) = one(header::RANGE) else { return Asked::All };
    // A date never matches: files have tags alone.
    if headers.contains_key(header::IF_RANGE) && one(header::IF_RANGE) != Some(tag) {
        return Asked::All;
    }
    let Ok(ranges) = parse_range_header(range) else { return Asked::All };
    if ranges.len() != 1 {
        return Asked::All;
    }
    match ranges.validate(size).as_deref() {
        Ok([range]) => Asked::Part(*range.start()..range.end() + 1),
        Err(RangeUnsatisfiableError::Unsatisfiable) => Asked::Nothing,
        _ => Asked::All,
    }
}

/// `attachment` with the name for every client: in ASCII without anything that could end the text or mean a
/// path, and whole (RFC 5987).
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || " ._-()+,@".contains(c) { c } else { '_' })
        .collect();
    let plain = plain.trim_start_matches('.');
    let plain = if plain.is_empty() { "file" } else { plain };
    let mut whole = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(whole, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

/// The file, or the part of it that is asked for.
pub(super) fn answer(service: &Service, headers: &HeaderMap, file: &Download) -> Response {
    let size = file.attachment.size;
    let tag = format!("\"{}\"", file.attachment.sha256);
    // Weak comparison: what is asked is whether the caller's copy is good enough.
    let known = tags(headers, &header::IF_NONE_MATCH).is_some_and(|tags| {
        tags.iter().any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == tag)
    });
    let asked = if known { Asked::All } else { asked(headers, size, &tag) };
    let (status, range) = match asked {
        Asked::All if known => (StatusCode::NOT_MODIFIED, 0..0),
        Asked::All => (StatusCode::OK, 0..size),
        Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Asked::Nothing => {
            let detail = format!("The file has {size} bytes, none of them in the range.");
            let mut response =
                axum::response::IntoResponse::into_response(Refused(problem(Code::Range, detail)));
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
            return response;
        }
    };
    let body = if known {
        Body::empty()
    } else {
        Body::from_stream(service.content(file, range.start, range.end))
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    set(&mut response, header::ETAG, &tag);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut response, header::CONTENT_SECURITY_POLICY, POLICY);
    if known {
        return response;
    }
    set(&mut response, header::CONTENT_TYPE, &file.content_type);
    let disposition = disposition(file.attachment.name.raw());
    set(&mut response, header::CONTENT_DISPOSITION, &disposition);
    set(&mut response, header::CONTENT_LENGTH, &(range.end - range.start).to_string());
    if status == StatusCode::PARTIAL_CONTENT {
        let part = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        set(&mut response, header::CONTENT_RANGE, &part);
    }
    response
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_answered_and_what_is_none_gets_the_whole_file() {
        let part = |from, to| Asked::Part(from..to);
        for (range, if_range, expected) in [
            (None, None, Asked::All),
            (Some("bytes=0-0"), None, part(0, 1)),
            (Some("bytes=0-99"), None, part(0, 100)),
            (Some("bytes=10-19"), None, part(10, 20)),
            (Some("Bytes=10-19"), None, part(10, 20)),
            (Some("bytes=90-"), None, part(90, 100)),
            (Some("bytes=90-1000"), None, part(90, 100)),
            (Some("bytes=-7"), None, part(93, 100)),
            (Some("bytes=-1000"), None, part(0, 100)),
            (Some("bytes=100-"), None, Asked::Nothing),
            (Some("bytes=100-200"), None, Asked::Nothing),
            (Some("bytes=-0"), None, Asked::Nothing),
            (Some("bytes=0-1,5-6"), None, Asked::All),
            (Some("bytes=7-3"), None, Asked::All),
            (Some("bytes=a-b"), None, Asked::All),
            (Some("bytes="), None, Asked::All),
            (Some("lines=1-2"), None, Asked::All),
            (Some("bytes=0-18446744073709551616"), None, part(0, 100)),
            (Some("bytes=1-2"), Some("\"tag\""), part(1, 3)),
            (Some("bytes=1-2"), Some("\"other\""), Asked::All),
            (Some("bytes=1-2"), Some("W/\"tag\""), Asked::All),
            (Some("bytes=1-2"), Some("Tue, 24 Nov 2026 09:00:00 GMT"), Asked::All),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(header::RANGE, range), (header::IF_RANGE, if_range)] {
                headers.extend(value.map(|value| (name, HeaderValue::from_static(value))));
            }
            assert_eq!(asked(&headers, 100, "\"tag\""), expected, "{range:?} {if_range:?}");
        }
    }

    #[test]
    fn a_name_cannot_get_out_of_its_header() {
        for (name, plain, whole) in [
            ("error.log", "error.log", "error.log"),
            ("Größe 1.log", "Gr__e 1.log", "Gr%C3%B6%C3%9Fe%201.log"),
            ("a\"; filename=\"b.exe", "a__ filename__b.exe", "a%22%3B%20filename%3D%22b.exe"),
            ("a\r\nSet-Cookie: x", "a__Set-Cookie_ x", "a%0D%0ASet-Cookie%3A%20x"),
            ("\u{202e}gpj.exe", "_gpj.exe", "%E2%80%AEgpj.exe"),
            (".bashrc", "bashrc", ".bashrc"),
            ("...", "file", "..."),
            ("100%.txt", "100_.txt", "100%25.txt"),
            ("it's", "it_s", "it%27s"),
        ] {
            let expected = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}");
            let written = disposition(name);
            assert_eq!(written, expected);
            assert!(HeaderValue::try_from(written).is_ok());
        }
    }
}
