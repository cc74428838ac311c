//! The header line: who I am at which desk, what the line to it does, and what is late.

use ratatui::layout::Rect;

use super::pen::{Pen, Piece, columns};
use super::signs;
use crate::app::view::{DeskLink, Header, Late, LinkSign, Tone};
use crate::domain::Untrusted;
use crate::sla::reading::Face;

const BRAND: &str = "caseload";
/// Less of who I am says nothing.
const MIN_WHO: u16 = 8;

/// What the lines do, in pieces.
type Links = Vec<(String, Tone)>;

/// From the most words to the fewest; at least one. One desk's line has one way to be said.
fn links(header: &Header) -> Vec<Links> {
    if header.desks.is_empty() {
        let text = format!("{} {}", signs::link(header.link), header.link_text);
        return vec![vec![(text, tone(header.link))]];
    }
    let said = |text: &dyn Fn(&DeskLink) -> String| -> Links {
        let mut pieces = Links::new();
        for desk in &header.desks {
            if !pieces.is_empty() {
                pieces.push(("  ".to_owned(), Tone::Plain));
            }
            pieces.push((text(desk), tone(desk.link)));
        }
        pieces
    };
    let name = |desk: &DeskLink, most: usize| Untrusted::from(desk.name.as_str()).cell(most);
    let sign = |desk: &DeskLink| signs::link(desk.link);
    vec![
        said(&|desk| {
            let text = format!("{} {} {}", sign(desk), name(desk, 64), desk.text);
            text.trim_end().to_owned()
        }),
        said(&|desk| format!("{} {}", sign(desk), name(desk, 64))),
        said(&|desk| format!("{} {}", sign(desk), name(desk, 6))),
        said(&|desk| sign(desk).to_owned()),
    ]
}

fn links_width(links: &Links) -> u16 {
    links.iter().map(|(text, _)| columns(text)).sum()
}

const fn tone(link: LinkSign) -> Tone {
    match link {
        LinkSign::Live => Tone::Good,
        LinkSign::Connecting => Tone::Dim,
        LinkSign::Offline => Tone::Face(Face::Warning),
        LinkSign::Broken => Tone::Error,
    }
}

pub fn draw(pen: &mut Pen, area: Rect, header: &Header) {
    if area.is_empty() {
        return;
    }
    let mut links = links(header);
    if !header.waits.is_empty() {
        // Where it gets narrow, the outbox itself tells it.
        let one = header.desks.is_empty();
        for link in links.iter_mut().take(2) {
            let tone = if one { tone(header.link) } else { Tone::Strong };
            let gap = if one { " · " } else { "  " };
            link.push((format!("{gap}{}", header.waits), tone));
        }
    }
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
    let rest_with = |link: &Links, counts: &(String, &str, String), brand: bool| {
        let brand = if brand { columns(BRAND) + 2 } else { 0 };
        brand + links_width(link) + 2 + width(counts)
    };
    // What several lines do gives way to who I am, as long as their signs still say it.
    let link = links
        .iter()
        .find(|link| counts.iter().any(|c| rest_with(link, c, true) + MIN_WHO + 3 <= room))
        .or_else(|| links.iter().find(|link| rest_with(link, &counts[2], false) <= room))
        .unwrap_or(&links[links.len() - 1]);
    let rest = |counts: &(String, &str, String), brand: bool| rest_with(link, counts, brand);
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
    let link_width = links_width(link).min(link_room);
    // Four columns between link and counts where nothing is lost by it.
    let who_room = right.saturating_sub(x + link_width + 2);
    let gap = if who_room >= columns(&who) + 5 { 4 } else { 2 };
    let link_x = right.saturating_sub(gap.min(right.saturating_sub(x)) + link_width).max(x);
    let who_room = link_x.saturating_sub(x + 2);
    if who_room >= MIN_WHO {
        pen.put(x, area.y, who_room, &who, pen.tone(Tone::Plain));
    }
    let pieces_of_link: Vec<Piece> =
        link.iter().map(|(text, tone)| (text.as_str(), pen.tone(*tone))).collect();
    pen.pieces(link_x, area.y, link_width, &pieces_of_link);
    pen.pieces(right, area.y, end.saturating_sub(right), &pieces);
}
