//! Sentences that the screen says about cases and acts, and which key belongs to which act.

use super::desk::{Desk, Desks};
use super::model::Model;
use super::msg::Link;
use super::queue::Left;
use crate::domain::{ActionKind, Case, Person, Tier};
use crate::input::Action;

/// The act that a key asks for.
pub fn act_of(action: Action) -> Option<ActionKind> {
    Some(match action {
        Action::Respond => ActionKind::Respond,
        Action::Take => ActionKind::Take,
        Action::Release => ActionKind::Release,
        Action::Note => ActionKind::Note,
        Action::Reply => ActionKind::Reply,
        Action::RequestInfo => ActionKind::RequestInfo,
        Action::Escalate => ActionKind::Escalate,
        Action::HandBack => ActionKind::HandBack,
        Action::Close => ActionKind::Close,
        Action::Severity => ActionKind::SetSeverity,
        Action::Reopen => ActionKind::Reopen,
        Action::Phone => ActionKind::LogPhoneCall,
        Action::InfoReceived => ActionKind::InfoReceived,
        Action::Workaround => ActionKind::RecordWorkaround,
        Action::Assign => ActionKind::Assign,
        Action::Eligibility => ActionKind::SetEligibility,
        _ => return None,
    })
}

/// The key's name of an act that has a form.
pub fn key_action(kind: ActionKind) -> Action {
    Action::ALL.iter().copied().find(|action| act_of(*action) == Some(kind)).unwrap_or(Action::Note)
}

/// The key of an action, as the live keymap has it; its name where it has none.
pub fn key(model: &Model, action: Action) -> String {
    let key = model.keymap.key_text(action, model.ascii);
    if key.is_empty() { action.word().to_owned() } else { key }
}

/// Columns of a sentence from the desk in the footer.
const SENTENCE: usize = 300;

/// What is wrong with the line to the desk, in a sentence; None: nothing that is known.
pub fn link_down(link: &Link) -> Option<String> {
    let (what, why) = match link {
        Link::Connecting | Link::Live => return None,
        Link::Offline { why, .. } => ("", why),
        Link::SignedOut { why } => ("Signed out: ", why),
        Link::NotAllowed { why } => ("Not allowed: ", why),
        Link::NotACaseApi { why } => ("Not a case API: ", why),
    };
    Some(format!("{what}{}", why.cell(SENTENCE)))
}

/// The same of every desk whose line is down.
pub fn lines_down(desks: &Desks) -> Option<String> {
    let down: Vec<String> = desks
        .iter()
        .filter_map(|desk| Some(at_desk(desks, desk, link_down(&desk.link)?)))
        .collect();
    (!down.is_empty()).then(|| down.join(" "))
}

/// A sentence about a desk, which names it where there are several.
pub fn at_desk(desks: &Desks, desk: &Desk, sentence: String) -> String {
    if desks.are_several() { format!("{}: {sentence}", desk.name) } else { sentence }
}

/// The heading of a form: "Escalate", before the case id.
pub fn title(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Note => "Internal note on",
        ActionKind::Reply => "Reply on",
        ActionKind::RequestInfo => "Ask the customer on",
        ActionKind::SetSeverity => "Severity of",
        ActionKind::Escalate => "Escalate",
        ActionKind::HandBack => "Hand back",
        ActionKind::Close => "Close",
        ActionKind::Reopen => "Reopen",
        ActionKind::LogPhoneCall => "Phone call on",
        ActionKind::InfoReceived => "Information received on",
        ActionKind::RecordWorkaround => "Workaround for",
        ActionKind::Assign => "Assign",
        ActionKind::SetEligibility => "Eligibility of",
        ActionKind::Respond => "Respond to",
        ActionKind::Take => "Take",
        ActionKind::Release => "Release",
    }
}

/// The heading of an act on several cases: "Take 3 cases".
pub fn of_cases(kind: ActionKind, count: usize) -> String {
    format!("{} {}", title(kind), counted(count, "case", "cases"))
}

/// What becomes of a case by an act: "2 of 5 cannot be closed".
pub fn participle(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Note => "given a note",
        ActionKind::Reply => "replied to",
        ActionKind::RequestInfo => "asked for information",
        ActionKind::SetSeverity => "given another severity",
        ActionKind::Escalate => "escalated",
        ActionKind::HandBack => "handed back",
        ActionKind::Close => "closed",
        ActionKind::Reopen => "reopened",
        ActionKind::LogPhoneCall => "given a phone call",
        ActionKind::InfoReceived => "given information",
        ActionKind::RecordWorkaround => "given a workaround",
        ActionKind::Assign => "assigned",
        ActionKind::SetEligibility => "given another eligibility",
        ActionKind::Respond => "responded to",
        ActionKind::Take => "taken",
        ActionKind::Release => "released",
    }
}

/// "Close": how a question asks whether to go on with the rest.
pub fn go_on(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Take => "Take",
        ActionKind::Release => "Release",
        ActionKind::Escalate => "Escalate",
        ActionKind::HandBack => "Hand back",
        ActionKind::Close => "Close",
        ActionKind::Assign => "Assign",
        ActionKind::Respond => "Respond to",
        _ => "Go on with",
    }
}

