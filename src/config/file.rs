//! `config.toml` as it is written. Strict: a key that is not known is an error that names file, line,
//! key and the nearest right name. What the values mean together is `config::Settings`' business.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveTime;
use secrecy::SecretString;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::canned::CannedTables;
use super::nearest::nearest;
use super::serve::ServeTable;

/// A value and the line (from 1) on which it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    pub value: T,
    pub line: usize,
}

/// What is wrong with a file, line by line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FileError {
    pub path: PathBuf,
    /// Line (0: the file as a whole) and sentence, in the file's order.
    pub issues: Vec<(usize, String)>,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = crate::domain::text::safe_line(&self.path.to_string_lossy(), 400);
        for (n, (line, issue)) in self.issues.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            match line {
                0 => write!(f, "{path}: {issue}")?,
                line => write!(f, "{path}:{line}: {issue}")?,
            }
        }
        Ok(())
    }
}

/// The kinds of desk that the configuration knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeskKind {
    Caseload,
    RequestTracker,
}

impl DeskKind {
    const WORDS: &'static [(&'static str, Self)] =
        &[("caseload", Self::Caseload), ("request-tracker", Self::RequestTracker)];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Caseload => "caseload",
            Self::RequestTracker => "request-tracker",
        }
    }
}

/// Where a desk's token comes from.
#[derive(Debug, Clone)]
pub enum TokenSource {
    /// Written into the file itself; only a file that nobody else can read may hold one.
    Literal(SecretString),
    File(String),
    Env(String),
    Command(String),
    Keyring,
}

/// `[desk.NAME]`.
#[derive(Debug, Clone)]
pub struct DeskTable {
    pub kind: DeskKind,
    pub url: Url,
    pub token: Option<At<TokenSource>>,
    /// Certificates of authorities that are trusted besides the system's.
    pub ca_file: Option<At<String>>,
    /// The address of a case's page, `{id}` standing for the case.
    pub case_link: Option<At<String>>,
    pub line: usize,
}

/// How the screen looks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark or light, as the terminal's background is; without colours where none are wanted.
    #[default]
    Auto,
    /// One that is built in.
    Named(&'static str),
    /// A file, as it is written.
    File(String),
}

impl Theme {
    /// Those that are built in; the drawing has them under the same names.
    pub const NAMES: [&'static str; 5] = ["dark", "light", "high-contrast", "colour-blind", "mono"];

    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Auto => "auto",
            Self::Named(name) => name,
            Self::File(path) => path,
        }
    }

    /// The theme of that name or file, or a sentence that names those there are.
    pub fn named(name: &str) -> Result<Self, String> {
        let is_path =
            Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("toml"));
        if is_path || name.contains('/') {
            return Ok(Self::File(name.to_owned()));
        }
        let words: Vec<(&'static str, Option<&'static str>)> = std::iter::once(("auto", None))
            .chain(Self::NAMES.into_iter().map(|name| (name, Some(name))))
            .collect();
        one_of("theme", name, &words).map(|found| found.map_or(Self::Auto, Self::Named))
    }
}

/// When alerts are silent, in the local time of this machine; may run over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    pub from: NaiveTime,
    pub to: NaiveTime,
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from.format("%H:%M"), self.to.format("%H:%M"))
    }
}

/// The file, each value as it is written there; None where it is not.
#[derive(Debug, Clone, Default)]
pub struct ConfigFile {
    pub path: PathBuf,
    pub policy: Option<At<String>>,
    pub desks: BTreeMap<String, DeskTable>,
    pub theme: Option<At<Theme>>,
    pub ascii: Option<At<bool>>,
    pub mouse: Option<At<bool>>,
    pub reduced_motion: Option<At<bool>>,
    pub downloads: Option<At<String>>,
    pub alerts_at: Option<At<Vec<Duration>>>,
    pub bell: Option<At<bool>>,
    pub osc: Option<At<bool>>,
    pub quiet: Option<At<QuietHours>>,
    pub ask_after: Option<At<Duration>>,
    /// Action to chords. Which actions and chords there are is the keymap's to say.
    pub keys: BTreeMap<String, At<Vec<String>>>,
    pub canned: CannedTables,
    pub serve: ServeTable,
}

const TOP: &[&str] =
    &["policy", "desk", "screen", "alerts", "outbox", "keys", "canned", "macro", "serve"];
