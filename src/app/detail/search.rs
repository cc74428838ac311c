//! The search inside the text that the detail shows: letters are written in its line, every place where they
//! stand is marked, and Enter goes from one to the next.

use chrono::{DateTime, Utc};
use crokey::KeyCombination;
use ratatui_textarea::TextArea;
use unicode_segmentation::UnicodeSegmentation;

use super::Row;
use crate::app::form::{editor, input};
use crate::app::keys::line_input;
use crate::app::model::Model;
use crate::app::update::refuse;
use crate::domain::text::columns;
use crate::input::Action;

/// Places that are marked at most.
const MOST: usize = 999;

/// Columns of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub row: usize,
    /// From the first column after the margin.
    pub column: usize,
    pub width: usize,
}

/// One place; where a line was wrapped within it, it has a mark in each row.
pub type Hit = Vec<Mark>;

pub struct Search {
    pub line: Box<TextArea<'static>>,
    pub hits: Vec<Hit>,
    /// Which of them the person is at.
    pub at: usize,
}

/// The keys go to a line in which people write what they look for.
pub fn open(model: &mut Model, now: DateTime<Utc>) {
    if model.case().is_none() {
        return refuse(model, "There is no text to search in.", now);
    }
    model.toast = None;
    let line = Box::new(editor(""));
    model.text.search = Some(Search { line, hits: Vec::new(), at: 0 });
}

pub fn press(model: &mut Model, action: Option<Action>, key: KeyCombination) {
    let Some(search) = &mut model.text.search else { return };
    let count = search.hits.len();
    match action {
        Some(Action::EndSearch) => model.text.search = None,
        Some(Action::NextMatch) if count > 0 => {
            search.at = (search.at + 1) % count;
            see(model);
        }
        Some(Action::PrevMatch) if count > 0 => {
            search.at = (search.at + count - 1) % count;
            see(model);
        }
        Some(Action::NextMatch | Action::PrevMatch) => {}
        _ => {
            if let Some(input) = input(key)
                && line_input(&mut search.line, input)
            {
                typed(model);
            }
        }
    }
}

pub fn paste(model: &mut Model, text: &str) {
    if let Some(search) = &mut model.text.search {
        search.line.insert_str(text);
        typed(model);
    }
}

/// Something else is looked for: the first place from what is on the screen on is where the person is.
fn typed(model: &mut Model) {
    let scroll = model.text.scroll();
    look_again(model);
    if let Some(search) = &mut model.text.search {
        let below = |hit: &Hit| hit.first().is_some_and(|mark| mark.row >= scroll);
        search.at = search.hits.iter().position(below).unwrap_or(0);
    }
    see(model);
}

/// Finds the places in the text as it is now.
pub fn look_again(model: &mut Model) {
    let text = &mut model.text;
    if let Some(search) = &mut text.search {
        search.hits = hits(&text.rows, &search.line.lines().join(" "));
        search.at = search.at.min(search.hits.len().saturating_sub(1));
    }
}

/// Brings the place where the person is onto the screen, with a row of what stands before it.
fn see(model: &mut Model) {
    let visible = super::rows(model).max(1);
    let text = &mut model.text;
    let Some(search) = &text.search else { return };
    let Some(row) = search.hits.get(search.at).and_then(|hit| hit.first()).map(|m| m.row) else {
        return;
    };
    let scroll = text.scroll();
    if row < scroll || row >= scroll + visible {
        text.scroll_to(row.saturating_sub(visible / 3));
    }
}

/// One letter of the rows, with where it is shown.
struct Letter {
    letter: char,
    mark: Mark,
}

/// Where the words stand in the rows, whatever their case and wherever lines were wrapped.
fn hits(rows: &[Row], words: &str) -> Vec<Hit> {
    let wanted: Vec<char> = words.trim().chars().flat_map(char::to_lowercase).collect();
    let mut hits: Vec<Hit> = Vec::new();
    if wanted.is_empty() {
        return hits;
    }
    let letters = letters(rows);
    let mut at = 0;
    while at + wanted.len() <= letters.len() && hits.len() < MOST {
        let here = &letters[at..at + wanted.len()];
        if !here.iter().map(|l| l.letter).eq(wanted.iter().copied()) {
            at += 1;
            continue;
        }
        let mut hit: Hit = Vec::new();
        for Letter { mark, .. } in here {
            match hit.last_mut() {
                Some(last) if last.row == mark.row => {
                    last.width = (mark.column + mark.width).saturating_sub(last.column);
                }
                _ => hit.push(*mark),
            }
        }
        hit.retain(|mark| mark.width > 0);
        if !hit.is_empty() {
            hits.push(hit);
        }
        at += wanted.len();
    }
    hits
}

fn letters(rows: &[Row]) -> Vec<Letter> {
    let mut letters = Vec::new();
    for (row, line) in rows.iter().enumerate() {
        let mut column = 0;
        for span in &line.text {
            for grapheme in span.text.graphemes(true) {
                let mark = Mark { row, column, width: columns(grapheme) };
                let of = grapheme.chars().flat_map(char::to_lowercase);
                letters.extend(of.map(|letter| Letter { letter, mark }));
                column += mark.width;
            }
        }
        // Where a line was wrapped, a space has gone.
        letters.push(Letter { letter: ' ', mark: Mark { row, column, width: 0 } });
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::view::{Span, Tone};

    fn row(text: &str) -> Row {
        Row { margin: vec![Span::new(Tone::Dim, "┃ ")], text: vec![Span::new(Tone::Plain, text)] }
    }

    fn found(rows: &[&str], words: &str) -> Vec<Vec<(usize, usize, usize)>> {
        let rows: Vec<Row> = rows.iter().map(|text| row(text)).collect();
        let marks = |hit: Hit| hit.into_iter().map(|m| (m.row, m.column, m.width)).collect();
        hits(&rows, words).into_iter().map(marks).collect()
    }

    #[test]
    fn a_word_is_found_whatever_its_case_with_the_columns_that_it_takes() {
        let rows = ["The cache is full", "日本 CACHE"];
        assert_eq!(found(&rows, "cache"), [vec![(0, 4, 5)], vec![(1, 5, 5)]]);
        assert_eq!(found(&rows, "日"), [vec![(1, 0, 2)]]);
        assert_eq!(found(&rows, " "), Vec::<Vec<_>>::new());
        assert_eq!(found(&rows, "┃"), Vec::<Vec<_>>::new());
    }

    #[test]
    fn words_are_found_where_their_line_was_wrapped_between_them() {
        assert_eq!(
            found(&["it cannot", "connect"], "cannot connect"),
            [vec![(0, 3, 6), (1, 0, 7)]]
        );
    }

    #[test]
    fn the_same_letters_are_marked_once() {
        assert_eq!(found(&["aaaa"], "aa"), [vec![(0, 0, 2)], vec![(0, 2, 2)]]);
    }
}
