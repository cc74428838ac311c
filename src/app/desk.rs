//! What is known of each desk that the screen follows: who I am there, its policy, its line and its clock.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::msg::{Link, Whoami};
use crate::domain::{CaseId, DeskNo};
use crate::sla::policy::Policy;

/// One desk.
pub struct Desk {
    pub no: DeskNo,
    /// As the configuration calls it; shown where there are several.
    pub name: String,
    pub me: Option<Whoami>,
    /// The page on which a customer sees a case, with `{case}` for its id; None: it is not known.
    pub page: Option<String>,
    /// Until the desk's own has come, the one that we are built with.
    pub policy: Arc<Policy>,
    pub link: Link,
    pub fresh_at: Option<DateTime<Utc>>,
    pub skew_s: i64,
    /// How far its clock is ahead of the first desk's, which is the one that the screen goes by.
    pub ahead: TimeDelta,
}

impl Desk {
    fn new(no: DeskNo, name: String) -> Self {
        Self {
            no,
            name,
            me: None,
            page: None,
            policy: Arc::new(Policy::embedded()),
            link: Link::Connecting,
            fresh_at: None,
            skew_s: 0,
            ahead: TimeDelta::zero(),
        }
    }

    /// What its clock says when the screen's says `now`.
    pub fn time(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.ahead
    }

    /// What the screen's clock says when its says `at`.
    pub fn on_screen(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at - self.ahead
    }
}

/// All of them, in the order of the configuration; at least one.
pub struct Desks {
    first: Desk,
    others: Vec<Desk>,
}

impl Desks {
    /// Desks of these names; without any, one that needs none.
    pub fn named(names: Vec<String>) -> Self {
        let mut desks = (0..).map(DeskNo::new).zip(names).map(|(no, name)| Desk::new(no, name));
        let first = desks.next().unwrap_or_else(|| Desk::new(DeskNo::FIRST, String::new()));
        Self { first, others: desks.collect() }
    }

    /// The desk of that number. One that nobody has told of is taken for the first.
    pub fn get(&self, no: DeskNo) -> &Desk {
        let other = no.place().checked_sub(1).and_then(|place| self.others.get(place));
        other.unwrap_or(&self.first)
    }

    pub fn get_mut(&mut self, no: DeskNo) -> &mut Desk {
        let other = no.place().checked_sub(1).and_then(|place| self.others.get_mut(place));
        other.unwrap_or(&mut self.first)
    }

    /// The desk that a case is at.
    pub fn of(&self, case: &CaseId) -> &Desk {
        self.get(case.desk())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Desk> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The name of a case's desk, where there are several.
    pub fn name_of(&self, case: &CaseId) -> Option<&str> {
        self.are_several().then(|| self.of(case).name.as_str())
    }

    /// A case as a sentence names it: its id, and where there are several its desk.
    pub fn named_case(&self, case: &CaseId) -> String {
        match self.name_of(case) {
            Some(name) => format!("{case} at {name}"),
            None => case.to_string(),
        }
    }

    pub fn are_several(&self) -> bool {
        !self.others.is_empty()
    }
}
