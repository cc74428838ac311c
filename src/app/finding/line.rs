//! The filter line: what is typed is in force at once, what is wrong is marked while the last right result
//! stays, words are completed, and filters of before come back.

use chrono::{DateTime, Utc};
use crokey::KeyCombination;
use ratatui_textarea::TextArea;

use crate::app::form::{editor, input};
use crate::app::keys::line_input;
use crate::app::model::Model;
use crate::app::update::refuse;
use crate::app::view::{Pane, Under};
use crate::app::words;
use crate::domain::text::safe_line;
use crate::input::Action;
use crate::query::{Completion, Known, complete};

/// Columns of a word that is offered.
const WORD: usize = 30;
/// More than anybody reads in a line.
const OFFERED: usize = 40;

/// The filter line while it is typed.
pub struct Filtering {
    line: TextArea<'static>,
    /// What fields can name, as it was when the line was opened.
    known: Known,
    offer: Option<Offer>,
    /// The place among the filters of before that is shown, from the newest; None: what is typed.
    past: Option<usize>,
    /// What was typed before one of them was shown.
    typed: String,
}

/// What the word under the cursor may become.
struct Offer {
    /// The text that it was made for.
    text: String,
    completion: Completion,
    /// The candidate that stands in the line; None: what was typed.
    chosen: Option<usize>,
}

impl Filtering {
    pub fn open(text: &str, known: Known) -> Self {
        let mut filtering =
            Self { line: editor(text), known, offer: None, past: None, typed: String::new() };
        filtering.look();
        filtering
    }

    pub fn text(&self) -> String {
        self.line.lines().join(" ")
    }

    /// Where the cursor stands, in characters.
    pub fn cursor(&self) -> usize {
        self.line.cursor().1
    }

    fn cursor_byte(&self) -> usize {
        byte_at(&self.text(), self.cursor())
    }

    /// Works out anew what may stand at the cursor.
    fn look(&mut self) {
        let text = self.text();
        let completion = complete(&text, self.cursor_byte(), &self.known);
        let typed = &text[completion.at.clone()];
        // What stands there in full already is no news.
        let is_whole = completion.candidates.iter().all(|candidate| candidate.word == typed);
        self.offer = (!is_whole).then_some(Offer { text, completion, chosen: None });
    }

    fn set(&mut self, text: &str, cursor: usize) {
        self.line = editor(text);
        let place = u16::try_from(text[..cursor].chars().count()).unwrap_or(u16::MAX);
        self.line.move_cursor(ratatui_textarea::CursorMove::Jump(0, place));
    }

    /// Puts in what all candidates have in common, and then one after the other.
    fn complete(&mut self, back: bool) {
        let Some(offer) = &mut self.offer else { return };
        let Completion { at, candidates, are_values } = &offer.completion;
        let count = candidates.len();
        if count == 0 {
            return;
        }
        let typed = &offer.text[at.clone()];
        let common = common(candidates.iter().map(|candidate| candidate.word.as_str()));
        let is_first = offer.chosen.is_none();
        let word = if count == 1 {
            let end = if *are_values { " " } else { "" };
            format!("{}{end}", candidates[0].word)
        } else if is_first
            && common.len() > typed.len()
            && common.to_lowercase().starts_with(&typed.to_lowercase())
        {
            common.to_owned()
        } else {
            let next = match (offer.chosen, back) {
                (None, false) => 0,
                (None, true) => count - 1,
                (Some(chosen), false) => (chosen + 1) % count,
                (Some(chosen), true) => (chosen + count - 1) % count,
            };
            offer.chosen = Some(next);
            candidates[next].word.clone()
        };
        let end = at.start + word.len();
        let text = format!("{}{word}{}", &offer.text[..at.start], &offer.text[at.end..]);
        let goes_on = offer.chosen.is_none();
        self.set(&text, end);
        if goes_on {
            self.look();
        }
    }

    /// Shows an older filter, or a newer one.
    fn before(&mut self, past: &[String], older: bool) {
        let next = match (self.past, older) {
            (None, true) => 0,
            (Some(at), true) => at + 1,
            (Some(at), false) if at > 0 => at - 1,
            (Some(_), false) => {
                self.past = None;
                let typed = std::mem::take(&mut self.typed);
                self.set(&typed, typed.len());
                return self.look();
            }
            (None, false) => return,
        };
        let Some(filter) = past.iter().rev().nth(next) else { return };
        if self.past.is_none() {
            self.typed = self.text();
        }
        self.past = Some(next);
        self.set(filter, filter.len());
        self.look();
    }

