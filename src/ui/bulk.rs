//! An act on several cases: the question before it, which at every size says how many and as many of which as
//! there is room for, and the report of what became of each.

use ratatui::layout::{Position, Rect};

use super::centred;
use super::pen::{Pen, columns};
use super::window::{aired, framed, hung, is_roomy};
use crate::app::view::{BulkCase, BulkView, ReportRow, ReportView, Target, Tone};
use crate::domain::Untrusted;

const WIDEST: u16 = 72;
/// Rows of a report beyond these are scrolled to.
const TALLEST: u16 = 24;
/// Lines of one refusal.
const WHY: usize = 2;

/// Lines with their looks, as they stand below each other.
type Lines = Vec<(String, Tone)>;

pub fn draw_question(pen: &mut Pen, screen: Rect, view: &BulkView) -> Option<Position> {
    let roomy = is_roomy(screen);
    let most = (screen.width - if roomy { 4 } else { 0 }).min(WIDEST);
    let hints: u16 = view.hints.iter().map(|h| columns(&h.keys) + columns(&h.label) + 3).sum();
    let wanted = widest(view).max(columns(&view.title) + 2).max(hints + 2) + 4;
    let width = wanted.min(most);
    let side = u16::from(width >= 24);
    let text_width = width.saturating_sub(2 + 2 * side);
    let room = screen.height.saturating_sub(if roomy { 6 } else { 2 });
    let lines = question(view, text_width, room);
    let rows = u16::try_from(lines.len()).unwrap_or(room).min(room);
    let air = u16::from(roomy);
    let height = (rows + 2 + 2 * air).min(screen.height);
    let area = centred(screen, width, height);
    let looks = (pen.tone(Tone::Title), pen.tone(Tone::Error));
    let body = framed(pen, area, &view.title, looks, &view.hints);
    for ((text, tone), y) in lines.iter().zip(body.y + air..body.bottom()) {
        pen.put(body.x + side, y, text_width, text, pen.tone(*tone));
    }
    None
}

fn widest(view: &BulkView) -> u16 {
    let ids: u16 =
        view.cases.iter().map(|case| columns(&case.case) + 2).fold(0, u16::saturating_add);
    let full = view.cases.iter().map(|case| columns(&case_line(case, usize::MAX))).max();
    let cases = if view.cases.iter().any(|case| case.about.is_some()) { full } else { Some(ids) };
    let refused = view.refused.iter().map(|why| columns(&why.cell(usize::from(WIDEST))));
    refused.chain(cases).chain([columns(&view.question)]).max().unwrap_or(0)
}

/// What is refused gives way to what is asked for, and each says how many more there are.
fn question(view: &BulkView, width: u16, room: u16) -> Lines {
    let room = usize::from(room);
    let asked = usize::from(!view.question.is_empty());
    let mut cases = cases(&view.cases, width, room.max(1));
    let refused: Vec<Vec<String>> =
        view.refused.iter().map(|why| why.wrapped(width.into(), WHY)).collect();
    let all: usize = refused.iter().map(Vec::len).sum();
    if all + asked + cases.len() > room {
        // A line of the refused ones, the question, and what is left for the cases.
        let least = usize::from(!refused.is_empty());
        let for_cases = (room / 2).max(room.saturating_sub(all + asked)).max(1);
        let for_cases = for_cases.min(room.saturating_sub(asked + least)).max(1);
        cases = self::cases(&view.cases, width, for_cases);
    }
    let left = room.saturating_sub(cases.len() + asked);
    let mut lines = Lines::new();
    let mut told = 0;
    for why in &refused {
        // The last line says how many more, where there are more.
        let keep = usize::from(told + 1 < refused.len());
        if lines.len() + why.len() + keep > left {
            break;
        }
        lines.extend(why.iter().map(|line| (line.clone(), Tone::Error)));
        told += 1;
    }
    if told < refused.len() && lines.len() < left {
        let more = refused.len() - told;
        let said = if told == 0 { format!("{more} left out") } else { format!("and {more} more") };
        lines.push((said, Tone::Error));
    }
    if asked > 0 {
        lines.push((view.question.clone(), Tone::Strong));
    }
    lines.extend(cases);
    lines
}

