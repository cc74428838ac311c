//! What happened to a case, newest last, and what the customer wrote first. Who reads a text stands in words,
//! and at every line of it in the margin.

use chrono::Datelike;

use super::{NAME, Sheet, dotted};
use crate::app::model::Model;
use crate::app::view::{Line, Span, Tone};
use crate::app::zone;
use crate::domain::{CaseDetail, TimelineEntry, TimelineKind, Visibility};

/// What is said stands below the names: the times stand alone at the left.
const INDENT: &str = "      ";
/// Lines of the description in the timeline; all of it is in its tab.
const BEGINNING: usize = 6;

/// Who reads or wrote a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Internal,
    ToCustomer,
    FromCustomer,
}

impl Side {
    const fn of(entry: &TimelineEntry) -> Self {
        match (entry.visibility, entry.kind) {
            (Visibility::Internal, _) => Self::Internal,
            (
                Visibility::Customer,
                TimelineKind::Reported
                | TimelineKind::CustomerAnswer
                | TimelineKind::InfoReceived
                | TimelineKind::Attach,
            ) => Self::FromCustomer,
            (Visibility::Customer, _) => Self::ToCustomer,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::ToCustomer => "to customer",
            Self::FromCustomer => "from customer",
        }
    }

    const fn tone(self) -> Tone {
        match self {
            Self::Internal => Tone::Internal,
            Self::ToCustomer | Self::FromCustomer => Tone::Customer,
        }
    }

    /// The margin: a wall around what stays here, and the way that words go.
    fn margin(self) -> Line {
        let sign = match self {
            Self::Internal => "┃ ",
            Self::ToCustomer => "» ",
            Self::FromCustomer => "« ",
        };
        vec![Span::new(self.tone(), sign)]
    }

    /// The margin beside what is said.
    fn beside(self) -> Line {
        let mut margin = self.margin();
        margin.push(Span::new(Tone::Plain, INDENT));
        margin
    }

    fn named(self) -> Span {
        Span::new(self.tone(), format!("[{}]", self.words()))
    }
}

pub fn timeline(model: &Model, sheet: &mut Sheet, detail: &CaseDetail) {
    let policy = &model.desks.of(&detail.case.id).policy;
    let calendar = policy.calendar_id(detail.case.tier, &detail.case.partner.id);
    let Some(last) = detail.timeline.last() else {
        return description(model, sheet, detail);
    };
    // Over the turn of the clocks the zone has two names.
    let mut zones: Vec<String> =
        detail.timeline.iter().map(|entry| zone::name(policy, calendar, entry.at)).collect();
    zones.dedup();
    let order = format!("times in {}, newest last", zones.join(", "));
    sheet.say(Tone::Dim, order);
    if !detail.timeline.iter().any(|entry| entry.kind == TimelineKind::Reported) {
        beginning(sheet, detail);
    }
    let this_year = zone::date(policy, calendar, last.at).year();
    let mut day = None;
    for entry in &detail.timeline {
        let date = zone::date(policy, calendar, entry.at);
        sheet.behind(Line::new());
        sheet.start = sheet.rows.len();
        if day.replace(date) != Some(date) {
            let form = if date.year() == this_year { "%a %-d %b" } else { "%a %-d %b %Y" };
            sheet.row(vec![Span::new(Tone::Dim, date.format(form).to_string())]);
        }
        let side = Side::of(entry);
        sheet.behind(side.margin());
        sheet.flow(vec![
            Span::new(Tone::Dim, format!("{} ", zone::time(policy, calendar, entry.at))),
            Span::new(Tone::Strong, format!("{} ", entry.actor.name.cell(NAME))),
            Span::new(Tone::Plain, format!("{} ", happened(entry.kind))),
            side.named(),
        ]);
        sheet.behind(side.beside());
        // Who took or released a case stands in the line already.
        let says_more = !matches!(entry.kind, TimelineKind::Take | TimelineKind::Release);
        if says_more && !entry.summary.is_empty() {
            sheet.put(Tone::Dim, &entry.summary);
        }
        if !entry.text.is_empty() {
            sheet.put(side.tone(), &entry.text);
        } else if entry.kind == TimelineKind::Reported {
            sheet.put_most(side.tone(), &detail.description, BEGINNING);
        }
    }
    sheet.behind(Line::new());
}

