//! Texts that are written once and used often: canned answers, and macros, which are several acts on one
//! case. Placeholders in them are filled from the case; one that has no value stays visible as a gap.

use super::action::{Action, ActionKind};
use super::nearest::nearest;
use super::people::UserId;
use super::words::{Cause, InfoItem, ResolutionKind, Severity, Tier};

/// A placeholder that does not exist; names the one that was probably meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{{{given}}} is no placeholder; {advice}")]
pub struct UnknownPlaceholder {
    pub given: String,
    pub advice: String,
}

macro_rules! placeholders {
    ($($variant:ident = $word:literal, $label:literal;)+) => {
        /// What a text can be filled with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Placeholder { $($variant,)+ }

        impl Placeholder {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As it stands between braces.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What it is, for people.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }
        }
    };
}

placeholders! {
    Case = "case", "the case id";
    Subject = "subject", "the subject of the case";
    Customer = "customer", "whom the customer is to be called: the contact, else the company";
    Contact = "contact", "the customer's contact";
    Company = "company", "the customer's company";
    Severity = "severity", "the severity";
    Product = "product", "the product";
    Version = "version", "the version of the product";
    Agent = "agent", "your name";
    Partner = "partner", "the partner that runs 1st level";
    Due = "due", "when the next clock is due";
    Link = "link", "the page on which the customer sees the case";
}

impl Placeholder {
    /// What stands in the text where there is no value.
    #[must_use]
    pub fn gap(self) -> String {
        format!("[{}?]", self.word())
    }
}

/// The first gap in a text that nobody has mended yet.
#[must_use]
pub fn gap_in(text: &str) -> Option<Placeholder> {
    let at = |placeholder: &Placeholder| text.find(&placeholder.gap());
    let found = Placeholder::ALL.iter().filter_map(|p| Some((at(p)?, *p)));
    found.min_by_key(|(at, _)| *at).map(|(_, placeholder)| placeholder)
}

/// A text with placeholders. `{name}` is one; `{{` is a brace; other braces are themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Place(Placeholder),
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// The first placeholder that does not exist.
    pub fn parse(text: &str) -> Result<Self, UnknownPlaceholder> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            plain.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('{') {
                plain.push('{');
                rest = after;
                continue;
            }
            let word = rest.split('}').next().filter(|word| {
                word.len() < rest.len()
                    && !word.is_empty()
                    && word.chars().all(|c| c.is_alphanumeric() || "_-".contains(c))
            });
            let Some(word) = word else {
                plain.push('{');
                continue;
            };
            let known = Placeholder::ALL.iter().find(|p| p.word() == word);
            let placeholder = known.ok_or_else(|| unknown(word))?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Place(*placeholder));
            rest = &rest[word.len() + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The text with what `value` gives; a gap where it gives nothing.
    #[must_use]
    pub fn filled(&self, value: impl Fn(Placeholder) -> Option<String>) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Place(placeholder) => {
                let value = value(*placeholder).filter(|value| !value.trim().is_empty());
                value.unwrap_or_else(|| placeholder.gap())
            }
        };
        self.0.iter().map(piece).collect()
    }
}

fn unknown(word: &str) -> UnknownPlaceholder {
    let words = || Placeholder::ALL.iter().map(|placeholder| placeholder.word());
    let advice = nearest(word, words()).map_or_else(
        || format!("there are: {}", words().collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean {{{near}}}?"),
    );
    UnknownPlaceholder { given: word.chars().take(40).collect(), advice }
}

/// All that the settings have of them, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Canned {
    pub texts: Vec<CannedText>,
    pub macros: Vec<Macro>,
}

/// An answer to be put into a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannedText {
    pub name: String,
    pub title: String,
    pub text: Template,
    /// The acts in whose forms it is offered; none: in all.
    pub acts: Vec<ActionKind>,
}

/// Several acts on one case, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Macro {
    pub name: String,
    pub title: String,
    /// A chord of the desk that opens it, as it is written.
    pub key: Option<String>,
    pub steps: Vec<Step>,
}

/// One act of a macro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub act: ActionKind,
    /// Its text or reason.
    pub text: Template,
    pub choices: Choices,
}

/// What an act has besides its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    pub items: Vec<InfoItem>,
    pub severity: Option<Severity>,
    pub resolution: Option<ResolutionKind>,
    pub cause: Option<Cause>,
    /// With whom a call was.
    pub with: Template,
    pub assignee: Option<String>,
}