const DESK: &[&str] = &[
    "kind",
    "url",
    "ca_file",
    "case_link",
    "token_file",
    "token_env",
    "token_command",
    "keyring",
    "token",
];
const SCREEN: &[&str] = &["theme", "ascii", "mouse", "reduced_motion", "downloads"];
const ALERTS: &[&str] = &["at", "bell", "osc", "quiet"];
const OUTBOX: &[&str] = &["ask_after"];

impl ConfigFile {
    /// Reads the text of the file at `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, FileError> {
        let mut reader = Reader { text, issues: Vec::new() };
        let mut file = Self { path: path.to_owned(), ..Self::default() };
        match DeTable::parse(text) {
            Ok(root) => file.read(&mut reader, root.get_ref()),
            Err(error) => {
                // The message alone: the error's Display quotes the line, which may hold a token.
                let line = error.span().map_or(1, |span| reader.line(span.start));
                reader.issues.push((line, format!("this is not TOML: {}", error.message())));
            }
        }
        if reader.issues.is_empty() {
            return Ok(file);
        }
        reader.issues.sort();
        Err(FileError { path: path.to_owned(), issues: reader.issues })
    }

    fn read(&mut self, r: &mut Reader<'_>, root: &DeTable<'_>) {
        for (key, value) in root {
            match key.get_ref().as_ref() {
                "policy" => self.policy = r.text(value, "policy"),
                "desk" => self.read_desks(r, value),
                "screen" => {
                    for (name, value) in r.table(value, "screen") {
                        match name.get_ref().as_ref() {
                            "theme" => {
                                self.theme = r
                                    .text(value, "theme")
                                    .and_then(|text| r.checked(text, |text| Theme::named(&text)));
                            }
                            "ascii" => self.ascii = r.boolean(value, "ascii"),
                            "mouse" => self.mouse = r.boolean(value, "mouse"),
                            "reduced_motion" => {
                                self.reduced_motion = r.boolean(value, "reduced_motion");
                            }
                            "downloads" => self.downloads = r.filled(value, "downloads"),
                            _ => r.unknown(name, "[screen]", SCREEN),
                        }
                    }
                }
                "alerts" => {
                    for (name, value) in r.table(value, "alerts") {
                        match name.get_ref().as_ref() {
                            "at" => {
                                self.alerts_at = r.texts(value, "at").and_then(|texts| {
                                    r.checked(texts, |texts| {
                                        texts.iter().map(|text| duration(text)).collect()
                                    })
                                });
                            }
                            "bell" => self.bell = r.boolean(value, "bell"),
                            "osc" => self.osc = r.boolean(value, "osc"),
                            "quiet" => {
                                self.quiet = r
                                    .text(value, "quiet")
                                    .and_then(|text| r.checked(text, |text| quiet_hours(&text)));
                            }
                            _ => r.unknown(name, "[alerts]", ALERTS),
                        }
                    }
                }
                "outbox" => {
                    for (name, value) in r.table(value, "outbox") {
                        match name.get_ref().as_ref() {
                            "ask_after" => {
                                self.ask_after = r
                                    .text(value, "ask_after")
                                    .and_then(|text| r.checked(text, |text| duration(&text)));
                            }
                            _ => r.unknown(name, "[outbox]", OUTBOX),
                        }
                    }
                }
                "keys" => {
                    for (name, value) in r.table(value, "keys") {
                        if let Some(chords) = r.texts(value, name.get_ref()) {
                            self.keys.insert(name.get_ref().to_string(), chords);
                        }
                    }
                }
                "canned" => self.canned.read_texts(r, value),
                "macro" => self.canned.read_macros(r, value),
                "serve" => self.serve = ServeTable::read(r, value),
                _ => r.unknown(key, "", TOP),
            }
        }
    }

    fn read_desks(&mut self, r: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) {
        for (name, value) in r.table(value, "desk") {
            let line = r.line(name.span().start);
            let desk = name.get_ref().as_ref();
            if DESK.contains(&desk) && !matches!(value.get_ref(), DeValue::Table(_)) {
                r.issues.push((
                    line,
                    format!("\"{desk}\" stands in [desk]; a desk has a name: write [desk.NAME]"),
                ));
                continue;
            }
            if desk.is_empty()
                || desk.len() > 64
                || !desk.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            {
                r.issues.push((
                    line,
                    "a desk's name has 1 to 64 letters, digits, \"-\", \"_\" or \".\"".to_owned(),
                ));
                continue;
            }
            let place = format!("[desk.{desk}]");
            if let Some(table) = read_desk(r, &place, desk, line, value) {
                self.desks.insert(desk.to_owned(), table);
            }
        }
    }
}

