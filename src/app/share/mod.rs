//! What leaves the screen for other programs: links that are opened, texts that are copied, files that are
//! written.

mod copy;
mod export;
mod mask;
mod summary;
mod table;

use chrono::{DateTime, Utc};
use crokey::KeyCombination;

use super::model::{Model, Overlay};
use super::msg::{Effect, NotWritten};
use super::update::refuse;
use super::view::{ShareView, Tone};
use crate::domain::{CaseId, Untrusted};
use crate::input::{Action, Context};

pub use copy::{CaseLinks, open_menu, open_page};
pub use export::open as open_export;

use export::Export;

/// Columns of a link in the footer.
const LINK: usize = 60;

/// What stands over the desk while something is shared.
pub enum Share {
    /// A link that nothing here opens, and why.
    Link {
        url: String,
        why: String,
        /// It is on the clipboard already.
        copied: bool,
    },
    /// What can be copied of a case.
    Copy(CaseId),
    /// Where the view goes as a file.
    Export(Box<Export>),
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
                model.overlay =
                    Some(Overlay::Share(Box::new(Share::Link { url, why, copied: true })));
            } else {
                refuse(model, format!("{why} The link is copied: {shown}"), now);
            }
        }
    }
}

/// A file is there, or why it is not.
pub fn written(model: &mut Model, path: &str, result: Result<(), NotWritten>, now: DateTime<Utc>) {
    if export::written(model, path, &result, now) {
        return;
    }
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
    key: KeyCombination,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(Overlay::Share(share)) = &model.overlay else { return };
    match (&**share, action) {
        (Share::Export(_), _) => export::press(model, action, key, now, effects),
        (_, Some(Action::CloseShare)) => model.overlay = None,
        (Share::Copy(case), Some(action)) => {
            let case = case.clone();
            copy::press(model, &case, action, now, effects);
        }
        (Share::Link { url, .. }, Some(Action::CopyId)) => {
            effects.push(Effect::Copy { text: url.clone() });
            model.overlay = None;
            model.say("Copied", Tone::Good, now);
        }
        _ => {}
    }
}

/// Where the keys go.
pub fn context(share: &Share) -> Context {
    match share {
        Share::Link { .. } | Share::Copy(_) => Context::Share,
        Share::Export(_) => Context::Export,
    }
}

/// Pasted text goes into a name that is being written.
pub fn paste(share: &mut Share, text: &str) {
    if let Share::Export(export) = share {
        export::pasted(export, text);
    }
}

pub fn view(model: &Model, share: &Share) -> ShareView {
    let mut hints = super::build::hints_of(model, context(share));
    let shown = match share {
        Share::Link { url, why, copied } => {
            // Of the keys of the menu, those that mean something here.
            let [copy, close] =
                [Action::CopyId, Action::CloseShare].map(|action| super::words::key(model, action));
            hints.retain(|hint| hint.keys == copy || hint.keys == close);
            let mut text =
                vec![(Tone::Plain, why.as_str().into()), (Tone::Strong, url.as_str().into())];
            if *copied {
                text.push((Tone::Dim, "It is copied.".into()));
            }
            ShareView { title: "Link".to_owned(), text, ..ShareView::default() }
        }
        Share::Copy(case) => copy::view(model, case),
        Share::Export(export) => export::view(model, export),
    };
    ShareView { hints, ..shown }
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
