//! A form that is no act on a case: it looks like one and has the same keys, and what it is about says what sending
//! it does. What it asks of the desk is answered while somebody looks on; whatever comes back that is no success,
//! the form comes back with every typed word. Left before it was sent, it is kept for this run.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use crokey::KeyCombination;

use super::build::{self, Wake};
use super::files;
use super::form::{Entry, Field, editor};
use super::model::{Model, Overlay};
use super::msg::{AskId, Effect};
use super::order;
use super::page::corrections;
use super::update::refuse;
use super::view::{Audience, FormView, Tone};
use crate::domain::ask::{Answer, Unanswered};
use crate::domain::{CaseId, Correction, Untrusted};
use crate::input::{Action, Context};

const SENTENCE: usize = 300;

/// What a sheet is about, and on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Files for a case.
    Attach(CaseId),
    /// Something of Product Management's.
    Correction(corrections::Deed),
}

#[derive(Debug, Clone)]
pub struct Sheet {
    pub about: About,
    pub title: String,
    pub subtitle: Untrusted,
    pub audience: Option<Audience>,
    pub fields: Vec<Field>,
    /// The field that has the keys; after the last one the button.
    pub focus: usize,
    pub error: Option<Untrusted>,
    /// It is sent, and not answered yet.
    pub asked: Option<AskId>,
    /// When it came up without being asked for.
    pub came: Option<DateTime<Utc>>,
    /// The correction as the person saw it, to which sending is bound.
    pub seen: Option<Box<Correction>>,
    /// What was asked for while it is written: what a path can become, what is different since it was opened.
    pub completing: Option<AskId>,
    pub found: Vec<String>,
    /// What stood in its fields when it was opened.
    pub opened: Vec<String>,
}

/// Those that are not on the screen.
#[derive(Debug, Default)]
pub struct Sheets {
    /// Left with words in them; one for each thing that they are about.
    kept: Vec<Sheet>,
    /// Left while they were being sent.
    sending: BTreeMap<AskId, Box<Sheet>>,
}

impl Sheet {
    /// An empty one.
    pub fn new(about: About) -> Self {
        Self {
            about,
            title: String::new(),
            subtitle: Untrusted::default(),
            audience: None,
            fields: Vec::new(),
            focus: 0,
            error: None,
            asked: None,
            came: None,
            seen: None,
            completing: None,
            found: Vec::new(),
            opened: Vec::new(),
        }
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// What was written into a field.
    pub fn text(&self, name: &str) -> String {
        self.field(name).map(Field::written).unwrap_or_default()
    }

    /// The same without blanks around it; None when that is nothing.
    pub fn given(&self, name: &str) -> Option<String> {
        let text = self.text(name).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    pub fn chosen(&self, name: &str) -> Option<&str> {
        self.field(name).and_then(Field::chosen)
    }

    /// Puts a text into a field, with the cursor at its end.
    pub fn set(&mut self, name: &str, text: &str) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name)
            && let Entry::Line(entry) | Entry::Text(entry) = &mut field.entry
        {
            **entry = editor(text);
        }
    }

    /// Says at a field what is wrong with it; a field that is not here says it for the whole.
    pub fn mark(&mut self, name: &str, message: &Untrusted) {
        if let Some(index) = self.fields.iter().position(|field| field.name == name) {
            self.fields[index].error = Some(message.clone());
            self.focus = index;
        } else {
            self.error = Some(format!("{name}: {}", message.raw()).into());
        }
    }

    /// Marks what is needed and not there; answers whether all is.
    fn is_filled(&mut self) -> bool {
        self.error = None;
        let mut missing = None;
        for (index, field) in self.fields.iter_mut().enumerate() {
            let absent = field.required && field.is_blank();
            field.error = absent.then(|| field.missing());
            if absent {
                missing.get_or_insert(index);
            }
        }
        self.focus = missing.unwrap_or(self.focus);
        missing.is_none()
    }

    /// All that stands in it.
    fn filled(&self) -> Vec<String> {
        let text = |field: &Field| match field.chosen() {
            Some(word) => word.to_owned(),
            None => field.written(),
        };
        self.fields.iter().map(text).collect()
    }

    fn is_worth_keeping(&self) -> bool {
        self.filled() != self.opened
    }

    fn move_focus(&mut self, back: bool) {
        let count = self.fields.len() + 1;
        self.focus = (self.focus + if back { count - 1 } else { 1 }) % count;
    }
}

impl Model {
    /// Opens a sheet, or the one about the same that was left.
    pub(super) fn open_sheet(&mut self, mut sheet: Sheet) {
        self.toast = None;
        let kept = self.sheets.kept.iter().position(|kept| kept.about == sheet.about);
        let sheet = match kept {
            Some(at) => self.sheets.kept.remove(at),
            None => {
                sheet.opened = sheet.filled();
                sheet
            }
        };
        self.overlay = Some(Overlay::Sheet(Box::new(sheet)));
    }
}

