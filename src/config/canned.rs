//! `[canned.NAME]` and `[macro.NAME]`: texts that are written once, and acts that belong together. A
//! placeholder or an act that does not exist is an error that names the nearest right one.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::file::{At, Reader};
use super::nearest::nearest;
use crate::domain::ActionKind;
use crate::domain::canned::{Canned, CannedText, Choices, Macro, Step, Template};
use crate::domain::text::safe_line;
use crate::domain::{Cause, InfoItem, ResolutionKind, Severity};
use crate::input::{Context, Keymap, parse_chord};

const TEXT: &[&str] = &["title", "text", "act"];
const MACRO: &[&str] = &["title", "key", "steps"];
const STEP: &[&str] =
    &["act", "text", "items", "severity", "resolution", "cause", "with", "assignee"];

/// The acts whose forms have a text.
const WITH_TEXT: &[ActionKind] = &[
    ActionKind::Note,
    ActionKind::Reply,
    ActionKind::RequestInfo,
    ActionKind::InfoReceived,
    ActionKind::SetSeverity,
    ActionKind::RecordWorkaround,
    ActionKind::LogPhoneCall,
    ActionKind::SetEligibility,
    ActionKind::Escalate,
    ActionKind::HandBack,
    ActionKind::Close,
    ActionKind::Reopen,
];

/// Both tables as they are written.
#[derive(Debug, Clone, Default)]
pub struct CannedTables {
    pub texts: Vec<At<CannedText>>,
    pub macros: Vec<At<Macro>>,
}

impl CannedTables {
    pub(super) fn read_texts(&mut self, r: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) {
        for (name, value) in r.table(value, "canned") {
            let line = r.line(name.span().start);
            let place = format!("[canned.{}]", safe_line(name.get_ref(), 40));
            let (mut title, mut text, mut acts) = (None, None, Vec::new());
            for (key, value) in r.table(value, &place[1..place.len() - 1]) {
                match key.get_ref().as_ref() {
                    "title" => title = r.filled(value, "title"),
                    "text" => text = template(r, value, "text"),
                    "act" => acts = act_list(r, value),
                    _ => r.unknown(key, &place, TEXT),
                }
            }
            let Some(text) = needed(r, text, line, &place, "text") else { continue };
            let name = name.get_ref().to_string();
            let title = title.map_or_else(|| name.clone(), |at| at.value);
            self.texts.push(At { value: CannedText { name, title, text, acts }, line });
        }
        self.texts.sort_by_key(|text| text.line);
    }

    pub(super) fn read_macros(&mut self, r: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) {
        for (name, value) in r.table(value, "macro") {
            let line = r.line(name.span().start);
            let place = format!("[macro.{}]", safe_line(name.get_ref(), 40));
            let (mut title, mut key, mut steps) = (None, None, None);
            for (word, value) in r.table(value, &place[1..place.len() - 1]) {
                match word.get_ref().as_ref() {
                    "title" => title = r.filled(value, "title"),
                    "key" => {
                        key = r.text(value, "key").and_then(|text| {
                            r.checked(text, |text| match parse_chord(&text) {
                                Ok(_) => Ok(text),
                                Err(error) => Err(error.to_string()),
                            })
                        });
                    }
                    "steps" => steps = read_steps(r, value, &place),
                    _ => r.unknown(word, &place, MACRO),
                }
            }
            let Some(steps) = needed(r, steps, line, &place, "steps") else { continue };
            let name = name.get_ref().to_string();
            let title = title.map_or_else(|| name.clone(), |at| at.value);
            let key = key.map(|at| at.value);
            self.macros.push(At { value: Macro { name, title, key, steps }, line });
        }
        self.macros.sort_by_key(|of| of.line);
    }