fn read_desk(
    r: &mut Reader<'_>,
    place: &str,
    desk: &str,
    line: usize,
    value: &Spanned<DeValue<'_>>,
) -> Option<DeskTable> {
    let mut kind = None;
    let mut url = None;
    let mut ca_file = None;
    let mut case_link = None;
    let mut tokens: Vec<(&str, At<TokenSource>)> = Vec::new();
    let mut has_url = false;
    for (name, value) in r.table(value, &format!("desk.{desk}")) {
        let mut token = |key, source: Option<At<TokenSource>>| {
            tokens.extend(source.map(|source| (key, source)));
        };
        match name.get_ref().as_ref() {
            "kind" => kind = r.word(value, "kind", DeskKind::WORDS),
            "url" => {
                has_url = true;
                url = r.text(value, "url").and_then(|text| r.checked(text, |t| desk_url(&t)));
            }
            "ca_file" => ca_file = r.filled(value, "ca_file"),
            "case_link" => {
                case_link = r
                    .text(value, "case_link")
                    .and_then(|text| r.checked(text, |text| page_address(&text)));
            }
            "token_file" => token("token_file", r.source(value, "token_file", TokenSource::File)),
            "token_env" => token("token_env", r.source(value, "token_env", TokenSource::Env)),
            "token_command" => {
                token("token_command", r.source(value, "token_command", TokenSource::Command));
            }
            "token" => {
                token("token", r.source(value, "token", |t| TokenSource::Literal(t.into())));
            }
            "keyring" => {
                if let Some(At { value: true, line }) = r.boolean(value, "keyring") {
                    token("keyring", Some(At { value: TokenSource::Keyring, line }));
                }
            }
            _ => r.unknown(name, place, DESK),
        }
    }
    if !has_url {
        r.issues.push((line, format!("{place} has no url, such as \"https://desk.example.org\"")));
    }
    if let [(first, _), (second, at), ..] = tokens.as_slice() {
        let issue = format!("{place} has both {first} and {second}; a token comes from one place");
        r.issues.push((at.line, issue));
    }
    Some(DeskTable {
        kind: kind.map_or(DeskKind::Caseload, |at| at.value),
        url: url?.value,
        token: tokens.pop().map(|(_, source)| source),
        ca_file,
        case_link,
        line,
    })
}

