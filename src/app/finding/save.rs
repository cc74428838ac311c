//! Saving what is shown as a view: its name and its number key.

use chrono::{DateTime, Utc};
use crokey::KeyCombination;
use ratatui_textarea::TextArea;

use super::dialog::{Finder, show};
use crate::app::form::{editor, input};
use crate::app::keys::line_input;
use crate::app::model::{Model, Overlay};
use crate::app::queue::Queue;
use crate::app::view::{FinderField, FinderRow, FinderView, Tone};
use crate::domain::Untrusted;
use crate::domain::text::safe_line;
use crate::input::Action;
use crate::query::{KEYS, Sort, View};

/// The longest name of a view, in characters.
const NAME: usize = 24;

pub struct Save {
    name: TextArea<'static>,
    key: TextArea<'static>,
    on_key: bool,
    error: Option<String>,
}

pub fn open(model: &mut Model) {
    let free = KEYS.iter().copied().find(|key| model.queue.view_on(*key).is_none());
    let key = free.map_or_else(String::new, |key| key.to_string());
    let save = Save { name: editor(""), key: editor(&key), on_key: false, error: None };
    show(model, Finder::Save(Box::new(save)));
}

impl Save {
    pub(super) fn pasted(&mut self, text: &str) {
        let line = if self.on_key { &mut self.key } else { &mut self.name };
        line.insert_str(text);
        self.error = None;
    }

    fn name(&self) -> String {
        self.name.lines().join(" ").trim().to_owned()
    }

    fn key(&self) -> Option<u8> {
        let key = self.key.lines().join("");
        key.trim().parse().ok().filter(|key| KEYS.contains(key))
    }

    /// The view as it would be, or what is missing.
    fn made(&self, queue: &Queue) -> Result<View, (bool, String)> {
        let name = self.name();
        if name.is_empty() {
            return Err((false, "A view needs a name.".to_owned()));
        }
        if name.chars().count() > NAME || name.contains(['=', '"', '\\']) {
            let sentence = format!("A name has at most {NAME} letters, and no =, \" or \\.");
            return Err((false, sentence));
        }
        let Some(key) = self.key() else {
            return Err((true, "A key from 1 to 9; 5 is the page of the corrections.".to_owned()));
        };
        let text = queue.query_text().trim();
        let view = View::new(&name, key, text).map_err(|problem| (false, problem.sentence))?;
        let own_order = view.query.sort.is_empty() && queue.sort() != [Sort::DUE];
        let sort = own_order.then(|| queue.sort().to_vec());
        Ok(View { sort, ..view })
    }

    pub(super) fn view(&self, model: &Model) -> FinderView {
        let query = model.queue.query_text();
        let shown = if query.is_empty() { "all open cases" } else { query };
        let order = model.queue.sort().iter().map(ToString::to_string).collect::<Vec<_>>();
        let replaced = self.key().and_then(|key| model.queue.view_on(key));
        let replaced = replaced.map(|place| &model.queue.views()[place].title);
        let told = match (&self.error, replaced) {
            (Some(error), _) => (Tone::Error, error.clone()),
            (None, Some(title)) => (Tone::Strong, format!("Takes the place of \"{title}\".")),
            (None, None) => (Tone::Dim, "Kept on this machine.".to_owned()),
        };
        let field = |label: &str, line: &TextArea, focused: bool| FinderField {
            label: label.to_owned(),
            text: line.lines().join(" "),
            cursor: focused.then(|| line.cursor().1),
        };
        FinderView {
            title: "Save as a view".to_owned(),
            fields: vec![
                field("Name", &self.name, !self.on_key),
                field("Key", &self.key, self.on_key),
            ],
            rows: vec![
                FinderRow::of([(Tone::Dim, "shows"), (Tone::Plain, shown)]),
                FinderRow::of([(Tone::Dim, "order"), (Tone::Plain, &order.join(", "))]),
            ],
            told: Some((told.0, Untrusted::new(told.1))),
            ..FinderView::default()
        }
    }
}

pub(super) fn press(
    model: &mut Model,
    action: Option<Action>,
    key: KeyCombination,
    now: DateTime<Utc>,
) {
    let Some(Overlay::Finder(Finder::Save(save))) = &mut model.overlay else { return };
    match action {
        Some(Action::SeekNext | Action::SeekPrev) => save.on_key ^= true,
        Some(Action::SeekRun) => match save.made(&model.queue) {
            Ok(view) => {
                let columns = model.finding.columns.clone();
                keep(model, View { columns, ..view }, now);
            }
            Err((on_key, error)) => {
                // From the name on to the key, where that is all.
                let goes_on = on_key && !save.on_key;
                save.on_key = on_key;
                save.error = (!goes_on || save.key.lines().join("").trim() != "").then_some(error);
            }
        },
        _ => {
            let line = if save.on_key { &mut save.key } else { &mut save.name };
            if let Some(input) = input(key)
                && line_input(line, input)
            {
                save.error = None;
            }
        }
    }
}

fn keep(model: &mut Model, view: View, now: DateTime<Utc>) {
    model.overlay = None;
    model.finding.save(view.clone());
    let (key, name) = (view.key, view.name.clone());
    let told = format!("Saved on {key} as {}, on this machine.", safe_line(&name, NAME));
    model.with_queue(now, |queue, at| {
        queue.put_view(view, at);
        if let Some(place) = queue.view_named(&name) {
            queue.set_filter("", at);
            queue.set_view(place, at);
        }
    });
    model.say(told, Tone::Good, now);
}
