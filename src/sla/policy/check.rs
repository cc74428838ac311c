//! What the values of a policy mean together: the checks that a file and a document from a desk share.

use std::collections::BTreeMap;

use super::written::ROW;
use super::{
    Attention, Compiled, Matrix, PolicyDocument, REFERENCE_S, Row, Rules, time_of, want_of,
};
use crate::domain::{Severity, Target};
use crate::sla::calendar::{Calendar, CalendarDocument, Fault, cut};

/// A policy of which parts may be missing, since they could not be read.
pub(super) struct Draft {
    pub version: Option<String>,
    pub vendor_calendar: Option<String>,
    /// By severity, the most severe first, and by key of the row.
    pub targets: [[Option<Target>; 3]; 4],
    pub attention: Attention,
    pub rules: Rules,
    pub partners: BTreeMap<String, String>,
    /// None: it is there, and broken.
    pub calendars: BTreeMap<String, Option<CalendarDocument>>,
}

pub(super) fn not_a_share(shown: &str) -> String {
    format!("{shown} is not a share; allowed: 0 to 100")
}

impl Draft {
    /// The policy, if nothing is missing and nothing is wrong; what is wrong joins `faults`.
    pub(super) fn examine(self, mut faults: Vec<Fault>) -> Result<Compiled, Vec<Fault>> {
        if self.version.as_ref().is_some_and(|v| v.trim().is_empty() || v.len() > 64) {
            faults.push(Fault::new(&["version"], "must have 1 to 64 characters"));
        }
        let mut calendars = BTreeMap::new();
        for (id, written) in &self.calendars {
            let Some(written) = written else { continue };
            match Calendar::check(written) {
                Ok(calendar) if calendar.open_from(REFERENCE_S).is_none() => {
                    let what = "never opens; give at least one weekday an interval";
                    faults.push(Fault::new(&["calendars", id, "weekly"], what));
                }
                Ok(calendar) => {
                    calendars.insert(id.clone(), calendar);
                }
                Err(wrong) => {
                    let path = ["calendars", id.as_str()];
                    faults.extend(wrong.into_iter().map(|fault| fault.under(&path)));
                }
            }
        }
        let named = self.vendor_calendar.iter().map(|id| (vec!["vendor_calendar"], id));
        let partners = self.partners.iter().map(|(p, id)| (vec!["partners", p.as_str()], id));
        for (path, id) in named.chain(partners) {
            if self.calendars.contains_key(id) {
                continue;
            }
            let allowed: Vec<&str> = self.calendars.keys().map(String::as_str).collect();
            let message = format!(
                "there is no calendar \"{}\"; allowed: {}",
                cut(id),
                if allowed.is_empty() { "none is written".to_owned() } else { allowed.join(", ") }
            );
            faults.push(Fault::new(&path, message));
        }
        for (word, threshold) in
            [("warning", self.attention.warning), ("critical", self.attention.critical)]
        {
            if threshold.percent > 100 {
                let what = not_a_share(&threshold.percent.to_string());
                faults.push(Fault::new(&["attention", word, "percent"], what));
            }
            if !matches!(threshold.within, Target::Elapsed(_)) {
                let what = format!("\"{}\" is not a time; allowed: 60m, 1h", threshold.within);
                faults.push(Fault::new(&["attention", word, "within"], what));
            }
        }
        self.targets_are_reachable(&calendars, &mut faults);
        match self.whole() {
            Some(document) if faults.is_empty() => {
                Ok(Compiled { document, calendars, earlier: BTreeMap::new() })
            }
            _ => Err(faults),
        }
    }

    /// Every target ends within 20 years on every calendar that it may run on.
    fn targets_are_reachable(
        &self,
        calendars: &BTreeMap<String, Calendar>,
        faults: &mut Vec<Fault>,
    ) {
        for (severity, row) in Severity::ALL.iter().zip(self.targets) {
            for (key, target) in ROW.into_iter().zip(row) {
                let Some(target) = target else { continue };
                let want = want_of(target, self.rules.business_day);
                // 2nd level works by the vendor's alone.
                let mut calendars = calendars.iter().filter(|(id, _)| {
                    key != "second_level" || self.vendor_calendar.as_ref() == Some(*id)
                });
                let never = calendars.find(|(_, calendar)| {
                    let course = time_of(target, Some(calendar)).begin(REFERENCE_S, want);
                    course
                        .and_then(|course| course.nominal)
                        .is_none_or(|due| due - REFERENCE_S > crate::sla::calendar::HORIZON_S)
                });
                if let Some((id, _)) = never {
                    let message = format!(
                        "{target} cannot be reached within 20 years on the calendar \"{id}\""
                    );
                    faults.push(Fault::new(&["matrix", severity.word(), key], message));
                }
            }
        }
    }

    fn whole(self) -> Option<PolicyDocument> {
        let row = |[response, first_level, second_level]: [Option<Target>; 3]| {
            Some(Row {
                response: response?,
                first_level: first_level?,
                second_level: second_level?,
            })
        };
        let [critical, high, medium, low] = self.targets.map(row);
        Some(PolicyDocument {
            version: self.version?,
            vendor_calendar: self.vendor_calendar?,
            matrix: Matrix { critical: critical?, high: high?, medium: medium?, low: low? },
            attention: self.attention,
            rules: self.rules,
            partners: self.partners,
            calendars: self
                .calendars
                .into_iter()
                .map(|(id, calendar)| Some((id, calendar?)))
                .collect::<Option<_>>()?,
            earlier: Vec::new(),
        })
    }
}

impl Compiled {
    /// What is allowed but seldom meant.
    pub(super) fn remarks(&self) -> Vec<Fault> {
        let mut remarks: Vec<Fault> = self
            .calendars
            .iter()
            .flat_map(|(id, calendar)| {
                calendar.remarks().into_iter().map(|r| r.under(&["calendars", id.as_str()]))
            })
            .collect();
        let Attention { warning, critical } = self.document.attention;
        // On a target so long that only the shares count, or so short that only the times do.
        if warning.percent < critical.percent || warning.seconds(0) < critical.seconds(0) {
            let message = "the warning comes later than critical, so it may never be seen";
            remarks.push(Fault::new(&["attention", "warning"], message));
        }
        remarks
    }
}
