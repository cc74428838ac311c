//! The same as the queue does case by case, for many at once: every order is gone through once, not once for
//! each case. What the cursor stands on goes one by one, after the others.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::{At, Entry, Gone, Queue, Slot, Source};
use crate::domain::{Case, CaseId};

/// From here on going through all is cheaper than finding places one by one.
const MANY: usize = 50;

impl Queue {
    /// Takes in states of cases that the feed told, as [`Queue::put`] does.
    pub(super) fn put_many(&mut self, cases: Vec<Case>, fresh: bool, at: At) {
        let (many, single): (Vec<Case>, Vec<Case>) = if cases.len() < MANY {
            (Vec::new(), cases)
        } else {
            cases.into_iter().partition(|case| !case.is_closed() && !self.is_watched(&case.id))
        };
        let news: Vec<Case> =
            many.into_iter().filter(|case| self.is_news(case, Source::Feed)).collect();
        let known = news.iter().filter_map(|case| self.by_id.get(&case.id)).copied().collect();
        self.lift(&known);
        let mut entered = HashSet::with_capacity(news.len());
        for case in news {
            // A page may name a case twice.
            if self.is_news(&case, Source::Feed) {
                entered.insert(self.enter(case, fresh, at));
            }
        }
        self.set_down(entered.into_iter().collect());
        for case in single {
            self.put(case, Source::Feed, fresh, at);
        }
    }

    /// Takes out cases that the desk no longer gives, as [`Queue::remove`] does.
    pub(super) fn remove_many(&mut self, ids: Vec<CaseId>) {
        let (many, single): (Vec<CaseId>, Vec<CaseId>) = if ids.len() < MANY {
            (Vec::new(), ids)
        } else {
            ids.into_iter().partition(|id| !self.is_watched(id))
        };
        self.lift(&many.iter().filter_map(|id| self.by_id.get(id)).copied().collect());
        for id in many {
            let Some(slot) = self.by_id.remove(&id) else { continue };
            if let Some(named) = &mut self.load_mut(id.desk()).named {
                named.remove(&slot);
            }
            if let Some(entry) = self.entries[slot].take() {
                self.gone.insert(id, Gone { revision: entry.case.revision, closed: false });
            }
            self.free.push(slot);
        }
        for id in single {
            self.remove(&id);
        }
    }

    /// Works out anew how urgent cases are, and places them by it.
    pub(super) fn place_many_anew(&mut self, slots: Vec<Slot>, at: At) {
        let (many, single): (Vec<Slot>, Vec<Slot>) = if slots.len() < MANY {
            (Vec::new(), slots)
        } else {
            let watched =
                |slot: &Slot| self.entry(*slot).is_some_and(|e| self.is_watched(&e.case.id));
            slots.into_iter().partition(|slot| !watched(slot))
        };
        self.lift(&many.iter().copied().collect());
        for slot in &many {
            self.read_anew(*slot, at);
        }
        self.set_down(many);
        for slot in single {
            self.place_anew(slot, at);
        }
    }

    pub(super) fn read_anew(&mut self, slot: Slot, at: At) {
        if let Some(entry) = self.entries[slot].take() {
            let fresh = entry.fresh;
            self.entries[slot] = Some(Entry { fresh, ..Entry::of(entry.case, at) });
            self.judge(slot, at);
        }
    }

    /// Under the cursor, or kept for having been.
    fn is_watched(&self, id: &CaseId) -> bool {
        self.cursor.as_ref() == Some(id) || self.kept.as_ref() == Some(id)
    }

    /// Takes cases out of every order, before they change or go.
    fn lift(&mut self, slots: &HashSet<Slot>) {
        if slots.is_empty() {
            return;
        }
        for slot in slots {
            self.strike(*slot);
        }
        self.order.retain(|slot| !slots.contains(slot));
        self.shown.retain(|slot| !slots.contains(slot));
    }

