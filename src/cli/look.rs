//! How severities and clocks look in plain output: as on the screen.

use ratatui::style::Style;

use crate::app::view::Tone;
use crate::domain::Severity;
use crate::sla::reading::Face;
use crate::ui::signs;
use crate::ui::theme::Theme;

pub struct Look {
    theme: Theme,
    ascii: bool,
}

impl Look {
    pub fn new(ascii: bool) -> Self {
        Self { theme: Theme::either(), ascii }
    }

    pub fn severity(&self, severity: Severity) -> Style {
        self.theme.tone(Tone::Severity(severity))
    }

    pub fn face(&self, face: Face) -> Style {
        self.theme.tone(Tone::Face(face))
    }

    pub fn dim(&self) -> Style {
        self.theme.tone(Tone::Dim)
    }

    pub fn title(&self) -> Style {
        self.theme.tone(Tone::Strong)
    }

    pub fn sign(&self, face: Face) -> &'static str {
        signs::face(face, self.ascii)
    }

    /// Columns of a sign.
    pub fn sign_width(&self) -> usize {
        usize::from(signs::width(self.ascii))
    }

    /// What stands where there is nothing.
    pub const fn none(&self) -> &'static str {
        if self.ascii { "-" } else { "–" }
    }

    /// Between two things of one line.
    pub const fn dot(&self) -> &'static str {
        if self.ascii { "-" } else { "·" }
    }
}
