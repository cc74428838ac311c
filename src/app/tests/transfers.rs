//! Files of cases: attached from a line of paths, brought from the list, told how far they are, cancelled.

use std::path::PathBuf;

use chrono::TimeDelta;

use super::*;
use crate::app::msg::AskId;
use crate::app::view::Listing;
use crate::domain::ask::{Answer, Ask, Because, LocalFile, Unanswered};
use crate::domain::{Attachment, CaseId};

/// The questions among the effects.
pub fn asks(effects: &[Effect]) -> Vec<(AskId, Ask)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask { id, ask } => Some((*id, (**ask).clone())),
            _ => None,
        })
        .collect()
}

#[track_caller]
pub fn ask(effects: &[Effect]) -> (AskId, Ask) {
    let asks = asks(effects);
    assert_eq!(asks.len(), 1, "{effects:?}");
    asks.into_iter().next().unwrap()
}

pub fn answer(ask: AskId, answer: Answer) -> Msg {
    Msg::Answered { ask, answer: Box::new(Ok(answer)) }
}

pub fn unanswered(ask: AskId, because: Because, why: &str) -> Msg {
    let in_doubt = false;
    let failed = Unanswered { because, why: why.into(), in_doubt, fields: vec![] };
    Msg::Answered { ask, answer: Box::new(Err(failed)) }
}

fn in_doubt(ask: AskId, why: &str) -> Msg {
    let because = Because::NotReached;
    let failed = Unanswered { because, why: why.into(), in_doubt: true, fields: vec![] };
    Msg::Answered { ask, answer: Box::new(Err(failed)) }
}

pub fn listing(desk: &Desk) -> Listing {
    match desk.snap().overlay {
        Some(Overlay::Listing(view)) => view,
        other => panic!("no list is open: {other:?}"),
    }
}

/// The lines of the list that is open.
pub fn listed(desk: &Desk) -> Vec<String> {
    let text = |(text, _): &(String, _)| text.clone();
    let rows = listing(desk).rows;
    rows.iter().map(|row| row.cells.iter().map(text).collect::<Vec<_>>().join("  ")).collect()
}

fn local(path: &str, size: u64) -> LocalFile {
    let name = path.rsplit('/').next().unwrap().to_owned();
    LocalFile { path: path.into(), name, size }
}

fn attachment(id: &str, name: &str, size: u64) -> Attachment {
    Attachment {
        id: id.to_owned(),
        name: name.into(),
        size,
        media_type: "text/plain".to_owned(),
        at: at(NOW),
        by: "Ann".into(),
        visibility: Visibility::Internal,
        sha256: String::new(),
    }
}

/// A desk with one case, which has these files.
fn with_files(files: Vec<Attachment>) -> Desk {
    let case = case("C-1", Severity::High, hours(1));
    let mut desk = Desk::partner(vec![case.clone()]);
    let detail = CaseDetail { attachments: files, ..told(&case) };
    desk.tell(Msg::DetailCame(Box::new(detail)));
    desk
}

/// Attaches a file and answers the question that sends it.
fn uploading(desk: &mut Desk, path: &str, size: u64) -> AskId {
    desk.press("f");
    desk.type_text(path);
    let (looked, asked) = ask(&desk.press("enter"));
    assert_eq!(asked, Ask::LookAt(vec![path.to_owned()]));
    let (id, asked) =
        ask(&desk.tell(answer(looked, Answer::LookedAt(vec![Ok(local(path, size))]))));
    assert_eq!(asked, Ask::Upload { case: "C-1".into(), path: path.into() });
    id
}

fn footer(desk: &Desk) -> String {
    desk.snap().footer.progress.map(|(_, text)| text).unwrap_or_default()
}

