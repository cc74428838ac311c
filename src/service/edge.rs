//! What the service is told of its edge, and where a request came from: by which address, over TLS or not,
//! and under which id it stands in the log.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use uuid::Uuid;

use super::tls::Tls;

/// Set by proxies.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The id of a request, the caller's or ours.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken over from a caller.
const REQUEST_ID_MAX: usize = 64;

/// How the service meets the network. The default: no TLS, no proxy, metrics for this machine alone.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    /// Whose X-Forwarded-For and X-Forwarded-Proto are believed.
    pub trusted_proxies: Vec<Net>,
    /// Who may read the metrics without a token, besides this machine.
    pub metrics_allow: Vec<Net>,
    pub tls: Option<Arc<Tls>>,
}

/// A network: the addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    address: IpAddr,
    bits: u8,
}

impl Net {
    /// The network of an address, of which so many bits count; more than it has are all of them.
    #[must_use]
    pub fn new(address: IpAddr, bits: u8) -> Self {
        Self { address, bits }
    }

    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(own)) => {
                let other = net.to_bits() ^ own.to_bits();
                other.leading_zeros() >= u32::from(self.bits).min(32)
            }
            (IpAddr::V6(net), IpAddr::V6(own)) => {
                let other = net.to_bits() ^ own.to_bits();
                other.leading_zeros() >= u32::from(self.bits).min(128)
            }
            _ => false,
        }
    }
}

fn any_has(nets: &[Net], address: IpAddr) -> bool {
    nets.iter().any(|net| net.has(address))
}

/// Where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Came {
    pub address: IpAddr,
    /// Over TLS, to us or to the proxy.
    pub secure: bool,
    /// Whether it may read the metrics without a token.
    pub reads_metrics: bool,
}

impl Edge {
    pub(super) fn trusts(&self, peer: IpAddr) -> bool {
        any_has(&self.trusted_proxies, peer)
    }

    /// Where a request of a connection came from, by its headers where they are to be believed: the last
    /// address in X-Forwarded-For that is no trusted proxy's.
    pub(super) fn came(&self, peer: IpAddr, tls: bool, headers: &HeaderMap) -> Came {
        let peer = peer.to_canonical();
        let relayed = [FORWARDED_FOR, header::FORWARDED, header::VIA]
            .iter()
            .any(|name| headers.contains_key(name));
        if !self.trusts(peer) {
            // A proxy that nobody told us of would make the whole world look like this machine.
            let near = !relayed && (peer.is_loopback() || any_has(&self.metrics_allow, peer));
            return Came { address: peer, secure: tls, reads_metrics: near };
        }
        let mut address = peer;
        for hop in values(headers, &FORWARDED_FOR).into_iter().rev() {
            let Some(hop) = hop_address(&hop) else { break };
            address = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        let proto = values(headers, &FORWARDED_PROTO).pop();
        let secure = proto.map_or(tls, |proto| proto.eq_ignore_ascii_case("https"));
        let near = if relayed {
            any_has(&self.metrics_allow, address)
        } else {
            peer.is_loopback() || any_has(&self.metrics_allow, peer)
        };
        Came { address, secure, reads_metrics: near }
    }
}

/// The values of a list header, in their order over all of its lines.
fn values(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(|value| String::from_utf8_lossy(value).trim().to_owned())
        .collect()
}

/// An address as proxies write it: alone, with a port, or in brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.split(']').next()).unwrap_or(hop);
    let parsed = bare
        .parse()
        .ok()
        .or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()));
    parsed.map(|address: IpAddr| address.to_canonical())
}

/// The address that a request came from, behind proxies that are trusted. An extractor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    /// A request that came over no connection has the unspecified address.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let came = parts.extensions.get::<Came>();
        Ok(Self(came.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |came| came.address)))
    }
}

/// The id of a request: in its answer, and in every log record of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestId(String);

