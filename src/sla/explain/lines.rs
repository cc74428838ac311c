//! The lines of an explanation: a title, facts with their labels in a column, items, wrapped to a width.

use crate::domain::Untrusted;
use crate::domain::text::columns;

/// Columns of the labels, with the gap after them.
const LABEL: usize = 11;
/// Below this width a label has a line of its own.
const NARROW: usize = 44;
const INDENT: usize = 2;
/// Lines that one fact takes at most.
const LINES: usize = 400;

/// What a line is, for those who give it a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Which clock, and how it reads.
    Title,
    Heading,
    Plain,
}

/// One line, safe for a terminal. The whole line is `label` and then `text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextLine {
    pub style: Style,
    /// A label padded to its column, or the blanks below one; may be empty.
    pub label: String,
    pub text: String,
}

impl TextLine {
    /// The line as it stands in plain text.
    #[must_use]
    pub fn whole(&self) -> String {
        format!("{}{}", self.label, self.text).trim_end().to_owned()
    }
}

/// What is to be laid into lines.
pub(super) enum Block {
    Title(String),
    Plain(String),
    Fact(&'static str, String),
    Heading(String),
    Item(String),
    Gap,
}

pub(super) fn lay(block: Block, width: usize, lines: &mut Vec<TextLine>) {
    let put = |lines: &mut Vec<TextLine>, style, label: &str, under: usize, text: String| {
        let mut label = label.to_owned();
        for text in Untrusted::new(text).wrapped(width - columns(&label), LINES) {
            lines.push(TextLine { style, label, text });
            label = " ".repeat(under);
        }
    };
    match block {
        Block::Title(text) => put(lines, Style::Title, "", 0, text),
        Block::Plain(text) => put(lines, Style::Plain, "", 0, text),
        Block::Heading(text) => put(lines, Style::Heading, "", 0, text),
        Block::Item(text) => {
            // What follows the first line stands further in.
            let first = lines.len();
            let text_width = width - 2 * INDENT;
            for text in Untrusted::new(text).wrapped(text_width, LINES) {
                let indent = if lines.len() == first { INDENT } else { 2 * INDENT };
                lines.push(TextLine { style: Style::Plain, label: " ".repeat(indent), text });
            }
        }
        Block::Fact(label, text) if width < NARROW => {
            put(lines, Style::Heading, "", 0, label.to_owned());
            put(lines, Style::Plain, &" ".repeat(INDENT), INDENT, text);
        }
        Block::Fact(label, text) => {
            put(lines, Style::Plain, &format!("{label:<LABEL$}"), LABEL, text);
        }
        Block::Gap => {
            lines.push(TextLine { style: Style::Plain, label: String::new(), text: String::new() });
        }
    }
}
