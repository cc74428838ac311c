//! A policy file on disk: read whole, given holidays with its comments kept, and replaced in one step.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use toml_edit::{Array, DocumentMut, Item, Value};

use super::ConfigError;
use crate::domain::text::safe_line;
use crate::sla::policy::Policy;

/// The largest policy file that is read.
const FILE_CAP: u64 = 1024 * 1024;
/// How far the items of a list are set in.
const INDENT: &str = "    ";

/// A date to close, and its name; an empty one is left out.
pub type NamedDate = (NaiveDate, String);

/// A policy file as it was read.
#[derive(Debug, Clone)]
pub struct PolicyFile {
    path: PathBuf,
    text: String,
}

impl PolicyFile {
    /// Reads a file; whether it is a right policy is not asked yet.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = read(path, FILE_CAP).map_err(|why| {
            ConfigError::new(format!("could not read the policy {}: {why}", shown(path)))
        })?;
        Ok(Self { path: path.to_owned(), text })
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The path, safe for a terminal.
    #[must_use]
    pub fn name(&self) -> String {
        shown(&self.path)
    }

    /// Checks what is written.
    ///
    /// # Errors
    /// Everything that is wrong, a line each, with file and line.
    pub fn policy(&self) -> Result<Policy, ConfigError> {
        Policy::from_toml(&self.name(), &self.text).map_err(|e| ConfigError::new(e.to_string()))
    }

    /// Puts a new text in the file's place, in one step: who reads it sees the old one or the new one.
    ///
    /// # Errors
    /// The file has changed since it was read, or cannot be written; it stays as it is then.
    pub fn replace(&self, text: &str) -> Result<(), ConfigError> {
        let fail = |why: &dyn std::fmt::Display| {
            ConfigError::new(format!("could not write {}: {why}; it is as it was", self.name()))
        };
        // A link stays one; what it leads to is replaced.
        let path = self.path.canonicalize().map_err(|error| fail(&error))?;
        let now = read(&path, FILE_CAP).map_err(|why| fail(&why))?;
        if now != self.text {
            return Err(fail(&"it was changed meanwhile"));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
        let written =
            write_new(&beside, text, &path).and_then(|()| std::fs::rename(&beside, &path));
        if let Err(error) = written {
            // Nothing can be done if it stays.
            let _ = std::fs::remove_file(&beside);
            return Err(fail(&error));
        }
        // The name is on disk once the folder is; not every system can be asked for that.
        if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

fn write_new(path: &Path, text: &str, like: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.set_permissions(std::fs::metadata(like)?.permissions())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A file's text, if it is not too large and UTF-8; else why not.
pub fn read(path: &Path, cap: u64) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(cap + 1).read_to_end(&mut bytes));
    read.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > cap {
        return Err(format!("it is larger than {} MiB", cap >> 20));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

fn shown(path: &Path) -> String {
    safe_line(&path.to_string_lossy(), 400)
}

/// The text of a right policy with more holidays in a calendar, each with its name as a comment, and with
/// another version if one is given. Everything else stays as it is written. The result is checked: it is the
/// same policy but for that.
///
/// # Errors
/// There is no such calendar, or the result would not be that policy.
pub fn with_holidays(
    text: &str,
    calendar: &str,
    new: &[NamedDate],
    version: Option<&str>,
) -> Result<String, ConfigError> {
    let broken = |why: &dyn std::fmt::Display| {
        ConfigError::new(format!("the policy could not be changed: {why}"))
    };
    let before = Policy::from_toml("policy", text).map_err(|error| broken(&error))?.document();
    let mut document: DocumentMut = text.parse().map_err(|error| broken(&error))?;
    let table = document
        .get_mut("calendars")
        .and_then(Item::as_table_like_mut)
        .and_then(|calendars| calendars.get_mut(calendar))
        .and_then(Item::as_table_like_mut)
        .ok_or_else(|| broken(&format!("there is no calendar \"{}\"", safe_line(calendar, 60))))?;
    if !table.contains_key("holidays") {
        table.insert("holidays", Item::Value(Value::Array(Array::new())));
    }
    let list = table.get_mut("holidays").and_then(Item::as_array_mut);
    let list = list.ok_or_else(|| broken(&"its holidays are no list"))?;
    add(list, new);
    if let Some(version) = version
        && let Some(written) = document.get_mut("version").and_then(Item::as_value_mut)
    {
        let decor = written.decor().clone();
        *written = version.into();
        *written.decor_mut() = decor;
    }
    let text = document.to_string();
    let mut wanted = before;
    if let Some(version) = version {
        version.clone_into(&mut wanted.version);
    }
    if let Some(calendar) = wanted.calendars.get_mut(calendar) {
        calendar.holidays.extend(new.iter().map(|(date, _)| date.to_string()));
        calendar.holidays.sort();
    }
    let mut got = Policy::from_toml("policy", &text).map_err(|error| broken(&error))?.document();
    if let Some(calendar) = got.calendars.get_mut(calendar) {
        calendar.holidays.sort();
    }
    if got != wanted {
        return Err(broken(&"its parts are written in an unusual way; add the dates by hand"));
    }
    Ok(text)
}

/// Puts dates into a list of dates: in their place if it is in order, else at its end.
///
/// What stands between two items begins with the comment of the first one: it stays with it.
fn add(list: &mut Array, new: &[NamedDate]) {
    let text_of = |raw: Option<&toml_edit::RawString>| {
        raw.and_then(|raw| raw.as_str()).unwrap_or_default().to_owned()
    };
    // Each item with what stands before it, and what stands after the last.
    let mut items: Vec<(String, Value)> = Vec::with_capacity(list.len() + new.len());
    let mut end = text_of(Some(list.trailing()));
    for value in list.iter() {
        let before = text_of(value.decor().prefix());
        let after = text_of(value.decor().suffix());
        let mut value = value.clone();
        value.decor_mut().clear();
        items.push((before, value));
        // Only a last item without a comma has its comment there.
        if !after.trim().is_empty() {
            end = format!("{after}{end}");
        }
    }
    let gaps = || items.iter().map(|(before, _)| before.as_str());
    if !gaps().any(|gap| gap.contains('\n')) && !end.contains('\n') {
        for (before, _) in &mut items {
            *before = format!("\n{INDENT}");
        }
        "\n".clone_into(&mut end);
    }
    let indent = items
        .iter()
        .find_map(|(before, _)| before.rsplit_once('\n').map(|(_, indent)| indent.to_owned()))
        .unwrap_or_else(|| INDENT.to_owned());
    let date_of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let in_order = items.is_sorted_by_key(|(_, value)| date_of(value));
    for (date, name) in new {
        let date = date.to_string();
        let place = if in_order {
            items.iter().position(|(_, value)| date_of(value) > date).unwrap_or(items.len())
        } else {
            items.len()
        };
        let comment = if name.is_empty() { String::new() } else { format!(" # {name}") };
        let gap = items.get_mut(place).map_or(&mut end, |(before, _)| before);
        let line_end = gap.find('\n').unwrap_or(gap.len());
        let rest = gap.split_off(line_end);
        let before = format!("{gap}\n{indent}");
        *gap = format!("{comment}{}", if rest.is_empty() { "\n" } else { &rest });
        items.insert(place, (before, Value::from(date)));
    }
    list.clear();
    for (before, mut value) in items {
        value.decor_mut().set_prefix(before);
        list.push_formatted(value);
    }
    list.set_trailing(end);
    list.set_trailing_comma(true);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str, name: &str) -> NamedDate {
        (text.parse().unwrap(), name.to_owned())
    }

    /// A policy with this as the holidays of its calendar.
    fn policy(holidays: &str) -> String {
        let text = Policy::embedded_toml();
        let rows = text.split("[partners]").next().unwrap();
        format!(
            "{rows}[calendars.vendor] # ours\ntz = \"Etc/UTC\"\n{holidays}# the end\n\n\
             [calendars.vendor.weekly]\nmon = [[\"09:00\", \"17:00\"]] # short week\n"
        )
    }

    /// The holidays after more are added.
    fn added(holidays: &str, new: &[NamedDate]) -> String {
        let text = policy(holidays);
        let changed = with_holidays(&text, "vendor", new, None).unwrap();
        let (head, tail) = text.split_once(holidays).unwrap();
        let inner = changed.strip_prefix(head).expect("what stands before is kept");
        inner.strip_suffix(tail).expect("what stands after is kept").to_owned()
    }

    #[test]
    fn dates_go_to_their_place_and_every_comment_stays_with_its_date() {
        let list = "holidays = [\n    # this year\n    \"2026-01-01\", # New Year\n    \"2026-05-01\",\n    \
                    # next year\n    \"2027-01-01\", # again\n    # more to come\n]\n";
        assert_eq!(
            added(
                list,
                &[
                    date("2025-12-26", "before"),
                    date("2026-04-03", "Good Friday"),
                    date("2026-12-25", ""),
                    date("2027-12-25", "Christmas"),
                ]
            ),
            "holidays = [\n    \"2025-12-26\", # before\n    # this year\n    \"2026-01-01\", # New Year\n    \
             \"2026-04-03\", # Good Friday\n    \"2026-05-01\",\n    \"2026-12-25\",\n    # next year\n    \
             \"2027-01-01\", # again\n    \"2027-12-25\", # Christmas\n    # more to come\n]\n"
        );
    }

    #[test]
    fn lists_of_every_shape_are_understood() {
        let new = [date("2026-12-25", "Christmas")];
        for (before, after) in [
            (
                "holidays = [\"2026-01-01\"]\n",
                "holidays = [\n    \"2026-01-01\",\n    \"2026-12-25\", # Christmas\n]\n",
            ),
            ("holidays = []\n", "holidays = [\n    \"2026-12-25\", # Christmas\n]\n"),
            (
                "holidays = [\n  \"2026-01-01\", # one\n  \"2026-02-01\" # no comma\n]\n",
                "holidays = [\n  \"2026-01-01\", # one\n  \"2026-02-01\", # no comma\n  \"2026-12-25\", # Christmas\n]\n",
            ),
            // Not in order: at the end.
            (
                "holidays = [\n    \"2027-02-01\",\n    \"2026-02-01\",\n]\n",
                "holidays = [\n    \"2027-02-01\",\n    \"2026-02-01\",\n    \"2026-12-25\", # Christmas\n]\n",
            ),
        ] {
            assert_eq!(added(before, &new), after, "{before}");
        }
        // Where there is no list yet, one is made.
        let text = policy("");
        let changed = with_holidays(&text, "vendor", &new, None).unwrap();
        assert!(
            changed.contains("holidays = [\n    \"2026-12-25\", # Christmas\n]\n"),
            "{changed}"
        );
    }

    #[test]
    fn the_built_in_policy_gets_lines_and_loses_none() {
        let text = Policy::embedded_toml();
        let new = [date("2026-06-05", "Constitution Day"), date("2028-01-01", "New Year")];
        let changed = with_holidays(text, "vendor", &new, Some("2026-11.2")).unwrap();
        let lines: Vec<&str> =
            changed.lines().filter(|line| text.lines().all(|old| old != *line)).collect();
        assert_eq!(
            lines,
            [
                "version = \"2026-11.2\"",
                "    \"2026-06-05\", # Constitution Day",
                "    \"2028-01-01\", # New Year",
            ]
        );
        assert_eq!(changed.lines().count(), text.lines().count() + 2);
    }

    #[test]
    fn a_calendar_that_is_not_there_and_a_date_that_is_are_refused() {
        let text = Policy::embedded_toml();
        let new = [date("2026-12-25", "")];
        for calendar in ["moon", "vendor"] {
            assert!(with_holidays(text, calendar, &new, None).is_err(), "{calendar}");
        }
    }

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("policy.toml"), folder.path().join("link.toml"));
        std::fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let file = PolicyFile::read(&link).unwrap();
        file.replace("new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        let error = file.replace("newer").unwrap_err().to_string();
        assert!(error.contains("it was changed meanwhile; it is as it was"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            2,
            "nothing is left beside it"
        );
    }
}