    /// Puts cases that are in no order into every one.
    fn set_down(&mut self, mut slots: Vec<Slot>) {
        slots.sort_unstable_by(|a, b| self.compare(*a, *b));
        for slot in &slots {
            self.take_down(*slot);
        }
        self.order = merged(&self.order, &slots, |a, b| self.compare(a, b));
        slots.retain(|slot| self.entry(*slot).is_some_and(|entry| self.belongs(entry)));
        if !self.is_in_order() {
            slots.sort_unstable_by(|a, b| self.compare_shown(*a, *b));
        }
        self.shown = merged(&self.shown, &slots, |a, b| self.compare_shown(a, b));
    }
}

fn merged(list: &[Slot], sorted: &[Slot], compare: impl Fn(Slot, Slot) -> Ordering) -> Vec<Slot> {
    let mut merged = Vec::with_capacity(list.len() + sorted.len());
    let mut rest = list;
    for slot in sorted {
        let place = rest.partition_point(|other| compare(*other, *slot).is_lt());
        merged.extend_from_slice(&rest[..place]);
        merged.push(*slot);
        rest = &rest[place..];
    }
    merged.extend_from_slice(rest);
    merged
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::app::desk::Desks;
    use crate::domain::{CaseState, ClockKind, ClockState, ClockSummary, DeskNo, Severity, Tier};

    fn now() -> DateTime<Utc> {
        "2026-11-24T09:00:00Z".parse().unwrap()
    }

    /// Numbers that are always the same (a multiplicative congruential generator).
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, n: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % n
        }
    }

    fn case(chance: &mut Chance, ids: u64) -> Case {
        let mut case: Case = serde_json::from_value(serde_json::json!({
            "id": format!("C-{}", chance.below(ids)), "subject": "s", "severity": "high",
            "tier": "first", "state": "open",
            "partner": {"id": "nordwind", "name": "Nordwind Support"},
            "customer": {"company": "Fjord Logistics", "contact": "Ida Holm"}, "assignee": null,
            "eligibility": "eligible", "environment": "live", "workaround": false,
            "phone_follow_up": null, "correction": null, "reported_at": "2026-11-24T08:00:00Z",
            "updated_at": "2026-11-24T08:00:00Z", "revision": chance.below(6), "clocks": [],
        }))
        .unwrap();
        case.severity = Severity::ALL[usize::try_from(chance.below(4)).unwrap()];
        case.state = match chance.below(9) {
            0 => CaseState::Closed,
            1 => CaseState::Waiting,
            _ => CaseState::Open,
        };
        let minutes = i64::try_from(chance.below(600)).unwrap() - 300;
        let runs = chance.below(4) > 0;
        case.clocks.push(ClockSummary {
            kind: ClockKind::Resolution,
            tier: Tier::First,
            target: "2h".parse().unwrap(),
            started_at: now() - TimeDelta::days(1),
            due_at: runs.then(|| now() + TimeDelta::minutes(minutes)),
            state: if runs { ClockState::Running } else { ClockState::Paused },
            paused_since: None,
            ended_at: None,
            remaining_s: (!runs).then_some(minutes),
            calendar: "vendor".to_owned(),
            budget_s: 7200,
            policy: String::new(),
        });
        case
    }

    /// What the queue says, places in the store aside.
    fn says(queue: &Queue) -> impl PartialEq + std::fmt::Debug + use<> {
        let ids = |list: &[Slot]| {
            let entries = list.iter().map(|slot| queue.entry(*slot).unwrap());
            entries.map(|e| (e.case.id.clone(), e.case.revision, e.fresh)).collect::<Vec<_>>()
        };
        let dues: Vec<i64> = queue.dues.iter().map(|(due, _)| *due).collect();
        let looks: Vec<i64> = queue.looks.iter().map(|(look, _)| *look).collect();
        let views = queue.counts.clone();
        let counts = (queue.missed, queue.by_id.len(), queue.gone.len(), views, looks);
        (ids(&queue.order), ids(&queue.shown), dues, counts, queue.cursor.clone())
    }

    #[test]
    fn many_at_once_come_to_the_same_as_one_after_the_other() {
        let desks = Desks::named(Vec::new());
        for seed in 0..40 {
            let mut chance = Chance(seed);
            let (mut single, mut many) = (Queue::default(), Queue::default());
            let mut at = At { now: now(), desks: &desks };
            for queue in [&mut single, &mut many] {
                queue.set_view([1, 3][usize::from(seed % 2 == 0)], at);
                if seed % 3 == 0 {
                    queue.sort_by(vec!["-updated".parse().unwrap(), "id".parse().unwrap()], at);
                }
                if seed % 5 == 0 {
                    queue.set_filter("due<2h sev>=medium", at);
                }
            }
            for round in 0..6 {
                let mut cases: Vec<Case> = (0..120).map(|_| case(&mut chance, 90)).collect();
                let mut named = HashSet::new();
                cases.retain(|case| named.insert(case.id.clone()));
                // Where a cursor that has to move goes depends on what came before it.
                let cursor = single.cursor.clone();
                cases.retain(|case| {
                    Some(&case.id) != cursor.as_ref() || case.state == CaseState::Waiting
                });
                assert!(cases.len() > MANY);
                let reset = round % 3 == 0;
                many.page(DeskNo::FIRST, cases.clone(), &[], reset, true, at);
                single.page(DeskNo::FIRST, Vec::new(), &[], reset, true, at);
                for case in cases {
                    single.page(DeskNo::FIRST, vec![case], &[], false, true, at);
                }
                assert_eq!(says(&many), says(&single), "seed {seed}, round {round}");
                for queue in [&mut single, &mut many] {
                    queue.page(DeskNo::FIRST, Vec::new(), &[], false, false, at);
                    queue.touch();
                    queue.settle(20);
                }
                assert_eq!(says(&many), says(&single), "seed {seed}, round {round}, at the end");
                at.now += TimeDelta::hours(1);
                many.retime(DeskNo::FIRST, at);
                single.pass_time(at);
                many.pass_time(at);
                let row = usize::try_from(chance.below(30)).unwrap();
                for queue in [&mut single, &mut many] {
                    queue.select(row);
                }
                assert_eq!(says(&many), says(&single), "seed {seed}, round {round}, later");
            }
        }
    }

    #[test]
    fn a_fresh_start_that_names_little_takes_the_rest_out_at_once() {
        let desks = Desks::named(Vec::new());
        let at = At { now: now(), desks: &desks };
        let mut chance = Chance(7);
        let mut cases: Vec<Case> = (0..400).map(|_| case(&mut chance, 100_000)).collect();
        for case in &mut cases {
            case.state = CaseState::Open;
        }
        let mut queue = Queue::default();
        queue.set_view(1, at);
        queue.page(DeskNo::FIRST, cases.clone(), &[], true, false, at);
        queue.touch();
        queue.settle(20);
        queue.select(7);
        let left = queue.selected().unwrap().id.clone();
        let stays = queue.by_urgency(0).nth(300).unwrap().clone();
        queue.page(DeskNo::FIRST, vec![stays.clone()], &[], true, false, at);
        assert_eq!(queue.total(), 1);
        assert_eq!(queue.selected(), Some(&stays));
        assert_eq!(queue.take_left().unwrap().id, left);
        // What left may come back.
        queue.page(DeskNo::FIRST, cases, &[], true, false, at);
        assert!(queue.total() > 390);
        assert_eq!(queue.selected(), Some(&stays));
        queue.forget(DeskNo::FIRST);
        assert_eq!((queue.total(), queue.missed(), queue.is_loaded()), (0, 0, false));
        assert_eq!(queue.take_left(), None);
    }
}