#[test]
fn a_file_that_was_looked_at_goes_up_and_the_footer_says_how_far_it_is() {
    let mut desk = with_files(vec![]);
    let id = uploading(&mut desk, "/tmp/error.log", 4_000_000);
    assert!(!desk.has_overlay());
    desk.tell(Msg::Progress { ask: id, done: 0, total: 4_000_000 });
    desk.wait(TimeDelta::seconds(2));
    desk.tell(Msg::Progress { ask: id, done: 2_000_000, total: 4_000_000 });
    assert_eq!(footer(&desk), "↑ error.log 50 % · 1.0 MB/s · 2 s left");
    desk.tell(Msg::Progress { ask: id, done: 4_000_000, total: 4_000_000 });
    assert_eq!(footer(&desk), "↑ error.log the desk looks at it");
    desk.tell(answer(id, Answer::Uploaded(Box::new(attachment("1", "error.log", 4_000_000)))));
    assert_eq!(footer(&desk), "");
    assert_eq!(desk.toast(), "C-1: error.log is attached; the customer is not told");
}

#[test]
fn what_cannot_be_sent_is_named_file_by_file_and_the_line_stays() {
    let mut desk = with_files(vec![]);
    desk.press("f");
    desk.tell(Msg::Pasted("'/tmp/two words.log' /tmp/gone.log".to_owned()));
    let (id, asked) = ask(&desk.press("ctrl-s"));
    let whole = "'/tmp/two words.log' /tmp/gone.log".to_owned();
    let paths = vec![whole, "/tmp/two words.log".to_owned(), "/tmp/gone.log".to_owned()];
    assert_eq!(asked, Ask::LookAt(paths));
    let gone = || Err("there is no such file".to_owned());
    let looked = vec![gone(), Ok(local("/tmp/two words.log", 5)), gone()];
    let effects = desk.tell(answer(id, Answer::LookedAt(looked)));
    assert_eq!(asks(&effects), []);
    let label = "Files of this machine; quotes around names with blanks";
    assert_eq!(desk.field_error(label), "/tmp/gone.log: there is no such file");
    assert_eq!(desk.field(label), "'/tmp/two words.log' /tmp/gone.log");
}

#[test]
fn a_name_with_blanks_needs_no_quotes_if_it_is_a_file() {
    let mut desk = with_files(vec![]);
    desk.press("f");
    desk.type_text("/tmp/two words.log");
    let (id, _) = ask(&desk.press("enter"));
    let gone = || Err("there is no such file".to_owned());
    let looked = vec![Ok(local("/tmp/two words.log", 5)), gone(), gone()];
    let (_, asked) = ask(&desk.tell(answer(id, Answer::LookedAt(looked))));
    assert_eq!(asked, Ask::Upload { case: "C-1".into(), path: "/tmp/two words.log".into() });
}

#[test]
fn tab_completes_a_path_and_shows_what_it_can_become() {
    let mut desk = with_files(vec![]);
    desk.press("f");
    desk.type_text("a.log /tmp/er");
    let (id, asked) = ask(&desk.press("tab"));
    assert_eq!(asked, Ask::Complete("/tmp/er".to_owned()));
    let names = vec!["/tmp/error 1.log".to_owned(), "/tmp/error 2.log".to_owned()];
    desk.tell(answer(id, Answer::Completed(names)));
    let label = "Files of this machine; quotes around names with blanks";
    assert_eq!(desk.field(label), "a.log \"/tmp/error ");
    assert_eq!(desk.preview(), ["/tmp/error 1.log", "/tmp/error 2.log"]);
    desk.type_text("2");
    let (id, asked) = ask(&desk.press("tab"));
    assert_eq!(asked, Ask::Complete("/tmp/error 2".to_owned()));
    desk.tell(answer(id, Answer::Completed(vec!["/tmp/error 2.log".to_owned()])));
    assert_eq!(desk.field(label), "a.log \"/tmp/error 2.log\" ");
}

#[test]
fn a_line_of_paths_that_is_left_is_there_again() {
    let mut desk = with_files(vec![]);
    desk.press("f");
    desk.type_text("/tmp/error.log");
    desk.press("esc");
    assert!(!desk.has_overlay());
    desk.press("f");
    assert_eq!(
        desk.field("Files of this machine; quotes around names with blanks"),
        "/tmp/error.log"
    );
}

#[test]
fn who_may_leave_no_note_may_attach_nothing_and_is_told_so() {
    let case = case("C-1", Severity::High, hours(1));
    let mut desk = Desk::of(Role::Oncall, vec![case]);
    desk.press("f");
    assert!(!desk.has_overlay());
    assert!(desk.toast().contains("attach files"), "{}", desk.toast());
}

