//! How many tries may be made again. A desk that cannot keep up must not get its own load a second time: what
//! is tried again is a tenth of what is sent, with a few in reserve, so that a quiet line is tried at all.

use std::time::Duration;

use tokio::time::Instant;

/// The most that is in reserve.
const RESERVE: f64 = 10.0;
/// What a first try earns.
const EARNED: f64 = 0.1;
/// The time that earns one.
const EACH: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Budget {
    left: f64,
    counted_at: Instant,
}

impl Budget {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: RESERVE, counted_at: now }
    }

    fn count(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.counted_at);
        self.counted_at = now;
        self.add(passed.as_secs_f64() / EACH.as_secs_f64());
    }

    fn add(&mut self, some: f64) {
        self.left = (self.left + some).min(RESERVE);
    }

    /// A first try is made.
    pub(super) fn earn(&mut self) {
        self.add(EARNED);
    }

    /// Another try is to be made: takes it from the budget, or says when there will be one.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        self.count(now);
        // A sum of tenths may be a hair below one.
        if self.left > 1.0 - 1e-6 {
            self.left -= 1.0;
            return Ok(());
        }
        Err(now + EACH.mul_f64(1.0 - self.left) + Duration::from_millis(1))
    }

    /// A try that was made again was answered: it was no load too many.
    pub(super) fn give_back(&mut self) {
        self.add(1.0);
    }

    /// The desk is known to be there again.
    pub(super) fn refill(&mut self) {
        self.left = RESERVE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_tried_again_is_a_tenth_of_what_is_sent_beyond_the_reserve() {
        let now = Instant::now();
        let mut budget = Budget::new(now);
        let taken = |budget: &mut Budget| {
            let mut taken = 0;
            while budget.take(now).is_ok() {
                taken += 1;
            }
            taken
        };
        assert_eq!(taken(&mut budget), 10);
        for _ in 0..50 {
            budget.earn();
        }
        assert_eq!(taken(&mut budget), 5);
        let at = budget.take(now).unwrap_err();
        assert!(at > now + Duration::from_secs(9), "{:?}", at - now);
        assert_eq!(budget.take(at), Ok(()));
        assert!(budget.take(at).is_err());
        budget.give_back();
        assert_eq!(budget.take(at), Ok(()));
        budget.refill();
        assert_eq!(taken(&mut budget), 10);
    }
}