impl RequestId {
    /// The caller's id if it is short and plain, else a new one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(REQUEST_ID).iter();
        let own = given.next().and_then(|id| id.to_str().ok()).filter(|id| {
            (1..=REQUEST_ID_MAX).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        });
        match (own, given.next()) {
            (Some(id), None) => Self(id.to_owned()),
            _ => Self(Uuid::new_v4().simple().to_string()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn edge() -> Edge {
        Edge {
            trusted_proxies: vec![Net::new(ip("10.0.0.0"), 8), Net::new(ip("::1"), 128)],
            metrics_allow: vec![Net::new(ip("192.0.2.0"), 24)],
            tls: None,
        }
    }

    fn came(peer: &str, headers: &[(&'static str, &str)]) -> Came {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        edge().came(ip(peer), false, &map)
    }

    #[test]
    fn a_net_has_the_addresses_that_begin_as_it_does() {
        for (net, bits, address, has) in [
            ("10.0.0.0", 8, "10.255.0.1", true),
            ("10.0.0.0", 8, "11.0.0.1", false),
            ("127.0.0.1", 32, "127.0.0.1", true),
            ("127.0.0.1", 32, "127.0.0.2", false),
            ("0.0.0.0", 0, "203.0.113.9", true),
            ("0.0.0.0", 0, "2001:db8::1", false),
            ("2001:db8::", 32, "2001:db8:ffff::1", true),
            ("2001:db8::", 32, "2001:db9::1", false),
            ("10.0.0.0", 8, "::ffff:10.1.2.3", true),
        ] {
            assert_eq!(Net::new(ip(net), bits).has(ip(address)), has, "{address} in {net}/{bits}");
        }
    }

    #[test]
    fn the_clients_address_is_the_last_one_that_no_trusted_proxy_has() {
        let name = "x-forwarded-for";
        for (peer, hops, expected) in [
            ("203.0.113.9", &[][..], "203.0.113.9"),
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["9.9.9.9, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["9.9.9.9", "198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.1", &["[2001:db8::7]:443"], "2001:db8::7"),
            ("::1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
        ] {
            let headers: Vec<_> = hops.iter().map(|hop| (name, *hop)).collect();
            assert_eq!(came(peer, &headers).address, ip(expected), "{peer} {hops:?}");
        }
    }

    #[test]
    fn https_before_the_proxy_is_believed_of_a_trusted_one_alone() {
        let https = [("x-forwarded-proto", "https")];
        assert!(came("10.0.0.1", &https).secure);
        assert!(!came("10.0.0.1", &[]).secure);
        assert!(!came("203.0.113.9", &https).secure);
    }

    #[test]
    fn metrics_are_read_from_this_machine_and_named_nets_but_not_through_a_proxy() {
        let through = |address| [("x-forwarded-for", address)];
        assert!(came("127.0.0.1", &[]).reads_metrics);
        assert!(came("192.0.2.7", &[]).reads_metrics);
        assert!(came("10.0.0.1", &through("192.0.2.7")).reads_metrics);
        assert!(!came("203.0.113.9", &[]).reads_metrics);
        // A proxy on this machine that is not among the trusted.
        assert!(!came("127.0.0.1", &through("203.0.113.9")).reads_metrics);
        assert!(!came("127.0.0.1", &[("via", "1.1 proxy")]).reads_metrics);
        assert!(!came("::1", &through("203.0.113.9")).reads_metrics);
        assert!(!came("::1", &through("127.0.0.1")).reads_metrics);
    }

    #[test]
    fn an_id_is_taken_over_if_it_is_short_and_plain() {
        let id = |given: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in given {
                headers.append(REQUEST_ID, value.parse().unwrap());
            }
            RequestId::of(&headers).to_string()
        };
        assert_eq!(id(&["a.B_7-9"]), "a.B_7-9");
        let long = "x".repeat(65);
        for given in [&[][..], &[""], &["a b"], &["a=b"], &[&long], &["a", "b"]] {
            let made = id(given);
            assert!(made.len() == 32 && made.bytes().all(|b| b.is_ascii_hexdigit()), "{made}");
            assert_ne!(made, id(given));
        }
    }
}