#[test]
fn all_files_of_a_case_come_down_two_at_a_time_and_each_says_where_it_is() {
    let files: Vec<Attachment> =
        (1..=3).map(|n| attachment(&n.to_string(), &format!("{n}.log"), 1000)).collect();
    let mut desk = with_files(files.clone());
    desk.press("D");
    assert_eq!(listing(&desk).rows.len(), 3);
    let asked = asks(&desk.press("a"));
    assert_eq!(asked.len(), 2);
    let download = |file: &str| Ask::Download {
        case: "C-1".into(),
        files: files.clone(),
        file: file.to_owned(),
        to: PathBuf::new(),
    };
    assert_eq!(asked[0].1, download("1"));
    let brought = Answer::Downloaded("/home/ida/Downloads/C-1/1.log".into());
    let (_, third) = ask(&desk.tell(answer(asked[0].0, brought)));
    assert_eq!(third, download("3"));
    assert_eq!(desk.toast(), "C-1: /home/ida/Downloads/C-1/1.log");
    // One that is on its way is not brought twice.
    desk.press("D j");
    assert_eq!(asks(&desk.press("enter")), []);
}

#[test]
fn a_cancelled_download_keeps_what_came_and_goes_on_from_there() {
    let mut desk = with_files(vec![attachment("1", "trace.pcap", 2000)]);
    let (id, first) = ask(&desk.press("D enter"));
    desk.tell(Msg::Progress { ask: id, done: 500, total: 2000 });
    desk.press("J");
    assert_eq!(listed(&desk), ["↓  C-1  trace.pcap  2.0 kB  25 %"]);
    let effects = desk.press("d");
    assert!(effects.contains(&Effect::CancelAsk(id)), "{effects:?}");
    assert_eq!(
        desk.toast(),
        "trace.pcap is cancelled: what came is kept, and the next time goes on from there"
    );
    let (again, second) = ask(&desk.press("enter"));
    assert_eq!(first, second);
    assert_ne!(id, again);
    // What is told of the one that was cancelled means nothing any more.
    desk.tell(Msg::Progress { ask: id, done: 1900, total: 2000 });
    assert_eq!(listed(&desk), ["↓  C-1  trace.pcap  2.0 kB  25 %"]);
}

#[test]
fn a_cancelled_upload_says_that_it_may_have_arrived() {
    let mut desk = with_files(vec![]);
    uploading(&mut desk, "/tmp/error.log", 100);
    desk.press("J d");
    assert_eq!(
        desk.toast(),
        "error.log is cancelled: it may have arrived all the same: look at the case"
    );
}

#[test]
fn an_upload_whose_answer_is_lost_is_told_as_doubt_and_not_as_failure() {
    let mut desk = with_files(vec![]);
    let id = uploading(&mut desk, "/tmp/error.log", 100);
    desk.tell(in_doubt(id, "the connection broke off"));
    assert_eq!(
        desk.toast(),
        "It is not known whether error.log was attached to C-1: the connection broke off. Look at the case \
         first."
    );
    let id = uploading(&mut desk, "/tmp/other.log", 100);
    desk.tell(unanswered(id, Because::Refused, "files of this kind are not taken"));
    assert_eq!(
        desk.toast(),
        "Could not attach other.log to C-1: files of this kind are not taken."
    );
}

#[test]
fn quitting_asks_while_a_file_is_on_its_way() {
    let mut desk = with_files(vec![]);
    uploading(&mut desk, "/tmp/error.log", 100);
    let effects = desk.press("q");
    assert!(!effects.contains(&Effect::Quit));
    let Some(Overlay::Confirm(view)) = desk.snap().overlay else { panic!("no question") };
    let lines = view.lines.join("\n");
    assert!(lines.contains("error.log to C-1: broken off, it may have arrived"), "{lines}");
    assert!(desk.press("y").contains(&Effect::Quit));
}

#[test]
fn an_act_is_not_lost_beside_a_file() {
    let mut desk = with_files(vec![]);
    uploading(&mut desk, "/tmp/error.log", 100);
    let effects = desk.press("t");
    assert_eq!(act(&effects).1, CaseId::from("C-1").to_string());
}
