//! Choosing a canned answer for a form, or a macro for a case: found by typing, filled from the case, and seen
//! before anything comes of it.

use chrono::{DateTime, Utc};
use crokey::KeyCombination;
use ratatui_textarea::TextArea;

use super::acts::Ordered;
use super::form::{self, Form, editor};
use super::keys::line_input;
use super::model::{Model, Overlay};
use super::msg::Effect;
use super::update::refuse;
use super::view::Tone;
use super::words;
use crate::domain::canned::{CannedText, Macro, Placeholder, gap_in};
use crate::domain::rules::{self, Change, Standing};
use crate::domain::{Action as Act, Case, CaseId, Untrusted};
use crate::input::Action;
use crate::sla::reading;

/// A search and which of what it finds the keys are on.
#[derive(Debug, Clone)]
pub struct Picker {
    pub search: TextArea<'static>,
    pub at: usize,
}

impl Default for Picker {
    fn default() -> Self {
        Self { search: editor(""), at: 0 }
    }
}

impl Picker {
    pub fn text(&self) -> String {
        self.search.lines().join(" ")
    }
}

fn has_words(search: &str, texts: &[&str]) -> bool {
    let text = texts.join(" ").to_lowercase();
    search.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

/// The canned answers that go into a form and are found.
pub fn canned<'a>(model: &'a Model, form: &Form, search: &str) -> Vec<&'a CannedText> {
    let fits = |text: &&CannedText| text.acts.is_empty() || text.acts.contains(&form.kind);
    let found = |text: &&CannedText| has_words(search, &[&text.name, &text.title]);
    model.canned.texts.iter().filter(fits).filter(found).collect()
}

/// The macros that are found.
pub fn macros<'a>(model: &'a Model, search: &str) -> Vec<&'a Macro> {
    model.canned.macros.iter().filter(|m| has_words(search, &[&m.name, &m.title])).collect()
}

/// Columns of a value from the case.
const VALUE: usize = 300;

/// What a placeholder says of a case; None: that is not known.
pub fn value(
    model: &Model,
    case: &Case,
    placeholder: Placeholder,
    now: DateTime<Utc>,
) -> Option<String> {
    let desk = model.desks.of(&case.id);
    let detail = model.details.get(&case.id);
    let safe = |text: &Untrusted| Some(text.cell(VALUE)).filter(|text| !text.is_empty());
    match placeholder {
        Placeholder::Case => Some(case.id.to_string()),
        Placeholder::Subject => safe(&case.subject),
        Placeholder::Customer => {
            safe(&case.customer.contact).or_else(|| safe(&case.customer.company))
        }
        Placeholder::Contact => safe(&case.customer.contact),
        Placeholder::Company => safe(&case.customer.company),
        Placeholder::Severity => Some(case.severity.to_string()),
        Placeholder::Product => safe(detail?.product.as_ref()?),
        Placeholder::Version => safe(detail?.version.as_ref()?),
        Placeholder::Agent => safe(&desk.me.as_ref()?.actor.name),
        Placeholder::Partner => safe(&case.partner.name),
        Placeholder::Due => {
            let clock = reading::leading(case, desk.time(now))?;
            reading::due_text(clock, &desk.policy)
        }
        Placeholder::Link => {
            desk.page.as_ref().map(|page| page.replace("{case}", case.id.as_str()))
        }
    }
}

