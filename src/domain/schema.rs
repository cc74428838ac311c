//! The bounds of texts as schemas: what `rules` accepts, in the words of the OpenAPI document.

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

use super::rules::{LINE_MAX, TEXT_MAX};

/// Any text without the character NUL.
pub const NO_NUL: &str = r"^[^\u0000]*$";
/// A text without NUL that has something besides white space (Unicode's White_Space, as `str::trim` has it).
pub const NOT_BLANK: &str = r"^[^\u0000]*[^\u0000\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\u0000]*$";

/// Between `min` and `max` characters, all as the pattern says.
pub fn bounded(min: usize, max: usize, pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length((min > 0).then_some(min))
        .max_length(Some(max))
        .pattern(Some(pattern))
}

/// As [`bounded`] without a least length; may be null, which is the same as left out.
pub fn optional(max: usize) -> Object {
    bounded(0, max, NO_NUL).schema_type(SchemaType::from_iter([Type::String, Type::Null])).build()
}

/// A required text of an act.
pub(super) fn text() -> Object {
    bounded(1, TEXT_MAX, NOT_BLANK).build()
}

/// A text of an act that may be left out.
pub(super) fn optional_text() -> Object {
    optional(TEXT_MAX)
}

/// A required short field of an act.
pub fn line() -> Object {
    bounded(1, LINE_MAX, NOT_BLANK).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_of_blank_texts_names_every_white_space() {
        let class = NOT_BLANK.split("[^").nth(2).unwrap();
        for c in (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| c.is_whitespace()) {
            let escaped = match c {
                // Within \t-\r.
                '\t'..='\r' => r"\t-\r".to_owned(),
                // Within its range.
                '\u{2001}'..='\u{200a}' => r"\u2000-\u200a".to_owned(),
                ' ' => " ".to_owned(),
                c => format!("\\u{:04x}", u32::from(c)),
            };
            assert!(class.contains(&escaped), "{escaped} in {class}");
        }
        // And no more than these.
        assert_eq!(class.matches("\\u").count(), 1 + 10);
    }
}
