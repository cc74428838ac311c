//! What is opened, copied and written.

use super::*;
use crate::app::msg::NotWritten;
use crate::app::share::open_link;
use crate::app::view::ShareView;

fn desk() -> Desk {
    Desk::partner(vec![case("C-1", Severity::High, hours(1))])
}

fn shown(desk: &Desk) -> ShareView {
    match desk.snap().overlay {
        Some(Overlay::Share(view)) => view,
        other => panic!("nothing is shared: {other:?}"),
    }
}

#[test]
fn a_link_goes_to_the_browser_and_says_so() {
    let mut desk = desk();
    let mut effects = Vec::new();
    let url = "https://desk.example/case/1";
    open_link(&mut desk.model, url, desk.now, &mut effects);
    assert_eq!(effects, [Effect::Open { url: url.to_owned() }]);
    desk.tell(Msg::Opened { url: url.to_owned(), result: Ok(()) });
    assert_eq!(desk.toast(), "Opened https://desk.example/case/1");
}

#[test]
fn what_is_no_web_or_mail_address_is_not_opened_whoever_wrote_it() {
    let mut desk = desk();
    let mut effects = Vec::new();
    open_link(&mut desk.model, "file:///etc/passwd", desk.now, &mut effects);
    assert_eq!(effects, []);
    assert_eq!(desk.toast(), "file:///etc/passwd is no web or mail address and is not opened");
}

#[test]
fn without_a_browser_the_link_is_shown_and_copied() {
    let mut desk = desk();
    let url = "https://desk.example/case/1".to_owned();
    let why = "There is no browser here: no display was found.".to_owned();
    let effects = desk.tell(Msg::Opened { url: url.clone(), result: Err(why.clone()) });
    assert_eq!(effects, [Effect::Copy { text: url.clone() }]);
    let view = shown(&desk);
    assert_eq!(view.title, "Link");
    let told: Vec<&str> = view.text.iter().map(|(_, text)| text.raw()).collect();
    assert_eq!(told, [why.as_str(), url.as_str(), "It is copied."]);
    assert_eq!(desk.press("y"), [Effect::Copy { text: url }]);
    assert_eq!(desk.snap().overlay, None);
}

#[test]
fn while_somebody_writes_the_link_does_not_come_between() {
    let mut desk = desk();
    desk.press("n");
    let url = "https://desk.example/case/1".to_owned();
    desk.tell(Msg::Opened { url, result: Err("There is no browser here.".to_owned()) });
    assert_eq!(desk.form().title, "Internal note on C-1");
    assert_eq!(
        desk.toast(),
        "There is no browser here. The link is copied: https://desk.example/case/1"
    );
}

#[test]
fn what_became_of_a_file_and_of_a_copy_is_told() {
    let mut desk = desk();
    let path = "/home/rhald/cases.csv".to_owned();
    desk.tell(Msg::Written { path: path.clone(), result: Ok(()) });
    assert_eq!(desk.toast(), "Written: /home/rhald/cases.csv");
    let why = NotWritten::Failed("the disk is full; name another, or make room".to_owned());
    desk.tell(Msg::Written { path, result: Err(why) });
    assert_eq!(
        desk.toast(),
        "Could not write /home/rhald/cases.csv: the disk is full; name another, or make room"
    );
    desk.tell(Msg::NotCopied { why: "Could not copy 80 kB.".to_owned() });
    assert_eq!(desk.toast(), "Could not copy 80 kB.");
}

/// What the keys gave to the clipboard.
fn copied(effects: &[Effect]) -> String {
    let texts = effects.iter().filter_map(|effect| match effect {
        Effect::Copy { text } => Some(text.clone()),
        _ => None,
    });
    let texts: Vec<String> = texts.collect();
    assert_eq!(texts.len(), 1, "{effects:?}");
    texts[0].clone()
}

fn named(case_links: &[(&str, &str)]) -> Desk {
    let links = case_links.iter().map(|(desk, link)| ((*desk).to_owned(), (*link).to_owned()));
    let options = Options {
        desks: vec!["nordwind".to_owned()],
        case_links: links.collect(),
        ..Options::default()
    };
    let mut desk = Desk::dark((120, 40));
    desk.model = Model::new((120, 40), options);
    desk.tell(Told::PolicyLoaded(Arc::new(Policy::embedded())));
    desk.sign_in(Role::Partner);
    desk.tell(Told::LinkChanged { link: Link::Live, fresh_at: Some(desk.now) });
    desk.page(vec![case("C-1", Severity::High, hours(1))], true, false);
    desk
}

