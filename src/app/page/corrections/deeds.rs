//! What Product Management does to corrections: the forms, what they foretell, and what is asked of the desk.

use chrono::{DateTime, Utc};

use super::{Key, linked, telling, waiting};
use crate::app::asks::For;
use crate::app::build::Wake;
use crate::app::form::{Choosable, Field};
use crate::app::model::{Model, Overlay};
use crate::app::msg::Effect;
use crate::app::sheet::{About, Sheet};
use crate::app::update::refuse;
use crate::app::view::{Audience, Line, Span, Tone};
use crate::app::words;
use crate::domain::ask::{Answer, Ask, NewCorrection};
use crate::domain::rules::Refusal;
use crate::domain::rules::correction::{self as rules, Change, Standing};
use crate::domain::{
    Amendment, CaseId, CaseState, Correction, CorrectionId, CorrectionStatus, DeskNo, ReleasePlan,
    Untrusted,
};
use crate::input::Action;

const SENTENCE: usize = 300;
/// Customers and cases that a preview names one by one.
const NAMED: usize = 6;
/// The word for no plan at all.
const NO_PLAN: &str = "none";

/// What is done, and to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Plan(Key),
    Status(Key),
    Note(Key),
    Title(Key),
    Link(Key),
    Tell(Key),
    New,
    /// Link this case to a correction that is still to be named.
    LinkCase(CaseId),
}

impl Deed {
    /// The correction that it is done to; None: it is still to be named.
    fn key(&self) -> Option<&Key> {
        match self {
            Self::Plan(key)
            | Self::Status(key)
            | Self::Note(key)
            | Self::Title(key)
            | Self::Link(key)
            | Self::Tell(key) => Some(key),
            Self::New | Self::LinkCase(_) => None,
        }
    }
}

/// Why an action on the page cannot be done now; None: it can.
pub fn refusal(model: &Model, action: Action) -> Option<String> {
    let may = |desk: DeskNo| match &model.desks.get(desk).me {
        Some(me) => rules::may_correct(&me.actor).err().map(|refusal| refusal.to_string()),
        None => Some("The desk has not said yet who you are.".to_owned()),
    };
    match action {
        Action::CorrectionNew => {
            let refusals: Vec<Option<String>> =
                model.desks.iter().map(|desk| may(desk.no)).collect();
            if refusals.contains(&None) { None } else { refusals.into_iter().flatten().next() }
        }
        Action::CorrectionPlan
        | Action::CorrectionStatus
        | Action::CorrectionTell
        | Action::CorrectionNote
        | Action::CorrectionTitle
        | Action::CorrectionLink => match model.outline.selected() {
            Some(((desk, _), _)) => may(*desk),
            None => may(DeskNo::FIRST).or_else(|| Some("No correction is selected.".to_owned())),
        },
        _ => None,
    }
}

fn plan_field(label: &'static str, chosen: Option<ReleasePlan>) -> Field {
    let plans = ReleasePlan::ALL.iter().map(|plan| Choosable::new(plan.word(), plan.label()));
    let none = Choosable::new(NO_PLAN, "not planned");
    Field::choice("release_plan", label, plans.chain([none]))
        .on(chosen.map_or(NO_PLAN, ReleasePlan::word))
}

fn status_field(chosen: CorrectionStatus) -> Field {
    let all = CorrectionStatus::ALL.iter();
    let all = all.map(|status| Choosable::new(status.word(), status.label()));
    Field::choice("status", "Status", all).on(chosen.word())
}

fn reason() -> Field {
    Field::text("reason", "Reason, for colleagues").optional()
}

fn filled(name: &'static str, field: Field, text: Option<&Untrusted>) -> Sheet {
    let mut sheet = Sheet::new(About::Correction(Deed::New));
    sheet.fields.push(field);
    if let Some(text) = text {
        sheet.set(name, text.raw());
    }
    sheet
}

