//! How often somebody may ask. Each limit has a steady rate and what may come at once; whoever goes beyond
//! is told when to come again.
//!
//! | who | at once | then | why |
//! |---|---|---|---|
//! | a user | 2,000 | 500 a second | far above a person with a desk and a few scripts (some requests a second), and above what one SQLite desk commits; below what would take the readers from everybody else |
//! | an address with tokens that are not known to count | 500 | 200 a second | a token has 244 random bits, so no rate finds one; this keeps a flood of wrong ones from the database. Tokens that counted lately are not held up by it, so that one bad client shuts out nobody behind the same address |
//! | a form's post by an address | 5 | 10 a minute | a person mends a wrong field or reports a second case; a robot is of no use |
//! | a look at a case's state by an address | 10 | 1 a second | a person reloads a page; case ids and addresses are not to be tried out |
//!
//! An IPv6 address counts by its /64, since that is what one customer of a provider has. The limits are those
//! of one process.

use std::collections::HashSet;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use crate::domain::UserId;

/// At once, and how long until one more may come: see the table above.
const USER: (u32, Duration) = (2_000, Duration::from_millis(2));
const STRANGER: (u32, Duration) = (500, Duration::from_millis(5));
const FORM: (u32, Duration) = (5, Duration::from_secs(6));
const STATUS: (u32, Duration) = (10, Duration::from_secs(1));

/// So many requests after one another, what is known of those who may ask as they like is forgotten.
const SWEEP: u32 = 1_024;
/// From so many keys on, new ones share one limit: memory stays bounded whatever comes.
const KEYS: usize = 65_536;
/// Tokens that counted lately, by what is stored of them.
const KNOWN: usize = 16_384;

/// Too many; how long until one more is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(Duration);

impl Wait {
    /// As `Retry-After` says it: whole seconds, one at least.
    #[must_use]
    pub fn seconds(self) -> u64 {
        (self.0.as_secs() + u64::from(self.0.subsec_nanos() > 0)).max(1)
    }
}

/// The limits of one service.
pub struct Limits {
    users: Limit<UserId>,
    strangers: Limit<IpAddr>,
    forms: Limit<IpAddr>,
    status: Limit<IpAddr>,
    known: Mutex<Known>,
}

impl Default for Limits {
    fn default() -> Self {
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self {
            users: Limit::new(USER, UserId::new(String::new())),
            strangers: Limit::new(STRANGER, nobody),
            forms: Limit::new(FORM, nobody),
            status: Limit::new(STATUS, nobody),
            known: Mutex::default(),
        }
    }
}

impl Limits {
    /// A request of somebody whose token counts.
    pub(super) fn user(&self, user: &UserId) -> Result<(), Wait> {
        self.users.take(user)
    }

    /// A request with this token, by what is stored of it, or without one: before it is looked up.
    pub(super) fn token(&self, token: Option<&str>, address: IpAddr) -> Result<(), Wait> {
        if token.is_some_and(|hash| self.known().has(hash)) {
            return Ok(());
        }
        self.strangers.take(&counted(address))
    }

    /// Whether the token counted when it was looked up.
    pub(super) fn looked_up(&self, hash: &str, counts: bool) {
        self.known().put(hash, counts);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A post of the public form.
    ///
    /// # Errors
    /// Too many from that address.
    pub fn public_form(&self, address: IpAddr) -> Result<(), Wait> {
        self.forms.take(&counted(address))
    }

    /// A look at a case's state without a token.
    ///
    /// # Errors
    /// Too many from that address.
    pub fn public_status(&self, address: IpAddr) -> Result<(), Wait> {
        self.status.take(&counted(address))
    }
}

/// What of an address counts.
pub(super) fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The tokens that counted lately, in two generations: when the young one is full, the old one is forgotten.
#[derive(Default)]
struct Known {
    young: HashSet<String>,
    old: HashSet<String>,
}

impl Known {
    fn has(&self, hash: &str) -> bool {
        self.young.contains(hash) || self.old.contains(hash)
    }