    fn touched(&mut self) {
        self.past = None;
        self.look();
    }
}

/// What all of them begin with.
fn common<'w>(mut words: impl Iterator<Item = &'w str>) -> &'w str {
    let first = words.next().unwrap_or("");
    words.fold(first, |common, word| {
        let same = common.char_indices().zip(word.chars()).take_while(|((_, a), b)| a == b);
        &common[..same.last().map_or(0, |((at, c), _)| at + c.len_utf8())]
    })
}

fn byte_at(text: &str, place: usize) -> usize {
    text.char_indices().nth(place).map_or(text.len(), |(at, _)| at)
}

pub fn open(model: &mut Model) {
    model.focus = Pane::Queue;
    let known = model.queue.known(&model.desks);
    model.filtering = Some(Box::new(Filtering::open(model.queue.filter(), known)));
}

pub fn press(model: &mut Model, action: Option<Action>, key: KeyCombination, now: DateTime<Utc>) {
    let Some(line) = &mut model.filtering else { return };
    match action {
        Some(Action::KeepFilter) => return keep(model, now),
        Some(Action::ClearFilter) => {
            model.filtering = None;
            return model.with_queue(now, |queue, at| queue.set_filter("", at));
        }
        Some(Action::CompleteWord) => line.complete(false),
        Some(Action::CompleteBack) => line.complete(true),
        Some(Action::OlderFilter) => line.before(&model.finding.past, true),
        Some(Action::NewerFilter) => line.before(&model.finding.past, false),
        _ => {
            let Some(input) = input(key) else { return };
            if !line_input(&mut line.line, input) {
                // The cursor may have moved.
                return line.look();
            }
            line.touched();
        }
    }
    typed(model, now);
}

pub fn pasted(model: &mut Model, text: &str, now: DateTime<Utc>) {
    if let Some(line) = &mut model.filtering {
        line.line.insert_str(text);
        line.touched();
        typed(model, now);
    }
}

/// What stands in the line is in force.
fn typed(model: &mut Model, now: DateTime<Utc>) {
    let Some(line) = &model.filtering else { return };
    let text = line.text();
    model.queue.touch();
    model.with_queue(now, |queue, at| queue.set_filter(&text, at));
}

/// Keeps the filter; one that is wrong stays to be mended.
fn keep(model: &mut Model, now: DateTime<Utc>) {
    if let Some(problem) = model.queue.problem() {
        let sentence = problem.sentence.clone();
        return refuse(model, sentence, now);
    }
    model.filtering = None;
    let filter = model.queue.filter().to_owned();
    model.finding.used(&filter);
    if model.queue.asks_for_closed() {
        let key = words::key(model, Action::FindAll);
        let sentence = format!("The list holds open cases; {key} finds closed ones, too.");
        refuse(model, sentence, now);
    }
}

/// What stands under the line: what is wrong and where, or what the word may become.
pub fn under(model: &Model) -> Option<Under> {
    let line = model.filtering.as_ref()?;
    let text = line.text();
    let is_typed_on = |end: usize| end == line.cursor_byte();
    if let Some(problem) = model.queue.problem()
        && !(problem.unfinished && is_typed_on(problem.at.end))
    {
        let chars = |to: usize| text.get(..to).map_or(0, |text| text.chars().count());
        let at = chars(problem.at.start)..chars(problem.at.end);
        return Some(Under::Wrong { at, sentence: problem.sentence.clone() });
    }
    if let Some(unknown) = model.queue.unknown_desk(&model.desks) {
        return Some(Under::Wrong { at: 0..0, sentence: format!("There is {unknown}.") });
    }
    let offer = line.offer.as_ref()?;
    let candidates = &offer.completion.candidates;
    if candidates.is_empty() {
        return None;
    }
    let at = offer.chosen.or((candidates.len() == 1).then_some(0));
    let help = at.map_or("", |at| candidates[at].help.as_str());
    // The chosen one is in view.
    let first = offer.chosen.unwrap_or(0).saturating_sub(3);
    let shown = candidates.iter().skip(first).take(OFFERED);
    Some(Under::Offers {
        words: shown.map(|candidate| safe_line(&candidate.word, WORD)).collect(),
        chosen: offer.chosen.map(|chosen| chosen - first),
        help: safe_line(help, 2 * WORD),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_words_have_in_common_is_their_beginning() {
        assert_eq!(common(["sev:", "sort:"].into_iter()), "s");
        assert_eq!(common(["ærø", "ærlig"].into_iter()), "ær");
        assert_eq!(common(["a", "b"].into_iter()), "");
        assert_eq!(common(std::iter::empty()), "");
    }
}
