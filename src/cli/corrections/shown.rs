//! How corrections look in plain output.

use super::super::look::Look;
use super::super::outcome::Failure;
use super::super::output::{Output, padded};
use super::super::show::local;
use crate::domain::text::columns;
use crate::domain::{Correction, CorrectionDetail, CorrectionId, ReleasePlan};

/// The narrowest title.
const TITLE_MIN: usize = 12;
/// How many case ids stand in a line.
const CASES_A_LINE: usize = 8;

pub fn id(output: &Output, id: &CorrectionId) -> String {
    if output.terminal { id.to_string() } else { id.as_str().to_owned() }
}

fn plan(correction: &Correction) -> &'static str {
    correction.release_plan.map_or("no plan", ReleasePlan::label)
}

fn cases(correction: &Correction) -> String {
    match correction.cases {
        1 => "1 case".to_owned(),
        n => format!("{n} cases"),
    }
}

/// "K-17  planned, hot fix, 3 cases (revision 2)"
pub fn line(output: &Output, correction: &Correction) -> String {
    format!(
        "{}  {}, {}, {} (revision {})",
        id(output, &correction.id),
        correction.status,
        plan(correction),
        cases(correction),
        correction.revision
    )
}

/// A correction a line, which begins with its id.
pub fn table(output: &mut Output, corrections: &[Correction]) -> Result<(), Failure> {
    let rows: Vec<[String; 4]> = corrections
        .iter()
        .map(|k| [id(output, &k.id), k.status.to_string(), plan(k).to_owned(), cases(k)])
        .collect();
    let width = |n: usize| rows.iter().map(|row| columns(&row[n])).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    let title = output.width.saturating_sub(widths.iter().sum::<usize>() + 8).max(TITLE_MIN);
    for (row, correction) in rows.iter().zip(corrections) {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| padded(cell, width)).collect();
        // One correction is one line, in a pipe too, whatever is in its title.
        let title = if output.terminal {
            correction.title.cell(title)
        } else {
            correction.title.raw().replace(['\r', '\n'], " ")
        };
        output.line(format!("{}  {title}", cells.join("  ")))?;
    }
    Ok(())
}

/// A correction, whole.
pub fn page(output: &mut Output, ascii: bool, detail: &CorrectionDetail) -> Result<(), Failure> {
    let look = Look::new(ascii);
    let (dot, arrow) = (look.dot(), "→");
    let correction = &detail.correction;
    let head = output.paint(look.title(), &id(output, &correction.id));
    output.line(format!(
        "{head}  {} {dot} {} {dot} {} {dot} revision {}",
        correction.status,
        plan(correction),
        cases(correction),
        correction.revision
    ))?;
    output.prose(&correction.title, 0)?;
    output.line(format!("changed {}", local(correction.updated_at)))?;
    let heading = |output: &mut Output, text: &str| {
        output.line("")?;
        let text = output.paint(look.title(), text);
        output.line(text)
    };
    if let Some(note) = &correction.note {
        heading(output, "Note")?;
        output.prose(note, 0)?;
    }
    if !detail.linked.is_empty() {
        heading(output, "Cases")?;
        for ids in detail.linked.chunks(CASES_A_LINE) {
            let ids: Vec<String> = ids.iter().map(|id| output.id(id)).collect();
            output.line(ids.join(" "))?;
        }
    }
    if !detail.history.is_empty() {
        heading(output, "History")?;
    }
    for event in &detail.history {
        let who = output.field(&event.actor.name, 40);
        let head = format!("{}  {who} {dot} {}", local(event.at), event.what);
        let head = output.paint(look.dim(), &head);
        output.line(head)?;
        for text in [&event.text, &event.reason] {
            if text.is_empty() {
                continue;
            }
            if ascii {
                output.prose(&text.raw().replace(arrow, "->").into(), 2)?;
            } else {
                output.prose(text, 2)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hostile() -> CorrectionDetail {
        serde_json::from_value(serde_json::json!({
            "id": "K-1\u{1b}[31m", "title": "Lost\u{1b}[2J\u{202e}\nline", "release_plan": null,
            "status": "in_work", "cases": 1, "note": "n\u{9b}31m", "updated_at": "2026-11-24T10:00:00Z",
            "revision": 2, "linked": ["C-1\u{7}"], "history": [{"at": "2026-11-24T10:00:00Z",
                "actor": {"id": "pia", "name": "P\u{1b}]0;x\u{7}ia"}, "what": "plan",
                "text": "hot fix → no plan", "reason": "r\u{1b}c"}],
        }))
        .unwrap()
    }

    #[test]
    fn on_a_terminal_nothing_that_others_wrote_acts() {
        let detail = hostile();
        let (mut output, out, _) = Output::captured();
        output.terminal = true;
        table(&mut output, std::slice::from_ref(&detail.correction)).unwrap();
        page(&mut output, true, &detail).unwrap();
        let line = line(&output, &detail.correction);
        output.line(line).unwrap();
        output.flush().unwrap();
        let text = out.text();
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        assert!(!text.contains('\u{202e}') && !text.contains('→'), "{text:?}");
        assert!(text.contains("hot fix -> no plan"), "{text}");
    }

    #[test]
    fn in_a_pipe_a_correction_of_the_list_is_one_line_and_its_title_comes_as_it_is() {
        let (mut output, out, _) = Output::captured();
        table(&mut output, &[hostile().correction]).unwrap();
        output.flush().unwrap();
        let text = out.text();
        assert_eq!(text, "K-1\u{1b}[31m  in work  no plan  1 case  Lost\u{1b}[2J\u{202e} line\n");
    }
}
