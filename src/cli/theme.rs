//! The theme that the settings ask for, on the terminal that there is.

use termprofile::{DetectorSettings, EnvVarSource, TermProfile, TermVars};

use super::outcome::{Exit, Failure};
use super::session::Session;
use crate::config::{Environment, Settings, Theme as Chosen};
use crate::domain::text::safe_line;
use crate::runtime::{self, Looks};
use crate::ui::theme::{Colours, Theme};

/// A theme has a few hundred lines at most.
const FILE_CAP: u64 = 256 * 1024;

/// All themes of this screen and the one it begins with.
pub fn looks(session: &Session<'_>, settings: &Settings) -> Result<Looks, Failure> {
    let colours = if session.output.colour { colours(&session.environment) } else { Colours::None };
    let own = own(settings, colours)?;
    let chosen = match &settings.screen.theme.value {
        Chosen::Auto => None,
        Chosen::Named(name) => Some((*name).to_owned()),
        Chosen::File(_) => own.as_ref().map(|theme| theme.name().to_owned()),
    };
    let dark = runtime::by_variable(&session.environment);
    Ok(Looks::new(colours, settings.screen.ascii.value, chosen.as_deref(), own, dark))
}

/// The theme of the person's own that the settings name, read.
pub fn own(settings: &Settings, colours: Colours) -> Result<Option<Theme>, Failure> {
    let Chosen::File(path) = &settings.screen.theme.value else { return Ok(None) };
    let shown = safe_line(path, 400);
    let from = settings.screen.theme.from;
    let fail = |why: String| {
        Failure::new(Exit::Usage, format!("could not read the theme {shown} ({from}): {why}"))
    };
    let is_large = std::fs::metadata(path).is_ok_and(|file| file.len() > FILE_CAP);
    if is_large {
        return Err(fail("it is larger than 256 KiB".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    let name = std::path::Path::new(path).file_stem().unwrap_or_default().to_string_lossy();
    Theme::from_toml(&safe_line(&name, 40), &text, colours).map(Some).map_err(|error| {
        let lines = error.issues.iter().map(|(line, issue)| match line {
            0 => format!("{shown}: {issue}"),
            line => format!("{shown}:{line}: {issue}"),
        });
        Failure::new(Exit::Usage, lines.collect::<Vec<_>>().join("\n"))
    })
}

struct Variables<'a>(&'a Environment);

impl EnvVarSource for Variables<'_> {
    fn var(&self, key: &str) -> Option<String> {
        self.0.text(key).map(str::to_owned)
    }
}

/// How many colours the terminal says that it has. No program is asked for it: that would cost a start.
fn colours(environment: &Environment) -> Colours {
    let settings = DetectorSettings::new().enable_tmux_info(false);
    let mut variables =
        TermVars::from_source(&Variables(environment), &std::io::stdout(), settings);
    // Whether there are colours at all was settled by whoever asks.
    variables.meta.is_terminal = true;
    match TermProfile::detect_with_vars(variables) {
        TermProfile::Ansi256 | TermProfile::TrueColor => Colours::Rich,
        TermProfile::NoTty | TermProfile::NoColor | TermProfile::Ansi16 => Colours::Sixteen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_richer_themes_are_for_terminals_that_say_so() {
        for (variables, expected) in [
            (&[("TERM", "xterm-256color")][..], Colours::Rich),
            (&[("TERM", "xterm"), ("COLORTERM", "truecolor")], Colours::Rich),
            (&[("TERM", "tmux-256color"), ("TMUX", "/tmp/t,1,0")], Colours::Rich),
            (&[("TERM", "screen-256color"), ("TMUX", "/tmp/t,1,0")], Colours::Rich),
            (&[("TERM", "xterm")], Colours::Sixteen),
            (&[("TERM", "linux")], Colours::Sixteen),
            // --color always wins over NO_COLOR; nobody asks here otherwise.
            (&[("TERM", "dumb"), ("NO_COLOR", "1")], Colours::Sixteen),
        ] {
            assert_eq!(colours(&Environment::of(variables)), expected, "{variables:?}");
        }
    }

    #[test]
    fn the_settings_and_the_drawing_know_the_same_themes() {
        assert!(Theme::names().eq(Chosen::NAMES));
    }
}
