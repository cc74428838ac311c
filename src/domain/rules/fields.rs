//! What texts may be. They are stored as they came: nothing is trimmed or changed.

use super::{Refusal, invalid};

/// The longest text, in characters.
pub const TEXT_MAX: usize = 100_000;
/// The longest one-line field (a title, a name, an id), in characters.
pub const LINE_MAX: usize = 300;

/// The longest subject of a case, in characters.
pub const SUBJECT_MAX: usize = 300;
/// The longest name of a contact, in characters.
pub const CONTACT_MAX: usize = 120;

/// What is wrong with a text of at most `max` characters, if anything is.
#[must_use]
pub fn fault(text: &str, max: usize) -> Option<String> {
    if text.contains('\0') {
        return Some("must not hold the character NUL".to_owned());
    }
    // Bytes bound characters, so most texts need no count.
    (text.len() > max && text.chars().count() > max)
        .then(|| format!("has more than {max} characters"))
}

fn check(field: &'static str, text: &str, max: usize) -> Result<(), Refusal> {
    fault(text, max).map_or(Ok(()), |message| invalid(field, message))
}

/// A required text.
pub(super) fn text(field: &'static str, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return invalid(field, "a text is required");
    }
    check(field, text, TEXT_MAX)
}

/// A text that may be left out; a blank one is one left out.
pub(super) fn optional_text(field: &'static str, text: Option<&str>) -> Result<(), Refusal> {
    text.map_or(Ok(()), |text| check(field, text, TEXT_MAX))
}

/// A required short field.
pub(super) fn line(field: &'static str, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return invalid(field, "must not be empty");
    }
    check(field, text, LINE_MAX)
}

/// The text of a closing (domain rule 7).
pub(super) fn closing_text(given: &str) -> Result<(), Refusal> {
    if given.trim().is_empty() {
        return invalid(
            "text",
            "a text that the customer can read is required: no text, no closing",
        );
    }
    text("text", given)
}
