//! An act on several cases: its question, what its form says of them, its report.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Wake, hints};
use crate::app::acts::HOLD;
use crate::app::bulk::{Plan, Run, Stand, is_dangerous, stands, summary};
use crate::app::form::{Form, mails};
use crate::app::model::Model;
use crate::app::view::{BulkCase, BulkView, Hint, Line, ReportRow, ReportView, Span, Tone};
use crate::app::words;
use crate::domain::rules::{self, Standing};
use crate::domain::{Case, CaseId, Untrusted};
use crate::input::{Action, Context};
use crate::sla::preview;

/// What the form that skips a case does.
pub const SKIPS: &str = "It becomes an internal note, and the case is released; the next-case mode does not offer \
                         it again while this screen is open.";
/// Cases that the preview of a form names; the report names all.
const NAMED: usize = 12;
/// Different things that are said to happen to the clocks.
const EFFECTS: usize = 6;
/// Columns of a sentence, and of a customer's name in one.
const SENTENCE: usize = 300;
const NAME: usize = 30;

pub fn question(model: &Model, plan: &Plan) -> BulkView {
    let (ready, refused) = (plan.ready.len(), plan.refused.len());
    let title = match refused {
        0 => format!("{}?", words::of_cases(plan.kind, ready)),
        _ => {
            format!("{refused} of {} cannot be {}", ready + refused, words::participle(plan.kind))
        }
    };
    let question = match (refused, ready) {
        (0, _) => String::new(),
        (_, 1) => format!("{} the other one?", words::go_on(plan.kind)),
        (_, _) => format!("{} the other {ready}?", words::go_on(plan.kind)),
    };
    let named = |(id, why): &(CaseId, String)| {
        Untrusted::new(format!("{}: {why}", model.desks.named_case(id)))
    };
    BulkView {
        title,
        refused: plan.refused.iter().map(named).collect(),
        question,
        cases: plan
            .ready
            .iter()
            .map(|case| BulkCase {
                case: model.desks.named_case(&case.id),
                about: is_dangerous(plan.kind).then(|| about(case)),
            })
            .collect(),
        hints: hints(model, Context::Confirm).map(|(_, hint)| hint).collect(),
    }
}

fn about(case: &Case) -> Untrusted {
    Untrusted::new(format!("{} · {}", case.customer.company.raw(), case.tier))
}

/// Below the title of a form for several cases: whose they are; None: it is for one.
pub fn subtitle(model: &Model, form: &Form) -> Option<Untrusted> {
    if form.others.is_empty() {
        return None;
    }
    let ids: Vec<String> = form.cases().map(|case| model.desks.named_case(&case.id)).collect();
    let mut customers: Vec<&str> = form.cases().map(|case| case.customer.company.raw()).collect();
    customers.sort_unstable();
    customers.dedup();
    let customers = words::counted(customers.len(), "customer", "customers");
    Some(Untrusted::new(format!("{customers} · {}", words::some(&ids, NAMED))))
}

/// What the act is done to and what it does there, as far as it can be told now.
pub fn preview(model: &Model, form: &Form, wake: &Wake) -> Vec<Line> {
    let line = |tone, text: String| vec![Span::new(tone, Untrusted::new(text).cell(SENTENCE))];
    let mut lines = Vec::new();
    for case in form.cases() {
        let current = model.queue.case(&case.id);
        let id = &case.id;
        match current {
            None => lines.push(line(Tone::Error, format!("{id} left the list meanwhile."))),
            Some(current) if current.revision > case.revision => {
                let what = words::changes(case, current);
                lines
                    .push(line(Tone::Error, format!("{id} changed since you opened this: {what}")));
            }
            Some(_) => {}
        }
    }
    if is_dangerous(form.kind) {
        let named: Vec<String> = form
            .cases()
            .map(|case| {
                let customer = case.customer.company.cell(NAME);
                format!("{} {customer}, {}", model.desks.named_case(&case.id), case.tier)
            })
            .collect();
        let more = named.len().saturating_sub(NAMED);
        lines.extend(named.into_iter().take(NAMED).map(|text| line(Tone::Strong, text)));
        if more > 0 {
            lines.push(line(Tone::Strong, format!("and {more} more")));
        }
    }
    lines.extend(foreseen(model, form, wake).into_iter().map(|(tone, text)| line(tone, text)));
    if mails(form.kind) {
        let undo = words::key(model, Action::Undo);
        let (cases, seconds) = (form.others.len() + 1, HOLD.num_seconds());
        lines.push(line(
            Tone::Plain,
            format!(
                "{cases} letters, held for {seconds} s, in which {undo} undoes all; then mailed."
            ),
        ));
    }
    lines
}