/// A key asked for something to be done.
pub fn begin(model: &mut Model, action: Action, now: DateTime<Utc>) {
    if let Some(sentence) = refusal(model, action) {
        return refuse(model, Untrusted::new(sentence).cell(SENTENCE), now);
    }
    if action == Action::CorrectionNew {
        return open_new(model);
    }
    let Some((key, correction)) = model.outline.selected() else { return };
    let (key, correction) = (key.clone(), correction.clone());
    if action == Action::CorrectionTell && telling::shows(model, &key) {
        return;
    }
    let id = named(model, &key);
    let (deed, title, mut sheet) = match action {
        Action::CorrectionPlan => {
            let mut sheet = Sheet::new(About::Correction(Deed::New));
            sheet.fields = vec![plan_field("Release plan", correction.release_plan), reason()];
            (Deed::Plan(key.clone()), format!("Release plan of {id}"), sheet)
        }
        Action::CorrectionStatus => {
            let mut sheet = Sheet::new(About::Correction(Deed::New));
            sheet.fields = vec![status_field(correction.status), reason()];
            (Deed::Status(key.clone()), format!("Status of {id}"), sheet)
        }
        Action::CorrectionNote => {
            let field = Field::text("note", "Note; empty takes it away").optional();
            let sheet = filled("note", field, correction.note.as_ref());
            (Deed::Note(key.clone()), format!("Note of {id}"), sheet)
        }
        Action::CorrectionTitle => {
            let sheet = filled("title", Field::line("title", "Title"), Some(&correction.title));
            (Deed::Title(key.clone()), format!("Title of {id}"), sheet)
        }
        Action::CorrectionLink => {
            let field = Field::line("cases", "Cases, by id");
            (Deed::Link(key.clone()), format!("Link cases to {id}"), filled("cases", field, None))
        }
        Action::CorrectionTell => {
            let field = Field::text("text", "What they are told");
            let text = telling::proposed(&correction).into();
            let mut sheet = filled("text", field, Some(&text));
            sheet.audience = Some(Audience::Customer);
            (Deed::Tell(key.clone()), format!("Tell the customers of {id}"), sheet)
        }
        _ => return,
    };
    sheet.about = About::Correction(deed);
    sheet.title = title;
    sheet.subtitle = correction.title.clone();
    sheet.seen = Some(Box::new(correction));
    model.open_sheet(sheet);
}

/// A correction as a title names it: its id last, where several desks are with its desk.
fn named(model: &Model, (desk, id): &Key) -> String {
    if model.desks.are_several() {
        format!("{}: {id}", model.desks.get(*desk).name)
    } else {
        id.to_string()
    }
}

fn open_new(model: &mut Model) {
    let mut sheet = Sheet::new(About::Correction(Deed::New));
    "New correction".clone_into(&mut sheet.title);
    sheet.fields = vec![
        Field::line("title", "What is wrong, in one line"),
        plan_field("Release plan", None),
        status_field(CorrectionStatus::Confirmed),
        Field::text("note", "Note for the outline").optional(),
    ];
    if model.desks.are_several() {
        let desks = model.desks.iter().map(|desk| Choosable::new(&*desk.name, &*desk.name));
        sheet.fields.insert(0, Field::choice("desk", "Desk", desks));
    }
    model.open_sheet(sheet);
}

/// Why the selected case cannot be linked to a correction; None: it can.
pub fn link_refusal(model: &Model, case: &CaseId) -> Option<String> {
    let Some(me) = &model.desks.of(case).me else {
        return Some("The desk has not said yet who you are.".to_owned());
    };
    rules::may_correct(&me.actor).err().map(|refusal| refusal.to_string())
}

/// From the desk: the case under the cursor is to be linked.
pub fn link_selected(model: &mut Model, now: DateTime<Utc>) {
    let Some(case) = model.case().cloned() else {
        return refuse(model, "No case is selected.", now);
    };
    if let Some(sentence) = link_refusal(model, &case.id) {
        return refuse(model, Untrusted::new(sentence).cell(SENTENCE), now);
    }
    let mut sheet = Sheet::new(About::Correction(Deed::LinkCase(case.id.clone())));
    sheet.title = format!("Link to a correction: {}", model.desks.named_case(&case.id));
    sheet.subtitle = case.subject.clone();
    sheet.fields = vec![Field::line("correction", "Correction, by id")];
    if let Some(before) = &case.correction {
        sheet.set("correction", before.as_str());
    }
    model.open_sheet(sheet);
}

