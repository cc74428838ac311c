//! What always stands at the top of a case: the subject, the customer with the licence, the place, what is owed
//! and who has it; and the line of the tabs.

use super::{NAME, dotted, flowed};
use crate::app::detail::{Tab, asked};
use crate::app::model::Model;
use crate::app::view::{Line, Span, Tone};
use crate::app::words;
use crate::domain::text::columns;
use crate::domain::{Case, CaseDetail, Eligibility, PhoneFollowUp};
use crate::input::Action;

/// Lines of a subject where there is room.
const SUBJECT_LINES: usize = 3;
/// Columns of a company where there is little.
const COMPANY: usize = 24;

/// At most so many lines: all of it, or what matters most.
pub fn head(case: &Case, width: usize, most: usize) -> Vec<Line> {
    let mut all: Vec<Line> = case
        .subject
        .wrapped(width, SUBJECT_LINES)
        .into_iter()
        .map(|line| vec![Span::new(Tone::Strong, line)])
        .collect();
    for line in whole(case) {
        all.extend(flowed(line, width));
    }
    if all.len() <= most {
        return all;
    }
    let mut short = vec![vec![Span::new(Tone::Strong, case.subject.cell(width))]];
    short.extend(flowed(brief(case), width));
    short.truncate(most);
    short
}

fn licence(case: &Case) -> (&'static str, Tone) {
    match case.eligibility {
        Eligibility::Eligible => ("✓", Tone::Good),
        Eligibility::UnknownKey => ("?", Tone::Error),
        Eligibility::NotEligible => ("✗", Tone::Error),
    }
}

fn with(case: &Case) -> Span {
    let text = match &case.assignee {
        Some(person) => format!("with {}", person.name.cell(NAME)),
        None => "with nobody".to_owned(),
    };
    Span::new(Tone::Plain, text)
}

fn whole(case: &Case) -> [Line; 3] {
    let (sign, tone) = licence(case);
    let mut who = vec![Span::new(Tone::Plain, case.customer.company.cell(NAME))];
    if !case.customer.contact.is_empty() {
        who.push(Span::new(Tone::Plain, case.customer.contact.cell(NAME)));
    }
    who.push(Span::new(tone, format!("licence {sign} {}", case.eligibility)));
    let mut place = vec![
        Span::new(Tone::Plain, case.environment.label()),
        Span::new(Tone::Plain, if case.workaround { "workaround known" } else { "no workaround" }),
    ];
    place.extend(case.phone_follow_up.map(|call| match call {
        PhoneFollowUp::Due => Span::new(Tone::Error, "phone call due"),
        PhoneFollowUp::Done => Span::new(Tone::Good, "phone call done"),
    }));
    if let Some(correction) = &case.correction {
        place.push(Span::new(Tone::Plain, format!("correction {correction}")));
    }
    let desk = [
        Span::new(Tone::Plain, case.partner.name.cell(NAME)),
        with(case),
        Span::new(Tone::Plain, case.state.label()),
    ];
    [dotted(who), dotted(place), dotted(desk)]
}

/// The same in few words, most important first.
fn brief(case: &Case) -> Line {
    let (sign, tone) = licence(case);
    // That all is well needs a sign; what is wrong needs its word.
    let licence = match case.eligibility {
        Eligibility::Eligible => format!("licence {sign}"),
        _ => format!("licence {sign} {}", case.eligibility),
    };
    let mut pieces = vec![
        Span::new(Tone::Plain, case.customer.company.cell(COMPANY)),
        Span::new(tone, licence),
        Span::new(Tone::Plain, case.environment.label()),
        Span::new(Tone::Plain, if case.workaround { "workaround" } else { "no workaround" }),
    ];
    if case.phone_follow_up == Some(PhoneFollowUp::Due) {
        pieces.push(Span::new(Tone::Error, "call due"));
    }
    pieces.push(with(case));
    dotted(pieces)
}

/// One tab as it is named: in full, short, and how many things are in it.
struct Named {
    tab: Tab,
    full: &'static str,
    short: &'static str,
    count: Option<usize>,
    is_empty: bool,
}

/// The line of the tabs in so many columns. The chosen one stands in brackets, whatever the colours.
pub fn tabs(
    model: &Model,
    case: &Case,
    detail: Option<&CaseDetail>,
    chosen: Tab,
    width: usize,
) -> Line {
    let named: Vec<Named> =
        Tab::ALL.into_iter().map(|tab| named(model, case, detail, tab)).collect();
    let counted = |word: &str, tab: &Named| match tab.count {
        Some(count) => format!("{word} {count}"),
        None => word.to_owned(),
    };
    let full = |tab: &Named| counted(tab.full, tab);
    let short = |tab: &Named| counted(tab.short, tab);
    let bare = |tab: &Named| if tab.tab == chosen { short(tab) } else { tab.short.to_owned() };
    let forms: [&dyn Fn(&Named) -> String; 3] = [&full, &short, &bare];
    let wide = |form: &dyn Fn(&Named) -> String| -> usize {
        named.iter().map(|tab| columns(&form(tab)) + 2).sum()
    };
    let rule = |used: usize| Span::new(Tone::Dim, "─".repeat(width.saturating_sub(used)));
    let Some(form) = forms.into_iter().find(|form| wide(form) <= width) else {
        let Some(at) = named.iter().position(|tab| tab.tab == chosen) else { return Line::new() };
        let alone = format!("[{}]", full(&named[at]));
        let place = format!(" {} of {} ", at + 1, named.len());
        let used = columns(&alone) + columns(&place);
        return vec![Span::new(Tone::Title, alone), Span::new(Tone::Dim, place), rule(used)];
    };
    let mut line: Line = named
        .iter()
        .map(|tab| match tab {
            tab if tab.tab == chosen => Span::new(Tone::Title, format!("[{}]", form(tab))),
            tab if tab.is_empty => Span::new(Tone::Dim, format!(" {} ", form(tab))),
            tab => Span::new(Tone::Plain, format!(" {} ", form(tab))),
        })
        .collect();
    let used = wide(form);
    let (back, on) = (Action::PrevTab, Action::NextTab);
    let keys = format!(" {} {} ", words::key(model, back), words::key(model, on));
    if used + columns(&keys) + 4 <= width {
        line.push(rule(used + columns(&keys) + 1));
        line.push(Span::new(Tone::Dim, format!("{keys}─")));
    } else {
        line.push(rule(used));
    }
    line
}

fn named(model: &Model, case: &Case, detail: Option<&CaseDetail>, tab: Tab) -> Named {
    let others = model.asked.others(&case.id);
    let (full, short, count) = match tab {
        Tab::Timeline => ("timeline", "time", detail.map(|d| d.timeline.len())),
        Tab::Description => ("description", "text", None),
        Tab::Clocks => ("clocks", "clocks", Some(case.clocks.len())),
        Tab::Files => ("files", "files", detail.map(|d| d.attachments.len())),
        Tab::Earlier => {
            let found = others.filter(|others| others.is_here()).map(|others| {
                let (customers, similar) = asked::listed(others, case);
                customers.len() + similar.len()
            });
            ("earlier", "past", found)
        }
        Tab::Correction => ("correction", "corr", None),
    };
    let none = tab == Tab::Correction && case.correction.is_none();
    Named { tab, full, short, count, is_empty: count == Some(0) || none }
}
