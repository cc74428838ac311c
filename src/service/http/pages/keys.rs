//! How many licence keys one address may try.
//!
//! Nobody may find out by trying which keys exist, so an address reports with five different keys an hour at
//! most, known or not: a count of the wrong ones alone would itself tell a wrong key from a right one. A
//! key that was used in that hour may be used again, so a customer with one licence never meets the limit.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::service::limits;

/// Different keys of an address within [`WINDOW`].
const KEYS: usize = 5;
const WINDOW: TimeDelta = TimeDelta::hours(1);
/// From so many addresses on, new ones count as one: memory stays bounded.
const ADDRESSES: usize = 16_384;

/// The hash of a key, and when it was first used.
type Try = (u64, DateTime<Utc>);

/// The keys that were used lately, as hashes with a secret of this process.
#[derive(Default)]
pub(super) struct KeyTries {
    tried: Mutex<HashMap<IpAddr, Vec<Try>>>,
    hashes: RandomState,
}

impl KeyTries {
    /// One report with a key.
    ///
    /// # Errors
    /// The seconds until another key is taken.
    pub(super) fn take(&self, address: IpAddr, key: &str, now: DateTime<Utc>) -> Result<(), u64> {
        let key = self.hashes.hash_one(key.trim());
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let mut address = limits::counted(address);
        if tried.len() >= ADDRESSES && !tried.contains_key(&address) {
            tried.retain(|_, keys| keys.iter().any(|(_, at)| now - *at < WINDOW));
            if tried.len() >= ADDRESSES {
                address = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            }
        }
        let keys = tried.entry(address).or_default();
        keys.retain(|(_, at)| now - *at < WINDOW);
        if keys.iter().any(|(known, _)| *known == key) {
            return Ok(());
        }
        if keys.len() >= KEYS {
            let free = keys.first().map_or(now, |(_, at)| *at + WINDOW);
            return Err(u64::try_from((free - now).num_seconds()).unwrap_or(0).max(1));
        }
        keys.push((key, now));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tries_five_keys_an_hour_and_comes_back_with_the_same_as_it_likes() {
        let tries = KeyTries::default();
        let now: DateTime<Utc> = "2026-11-24T10:00:00Z".parse().unwrap();
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for n in 0..5 {
            let at = now + TimeDelta::minutes(n);
            assert_eq!(tries.take(here, &format!("K-{n}"), at), Ok(()));
        }
        let later = now + TimeDelta::minutes(30);
        assert_eq!(tries.take(here, "K-5", later), Err(30 * 60));
        assert_eq!(tries.take(here, " K-0 ", later), Ok(()));
        assert_eq!(tries.take(there, "K-5", later), Ok(()));
        assert_eq!(tries.take(here, "K-5", now + WINDOW), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_old_tries_make_room() {
        let tries = KeyTries::default();
        let now: DateTime<Utc> = "2026-11-24T10:00:00Z".parse().unwrap();
        let address =
            |n: usize| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | u32::try_from(n).unwrap()));
        for n in 0..ADDRESSES + KEYS {
            assert_eq!(tries.take(address(n), &format!("K-{n}"), now), Ok(()));
        }
        // Those that came last share one count.
        assert!(tries.take(address(ADDRESSES + KEYS), "K", now).is_err());
        assert_eq!(tries.take(address(ADDRESSES + KEYS), "K", now + WINDOW), Ok(()));
        assert_eq!(tries.tried.lock().unwrap().len(), 1);
    }
}