/// The ids of a line, however they are separated.
fn ids(line: &str) -> Vec<String> {
    let parts = line.split(|c: char| c.is_whitespace() || c == ',' || c == ';');
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn amendment(deed: &Deed, sheet: &Sheet) -> Amendment {
    let reason = Some(sheet.text("reason")).filter(|reason| !reason.trim().is_empty());
    match deed {
        Deed::Plan(_) => Amendment {
            release_plan: Some(sheet.chosen("release_plan").and_then(|word| word.parse().ok())),
            reason,
            ..Amendment::default()
        },
        Deed::Status(_) => Amendment {
            status: sheet.chosen("status").and_then(|word| word.parse().ok()),
            reason,
            ..Amendment::default()
        },
        Deed::Note(_) => Amendment {
            note: Some(Some(sheet.text("note")).filter(|note| !note.trim().is_empty())),
            ..Amendment::default()
        },
        Deed::Title(_) => {
            Amendment { title: Some(sheet.text("title").trim().to_owned()), ..Amendment::default() }
        }
        _ => Amendment::default(),
    }
}

/// What the rules know of it here: the worst severity is that of the open cases that I see.
fn standing(model: &Model, key: &Key, correction: &Correction) -> Standing {
    Standing {
        title: correction.title.raw().to_owned(),
        release_plan: correction.release_plan,
        status: correction.status,
        note: correction.note.as_ref().map(|note| note.raw().to_owned()),
        worst: waiting(model, key).worst,
    }
}

/// The form is to be sent.
pub fn send(model: &mut Model, mut sheet: Sheet, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let About::Correction(deed) = sheet.about.clone() else { return };
    let asked = match &deed {
        Deed::Plan(key) | Deed::Status(key) | Deed::Note(key) | Deed::Title(key) => {
            let Some(seen) = sheet.seen.clone() else { return };
            let amendment = amendment(&deed, &sheet);
            match rules::amend(&standing(model, key, &seen), &amendment) {
                Ok(changes) if changes.is_empty() => {
                    Err((String::new(), "That is how it is already; nothing was sent.".to_owned()))
                }
                Ok(_) => Ok((
                    key.0,
                    Ask::Amend {
                        id: key.1.clone(),
                        on: Some(seen.revision),
                        amendment: Box::new(amendment),
                    },
                )),
                Err(Refusal::Invalid { field, message }) => Err((field.to_owned(), message)),
                Err(refusal) => Err((String::new(), refusal.to_string())),
            }
        }
        Deed::Link(key) => {
            let cases = ids(&sheet.text("cases"));
            let cases = cases.into_iter().map(|id| CaseId::new(id).at_desk(key.0)).collect();
            Ok((key.0, Ask::Link { id: key.1.clone(), cases }))
        }
        Deed::LinkCase(case) => {
            let id = CorrectionId::new(sheet.given("correction").unwrap_or_default());
            Ok((case.desk(), Ask::Link { id, cases: vec![case.clone()] }))
        }
        Deed::New => new_correction(model, &sheet),
        Deed::Tell(key) => return telling::begin(model, key, sheet, now, effects),
    };
    match asked {
        Ok((desk, ask)) => sheet.asked = Some(model.asks.ask(desk, For::Sheet, ask, effects)),
        Err((field, message)) if field.is_empty() => sheet.error = Some(message.into()),
        Err((field, message)) => sheet.mark(&field, &message.into()),
    }
    model.overlay = Some(Overlay::Sheet(Box::new(sheet)));
}

fn new_correction(model: &Model, sheet: &Sheet) -> Result<(DeskNo, Ask), (String, String)> {
    let desk = sheet.chosen("desk");
    let desk = model.desks.iter().find(|one| Some(one.name.as_str()) == desk);
    let desk = desk.map_or(DeskNo::FIRST, |desk| desk.no);
    if let Some(me) = &model.desks.get(desk).me
        && let Err(refusal) = rules::may_correct(&me.actor)
    {
        return Err(("desk".to_owned(), refusal.to_string()));
    }
    let title = sheet.text("title").trim().to_owned();
    if let Err(Refusal::Invalid { field, message }) = rules::title(&title) {
        return Err((field.to_owned(), message));
    }
    let note = Some(sheet.text("note")).filter(|note| !note.trim().is_empty());
    Ok((
        desk,
        Ask::OpenCorrection(NewCorrection {
            title,
            release_plan: sheet.chosen("release_plan").and_then(|word| word.parse().ok()),
            status: sheet.chosen("status").and_then(|word| word.parse().ok()),
            note,
        }),
    ))
}

/// The desk has done it.
pub fn done(
    model: &mut Model,
    deed: &Deed,
    answer: &Answer,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Answer::Changed(correction) = answer else { return };
    let desk = match deed {
        Deed::LinkCase(case) => case.desk(),
        deed => deed.key().map_or(DeskNo::FIRST, |key| key.0),
    };
    let id = correction.id.clone();
    let said = match deed {
        Deed::Plan(_) => format!("{id}: {}", plan(correction.release_plan)),
        Deed::Status(_) => format!("{id}: {}", correction.status),
        Deed::Note(_) => format!("{id}: the note is set"),
        Deed::Title(_) => format!("{id}: the title is set"),
        Deed::Link(_) => {
            format!("{id}: {}", words::counted(cases(correction), "case linked", "cases linked"))
        }
        Deed::LinkCase(case) => format!("{case} is linked to {id}"),
        Deed::New => format!("{id} is opened"),
        Deed::Tell(_) => return,
    };
    let said = match deed {
        Deed::Plan(_) | Deed::Status(_) => format!("{said}; the desk tells the customers"),
        _ => said,
    };
    // Which desk opened a new one is told by its list alone.
    if !matches!(deed, Deed::New) || !model.desks.are_several() {
        model.outline.learn(desk, (**correction).clone());
        model.outline.whole.remove(&(desk, id.clone()));
        if matches!(deed, Deed::New) {
            model.outline.on = Some(super::Line::One((desk, id)));
        }
    }
    if matches!(model.page, super::Page::Corrections) {
        super::ask_all(model, now, effects);
    }
    model.say(said, Tone::Good, now);
}

fn cases(correction: &Correction) -> usize {
    usize::try_from(correction.cases).unwrap_or(usize::MAX)
}

/// As the customers are told it.
const fn plan(plan: Option<ReleasePlan>) -> &'static str {
    match plan {
        Some(ReleasePlan::HotFix) => "planned as hot fix",
        Some(ReleasePlan::NextRelease) => "planned for the next release",
        Some(ReleasePlan::FutureRelease) => "planned for a future release",
        None => "not planned for a release any more",
    }
}

