//! Tokens as a client uses them: told apart without being told, and read again when a desk no longer takes
//! the one in use.

use std::fmt::Write;

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Tells tokens apart without telling them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Tokens are long and drawn, so that a plain hash gives nothing away.
    #[must_use]
    pub fn of(token: &SecretString) -> Self {
        let hash = Sha256::digest(token.expose_secret().as_bytes());
        let mut digits = String::new();
        for byte in hash.iter().take(16) {
            let _ = write!(digits, "{byte:02x}");
        }
        Self(digits)
    }

    /// As it stands in files: 32 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a desk's token is to be had.
pub trait Tokens: Send + Sync + 'static {
    /// Reads it anew. An error is a sentence that names the place and never what is in it.
    fn read(&self) -> BoxFuture<'_, Result<SecretString, String>>;
}
