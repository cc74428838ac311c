//! The one file that reads the machine's clocks. Everything else is told the time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
// The machine's monotonic clock; tests that pause tokio's time pause this one, too.
use tokio::time::Instant;

/// Tells the time to those who act in it.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that stands until it is moved: for tests and for building the past.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(now))
    }

    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = now;
    }

    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The desk's clock as this machine knows it: the monotonic clock since start, put right by what the
/// service says of its own time. A local clock that is wrong, or is set while we run, changes nothing.
#[derive(Debug)]
pub struct DeskClock {
    started: Instant,
    started_wall: DateTime<Utc>,
    /// Milliseconds to add for the desk's time.
    offset_ms: AtomicI64,
}

impl DeskClock {
    #[must_use]
    pub fn start() -> Self {
        Self::start_at(SystemClock.now())
    }

    /// The same on a machine whose own clock says `wall` now.
    #[must_use]
    pub fn start_at(wall: DateTime<Utc>) -> Self {
        Self { started: Instant::now(), started_wall: wall, offset_ms: AtomicI64::new(0) }
    }

    fn local(&self) -> DateTime<Utc> {
        let run = TimeDelta::from_std(self.started.elapsed()).unwrap_or(TimeDelta::MAX);
        self.started_wall + run
    }

    /// Learns the desk's time from an answer. `coarse`: it is cut to whole seconds (the `Date` header),
    /// so a difference within a second is no news.
    pub fn learn(&self, desk_time: DateTime<Utc>, coarse: bool) {
        let offset = (desk_time - self.local()).num_milliseconds();
        let known = self.offset_ms.load(Ordering::Relaxed);
        if !coarse || (offset + 500 - known).abs() > 1000 {
            self.offset_ms.store(if coarse { offset + 500 } else { offset }, Ordering::Relaxed);
        }
    }

    /// How far this machine's clock is ahead of the desk's, in seconds; negative when it is behind.
    #[must_use]
    pub fn skew_s(&self) -> i64 {
        -self.offset_ms.load(Ordering::Relaxed) / 1000
    }
}

impl Clock for DeskClock {
    fn now(&self) -> DateTime<Utc> {
        self.local() + TimeDelta::milliseconds(self.offset_ms.load(Ordering::Relaxed))
    }
}