#[test]
fn y_y_copies_the_id_at_once() {
    let mut desk = desk();
    assert_eq!(copied(&desk.press("y y")), "C-1");
    assert_eq!(desk.toast(), "Copied C-1");
    assert_eq!(desk.snap().overlay, None);
}

#[test]
fn the_menu_shows_what_each_key_copies_and_leaves_without() {
    let mut desk = named(&[]);
    desk.press("y");
    let view = shown(&desk);
    assert_eq!(view.title, "Copy C-1");
    let choices: Vec<String> = view
        .choices
        .iter()
        .map(|(key, what, how)| format!("{key} {what}: {}", how.raw()))
        .collect();
    assert_eq!(
        choices,
        [
            "y id: C-1",
            "l link: caseload show C-1 --desk nordwind",
            "s summary: licence keys, tokens and addresses masked",
            "a summary: with addresses; licence keys and tokens masked",
            "w summary: nothing masked",
        ]
    );
    assert_eq!(desk.press("esc"), []);
    assert_eq!(desk.snap().overlay, None);
}

#[test]
fn the_link_is_the_page_of_the_case_where_its_desk_has_pages_and_o_opens_it() {
    let mut desk = named(&[("nordwind", "https://desk.example/case?id={id}")]);
    assert_eq!(copied(&desk.press("y l")), "https://desk.example/case?id=C-1");
    let url = "https://desk.example/case?id=C-1".to_owned();
    assert_eq!(desk.press("o"), [Effect::Open { url }]);
}

#[test]
fn without_pages_o_shows_the_command_and_y_copies_it() {
    let mut desk = named(&[]);
    assert_eq!(desk.press("o"), []);
    let told: Vec<String> = shown(&desk).text.iter().map(|(_, t)| t.raw().to_owned()).collect();
    assert_eq!(
        told,
        [
            "This desk has no page for its cases. In a terminal, this shows it:",
            "caseload show C-1 --desk nordwind",
        ]
    );
    assert_eq!(copied(&desk.press("y")), "caseload show C-1 --desk nordwind");
}

#[test]
fn a_summary_tells_the_case_in_markdown_and_masks_what_is_not_for_a_chat() {
    let mut desk = desk();
    let shown_case = case("C-1", Severity::High, hours(1));
    let mut whole = told(&shown_case);
    whole.licence_key = "7F3K-99AA-B2C4-0000".into();
    whole.phone = Some("+47 22 33 44 55".into());
    whole.description = "Key 7F3K-99AA-B2C4-0000.\n# Call +47 22 33 44 55, [me](http://x)".into();
    desk.tell(Msg::DetailCame(Box::new(whole)));
    let text = copied(&desk.press("y s"));
    assert_eq!(
        text,
        "**C-1** Subject of C-1\n\
         \n\
         - High, 1st level, open, with nobody\n\
         - Fjord Logistics (Ida Holm), at Nordwind Support\n\
         - production, eligible, no workaround\n\
         - Guest 15.2\n\
         - licence …0000\n\
         - \\[e-mail\\], \\[phone\\]\n\
         - response: met in 8s\n\
         - resolution, 1st level: 9bd 8h, due Tue 8 Dec 09:00 CET\n\
         - reported Tue 24 Nov 09:00 CET\n\
         - `caseload show C-1`\n\
         \n\
         > Key \\[secret\\].\n\
         > \\# Call \\[phone\\], \\[me\\](http://x)\n"
    );
    assert!(desk.toast().contains("addresses masked"), "{}", desk.toast());
    let open = copied(&desk.press("y a"));
    assert!(open.contains("ida@fjord.example, +47 22 33 44 55"), "{open}");
    assert!(open.contains("licence …0000") && !open.contains("99AA"), "{open}");
    let whole = copied(&desk.press("y w"));
    assert!(whole.contains("licence 7F3K-99AA-B2C4-0000"), "{whole}");
}

/// The file that the keys ask to be written.
fn file(effects: &[Effect]) -> (String, String, bool) {
    match effects {
        [Effect::Write { path, body, over }] => (path.clone(), body.clone(), *over),
        other => panic!("no file: {other:?}"),
    }
}