fn case_line(case: &BulkCase, width: usize) -> String {
    match &case.about {
        Some(about) => {
            let room = width.saturating_sub(usize::from(columns(&case.case)) + 2).min(200);
            format!("{}  {}", case.case, about.cell(room))
        }
        None => case.case.clone(),
    }
}

/// The cases in so many lines at most; the last one says how many more there are.
fn cases(cases: &[BulkCase], width: u16, most: usize) -> Lines {
    let more = |n: usize| format!("and {n} more");
    if cases.iter().any(|case| case.about.is_some()) {
        let shown = if cases.len() > most { most.saturating_sub(1) } else { cases.len() };
        let named = cases.iter().take(shown);
        let mut lines: Lines =
            named.map(|case| (case_line(case, width.into()), Tone::Plain)).collect();
        if shown < cases.len() {
            let left = cases.len() - shown;
            let said = if shown == 0 {
                // One line for all: the first of them, and how many more.
                let rest = format!(", {}", more(left - 1));
                let room = usize::from(width.saturating_sub(columns(&rest)));
                format!("{}{rest}", Untrusted::from(cases[0].case.as_str()).cell(room))
            } else {
                more(left)
            };
            lines.push((said, Tone::Plain));
        }
        return lines;
    }
    let ids: Vec<&str> = cases.iter().map(|case| case.case.as_str()).collect();
    let all = wrapped(&ids, None, width, most);
    let cut = || {
        // No more find room than there are columns for an id and what divides it from the next.
        let most_ids = (usize::from(width) * most / 3).min(ids.len().saturating_sub(1));
        let some = |named| wrapped(&ids[..named], Some(&more(ids.len() - named)), width, most);
        // Where there is no room for the words, a sign says it.
        let short = || wrapped(&ids[..1], Some(&format!("+{}", ids.len() - 1)), width, most);
        let named = (1..=most_ids).rev().find_map(&some);
        named.or_else(short).or_else(|| some(0))
    };
    plain(all.or_else(cut).unwrap_or_default())
}

/// Ids after each other, and after them how many more there are; None: so many lines do not hold them.
fn wrapped(ids: &[&str], more: Option<&str>, width: u16, most: usize) -> Option<Vec<String>> {
    let last = ids.len().saturating_sub(1);
    let divided = |(at, id): (usize, &&str)| {
        if at == last && more.is_none() { (*id).to_owned() } else { format!("{id},") }
    };
    let words: Vec<String> =
        ids.iter().enumerate().map(divided).chain(more.map(str::to_owned)).collect();
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        let is_full = lines.len() == most;
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(&word) <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ if is_full => return None,
            _ => lines.push(word),
        }
    }
    Some(lines)
}

fn plain(lines: Vec<String>) -> Lines {
    lines.into_iter().map(|line| (line, Tone::Plain)).collect()
}

pub fn draw_report(pen: &mut Pen, screen: Rect, view: &ReportView) -> Option<Position> {
    let roomy = is_roomy(screen);
    let rows = u16::try_from(view.rows.len()).unwrap_or(TALLEST);
    let told_rows = if roomy { 3 } else { 1 };
    let wanted = rows.saturating_add(told_rows + 4).min(TALLEST);
    let area = hung(screen, WIDEST, wanted);
    let title = format!("{} · {}", view.title, view.summary);
    // What came of it goes before what it was.
    let title = if columns(&title) + 4 > area.width { view.summary.clone() } else { title };
    let looks = (pen.tone(view.tone), pen.frame_style(true));
    let (body, _) = aired(framed(pen, area, &title, looks, &view.hints));
    let below = match body.height {
        0..=2 => 0,
        3..=5 => 1,
        _ => told_rows + 1,
    };
    let list = Rect { height: body.height - below, ..body };
    draw_rows(pen, list, area, view);
    if let Some(told) = view.told.as_ref().filter(|_| below > 0) {
        let air = u16::from(below > 1);
        let lines = told.wrapped(body.width.into(), usize::from(below - air));
        for (line, y) in lines.iter().zip(list.bottom() + air..body.bottom()) {
            pen.put(body.x, y, body.width, line, pen.tone(Tone::Plain));
        }
    }
    None
}

