//! The look of every meaning, from a TOML file by meaning (`assets/themes/`).

use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::app::view::Tone;
use crate::domain::Severity;
use crate::sla::reading::Face;

const DEFAULT: &str = include_str!("../../assets/themes/default.toml");
const MONO: &str = include_str!("../../assets/themes/mono.toml");

/// What is wrong in a theme file, with its line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ThemeError(String);

/// One look for every meaning.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    tone: Tones,
    severity: Severities,
    face: Faces,
    frame: Frames,
    row: Rows,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tones {
    plain: Words,
    strong: Words,
    dim: Words,
    title: Words,
    key: Words,
    error: Words,
    good: Words,
    internal: Words,
    customer: Words,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Severities {
    critical: Words,
    high: Words,
    medium: Words,
    low: Words,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Faces {
    on_track: Words,
    warning: Words,
    critical: Words,
    missed: Words,
    paused: Words,
    outside: Words,
    met: Words,
    missed_done: Words,
    no_target: Words,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Frames {
    focused: Words,
    resting: Words,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    cursor: Words,
    mark: Words,
}

impl Theme {
    /// The theme of the 16 colours that every terminal has.
    #[must_use]
    pub fn colour() -> Self {
        // That the embedded files are right is a test's business; a wrong one would be plain text.
        Self::from_toml(DEFAULT).unwrap_or_default()
    }

    /// The theme without any colour.
    #[must_use]
    pub fn mono() -> Self {
        Self::from_toml(MONO).unwrap_or_default()
    }

    /// A theme from TOML.
    ///
    /// # Errors
    /// When a meaning is missing or unknown, or a look has a word that is none.
    pub fn from_toml(text: &str) -> Result<Self, ThemeError> {
        toml::from_str(text).map_err(|e| ThemeError(e.to_string()))
    }

    #[must_use]
    pub fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => self.tone.plain.0,
            Tone::Strong => self.tone.strong.0,
            Tone::Dim => self.tone.dim.0,
            Tone::Title => self.tone.title.0,
            Tone::Key => self.tone.key.0,
            Tone::Error => self.tone.error.0,
            Tone::Good => self.tone.good.0,
            Tone::Internal => self.tone.internal.0,
            Tone::Customer => self.tone.customer.0,
            Tone::Severity(severity) => match severity {
                Severity::Critical => self.severity.critical.0,
                Severity::High => self.severity.high.0,
                Severity::Medium => self.severity.medium.0,
                Severity::Low => self.severity.low.0,
            },
            Tone::Face(face) => match face {
                Face::OnTrack => self.face.on_track.0,
                Face::Warning => self.face.warning.0,
                Face::Critical => self.face.critical.0,
                Face::Missed => self.face.missed.0,
                Face::Paused => self.face.paused.0,
                Face::Outside => self.face.outside.0,
                Face::Met => self.face.met.0,
                Face::MissedDone => self.face.missed_done.0,
                Face::NoTarget => self.face.no_target.0,
            },
        }
    }

    /// A pane's frame, with or without the keys.
    #[must_use]
    pub fn frame(&self, focused: bool) -> Style {
        if focused { self.frame.focused.0 } else { self.frame.resting.0 }
    }

    /// Laid over the row that has the cursor.
    #[must_use]
    pub fn cursor_row(&self) -> Style {
        self.row.cursor.0
    }

    /// The mark at the head of that row.
    #[must_use]
    pub fn cursor_mark(&self) -> Style {
        self.row.mark.0
    }
}

/// A look as it is written: "yellow bold".
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(try_from = "String")]
struct Words(Style);

impl TryFrom<String> for Words {
    type Error = String;

    fn try_from(words: String) -> Result<Self, String> {
        let mut style = Style::new();
        for word in words.split_whitespace() {
            style = match word {
                "bold" => style.add_modifier(Modifier::BOLD),
                "dim" => style.add_modifier(Modifier::DIM),
                "italic" => style.add_modifier(Modifier::ITALIC),
                "underlined" => style.add_modifier(Modifier::UNDERLINED),
                "reversed" => style.add_modifier(Modifier::REVERSED),
                _ => match word.strip_prefix("on-") {
                    Some(name) => style.bg(colour(name).ok_or_else(|| unknown(word))?),
                    None => style.fg(colour(word).ok_or_else(|| unknown(word))?),
                },
            };
        }
        Ok(Self(style))
    }
}

fn unknown(word: &str) -> String {
    format!(
        "\"{word}\" is not a word of a look; allowed: a colour (red, bright-red, #ff8800, 208), \
         on- and a colour, bold, dim, italic, underlined, reversed"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_themes_are_right_and_mono_has_no_colour() {
        let colour = Theme::from_toml(DEFAULT).unwrap();
        assert_eq!(colour, Theme::colour());
        let mono = Theme::from_toml(MONO).unwrap();
        let mut tones = vec![
            Tone::Plain,
            Tone::Strong,
            Tone::Dim,
            Tone::Title,
            Tone::Key,
            Tone::Error,
            Tone::Good,
            Tone::Internal,
            Tone::Customer,
        ];
        tones.extend(Severity::ALL.iter().map(|s| Tone::Severity(*s)));
        tones.extend(super::super::signs::FACES.iter().map(|f| Tone::Face(*f)));
        for tone in tones {
            let style = mono.tone(tone);
            assert_eq!((style.fg, style.bg), (None, None), "{tone:?}");
        }
        assert_eq!((mono.frame(true).fg, mono.cursor_mark().fg), (None, None));
    }

    #[test]
    fn every_deadline_state_and_every_severity_has_a_look_of_its_own() {
        let theme = Theme::colour();
        let alarms = [Face::OnTrack, Face::Warning, Face::Critical, Face::Missed, Face::Paused];
        let mut looks: Vec<Style> = alarms.iter().map(|f| theme.tone(Tone::Face(*f))).collect();
        looks.extend(Severity::ALL.iter().map(|s| theme.tone(Tone::Severity(*s))));
        for (at, look) in looks.iter().enumerate() {
            assert!(!looks[..at].contains(look), "{look:?} is used twice");
        }
        let missed = theme.tone(Tone::Face(Face::Missed));
        assert!(missed.add_modifier.contains(Modifier::REVERSED));
        assert_eq!(missed.fg, Some(Color::Red));
    }

    #[test]
    fn a_wrong_word_is_named_with_its_line() {
        let text = DEFAULT.replace("error = \"bright-red bold\"", "error = \"crimson\"");
        let error = Theme::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains("\"crimson\" is not a word of a look"), "{error}");
        assert!(error.contains("line 13"), "{error}");
        let error = Theme::from_toml("[tone]\nplain = \"\"\n").unwrap_err().to_string();
        assert!(error.contains("missing field"), "{error}");
    }

    #[test]
    fn a_look_may_name_true_colours_palette_numbers_and_backgrounds() {
        let Words(style) = Words::try_from("#ff8800 on-208 underlined".to_owned()).unwrap();
        assert_eq!(style.fg, Some(Color::Rgb(255, 136, 0)));
        assert_eq!(style.bg, Some(Color::Indexed(208)));
        assert!(style.add_modifier.contains(Modifier::UNDERLINED));
    }
}