#[test]
fn the_view_is_exported_in_its_order_and_filter_with_formulas_defused() {
    let mut evil = case("C-2", Severity::Critical, hours(1));
    evil.subject = "=HYPERLINK(\"http://x\"), write ida@fjord.example".into();
    let other = case("C-3", Severity::Low, hours(1));
    let mut desk = Desk::partner(vec![case("C-1", Severity::High, hours(1)), evil, other]);
    desk.press("/");
    desk.type_text("c-");
    desk.press("enter");
    let order = desk.ids();
    desk.press("E");
    assert_eq!(shown(&desk).title, "Export c- (3 cases)");
    assert_eq!(shown(&desk).field.unwrap().text, "caseload-mine-and-unassigned-2026-11-24.csv");
    let (path, body, over) = file(&desk.press("enter"));
    assert_eq!((path.as_str(), over), ("caseload-mine-and-unassigned-2026-11-24.csv", false));
    let rows: Vec<&str> = body.lines().collect();
    assert!(rows[0].starts_with("id,desk,severity,tier,state,subject,company,"), "{}", rows[0]);
    let ids: Vec<&str> = rows[1..].iter().map(|row| row.split(',').next().unwrap()).collect();
    assert_eq!(ids, order);
    assert!(body.contains("\"'=HYPERLINK(\"\"http://x\"\"), write [e-mail]\""), "{body}");
    let path = "/home/rhald/caseload-mine-and-unassigned-2026-11-24.csv".to_owned();
    desk.tell(Msg::Written { path: path.clone(), result: Ok(()) });
    assert_eq!(desk.toast(), format!("3 cases written to {path}"));
    assert_eq!(desk.snap().overlay, None);
}

#[test]
fn the_ending_says_the_format_and_one_key_changes_it() {
    let mut desk = desk();
    desk.press("E tab");
    let (path, body, _) = file(&desk.press("enter"));
    assert!(path.ends_with("2026-11-24.json"), "{path}");
    let value: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&value["count"], &value["cases"][0]["id"]), (&1.into(), &"C-1".into()));
    assert_eq!(value["cases"][0]["deadline"]["state"], "on_track");
    desk.press("esc E tab tab");
    let (path, body, _) = file(&desk.press("enter"));
    assert!(path.ends_with("2026-11-24.md"), "{path}");
    assert!(body.contains("| C-1 | High | 1st level | Subject of C-1 |"), "{body}");
}

#[test]
fn a_name_that_says_no_format_is_not_written_and_letters_do_no_acts() {
    let mut desk = desk();
    desk.press("E");
    for _ in 0..60 {
        desk.press("backspace");
    }
    desk.type_text("notes.txt");
    assert_eq!(desk.press("enter"), []);
    let view = shown(&desk);
    assert_eq!(view.text[0].1.raw(), "Write a name that ends in .csv, .json or .md.");
    assert_eq!(view.field.unwrap().text, "notes.txt");
}

#[test]
fn a_file_that_is_there_is_asked_about_before_it_is_written_over() {
    let mut desk = desk();
    desk.press("E");
    let (path, _, over) = file(&desk.press("enter"));
    assert!(!over);
    // Pressed again while the disk works: nothing.
    assert_eq!(desk.press("enter"), []);
    let whole = format!("/home/rhald/{path}");
    desk.tell(Msg::Written { path: whole.clone(), result: Err(NotWritten::Exists) });
    assert_eq!(
        shown(&desk).text[0].1.raw(),
        "There is a file of that name. Enter writes over it; or change the name."
    );
    let (_, _, over) = file(&desk.press("enter"));
    assert!(over);
    let why = NotWritten::Failed("the disk is full; name another, or make room".to_owned());
    desk.tell(Msg::Written { path: whole, result: Err(why) });
    assert!(shown(&desk).text[0].1.raw().contains("the disk is full"));
    // Another name is asked about anew.
    desk.press("home");
    desk.type_text("x");
    assert!(!file(&desk.press("enter")).2);
}

#[test]
fn a_paste_into_the_name_is_one_line_and_writes_nothing() {
    let mut desk = desk();
    desk.press("E");
    assert_eq!(desk.tell(Msg::Pasted("/tmp/a\nb\n".to_owned())), []);
    assert!(shown(&desk).field.unwrap().text.ends_with(".csv/tmp/a b"));
}
