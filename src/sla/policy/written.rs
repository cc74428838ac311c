//! A policy file as it is written: read key by key, so that everything that is wrong in it is found at
//! once. What the values mean together is `check`'s business.

use std::collections::BTreeMap;

use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::{Draft, not_a_share};
use super::{Attention, PolicyDocument, Rules, Threshold};
use crate::domain::nearest::nearest;
use crate::domain::{Severity, Target};
use crate::sla::calendar::{CalendarDocument, Fault, WrittenInterval, cut};

type Value<'i> = Spanned<DeValue<'i>>;

/// The switches with words, and the words that each takes.
const SWITCHES: &[(&str, &[&str])] = &[
    ("business_day", &["same-time", "end-of-day"]),
    ("handed_back", &["resume", "restart"]),
    ("escalated_again", &["resume", "restart"]),
    ("reopened", &["pause", "count", "restart"]),
    ("policy_change", &["keep", "apply"]),
];

/// The keys of a row of the matrix, in the order of [`Draft::targets`].
pub(super) const ROW: [&str; 3] = ["response", "first_level", "second_level"];

/// The keys that a table of the policy may have; None where they are free (ids, days, dates).
fn keys_of(path: &[&str]) -> Option<&'static [&'static str]> {
    Some(match *path {
        [] => {
            &["version", "vendor_calendar", "matrix", "attention", "rules", "partners", "calendars"]
        }
        ["matrix"] => &["critical", "high", "medium", "low"],
        ["matrix", _] => &ROW,
        ["attention"] => &["warning", "critical"],
        ["attention", _] => &["percent", "within"],
        ["rules"] => &[
            "business_day",
            "waiting_pauses",
            "handed_back",
            "escalated_again",
            "reopened",
            "policy_change",
        ],
        ["calendars", _] => CalendarDocument::KEYS,
        _ => return None,
    })
}

/// What is written, as far as it can be understood, and what cannot.
pub(super) fn read(text: &str, table: &DeTable<'_>) -> (Draft, Vec<Fault>) {
    let mut reader = Reader { text, faults: Vec::new() };
    reader.unknown_keys(table, &[]);
    let draft = reader.policy(table);
    (draft, reader.faults)
}

fn get<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<&'t Value<'i>> {
    table.iter().find(|(k, _)| k.get_ref() == key).map(|(_, value)| value)
}

