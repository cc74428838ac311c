//! What a calendar opens, worked out once in pages of about a year: openings and offsets by instant, business
//! days by local date.

use jiff::Timestamp;

use super::{
    Calendar, DATES, DATES_BITS, DAY_S, FIRST_DATE, FIRST_S, Inner, Offset, Opening, PAGE_BITS,
    PAGE_S, PAGES, Page, Span,
};

impl Calendar {
    /// The first instant at which wall clocks show this; where they skip it, the instant of the skip.
    pub(super) fn when_local(&self, local: i64) -> Option<i64> {
        let mut found = None;
        self.offsets_around(local, local, |start, end, ahead| {
            if found.is_none() && local - ahead < end {
                found = Some((local - ahead).max(start));
            }
        });
        found
    }

    /// The stretches of open time that belong to a date, in order.
    pub(super) fn pieces(&self, date: i64, mut each: impl FnMut(i64, i64)) {
        let midnight = date * DAY_S;
        self.offsets_around(midnight, midnight + 2 * DAY_S, |start, end, ahead| {
            for span in self.0.spans_of(date) {
                let from = (midnight + span.from - ahead).max(start);
                let to = (midnight + span.to - ahead).min(end);
                if from < to {
                    each(from, to);
                }
            }
        });
    }

    /// Every stretch of one offset that may touch these wall-clock times, in order.
    fn offsets_around(&self, local_from: i64, local_to: i64, mut each: impl FnMut(i64, i64, i64)) {
        // No zone is further from UTC than 26 hours, not even in skipped and repeated days.
        let (from, to) = (local_from - 2 * DAY_S, local_to + 2 * DAY_S);
        let mut start = page_start(from);
        while start <= to {
            if let Some(page) = self.page(start) {
                for (i, offset) in page.offsets.iter().enumerate() {
                    let end = page.offsets.get(i + 1).map_or(start + PAGE_S, |next| next.start);
                    if end > from && offset.start <= to {
                        each(offset.start, end, offset.ahead);
                    }
                }
            }
            start += PAGE_S;
        }
    }

    pub(super) fn page(&self, at: i64) -> Option<&Page> {
        let i = usize::try_from((at - FIRST_S) >> PAGE_BITS).ok()?;
        let page = self.0.pages.get(i)?;
        Some(page.get_or_init(|| self.0.work_out(page_start(at))))
    }

    pub(super) fn dates(&self, date: i64) -> Option<&[i64]> {
        let i = usize::try_from((date - FIRST_DATE) >> DATES_BITS).ok()?;
        let page = self.0.dates.get(i)?;
        Some(page.get_or_init(|| {
            let first = dates_start(date);
            (first..first + DATES)
                .filter(|&d| {
                    let mut opens = false;
                    if self.0.spans_of(d).next().is_some() {
                        self.pieces(d, |_, _| opens = true);
                    }
                    opens
                })
                .collect()
        }))
    }
}

pub(super) fn page_start(at: i64) -> i64 {
    FIRST_S + ((at - FIRST_S) >> PAGE_BITS << PAGE_BITS)
}

pub(super) fn dates_start(date: i64) -> i64 {
    FIRST_DATE + ((date - FIRST_DATE) >> DATES_BITS << DATES_BITS)
}

/// The last instant that has a page.
pub(super) fn last_s() -> i64 {
    FIRST_S + PAGES * PAGE_S - 1
}

impl Page {
    /// The open seconds of the page before an instant in it.
    pub(super) fn passed(&self, at: i64) -> i64 {
        let i = self.openings.partition_point(|o| o.start <= at);
        i.checked_sub(1).map_or(0, |i| {
            let o = self.openings[i];
            o.before + at.min(o.end) - o.start
        })
    }
}

impl Inner {
    pub(super) fn is_holiday(&self, date: i64) -> bool {
        self.holidays.binary_search(&date).is_ok() && self.special_of(date).is_none()
    }

    pub(super) fn special_of(&self, date: i64) -> Option<&[Span]> {
        let i = self.special.binary_search_by_key(&date, |(d, _)| *d).ok()?;
        Some(&self.special[i].1)
    }

    /// The opening intervals that belong to a date. A holiday also ends what began the day before.
    pub(super) fn spans_of(&self, date: i64) -> impl Iterator<Item = Span> + '_ {
        let spans: &[Span] = if let Some(special) = self.special_of(date) {
            special
        } else if self.is_holiday(date) {
            &[]
        } else {
            // 1 January 1970 was a Thursday.
            &self.week[usize::try_from((date + 3).rem_euclid(7)).unwrap_or(0)]
        };
        let latest = match spans.last() {
            Some(last) if last.to > DAY_S && self.is_holiday(date + 1) => DAY_S,
            _ => i64::MAX,
        };
        spans.iter().map(move |s| Span { from: s.from, to: s.to.min(latest) })
    }

    fn work_out(&self, start: i64) -> Page {
        let end = start + PAGE_S;
        let offsets = self.offsets(start, end);
        let mut openings: Vec<Opening> = Vec::new();
        for (i, offset) in offsets.iter().enumerate() {
            let until = offsets.get(i + 1).map_or(end, |next| next.start);
            let first = (offset.start + offset.ahead).div_euclid(DAY_S) - 1;
            let last = (until - 1 + offset.ahead).div_euclid(DAY_S);
            for date in first..=last {
                for span in self.spans_of(date) {
                    let midnight = date * DAY_S - offset.ahead;
                    let from = (midnight + span.from).max(offset.start);
                    let to = (midnight + span.to).min(until);
                    if from >= to {
                        continue;
                    }
                    match openings.last_mut() {
                        Some(open) if from <= open.end => open.end = open.end.max(to),
                        _ => openings.push(Opening { start: from, end: to, before: 0 }),
                    }
                }
            }
        }
        let mut total = 0;
        for opening in &mut openings {
            opening.before = total;
            total += opening.end - opening.start;
        }
        Page { openings: openings.into(), total, offsets: offsets.into() }
    }

    fn offsets(&self, start: i64, end: i64) -> Vec<Offset> {
        let Ok(first) = Timestamp::from_second(start) else {
            return vec![Offset { start, ahead: 0 }];
        };
        let ahead = i64::from(self.zone.to_offset(first).seconds());
        let mut offsets = vec![Offset { start, ahead }];
        for transition in self.zone.following(first) {
            let at = transition.timestamp().as_second();
            if at >= end {
                break;
            }
            let ahead = i64::from(transition.offset().seconds());
            if offsets.last().is_none_or(|o| o.ahead != ahead) {
                offsets.push(Offset { start: at, ahead });
            }
        }
        offsets
    }
}
