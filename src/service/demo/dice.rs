//! Chance that can be repeated: the same seed throws the same numbers on every machine (splitmix64).

use chrono::TimeDelta;

/// A stream of numbers. Not for secrets.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The stream of a seed with that number: streams of one seed have nothing to do with each other, so
    /// that a case comes out the same whatever was made before it.
    pub(super) fn stream(seed: u64, number: u64) -> Self {
        let mut mixed = Self(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self(mixed.next())
    }

    /// A stream of its own that follows from this one.
    pub(super) fn branch(mut self) -> Self {
        Self(self.next())
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; zero for zero.
    pub(super) fn below(&mut self, n: usize) -> usize {
        // The remainder favours low numbers by less than one in 2^40 here.
        let n = n as u64;
        usize::try_from(if n == 0 { 0 } else { self.next() % n }).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub(super) fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    /// From zero up to, but not including, one.
    pub(super) fn unit(&mut self) -> f64 {
        // 32 bits are exact in a double.
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
    }

    pub(super) fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    /// Whole seconds from `from` up to, but not including, `to`.
    pub(super) fn seconds(&mut self, from: i64, to: i64) -> TimeDelta {
        let span = usize::try_from(to - from).unwrap_or(0);
        TimeDelta::seconds(from + i64::try_from(self.below(span)).unwrap_or(0))
    }

    /// One of them; None of none.
    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let at = self.below(all.len());
        all.get(at)
    }

    /// One of them, each as often as its weight says.
    pub(super) fn weighted<T: Copy>(&mut self, all: &[(usize, T)]) -> Option<T> {
        let mut left = self.below(all.iter().map(|(weight, _)| weight).sum());
        for (weight, one) in all {
            if left < *weight {
                return Some(*one);
            }
            left -= weight;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_repeats_itself_and_differs_from_its_neighbour() {
        let throw = |seed, number| {
            let mut dice = Dice::stream(seed, number);
            [(); 8].map(|()| dice.next())
        };
        assert_eq!(throw(1, 2), throw(1, 2));
        assert_ne!(throw(1, 2), throw(1, 3));
        assert_ne!(throw(1, 2), throw(2, 2));
    }

    #[test]
    fn throws_keep_to_their_bounds_and_weights() {
        let mut dice = Dice::stream(7, 0);
        let mut heavy = 0;
        for _ in 0..4_000 {
            assert!(dice.below(6) < 6);
            assert!((3.0..4.0).contains(&dice.between(3.0, 4.0)));
            let delta = dice.seconds(5, 20).num_seconds();
            assert!((5..20).contains(&delta));
            heavy += usize::from(dice.weighted(&[(3, true), (1, false)]) == Some(true));
        }
        assert!((2_800..3_200).contains(&heavy), "{heavy} of 4000 at three to one");
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.pick::<u8>(&[]), None);
        assert_eq!(dice.weighted::<u8>(&[]), None);
    }
}
