//! Follows the requests of one connection in its bytes, to find those with both a Transfer-Encoding and a
//! Content-Length: a proxy in front may have counted their bodies otherwise than we do. The HTTP library
//! goes by the former and hides the latter, so that it shows here alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Longer heads are refused by the server.
pub(super) const HEAD: usize = 16 * 1024;

/// Whether a request of a connection could be read in two ways. Known before its service is called, since
/// the bytes of its head have passed by then.
#[derive(Debug, Clone, Default)]
pub(super) struct TwoWays(Arc<AtomicBool>);

impl TwoWays {
    pub(super) fn seen(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
pub(super) struct Framing {
    state: State,
    two_ways: TwoWays,
}

#[derive(Debug)]
enum State {
    /// In a head, with what has come of it.
    Head(Vec<u8>),
    /// In a body, with the bytes that are left of it.
    Body(u64),
    /// No request can follow: the server closes the connection.
    Last,
}

impl Framing {
    pub(super) const fn new(two_ways: TwoWays) -> Self {
        Self { state: State::Head(Vec::new()), two_ways }
    }

    /// Takes in what was read from the connection.
    pub(super) fn read(&mut self, mut bytes: &[u8]) {
        while let [first, rest @ ..] = bytes {
            match &mut self.state {
                State::Last => return,
                State::Body(0) => self.state = State::Head(Vec::new()),
                State::Body(left) => {
                    let body = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= body as u64;
                    bytes = bytes.get(body..).unwrap_or_default();
                }
                State::Head(head) => {
                    bytes = rest;
                    // Empty lines before a request mean nothing.
                    if head.is_empty() && matches!(first, b'\r' | b'\n') {
                        continue;
                    }
                    head.push(*first);
                    if head.ends_with(b"\n\n") || head.ends_with(b"\n\r\n") {
                        self.state = next(head, &self.two_ways);
                    } else if head.len() > HEAD {
                        self.state = State::Last;
                    }
                }
            }
        }
    }
}

/// What comes after a head.
fn next(head: &[u8], two_ways: &TwoWays) -> State {
    let values = |name: &'static str| {
        head.split(|byte| *byte == b'\n').skip(1).filter_map(move |line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (given, value) = line.split_at(colon);
            given.eq_ignore_ascii_case(name.as_bytes()).then(|| value.get(1..).unwrap_or_default())
        })
    };
    let length = values("content-length").next();
    if values("transfer-encoding").next().is_some() {
        if length.is_some() {
            two_ways.0.store(true, Ordering::Relaxed);
        }
        return State::Last;
    }
    match length.map(|value| std::str::from_utf8(value).ok()?.trim().parse().ok()) {
        None => State::Body(0),
        Some(Some(length)) => State::Body(length),
        // The server refuses it.
        Some(None) => State::Last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TE: &str = "Transfer-Encoding: chunked\r\n";
    const CL: &str = "Content-Length: 5\r\n";

    fn seen(requests: &str) -> bool {
        let whole = TwoWays::default();
        Framing::new(whole.clone()).read(requests.as_bytes());
        let bytewise = TwoWays::default();
        let mut framing = Framing::new(bytewise.clone());
        requests.as_bytes().iter().for_each(|byte| framing.read(&[*byte]));
        assert_eq!(whole.seen(), bytewise.seen(), "{requests:?}");
        whole.seen()
    }

    #[test]
    fn a_request_with_two_lengths_is_seen_wherever_it_stands() {
        for both in [
            format!("POST / HTTP/1.1\r\n{TE}{CL}\r\n"),
            format!("POST / HTTP/1.1\r\n{CL}Host: a\r\n{TE}\r\n"),
            "\r\n\r\nPOST / HTTP/1.1\ncontent-length:5\nTRANSFER-ENCODING:x\n\n".to_owned(),
            format!("GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\n{TE}{CL}\r\n"),
            format!("POST / HTTP/1.1\r\n{CL}\r\nabcdePOST / HTTP/1.1\r\n{TE}{CL}\r\n"),
        ] {
            assert!(seen(&both), "{both:?}");
        }
    }

    #[test]
    fn one_length_is_no_reason_and_neither_is_what_a_body_says() {
        for one in [
            format!("POST / HTTP/1.1\r\n{CL}\r\nabcde"),
            format!("POST / HTTP/1.1\r\n{TE}\r\n5\r\n{CL}\r\n"),
            format!("POST / HTTP/1.1\r\nContent-Length: 90\r\n\r\nPOST / HTTP/1.1\r\n{TE}{CL}\r\n"),
            format!("POST / HTTP/1.1\r\nX: {}\r\n{TE}{CL}\r\n", "x".repeat(HEAD)),
            format!("POST / HTTP/1.1\r\nX-{TE}{CL}\r\nabcde"),
        ] {
            assert!(!seen(&one), "{one:?}");
        }
    }
}
