//! What leaves the screen for other programs: links that are opened, texts that are copied, files that are
//! written.

use chrono::{DateTime, Utc};

use super::model::{Model, Overlay};
use super::msg::{Effect, NotWritten};
use super::update::refuse;
use super::view::{ShareView, Tone};
use crate::domain::Untrusted;
use crate::input::{Action, Context};

/// Columns of a link in the footer.
const LINK: usize = 60;

/// What stands over the desk while something is shared.
pub enum Share {
    /// A link that nothing here opens, and why; it is on the clipboard.
    Link { url: String, why: String },
}

/// Opens a link with the browser; where there is none it is shown and copied. Only the web and mail are
/// opened, whoever wrote the link.
pub fn open_link(model: &mut Model, url: &str, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let shown = Untrusted::from(url).cell(LINK);
    if is_link(url) {
        model.say(format!("Opening {shown} …"), Tone::Plain, now);
        effects.push(Effect::Open { url: url.to_owned() });
    } else {
        refuse(model, format!("{shown} is no web or mail address and is not opened"), now);
    }
}

/// A link as a person means one: of the web or of mail, without blanks and controls.
pub fn is_link(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    ["https://", "http://", "mailto:"].iter().any(|scheme| {
        lower.strip_prefix(scheme).is_some_and(|rest| {
            !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
        })
    })
}

/// The browser has it, or there is none.
pub fn opened(
    model: &mut Model,
    url: String,
    result: Result<(), String>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let shown = Untrusted::from(url.as_str()).cell(LINK);
    match result {
        Ok(()) => model.say(format!("Opened {shown}"), Tone::Good, now),
        Err(why) => {
            effects.push(Effect::Copy { text: url.clone() });
            if model.is_free() {
                model.toast = None;
                model.overlay = Some(Overlay::Share(Box::new(Share::Link { url, why })));
            } else {
                refuse(model, format!("{why} The link is copied: {shown}"), now);
            }
        }
    }
}

/// A file is there, or why it is not.
pub fn written(model: &mut Model, path: &str, result: Result<(), NotWritten>, now: DateTime<Utc>) {
    let path = Untrusted::from(path).cell(200);
    match result {
        Ok(()) => model.say(format!("Written: {path}"), Tone::Good, now),
        Err(NotWritten::Exists) => {
            refuse(model, format!("Could not write {path}: it is there already"), now);
        }
        Err(NotWritten::Failed(why)) => {
            refuse(model, format!("Could not write {path}: {why}"), now);
        }
    }
}

pub fn press(
    model: &mut Model,
    action: Option<Action>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(Overlay::Share(share)) = &model.overlay else { return };
    match (&**share, action) {
        (_, Some(Action::CloseShare)) => model.overlay = None,
        (Share::Link { url, .. }, Some(Action::CopyId)) => {
            effects.push(Effect::Copy { text: url.clone() });
            model.overlay = None;
            model.say("The link is copied", Tone::Good, now);
        }
        _ => {}
    }
}

/// Where the keys go.
pub fn context(share: &Share) -> Context {
    match share {
        Share::Link { .. } => Context::Share,
    }
}

pub fn view(model: &Model, share: &Share) -> ShareView {
    let hints = super::build::hints_of(model, context(share));
    match share {
        Share::Link { url, why } => ShareView {
            title: "Link".to_owned(),
            text: vec![
                (Tone::Plain, why.as_str().into()),
                (Tone::Strong, url.as_str().into()),
                (Tone::Dim, "It is copied.".into()),
            ],
            hints,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_of_the_web_or_of_mail_and_has_no_blank() {
        for good in ["https://a.example/x?y=1", "HTTP://A", "mailto:ida@fjord.example"] {
            assert!(is_link(good), "{good}");
        }
        for bad in ["https://", "https://a b", "http://a\u{1b}[2J", "file:///x", "ftp://x", "x", ""]
        {
            assert!(!is_link(bad), "{bad}");
        }
    }
}
