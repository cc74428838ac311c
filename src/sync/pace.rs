//! How often the desk is asked: less often where it is slow or says that it is busy, and where nobody looks.

use std::time::Duration;

/// Feed requests begin at least this far apart, so that a busy desk is asked a few times a second ...
pub(super) const APART: Duration = Duration::from_millis(250);
/// ... and one that does not hold the request although nothing is new, once.
const APART_IDLE: Duration = Duration::from_secs(1);
/// The most that trouble puts them apart; what is kept is confirmed before it counts as old
/// ([`crate::domain::STALE_AFTER_S`]).
const FURTHEST: Duration = Duration::from_secs(30);
/// An answer that the desk need not hold back, and takes longer for than this, is slow.
const SLOW: Duration = Duration::from_secs(1);
/// How long the desk is left alone after an answer while nobody looks. Shorter than what is kept counts as
/// fresh, so that a screen that is seen from the side does not seem to have lost its desk.
pub(super) const UNWATCHED: Duration = Duration::from_secs(50);

/// The distance between feed requests.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// What the desk's trouble adds.
    trouble: Duration,
}

impl Pace {
    /// The desk answered a request that it need not hold back, in that time.
    pub(super) fn answered(&mut self, took: Duration) {
        if took > SLOW {
            // As long as it works for us we leave it alone.
            self.trouble = self.trouble.max(took).min(FURTHEST);
        } else {
            self.trouble /= 2;
            if self.trouble < APART {
                self.trouble = Duration::ZERO;
            }
        }
    }

    /// The desk said that it is busy.
    pub(super) fn refused(&mut self) {
        self.trouble = (self.trouble * 2).clamp(APART * 4, FURTHEST);
    }

    /// The desk held a request back and answered it in its time: trouble wears off.
    pub(super) fn held(&mut self) {
        self.answered(Duration::ZERO);
    }

    /// How far the next request is from the last one. `news`: something was in it.
    pub(super) fn apart(&self, news: bool) -> Duration {
        self.trouble.max(if news { APART } else { APART_IDLE })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_desk_at_ease_is_asked_at_the_usual_distance() {
        let mut pace = Pace::default();
        pace.answered(Duration::from_millis(80));
        pace.held();
        assert_eq!(pace.apart(true), APART);
        assert_eq!(pace.apart(false), APART_IDLE);
    }

    #[test]
    fn a_slow_desk_is_left_alone_for_as_long_as_it_takes_and_recovers_step_by_step() {
        let mut pace = Pace::default();
        pace.answered(s(8));
        assert_eq!(pace.apart(true), s(8));
        pace.answered(s(3));
        assert_eq!(pace.apart(true), s(8));
        pace.held();
        assert_eq!(pace.apart(true), s(4));
        for _ in 0..5 {
            pace.held();
        }
        assert_eq!(pace.apart(true), APART);
    }

    #[test]
    fn a_desk_that_says_that_it_is_busy_is_asked_less_and_less_but_before_data_are_old() {
        let mut pace = Pace::default();
        let mut before = pace.apart(true);
        for _ in 0..4 {
            pace.refused();
            assert!(pace.apart(true) > before);
            before = pace.apart(true);
        }
        for _ in 0..10 {
            pace.refused();
        }
        assert_eq!(pace.apart(false), FURTHEST);
        assert!(FURTHEST.as_secs().cast_signed() < crate::domain::STALE_AFTER_S);
        assert!(UNWATCHED.as_secs().cast_signed() < crate::domain::STALE_AFTER_S);
    }
}
