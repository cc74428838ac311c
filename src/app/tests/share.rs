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
