//! Which theme the screen wears: what was chosen, what the terminal has, and on what ground. What the settings
//! chose wins at the start; without them the theme that was put on last comes back.

use std::io;

use crossterm::event::Event;
use futures_util::{Stream, StreamExt};

use super::ground::Question;
use super::screen;
use crate::ui::Look;
use crate::ui::theme::colour::Rgb;
use crate::ui::theme::{Colours, Theme};

/// The theme that goes with the terminal's background.
pub const AUTO: &str = "auto";

/// All themes of this screen, and the one it wears.
#[derive(Default)]
pub struct Looks {
    look: Look,
    colours: Colours,
    /// A theme of the person's own, besides those that are built in.
    own: Option<Theme>,
    worn: String,
    /// The settings chose: what was worn last does not count.
    chosen: bool,
    /// Whether the terminal's background is dark, where that is known.
    dark: Option<bool>,
    question: Option<Question>,
    asked: bool,
}

/// A screen that wears one look for good.
impl From<Look> for Looks {
    fn from(look: Look) -> Self {
        let worn = look.theme.name().to_owned();
        Self { look, worn, chosen: true, ..Self::default() }
    }
}

impl Looks {
    /// For a terminal with so many colours. `chosen`: the theme that the settings name, a built-in one or
    /// `own`; `dark`: whether the background is dark, where that is known.
    #[must_use]
    pub fn new(
        colours: Colours,
        ascii: bool,
        chosen: Option<&str>,
        own: Option<Theme>,
        dark: Option<bool>,
    ) -> Self {
        let mut looks = Self {
            look: Look { theme: Theme::default(), ascii },
            colours,
            own,
            worn: chosen.unwrap_or(AUTO).to_owned(),
            chosen: chosen.is_some(),
            dark,
            question: None,
            asked: false,
        };
        looks.wear();
        looks
    }

    #[must_use]
    pub const fn look(&self) -> &Look {
        &self.look
    }

    /// Asks the terminal for its background once something stands on it.
    pub fn ask(&mut self, question: Question) {
        self.question = (self.colours != Colours::None).then_some(question);
    }

    /// A frame was drawn: nothing is asked before the first one.
    pub fn drawn(&mut self) -> io::Result<()> {
        if let Some(question) = self.question.as_ref().filter(|_| !self.asked) {
            self.asked = true;
            question.asked();
            screen::ask_ground()?;
        }
        Ok(())
    }

    /// Waits until the terminal has told its background, and dresses for it.
    pub async fn ground(&mut self) {
        let Some(question) = &mut self.question else { return std::future::pending().await };
        let ground = question.answer().await;
        self.question = None;
        self.found(ground);
    }

    fn found(&mut self, ground: Rgb) {
        self.dark = Some(ground.is_dark());
        self.wear();
    }

    /// Before the terminal is given away: an answer that is still to come would be typed into the shell.
    pub async fn settle<I>(&mut self, input: &mut I)
    where
        I: Stream<Item = io::Result<Event>> + Unpin,
    {
        let Some(question) = self.question.as_mut().filter(|_| self.asked) else { return };
        let late = question.is_late();
        let answered = async {
            loop {
                tokio::select! {
                    ground = question.answer() => break Some(ground),
                    event = input.next() => if !matches!(event, Some(Ok(_))) {
                        break None;
                    },
                }
            }
        };
        let ground = tokio::select! {
            ground = answered => ground,
            () = late => None,
        };
        if let Some(ground) = ground {
            self.question = None;
            self.found(ground);
        }
    }

    /// Puts on the next theme that looks otherwise; None: there is no other one.
    pub fn wear_next(&mut self) -> Option<&str> {
        if self.colours == Colours::None || self.worn.is_empty() {
            return None;
        }
        let own = self.own.as_ref().map(|own| own.name().to_owned());
        let names: Vec<String> = std::iter::once(AUTO.to_owned())
            .chain(Theme::names().map(str::to_owned))
            .chain(own)
            .collect();
        let at = names.iter().position(|name| *name == self.worn).unwrap_or(0);
        let before = self.theme(&self.worn);
        let other = (1..names.len())
            .map(|step| &names[(at + step) % names.len()])
            .find(|name| self.theme(name).looks_other_than(&before))?;
        self.worn.clone_from(other);
        self.wear();
        Some(&self.worn)
    }

    /// Puts on the theme of an earlier run, unless the settings chose one.
    pub fn wear_remembered(&mut self, name: &str) {
        let known = name == AUTO
            || Theme::names().any(|of| of == name)
            || self.own.as_ref().is_some_and(|own| own.name() == name);
        if known && !self.chosen {
            name.clone_into(&mut self.worn);
            self.wear();
        }
    }

    fn wear(&mut self) {
        self.look.theme = self.theme(&self.worn);
    }

    fn theme(&self, name: &str) -> Theme {
        let name = match name {
            AUTO if self.dark == Some(false) => "light",
            AUTO => "dark",
            name => name,
        };
        let own =
            self.own.clone().filter(|own| own.name() == name && self.colours != Colours::None);
        own.or_else(|| Theme::named(name, self.colours)).unwrap_or_default().on(self.dark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(chosen: Option<&str>, dark: Option<bool>) -> Looks {
        Looks::new(Colours::Rich, false, chosen, None, dark)
    }

    #[test]
    fn the_theme_goes_with_the_background_once_it_is_known() {
        let mut looks = looks(None, None);
        assert_eq!(looks.look().theme.name(), "dark");
        looks.found(Rgb(0xfd, 0xf6, 0xe3));
        assert_eq!(looks.look().theme.name(), "light");
        looks.found(Rgb(0, 0x2b, 0x36));
        assert_eq!(looks.look().theme.name(), "dark");
    }

    #[test]
    fn the_next_theme_is_always_one_that_looks_otherwise_and_all_come_round() {
        let mut looks = looks(None, Some(true));
        let names: Vec<String> = (0..5).map(|_| looks.wear_next().unwrap().to_owned()).collect();
        assert_eq!(names, ["light", "high-contrast", "colour-blind", "mono", "auto"]);
        looks.found(Rgb(255, 255, 255));
        assert_eq!(looks.wear_next(), Some("dark"));
    }

    #[test]
    fn what_was_worn_last_comes_back_unless_the_settings_chose() {
        let mut free = looks(None, None);
        free.wear_remembered("high-contrast");
        assert_eq!(free.look().theme.name(), "high-contrast");
        free.wear_remembered("a theme of a later version");
        assert_eq!(free.look().theme.name(), "high-contrast");
        let mut set = looks(Some("light"), None);
        set.wear_remembered("high-contrast");
        assert_eq!(set.look().theme.name(), "light");
    }

    #[test]
    fn without_colours_there_is_mono_alone_whatever_was_chosen() {
        let mut looks = Looks::new(Colours::None, false, Some("light"), None, Some(true));
        assert_eq!(looks.look().theme, Theme::mono().on(Some(true)));
        assert_eq!(looks.wear_next(), None);
        looks.wear_remembered("dark");
        assert_eq!(looks.look().theme.name(), "mono");
    }

    #[test]
    fn a_theme_of_ones_own_takes_its_turn() {
        let own = Theme::from_toml(
            "mine",
            "inherits = \"dark\"\n[tone]\nkey = \"cyan\"\n",
            Colours::Rich,
        );
        let mut looks = Looks::new(Colours::Rich, false, Some("mine"), own.ok(), None);
        assert_eq!(looks.look().theme.name(), "mine");
        assert_eq!(looks.wear_next(), Some("auto"));
    }
}
