//! TLS of the service itself, from PEM: HTTP/1.1 alone, rustls with ring. Where the files are and who may read
//! them is for those who read them.

use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why a certificate and a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the certificate file holds no certificate in PEM form")]
    NoCertificate,
    #[error("the key file holds no private key in PEM form")]
    NoKey,
    #[error("certificate and key cannot be used together: {0}")]
    Refused(tokio_rustls::rustls::Error),
}

/// The certificate and key in use; others may take their place while the service runs.
pub struct Tls {
    config: RwLock<Arc<ServerConfig>>,
}

impl std::fmt::Debug for Tls {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// From the certificate chain (the service's own first) and its private key.
    ///
    /// # Errors
    /// [`TlsError`]
    pub fn load(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Ok(Self { config: RwLock::new(Arc::new(config(certificate, key)?)) })
    }

    /// Puts others in their place, for connections from now on.
    ///
    /// # Errors
    /// [`TlsError`]; then those before stay.
    pub fn replace(&self, certificate: &[u8], key: &[u8]) -> Result<(), TlsError> {
        let config = Arc::new(config(certificate, key)?);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone().into()
    }
}

fn config(certificate: &[u8], key: &[u8]) -> Result<ServerConfig, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::NoCertificate)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Refused)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Refused)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_certificate_or_key_is_told() {
        let one = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (one.cert.pem(), one.signing_key.serialize_pem());
        let load = |certificate: &str, key: &str| {
            Tls::load(certificate.as_bytes(), key.as_bytes()).map(drop).map_err(|e| e.to_string())
        };
        assert_eq!(load(&certificate, &key), Ok(()));
        for (certificate, key, why) in [
            ("", &key, "the certificate file holds no certificate"),
            (&key, &key, "the certificate file holds no certificate"),
            (&certificate, &certificate, "the key file holds no private key"),
            (&certificate, &other.signing_key.serialize_pem(), "cannot be used together"),
        ] {
            let said = load(certificate, key).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }
}
