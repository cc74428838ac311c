//! What is typed into the filter: words that must all occur, and `desk:` and `-desk:` with the beginnings of
//! desks' names.

use crate::app::desk::Desks;
use crate::domain::text::safe_line;

/// Columns of a name that nobody has.
const NAME: usize = 20;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// In small letters.
    words: Vec<String>,
    desks: Vec<DeskCondition>,
}

/// `desk:nord,fj`: at a desk whose name begins with one of these; `-desk:` at none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DeskCondition {
    negated: bool,
    /// In small letters.
    names: Vec<String>,
}

impl DeskCondition {
    /// A condition that is still without a name asks for nothing.
    fn of(word: &str) -> Option<Self> {
        let (negated, names) = match word.strip_prefix("-desk:") {
            Some(names) => (true, names),
            None => (false, word.strip_prefix("desk:")?),
        };
        let names = names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Some(Self { negated, names })
    }

    fn holds(&self, desk: &str) -> bool {
        self.names.is_empty() || self.negated != self.names.iter().any(|name| begins(desk, name))
    }
}

fn begins(desk: &str, name: &str) -> bool {
    desk.to_lowercase().starts_with(name)
}

impl Filter {
    pub fn of(text: &str) -> Self {
        let mut filter = Self::default();
        for word in text.to_lowercase().split_whitespace() {
            match DeskCondition::of(word) {
                Some(condition) => filter.desks.push(condition),
                None => filter.words.push(word.to_owned()),
            }
        }
        filter
    }

    /// Whether it asks for anything.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.desks.iter().all(|condition| condition.names.is_empty())
    }

    /// `words`: what a case is found by, in small letters; `desk`: the name of its desk.
    pub fn holds(&self, words: &str, desk: &str) -> bool {
        self.words.iter().all(|word| words.contains(word))
            && self.desks.iter().all(|condition| condition.holds(desk))
    }

    /// Whether what this one shows is among what `before` shows, whose text this one's begins with: more
    /// letters of a word match less, more letters of desks may match more.
    pub fn is_within(&self, before: &Self) -> bool {
        self.desks == before.desks
    }

    /// The first name with which no desk's begins, in a sentence.
    pub fn unknown_desk(&self, desks: &Desks) -> Option<String> {
        let known = |name: &String| desks.iter().any(|desk| begins(&desk.name, name));
        let mut names = self.desks.iter().flat_map(|condition| &condition.names);
        let unknown = names.find(|name| !known(name))?;
        let all: Vec<&str> = desks.iter().map(|desk| desk.name.as_str()).collect();
        let unknown = safe_line(unknown, NAME);
        Some(format!("no desk \"{unknown}\"; there are: {}", all.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(filter: &str) -> Vec<&'static str> {
        let filter = Filter::of(filter);
        ["nordwind", "north", "fjord"]
            .into_iter()
            .filter(|desk| filter.holds("c-1\nprinter is gone", desk))
            .collect()
    }

    #[test]
    fn a_desk_is_found_by_the_beginning_of_its_name_beside_words() {
        assert_eq!(finds("desk:nor"), ["nordwind", "north"]);
        assert_eq!(finds("DESK:Nord printer"), ["nordwind"]);
        assert_eq!(finds("desk:nordwind,fj"), ["nordwind", "fjord"]);
        assert_eq!(finds("desk:fjord scanner"), [""; 0]);
        assert_eq!(finds("-desk:nor"), ["fjord"]);
        assert_eq!(finds("-desk:nordw,fj gone"), ["north"]);
        assert_eq!(finds("desk:nor -desk:north"), ["nordwind"]);
    }

    #[test]
    fn what_is_still_without_a_name_asks_for_nothing() {
        assert_eq!(finds("desk:").len(), 3);
        assert_eq!(finds("-desk:").len(), 3);
        assert_eq!(finds("desk:north,"), ["north"]);
        assert!(Filter::of(" desk: ").is_empty());
        assert!(!Filter::of("desk:n").is_empty());
    }

    #[test]
    fn a_desk_that_is_not_there_is_named_with_those_that_are() {
        let desks = Desks::named(vec!["nordwind".into(), "fjord".into()]);
        let unknown = |text: &str| Filter::of(text).unknown_desk(&desks);
        assert_eq!(unknown("desk:n,fjord -desk:f"), None);
        let said = unknown("desk:nord,oslo").unwrap();
        assert_eq!(said, "no desk \"oslo\"; there are: nordwind, fjord");
        assert!(unknown("-desk:oslo").is_some());
    }

    #[test]
    fn more_letters_show_less_only_while_the_desks_are_the_same() {
        let within = |now: &str, before: &str| Filter::of(now).is_within(&Filter::of(before));
        assert!(within("desk:n printe", "desk:n print"));
        assert!(!within("desk:n,f", "desk:n"));
        assert!(!within("-desk:no", "-desk:n"));
    }
}
