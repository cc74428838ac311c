//! The one file that reads the machine's clocks. Everything else is told the time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

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
    /// Milliseconds for which the machine slept and the monotonic clock stood still.
    slept_ms: AtomicI64,
}

impl DeskClock {
    #[must_use]
    pub fn start() -> Self {
        Self::start_at(SystemClock.now())
    }

    /// The same on a machine whose own clock says `wall` now.
    #[must_use]
    pub fn start_at(wall: DateTime<Utc>) -> Self {
        Self {
            started: Instant::now(),
            started_wall: wall,
            offset_ms: AtomicI64::new(0),
            slept_ms: AtomicI64::new(0),
        }
    }

    fn local(&self) -> DateTime<Utc> {
        let run = TimeDelta::from_std(self.started.elapsed()).unwrap_or(TimeDelta::MAX);
        let slept = TimeDelta::milliseconds(self.slept_ms.load(Ordering::Relaxed));
        self.started_wall.checked_add_signed(run + slept).unwrap_or(DateTime::<Utc>::MAX_UTC)
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

    /// Takes an offset that was learned in an earlier run, until the desk is asked. The desk's time has been
    /// `not_before` already, whatever this machine's clock has done since.
    pub fn presume(&self, offset_ms: i64, not_before: Option<DateTime<Utc>>) {
        let local = self.local();
        let least = not_before.map(|at| (at - local).num_milliseconds());
        let offset = least.map_or(offset_ms, |least| offset_ms.max(least));
        // What no calendar holds was not learned from a desk.
        if local.checked_add_signed(TimeDelta::milliseconds(offset)).is_some() {
            self.offset_ms.store(offset, Ordering::Relaxed);
        }
    }

    /// What is added to this machine's clock for the desk's, in milliseconds.
    #[must_use]
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// The machine slept for so long.
    pub fn slept(&self, time: Duration) {
        let ms = i64::try_from(time.as_millis()).unwrap_or(0);
        self.slept_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// How far this machine's clock is ahead of the desk's, in seconds; negative when it is behind.
    #[must_use]
    pub fn skew_s(&self) -> i64 {
        -self.offset_ms() / 1000
    }
}

impl Clock for DeskClock {
    fn now(&self) -> DateTime<Utc> {
        let offset = TimeDelta::milliseconds(self.offset_ms());
        self.local().checked_add_signed(offset).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// Tells how long the machine slept, each time that it wakes, without waking anything by itself. The monotonic
/// clock, by which everything here is timed, stands still in that time.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub struct Sleeps {
    /// Never runs down: it is cancelled when the wall clock jumps, as it does after a sleep.
    timer: tokio::io::unix::AsyncFd<rustix::fd::OwnedFd>,
    /// How far the clock that runs through sleeps was ahead of the one that does not.
    ahead: Duration,
}

#[cfg(target_os = "linux")]
impl Sleeps {
    /// Shorter ones are the clocks' own imprecision.
    const SHORTEST: Duration = Duration::from_millis(100);

    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Where the system gives no such timer.
    #[allow(
        deprecated,
        reason = "its successor is for raw descriptors, and unsafe; this one is owned"
    )]
    pub fn watch() -> std::io::Result<Self> {
        use rustix::time::{TimerfdClockId, TimerfdFlags};
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Realtime, flags)?;
        Self::arm(&timer)?;
        let timer = tokio::io::unix::AsyncFd::with_interest(timer, tokio::io::Interest::READABLE)?;
        Ok(Self { timer, ahead: Self::ahead() })
    }

    fn arm(timer: &rustix::fd::OwnedFd) -> std::io::Result<()> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec};
        // The year 2255; the kernel counts to 2262.
        let never = Timespec { tv_sec: 9_000_000_000, tv_nsec: 0 };
        let once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        let at = Itimerspec { it_interval: once, it_value: never };
        rustix::time::timerfd_settime(timer, flags, &at)?;
        Ok(())
    }

    fn ahead() -> Duration {
        use rustix::time::{ClockId, clock_gettime};
        let read = |id| Duration::try_from(clock_gettime(id)).unwrap_or_default();
        let monotonic = read(ClockId::Monotonic);
        read(ClockId::Boottime).saturating_sub(monotonic)
    }

    /// Waits until the machine has slept; says for how long.
    ///
    /// # Errors
    /// Where the timer can no longer be waited for.
    pub async fn next(&mut self) -> std::io::Result<Duration> {
        loop {
            let mut ready = self.timer.readable().await?;
            // The wall clock jumped: reading says so by failing, once.
            let mut runs = [0_u8; 8];
            if !matches!(
                rustix::io::read(self.timer.get_ref(), &mut runs),
                Err(rustix::io::Errno::AGAIN)
            ) {
                Self::arm(self.timer.get_ref())?;
            }
            ready.clear_ready();
            let ahead = Self::ahead();
            let slept = ahead.saturating_sub(self.ahead);
            if slept >= Self::SHORTEST {
                self.ahead = ahead;
                return Ok(slept);
            }
        }
    }
}

/// Elsewhere nothing tells of a sleep; the desk's time is put right by the next answer.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub struct Sleeps;

#[cfg(not(target_os = "linux"))]
impl Sleeps {
    pub fn watch() -> std::io::Result<Self> {
        Ok(Self)
    }

    pub async fn next(&mut self) -> std::io::Result<Duration> {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_goes_on_while_the_machine_sleeps() {
        let clock = DeskClock::start_at("2026-11-24T09:00:00Z".parse().unwrap());
        clock.learn("2026-11-24T10:00:00Z".parse().unwrap(), false);
        clock.slept(Duration::from_hours(8));
        assert_eq!(clock.now().to_rfc3339(), "2026-11-24T18:00:00+00:00");
        assert_eq!(clock.skew_s(), -3600);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_learned_earlier_counts_until_the_desk_says_otherwise_and_time_never_goes_back()
     {
        let clock = DeskClock::start_at("2026-11-24T09:00:00Z".parse().unwrap());
        clock.presume(-3_600_000, None);
        assert_eq!(clock.now().to_rfc3339(), "2026-11-24T08:00:00+00:00");
        clock.presume(-3_600_000, Some("2026-11-24T08:30:00Z".parse().unwrap()));
        assert_eq!(clock.now().to_rfc3339(), "2026-11-24T08:30:00+00:00");
        clock.learn("2026-11-24T08:10:00Z".parse().unwrap(), false);
        assert_eq!(clock.now().to_rfc3339(), "2026-11-24T08:10:00+00:00");
        clock.presume(i64::MAX, None);
        assert_eq!(clock.now().to_rfc3339(), "2026-11-24T08:10:00+00:00");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_machine_that_does_not_sleep_tells_of_none() {
        let mut sleeps = Sleeps::watch().unwrap();
        let none = tokio::time::timeout(Duration::from_millis(20), sleeps.next()).await;
        assert!(none.is_err(), "{none:?}");
    }
}
