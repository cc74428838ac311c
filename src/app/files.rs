//! The files of one case over the desk: what it has, brought one by one or all; and the way to attach some.

use chrono::{DateTime, Utc};

use super::asks::For;
use super::form::Field;
use super::model::{Model, Overlay};
use super::msg::Effect;
use super::paths;
use super::sheet::{About, Sheet};
use super::size;
use super::transfers;
use super::update::refuse;
use super::view::{Audience, Line, Listing, ListingRow, Span, Tone};
use super::zone;
use crate::domain::ask::{Answer, Ask, LocalFile};
use crate::domain::rules::{self, Standing};
use crate::domain::{Attachment, CaseId, Untrusted, Visibility};
use crate::input::{Action, Context};

const NAME: usize = 60;
/// How many names that a path can become are shown.
const SHOWN: usize = 12;

/// Opens the list of the selected case's files.
pub fn open(model: &mut Model, now: DateTime<Utc>) {
    let Some(case) = model.case().map(|case| case.id.clone()) else {
        return refuse(model, "No case is selected.", now);
    };
    model.toast = None;
    model.overlay = Some(Overlay::Files { case, at: 0 });
}

fn files<'a>(model: &'a Model, case: &CaseId) -> &'a [Attachment] {
    model.details.get(case).map_or(&[], |detail| &detail.attachments)
}

pub fn press(
    model: &mut Model,
    action: Option<Action>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(Overlay::Files { case, at }) = &model.overlay else { return };
    let (case, at) = (case.clone(), *at);
    let all = files(model, &case).to_vec();
    let chosen = match action {
        Some(Action::CloseFiles) => return model.overlay = None,
        Some(Action::NextFile) => {
            let at = (at + 1).min(all.len().saturating_sub(1));
            return model.overlay = Some(Overlay::Files { case, at });
        }
        Some(Action::PrevFile) => {
            return model.overlay = Some(Overlay::Files { case, at: at.saturating_sub(1) });
        }
        Some(Action::BringFile) => all.get(at).into_iter().collect::<Vec<_>>(),
        Some(Action::BringAll) => all.iter().collect(),
        Some(Action::AttachHere) => return attach_to(model, &case, now),
        _ => return,
    };
    if chosen.is_empty() {
        return refuse(model, format!("{case} has no files that could be brought."), now);
    }
    for file in chosen {
        transfers::download(model, &case, file, effects);
    }
    model.overlay = None;
}

pub fn view(model: &Model, case: &CaseId, at: usize) -> Listing {
    let known = model.details.get(case);
    let policy = &model.desks.of(case).policy;
    let calendar =
        known.map_or("", |detail| policy.calendar_id(detail.case.tier, &detail.case.partner.id));
    let of = files(model, case);
    let rows = of.iter().map(|file| ListingRow {
        cells: vec![
            (file.id.clone(), Tone::Dim),
            (file.name.cell(NAME), Tone::Plain),
            (size::text(file.size), Tone::Plain),
            (
                if file.visibility == Visibility::Customer { "customer" } else { "internal" }
                    .to_owned(),
                if file.visibility == Visibility::Customer {
                    Tone::Customer
                } else {
                    Tone::Internal
                },
            ),
            (zone::stamp(policy, calendar, file.at), Tone::Dim),
            (file.by.cell(20), Tone::Dim),
        ],
        permille: None,
        is_head: false,
    });
    let empty = match (known, model.details.failure(case)) {
        (Some(_), _) => format!("{} has no files.", model.desks.named_case(case)),
        (None, Some(why)) => why.cell(300),
        (None, None) => "The case is being read …".to_owned(),
    };
    let to = if model.downloads.as_os_str().is_empty() {
        "the folder for downloads of this machine".to_owned()
    } else {
        crate::domain::text::safe_line(&model.downloads.to_string_lossy(), 200)
    };
    let told = of.get(at).map(|_| {
        let case = case.to_string();
        let told = format!("They go to {to}, in a folder {case}; nothing there is overwritten.");
        (Tone::Dim, Untrusted::new(told))
    });
    Listing {
        title: format!("Files of {}", model.desks.named_case(case)),
        rows: rows.collect(),
        grows: 1,
        at: at.min(of.len().saturating_sub(1)),
        told: told.into_iter().collect(),
        empty: vec![empty],
        hints: super::build::hints_of(model, Context::Files),
    }
}

/// Opens the form that attaches files to the selected case.
pub fn attach(model: &mut Model, now: DateTime<Utc>) {
    match model.case().map(|case| case.id.clone()) {
        Some(case) => attach_to(model, &case, now),
        None => refuse(model, "No case is selected.", now),
    }
}

