//! What an action's texts may be. They are stored as they came: nothing is trimmed or changed.

use super::{Refusal, invalid};

/// The longest text, in characters.
pub const TEXT_MAX: usize = 100_000;
/// The longest one-line field (a title, a name, an id), in characters.
pub const LINE_MAX: usize = 300;

fn check(field: &'static str, text: &str, max: usize) -> Result<(), Refusal> {
    if text.contains('\0') {
        return invalid(field, "must not hold the character NUL");
    }
    // Bytes bound characters, so most texts need no count.
    if text.len() > max && text.chars().count() > max {
        return invalid(field, format!("has more than {max} characters"));
    }
    Ok(())
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
