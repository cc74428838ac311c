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
        Self(short_hash(token.expose_secret()))
    }

    /// As it stands in files: 32 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name that tells nothing but is always the same for the same text: 32 hexadecimal digits.
pub(crate) fn short_hash(text: &str) -> String {
    let mut name = String::new();
    for byte in &Sha256::digest(text.as_bytes())[..16] {
        // Writing to a text cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// Where a desk's token is to be had.
pub trait Tokens: Send + Sync + 'static {
    /// Reads it anew. An error is a sentence that names the place and never what is in it.
    fn read(&self) -> BoxFuture<'_, Result<SecretString, String>>;
}