/// A key while a picker is open; over a form or over the desk.
pub fn press(
    model: &mut Model,
    action: Option<Action>,
    key: KeyCombination,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let count = match &model.overlay {
        Some(Overlay::Form(form)) => {
            form.picker.as_ref().map(|picker| canned(model, form, &picker.text()).len())
        }
        Some(Overlay::Macros { picker, .. }) => Some(macros(model, &picker.text()).len()),
        _ => None,
    };
    let Some(count) = count else { return };
    match action {
        Some(Action::ClosePalette) => close(model),
        Some(Action::Run) if count > 0 => match &model.overlay {
            Some(Overlay::Form(_)) => insert(model, now),
            _ => run(model, now, effects),
        },
        Some(Action::Run) => {}
        Some(Action::NextEntry) => step(model, |at| (at + 1) % count.max(1)),
        Some(Action::PrevEntry) => step(model, |at| (at + count.max(1) - 1) % count.max(1)),
        _ => {
            if let (Some(picker), Some(input)) = (open(model), form::input(key))
                && line_input(&mut picker.search, input)
            {
                picker.at = 0;
            }
        }
    }
}

/// What is pasted goes into the search.
pub fn paste(model: &mut Model, text: &str) {
    if let Some(picker) = open(model) {
        picker.search.insert_str(text);
        picker.at = 0;
    }
}

/// The picker that has the keys.
fn open(model: &mut Model) -> Option<&mut Picker> {
    match &mut model.overlay {
        Some(Overlay::Form(form)) => form.picker.as_deref_mut(),
        Some(Overlay::Macros { picker, .. }) => Some(picker),
        _ => None,
    }
}

fn step(model: &mut Model, to: impl Fn(usize) -> usize) {
    if let Some(picker) = open(model) {
        picker.at = to(picker.at);
    }
}

fn close(model: &mut Model) {
    match &mut model.overlay {
        Some(Overlay::Form(form)) => form.picker = None,
        _ => model.overlay = None,
    }
}

/// Opens the canned answers over a form, for the text that has the keys or the first one there is.
pub fn open_canned(model: &mut Model) {
    let Some(Overlay::Form(form)) = &mut model.overlay else { return };
    let is_text = |form: &Form, at: usize| form.fields.get(at).is_some_and(form::Field::is_text);
    if !is_text(form, form.focus) {
        let Some(at) = (0..form.fields.len()).find(|at| is_text(form, *at)) else { return };
        form.focus = at;
    }
    form.picker = Some(Box::new(Picker::default()));
}

/// Puts the chosen answer into the text, at the cursor.
fn insert(model: &mut Model, now: DateTime<Utc>) {
    let Some(Overlay::Form(form)) = &model.overlay else { return };
    let Some(picker) = &form.picker else { return };
    let chosen = canned(model, form, &picker.text()).get(picker.at).map(|text| text.text.clone());
    let text = chosen.map(|text| text.filled(|place| value(model, &form.base, place, now)));
    let Some(Overlay::Form(form)) = &mut model.overlay else { return };
    form.picker = None;
    if let (Some(text), Some(field)) = (text, form.focused()) {
        field.pasted(&text);
        if let Some(gap) = gap_in(&field.written()) {
            field.error = Some(format!("write {} for {}", gap.label(), gap.gap()).into());
        }
        form.touched(now);
    }
}

/// Opens the macros on the case under the cursor; `name`: on that one.
pub fn open_macros(model: &mut Model, name: Option<&str>, now: DateTime<Utc>) {
    let Some(case) = model.queue.selected().map(|case| case.id.clone()) else {
        return refuse(model, "No case is selected.", now);
    };
    let at = name.and_then(|name| model.canned.macros.iter().position(|m| m.name == name));
    model.toast = None;
    let picker = Picker { at: at.unwrap_or(0), ..Picker::default() };
    model.overlay = Some(Overlay::Macros { case, picker: Box::new(picker) });
}

/// One step of a macro on a case, after those before it.
pub struct Planned {
    pub act: Act,
    /// Why it would be refused then, or what of it is missing.
    pub refusal: Option<String>,
    pub changes: Vec<Change>,
}