struct Reader<'t> {
    text: &'t str,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn fault(&mut self, path: &[&str], message: impl Into<String>) {
        self.faults.push(Fault::new(path, message));
    }

    /// The value as it is written, cut so that an error stays readable.
    fn shown(&self, value: &Value<'_>) -> String {
        cut(self.text.get(value.span()).unwrap_or_default())
    }

    fn unknown_keys(&mut self, table: &DeTable<'_>, path: &[&str]) {
        let known = keys_of(path);
        for (key, value) in table {
            let mut inner = path.to_vec();
            inner.push(key.get_ref());
            match known {
                Some(known) if !known.contains(&key.get_ref().as_ref()) => {
                    let meant = nearest(key.get_ref(), known.iter().copied())
                        .map_or_else(String::new, |key| format!("did you mean {key}? "));
                    let known = known.join(", ");
                    self.fault(
                        &inner,
                        format!("is not a key of the policy; {meant}allowed: {known}"),
                    );
                }
                _ => {
                    if let Some(table) = value.get_ref().as_table() {
                        self.unknown_keys(table, &inner);
                    }
                }
            }
        }
    }

    fn policy(&mut self, table: &DeTable<'_>) -> Draft {
        let version = self.needed(table, &["version"], "version = \"2027-01\"", Self::text);
        let vendor_calendar =
            self.needed(table, &["vendor_calendar"], "vendor_calendar = \"vendor\"", Self::text);
        let mut targets = [[None; 3]; 4];
        match self.part(table, &["matrix"]) {
            None if get(table, "matrix").is_none() => {
                self.fault(&["matrix"], "is missing; write [matrix] with a row for each severity");
            }
            None => {}
            Some(matrix) => {
                for (row, severity) in targets.iter_mut().zip(Severity::ALL) {
                    *row = self.row(matrix, severity.word());
                }
            }
        }
        let attention = self.part(table, &["attention"]).map(|table| self.attention(table));
        let rules = self.part(table, &["rules"]).map(|table| self.rules(table));
        let mut partners = BTreeMap::new();
        for (key, value) in self.part(table, &["partners"]).into_iter().flatten() {
            if let Some(calendar) = self.text(&["partners", key.get_ref()], value) {
                partners.insert(key.get_ref().to_string(), calendar);
            }
        }
        if get(table, "calendars").is_none() {
            self.fault(&["calendars"], "is missing; write [calendars.vendor] with tz and weekly");
        }
        let mut calendars = BTreeMap::new();
        for (key, value) in self.part(table, &["calendars"]).into_iter().flatten() {
            let calendar = self.calendar(key.get_ref(), value);
            calendars.insert(key.get_ref().to_string(), calendar);
        }
        Draft {
            version,
            vendor_calendar,
            targets,
            attention: attention.unwrap_or_default(),
            rules: rules.unwrap_or_default(),
            partners,
            calendars,
        }
    }

    /// A table that may be left out.
    fn part<'d, 'i>(&mut self, outer: &'d DeTable<'i>, path: &[&str]) -> Option<&'d DeTable<'i>> {
        let value = get(outer, path.last().copied().unwrap_or_default())?;
        self.table(path, value)
    }

    fn table<'d, 'i>(&mut self, path: &[&str], value: &'d Value<'i>) -> Option<&'d DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            let shown = self.shown(value);
            self.fault(path, format!("{shown} is not a table"));
        }
        table
    }

    /// A value that must be there.
    fn needed<T>(
        &mut self,
        table: &DeTable<'_>,
        path: &[&str],
        example: &str,
        read: impl FnOnce(&mut Self, &[&str], &Value<'_>) -> Option<T>,
    ) -> Option<T> {
        if let Some(value) = get(table, path.last().copied().unwrap_or_default()) {
            return read(self, path, value);
        }
        self.fault(path, format!("is missing; write {example}"));
        None
    }

    fn text(&mut self, path: &[&str], value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            let shown = self.shown(value);
            self.fault(path, format!("{shown} is not a text; write it in quotes"));
        }
        text
    }

    fn row(&mut self, matrix: &DeTable<'_>, severity: &str) -> [Option<Target>; 3] {
        let path = ["matrix", severity];
        let example = format!(
            "{severity} = {{ response = \"1bd\", first_level = \"20bd\", second_level = \"90bd\" }}"
        );
        // A row that is no table has been told of; its targets are not missing as well.
        let Some(value) = get(matrix, severity) else {
            self.fault(&path, format!("is missing; write {example}"));
            return [None; 3];
        };
        let Some(row) = self.table(&path, value) else { return [None; 3] };
        ROW.map(|key| {
            let example = format!("{key} = \"1bd\"");
            self.needed(row, &["matrix", severity, key], &example, Self::target)
        })
    }

    fn target(&mut self, path: &[&str], value: &Value<'_>) -> Option<Target> {
        let Some(text) = value.get_ref().as_str() else {
            let shown = self.shown(value);
            self.fault(path, format!("{shown} is not a target; write \"2h\", \"4bh\" or \"1bd\""));
            return None;
        };
        match text.parse::<Target>() {
            Ok(target) => Some(target),
            Err(no) => {
                let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
                let too_long =
                    unit.len() < text.len() && format!("1{unit}").parse::<Target>().is_ok();
                let message = if too_long {
                    format!("\"{}\" is too long; a target is reached within 20 years", cut(text))
                } else {
                    no.to_string()
                };
                self.fault(path, message);
                None
            }
        }
    }

    fn attention(&mut self, table: &DeTable<'_>) -> Attention {
        let mut attention = Attention::default();
        for (key, threshold) in
            [("warning", &mut attention.warning), ("critical", &mut attention.critical)]
        {
            let Some(table) = self.part(table, &["attention", key]) else { continue };
            let percent =
                self.needed(table, &["attention", key, "percent"], "percent = 25", Self::percent);
            let within =
                self.needed(table, &["attention", key, "within"], "within = \"60m\"", Self::target);
            if let (Some(percent), Some(within)) = (percent, within) {
                *threshold = Threshold { percent, within };
            }
        }
        attention
    }

    fn percent(&mut self, path: &[&str], value: &Value<'_>) -> Option<u8> {
        let percent = value
            .get_ref()
            .as_integer()
            .and_then(|n| u8::from_str_radix(n.as_str(), n.radix()).ok())
            .filter(|n| *n <= 100);
        if percent.is_none() {
            let shown = self.shown(value);
            self.fault(path, not_a_share(&shown));
        }
        percent
    }

    fn rules(&mut self, table: &DeTable<'_>) -> Rules {
        let mut rules = Rules::default();
        if let Some(value) = get(table, "waiting_pauses") {
            match value.get_ref().as_bool() {
                Some(pauses) => rules.waiting_pauses = pauses,
                None => self.not_allowed(&["rules", "waiting_pauses"], value, &["true", "false"]),
            }
        }
        for (key, words) in SWITCHES {
            let Some(value) = get(table, key) else { continue };
            let understood = value.get_ref().as_str().is_some_and(|word| match *key {
                "business_day" => set(&mut rules.business_day, word),
                "handed_back" => set(&mut rules.handed_back, word),
                "escalated_again" => set(&mut rules.escalated_again, word),
                "reopened" => set(&mut rules.reopened, word),
                _ => set(&mut rules.policy_change, word),
            });
            if !understood {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                self.not_allowed(&["rules", key], value, &words);
            }
        }
        rules
    }

    fn not_allowed(&mut self, path: &[&str], value: &Value<'_>, allowed: &[impl AsRef<str>]) {
        let allowed: Vec<&str> = allowed.iter().map(AsRef::as_ref).collect();
        let shown = self.shown(value);
        self.fault(path, format!("{shown} is not known; allowed: {}", allowed.join(", ")));
    }

    /// None if any of it cannot be read; that has been told of then.
    fn calendar(&mut self, id: &str, value: &Value<'_>) -> Option<CalendarDocument> {
        let before = self.faults.len();
        let table = self.table(&["calendars", id], value)?;
        let name = get(table, "name").map(|value| self.text(&["calendars", id, "name"], value));
        let tz =
            self.needed(table, &["calendars", id, "tz"], "tz = \"Europe/Copenhagen\"", Self::text);
        let weekly = self.needed(
            table,
            &["calendars", id, "weekly"],
            "weekly with mon = [[\"09:00\", \"17:00\"]] and so on",
            Self::days,
        );
        let holidays = get(table, "holidays")
            .map_or_else(Vec::new, |value| self.dates(&["calendars", id, "holidays"], value));
        let special = get(table, "special")
            .and_then(|value| self.days(&["calendars", id, "special"], value))
            .unwrap_or_default();
        let document =
            CalendarDocument { name: name.flatten(), tz: tz?, weekly: weekly?, holidays, special };
        (self.faults.len() == before).then_some(document)
    }

    fn list<'d, 'i>(
        &mut self,
        path: &[&str],
        value: &'d Value<'i>,
        example: &str,
    ) -> Option<&'d [Value<'i>]> {
        let Some(list) = value.get_ref().as_array() else {
            let shown = self.shown(value);
            self.fault(path, format!("{shown} is not a list; write {example}"));
            return None;
        };
        Some(list)
    }

    fn dates(&mut self, path: &[&str], value: &Value<'_>) -> Vec<String> {
        let list = self.list(path, value, "[\"2026-12-25\", \"2026-12-26\"]").unwrap_or_default();
        let mut dates = Vec::with_capacity(list.len());
        for (i, item) in list.iter().enumerate() {
            if let Some(date) = item.get_ref().as_str() {
                dates.push(date.to_owned());
            } else {
                let (shown, i) = (self.shown(item), i.to_string());
                let path = [path, &[i.as_str()]].concat();
                self.fault(&path, format!("{shown} is not a date in quotes, as \"2026-12-25\""));
            }
        }
        dates
    }

    /// Intervals by weekday or date.
    fn days(
        &mut self,
        path: &[&str],
        value: &Value<'_>,
    ) -> Option<BTreeMap<String, Vec<WrittenInterval>>> {
        const EXAMPLE: &str = "[[\"09:00\", \"17:00\"]]";
        let table = self.table(path, value)?;
        let mut days = BTreeMap::new();
        for (key, value) in table {
            let path = [path, &[key.get_ref().as_ref()]].concat();
            let list = self.list(&path, value, EXAMPLE).unwrap_or_default();
            let mut intervals = Vec::with_capacity(list.len());
            for (i, item) in list.iter().enumerate() {
                let pair = item.get_ref().as_array().and_then(|pair| match &pair[..] {
                    [from, to] => Some([
                        from.get_ref().as_str()?.to_owned(),
                        to.get_ref().as_str()?.to_owned(),
                    ]),
                    _ => None,
                });
                if let Some(pair) = pair {
                    intervals.push(pair);
                } else {
                    let (shown, i) = (self.shown(item), i.to_string());
                    let path = [path.as_slice(), &[i.as_str()]].concat();
                    self.fault(&path, format!("{shown} is not an interval; write {EXAMPLE}"));
                }
            }
            days.insert(key.get_ref().to_string(), intervals);
        }
        Some(days)
    }
}