    fn put(&mut self, hash: &str, counts: bool) {
        if !counts {
            self.young.remove(hash);
            self.old.remove(hash);
        } else if !self.young.contains(hash) {
            if self.young.len() >= KNOWN / 2 {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(hash.to_owned());
        }
    }
}

/// The time since the limits were made, by a clock that only goes on.
#[derive(Debug, Clone, Copy)]
struct Running(Instant);

impl Clock for Running {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

struct Limit<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, DashMapStateStore<K>, Running, NoOpMiddleware<Duration>>,
    clock: Running,
    /// The key of all who come when there are too many keys.
    others: K,
    full: AtomicBool,
    asked: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new((at_once, each): (u32, Duration), others: K) -> Self {
        let clock = Running(Instant::now());
        // The periods above are not zero, so there is a quota.
        let quota = Quota::with_period(each).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        let quota = quota.allow_burst(NonZeroU32::new(at_once).unwrap_or(NonZeroU32::MIN));
        Self {
            limiter: RateLimiter::new(quota, DashMapStateStore::default(), clock),
            clock,
            others,
            full: AtomicBool::new(false),
            asked: AtomicU32::new(0),
        }
    }

    fn take(&self, key: &K) -> Result<(), Wait> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
            self.full.store(self.limiter.len() > KEYS, Ordering::Relaxed);
        }
        let key = if self.full.load(Ordering::Relaxed) { &self.others } else { key };
        self.limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.earliest_possible().duration_since(self.clock.now());
            Wait(wait.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_may_ask_far_more_often_than_a_person_does_and_waits_a_moment_beyond() {
        let limits = Limits::default();
        let (ann, bob) = ("ann".into(), "bob".into());
        for _ in 0..2_000 {
            limits.user(&ann).unwrap();
        }
        assert_eq!(limits.user(&ann).unwrap_err().seconds(), 1);
        limits.user(&bob).unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let taken = (0..1_000).filter(|_| limits.user(&ann).is_ok()).count();
        assert_eq!(taken, 500);
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_tokens_are_limited_by_address_and_right_ones_are_not() {
        let limits = Limits::default();
        let (office, other) = (ip("203.0.113.9"), ip("203.0.113.10"));
        limits.token(Some("right"), office).unwrap();
        limits.looked_up("right", true);
        while limits.token(Some("wrong"), office).is_ok() {
            limits.looked_up("wrong", false);
        }
        assert!(limits.token(None, office).is_err());
        limits.token(Some("right"), office).unwrap();
        limits.token(None, other).unwrap();
        // One that was revoked is not known any more.
        limits.looked_up("right", false);
        assert!(limits.token(Some("right"), office).is_err());
        tokio::time::advance(Duration::from_millis(5)).await;
        limits.token(Some("right"), office).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_public_form_is_limited_strictly_and_by_the_provider_s_customer() {
        let limits = Limits::default();
        let (one, same, other) =
            (ip("2001:db8:0:1::1"), ip("2001:db8:0:1:ffff::2"), ip("2001:db8:0:2::1"));
        for _ in 0..5 {
            limits.public_form(one).unwrap();
        }
        assert_eq!(limits.public_form(same).unwrap_err().seconds(), 6);
        limits.public_form(other).unwrap();
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!((0..100).filter(|_| limits.public_form(one).is_ok()).count(), 5);
        assert_eq!((0..100).filter(|_| limits.public_status(one).is_ok()).count(), 10);
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!((0..100).filter(|_| limits.public_status(one).is_ok()).count(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_of_those_who_may_ask_as_they_like_are_forgotten() {
        let limits = Limits::default();
        for n in 0..20_000_u32 {
            limits.public_status(IpAddr::V4(Ipv4Addr::from_bits(n))).unwrap();
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert!(limits.status.limiter.len() < 3_000, "{}", limits.status.limiter.len());
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_addresses_share_one_limit() {
        let limits = Limits::default();
        let taken = (0..200_000_u32)
            .filter(|n| limits.public_form(IpAddr::V4(Ipv4Addr::from_bits(*n))).is_ok())
            .count();
        assert!(taken < KEYS + 2 * SWEEP as usize, "{taken}");
        assert!(limits.forms.limiter.len() < KEYS + 2 * SWEEP as usize);
        tokio::time::advance(Duration::from_mins(1)).await;
        let mut later = (0..SWEEP).map(|n| limits.public_form(IpAddr::V4(Ipv4Addr::from_bits(n))));
        assert!(later.any(|taken| taken.is_ok()), "once they are gone");
    }

    #[test]
    fn known_tokens_are_bounded() {
        let mut known = Known::default();
        for n in 0..100_000 {
            known.put(&n.to_string(), true);
        }
        assert!(known.young.len() + known.old.len() <= KNOWN);
        assert!(known.has("99999") && !known.has("1"));
    }
}