/// The first so many of a list, and how many more there are: "C-1, C-2 and 12 more".
pub fn some(all: &[String], most: usize) -> String {
    match all.len().saturating_sub(most) {
        0 => all.join(", "),
        more => format!("{} and {more} more", all[..most].join(", ")),
    }
}

/// What was done: "C-1 escalated to 2nd level".
pub fn done(model: &Model, kind: ActionKind, case: &Case) -> String {
    let id = model.desks.named_case(&case.id);
    let me = model.desks.of(&case.id).me.as_ref();
    if me.is_some_and(|me| !me.mail) && (super::form::mails(kind) || kind == ActionKind::Close) {
        let done = match kind {
            ActionKind::Respond => "responded",
            ActionKind::Reply => "reply kept",
            ActionKind::Close => "closed",
            _ => "it waits for the answer",
        };
        return format!("{id}: {done}. The desk sends no mail: {}", tell_by_hand(model, case));
    }
    match kind {
        ActionKind::Respond => format!("{id} responded: the customer has the case id"),
        ActionKind::Take => format!("{id} is yours"),
        ActionKind::Release => format!("{id} released"),
        ActionKind::Note => format!("{id}: note kept"),
        ActionKind::Reply => format!("{id}: reply sent to the customer"),
        ActionKind::RequestInfo => format!("{id}: the customer is asked; it waits for the answer"),
        ActionKind::SetSeverity => format!("{id} is {} now", case.severity),
        ActionKind::Escalate => format!("{id} escalated to {}", case.tier),
        ActionKind::HandBack => format!("{id} handed back to {}", case.tier),
        ActionKind::Close => format!("{id} closed"),
        ActionKind::Reopen => format!("{id} reopened"),
        ActionKind::LogPhoneCall => format!("{id}: phone call logged"),
        ActionKind::InfoReceived => format!("{id}: no longer waiting for the customer"),
        ActionKind::RecordWorkaround => {
            format!("{id}: workaround recorded, {} now", case.severity)
        }
        ActionKind::Assign => format!("{id} assigned to {}", holder(case.assignee.as_ref())),
        ActionKind::SetEligibility => format!("{id} is {} now", case.eligibility),
    }
}

/// Who must be told, where the desk mails nobody: "tell Ida Holm yourself (ida@fjord.example, +45 1234)".
pub fn tell_by_hand(model: &Model, case: &Case) -> String {
    let customer = &case.customer;
    let name =
        if customer.contact.is_empty() { &customer.company } else { &customer.contact }.cell(40);
    let detail = model.details.get(&case.id);
    let email = detail.map(|detail| detail.email.cell(60));
    let phone = detail.and_then(|detail| Some(detail.phone.as_ref()?.cell(30)));
    let ways: Vec<String> = email.into_iter().chain(phone).filter(|way| !way.is_empty()).collect();
    let ways = if ways.is_empty() { String::new() } else { format!(" ({})", ways.join(", ")) };
    format!("tell {name} yourself{ways}.")
}

/// Why the case under the cursor is no longer there.
pub fn left(desks: &Desks, left: &Left) -> String {
    let id = desks.named_case(&left.id);
    match &left.now {
        None => format!("{id} left the list: closed, or no longer yours to see"),
        Some(case) if case.is_closed() => format!("{id} left the list: it was closed"),
        Some(case) => {
            format!("{id} left this view: {}, with {}", case.tier, holder(case.assignee.as_ref()))
        }
    }
}

/// Who has a case.
pub fn holder(person: Option<&Person>) -> String {
    person.map_or_else(|| "nobody".to_owned(), |p| p.name.cell(40))
}

/// What is different in a case: "severity High → Critical, 2 new revisions".
pub fn changes(old: &Case, new: &Case) -> String {
    let fields = differences(old, new).into_iter();
    let mut parts: Vec<String> =
        fields.map(|(what, old, new)| format!("{what} {old} → {new}")).collect();
    match new.revision.saturating_sub(old.revision) {
        0 => {}
        1 => parts.push("1 new revision".to_owned()),
        n => parts.push(format!("{n} new revisions")),
    }
    if parts.is_empty() { "it cannot be said what".to_owned() } else { parts.join(", ") }
}

/// Field by field, what is different in a case: the name, how it was, how it is.
pub fn differences(old: &Case, new: &Case) -> Vec<(&'static str, String, String)> {
    let mut parts = Vec::new();
    let mut say = |what: &'static str, old: String, new: String| {
        if old != new {
            parts.push((what, old, new));
        }
    };
    say("severity", old.severity.to_string(), new.severity.to_string());
    say("tier", old.tier.to_string(), new.tier.to_string());
    say("state", old.state.to_string(), new.state.to_string());
    say("with", holder(old.assignee.as_ref()), holder(new.assignee.as_ref()));
    say("licence", old.eligibility.to_string(), new.eligibility.to_string());
    say("environment", old.environment.to_string(), new.environment.to_string());
    say("workaround", yes(old.workaround), yes(new.workaround));
    say("phone call", call(old), call(new));
    parts
}

/// "1 act waits", "2 acts wait".
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

fn call(case: &Case) -> String {
    case.phone_follow_up.map_or_else(|| "none".to_owned(), |call| call.to_string())
}

/// The resolution clock's short name at a tier.
pub fn resolution_short(tier: Tier) -> &'static str {
    match tier {
        Tier::First => "S1",
        Tier::Second => "S2",
        Tier::Product => "S3",
    }
}
