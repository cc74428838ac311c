//! A desk that speaks TLS, HTTP/2 where the client offers it, and gzip where it is taken; it counts the
//! connections. Certificates of an authority of its own.

use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// An authority that no system knows.
pub struct Authority {
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    /// A certificate for that name, valid for these years.
    pub fn certify(&self, name: &str, years: std::ops::Range<i32>) -> Pair {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

pub struct TlsDesk {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    /// Ends with the value.
    _serving: JoinSet<()>,
}

impl TlsDesk {
    /// Answers every request with this JSON. `offered`: by ALPN.
    pub async fn start(pair: &Pair, offered: &[&str], json: &'static str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .unwrap();
        let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
        let mut config =
            ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let mut serving = JoinSet::new();
        let count = Arc::clone(&connections);
        serving.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let acceptor = acceptor.clone();
                open.spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let answer = hyper::service::service_fn(move |request| answer(request, json));
                    let io = TokioIo::new(stream);
                    if two {
                        let h2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        let _ = h2.serve_connection(io, answer).await;
                    } else {
                        let h1 = hyper::server::conn::http1::Builder::new();
                        let _ = h1.serve_connection(io, answer).await;
                    }
                });
            }
        });
        Self { address, connections, _serving: serving }
    }

    /// How many connections there were so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// The version that was spoken stands in a header that tests look at by `x-spoke`.
#[allow(clippy::unused_async, reason = "hyper asks for a future")]
async fn answer(
    request: Request<Incoming>,
    json: &'static str,
) -> Result<Response<Whole>, Infallible> {
    let takes_gzip = request
        .headers()
        .get("accept-encoding")
        .is_some_and(|takes| takes.to_str().unwrap().contains("gzip"));
    let two = request.version() == Version::HTTP_2;
    let json = json.replace("VERSION", if two { "HTTP/2" } else { "HTTP/1.1" });
    let mut response = Response::builder().header("content-type", "application/json");
    let body = if takes_gzip {
        response = response.header("content-encoding", "gzip");
        gzip(json.replace("PACKED", "packed").as_bytes())
    } else {
        json.into_bytes()
    };
    Ok(response.body(Whole(Some(body.into()))).unwrap())
}

/// A body that is there at once.
pub struct Whole(Option<Bytes>);

impl hyper::body::Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, Bytes::len) as u64)
    }
}

/// As gzip writes it when nothing can be made smaller: one stored block (RFC 1951, 1952).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.write_all(&length.to_le_bytes()).unwrap();
    out.write_all(&(!length).to_le_bytes()).unwrap();
    out.write_all(bytes).unwrap();
    let crc = !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    });
    out.write_all(&crc.to_le_bytes()).unwrap();
    out.write_all(&u32::from(length).to_le_bytes()).unwrap();
    out
}