fn draw_rows(pen: &mut Pen, list: Rect, area: Rect, view: &ReportView) {
    let visible = usize::from(list.height);
    let first = (view.at + 1).saturating_sub(visible);
    let widest = |text: &dyn Fn(&ReportRow) -> u16| view.rows.iter().map(text).max().unwrap_or(0);
    let case = widest(&|row| columns(&row.case.to_string()));
    let desk = widest(&|row| columns(&row.desk));
    let state = widest(&|row| columns(&row.state)).max(12);
    // The mark of the cursor and a space.
    let x = list.x + 2;
    let room = list.width.saturating_sub(2);
    let case = case.min(room);
    let state = state.min(room.saturating_sub(case + 1));
    let desk = if case + 2 + desk + 2 + state <= room { desk } else { 0 };
    let desk_room = if desk > 0 { desk + 2 } else { 0 };
    let customer = room.saturating_sub(case + 2 + desk_room + 2 + state);
    for ((at, row), y) in view.rows.iter().enumerate().skip(first).zip(list.y..list.bottom()) {
        pen.put(x, y, case, &row.case.to_string(), pen.tone(Tone::Strong));
        if desk > 0 {
            pen.put(x + case + 2, y, desk, &row.desk, pen.tone(Tone::Dim));
        }
        if customer >= 6 {
            let text = row.customer.cell(customer.into());
            pen.put(x + case + 2 + desk_room, y, customer, &text, pen.tone(Tone::Plain));
        }
        pen.put(list.right() - state, y, state, &row.state, pen.tone(row.tone));
        if at == view.at {
            pen.over(Rect { y, height: 1, ..list }, pen.cursor_row());
            pen.put(list.x, y, 1, "▌", pen.cursor_mark());
        }
        pen.target(Rect { y, height: 1, ..list }, Target::Line(at));
    }
    let track = Rect { y: list.y - 1, height: list.height + 2, ..area };
    pen.scroll_mark(track, first, visible, view.rows.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(count: usize, about: bool) -> Vec<BulkCase> {
        let about = about.then(|| Untrusted::from("Fjord Logistics · 1st level"));
        (1..=count).map(|n| BulkCase { case: format!("C-{n}"), about: about.clone() }).collect()
    }

    fn texts(lines: Lines) -> Vec<String> {
        lines.into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn ids_fill_their_lines_and_what_finds_no_room_is_counted() {
        assert_eq!(texts(cases(&some(3, false), 18, 1)), ["C-1, C-2, C-3"]);
        assert_eq!(texts(cases(&some(5, false), 18, 2)), ["C-1, C-2, C-3,", "C-4, C-5"]);
        assert_eq!(texts(cases(&some(15, false), 24, 1)), ["C-1, C-2, and 13 more"]);
        let with = texts(cases(&some(9, true), 40, 3));
        assert_eq!(with[0], "C-1  Fjord Logistics · 1st level");
        assert_eq!(with[2], "and 7 more");
        assert_eq!(texts(cases(&some(9, true), 40, 1)), ["C-1, and 8 more"]);
    }

    #[test]
    fn at_every_size_every_case_is_named_or_counted() {
        for count in 1..30 {
            for width in 18..70 {
                for most in 1..8 {
                    for about in [false, true] {
                        let lines = texts(cases(&some(count, about), width, most));
                        assert!(lines.len() <= most);
                        assert!(lines.iter().all(|line| columns(line) <= width), "{lines:?}");
                        let all = lines.join(" ");
                        let named = all.matches("C-").count();
                        let rest = all.split("and ").nth(1).or(all.split('+').nth(1));
                        let more = rest.map_or(0, |rest| {
                            rest.split(' ').next().unwrap().parse::<usize>().unwrap()
                        });
                        assert_eq!(named + more, count, "{width} {most}: {lines:?}");
                    }
                }
            }
        }
    }
}
