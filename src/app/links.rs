//! The links in a case's texts, listed as exactly what would be opened. Whoever wrote them may be anybody, so that
//! only addresses of the web and of mail count, a name in other letters than ASCII is shown as it is looked up,
//! and nothing is opened before it was asked.

use chrono::{DateTime, Utc};
use url::{Position, Url};

use super::build::hints_of;
use super::detail::asked::Asked;
use super::model::{Model, Overlay};
use super::msg::Effect;
use super::share;
use super::update::refuse;
use super::view::{ConfirmView, LinkRow, LinksView};
use super::visiting;
use crate::domain::{CaseId, TimelineKind, Untrusted, Visibility};
use crate::input::{Action, Context};

const SCHEMES: &[&str] = &["https://", "http://", "mailto:"];
/// Bytes of a link; a longer one is none that a person could judge.
const LONGEST: usize = 2000;
/// Links that are listed.
const MOST: usize = 200;
/// Columns of who wrote one.
const WHO: usize = 40;

/// One link, as it would be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub url: String,
    /// Where it will lead: the host, or the address of a mail.
    pub to: String,
    /// Where it stands.
    pub from: String,
}

/// The list over the desk.
pub struct Links {
    case: CaseId,
    found: Vec<Link>,
    at: usize,
    /// Whether to open the one that the keys are on.
    asking: bool,
}

pub fn open(model: &mut Model, now: DateTime<Utc>) {
    let Some(case) = model.case().map(|case| case.id.clone()) else {
        return refuse(model, visiting::no_case(model), now);
    };
    let links = of_case(model, &case);
    if links.is_empty() {
        let sentence = match model.details.get(&case) {
            Some(_) => format!("{case}: no text of this case has a link."),
            None => format!("{case} is not read yet."),
        };
        return refuse(model, sentence, now);
    }
    model.toast = None;
    model.overlay =
        Some(Overlay::Links(Box::new(Links { case, found: links, at: 0, asking: false })));
}

pub fn context(links: &Links) -> Context {
    if links.asking { Context::Confirm } else { Context::Links }
}

pub fn press(model: &mut Model, action: Option<Action>) {
    let Some(Overlay::Links(links)) = &mut model.overlay else { return };
    let count = links.found.len().max(1);
    match action {
        Some(Action::CloseLinks) => model.overlay = None,
        Some(Action::NextLink) => links.at = (links.at + 1) % count,
        Some(Action::PrevLink) => links.at = (links.at + count - 1) % count,
        Some(Action::OpenLink) => links.asking = true,
        _ => {}
    }
}

/// The question whether to open it is answered.
pub fn answered(
    model: &mut Model,
    mut links: Box<Links>,
    yes: bool,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    links.asking = false;
    let url = links.found.get(links.at).map(|link| link.url.clone());
    match url.filter(|_| yes) {
        Some(url) => share::open_link(model, &url, now, effects),
        None => model.overlay = Some(Overlay::Links(links)),
    }
}

pub fn view(model: &Model, links: &Links) -> LinksView {
    LinksView {
        title: format!("Links in {}", model.desks.named_case(&links.case)),
        rows: links
            .found
            .iter()
            .map(|link| LinkRow { url: link.url.as_str().into(), from: link.from.clone() })
            .collect(),
        at: links.at,
        hints: hints_of(model, Context::Links),
    }
}

/// The question before one is opened; None: the list is shown.
pub fn question(model: &Model, links: &Links) -> Option<ConfirmView> {
    let link = links.found.get(links.at).filter(|_| links.asking)?;
    let mut lines = vec![link.url.clone(), format!("It leads to {}.", link.to)];
    if link.to.split('.').any(|label| label.starts_with("xn--")) {
        lines.push("Its name has other letters; so it is looked up.".to_owned());
    }
    lines.push(format!("It stands in {}: {}.", links.case, link.from));
    let hints = hints_of(model, Context::Confirm);
    Some(ConfirmView { title: "Open this link?".to_owned(), lines, hints })
}

/// Every link in the texts of a case, once, in the order of the texts.
fn of_case(model: &Model, id: &CaseId) -> Vec<Link> {
    let Some(detail) = model.details.get(id) else { return Vec::new() };
    let mut links: Vec<Link> = Vec::new();
    let mut add = |text: &Untrusted, from: &str| {
        for (url, to) in found(text.raw()) {
            if links.len() < MOST && !links.iter().any(|link| link.url == url) {
                links.push(Link { url, to, from: from.to_owned() });
            }
        }
    };
    add(&detail.case.subject, "the subject");
    add(&detail.description, "the description, from customer");
    for entry in &detail.timeline {
        let who = entry.actor.name.cell(WHO);
        let from = match (entry.visibility, entry.kind) {
            (Visibility::Internal, _) => format!("{who}, internal"),
            (_, TimelineKind::Reported | TimelineKind::CustomerAnswer) => {
                format!("{who}, from customer")
            }
            (Visibility::Customer, _) => format!("{who}, to customer"),
        };
        add(&entry.text, &from);
        add(&entry.summary, &from);
    }
    if let Some(resolution) = &detail.resolution {
        add(&resolution.text, "the resolution, to customer");
    }
    if let Some(correction) = &detail.case.correction
        && let Some(Asked::Here(known)) = model.asked.correction(id.desk(), correction)
        && let Some(note) = &known.correction.note
    {
        add(note, "the correction's note, internal");
    }
    links
}

