//! `caseload keys`

use serde_json::json;

use super::outcome::{Exit, Failure};
use super::output::padded;
use super::session::Session;
use crate::input::Binding;

/// Show the keys that are in force on the screen
///
/// By where the keyboard is: everywhere, on the desk, in a form, and so on. Keys are written as `[keys]` of the
/// configuration and `keymap.toml` beside it take them; a chord of two keys has a space between them. What is
/// not built in says where it is written.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload keys
  caseload keys --json")]
pub struct Args {}

pub fn run(session: &mut Session<'_>, Args {}: &Args) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    let keymap = &settings.keymap;
    let bindings = keymap.keymap.bindings();
    let output = &mut *session.output;
    let keys = |binding: &Binding| binding.keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    let from = |binding: &Binding| keymap.written.get(binding.action.word());
    if output.json {
        let rows: Vec<_> = bindings
            .iter()
            .map(|binding| {
                json!({
                    "context": binding.action.context().word(), "action": binding.action.word(),
                    "keys": keys(binding), "hint": binding.hint, "help": binding.help,
                    "group": binding.group,
                    "from": from(binding).map_or("built in", String::as_str),
                })
            })
            .collect();
        output.json_array(&rows)?;
        return Ok(Exit::Done);
    }
    // Two spaces between keys: within a chord there is one.
    let keys = |binding: &Binding| match keys(binding).join("  ") {
        none if none.is_empty() => "-".to_owned(),
        keys => keys,
    };
    let width = |of: &dyn Fn(&Binding) -> usize| bindings.iter().map(of).max().unwrap_or(0);
    let (action_width, keys_width) =
        (width(&|binding| binding.action.word().len()), width(&|b| keys(b).chars().count()));
    let mut context = None;
    for binding in bindings {
        let action = binding.action;
        if context.replace(action.context()) != Some(action.context()) {
            output.line(format!("[{}]", action.context().word()))?;
        }
        let from = from(binding).map_or_else(String::new, |from| format!("  ({from})"));
        output.line(format!(
            "  {}  {}  {}{from}",
            padded(action.word(), action_width),
            padded(&keys(binding), keys_width),
            binding.help,
        ))?;
    }
    Ok(Exit::Done)
}
