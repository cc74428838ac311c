//! One of a list that is long and known only at the desk: it is searched by typing. As long as the list has
//! not come, or does not, what is typed is the id itself.

use ratatui_textarea::TextArea;

use super::field::{Choosable, editor};
use crate::domain::{Correction, Untrusted};

/// A field of that kind.
#[derive(Debug, Clone)]
pub struct Pick {
    /// What is typed: a search, or an id.
    pub line: TextArea<'static>,
    pub options: Vec<Choosable>,
    /// The place among [`Pick::found`] that is chosen; None: what is typed counts.
    pub at: Option<usize>,
    /// Why there is no list; empty: there is one, or it is on its way.
    pub note: Untrusted,
}

impl Pick {
    pub fn new() -> Self {
        Self { line: editor(""), options: Vec::new(), at: None, note: "".into() }
    }

    fn typed(&self) -> String {
        self.line.lines().join(" ").trim().to_owned()
    }

    /// What has every word of the search; the one with that very id first.
    pub fn found(&self) -> Vec<&Choosable> {
        let typed = self.typed().to_lowercase();
        let has_all = |option: &&Choosable| {
            let text = format!("{} {}", option.word, option.label).to_lowercase();
            typed.split_whitespace().all(|word| text.contains(word))
        };
        let mut found: Vec<&Choosable> = self.options.iter().filter(has_all).collect();
        found.sort_by_key(|option| option.word.to_lowercase() != typed);
        found
    }

    /// The id that is meant; None: nothing is.
    pub fn word(&self) -> Option<String> {
        let chosen = self.at.and_then(|at| Some(self.found().get(at)?.word.clone()));
        chosen.or_else(|| Some(self.typed()).filter(|typed| !typed.is_empty()))
    }

    /// Something else was typed: the nearest that is found is meant.
    pub fn search_changed(&mut self) {
        self.at = (!self.typed().is_empty() && !self.found().is_empty()).then_some(0);
    }

    /// Puts an id in, as if it had been typed.
    pub fn put(&mut self, id: &str) {
        self.line = editor(id);
        self.search_changed();
    }

    pub fn step(&mut self, back: bool) {
        let count = self.found().len();
        self.at = match (self.at, back) {
            _ if count == 0 => None,
            (None, false) => Some(0),
            (None, true) => Some(count - 1),
            (Some(at), false) => Some((at + 1) % count),
            (Some(at), true) => Some((at + count - 1) % count),
        };
    }

    /// The list has come.
    pub fn came(&mut self, corrections: &[Correction]) {
        let mut sorted: Vec<&Correction> = corrections.iter().collect();
        // What nothing more is to come of is seldom meant.
        sorted.sort_by_key(|correction| correction.status.is_final());
        self.options = sorted.into_iter().map(option).collect();
        self.note = "".into();
        self.search_changed();
    }
}

/// Columns of a title in the list.
const TITLE: usize = 60;

/// "K-17 Host service stops · hot fix · planned · 3 cases"
fn option(correction: &Correction) -> Choosable {
    let plan = correction.release_plan.map_or("no plan yet", |plan| plan.label());
    let cases = match correction.cases {
        1 => "1 case".to_owned(),
        n => format!("{n} cases"),
    };
    let id = Untrusted::new(correction.id.as_str()).cell(12);
    let title = correction.title.cell(TITLE);
    let label = format!("{id} {title} · {plan} · {} · {cases}", correction.status);
    Choosable::new(correction.id.as_str(), label)
}