/// The desk has not done it, or it is not known: how the correction is now is asked for.
pub fn failed(model: &mut Model, deed: &Deed, effects: &mut Vec<Effect>) {
    if let Some(key) = deed.key() {
        super::read(model, key.clone(), effects);
    }
}

/// How a correction is has come: a form that came back is bound to it from now on, and says what is different.
pub fn learned(model: &mut Model, key: &Key) {
    let Some(correction) = model.outline.correction(key).cloned() else { return };
    let Some(Overlay::Sheet(sheet)) = &mut model.overlay else { return };
    let about = match &sheet.about {
        About::Correction(deed) => deed.key() == Some(key),
        About::Attach(_) => false,
    };
    // As long as it was not refused the desk says whether it still fits.
    if !about || sheet.error.is_none() {
        return;
    }
    if let Some(seen) = &sheet.seen
        && seen.revision < correction.revision
    {
        sheet.found = differences(seen, &correction);
        sheet.seen = Some(Box::new(correction));
    }
}

fn differences(old: &Correction, new: &Correction) -> Vec<String> {
    let mut said = Vec::new();
    if old.release_plan != new.release_plan {
        said.push(format!("plan {} → {}", label(old.release_plan), label(new.release_plan)));
    }
    if old.status != new.status {
        said.push(format!("status {} → {}", old.status, new.status));
    }
    if old.title != new.title {
        said.push(format!("title now: {}", new.title.cell(SENTENCE)));
    }
    if old.note != new.note {
        let note = new.note.as_ref().map_or_else(|| "none".to_owned(), |n| n.cell(SENTENCE));
        said.push(format!("note now: {note}"));
    }
    if said.is_empty() { vec!["what, cannot be said".to_owned()] } else { said }
}

pub fn label(plan: Option<ReleasePlan>) -> &'static str {
    plan.map_or("not planned", ReleasePlan::label)
}

fn line(tone: Tone, text: impl Into<String>) -> Line {
    vec![Span::new(tone, Untrusted::new(text.into()).cell(SENTENCE * 2))]
}

/// What sending the form will do.
pub fn preview(model: &Model, deed: &Deed, sheet: &Sheet, wake: &mut Wake) -> Vec<Line> {
    let mut lines = Vec::new();
    if !sheet.found.is_empty() {
        lines.push(line(Tone::Error, format!("Changed meanwhile: {}", sheet.found.join("; "))));
    }
    match deed {
        Deed::Plan(key) | Deed::Status(key) => {
            if let Some(seen) = &sheet.seen {
                lines.extend(foretold(model, key, seen, &amendment(deed, sheet)));
            }
        }
        Deed::Note(_) => lines.push(line(
            Tone::Plain,
            "It takes the place of the one before, and stands in the public outline. Nobody is mailed.",
        )),
        Deed::Title(_) => lines.push(line(
            Tone::Plain,
            "The title stands in the public outline. Nobody is mailed.",
        )),
        Deed::New => lines.push(line(
            Tone::Plain,
            "It stands in the public outline at once. Cases are linked afterwards.",
        )),
        Deed::Link(key) => {
            for id in ids(&sheet.text("cases")).into_iter().take(NAMED) {
                lines.push(to_link(model, &CaseId::new(id).at_desk(key.0)));
            }
            lines.push(line(Tone::Plain, LINKING));
        }
        Deed::LinkCase(case) => {
            if let Some(id) = sheet.given("correction") {
                let key = (case.desk(), CorrectionId::new(id));
                if let Some(known) = model.outline.correction(&key) {
                    let known =
                        format!("{}: {}", label(known.release_plan), known.title.cell(SENTENCE));
                    lines.push(line(Tone::Strong, known));
                }
            }
            lines.push(line(Tone::Plain, LINKING));
        }
        Deed::Tell(key) => lines.extend(telling::preview(model, key, wake)),
    }
    lines
}