impl Step {
    /// Acts that a macro can do: those that need nothing but what can be written beforehand.
    pub const ACTS: &'static [ActionKind] = &[
        ActionKind::Respond,
        ActionKind::Take,
        ActionKind::Release,
        ActionKind::Assign,
        ActionKind::Note,
        ActionKind::Reply,
        ActionKind::RequestInfo,
        ActionKind::InfoReceived,
        ActionKind::SetSeverity,
        ActionKind::RecordWorkaround,
        ActionKind::LogPhoneCall,
        ActionKind::Escalate,
        ActionKind::HandBack,
        ActionKind::Close,
    ];

    /// The act, filled from the case. `tier`: where the case is when its turn comes. None: something of it is
    /// not written, which the configuration does not let through.
    #[must_use]
    pub fn action(
        &self,
        tier: Tier,
        value: impl Fn(Placeholder) -> Option<String> + Copy,
    ) -> Option<Action> {
        let text = self.text.filled(value);
        let optional = Some(text.clone()).filter(|text| !text.trim().is_empty());
        let choices = &self.choices;
        Some(match self.act {
            ActionKind::Respond => Action::Respond { text: optional },
            ActionKind::Take => Action::Take {},
            ActionKind::Release => Action::Release {},
            ActionKind::Assign => {
                Action::Assign { assignee: UserId::new(choices.assignee.clone()?) }
            }
            ActionKind::Note => Action::Note { text },
            ActionKind::Reply => Action::Reply { text },
            ActionKind::RequestInfo => Action::RequestInfo { text, items: choices.items.clone() },
            ActionKind::InfoReceived => Action::InfoReceived { text: optional },
            ActionKind::SetSeverity => {
                Action::SetSeverity { severity: choices.severity?, reason: text }
            }
            ActionKind::RecordWorkaround => Action::RecordWorkaround { text },
            ActionKind::LogPhoneCall => {
                let with = choices.with.filled(value);
                let with = if with.is_empty() { value(Placeholder::Contact)? } else { with };
                Action::LogPhoneCall { with, text }
            }
            ActionKind::Escalate => Action::Escalate {
                to: if tier == Tier::First { Tier::Second } else { Tier::Product },
                reason: text,
                finding: None,
                correction: None,
                new_correction: None,
            },
            ActionKind::HandBack => Action::HandBack { reason: text },
            ActionKind::Close => Action::Close {
                resolution: choices.resolution?,
                text,
                cause: choices.cause,
                duplicate_of: None,
            },
            ActionKind::SetEligibility | ActionKind::Reopen => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        let value = |placeholder| match placeholder {
            Placeholder::Contact => Some("Ida Holm".to_owned()),
            Placeholder::Product => Some(" ".to_owned()),
            _ => None,
        };
        Template::parse(text).unwrap().filled(value)
    }

    #[test]
    fn placeholders_are_filled_and_those_without_a_value_stay_as_gaps() {
        assert_eq!(filled("Dear {contact},"), "Dear Ida Holm,");
        assert_eq!(filled("{contact}{version}"), "Ida Holm[version?]");
        assert_eq!(filled("{product}"), "[product?]");
        assert_eq!(gap_in("of [product?] in [version?]"), Some(Placeholder::Product));
        assert_eq!(gap_in("of [this?] and [version ?]"), None);
    }

    #[test]
    fn braces_that_name_nothing_are_themselves() {
        for text in ["{", "}", "{}", "{ case }", "{a b}", "x {", "{case"] {
            assert_eq!(filled(text), text);
        }
        assert_eq!(filled("{{case}"), "{case}");
    }

    #[test]
    fn an_unknown_placeholder_names_the_one_that_was_meant() {
        let said = |text| Template::parse(text).unwrap_err().to_string();
        assert_eq!(said("{verison}"), "{verison} is no placeholder; did you mean {version}?");
        assert!(said("{password}").contains("there are: case, subject"), "{}", said("{password}"));
    }

    #[test]
    fn an_escalation_goes_to_the_next_tier() {
        let text = Template::parse("{case}").unwrap();
        let step = Step { act: ActionKind::Escalate, text, choices: Choices::default() };
        let Some(Action::Escalate { to, reason, .. }) = step.action(Tier::First, |_| None) else {
            panic!()
        };
        assert_eq!((to, reason.as_str()), (Tier::Second, "[case?]"));
    }
}
