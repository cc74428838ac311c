//! What the tabs of earlier cases and of the correction ask the desk for: only when one of them is shown and the
//! cursor has rested, once a case.

use std::collections::VecDeque;

use super::Tab;
use crate::app::asks::For;
use crate::app::model::Model;
use crate::app::msg::{AskId, Effect};
use crate::app::page::Page;
use crate::domain::ask::{Answer, Ask, Unanswered};
use crate::domain::{Case, CaseDetail, CaseId, CorrectionDetail, CorrectionId, DeskNo, Untrusted};

/// Of how many cases the answers are kept.
const KEPT: usize = 32;
/// Cases of each list.
const LISTED: usize = 20;
/// How many of them are read whole for the sake of how they ended.
const READ: usize = 4;
/// Words of a subject that make a case similar.
const WORDS: usize = 2;
/// Shorter words tell nothing.
const SHORTEST: usize = 4;
/// Nor do these, which stand in every other subject.
const COMMON: &[&str] = &[
    "after", "again", "also", "another", "because", "been", "before", "being", "cannot", "could",
    "does", "doesn", "during", "error", "every", "fails", "failed", "from", "have", "into",
    "issue", "longer", "more", "only", "other", "over", "problem", "since", "some", "still",
    "than", "that", "their", "there", "they", "this", "under", "very", "were", "what", "when",
    "where", "which", "while", "will", "with", "without", "work", "works", "would",
];

/// One question and what came of it.
#[derive(Debug)]
pub enum Asked<T> {
    Asking(AskId),
    Failed(Untrusted),
    Here(T),
}

impl<T> Asked<T> {
    fn is(&self, id: AskId) -> bool {
        matches!(self, Self::Asking(asked) if *asked == id)
    }
}

/// The other cases that a case reminds of.
#[derive(Debug)]
pub struct Others {
    /// The customer's, newest first; None: the company is not named.
    pub customers: Option<Asked<Vec<Case>>>,
    /// The words that make the others similar; none: the subject says nothing.
    pub words: String,
    pub similar: Option<Asked<Vec<Case>>>,
}

impl Others {
    /// Whether nothing is waited for.
    pub fn is_here(&self) -> bool {
        let lists = [&self.customers, &self.similar];
        lists.into_iter().flatten().all(|list| matches!(list, Asked::Here(_)))
    }
}

#[derive(Debug, Default)]
pub struct Answers {
    others: VecDeque<(CaseId, Others)>,
    corrections: VecDeque<((DeskNo, CorrectionId), Asked<CorrectionDetail>)>,
    /// How often something has come.
    count: u64,
}

impl Answers {
    pub fn answers(&self) -> u64 {
        self.count
    }

    /// A whole case has come, which may be one of a list.
    pub fn case_came(&mut self) {
        self.count += 1;
    }

    pub fn others(&self, id: &CaseId) -> Option<&Others> {
        self.others.iter().find(|(of, _)| of == id).map(|(_, others)| others)
    }

    pub fn correction(&self, desk: DeskNo, id: &CorrectionId) -> Option<&Asked<CorrectionDetail>> {
        let found = self.corrections.iter().find(|((at, of), _)| *at == desk && of == id);
        found.map(|(_, correction)| correction)
    }

    /// Everything is asked for again.
    pub fn forget(&mut self) {
        self.others.clear();
        self.corrections.clear();
        self.count += 1;
    }

    fn came(&mut self, id: AskId, answer: Result<Answer, Unanswered>) {
        self.count += 1;
        let mut lists = self.others.iter_mut().flat_map(|(case, others)| {
            let lists = others.customers.iter_mut().chain(&mut others.similar);
            lists.map(|list| (case.clone(), list))
        });
        if let Some((case, list)) = lists.find(|(_, list)| list.is(id)) {
            *list = match answer {
                Ok(Answer::Found { mut cases, .. }) => {
                    cases.retain(|other| other.id != case);
                    Asked::Here(cases)
                }
                Ok(_) => Asked::Here(Vec::new()),
                Err(failure) => Asked::Failed(failure.why),
            };
            return;
        }
        if let Some((_, correction)) = self.corrections.iter_mut().find(|(_, asked)| asked.is(id)) {
            *correction = match answer {
                Ok(Answer::Correction(detail)) => Asked::Here(*detail),
                Ok(_) => Asked::Failed("The desk answered something else.".into()),
                Err(failure) => Asked::Failed(failure.why),
            };
        }
    }
}

