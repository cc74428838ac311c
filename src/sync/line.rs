//! What poller, sender and fetcher share: the desk, the desk's time, the way to tell, and the silence
//! that a desk can ask for, which holds for everything that would be asked of it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::{NoContext, Timestamp, Uuid};

use super::Event;
use super::store::Store;
use super::timekeeper::Timekeeper;
use crate::client::{Answer, Call, CallError, CaseApi};
use crate::clock::{Clock, DeskClock};
use crate::domain::Untrusted;

/// A source of chance for pauses: numbers from 0 to 1.
pub type Jitter = Arc<dyn Fn() -> f64 + Send + Sync>;

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The bound of the first pause; doubled with each failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest silence that is kept, whatever the desk asks for.
const LONGEST_SILENCE: Duration = Duration::from_mins(5);

/// Chance from the random bits of a UUID.
pub(super) fn random_jitter() -> Jitter {
    Arc::new(|| {
        let [a, b, c, d, ..] = Uuid::new_v4().into_bytes();
        f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX)
    })
}

/// A silence that the desk asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Silence {
    pub(super) until: Instant,
    pub(super) why: Untrusted,
}

pub(super) struct Line {
    pub(super) api: Arc<dyn CaseApi>,
    pub(super) store: Arc<Store>,
    clock: Arc<DeskClock>,
    times: Timekeeper,
    events: mpsc::Sender<Event>,
    jitter: Jitter,
    silence: Mutex<Option<Silence>>,
    /// Wakes a poller that waits for its next try.
    poked: Notify,
    /// Whoever looks after other processes does so when the desk has answered something.
    answered: Notify,
    /// Counts how often the link came back; wakes acts that wait.
    recovered: watch::Sender<u64>,
    /// The feed is held open and nothing is wrong.
    live: AtomicBool,
    /// Whether somebody looks at the screen.
    watched: watch::Sender<bool>,
    /// Counts how often the machine slept; wakes what waits for an answer that can no longer come.
    sleeps: watch::Sender<u64>,
    closing: CancellationToken,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl Line {
    pub(super) fn new(
        api: Arc<dyn CaseApi>,
        clock: Arc<DeskClock>,
        store: Arc<Store>,
        events: mpsc::Sender<Event>,
        jitter: Jitter,
    ) -> Self {
        Self {
            api,
            store,
            times: Timekeeper::new(Arc::clone(&clock)),
            clock,
            events,
            jitter,
            silence: Mutex::new(None),
            poked: Notify::new(),
            answered: Notify::new(),
            recovered: watch::Sender::new(0),
            live: AtomicBool::new(false),
            watched: watch::Sender::new(true),
            sleeps: watch::Sender::new(0),
            closing: CancellationToken::new(),
        }
    }

    /// The desk's time.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Nobody listening any more is no reason to stop what is under way.
    pub(super) async fn tell(&self, event: Event) {
        let _ = self.events.send(event).await;
    }

    /// Waits until no silence holds.
    pub(super) async fn quiet(&self) {
        while let Some(silence) = self.silence() {
            tokio::time::sleep_until(silence.until).await;
        }
    }

    /// Asks the desk, once no silence holds. `held`: the desk may keep the answer back, so its age is not
    /// known.
    pub(super) async fn ask<T>(&self, held: bool, call: Call<'_, T>) -> Result<T, CallError> {
        self.quiet().await;
        let asked = Instant::now();
        let answer = call.await;
        match answer {
            Ok(Answer { value, date }) => {
                self.answered.notify_one();
                if let Some(date) = date {
                    self.learn(date, true, asked.elapsed(), held).await;
                }
                Ok(value)
            }
            Err(error) => {
                if let CallError::Busy { what, retry_after: Some(pause) } = &error {
                    self.keep_silent(*pause, what);
                }
                Err(error)
            }
        }
    }

    /// Learns the desk's time from an answer that took so long. `coarse`: cut to whole seconds.
    pub(super) async fn learn(
        &self,
        desk_time: DateTime<Utc>,
        coarse: bool,
        took: Duration,
        held: bool,
    ) {
        if let Some(skew) = self.times.learn(desk_time, coarse, took, held) {
            self.tell(Event::Skew(skew)).await;
        }
    }

    /// Takes the desk's time as an earlier run knew it, until the desk is asked.
    pub(super) async fn presume(&self, offset_ms: i64, not_before: Option<DateTime<Utc>>) {
        self.clock.presume(offset_ms, not_before);
        if let Some(skew) = self.times.news() {
            self.tell(Event::Skew(skew)).await;
        }
    }

    /// What is added to this machine's clock for the desk's, in milliseconds.
    pub(super) fn offset_ms(&self) -> i64 {
        self.clock.offset_ms()
    }

    /// The machine slept: time went on, and no connection of before is to be trusted.
    pub(super) async fn slept(&self, time: Duration) {
        tracing::info!(?time, "the machine slept");
        self.clock.slept(time);
        if let Some(silence) = self.silence.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
        {
            silence.until = silence.until.checked_sub(time).unwrap_or_else(Instant::now);
        }
        self.sleeps.send_modify(|times| *times += 1);
        self.tell(Event::Slept).await;
    }

    pub(super) fn sleeps(&self) -> watch::Receiver<u64> {
        self.sleeps.subscribe()
    }

    pub(super) fn set_live(&self, live: bool) {
        self.live.store(live, Ordering::Relaxed);
    }

    /// Whether the desk may be asked for what nobody waits for.
    pub(super) fn is_idle(&self) -> bool {
        self.live.load(Ordering::Relaxed) && self.silence().is_none()
    }

    pub(super) fn set_watched(&self, watched: bool) {
        self.watched.send_if_modified(|known| std::mem::replace(known, watched) != watched);
    }

    pub(super) fn watched(&self) -> watch::Receiver<bool> {
        self.watched.subscribe()
    }

    /// Whether the desk's clock should be looked at by an answer that is not held.
    pub(super) fn doubts_time(&self) -> bool {
        self.times.doubts()
    }

    fn keep_silent(&self, pause: Duration, why: &Untrusted) {
        let until = Instant::now() + pause.min(LONGEST_SILENCE);
        let mut silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner);
        if silence.as_ref().is_none_or(|known| known.until < until) {
            *silence = Some(Silence { until, why: why.clone() });
        }
    }

