//! The header line: who I am at which desk, what the line to it does, and what is late.

use ratatui::layout::Rect;

use super::pen::{Pen, Piece, columns};
use super::signs;
use crate::app::view::{Header, Late, LinkSign, Tone};
use crate::sla::reading::Face;

const BRAND: &str = "caseload";
/// Less of who I am says nothing.
const MIN_WHO: u16 = 8;

pub fn draw(pen: &mut Pen, area: Rect, header: &Header) {
    if area.is_empty() {
        return;
    }
    let tone = match header.link {
        LinkSign::Live => Tone::Good,
        LinkSign::Connecting => Tone::Dim,
        LinkSign::Offline => Tone::Face(Face::Warning),
        LinkSign::Broken => Tone::Error,
    };
    let link = format!("{} {}", signs::link(header.link), header.link_text);
    let who = header.who.cell(200);
    // From the most words to the fewest.
    let counts = match header.late {
        Some(Late { missed, under_1h: soon }) => [
            (format!("{missed} missed"), " · ", format!("{soon} under 1 h")),
            (format!("{missed} missed"), " · ", format!("{soon} <1h")),
            (
                format!("{}{missed}", pen.sign(Face::Missed)),
                " ",
                format!("{}{soon}", pen.sign(Face::Warning)),
            ),
        ],
        None => Default::default(),
    };
    let late = header.late.unwrap_or(Late { missed: 0, under_1h: 0 });
    let width = |(a, b, c): &(String, &str, String)| columns(a) + columns(b) + columns(c);
    let room = area.width.saturating_sub(2);
    // What is there besides `who`, with the gaps.
    let rest = |counts: &(String, &str, String), brand: bool| {
        let brand = if brand { columns(BRAND) + 2 } else { 0 };
        brand + columns(&link) + 2 + width(counts)
    };
    let full = counts
        .iter()
        .take(2)
        .map(|c| (c, true))
        .find(|(c, _)| rest(c, true) + columns(&who) + 3 <= room);
    let cut = counts
        .iter()
        .map(|c| (c, true))
        .chain(counts.iter().map(|c| (c, false)))
        .find(|(c, brand)| rest(c, *brand) <= room);
    let (counts, brand) = full.or(cut).unwrap_or((&counts[2], false));

    let mut x = area.x + 1;
    if brand {
        x += pen.put(x, area.y, room, BRAND, pen.tone(Tone::Title)) + 2;
    }
    let end = area.right().saturating_sub(1);
    let right = end.saturating_sub(width(counts)).max(area.x);
    let pieces: [Piece; 3] = [
        (&counts.0, pen.tone(if late.missed > 0 { Tone::Face(Face::Missed) } else { Tone::Dim })),
        (counts.1, pen.tone(Tone::Dim)),
        (
            &counts.2,
            pen.tone(if late.under_1h > 0 { Tone::Face(Face::Warning) } else { Tone::Dim }),
        ),
    ];
    let link_room = right.saturating_sub(x + 1);
    let link_width = columns(&link).min(link_room);
    // Four columns between link and counts where nothing is lost by it.
    let who_room = right.saturating_sub(x + link_width + 2);
    let gap = if who_room >= columns(&who) + 5 { 4 } else { 2 };
    let link_x = right.saturating_sub(gap.min(right.saturating_sub(x)) + link_width).max(x);
    let who_room = link_x.saturating_sub(x + 2);
    if who_room >= MIN_WHO {
        pen.put(x, area.y, who_room, &who, pen.tone(Tone::Plain));
    }
    pen.put(link_x, area.y, link_width, &link, pen.tone(tone));
    pen.pieces(right, area.y, end.saturating_sub(right), &pieces);
}