/// The address of the pages of a desk's cases.
fn page_address(text: &str) -> Result<String, String> {
    let no = |why: &str| {
        format!("the case_link {why}; write it like https://desk.example.org/case?id={{id}}")
    };
    // An id is no part of the host, so that a case cannot lead elsewhere.
    let url = Url::parse(&text.replace("{id}", "C-1"))
        .map_err(|error| no(&format!("cannot be read ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(no("begins with neither https:// nor http://"));
    }
    if !text.contains("{id}") {
        return Err(no("has no {id}"));
    }
    if url.host_str().is_some_and(|host| host.contains("c-1")) {
        return Err(no("has {id} in its host"));
    }
    Ok(text.to_owned())
}

/// The address of a desk: http or https with a host, and nothing secret in it.
pub fn desk_url(text: &str) -> Result<Url, String> {
    let no = |why: &str| format!("the url {why}; write it like https://desk.example.org");
    let url = Url::parse(text).map_err(|error| no(&format!("cannot be read ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(no("begins with neither https:// nor http://"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(no("names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(no("holds a name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(no("ends in a query or a fragment"));
    }
    Ok(url)
}

fn duration(text: &str) -> Result<Duration, String> {
    let no = || {
        let text = crate::domain::text::safe_line(text, 40);
        format!("\"{text}\" is not a time span; write 1h, 15m or 30s")
    };
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let n: u64 = number.parse().ok().filter(|n| *n < 100_000_000).ok_or_else(no)?;
    let seconds = match unit {
        "s" => n,
        "m" => n * 60,
        "h" => n * 3600,
        "d" => n * 86_400,
        _ => return Err(no()),
    };
    Ok(Duration::from_secs(seconds))
}

fn quiet_hours(text: &str) -> Result<QuietHours, String> {
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    text.split_once('-')
        .and_then(|(from, to)| Some(QuietHours { from: time(from)?, to: time(to)? }))
        .ok_or_else(|| {
            let text = crate::domain::text::safe_line(text, 40);
            format!("\"{text}\" is not a span of the day; write \"22:00-06:00\"")
        })
}

fn one_of<T: Copy>(what: &str, given: &str, words: &[(&'static str, T)]) -> Result<T, String> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == given) {
        return Ok(*value);
    }
    let names = || words.iter().map(|(word, _)| *word);
    let given_shown = crate::domain::text::safe_line(given, 40);
    Err(if let Some(near) = nearest(given, names()) {
        format!("\"{given_shown}\" is no {what}; did you mean \"{near}\"?")
    } else {
        let all = names().collect::<Vec<_>>().join(", ");
        format!("\"{given_shown}\" is no {what}; there are: {all}")
    })
}

/// A key and its value.
type Entry<'v, 'i> = (&'v Spanned<Cow<'i, str>>, &'v Spanned<DeValue<'i>>);

/// Reads values of the wanted type and gathers what is wrong.
pub(super) struct Reader<'t> {
    text: &'t str,
    issues: Vec<(usize, String)>,
}

impl Reader<'_> {
    pub(super) fn line(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
    }

    pub(super) fn wrong(&mut self, value: &Spanned<DeValue<'_>>, key: &str, wanted: &str) {
        let line = self.line(value.span().start);
        let key = crate::domain::text::safe_line(key, 60);
        let is = match value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.issues.push((line, format!("\"{key}\" must be {wanted}, not {is}")));
    }

    /// Whether something is wrong from that line on.
    pub(super) fn has_issues_from(&self, line: usize) -> bool {
        self.issues.iter().any(|(at, _)| *at >= line)
    }

    /// Something is wrong with a line as a whole.
    pub(super) fn wrong_at(&mut self, line: usize, issue: &str) {
        self.issues.push((line, issue.to_owned()));
    }

    pub(super) fn unknown(&mut self, key: &Spanned<Cow<'_, str>>, place: &str, known: &[&str]) {
        let line = self.line(key.span().start);
        let name = crate::domain::text::safe_line(key.get_ref(), 60);
        let place = if place.is_empty() { String::new() } else { format!(" in {place}") };
        let advice = match nearest(key.get_ref(), known.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("there are: {}", known.join(", ")),
        };
        self.issues.push((line, format!("unknown key \"{name}\"{place}; {advice}")));
    }

    pub(super) fn table<'v, 'i>(
        &mut self,
        value: &'v Spanned<DeValue<'i>>,
        key: &str,
    ) -> impl Iterator<Item = Entry<'v, 'i>> + use<'v, 'i> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong(value, key, &format!("a table: [{key}]"));
        }
        table.into_iter().flatten()
    }

    pub(super) fn text(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Option<At<String>> {
        let DeValue::String(text) = value.get_ref() else {
            self.wrong(value, key, "a text in quotes");
            return None;
        };
        Some(At { value: text.to_string(), line: self.line(value.span().start) })
    }

    fn source(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        key: &str,
        make: impl Fn(String) -> TokenSource,
    ) -> Option<At<TokenSource>> {
        let At { value: text, line } = self.filled(value, key)?;
        Some(At { value: make(text), line })
    }

    /// A text that says something.
    pub(super) fn filled(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Option<At<String>> {
        let text = self.text(value, key)?;
        self.checked(text, |text| {
            if text.trim().is_empty() { Err(format!("\"{key}\" is empty")) } else { Ok(text) }
        })
    }

    pub(super) fn texts(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        key: &str,
    ) -> Option<At<Vec<String>>> {
        let DeValue::Array(array) = value.get_ref() else {
            self.wrong(value, key, "a list of texts");
            return None;
        };
        let mut texts = Vec::new();
        for item in array {
            texts.push(self.text(item, key)?.value);
        }
        Some(At { value: texts, line: self.line(value.span().start) })
    }

    fn boolean(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Option<At<bool>> {
        let DeValue::Boolean(is) = value.get_ref() else {
            self.wrong(value, key, "true or false");
            return None;
        };
        Some(At { value: *is, line: self.line(value.span().start) })
    }

    pub(super) fn word<T: Copy>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        key: &str,
        words: &[(&'static str, T)],
    ) -> Option<At<T>> {
        let text = self.text(value, key)?;
        self.checked(text, |text| one_of(key, &text, words))
    }

    pub(super) fn checked<T, U>(
        &mut self,
        at: At<T>,
        check: impl FnOnce(T) -> Result<U, String>,
    ) -> Option<At<U>> {
        match check(at.value) {
            Ok(value) => Some(At { value, line: at.line }),
            Err(issue) => {
                self.issues.push((at.line, issue));
                None
            }
        }
    }
}
