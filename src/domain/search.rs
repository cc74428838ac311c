//! Searching by plain words: what the list on the command line and the service's search go by.

use super::case::Case;

/// The words of a query, in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    #[must_use]
    pub fn of(query: &str) -> Self {
        Self(query.split_whitespace().map(str::to_lowercase).collect())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each word, in lower case.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether every word occurs in one of the texts.
    #[must_use]
    pub fn occur_in(&self, texts: &[&str]) -> bool {
        // Lowered once, and only if there is something to look for.
        if self.is_empty() {
            return true;
        }
        let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
        self.0.iter().all(|word| texts.iter().any(|text| text.contains(word)))
    }

    /// Whether the case is found: by its id, subject, customer or assignee.
    #[must_use]
    pub fn find(&self, case: &Case) -> bool {
        let assignee = case.assignee.as_ref();
        self.occur_in(&[
            case.id.as_str(),
            case.subject.raw(),
            case.customer.company.raw(),
            case.customer.contact.raw(),
            assignee.map_or("", |person| person.name.raw()),
            assignee.map_or("", |person| person.id.as_str()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_must_occur_somewhere_whatever_their_case() {
        let texts = ["C-10412", "Guest cannot connect", "Fjord Logistik ÆRØ", "R. Hald"];
        for (query, found) in [
            ("", true),
            (" \n ", true),
            ("guest", true),
            ("10412 FJORD", true),
            ("ærø\thald", true),
            ("guest nowhere", false),
            ("guestcannot", false),
        ] {
            assert_eq!(Words::of(query).occur_in(&texts), found, "{query:?}");
        }
    }
}
