//! The feed's cursors: opaque to their holder, good for one user in one scope, and across restarts.
//!
//! What is in a cursor is hidden as well as signed: the number of the latest change would tell a partner
//! how much happens at the others.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::store::{Position, Scope};
use super::tokens::{hex, unhex};
use crate::domain::UserId;

const NONCE: usize = 16;
const PAYLOAD: usize = 17;
const TAG: usize = 16;

/// Makes and reads cursors with the desk's own secret.
#[derive(Clone)]
pub(crate) struct Cursors {
    secret: String,
}

impl Cursors {
    pub(crate) fn new(secret: String) -> Self {
        Self { secret }
    }

    fn mac(&self, purpose: &[u8]) -> Hmac<Sha256> {
        // HMAC takes keys of every length.
        #[allow(clippy::expect_used, reason = "cannot fail: HMAC takes keys of every length")]
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("any length is a key");
        mac.update(purpose);
        mac
    }

    /// Hides the payload, and shows it again.
    fn mask(&self, nonce: &[u8], payload: &mut [u8]) {
        let mut mac = self.mac(b"mask");
        mac.update(nonce);
        for (byte, mask) in payload.iter_mut().zip(mac.finalize().into_bytes()) {
            *byte ^= mask;
        }
    }

    fn tag(&self, hidden: &[u8], user: &UserId, scope: &Scope) -> Hmac<Sha256> {
        let mut mac = self.mac(b"sign");
        mac.update(hidden);
        mac.update(scope.word().as_bytes());
        // The length keeps the two texts apart.
        mac.update(&(user.as_str().len() as u64).to_be_bytes());
        mac.update(user.as_str().as_bytes());
        mac
    }

    pub(crate) fn write(&self, position: Position, user: &UserId, scope: &Scope) -> String {
        let (kind, seq, after) = match position {
            Position::Live { seq } => (0, seq, 0),
            Position::Snapshot { seq, after } => (1, seq, after),
        };
        let mut bytes = Vec::with_capacity(NONCE + PAYLOAD + TAG);
        bytes.extend(Uuid::new_v4().as_bytes());
        bytes.push(kind);
        bytes.extend(i64::to_be_bytes(seq));
        bytes.extend(i64::to_be_bytes(after));
        let (nonce, payload) = bytes.split_at_mut(NONCE);
        self.mask(nonce, payload);
        let tag = self.tag(&bytes, user, scope).finalize().into_bytes();
        bytes.extend(tag.iter().take(TAG));
        hex(&bytes)
    }

    /// None: not one of ours, or somebody else's, or of another scope.
    pub(crate) fn read(&self, cursor: &str, user: &UserId, scope: &Scope) -> Option<Position> {
        let bytes = unhex(cursor)?;
        if bytes.len() != NONCE + PAYLOAD + TAG {
            return None;
        }
        let (hidden, tag) = bytes.split_at(NONCE + PAYLOAD);
        self.tag(hidden, user, scope).verify_truncated_left(tag).ok()?;
        let (nonce, payload) = hidden.split_at(NONCE);
        let mut payload = payload.to_vec();
        self.mask(nonce, &mut payload);
        let number = |at: usize| -> Option<i64> {
            Some(i64::from_be_bytes(payload.get(at..at + 8)?.try_into().ok()?))
        };
        let (seq, after) = (number(1)?, number(9)?);
        match payload.first()? {
            0 => Some(Position::Live { seq }),
            1 => Some(Position::Snapshot { seq, after }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_for_its_own_user_and_scope_alone() {
        let cursors = Cursors::new("secret".to_owned());
        let (ann, bob) = (UserId::from("ann"), UserId::from("bob"));
        for position in [Position::Live { seq: 77 }, Position::Snapshot { seq: 5, after: 1 << 40 }]
        {
            let cursor = cursors.write(position, &ann, &Scope::All);
            assert_eq!(cursors.read(&cursor, &ann, &Scope::All), Some(position));
            assert_eq!(cursors.read(&cursor, &bob, &Scope::All), None);
            assert_eq!(cursors.read(&cursor, &ann, &Scope::Engineer), None);
            let other = Cursors::new("another".to_owned());
            assert_eq!(other.read(&cursor, &ann, &Scope::All), None);
        }
    }

    #[test]
    fn a_cursor_with_any_digit_changed_is_refused() {
        let cursors = Cursors::new("secret".to_owned());
        let ann = UserId::from("ann");
        let cursor = cursors.write(Position::Live { seq: 77 }, &ann, &Scope::All);
        for at in 0..cursor.len() {
            let mut forged = cursor.clone().into_bytes();
            forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(cursors.read(&forged, &ann, &Scope::All), None, "digit {at}");
        }
        for junk in ["", "zz", "é", "00", &"0".repeat(98), &"+1".repeat(49)] {
            assert_eq!(cursors.read(junk, &ann, &Scope::All), None, "{junk}");
        }
    }
}