/// What a macro would do to a case, step by step; each on the case as the steps before leave it.
pub fn plan(model: &Model, case: &Case, of: &Macro, now: DateTime<Utc>) -> Vec<Planned> {
    let mut standing = Standing::from(case);
    let me = model.desks.of(&case.id).me.as_ref();
    let value = |place| value(model, case, place, now);
    of.steps
        .iter()
        .filter_map(|step| {
            let act = step.action(standing.tier, value)?;
            let mut planned = Planned { act, refusal: None, changes: Vec::new() };
            let Some(me) = me else {
                planned.refusal = Some("The desk has not said yet who you are.".to_owned());
                return Some(planned);
            };
            planned.refusal = gap(&planned.act);
            match rules::decide(&me.actor, &standing, &planned.act) {
                Ok(changes) => {
                    for change in &changes {
                        standing.apply(change);
                    }
                    planned.changes = changes;
                }
                Err(refusal) => planned.refusal = Some(refusal.to_string()),
            }
            Some(planned)
        })
        .collect()
}

/// What of an act's words is still a gap.
fn gap(act: &Act) -> Option<String> {
    let fields = form::fields_of(act).unwrap_or_default();
    let mut texts = fields.iter().filter_map(|field| match &field.value {
        form::Value::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let gap = texts.find_map(gap_in)?;
    Some(format!("{} is not known, for {}; do this step by its own form.", gap.label(), gap.gap()))
}

/// Why a macro cannot be run on a case; None: it can.
pub fn refusal(model: &Model, case: &CaseId, planned: &[Planned]) -> Option<String> {
    if let Some(flight) = model.acts.flights().find(|f| f.case == case && f.waits_for_me()) {
        let key = words::key(model, Action::Outbox);
        return Some(format!("{} waits for your answer first: {key}", flight.kind().verb()));
    }
    let first = planned.iter().position(|step| step.refusal.is_some())?;
    let step = &planned[first];
    let why = step.refusal.as_deref().unwrap_or_default();
    Some(format!("Step {}, {}: {why}", first + 1, step.act.kind().verb()))
}

/// Orders the steps of the chosen macro, one act each, if none of them would be refused.
fn run(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(Overlay::Macros { case: id, picker }) = &model.overlay else { return };
    let (id, at, search) = (id.clone(), picker.at, picker.text());
    let Some(chosen) = macros(model, &search).get(at).map(|chosen| (*chosen).clone()) else {
        return;
    };
    let Some(case) = model.queue.case(&id).cloned() else {
        model.overlay = None;
        return refuse(model, format!("{id} has left the list meanwhile"), now);
    };
    let planned = plan(model, &case, &chosen, now);
    // The preview says why; the picker stays, so that another can be chosen.
    if refusal(model, &id, &planned).is_some() {
        return;
    }
    model.overlay = None;
    let count = planned.len();
    for step in planned {
        let revision = form::bound(step.act.kind()).then_some(case.revision);
        let ordered = Ordered {
            case: id.clone(),
            base: Some(Box::new(case.clone())),
            revision,
            action: step.act,
            replaces: None,
            draft: None,
            form: None,
        };
        model.acts.order(ordered, effects);
    }
    let steps = words::counted(count, "act", "acts");
    let title = Untrusted::new(chosen.title.clone()).cell(60);
    model.say(format!("{title} on {id}: {steps} ordered"), Tone::Plain, now);
}

/// What an act is in a list of steps: "close as explanation".
pub fn named(act: &Act) -> String {
    match act {
        Act::Close { resolution, .. } => format!("close as {}", resolution.label()),
        Act::SetSeverity { severity, .. } => format!("set the severity to {severity}"),
        Act::Escalate { to, .. } => format!("escalate to {to}"),
        Act::Assign { assignee } => format!("assign to {assignee}"),
        Act::LogPhoneCall { with, .. } => {
            format!("log a phone call with {}", Untrusted::new(with.clone()).cell(40))
        }
        Act::RequestInfo { items, .. } if !items.is_empty() => {
            let items: Vec<&str> = items.iter().map(|item| item.label()).collect();
            format!("ask for {}", items.join(", "))
        }
        act => act.kind().word().replace('_', " "),
    }
}
