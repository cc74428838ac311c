//! A theme as it is written: TOML, strict, every error with its line.

use std::fmt;
use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{BUILT_IN, Colours, PARTS, Theme};
use crate::domain::nearest::nearest;
use crate::domain::text::safe_line;

/// What is wrong in a theme file: line (0: the file as a whole) and sentence, in the file's order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ThemeError {
    pub issues: Vec<(usize, String)>,
}

impl fmt::Display for ThemeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (line, issue)) in self.issues.iter().enumerate() {
            let gap = if n > 0 { "\n" } else { "" };
            match line {
                0 => write!(f, "{gap}{issue}")?,
                line => write!(f, "{gap}line {line}: {issue}")?,
            }
        }
        Ok(())
    }
}

/// What one table of a file says; None where it says nothing.
struct Layer {
    background: Option<Color>,
    foreground: Option<Color>,
    always: Option<bool>,
    /// By the place in [`PARTS`].
    looks: Vec<Option<Style>>,
}

impl Layer {
    fn empty() -> Self {
        Self { background: None, foreground: None, always: None, looks: vec![None; PARTS.len()] }
    }

    fn over(self, below: &mut Self) {
        below.background = self.background.or(below.background);
        below.foreground = self.foreground.or(below.foreground);
        below.always = self.always.or(below.always);
        for (below, look) in below.looks.iter_mut().zip(self.looks) {
            *below = look.or(*below);
        }
    }
}

/// A whole file: what it stands on, what it says for sixteen colours, what it lays over that for more.
struct File {
    inherits: Option<&'static str>,
    plain: Layer,
    rich: Layer,
}

/// Reads a theme.
pub fn read(name: &str, text: &str, colours: Colours) -> Result<Theme, ThemeError> {
    let file = parse(text)?;
    let mut sum = Layer::empty();
    if let Some(below) = file.inherits {
        let text = BUILT_IN.iter().find(|(name, _)| *name == below).map_or("", |(_, text)| text);
        add(parse(text)?, colours, &mut sum);
    }
    add(file, colours, &mut sum);
    let missing: Vec<String> = PARTS
        .iter()
        .zip(&sum.looks)
        .filter(|(_, look)| look.is_none())
        .map(|((_, table, key), _)| format!("{table}.{key}"))
        .collect();
    if !missing.is_empty() {
        let names = missing.join(", ");
        let issue = format!(
            "there is no look for {names}; name it, or begin the file with inherits = \"dark\""
        );
        return Err(ThemeError { issues: vec![(0, issue)] });
    }
    let (Some(background), Some(foreground)) = (sum.background, sum.foreground) else {
        let issue = "the ground is missing: background = \"black\" and foreground = \"white\", or \
                     whatever the colours are chosen for";
        return Err(ThemeError { issues: vec![(0, issue.to_owned())] });
    };
    Ok(Theme {
        name: name.to_owned(),
        background,
        foreground,
        always: sum.always.unwrap_or(false),
        painted: sum.always.unwrap_or(false),
        looks: sum.looks.into_iter().map(Option::unwrap_or_default).collect(),
    })
}

fn add(file: File, colours: Colours, sum: &mut Layer) {
    file.plain.over(sum);
    if colours == Colours::Rich {
        file.rich.over(sum);
    }
}

fn parse(text: &str) -> Result<File, ThemeError> {
    let mut reader = Reader { text, issues: Vec::new() };
    let mut file = File { inherits: None, plain: Layer::empty(), rich: Layer::empty() };
    match DeTable::parse(text) {
        Ok(root) => reader.root(&mut file, root.get_ref()),
        Err(error) => {
            let line = error.span().map_or(1, |span| reader.line(span.start));
            reader.issues.push((line, format!("this is not TOML: {}", error.message())));
        }
    }
    if reader.issues.is_empty() {
        return Ok(file);
    }
    reader.issues.sort();
    Err(ThemeError { issues: reader.issues })
}

const TOP: [&str; 5] = ["inherits", "background", "foreground", "always", "rich"];

struct Reader<'t> {
    text: &'t str,
    issues: Vec<(usize, String)>,
}

