//! A text of a form in the person's own editor, and back.

use chrono::{DateTime, Utc};

use super::model::{Model, Overlay};
use super::msg::Effect;
use crate::domain::Untrusted;

/// The text that has the keys goes to the editor.
pub fn open(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = &mut model.overlay else { return };
    let Some(field) = form.fields.get(form.focus).filter(|field| field.is_text()) else {
        form.error = Some("An editor is for texts: go to one first.".into());
        return;
    };
    let (name, text) = (format!("{}-{}.txt", form.base.id, form.kind.word()), field.written());
    form.edited = Some(form.focus);
    // Whatever becomes of the editor, what stands here is on the disk before.
    if form.unkept.is_some() {
        model.drafts.keep(form, now, effects);
    }
    effects.push(Effect::Edit { name, text });
}

/// The editor has ended.
pub fn edited(model: &mut Model, text: Result<String, String>, now: DateTime<Utc>) {
    let Some(Overlay::Form(form)) = &mut model.overlay else { return };
    let Some(index) = form.edited.take() else { return };
    match text {
        Ok(text) => {
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            let Some(field) = form.fields.get_mut(index) else { return };
            // Editors end the last line, which nobody wrote.
            let was = field.written();
            let text =
                if was.ends_with('\n') { &text } else { text.strip_suffix('\n').unwrap_or(&text) };
            if text != was {
                field.replace(text);
                form.error = None;
                form.touched(now);
            }
        }
        Err(why) => form.error = Some(Untrusted::new(why)),
    }
}