    /// The silence that holds now.
    pub(super) fn silence(&self) -> Option<Silence> {
        let mut silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner);
        silence.take_if(|known| known.until <= Instant::now());
        silence.clone()
    }

    /// How long to wait after so many failures in a row: exponential, with full jitter, and never within
    /// a silence.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(5);
        let bound = (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
        self.at_least_silence(bound.mul_f64((self.jitter)().clamp(0.0, 1.0)))
    }

    /// The pause, or the silence that holds, whichever is longer.
    pub(super) fn at_least_silence(&self, pause: Duration) -> Duration {
        let silent =
            self.silence().map(|silence| silence.until.saturating_duration_since(Instant::now()));
        pause.max(silent.unwrap_or_default())
    }

    /// Waits for an answer of the desk, whatever was asked.
    pub(super) async fn answered(&self) {
        self.answered.notified().await;
    }

    pub(super) fn poke(&self) {
        self.poked.notify_waiters();
    }

    /// Whoever waits for it from before is woken by the next [`Line::poke`]; earlier ones do not count.
    pub(super) fn poked(&self) -> tokio::sync::futures::Notified<'_> {
        self.poked.notified()
    }

    /// The link is back: what waits for it goes on.
    pub(super) fn recover(&self) {
        self.recovered.send_modify(|times| *times += 1);
    }

    /// How often the link has come back.
    pub(super) fn times_recovered(&self) -> u64 {
        *self.recovered.borrow()
    }

    pub(super) fn recoveries(&self) -> watch::Receiver<u64> {
        self.recovered.subscribe()
    }

    pub(super) fn close(&self) {
        self.closing.cancel();
    }

    pub(super) fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    /// A key for a new act: a UUID that sorts by the desk's time.
    pub(super) fn new_key(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos()))
    }
}