/// What the act does to the clocks, counted: "2 cases: 1st level: met with 2bd left". What is not known whole is
/// not told.
fn foreseen(model: &Model, form: &Form, wake: &Wake) -> Vec<(Tone, String)> {
    let Some(action) = form.supposed() else { return Vec::new() };
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let mut unknown = 0;
    for case in form.cases() {
        let desk = model.desks.of(&case.id);
        let now = desk.time(wake.now);
        let Some(me) = &desk.me else { continue };
        if let Err(refusal) = rules::decide(&me.actor, &Standing::from(case), &action) {
            if !matches!(refusal, rules::Refusal::Invalid { .. }) {
                *refused.entry(refusal.to_string()).or_default() += 1;
            }
            continue;
        }
        let detail = model.details.get(&case.id).filter(|d| d.case.revision == case.revision);
        let Some(detail) = detail else {
            unknown += 1;
            continue;
        };
        if let Ok(preview) = preview::preview(&me.actor, detail, &action, now, &desk.policy) {
            for sentence in preview.sentences(&detail.case, &desk.policy) {
                *said.entry(sentence).or_default() += 1;
            }
        }
    }
    let told = |(text, count): (String, usize), tone, head: &str| {
        (tone, format!("{}: {head}{text}", words::counted(count, "case", "cases")))
    };
    let mut lines: Vec<(Tone, String)> =
        refused.into_iter().map(|r| told(r, Tone::Error, "would be refused: ")).collect();
    let more = said.len().saturating_sub(EFFECTS);
    let has_said = !said.is_empty();
    lines.extend(said.into_iter().take(EFFECTS).map(|s| told(s, Tone::Plain, "")));
    if more > 0 {
        lines.push((Tone::Dim, format!("and {more} other changes to clocks")));
    }
    if unknown > 0 && has_said {
        let cases = words::counted(unknown, "case", "cases");
        lines.push((Tone::Dim, format!("{cases}: not read yet, so that it is not told")));
    }
    lines
}

pub fn report(
    model: &Model,
    on: Option<&CaseId>,
    at: usize,
    wake: &mut Wake,
) -> Option<ReportView> {
    let run = model.bulk.as_ref()?;
    let stands = stands(model, run, wake.now);
    let mut told: Vec<Option<Untrusted>> = Vec::new();
    let mut rows = Vec::new();
    for (item, stand) in run.items.iter().zip(&stands) {
        let (state, tone, why) = state(model, &item.case, stand, wake);
        told.push(why);
        rows.push(row(model, &item.case, item.customer.clone(), state, tone));
    }
    for (case, why) in &run.left_out {
        let known = model.queue.case(case).map(|case| case.customer.company.clone());
        let customer = known.unwrap_or_else(|| "".into());
        told.push(Some(Untrusted::from(why.as_str())));
        rows.push(row(model, case, customer, "left out".to_owned(), Tone::Dim));
    }
    let place = on.and_then(|on| rows.iter().position(|row| row.case == *on));
    let at = place.unwrap_or(at.min(rows.len().saturating_sub(1)));
    let all_done = stands.iter().all(|stand| *stand == Stand::Done);
    let failed = stands.iter().any(|s| matches!(s, Stand::Failed(_) | Stand::Asked(_)));
    Some(ReportView {
        title: words::of_cases(run.kind, run.items.len()),
        summary: summary(&stands),
        tone: match (all_done, failed) {
            (true, _) => Tone::Good,
            (_, true) => Tone::Error,
            _ => Tone::Strong,
        },
        told: told.get(at).cloned().flatten(),
        rows,
        at,
        hints: report_hints(model, run),
    })
}

/// What is over has nothing to be taken back.
fn report_hints(model: &Model, run: &Run) -> Vec<Hint> {
    hints(model, Context::Report)
        .filter(|(action, _)| !(run.is_over() && *action == Action::LeaveReport))
        .map(|(action, mut hint)| {
            if run.is_over() && action == Action::TakeBack {
                "close".clone_into(&mut hint.label);
            }
            hint
        })
        .collect()
}

fn row(model: &Model, case: &CaseId, customer: Untrusted, state: String, tone: Tone) -> ReportRow {
    let desk = model.desks.name_of(case).unwrap_or_default().to_owned();
    ReportRow { case: case.clone(), desk, customer, state, tone }
}

/// How far a case has come: in a word, with what look, and what there is to say of it.
fn state(
    model: &Model,
    case: &CaseId,
    stand: &Stand,
    wake: &mut Wake,
) -> (String, Tone, Option<Untrusted>) {
    let said = |text: &str, tone| (text.to_owned(), tone, None);
    match stand {
        Stand::Saving => said("saving", Tone::Plain),
        Stand::Held(until) => {
            let desk = model.desks.of(case);
            match wake.at(desk, |wake| wake.countdown(*until, TimeDelta::seconds(1))) {
                0 => said("sending", Tone::Plain),
                seconds => said(&format!("held {seconds} s"), Tone::Strong),
            }
        }
        Stand::Undoing => said("being taken back", Tone::Plain),
        Stand::Waits => said("waits its turn", Tone::Plain),
        Stand::Down => said("kept, not sent", Tone::Strong),
        Stand::Sending => said("sending", Tone::Plain),
        Stand::Done => said("done", Tone::Good),
        Stand::TakenBack => said("taken back", Tone::Dim),
        Stand::Elsewhere => said("given up elsewhere", Tone::Dim),
        Stand::Asked(question) => {
            ("asked".to_owned(), Tone::Error, Some(Untrusted::from(question.as_str())))
        }
        Stand::Failed(why) => ("failed".to_owned(), Tone::Error, Some(why.clone())),
    }
}
