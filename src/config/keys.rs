//! The keymap in force: the built-in one, what `keymap.toml` beside the configuration changes of it, and what
//! `[keys]` changes then.

use std::collections::BTreeMap;
use std::path::Path;

use super::file::At;
use super::{ConfigError, Origin, Setting, shown};
use crate::domain::text::safe_line;
use crate::input::{Keymap, KeymapError, KeymapErrors, Remap};

/// Its name, in the folder of the configuration file.
const FILE: &str = "keymap.toml";
/// Columns of what is wrong with a key.
const SENTENCE: usize = 300;

/// The keymap, and whence its parts are.
#[derive(Debug, Clone)]
pub struct Keys {
    pub keymap: Keymap,
    /// `keymap.toml`, where it is looked for.
    pub file: std::path::PathBuf,
    /// Whether it is there.
    pub file_read: bool,
    /// Where the keys of an action are written, "keymap.toml:12"; the others have their built-in ones.
    pub written: BTreeMap<String, String>,
}

/// Where something is written.
struct Place<'p> {
    file: &'p Path,
    line: usize,
    /// "[keys] " where the file says more than keys.
    table: &'static str,
}

impl Keys {
    /// Merges the keys of `config` into `keymap.toml`'s, and these into the built-in ones.
    pub fn load(
        config: &Path,
        keys: &BTreeMap<String, At<Vec<String>>>,
    ) -> Result<Self, ConfigError> {
        let file = config.parent().unwrap_or(Path::new("")).join(FILE);
        let text = super::read(&Setting::new(file.clone(), Origin::Default))?;
        let mut remaps = match &text {
            Some(text) => Keymap::remaps(text).map_err(|error| {
                let line = match &error {
                    KeymapError::Syntax { line, .. } | KeymapError::UnknownContext { line, .. } => {
                        *line
                    }
                    _ => 1,
                };
                let said = match error {
                    KeymapError::Syntax { message, .. } => format!("this is no keymap: {message}"),
                    error => error.to_string(),
                };
                ConfigError::new(format!("{}:{line}: {}", shown(&file), safe_line(&said, SENTENCE)))
            })?,
            None => Vec::new(),
        };
        let of_file = remaps.len();
        remaps.extend(keys.iter().map(|(action, at)| Remap {
            action: action.clone(),
            keys: Some(at.value.clone()),
            line: at.line,
            ..Remap::default()
        }));
        let place = |action: &str| {
            // The last that names it is what holds.
            let (at, remap) =
                remaps.iter().enumerate().rfind(|(_, remap)| remap.action == action)?;
            let (file, table) = if at < of_file { (&*file, "") } else { (config, "[keys] ") };
            Some(Place { file, line: remap.line, table })
        };
        let keymap = Keymap::embedded().changed(&remaps).map_err(|errors| wrong(&errors, place))?;
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let written = remaps
            .iter()
            .filter(|remap| remap.keys.is_some())
            .filter_map(|remap| Some((remap, place(&remap.action)?)))
            .map(|(remap, at)| {
                let name = name(at.file).unwrap_or_default();
                (remap.action.clone(), format!("{name}:{}", at.line))
            })
            .collect();
        Ok(Self { keymap, file_read: text.is_some(), written, file })
    }
}

/// Every problem on a line of its own, with where it is written. Of two actions that do not go together, the
/// later one comes first, and where the other is written stands behind it.
fn wrong<'p>(errors: &KeymapErrors, place: impl Fn(&str) -> Option<Place<'p>>) -> ConfigError {
    let mut lines: Vec<(Option<std::path::PathBuf>, usize, String)> = Vec::new();
    for error in &errors.0 {
        let said = safe_line(&error.to_string(), SENTENCE);
        let mut places: Vec<Place> = error.actions().into_iter().filter_map(&place).collect();
        let last = places.pop();
        let also = places.first().map_or_else(String::new, |other| {
            let same = last.as_ref().is_some_and(|last| last.file == other.file);
            if same {
                format!(" (the other is on line {})", other.line)
            } else {
                format!(" (the other is at {}:{})", shown(other.file), other.line)
            }
        });
        lines.push(match last {
            Some(Place { file, line, table }) => (
                Some(file.to_owned()),
                line,
                format!("{}:{line}: {table}{said}{also}", shown(file)),
            ),
            None => (None, 0, said),
        });
    }
    lines.sort();
    lines.dedup();
    ConfigError::new(lines.into_iter().map(|(.., said)| said).collect::<Vec<_>>().join("\n"))
}