/// Sets a switch by its word; false if it has no such word.
fn set<T: serde::de::DeserializeOwned>(switch: &mut T, word: &str) -> bool {
    let word: StrDeserializer<'_, WordError> = word.into_deserializer();
    T::deserialize(word).map(|value| *switch = value).is_ok()
}

impl From<&PolicyDocument> for Draft {
    fn from(document: &PolicyDocument) -> Self {
        let matrix = document.matrix;
        Self {
            version: Some(document.version.clone()),
            vendor_calendar: Some(document.vendor_calendar.clone()),
            targets: [matrix.critical, matrix.high, matrix.medium, matrix.low]
                .map(|row| [row.response, row.first_level, row.second_level].map(Some)),
            attention: document.attention,
            rules: document.rules,
            partners: document.partners.clone(),
            calendars: document
                .calendars
                .iter()
                .map(|(id, calendar)| (id.clone(), Some(calendar.clone())))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_every_switch_is_understood() {
        for (key, words) in SWITCHES {
            for word in *words {
                let text = format!("{key} = \"{word}\"");
                let table = DeTable::parse(&text).unwrap();
                let mut reader = Reader { text: &text, faults: Vec::new() };
                let rules = reader.rules(table.get_ref());
                assert_eq!(reader.faults, [], "{text}");
                let written = serde_json::to_value(rules).unwrap();
                assert_eq!(written[key], *word, "{text}");
            }
        }
    }
}
