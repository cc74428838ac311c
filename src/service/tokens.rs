//! Bearer tokens: made from the operating system's randomness, kept as SHA-256 alone. A token is written
//! `cl_` + eight characters that may be shown, to tell it from others + `_` + the secret and six characters
//! of a checksum: so a mistyped one is known without the store, and a scanner for secrets can match
//! `cl_[0-9A-Za-z]{8}_[0-9A-Za-z]{50}`. Older ones (`cl_` and 64 hex digits) count as well.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What every token begins with.
const MARK: &str = "cl_";
/// The part that may be shown.
const PREFIX: usize = 8;
/// A number of 122 random bits takes up to 22 digits.
const DIGITS: usize = 22;
const SECRET: usize = 2 * DIGITS;
const CHECKSUM: usize = 6;
const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new token; its owner sees it once.
pub(crate) struct Token {
    /// The whole of it.
    pub text: String,
    pub prefix: String,
}

impl Token {
    pub(crate) fn draw() -> Self {
        let prefix = base_62(random(), PREFIX);
        let secret = base_62(random(), DIGITS) + &base_62(random(), DIGITS);
        let body = format!("{MARK}{prefix}_{secret}");
        let checksum = checksum(&body);
        Self { text: body + &checksum, prefix }
    }
}

/// Whether it is written as a token of today whose checksum is wrong: it was never given out.
pub(crate) fn is_mistyped(token: &str) -> bool {
    let Some(rest) = token.strip_prefix(MARK) else { return false };
    if rest.len() != PREFIX + 1 + SECRET + CHECKSUM || !rest.is_ascii() {
        return false;
    }
    let (body, sum) = token.split_at(token.len() - CHECKSUM);
    rest.as_bytes().get(PREFIX) == Some(&b'_') && checksum(body) != sum
}

fn checksum(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    let number = digest.iter().take(4).fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
    base_62(number, CHECKSUM)
}

/// 122 random bits; the fixed ones of the UUID change nothing.
fn random() -> u128 {
    Uuid::new_v4().as_u128()
}

/// The last digits of a number, to the base of 62.
fn base_62(mut number: u128, digits: usize) -> String {
    let mut text = Vec::with_capacity(digits);
    for _ in 0..digits {
        // Less than 62, so it is a digit.
        let digit = usize::try_from(number % 62).unwrap_or_default();
        text.push(BASE_62.get(digit).copied().unwrap_or(b'0'));
        number /= 62;
    }
    text.iter().rev().map(|byte| char::from(*byte)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_with_any_character_changed_is_known_to_be_mistyped() {
        let token = Token::draw();
        assert_eq!(token.text.len(), 3 + 8 + 1 + 50);
        assert!(token.text.starts_with(&format!("cl_{}_", token.prefix)));
        assert!(!is_mistyped(&token.text));
        for at in (3..11).chain(12..token.text.len()) {
            let mut typed = token.text.clone().into_bytes();
            typed[at] = if typed[at] == b'x' { b'y' } else { b'x' };
            assert!(is_mistyped(&String::from_utf8(typed).unwrap()), "character {at}");
        }
        assert_ne!(Token::draw().text, token.text);
    }

    #[test]
    fn older_tokens_and_other_texts_are_left_to_the_store() {
        let older = format!("cl_{}", random_hex());
        for text in [older.as_str(), "token-ann", "", "cl_", "cl_demo_00", &"é".repeat(31)] {
            assert!(!is_mistyped(text), "{text}");
        }
    }
}