impl Reader<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
    }

    fn root(&mut self, file: &mut File, root: &DeTable<'_>) {
        for (key, value) in root {
            let line = self.line(key.span().start);
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("inherits", DeValue::String(name)) => {
                    file.inherits = self.built_in(line, name);
                }
                ("rich", DeValue::Table(table)) => {
                    for (key, value) in table {
                        self.entry(
                            &mut file.rich,
                            key.get_ref(),
                            self.line(key.span().start),
                            value,
                        );
                    }
                }
                ("inherits", _) => self.wrong(line, "\"inherits\" must be the name of a theme"),
                ("rich", _) => self.wrong(line, "\"rich\" must be a table: [rich.face]"),
                (key, _) => self.entry(&mut file.plain, key, line, value),
            }
        }
    }

    fn wrong(&mut self, line: usize, issue: impl Into<String>) {
        self.issues.push((line, issue.into()));
    }

    fn built_in(&mut self, line: usize, given: &str) -> Option<&'static str> {
        let found = BUILT_IN.iter().find(|(name, _)| *name == given).map(|(name, _)| *name);
        if found.is_none() {
            let issue = unknown("theme", given, BUILT_IN.iter().map(|(name, _)| *name));
            self.wrong(line, issue);
        }
        found
    }

    /// A key that may stand at the top or under `[rich]`.
    fn entry(&mut self, layer: &mut Layer, key: &str, line: usize, value: &Spanned<DeValue<'_>>) {
        match (key, value.get_ref()) {
            ("background" | "foreground", DeValue::String(word)) => {
                let found = if word.is_empty() { Some(Color::Reset) } else { colour(word) };
                let Some(found) = found else {
                    let word = safe_line(word, 40);
                    return self.wrong(line, format!("\"{word}\" is no colour; {COLOURS}"));
                };
                let place =
                    if key == "background" { &mut layer.background } else { &mut layer.foreground };
                *place = Some(found);
            }
            ("always", DeValue::Boolean(always)) => layer.always = Some(*always),
            ("background" | "foreground", _) => {
                self.wrong(line, format!("\"{key}\" must be a colour in quotes"));
            }
            ("always", _) => self.wrong(line, "\"always\" must be true or false"),
            (table, DeValue::Table(looks)) if PARTS.iter().any(|(_, of, _)| *of == table) => {
                for (key, value) in looks {
                    self.look(layer, table, key.get_ref(), self.line(key.span().start), value);
                }
            }
            (key, _) => {
                let known = TOP.iter().copied().chain(PARTS.iter().map(|(_, table, _)| *table));
                let issue = unknown("key of a theme", key, known);
                self.wrong(line, issue);
            }
        }
    }

    fn look(
        &mut self,
        layer: &mut Layer,
        table: &str,
        key: &str,
        line: usize,
        value: &Spanned<DeValue<'_>>,
    ) {
        let Some(at) = PARTS.iter().position(|(_, t, k)| *t == table && *k == key) else {
            let known = PARTS.iter().filter(|(_, of, _)| *of == table).map(|(_, _, key)| *key);
            let issue = unknown(&format!("key of [{table}]"), key, known);
            return self.wrong(line, issue);
        };
        let DeValue::String(words) = value.get_ref() else {
            return self
                .wrong(line, format!("\"{key}\" must be words in quotes, such as \"red bold\""));
        };
        match look(words) {
            Ok(look) => layer.looks[at] = Some(look),
            Err(issue) => self.wrong(line, issue),
        }
    }
}

fn unknown(what: &str, given: &str, known: impl Iterator<Item = &'static str> + Clone) -> String {
    let shown = safe_line(given, 40);
    if let Some(near) = nearest(given, known.clone()) {
        return format!("\"{shown}\" is no {what}; did you mean \"{near}\"?");
    }
    let mut all: Vec<&str> = Vec::new();
    for name in known {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    format!("\"{shown}\" is no {what}; there are: {}", all.join(", "))
}

const COLOURS: &str = "allowed: black, red, green, yellow, blue, magenta, cyan, white, each also \
                       with bright-, #rrggbb, and 0 to 255";

const WORDS: [&str; 21] = [
    "bold",
    "dim",
    "italic",
    "underlined",
    "reversed",
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// A look as it is written: "yellow bold".
pub(super) fn look(words: &str) -> Result<Style, String> {
    let mut style = Style::new();
    for word in words.split_whitespace() {
        style = match word {
            "bold" => style.add_modifier(Modifier::BOLD),
            "dim" => style.add_modifier(Modifier::DIM),
            "italic" => style.add_modifier(Modifier::ITALIC),
            "underlined" => style.add_modifier(Modifier::UNDERLINED),
            "reversed" => style.add_modifier(Modifier::REVERSED),
            _ => match word.strip_prefix("on-") {
                Some(name) => style.bg(colour(name).ok_or_else(|| no_word(word))?),
                None => style.fg(colour(word).ok_or_else(|| no_word(word))?),
            },
        };
    }
    Ok(style)
}

fn no_word(word: &str) -> String {
    let shown = safe_line(word, 40);
    let (on, plain) = word.strip_prefix("on-").map_or(("", word), |plain| ("on-", plain));
    let near = nearest(plain, WORDS)
        .map_or_else(String::new, |near| format!("did you mean \"{on}{near}\"? "));
    format!(
        "\"{shown}\" is not a word of a look; {near}{COLOURS}; on- and a colour; bold, dim, italic, \
         underlined, reversed"
    )
}

fn colour(name: &str) -> Option<Color> {
    Some(match name {
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ if name.starts_with('#') => Color::from_str(name).ok()?,
        _ => Color::Indexed(name.parse().ok()?),
    })
}
