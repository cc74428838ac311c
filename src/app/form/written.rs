//! What stands in a form, without the form: to be kept as a draft, and to open an act again that was ordered,
//! in this run or in an earlier one.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Entry, Form, editor};
use crate::domain::{Action, ActionKind, Case, Person};

/// The words of one form. As JSON it is the body of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    pub kind: ActionKind,
    /// The case as whoever wrote saw it.
    pub base: Case,
    /// The key of the entry of the outbox that it is to be sent instead of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<Uuid>,
    pub fields: Vec<Filled>,
    #[serde(default)]
    pub focus: usize,
}

/// What stands in one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    /// The field's name in the case API.
    pub name: String,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    Text(String),
    Chosen(Option<String>),
    Checked(Vec<String>),
}

impl Filled {
    fn text(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: Value::Text(text.into()) }
    }

    fn chosen(name: &str, word: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: Value::Chosen(Some(word.into())) }
    }
}

impl Written {
    /// The first words, for a list.
    pub fn excerpt(&self) -> &str {
        let texts = self.fields.iter().filter_map(|field| match &field.value {
            Value::Text(text) => Some(text.as_str()),
            Value::Chosen(_) | Value::Checked(_) => None,
        });
        texts.max_by_key(|text| text.len()).unwrap_or_default()
    }
}

/// What stood in the form that an act came from; None for acts that need no words.
pub fn fields_of(action: &Action) -> Option<Vec<Filled>> {
    let text = |text: &str| Filled::text("text", text);
    let reason = |text: &str| Filled::text("reason", text);
    Some(match action {
        Action::Respond { .. } | Action::Take {} | Action::Release {} => return None,
        Action::Note { text: t }
        | Action::Reply { text: t }
        | Action::RecordWorkaround { text: t } => vec![text(t)],
        Action::RequestInfo { text: t, items } => {
            let words = items.iter().map(|item| item.word().to_owned()).collect();
            vec![text(t), Filled { name: "items".to_owned(), value: Value::Checked(words) }]
        }
        Action::InfoReceived { text: t } => vec![text(t.as_deref().unwrap_or_default())],
        Action::LogPhoneCall { with, text: t } => vec![Filled::text("with", with), text(t)],
        Action::Assign { assignee } => vec![Filled::chosen("assignee", assignee.as_str())],
        Action::SetEligibility { eligibility, reason: r } => {
            vec![Filled::chosen("eligibility", eligibility.word()), reason(r)]
        }
        Action::SetSeverity { severity, reason: r } => {
            vec![Filled::chosen("severity", severity.word()), reason(r)]
        }
        Action::HandBack { reason: r } | Action::Reopen { reason: r } => vec![reason(r)],
        Action::Escalate { reason: r, finding, correction, new_correction, .. } => {
            let mut fields = vec![reason(r)];
            fields.extend(finding.map(|finding| Filled::chosen("finding", finding.word())));
            let id = correction.as_ref().map(|id| Filled::text("correction", id.as_str()));
            let new = new_correction.as_ref();
            let title = new.map(|new| Filled::text("new_correction", &new.title));
            fields.extend(id.into_iter().chain(title));
            fields
        }
        Action::Close { resolution, text: t, cause, duplicate_of } => {
            let mut fields = vec![Filled::chosen("resolution", resolution.word())];
            fields.extend(cause.map(|cause| Filled::chosen("cause", cause.word())));
            fields.push(text(t));
            let of = duplicate_of.as_ref().map(|id| Filled::text("duplicate_of", id.as_str()));
            fields.extend(of);
            fields
        }
    })
}

impl Form {
    /// What stands in it.
    #[must_use]
    pub fn written(&self) -> Written {
        Written {
            kind: self.kind,
            base: self.base.clone(),
            instead_of: self.about.as_ref().map(|about| about.key),
            fields: self.filled(),
            focus: self.focus,
        }
    }

    /// What stands in each field that is not empty.
    pub fn filled(&self) -> Vec<Filled> {
        let value = |field: &super::Field| match &field.entry {
            Entry::Text(_) | Entry::Line(_) | Entry::Pick(_) => Value::Text(field.written()),
            Entry::Choice { .. } => Value::Chosen(field.chosen().map(str::to_owned)),
            Entry::Many { .. } => Value::Checked(field.checked().map(str::to_owned).collect()),
        };
        let filled = self.fields.iter().filter(|field| !field.is_blank());
        filled.map(|f| Filled { name: f.name.to_owned(), value: value(f) }).collect()
    }

    /// The form with those words in it. What no field of it takes is written below the first text, so that
    /// none of it is lost.
    pub fn fill(&mut self, fields: &[Filled]) {
        for filled in fields {
            if !self.fill_one(filled) {
                let left = match &filled.value {
                    Value::Text(text) => text.clone(),
                    Value::Chosen(word) => word.clone().unwrap_or_default(),
                    Value::Checked(words) => words.join(", "),
                };
                self.append(&filled.name, &left);
            }
        }
    }

    fn fill_one(&mut self, filled: &Filled) -> bool {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == filled.name) {
            match (&mut field.entry, &filled.value) {
                (Entry::Text(old) | Entry::Line(old), Value::Text(text)) => {
                    **old = editor(text);
                    return true;
                }
                (Entry::Pick(pick), Value::Text(text)) => {
                    pick.put(text);
                    return true;
                }
                (Entry::Choice { options, chosen, .. }, Value::Chosen(Some(word))) => {
                    if let Some(at) = options.iter().position(|option| option.word == *word) {
                        *chosen = Some(at);
                        return true;
                    }
                }
                (Entry::Many { options, checked, .. }, Value::Checked(words)) => {
                    for (option, on) in options.iter().zip(checked) {
                        *on = words.contains(&option.word);
                    }
                    return words.iter().all(|word| options.iter().any(|o| o.word == *word));
                }
                (_, Value::Chosen(None)) => return true,
                _ => {}
            }
        }
        // Somebody who is in the list no longer, or not yet.
        match &filled.value {
            Value::Chosen(Some(word)) if filled.name == "assignee" => {
                self.fill_one(&Filled::text("somebody", word))
            }
            _ => false,
        }
    }

    fn append(&mut self, name: &str, left: &str) {
        if left.trim().is_empty() {
            return;
        }
        let text = self.fields.iter_mut().find_map(|field| match &mut field.entry {
            Entry::Text(text) => Some(text),
            _ => None,
        });
        if let Some(text) = text {
            let (above, name) = (text.lines().join("\n"), name.replace('_', " "));
            **text = editor(format!("{above}\n{name}: {left}").trim_start());
        }
    }
}

impl Written {
    /// The form on the case as it is shown now, with every word.
    #[must_use]
    pub fn form(&self, case: &Case, people: &[Person]) -> Option<Form> {
        let mut form = Form::open(self.kind, case, people)?;
        form.fill(&self.fields);
        form.focus = self.focus.min(form.fields.len());
        Some(form)
    }
}