/// What the customer wrote, where the timeline does not begin with it.
fn beginning(sheet: &mut Sheet, detail: &CaseDetail) {
    if !detail.description.is_empty() {
        let side = Side::FromCustomer;
        sheet.behind(side.margin());
        sheet.flow(vec![
            Span::new(Tone::Strong, format!("{} ", detail.case.customer.contact.cell(NAME))),
            Span::new(Tone::Plain, "reported it "),
            side.named(),
        ]);
        sheet.behind(side.beside());
        sheet.put_most(Tone::Customer, &detail.description, BEGINNING);
    }
}

/// What was reported, by whom, of what; and how it ended.
pub fn description(model: &Model, sheet: &mut Sheet, detail: &CaseDetail) {
    let policy = &model.desks.of(&detail.case.id).policy;
    let calendar = policy.calendar_id(detail.case.tier, &detail.case.partner.id);
    let plain = |text: String| Span::new(Tone::Plain, text);
    let stamp =
        |at| format!("{} {}", zone::stamp(policy, calendar, at), zone::name(policy, calendar, at));
    let mut head = vec![plain(format!("reported {}", stamp(detail.case.reported_at)))];
    let product = [&detail.product, &detail.version];
    let product: Vec<String> =
        product.iter().filter_map(|p| p.as_ref()).map(|p| p.cell(NAME)).collect();
    if !product.is_empty() {
        head.push(plain(product.join(" ")));
    }
    if !detail.licence_key.is_empty() {
        head.push(plain(format!("key {}", detail.licence_key.cell(NAME))));
    }
    let reach = [Some(&detail.email), detail.phone.as_ref()].into_iter().flatten();
    head.extend(reach.filter(|r| !r.is_empty()).map(|reach| plain(reach.cell(NAME))));
    sheet.flow(dotted(head));
    if !detail.description.is_empty() {
        let side = Side::FromCustomer;
        sheet.behind(side.margin());
        sheet.row(vec![side.named()]);
        sheet.put(side.tone(), &detail.description);
        sheet.behind(Line::new());
    }
    if let Some(resolution) = &detail.resolution {
        let cause = resolution.cause.map(|c| format!(", {c}")).unwrap_or_default();
        let of = resolution.duplicate_of.as_ref().map(|id| format!(" of {id}"));
        sheet.blank();
        sheet.say(
            Tone::Good,
            format!(
                "Closed {} by {}: {}{}{cause}",
                stamp(resolution.at),
                resolution.by.name.cell(NAME),
                resolution.kind,
                of.unwrap_or_default()
            ),
        );
        if !resolution.text.is_empty() {
            let side = Side::ToCustomer;
            sheet.behind(side.margin());
            sheet.row(vec![side.named()]);
            sheet.put(side.tone(), &resolution.text);
            sheet.behind(Line::new());
        }
    }
}

fn happened(kind: TimelineKind) -> &'static str {
    match kind {
        TimelineKind::Reported => "reported it",
        TimelineKind::CustomerAnswer => "answered",
        TimelineKind::Respond => "responded",
        TimelineKind::Take => "took it",
        TimelineKind::Release => "released it",
        TimelineKind::Assign => "assigned it",
        TimelineKind::Note => "noted",
        TimelineKind::Reply => "replied",
        TimelineKind::RequestInfo => "asked for information",
        TimelineKind::InfoReceived => "recorded information",
        TimelineKind::SetSeverity => "set the severity",
        TimelineKind::RecordWorkaround => "recorded a workaround",
        TimelineKind::LogPhoneCall => "logged a phone call",
        TimelineKind::SetEligibility => "set the eligibility",
        TimelineKind::Escalate => "escalated it",
        TimelineKind::HandBack => "handed it back",
        TimelineKind::Close => "closed it",
        TimelineKind::Reopen => "reopened it",
        TimelineKind::PolicyChange => "put it under another policy",
        TimelineKind::Mail => "about its mail",
        TimelineKind::Correction => "worked on its correction",
        TimelineKind::Attach => "attached files",
        TimelineKind::Other => "did something that this version does not know",
    }
}
