//! The look of every meaning, from a TOML file by meaning (`assets/themes/`). What the files may say is in
//! `file`, what their colours are in `colour`.

pub mod colour;
mod file;
#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use crate::app::view::Tone;
use crate::domain::Severity;
use crate::sla::reading::Face;
use colour::Rgb;

pub use file::ThemeError;

/// The themes that are built in, by their names.
const BUILT_IN: [(&str, &str); 5] = [
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("high-contrast", include_str!("../../assets/themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../assets/themes/colour-blind.toml")),
    (MONO, include_str!("../../assets/themes/mono.toml")),
];
const MONO: &str = "mono";
const EITHER: &str = include_str!("../../assets/themes/either.toml");

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Colours {
    /// None that we may use.
    None,
    #[default]
    Sixteen,
    /// 256 or more.
    Rich,
}

/// What of the screen has a look of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Tone(Tone),
    Frame { focused: bool },
    CursorRow,
    CursorMark,
}

const fn severity(severity: Severity) -> Part {
    Part::Tone(Tone::Severity(severity))
}

const fn face(face: Face) -> Part {
    Part::Tone(Tone::Face(face))
}

/// Every part with its table and its key in the files. A new tone is a line here and one in each file.
const PARTS: &[(Part, &str, &str)] = &[
    (Part::Tone(Tone::Plain), "tone", "plain"),
    (Part::Tone(Tone::Strong), "tone", "strong"),
    (Part::Tone(Tone::Dim), "tone", "dim"),
    (Part::Tone(Tone::Title), "tone", "title"),
    (Part::Tone(Tone::Key), "tone", "key"),
    (Part::Tone(Tone::Error), "tone", "error"),
    (Part::Tone(Tone::Good), "tone", "good"),
    (Part::Tone(Tone::Internal), "tone", "internal"),
    (Part::Tone(Tone::Customer), "tone", "customer"),
    (severity(Severity::Critical), "severity", "critical"),
    (severity(Severity::High), "severity", "high"),
    (severity(Severity::Medium), "severity", "medium"),
    (severity(Severity::Low), "severity", "low"),
    (face(Face::OnTrack), "face", "on_track"),
    (face(Face::Warning), "face", "warning"),
    (face(Face::Critical), "face", "critical"),
    (face(Face::Missed), "face", "missed"),
    (face(Face::Paused), "face", "paused"),
    (face(Face::Outside), "face", "outside"),
    (face(Face::Met), "face", "met"),
    (face(Face::MissedDone), "face", "missed_done"),
    (face(Face::NoTarget), "face", "no_target"),
    (Part::Frame { focused: true }, "frame", "focused"),
    (Part::Frame { focused: false }, "frame", "resting"),
    (Part::CursorRow, "row", "cursor"),
    (Part::CursorMark, "row", "mark"),
];

/// One look for every meaning. The default has none for any.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Theme {
    name: String,
    /// The ground that the looks are chosen for.
    background: Color,
    foreground: Color,
    /// The ground is painted whatever the terminal's own is.
    always: bool,
    /// The ground is painted.
    painted: bool,
    /// By the place in [`PARTS`].
    looks: Vec<Style>,
}

impl Theme {
    /// The names of those that are built in.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The built-in theme of that name, for a terminal with so many colours.
    #[must_use]
    pub fn named(name: &str, colours: Colours) -> Option<Self> {
        let name = if colours == Colours::None { MONO } else { name };
        let (name, text) = BUILT_IN.iter().find(|(of, _)| *of == name)?;
        // That the embedded files are right is a test's business; a wrong one would be plain text.
        Some(file::read(name, text, colours).unwrap_or_default())
    }

    /// The theme of the 16 colours that every terminal has.
    #[must_use]
    pub fn colour() -> Self {
        Self::named("dark", Colours::Sixteen).unwrap_or_default()
    }

    /// The theme without any colour.
    #[must_use]
    pub fn mono() -> Self {
        Self::named(MONO, Colours::None).unwrap_or_default()
    }

    /// For text that is written below what stands there, on a ground that nobody knows.
    #[must_use]
    pub fn either() -> Self {
        file::read("either", EITHER, Colours::Sixteen).unwrap_or_default()
    }

    /// A theme of somebody's own, from TOML.
    ///
    /// # Errors
    /// When a meaning is missing or unknown, or a look has a word that is none.
    pub fn from_toml(name: &str, text: &str, colours: Colours) -> Result<Self, ThemeError> {
        let theme = file::read(name, text, colours)?;
        Ok(if colours == Colours::None { Self::mono() } else { theme })
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same theme on a terminal whose background is dark, light, or not known: then it is taken to be
    /// dark. Where that is not what the looks are chosen for, the ground is painted.
    #[must_use]
    pub fn on(mut self, dark: Option<bool>) -> Self {
        let wants = Rgb::shown(self.background).map(Rgb::is_dark);
        self.painted = self.always || wants.is_some_and(|wants| wants != dark.unwrap_or(true));
        self
    }

    /// Whether anything on the screen would look otherwise.
    #[must_use]
    pub fn looks_other_than(&self, other: &Self) -> bool {
        let ground = |theme: &Self| theme.painted.then_some((theme.background, theme.foreground));
        self.looks != other.looks || ground(self) != ground(other)
    }

    #[must_use]
    pub fn tone(&self, tone: Tone) -> Style {
        self.part(Part::Tone(tone))
    }

    /// The colour of a meaning, for strokes and bars: never a block with a hole in it.
    #[must_use]
    pub fn ink(&self, tone: Tone) -> Style {
        let style = self.tone(tone).remove_modifier(Modifier::REVERSED);
        match style.bg {
            Some(block) => Style { fg: Some(block), bg: None, ..style },
            None => style,
        }
    }

    /// A pane's frame, with or without the keys.
    #[must_use]
    pub fn frame(&self, focused: bool) -> Style {
        self.part(Part::Frame { focused })
    }

    /// Laid over the row that has the cursor.
    #[must_use]
    pub fn cursor_row(&self) -> Style {
        self.part(Part::CursorRow)
    }

    /// The mark at the head of that row.
    #[must_use]
    pub fn cursor_mark(&self) -> Style {
        self.part(Part::CursorMark)
    }

    fn part(&self, part: Part) -> Style {
        let at = PARTS.iter().position(|(of, _, _)| *of == part);
        debug_assert!(at.is_some(), "{part:?} has no line in PARTS");
        at.and_then(|at| self.looks.get(at)).copied().unwrap_or_default()
    }

    /// Puts the ground under everything that has none of its own. Done once, at the end, so that no part of
    /// the screen can forget it.
    pub(super) fn paint(&self, buffer: &mut Buffer) {
        if !self.painted {
            return;
        }
        for cell in &mut buffer.content {
            if cell.fg == Color::Reset {
                cell.fg = self.foreground;
            }
            if cell.bg == Color::Reset {
                cell.bg = self.background;
            }
        }
    }
}

/// Whether a look stands as a block on the ground instead of on it.
#[must_use]
pub fn is_block(style: Style) -> bool {
    style.bg.is_some() || style.add_modifier.contains(Modifier::REVERSED)
}