const LINKING: &str = "All are linked or none; a case must have been at 2nd level, and one that is linked \
                       to another correction is moved. Customers are told of plan and status, not of this.";

fn to_link(model: &Model, id: &CaseId) -> Line {
    match model.queue.case(id) {
        Some(case) => {
            let moved = case.correction.as_ref().map(|from| format!(", now at {from}"));
            let company = case.customer.company.cell(30);
            let subject = case.subject.cell(60);
            line(Tone::Dim, format!("{id}  {company} · {subject}{}", moved.unwrap_or_default()))
        }
        None => line(Tone::Dim, format!("{id}  not among the open cases that you see")),
    }
}

/// Whether it departs from the matrix, and whom the desk tells what.
fn foretold(model: &Model, key: &Key, seen: &Correction, amendment: &Amendment) -> Vec<Line> {
    let standing = standing(model, key, seen);
    let mut lines = Vec::new();
    if let Err(Refusal::Invalid { message, .. }) = rules::amend(&standing, amendment) {
        // The rule's own sentence: what departs, and that a reason is needed.
        lines.push(line(Tone::Error, sentence(&message)));
    } else if let Some(plan) = amendment.release_plan
        && !rules::fits(standing.worst, plan)
    {
        lines.push(line(Tone::Plain, "It departs from the matrix; the reason is kept."));
    }
    let explained = Amendment { reason: Some("…".to_owned()), ..amendment.clone() };
    let changes = rules::amend(&standing, &explained).unwrap_or_default();
    let Some(told) = rules::told(&key.1, &changes) else {
        lines.push(line(Tone::Dim, "As it stands nothing changes, and nobody is told."));
        return lines;
    };
    lines.extend(who_is_told(model, key, &changes));
    lines.push(line(Tone::Customer, format!("“{told}”")));
    lines
}

fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn who_is_told(model: &Model, key: &Key, changes: &[Change]) -> Vec<Line> {
    let mut lines = Vec::new();
    let all = linked(model, key);
    let open: Vec<_> = all.iter().filter_map(|id| model.queue.case(id)).collect();
    let hidden = all.len() - open.len();
    if open.iter().any(|case| rules::is_told(changes, case.state, None)) {
        let customers = waiting(model, key).customers.len();
        let customers = words::counted(customers, "customer", "customers");
        lines.push(line(Tone::Strong, format!("The desk tells {customers}, by mail, too:")));
        lines.extend(customers_named(&open));
    } else if hidden == 0 {
        lines.push(line(Tone::Plain, "No open case is linked: nobody is told. It would be:"));
    }
    if hidden > 0 {
        let many = words::counted(hidden, "more linked case is", "more linked cases are");
        let told = if rules::is_told(changes, CaseState::Closed, None) || rules::is_release(changes)
        {
            "of a release the desk tells those, too, that were closed without a correction"
        } else {
            "if closed, their customers are told of the release alone"
        };
        lines
            .push(line(Tone::Dim, format!("{many} not among the open ones that you see: {told}.")));
    }
    lines
}

/// "Fjord Logistics: C-1, C-2", customer by customer.
pub fn customers_named(cases: &[&crate::domain::Case]) -> Vec<Line> {
    let mut customers: Vec<(String, Vec<String>)> = Vec::new();
    for case in cases {
        let company = case.customer.company.cell(40);
        match customers.iter_mut().find(|(known, _)| *known == company) {
            Some((_, ids)) => ids.push(case.id.to_string()),
            None => customers.push((company, vec![case.id.to_string()])),
        }
    }
    let more = customers.len().saturating_sub(NAMED);
    let named = customers.iter().take(NAMED);
    let mut lines: Vec<Line> = named
        .map(|(company, ids)| line(Tone::Plain, format!("  {company}: {}", ids.join(", "))))
        .collect();
    if more > 0 {
        lines.push(line(Tone::Plain, format!("  and {more} more")));
    }
    lines
}