    /// What is in force: the macros' keys mean nothing else on the desk.
    ///
    /// # Errors
    /// A key that an action or another macro has.
    pub(super) fn merge(self, path: &Path, keymap: &Keymap) -> Result<Canned, ConfigError> {
        let mut taken = Vec::new();
        for At { value: of, line } in &self.macros {
            let Some(chord) = of.key.as_deref().and_then(|key| parse_chord(key).ok()) else {
                continue;
            };
            let action = keymap.action(Context::Desk, chord).map(|action| action.word().to_owned());
            let other = taken.iter().find(|(other, _)| *other == chord).map(|(_, name)| name);
            if let Some(means) = action.or_else(|| other.cloned()) {
                return Err(ConfigError::new(format!(
                    "{}:{line}: [macro.{}] key \"{}\" means {means} already",
                    safe_line(&path.to_string_lossy(), 400),
                    safe_line(&of.name, 40),
                    safe_line(of.key.as_deref().unwrap_or_default(), 20),
                )));
            }
            taken.push((chord, format!("[macro.{}]", safe_line(&of.name, 40))));
        }
        Ok(Canned {
            texts: self.texts.into_iter().map(|at| at.value).collect(),
            macros: self.macros.into_iter().map(|at| at.value).collect(),
        })
    }
}

/// What must be there; where it was wrong, that has been said already.
fn needed<T>(
    r: &mut Reader<'_>,
    value: Option<T>,
    line: usize,
    place: &str,
    what: &str,
) -> Option<T> {
    if value.is_none() && !r.has_issues_from(line) {
        r.wrong_at(line, &format!("{place} has no {what}"));
    }
    value
}

fn template(r: &mut Reader<'_>, value: &Spanned<DeValue<'_>>, key: &str) -> Option<Template> {
    let text = r.filled(value, key)?;
    r.checked(text, |text| Template::parse(&text).map_err(|error| error.to_string()))
        .map(|at| at.value)
}