/// Why nothing can be attached to a case; None: something can.
pub fn refusal(model: &Model, case: &CaseId) -> Option<String> {
    let Some(me) = &model.desks.of(case).me else {
        return Some("The desk has not said yet who you are.".to_owned());
    };
    let shown = model.case().filter(|shown| shown.id == *case);
    let case = shown.or_else(|| model.queue.case(case))?;
    rules::may_attach(&me.actor, &Standing::from(case)).err().map(|refusal| refusal.to_string())
}

fn attach_to(model: &mut Model, case: &CaseId, now: DateTime<Utc>) {
    if let Some(sentence) = refusal(model, case) {
        let sentence = Untrusted::new(sentence).cell(300);
        return refuse(model, format!("{case}: {sentence}"), now);
    }
    let shown = model.case().filter(|shown| shown.id == *case);
    let company = shown.map(|case| case.customer.company.clone());
    model.open_sheet(Sheet {
        title: format!("Attach files to {}", model.desks.named_case(case)),
        subtitle: company.unwrap_or_default(),
        audience: Some(Audience::Internal),
        fields: vec![Field::line("file", "Files of this machine; quotes around names with blanks")],
        ..Sheet::new(About::Attach(case.clone()))
    });
}

/// What the form says below its field.
pub fn attach_preview(sheet: &Sheet) -> Vec<Line> {
    let plain = |text: String| vec![Span::new(Tone::Dim, text)];
    if sheet.found.is_empty() {
        return vec![plain(
            "Tab completes a name. ~ is your home folder. A file can be dropped here.".to_owned(),
        )];
    }
    let mut lines: Vec<Line> = sheet
        .found
        .iter()
        .take(SHOWN)
        .map(|name| plain(crate::domain::text::safe_line(name, 200)))
        .collect();
    if sheet.found.len() > SHOWN {
        lines.push(plain(format!("and {} more", sheet.found.len() - SHOWN)));
    }
    lines
}

/// Asks what the path at the end of the line can become.
pub fn complete(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Overlay::Sheet(sheet)) = &mut model.overlay else { return };
    let About::Attach(case) = &sheet.about else { return };
    let (_, last) = paths::last(&sheet.text("file"));
    sheet.completing = Some(model.asks.ask(case.desk(), For::Sheet, Ask::Complete(last), effects));
}

/// Puts in what all of the names have in common.
pub fn completed(sheet: &mut Sheet, names: Vec<String>) {
    let (before, last) = paths::last(&sheet.text("file"));
    let common = paths::common(&names).unwrap_or_else(|| last.clone());
    if common.len() > last.len() && common.starts_with(&last) {
        let only = names.len() == 1 && !common.ends_with('/');
        let end = if only { " " } else { "" };
        let text = format!("{before}{}{end}", paths::quoted(&common, only));
        sheet.set("file", &text);
    }
    sheet.found = if names.len() > 1 { names } else { Vec::new() };
}

/// The files are looked at before any is sent.
pub fn send(model: &mut Model, mut sheet: Sheet, effects: &mut Vec<Effect>) {
    let About::Attach(case) = sheet.about.clone() else { return };
    let paths = paths::candidates(&sheet.text("file"));
    sheet.asked = Some(model.asks.ask(case.desk(), For::Sheet, Ask::LookAt(paths), effects));
    model.overlay = Some(Overlay::Sheet(Box::new(sheet)));
}

/// They were looked at: all go, or none and it is said which are wrong. Answers the form where it stays.
pub fn looked_at(
    model: &mut Model,
    case: &CaseId,
    mut sheet: Sheet,
    answer: Answer,
    effects: &mut Vec<Effect>,
) -> Option<Sheet> {
    let Answer::LookedAt(looked) = answer else { return Some(sheet) };
    let typed = paths::candidates(&sheet.text("file"));
    let mut looked: Vec<(String, Result<LocalFile, String>)> =
        typed.into_iter().zip(looked).collect();
    // The whole line comes first: it may be one name with blanks in it.
    if looked.len() > 1 {
        let whole = looked.remove(0);
        if whole.1.is_ok() {
            looked = vec![whole];
        }
    }
    let wrong: Vec<String> = looked
        .iter()
        .filter_map(|(typed, file)| Some(format!("{typed}: {}", file.as_ref().err()?)))
        .collect();
    if !wrong.is_empty() {
        let sentence: Untrusted = wrong.join("; ").into();
        sheet.mark("file", &sentence);
        return Some(sheet);
    }
    for file in looked.into_iter().filter_map(|(_, file)| file.ok()) {
        transfers::upload(model, case, file, effects);
    }
    None
}