/// The links in a text, each with where it leads.
fn found(text: &str) -> Vec<(String, String)> {
    let lower = text.to_ascii_lowercase();
    let mut links = Vec::new();
    let mut at = 0;
    while let Some(start) = next(&lower, at) {
        let end = end_of(&text[start..]) + start;
        at = end.max(start + 1);
        while !text.is_char_boundary(at) {
            at += 1;
        }
        // Within a word it is no link: "xhttp://".
        let before = text[..start].chars().next_back();
        if before.is_none_or(|c| !c.is_alphanumeric())
            && end - start <= LONGEST
            && let Some(link) = checked(&text[start..end])
        {
            links.push(link);
        }
    }
    links
}

/// Where the next one begins.
fn next(lower: &str, from: usize) -> Option<usize> {
    let rest = lower.get(from..)?;
    SCHEMES.iter().filter_map(|scheme| rest.find(scheme)).min().map(|at| at + from)
}

/// How long it is: until a blank or a sign that stands around links, without what ends a sentence.
fn end_of(text: &str) -> usize {
    let around = |c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`' | '|' | '{' | '}')
    };
    let mut link = &text[..text.find(around).unwrap_or(text.len())];
    loop {
        let open = |bracket| link.matches(bracket).count();
        let shorter =
            link.strip_suffix(['.', ',', ';', ':', '!', '?', '\'', '*', '_']).or_else(|| {
                let closes = |close: char, opening: char| {
                    link.strip_suffix(close).filter(|_| open(close) > open(opening))
                };
                closes(')', '(').or_else(|| closes(']', '['))
            });
        match shorter {
            Some(shorter) => link = shorter,
            None => return link.len(),
        }
    }
}

/// The link as it would be opened, all in ASCII, and where it leads; None: it is none.
fn checked(text: &str) -> Option<(String, String)> {
    let url = Url::parse(text).ok()?;
    let to = match url.scheme() {
        "http" | "https" => url[Position::BeforeHost..Position::AfterPort].to_owned(),
        "mailto" => url.path().to_owned(),
        _ => return None,
    };
    let link = url.to_string();
    let plain = link.chars().all(|c| c.is_ascii_graphic());
    (plain && !to.is_empty() && share::is_link(&link)).then_some((link, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(text: &str) -> Vec<String> {
        found(text).into_iter().map(|(url, _)| url).collect()
    }

    #[test]
    fn links_are_found_without_what_stands_around_them() {
        for (text, url) in [
            ("see https://a.example/x.", "https://a.example/x"),
            ("(https://a.example/x_(y))", "https://a.example/x_(y)"),
            ("<HTTP://A.example/Q?a=1&b=2>", "http://a.example/Q?a=1&b=2"),
            ("\"https://a.example/\", he said", "https://a.example/"),
            ("write to mailto:ida@fjord.example!", "mailto:ida@fjord.example"),
            ("日本https://a.example/日本", ""),
            ("。https://a.example/日", "https://a.example/%E6%97%A5"),
        ] {
            let found = urls(text);
            assert_eq!(found, if url.is_empty() { vec![] } else { vec![url] }, "{text}");
        }
        assert_eq!(urls("https://a.example https://b.example").len(), 2);
    }

    #[test]
    fn nothing_but_web_and_mail_counts_and_half_a_link_is_none() {
        for text in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://",
            "mailto:",
            "xhttp://a.example",
            "https://a b",
            "https://[::1",
            "ssh://a.example",
        ] {
            let found = urls(text);
            let fine = ["https://a/".to_owned()];
            assert!(found.is_empty() || found == fine, "{text}: {found:?}");
        }
        assert_eq!(
            urls(&format!("https://a.example/{}", "x".repeat(LONGEST))),
            Vec::<String>::new()
        );
    }

    #[test]
    fn what_is_shown_is_ascii_and_names_the_host_that_is_asked() {
        // A Cyrillic letter, a change of direction, and a name before the host.
        let (url, to) = found("https://fj\u{43e}rd.example/").remove(0);
        assert_eq!(
            (url.as_str(), to.as_str()),
            ("https://xn--fjrd-65d.example/", "xn--fjrd-65d.example")
        );
        let (url, _) = found("https://a.example/\u{202e}gpj.exe").remove(0);
        assert_eq!(url, "https://a.example/%E2%80%AEgpj.exe");
        let (_, to) = found("https://bank.example@evil.example:8080/").remove(0);
        assert_eq!(to, "evil.example:8080");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_a_link_that_is_not_plain(text in "(https?://|mailto:|[a-zé日\u{202e}\u{200b}@:/.()% \\n\\x1b])*") {
            for (url, to) in found(&text) {
                proptest::prop_assert!(url.chars().all(|c| c.is_ascii_graphic()), "{url:?}");
                proptest::prop_assert!(!to.is_empty());
            }
        }
    }
}
