//! Bearer tokens: made from the operating system's randomness, kept as SHA-256 alone.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A new token; its owner sees it once.
pub(crate) fn new_token() -> String {
    format!("cl_{}", random_hex())
}

/// 244 random bits (of two version-4 UUIDs) as 64 hex digits.
pub(crate) fn random_hex() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// What is stored of a token. A token has enough randomness that a plain hash cannot be turned back.
pub(crate) fn hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The bytes of hex digits; None for anything else.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}
