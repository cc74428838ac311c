//! The view that is shown, as a file: all its cases, in its order.

use chrono::{DateTime, Utc};
use crokey::KeyCombination;
use ratatui_textarea::TextArea;

use super::Share;
use super::mask::Mask;
use super::table::{About, Format, Listed, table};
use crate::app::form::{editor, input};
use crate::app::keys::line_input;
use crate::app::model::{Model, Overlay};
use crate::app::msg::{Effect, NotWritten};
use crate::app::view::{FilterLine, ShareView, Tone};
use crate::app::words;
use crate::domain::Untrusted;
use crate::input::Action;

/// Characters of a paste: no path is longer.
const PASTED: usize = 1000;

/// Where an export goes, while its name is written.
pub struct Export {
    path: TextArea<'static>,
    mask: Mask,
    /// Why it is not written yet.
    error: Option<String>,
    /// The name of a file that is there and may be written over.
    over: Option<String>,
    /// How many cases are on their way to the disk.
    writing: Option<usize>,
}

/// Asks where the view goes.
pub fn open(model: &mut Model, now: DateTime<Utc>) {
    let name = slug(model.queue.view().title.as_str());
    let path = format!("caseload-{name}-{}.csv", now.format("%Y-%m-%d"));
    let export =
        Export { path: editor(&path), mask: Mask::All, error: None, over: None, writing: None };
    model.toast = None;
    model.overlay = Some(Overlay::Share(Box::new(Share::Export(Box::new(export)))));
}

/// A name of letters, digits and dashes.
fn slug(name: &str) -> String {
    let letters = name.to_lowercase();
    let parts = letters.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.collect::<Vec<&str>>().join("-")
}

fn is_here(model: &mut Model) -> Option<&mut Export> {
    match &mut model.overlay {
        Some(Overlay::Share(share)) => match &mut **share {
            Share::Export(export) => Some(export),
            _ => None,
        },
        _ => None,
    }
}

pub fn press(
    model: &mut Model,
    action: Option<Action>,
    key: KeyCombination,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(export) = is_here(model) else { return };
    match action {
        Some(Action::CloseExport) => model.overlay = None,
        Some(Action::WriteExport) => write(model, now, effects),
        Some(Action::NextFormat) => {
            export.path = editor(&Format::next_name(&export.text()));
            export.touched();
        }
        Some(Action::NextMask) => export.mask = export.mask.next(),
        _ => {
            if let Some(input) = input(key)
                && line_input(&mut export.path, input)
            {
                export.touched();
            }
        }
    }
}

pub fn pasted(export: &mut Export, text: &str) {
    export.path.insert_str(text.chars().take(PASTED).collect::<String>());
    export.touched();
}

impl Export {
    fn text(&self) -> String {
        self.path.lines().join(" ").trim().to_owned()
    }

    fn touched(&mut self) {
        self.error = None;
        self.over = None;
    }
}

fn write(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(export) = is_here(model) else { return };
    if export.writing.is_some() {
        return;
    }
    let (path, mask) = (export.text(), export.mask);
    let Some(format) = Format::of(&path) else {
        export.error = Some("Write a name that ends in .csv, .json or .md.".to_owned());
        return;
    };
    let over = export.over.as_ref() == Some(&path);
    let (count, body) = body(model, format, mask, now);
    if let Some(export) = is_here(model) {
        export.writing = Some(count);
        export.error = None;
    }
    effects.push(Effect::Write { path, body, over });
}

/// How many cases there are, and the file of them.
fn body(model: &Model, format: Format, mask: Mask, now: DateTime<Utc>) -> (usize, String) {
    let cases = model.queue.shown_cases().map(|case| {
        let desk = model.desks.of(&case.id);
        let name = model.desks.name_of(&case.id);
        Listed { case, policy: &desk.policy, now: desk.time(now), desk: name }
    });
    let cases: Vec<Listed<'_>> = cases.collect();
    let about =
        About { view: model.queue.view().title.as_str(), filter: model.queue.filter(), now };
    (cases.len(), table(&cases, &about, format, mask))
}

/// What became of the file. Answers whether it was this one's and has been told.
pub fn written(
    model: &mut Model,
    path: &str,
    result: &Result<(), NotWritten>,
    now: DateTime<Utc>,
) -> bool {
    let key = words::key(model, Action::WriteExport);
    let Some(export) = is_here(model) else { return false };
    let Some(count) = export.writing.take() else { return false };
    match result {
        Ok(()) => {
            model.overlay = None;
            let path = Untrusted::from(path).cell(200);
            let cases = words::counted(count, "case", "cases");
            model.say(format!("{cases} written to {path}"), Tone::Good, now);
        }
        Err(NotWritten::Exists) => {
            export.over = Some(export.text());
            export.error = Some(format!(
                "There is a file of that name. {key} writes over it; or change the name."
            ));
        }
        Err(NotWritten::Failed(why)) => {
            export.error = Some(format!("Could not write {}: {why}.", export.text()));
        }
    }
    true
}

pub fn view(model: &Model, export: &Export) -> ShareView {
    let cases = words::counted(model.queue.len(), "case", "cases");
    let mut text = Vec::new();
    match &export.error {
        Some(error) => text.push((Tone::Error, error.as_str().into())),
        None => {
            let format = Format::of(&export.text());
            let format = format.map_or("CSV, JSON or Markdown by its ending", Format::label);
            let told = format!("{format}, {}.", export.mask.label());
            text.push((Tone::Plain, told.as_str().into()));
            let folder = "In the folder where caseload was started, or one with / or ~ before it. Only you may read it.";
            text.push((Tone::Dim, folder.into()));
        }
    }
    let filter = model.queue.filter();
    let of = if filter.is_empty() { model.queue.view().title.as_str() } else { filter };
    ShareView {
        title: format!("Export {of} ({cases})"),
        field: Some(FilterLine {
            text: export.path.lines().join(" "),
            cursor: Some(export.path.cursor().1),
        }),
        text,
        ..ShareView::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_gives_a_name_that_every_disk_takes() {
        assert_eq!(slug("mine and unassigned"), "mine-and-unassigned");
        assert_eq!(slug("../Über: 3/4 \u{1b}"), "über-3-4");
    }
}