/// The other cases of a case in the order in which they are shown: the customer's, then those that are only
/// similar.
pub fn listed<'a>(others: &'a Others, case: &Case) -> (Vec<&'a Case>, Vec<&'a Case>) {
    let here = |list: &'a Option<Asked<Vec<Case>>>| match list {
        Some(Asked::Here(cases)) => cases.as_slice(),
        _ => &[],
    };
    let company = |other: &Case| other.customer.company.raw().trim().to_lowercase();
    let theirs = company(case);
    let customers: Vec<&Case> =
        here(&others.customers).iter().filter(|c| company(c) == theirs).take(LISTED).collect();
    let is_named = |other: &&Case| !customers.iter().any(|case| case.id == other.id);
    let similar = here(&others.similar).iter().filter(is_named).take(LISTED).collect();
    (customers, similar)
}

/// The case that the keys are on in the list.
pub fn chosen(model: &Model) -> Option<CaseId> {
    let case = model.case()?;
    let (customers, similar) = listed(model.asked.others(&case.id)?, case);
    customers.into_iter().chain(similar).nth(model.text.at).map(|other| other.id.clone())
}

/// How a case ended, where it is known whole.
pub fn ended<'a>(model: &'a Model, case: &Case) -> Option<&'a CaseDetail> {
    model.details.get(&case.id).filter(|detail| detail.resolution.is_some())
}

/// What makes another case similar: the longest words of the subject that say something.
fn words_of(subject: &str) -> String {
    let words = subject.split(|c: char| !c.is_alphanumeric());
    let mut telling: Vec<(usize, &str)> = words
        .filter(|word| word.chars().count() >= SHORTEST)
        .filter(|word| !COMMON.contains(&word.to_lowercase().as_str()))
        .enumerate()
        .collect();
    telling.sort_by_key(|(at, word)| (std::cmp::Reverse(word.chars().count()), *at));
    telling.truncate(WORDS);
    telling.sort_by_key(|(at, _)| *at);
    telling.into_iter().map(|(_, word)| word).collect::<Vec<_>>().join(" ")
}

/// Asks for what the shown tab lacks.
pub fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    let is_shown = matches!(model.page, Page::Desk) && !model.areas().detail.is_empty();
    // While the cursor moves on nobody reads what it passes.
    if !is_shown || model.rested_at.is_some() {
        return;
    }
    let Some(case) = model.case() else { return };
    let (id, desk) = (case.id.clone(), case.id.desk());
    match model.text.tab {
        Tab::Earlier if model.asked.others(&id).is_none() => {
            let company = case.customer.company.raw().trim().to_owned();
            let words = words_of(case.subject.raw());
            let mut search = |words: &str| {
                let ask = Ask::Search { words: words.to_owned(), after: None };
                let asks = &mut model.asks;
                (!words.is_empty())
                    .then(|| Asked::Asking(asks.ask(desk, For::Detail, ask, effects)))
            };
            let (customers, similar) = (search(&company), search(&words));
            keep(&mut model.asked.others, (id, Others { customers, words, similar }));
            model.asked.count += 1;
        }
        Tab::Correction => {
            let Some(correction) = case.correction.clone() else { return };
            if model.asked.correction(desk, &correction).is_none() {
                let ask = Ask::Correction(correction.clone());
                let asked = Asked::Asking(model.asks.ask(desk, For::Detail, ask, effects));
                keep(&mut model.asked.corrections, ((desk, correction), asked));
                model.asked.count += 1;
            }
        }
        _ => {}
    }
}

fn keep<T>(kept: &mut VecDeque<T>, new: T) {
    kept.truncate(KEPT - 1);
    kept.push_front(new);
}

/// An answer has come. The first cases of a list are read whole: how they ended stands only there.
pub fn answered(
    model: &mut Model,
    id: AskId,
    answer: Result<Answer, Unanswered>,
    effects: &mut Vec<Effect>,
) {
    model.asked.came(id, answer);
    let Some(case) = model.case().filter(|_| model.text.tab == Tab::Earlier) else { return };
    let Some(others) = model.asked.others(&case.id) else { return };
    let (customers, similar) = listed(others, case);
    let unknown = customers.into_iter().chain(similar).filter(|other| other.is_closed());
    let unknown = unknown.filter(|other| model.details.get(&other.id).is_none());
    let read: Vec<CaseId> = unknown.take(READ).map(|other| other.id.clone()).collect();
    if !read.is_empty() {
        effects.push(Effect::Prefetch(read));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_a_case_similar_are_the_telling_words_of_its_subject() {
        for (subject, words) in [
            ("Guest cannot connect after update", "connect update"),
            ("Host service stops at logon", "service stops"),
            ("It fails", ""),
            ("Drucker, Kopierer und Scanner", "Drucker Kopierer"),
        ] {
            assert_eq!(words_of(subject), words, "{subject}");
        }
    }
}