pub fn press(
    model: &mut Model,
    action: Option<Action>,
    key: KeyCombination,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(Overlay::Sheet(sheet)) = &mut model.overlay else { return };
    if action == Some(Action::Leave) {
        return leave(model, now);
    }
    // It is on its way; what is typed now would be lost with it.
    if sheet.asked.is_some() {
        return;
    }
    let on_button = sheet.focus >= sheet.fields.len();
    let is_path = matches!(sheet.about, About::Attach(_)) && !on_button;
    let field = sheet.fields.get_mut(sheet.focus);
    let in_text = field.as_ref().is_some_and(|field| field.is_text());
    match action {
        Some(Action::Send) => send(model, now, effects),
        Some(Action::Accept) if on_button || is_path => send(model, now, effects),
        Some(Action::NextField) if is_path => files::complete(model, effects),
        Some(Action::NextField) => sheet.move_focus(false),
        Some(Action::PrevField) => sheet.move_focus(true),
        Some(Action::Accept) if !in_text => sheet.move_focus(false),
        Some(Action::NextChoice | Action::PrevChoice)
            if field.as_ref().is_some_and(|field| field.is_list()) =>
        {
            if let Some(field) = field {
                field.step(action == Some(Action::PrevChoice));
            }
        }
        _ => {
            if let Some(field) = field {
                field.typed(key);
            }
        }
    }
}

/// Pasted text is text.
pub fn pasted(model: &mut Model, text: &str) {
    if let Some(Overlay::Sheet(sheet)) = &mut model.overlay
        && sheet.asked.is_none()
        && let Some(field) = sheet.fields.get_mut(sheet.focus)
    {
        field.pasted(text);
    }
}

fn leave(model: &mut Model, now: DateTime<Utc>) {
    let Some(Overlay::Sheet(sheet)) = model.overlay.take() else { return };
    if let Some(asked) = sheet.asked {
        let said = format!("{}: on its way; it is told what became of it", sheet.title);
        model.say(said, Tone::Plain, now);
        model.sheets.sending.insert(asked, sheet);
    } else if sheet.is_worth_keeping() {
        model.say(
            "What you wrote is kept until you quit; the same key opens it again",
            Tone::Plain,
            now,
        );
        model.sheets.kept.push(*sheet);
    }
}

fn send(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(Overlay::Sheet(sheet)) = &mut model.overlay else { return };
    if order::is_unseen(sheet.came, now) || !sheet.is_filled() {
        return;
    }
    let Some(Overlay::Sheet(sheet)) = model.overlay.take() else { return };
    match &sheet.about {
        About::Attach(_) => files::send(model, *sheet, effects),
        About::Correction(_) => corrections::send(model, *sheet, now, effects),
    }
}

/// An answer to a sheet has come, on the screen or not.
pub fn answered(
    model: &mut Model,
    ask: AskId,
    answer: Result<Answer, Unanswered>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    if let Some(Overlay::Sheet(sheet)) = &mut model.overlay
        && sheet.completing.take_if(|asked| *asked == ask).is_some()
    {
        if let Ok(Answer::Completed(names)) = answer {
            files::completed(sheet, names);
        }
        return;
    }
    let is_shown =
        matches!(&model.overlay, Some(Overlay::Sheet(sheet)) if sheet.asked == Some(ask));
    let sheet = if is_shown {
        match model.overlay.take() {
            Some(Overlay::Sheet(sheet)) => Some(sheet),
            _ => None,
        }
    } else {
        model.sheets.sending.remove(&ask)
    };
    let Some(mut sheet) = sheet else { return };
    sheet.asked = None;
    let back = match (sheet.about.clone(), answer) {
        (About::Attach(case), Ok(answer)) => {
            files::looked_at(model, &case, *sheet, answer, effects)
        }
        (About::Correction(deed), Ok(answer)) => {
            corrections::done(model, &deed, &answer, now, effects);
            None
        }
        (about, Err(failed)) => {
            sheet.error = Some(if failed.in_doubt {
                let why = failed.why.raw().trim_end_matches('.');
                format!(
                    "It is not known whether this was done: {why}. Look before you send it again."
                )
                .into()
            } else {
                failed.why.clone()
            });
            for (name, message) in &failed.fields {
                if sheet.fields.iter().any(|field| field.name == name) {
                    sheet.mark(name, message);
                }
            }
            if let About::Correction(deed) = &about {
                corrections::failed(model, deed, effects);
            }
            Some(*sheet)
        }
    };
    let Some(mut sheet) = back else { return };
    if is_shown {
        model.overlay = Some(Overlay::Sheet(Box::new(sheet)));
    } else if model.is_free() {
        sheet.came = Some(now);
        model.overlay = Some(Overlay::Sheet(Box::new(sheet)));
    } else {
        let why = sheet.error.clone().unwrap_or_default().cell(SENTENCE);
        let said = format!("{}: {why} (its key opens it again)", sheet.title);
        model.sheets.kept.push(sheet);
        refuse(model, said, now);
    }
}

pub fn view(model: &Model, sheet: &Sheet, wake: &mut Wake) -> FormView {
    let (send, hints) = build::send_and_hints(model, Context::Form);
    let mut preview = match &sheet.about {
        About::Attach(_) => files::attach_preview(sheet),
        About::Correction(deed) => corrections::preview(model, deed, sheet, wake),
    };
    if sheet.asked.is_some() {
        preview.push(vec![super::view::Span::new(Tone::Strong, "Sending …")]);
    }
    FormView {
        title: sheet.title.clone(),
        subtitle: sheet.subtitle.clone(),
        audience: sheet.audience,
        fields: build::field_views(&sheet.fields, sheet.focus, |_| true),
        facts: Vec::new(),
        readiness: None,
        picker: None,
        preview,
        error: sheet.error.clone(),
        send,
        on_send: sheet.focus >= sheet.fields.len(),
        hints,
    }
}
