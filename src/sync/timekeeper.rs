//! Teaches the desk's clock what answers say of the desk's time, and says when this machine's clock is
//! off by so much that a person should know.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::{Clock, DeskClock};

/// An answer that took longer says too little of the desk's time now.
const PROMPT: Duration = Duration::from_secs(2);
/// A difference above this, in seconds, is told.
const TOLD_ABOVE_S: i64 = 5;
/// Half of the second that a `Date` header cuts off.
const HALF_A_SECOND: TimeDelta = TimeDelta::milliseconds(500);

pub(super) struct Timekeeper {
    clock: Arc<DeskClock>,
    /// The difference that was told last; 0: none.
    told: Mutex<i64>,
    doubts: AtomicBool,
}

impl Timekeeper {
    pub(super) fn new(clock: Arc<DeskClock>) -> Self {
        Self { clock, told: Mutex::new(0), doubts: AtomicBool::new(false) }
    }

    /// Learns from an answer; gives the difference when it is news.
    ///
    /// The age of an answer that was held, or slow, is not known, but it is never newer than now. So it
    /// may show that our idea of the desk's time is behind (this machine slept), which is learned at
    /// once, and only make us doubt when it seems ahead: then a prompt answer decides.
    pub(super) fn learn(
        &self,
        desk_time: DateTime<Utc>,
        coarse: bool,
        took: Duration,
        held: bool,
    ) -> Option<i64> {
        if held || took > PROMPT {
            let stamped = if coarse { desk_time + HALF_A_SECOND } else { desk_time };
            let ahead = stamped - self.clock.now();
            if ahead > TimeDelta::milliseconds(1500) {
                self.clock.learn(desk_time, coarse);
            } else if held && ahead < TimeDelta::seconds(-3) {
                self.doubts.store(true, Ordering::Relaxed);
            }
        } else {
            let half = TimeDelta::from_std(took / 2).unwrap_or_default();
            self.clock.learn(desk_time + half, coarse);
            self.doubts.store(false, Ordering::Relaxed);
        }
        self.news()
    }

    pub(super) fn doubts(&self) -> bool {
        self.doubts.load(Ordering::Relaxed)
    }

    /// The difference, when it is news.
    pub(super) fn news(&self) -> Option<i64> {
        let skew = self.clock.skew_s();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let off = skew.abs() > TOLD_ABOVE_S;
        let news = if off { *told == 0 || (skew - *told).abs() > 1 } else { *told != 0 };
        if !news {
            return None;
        }
        *told = if off { skew } else { 0 };
        Some(skew)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(10);

    fn s(seconds: i64) -> TimeDelta {
        TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_difference_is_told_when_it_appears_moves_and_disappears() {
        let clock = Arc::new(DeskClock::start());
        let real = clock.now();
        let times = Timekeeper::new(Arc::clone(&clock));
        let told = |ahead: i64| times.learn(real - s(ahead), false, QUICK, false);
        assert_eq!(told(0), None);
        assert_eq!(told(4), None);
        let first = told(180).unwrap();
        assert!((175..=181).contains(&first), "{first}");
        assert_eq!(told(180), None);
        assert!(told(240).is_some());
        let back = told(1).unwrap();
        assert!((0..=2).contains(&back), "{back}");
        assert_eq!(told(2), None);
    }

    #[test]
    fn a_held_answer_moves_the_desks_time_forward_but_only_a_prompt_one_moves_it_back() {
        let clock = Arc::new(DeskClock::start());
        let real = clock.now();
        let times = Timekeeper::new(Arc::clone(&clock));
        times.learn(real - s(60), true, Duration::from_secs(25), true);
        assert!((clock.now() - real).num_seconds().abs() < 10, "learned from a late answer");
        assert!(times.doubts());
        times.learn(real - s(60), true, QUICK, false);
        assert!(((clock.now() - real).num_seconds() + 60).abs() < 10);
        assert!(!times.doubts());
        times.learn(real + s(30), true, Duration::from_secs(25), true);
        assert!(((clock.now() - real).num_seconds() - 30).abs() < 10);
        // A slow answer to a plain question is as late, and no reason to ask again.
        times.learn(real, false, Duration::from_secs(8), false);
        assert!(((clock.now() - real).num_seconds() - 30).abs() < 10);
        assert!(!times.doubts());
    }
}