/// One of a closed list of words, or the sentence that names the nearest.
fn one_of<T: Copy>(
    what: &str,
    given: &str,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<T, String> {
    if let Some(found) = all.iter().find(|one| word(**one) == given) {
        return Ok(*found);
    }
    let words = || all.iter().map(|one| word(*one));
    let shown = safe_line(given, 40);
    Err(nearest(given, words()).map_or_else(
        || {
            format!(
                "\"{shown}\" is no {what}; there are: {}",
                words().collect::<Vec<_>>().join(", ")
            )
        },
        |near| format!("\"{shown}\" is no {what}; did you mean \"{near}\"?"),
    ))
}

/// `act = "reply"` or `act = ["reply", "close"]`.
fn act_list(r: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Vec<ActionKind> {
    let texts = match value.get_ref() {
        DeValue::String(_) => {
            r.text(value, "act").map(|at| At { value: vec![at.value], line: at.line })
        }
        _ => r.texts(value, "act"),
    };
    let read = texts.and_then(|texts| {
        r.checked(texts, |texts| {
            let kind = |text: &String| one_of("act with a text", text, WITH_TEXT, ActionKind::word);
            texts.iter().map(kind).collect::<Result<Vec<_>, _>>()
        })
    });
    read.map(|at| at.value).unwrap_or_default()
}

fn read_steps(r: &mut Reader<'_>, value: &Spanned<DeValue<'_>>, place: &str) -> Option<Vec<Step>> {
    let DeValue::Array(array) = value.get_ref() else {
        r.wrong(value, "steps", "a list of tables: [{ act = \"note\", text = \"…\" }]");
        return None;
    };
    let mut steps = Vec::new();
    for item in array {
        let DeValue::Table(table) = item.get_ref() else {
            r.wrong(item, "steps", "a list of tables: [{ act = \"note\", text = \"…\" }]");
            return None;
        };
        let line = r.line(item.span().start);
        steps.extend(read_step(r, table, line, place));
    }
    if steps.is_empty() {
        let line = r.line(value.span().start);
        if !r.has_issues_from(line) {
            r.wrong_at(line, &format!("{place} has no steps"));
        }
        return None;
    }
    Some(steps)
}

fn read_step(r: &mut Reader<'_>, table: &DeTable<'_>, line: usize, place: &str) -> Option<Step> {
    let mut act = None;
    let mut text = None;
    let mut choices = Choices::default();
    let mut given: Vec<&'static str> = Vec::new();
    for (key, value) in table {
        let name = STEP.iter().find(|name| **name == key.get_ref().as_ref());
        given.extend(name.copied());
        match key.get_ref().as_ref() {
            "act" => {
                act = r.text(value, "act").and_then(|text| {
                    r.checked(text, |text| {
                        one_of("act of a macro", &text, Step::ACTS, ActionKind::word)
                    })
                });
            }
            "text" => text = template(r, value, "text"),
            "items" => {
                let read = r.texts(value, "items").and_then(|texts| {
                    r.checked(texts, |texts| {
                        let item =
                            |text: &String| one_of("item", text, InfoItem::ALL, InfoItem::word);
                        texts.iter().map(item).collect::<Result<Vec<_>, _>>()
                    })
                });
                choices.items = read.map(|at| at.value).unwrap_or_default();
            }
            "severity" => {
                choices.severity = word(r, value, "severity", Severity::ALL, Severity::word);
            }
            "resolution" => {
                let all: Vec<ResolutionKind> = ResolutionKind::ALL
                    .iter()
                    .copied()
                    // Which case it doubles cannot be written beforehand.
                    .filter(|kind| *kind != ResolutionKind::Duplicate)
                    .collect();
                choices.resolution = word(r, value, "resolution", &all, ResolutionKind::word);
            }
            "cause" => choices.cause = word(r, value, "cause", Cause::ALL, Cause::word),
            "with" => choices.with = template(r, value, "with").unwrap_or_default(),
            "assignee" => {
                choices.assignee = r.filled(value, "assignee").map(|at| at.value);
            }
            _ => r.unknown(key, &format!("a step of {place}"), STEP),
        }
    }
    let Some(At { value: act, .. }) = act else {
        if !given.contains(&"act") {
            r.wrong_at(line, &format!("a step of {place} has no act"));
        }
        return None;
    };
    let (must, may) = fields_of(act);
    for name in must {
        if !given.contains(name) {
            r.wrong_at(line, &format!("{place}: the step {} needs \"{name}\"", act.word()));
        }
    }
    for name in given {
        if name != "act" && !must.contains(&name) && !may.contains(&name) {
            r.wrong_at(line, &format!("{place}: the step {} has no \"{name}\"", act.word()));
        }
    }
    Some(Step { act, text: text.unwrap_or_default(), choices })
}

fn word<T: Copy>(
    r: &mut Reader<'_>,
    value: &Spanned<DeValue<'_>>,
    key: &str,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Option<T> {
    let text = r.text(value, key)?;
    r.checked(text, |text| one_of(key, &text, all, word)).map(|at| at.value)
}

/// What a step must have and may have besides its act.
const fn fields_of(act: ActionKind) -> (&'static [&'static str], &'static [&'static str]) {
    match act {
        ActionKind::Take | ActionKind::Release => (&[], &[]),
        ActionKind::Respond | ActionKind::InfoReceived => (&[], &["text"]),
        ActionKind::Assign => (&["assignee"], &[]),
        ActionKind::RequestInfo => (&["text"], &["items"]),
        ActionKind::SetSeverity => (&["severity", "text"], &[]),
        ActionKind::LogPhoneCall => (&["text"], &["with"]),
        ActionKind::Close => (&["resolution", "text"], &["cause"]),
        _ => (&["text"], &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::file::ConfigFile;

    fn read(text: &str) -> Result<CannedTables, String> {
        let file = ConfigFile::parse(Path::new("c.toml"), text);
        file.map(|file| file.canned).map_err(|error| error.to_string())
    }

    fn wrong(text: &str) -> String {
        read(text).unwrap_err()
    }

    #[test]
    fn texts_and_macros_are_read_in_the_order_of_the_file() {
        let tables = read(
            "[canned.z]\ntitle = \"Z\"\nact = \"reply\"\ntext = \"Dear {contact}\"\n\
             [canned.a]\ntext = \"x\"\n\
             [macro.m]\nkey = \"f5\"\nsteps = [\n\
             { act = \"request_info\", items = [\"steps\"], text = \"t\" },\n\
             { act = \"close\", resolution = \"no_answer\", text = \"t\" },\n]\n",
        )
        .unwrap();
        let names: Vec<_> = tables.texts.iter().map(|at| at.value.name.as_str()).collect();
        assert_eq!(names, ["z", "a"]);
        assert_eq!(tables.texts[0].value.acts, [ActionKind::Reply]);
        assert_eq!(tables.texts[1].value.title, "a", "a name is a title, too");
        let steps = &tables.macros[0].value.steps;
        assert_eq!(steps[0].choices.items, [InfoItem::Steps]);
        assert_eq!(steps[1].choices.resolution, Some(ResolutionKind::NoAnswer));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_the_right_word() {
        for (text, said) in [
            (
                "[canned.a]\ntext = \"{verison}\"",
                "c.toml:2: {verison} is no placeholder; did you mean {version}?",
            ),
            ("[canned.a]\ntitle = \"x\"", "c.toml:1: [canned.a] has no text"),
            (
                "[canned.a]\ntxt = \"x\"",
                "c.toml:2: unknown key \"txt\" in [canned.a]; did you mean \"text\"?",
            ),
            (
                "[canned.a]\ntext = \"x\"\nact = [\"replay\"]",
                "c.toml:3: \"replay\" is no act with a text; did you mean \"reply\"?",
            ),
            ("[macro.a]\ntitle = \"x\"", "c.toml:1: [macro.a] has no steps"),
            ("[macro.a]\nsteps = []", "c.toml:2: [macro.a] has no steps"),
            (
                "[macro.a]\nsteps = [{ act = \"close\", text = \"x\" }]",
                "c.toml:2: [macro.a]: the step close needs \"resolution\"",
            ),
            (
                "[macro.a]\nsteps = [{ act = \"note\", text = \"x\", cause = \"network\" }]",
                "c.toml:2: [macro.a]: the step note has no \"cause\"",
            ),
            (
                "[macro.a]\nsteps = [{ act = \"clsoe\", text = \"x\" }]",
                "c.toml:2: \"clsoe\" is no act of a macro; did you mean \"close\"?",
            ),
            (
                "[macro.a]\nsteps = [{ act = \"close\", resolution = \"duplicate\", text = \"x\" }]",
                "c.toml:2: \"duplicate\" is no resolution; there are: explanation, workaround, \
                 corrected_in_release, guidance_given, not_eligible, no_answer",
            ),
            ("[macro.a]\nsteps = [{ text = \"x\" }]", "c.toml:2: a step of [macro.a] has no act"),
            (
                "[macro.a]\nkey = \"ctrl+x\"\nsteps = [{ act = \"take\" }]",
                "c.toml:2: \"ctrl+x\" is not a key; write for example a, G, ctrl-d, pagedown, f1, space",
            ),
        ] {
            assert_eq!(wrong(text), said, "{text}");
        }
    }

    #[test]
    fn a_key_of_a_macro_means_nothing_else() {
        let merged =
            |text: &str| read(text).unwrap().merge(Path::new("c.toml"), &Keymap::embedded());
        let of = |name: &str, key: &str| {
            format!("[macro.{name}]\nkey = \"{key}\"\nsteps = [{{ act = \"take\" }}]\n")
        };
        assert_eq!(merged(&of("a", "f5")).unwrap().macros.len(), 1);
        assert_eq!(
            merged(&of("a", "e")).unwrap_err().to_string(),
            "c.toml:1: [macro.a] key \"e\" means escalate already"
        );
        let two = of("a", "f5") + &of("b", "f5");
        assert_eq!(
            merged(&two).unwrap_err().to_string(),
            "c.toml:4: [macro.b] key \"f5\" means [macro.a] already"
        );
    }
}
