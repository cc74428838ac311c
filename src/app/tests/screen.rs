//! What is shown: header, detail, clocks, notices, help, panes, and when it must be drawn again.

use super::*;
use crate::app::layout::Shape;
use crate::app::view::{LinkSign, Pane, Tone};
use crate::domain::PhoneFollowUp;
use crate::sla::reading::Face;

fn two() -> Vec<Case> {
    vec![case("C-1", Severity::High, hours(2)), case("C-2", Severity::Low, hours(2))]
}

fn fetched(effects: &[Effect]) -> Vec<(String, Option<u64>)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::FetchCase { id, known } => Some((id.to_string(), *known)),
            _ => None,
        })
        .collect()
}

fn link(desk: &Desk) -> (LinkSign, String) {
    let header = desk.snap().header;
    (header.link, header.link_text)
}

#[test]
fn the_header_says_who_i_am_and_that_the_line_is_live() {
    let desk = Desk::partner(two());
    assert_eq!(desk.snap().header.who.raw(), "Nordwind Support · R. Hald, 1st level");
    assert_eq!(link(&desk), (LinkSign::Live, "live".to_owned()));
    let engineer = Desk::of(Role::Engineer, vec![]);
    assert_eq!(engineer.snap().header.who.raw(), "R. Hald, 2nd level");
    assert_eq!(Desk::of(Role::Oncall, vec![]).snap().header.who.raw(), "R. Hald, on-call");
}

#[test]
fn without_a_line_the_header_counts_to_the_next_try_and_tells_the_age_of_the_data() {
    let mut desk = Desk::partner(two());
    let fresh_at = Some(desk.now);
    let offline = |desk: &Desk| Link::Offline {
        retry_at: desk.now + TimeDelta::seconds(8),
        why: "connection refused".into(),
    };
    let msg = Told::LinkChanged { link: offline(&desk), fresh_at };
    desk.tell(msg);
    assert_eq!(link(&desk), (LinkSign::Offline, "offline, retry in 8 s".to_owned()));
    desk.wait(TimeDelta::seconds(8));
    assert_eq!(link(&desk).1, "offline, retrying now");
    desk.wait(TimeDelta::seconds(232));
    let msg = Told::LinkChanged { link: offline(&desk), fresh_at };
    desk.tell(msg);
    assert_eq!(link(&desk).1, "offline, retry in 8 s · 4 min old");
    desk.wait(TimeDelta::minutes(1));
    assert_eq!(link(&desk).1, "offline, retrying now · 5 min old");
    assert_eq!(desk.ids().len(), 2, "the last good data stay");
}

#[test]
fn what_is_wrong_with_the_line_is_told_in_words() {
    let mut desk = Desk::partner(two());
    let why = || crate::domain::Untrusted::from("no");
    for (state, text) in [
        (Link::SignedOut { why: why() }, "signed out"),
        (Link::NotAllowed { why: why() }, "not allowed"),
        (Link::NotACaseApi { why: why() }, "not a case API"),
    ] {
        desk.tell(Told::LinkChanged { link: state, fresh_at: Some(desk.now) });
        assert_eq!(link(&desk), (LinkSign::Broken, text.to_owned()));
    }
    desk.tell(Told::LinkChanged { link: Link::Live, fresh_at: Some(desk.now) });
    desk.tell(Told::SkewLearned(185));
    assert_eq!(link(&desk).1, "live · clock 3 min fast");
    desk.tell(Told::SkewLearned(-7));
    assert_eq!(link(&desk).1, "live · clock 7 s slow");
    desk.tell(Told::SkewLearned(5));
    assert_eq!(link(&desk).1, "live");
}

#[test]
fn why_the_line_is_down_is_said_once_and_again_when_somebody_asks() {
    let mut desk = Desk::partner(two());
    let down = |desk: &mut Desk, why: &str| {
        let retry_at = desk.now + TimeDelta::seconds(8);
        let link = Link::Offline { retry_at, why: why.into() };
        desk.tell(Told::LinkChanged { link, fresh_at: Some(desk.now) });
        desk.toast()
    };
    assert_eq!(down(&mut desk, "its answer broke off"), "its answer broke off");
    assert_eq!(down(&mut desk, "connection refused"), "connection refused", "while it is read");
    desk.wait(TimeDelta::seconds(30));
    assert_eq!(down(&mut desk, "connection refused"), "");
    assert_eq!(down(&mut desk, "its answer broke off"), "");
    assert!(desk.press("R").contains(&Effect::PollNow));
    assert_eq!(desk.toast(), "Asked again. its answer broke off");
    let out = Link::SignedOut { why: "The token was revoked.".into() };
    desk.tell(Told::LinkChanged { link: out, fresh_at: Some(desk.now) });
    assert_eq!(desk.toast(), "Signed out: The token was revoked.");
    desk.tell(Told::LinkChanged { link: Link::Live, fresh_at: Some(desk.now) });
    assert_eq!(desk.toast(), "The desk is reached again");
    desk.wait(hours(1));
    desk.tell(Told::LinkChanged { link: Link::Live, fresh_at: Some(desk.now) });
    assert_eq!(desk.toast(), "", "a confirmation of a live line is no news");
}

#[test]
fn nothing_is_counted_before_anything_is_known_and_a_load_says_that_it_runs() {
    let mut desk = Desk::dark((120, 40));
    desk.sign_in(Role::Partner);
    let (header, queue) = (desk.snap().header, desk.snap().queue);
    assert_eq!((header.late, queue.count, queue.loading), (None, 0, true));
    desk.page(two(), true, true);
    assert_eq!((desk.late(), desk.snap().queue.count), ((0, 0), 2));
    assert!(desk.snap().queue.loading);
    desk.feed(vec![]);
    assert!(!desk.snap().queue.loading);
}

#[test]
fn loading_and_each_kind_of_failure_are_different_screens_that_say_what_to_do() {
    let mut desk = Desk::dark((80, 24));
    let mut titles = vec![desk.snap().queue.notice.unwrap().title];
    let why = || crate::domain::Untrusted::from("the \u{1b}[2J reason");
    for state in [
        Link::Offline { retry_at: desk.now + TimeDelta::seconds(3), why: why() },
        Link::SignedOut { why: why() },
        Link::NotAllowed { why: why() },
        Link::NotACaseApi { why: why() },
    ] {
        desk.tell(Told::LinkChanged { link: state, fresh_at: None });
        let notice = desk.snap().queue.notice.unwrap();
        assert!(notice.lines[0].contains("reason") && !notice.lines[0].contains('\u{1b}'));
        assert!(notice.lines.last().unwrap().contains("R tries again"), "{notice:?}");
        titles.push(notice.title);
    }
    desk.page(vec![], true, false);
    titles.push(desk.snap().queue.notice.unwrap().title);
    let mut different = titles.clone();
    different.dedup();
    assert_eq!((different.len(), &titles), (6, &different));
    assert_eq!(desk.press("R")[0], Effect::PollNow);
}

#[test]
fn the_detail_follows_the_cursor_and_a_known_one_is_shown_at_once() {
    let mut desk = Desk::dark((120, 40));
    desk.sign_in(Role::Partner);
    let effects = desk.page(two(), true, false);
    assert_eq!(fetched(&effects), [("C-1".to_owned(), None)]);
    assert!(desk.detail_text().ends_with("The rest is being read."), "{}", desk.detail_text());
    desk.tell(Msg::DetailCame(Box::new(whole(&two()[0]))));
    assert!(desk.detail_text().contains("It stopped after the update."));
    assert_eq!(fetched(&desk.press("j")), [("C-2".to_owned(), None)]);
    assert!(desk.detail_text().contains("Subject of C-2"));
    assert!(!desk.detail_text().contains("It stopped"));
    assert_eq!(fetched(&desk.press("k")), [("C-1".to_owned(), Some(3))]);
    assert!(desk.detail_text().contains("It stopped after the update."));
    assert_eq!(fetched(&desk.feed(vec![newer(two().remove(0))])), [("C-1".to_owned(), Some(3))]);
    assert_eq!(fetched(&desk.press("R")), [("C-1".to_owned(), Some(3))]);
}

#[test]
fn a_detail_that_is_older_than_the_known_one_is_dropped_and_a_newer_one_patches_the_row() {
    let mut desk = Desk::partner(two());
    let mut new = whole(&newer(two().remove(0)));
    new.case.subject = "Patched".into();
    let old = whole(&two()[0]);
    assert_eq!(fetched(&desk.tell(Msg::DetailCame(Box::new(new)))), []);
    desk.tell(Msg::DetailCame(Box::new(old)));
    assert_eq!(desk.row("C-1").subject.raw(), "Patched");
    assert!(desk.detail_text().starts_with("Patched"));
}

#[test]
fn what_the_customer_reads_and_what_is_internal_differ_in_words_and_look() {
    let mut desk = Desk::partner(two());
    let mut detail = whole(&two()[0]);
    detail.timeline[0].text = "Evil \u{1b}[31mred".into();
    desk.tell(Msg::DetailCame(Box::new(detail)));
    let text = desk.detail_text();
    assert!(text.contains("times in CET, newest last"), "{text}");
    let said = "Tue 24 Nov\n┃ 08:01 L. Ito noted [internal]\n┃       Evil ␛[31mred\n\
                » 08:02 L. Ito replied [to customer]\n»       Please try again.";
    assert!(text.contains(said), "{text}");
    let tone = |what: &str| {
        let lines = desk.snap().detail.lines;
        let span = lines.iter().flatten().find(|s| s.text.contains(what)).unwrap();
        span.tone
    };
    assert_eq!(tone("Evil"), Tone::Internal);
    assert_eq!(tone("Please try"), Tone::Customer);
}

#[test]
fn a_timeline_names_every_day_once_other_years_with_their_number_and_both_names_of_its_zone() {
    let mut desk = Desk::partner(two());
    let mut detail = whole(&two()[0]);
    let mut last = detail.timeline[1].clone();
    last.at = at("2026-11-25T09:00:00Z");
    last.kind = TimelineKind::Take;
    last.summary = "assigned to L. Ito".into();
    detail.timeline[0].at = at("2025-07-01T09:00:00Z");
    detail.timeline[1].at = at("2026-11-25T08:00:00Z");
    detail.timeline.push(last);
    desk.tell(Msg::DetailCame(Box::new(detail)));
    let text = desk.detail_text();
    assert!(text.contains("times in CEST, CET"), "{text}");
    assert!(text.contains("Tue 1 Jul 2025\n┃ 11:00 L. Ito noted"), "{text}");
    assert!(text.contains("Wed 25 Nov\n» 09:00 L. Ito replied"), "{text}");
    assert!(text.contains("\n» 10:00 L. Ito took it") && !text.contains("assigned"), "{text}");
}

#[test]
fn esc_ends_the_zoom_before_it_leaves_the_pane() {
    let mut desk = Desk::partner(two());
    desk.press("enter z esc");
    let snap = desk.snap();
    assert!(!snap.areas.queue.is_empty() && snap.focus == Pane::Detail);
    desk.press("esc");
    assert_eq!(desk.snap().focus, Pane::Queue);
    desk.tell(Msg::Resized { columns: 50, rows: 12 });
    desk.press("z enter esc");
    assert!(
        !desk.snap().areas.queue.is_empty(),
        "where every pane has the screen, back is the queue"
    );
}

#[test]
fn the_detail_tells_the_customer_the_licence_the_place_and_the_call_that_is_owed() {
    let mut critical = case("C-1", Severity::Critical, hours(1));
    critical.phone_follow_up = Some(PhoneFollowUp::Due);
    let mut desk = Desk::partner(vec![critical.clone()]);
    desk.tell(Msg::DetailCame(Box::new(whole(&critical))));
    let text = desk.detail_text();
    for part in [
        "Subject of C-1\nFjord Logistics · Ida Holm",
        "licence ✓ eligible",
        "production · no workaround · phone call due",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    desk.press("]");
    let text = desk.detail_text();
    for part in ["reported Tue 24 Nov 09:00 CET", "Guest 15.2", "« It stopped after the update."] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let title = desk.snap().detail.title.unwrap();
    assert_eq!((title.id.as_str(), title.severity), ("C-1", Severity::Critical));
}

#[test]
fn the_detail_fits_its_pane_at_every_size_and_scrolls_to_its_end_and_no_further() {
    let mut detail = whole(&two()[0]);
    detail.description = "words and more of them ".repeat(200).into();
    for size in [(200, 60), (120, 40), (80, 24), (40, 10), (20, 5)] {
        let mut desk = Desk::partner(two());
        desk.tell(Msg::Resized { columns: size.0, rows: size.1 });
        desk.tell(Msg::DetailCame(Box::new(detail.clone())));
        desk.press("enter");
        assert_eq!(desk.snap().focus, Pane::Detail);
        let inside = crate::app::layout::inside(desk.snap().areas.detail);
        desk.press("]");
        let view = desk.snap().detail;
        let tabs = usize::from(!view.tabs.is_empty());
        let room = usize::from(inside.height) - view.head.len() - tabs;
        assert!(view.lines.len() <= room, "{size:?}");
        for line in view.head.into_iter().chain([view.tabs]).chain(view.lines) {
            let wide: usize = line.iter().map(|s| crate::domain::text::columns(&s.text)).sum();
            assert!(wide <= usize::from(inside.width - 2), "{line:?} at {size:?}");
        }
        desk.press("G");
        let view = desk.snap().detail;
        assert_eq!(view.scroll, view.count.saturating_sub(room));
        desk.press("j pagedown");
        assert_eq!(desk.snap().detail.scroll, view.scroll);
        desk.press("k");
        assert_eq!(desk.snap().detail.scroll, view.scroll.saturating_sub(1));
        desk.press("g");
        assert_eq!(desk.snap().detail.scroll, 0);
        assert_eq!(desk.press("esc"), []);
        assert_eq!(desk.snap().focus, Pane::Queue);
    }
}

#[test]
fn a_detail_that_cannot_be_read_says_why_and_is_asked_for_again_when_the_line_is_back() {
    let mut desk = Desk::partner(two());
    let failed = |gone| Msg::DetailFailed { id: "C-1".into(), why: "no answer.".into(), gone };
    desk.tell(failed(false));
    let text = desk.detail_text().replace('\n', " ");
    assert!(text.ends_with("The rest could not be read: no answer. R tries again."), "{text}");
    let offline = Link::Offline { retry_at: desk.now, why: "x".into() };
    desk.tell(Told::LinkChanged { link: offline, fresh_at: None });
    let effects = desk.tell(Told::LinkChanged { link: Link::Live, fresh_at: Some(desk.now) });
    assert_eq!(fetched(&effects), [("C-1".to_owned(), None)]);
    desk.tell(failed(true));
    assert_eq!(desk.ids(), ["C-2"]);
    assert_eq!(desk.toast(), "C-1 left the list: closed, or no longer yours to see");
}

#[test]
fn a_missed_resolution_clock_at_1st_level_says_that_the_case_must_be_escalated() {
    let late = case("C-1", Severity::Critical, hours(24 * 14));
    let demands = |desk: &Desk| -> Vec<_> {
        desk.snap().clocks.clocks.iter().map(|c| (c.short, c.demand)).collect()
    };
    let mut desk = Desk::partner(vec![late.clone(), unanswered("C-2", Severity::High, hours(9))]);
    assert_eq!(demands(&desk), [("R", ""), ("S1", "must be escalated now")]);
    desk.press("j");
    assert_eq!(demands(&desk), [("R", ""), ("S1", "")], "a late response is no reason");
    desk.press("k");
    desk.feed(vec![at_second(late)]);
    desk.press("2 G");
    assert_eq!(desk.selected(), "C-1");
    assert_eq!(demands(&desk), [("R", ""), ("S1", ""), ("S2", "")]);
}

#[test]
fn the_clocks_name_their_case_where_no_detail_stands_beside_them() {
    let mut desk = Desk::partner(two());
    let named = |desk: &Desk| desk.snap().clocks.title.map(|title| title.id.to_string());
    assert_eq!(named(&desk), None);
    desk.press("tab tab z");
    assert_eq!(named(&desk).as_deref(), Some("C-1"));
    let facts = desk.snap().clocks.clocks[1].facts.clone();
    assert!(facts.starts_with("target 10bd, since Tue 24 Nov"), "{facts}");
}

#[test]
fn the_clocks_pane_shows_both_sides_of_the_ledger_and_the_next_breaches_over_all_cases() {
    let late = with(unanswered("C-7", Severity::Critical, hours(3)), person("lito", "L. Ito"));
    let desk = Desk::partner(vec![at_second(case("C-1", Severity::Low, hours(1))), late]);
    let mut desk = desk;
    desk.press("2 G");
    assert_eq!(desk.selected(), "C-1");
    let view = desk.snap().clocks;
    let shown: Vec<_> = view.clocks.iter().map(|c| (c.short, c.name, c.text.as_str())).collect();
    assert_eq!(shown[0], ("R", "response", "met in 0s"));
    assert_eq!(shown[1], ("S1", "resolution", "met in 1h"));
    assert_eq!((shown[2].0, view.clocks[2].used_permille), ("S2", Some(0)));
    assert!(view.clocks[2].due.ends_with("CEST"), "{}", view.clocks[2].due);
    assert_eq!(view.clocks[1].used_permille, None);
    let next: Vec<_> =
        view.next.iter().map(|(id, face, text)| (id.as_str(), *face, text.as_str())).collect();
    assert_eq!(next[0], ("C-7", Face::Missed, "missed"));
    assert_eq!(next[1].0, "C-1");
    assert_eq!(desk.row("C-7").due, "+1h");
    assert_eq!(desk.row("C-7").due_tone, Tone::Face(Face::Missed));
}

#[test]
fn tab_goes_round_the_panes_and_zoom_gives_one_the_screen() {
    let mut desk = Desk::partner(two());
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(desk.snap().focus);
        desk.press("tab");
    }
    assert_eq!(seen, [Pane::Queue, Pane::Detail, Pane::Clocks]);
    desk.press("backtab z");
    let areas = desk.snap().areas;
    assert!(areas.queue.is_empty() && areas.detail.is_empty() && !areas.clocks.is_empty());
    desk.press("z");
    assert!(!desk.snap().areas.queue.is_empty());
    for _ in 0..4 {
        assert_eq!(desk.press("esc"), [], "esc never quits");
    }
}

#[test]
fn on_a_small_terminal_the_queue_stands_alone_and_enter_opens_the_case_over_it() {
    let mut desk = Desk::partner(two());
    desk.tell(Msg::Resized { columns: 50, rows: 12 });
    let areas = desk.snap().areas;
    assert_eq!(areas.shape, Shape::Single);
    assert!(areas.detail.is_empty());
    desk.press("j enter");
    assert!(desk.snap().areas.queue.is_empty());
    assert!(desk.detail_text().contains("Subject of C-2"));
    desk.press("esc");
    assert_eq!((desk.selected().as_str(), desk.ids().len()), ("C-2", 2));
}

#[test]
fn the_help_is_made_from_the_live_keymap_and_searched_by_typing() {
    let keys = [("escalate".to_owned(), vec!["Y".to_owned()])].into();
    let keymap = crate::input::Keymap::embedded().with_overrides(&keys).unwrap();
    let mut desk = Desk::dark((120, 40));
    desk.model = Model::new((120, 40), Options { keymap, ..Options::default() });
    desk.press("?");
    let help = |desk: &Desk| match desk.snap().overlay {
        Some(Overlay::Help(help)) => help,
        other => panic!("{other:?}"),
    };
    let all: usize = help(&desk).groups.iter().map(|(_, keys)| keys.len()).sum();
    assert_eq!(all, crate::input::Action::ALL.len());
    desk.type_text("Escalate t");
    let found = help(&desk);
    assert_eq!(found.groups.len(), 1);
    assert_eq!(found.groups[0].1[0].0, "Y");
    assert_eq!((found.filter.text.as_str(), found.filter.cursor), ("Escalate t", Some(10)));
    desk.type_text("zzz");
    assert!(help(&desk).groups.is_empty());
    desk.press("esc ?");
    for _ in 0..500 {
        desk.press("down");
    }
    let end = help(&desk).scroll;
    assert!(end < 3 * crate::input::Action::ALL.len(), "{end}");
    desk.press("up");
    assert_eq!(help(&desk).scroll, end - 1);
}

#[test]
fn the_footer_shows_the_keys_that_work_here() {
    let mut desk = Desk::partner(two());
    let labels = |desk: &Desk| {
        let hints = desk.snap().footer.hints;
        hints.iter().map(|h| format!("{} {}", h.keys, h.label)).collect::<Vec<_>>().join(", ")
    };
    assert!(labels(&desk).starts_with("a respond, t take, e escalate, c close, n note, r reply"));
    desk.press("n");
    assert_eq!(
        labels(&desk),
        "Ctrl-S send, Esc leave, keep the draft, Tab next, Ctrl-T canned, Ctrl-E editor"
    );
    desk.press("esc /");
    assert_eq!(labels(&desk), "Enter keep, Esc clear, Tab complete, ↑ earlier ones");
}

#[test]
fn a_toast_ends_by_itself() {
    let mut desk = Desk::partner(vec![]);
    desk.press("n");
    assert_eq!(desk.toast(), "No case is selected.");
    desk.wait(TimeDelta::seconds(11));
    assert_eq!(desk.toast(), "No case is selected.");
    desk.wait(TimeDelta::seconds(1));
    assert_eq!(desk.toast(), "");
}

#[test]
fn an_idle_screen_is_not_woken_more_often_than_something_reads_differently() {
    // Days to go: the texts count in hours.
    let mut desk = Desk::partner(two());
    let mut woken = 0;
    let end = desk.now + hours(6);
    while let Some(next) = build(&desk.model, desk.now).1.filter(|next| *next <= end) {
        desk.now = next;
        desk.tell(Msg::TimePassed);
        woken += 1;
    }
    assert!((4..=24).contains(&woken), "{woken} times in six hours");
}

#[test]
fn nothing_reads_differently_before_the_instant_that_the_snapshot_names_and_something_does_then() {
    let mut desk = Desk::partner(vec![
        unanswered("C-1", Severity::Critical, hours(2) - TimeDelta::seconds(40)),
        unanswered("C-2", Severity::High, hours(3) + TimeDelta::minutes(44)),
        case("C-3", Severity::Low, hours(30)),
    ]);
    desk.press("j a");
    let offline =
        Link::Offline { retry_at: desk.now + TimeDelta::milliseconds(12_345), why: "x".into() };
    desk.tell(Told::LinkChanged { link: offline, fresh_at: Some(desk.now) });
    // The cursor has rested: what is around it has been asked for.
    desk.wait(TimeDelta::milliseconds(450));
    for _ in 0..200 {
        let (before, next) = build(&desk.model, desk.now);
        let next = next.unwrap();
        assert!(next > desk.now);
        let almost = next - TimeDelta::milliseconds(1);
        assert_eq!(build(&desk.model, almost).0, before, "until {next}");
        desk.now = next;
        desk.tell(Msg::TimePassed);
        assert_ne!(desk.snap(), before, "at {next}");
    }
}

/// What the palette lists, and where its keys are.
fn palette(desk: &Desk) -> (Vec<String>, usize) {
    let Some(Overlay::Palette(view)) = desk.snap().overlay else { panic!("no palette is open") };
    (view.entries.iter().map(|e| format!("{} {}", e.keys, e.label)).collect(), view.at)
}

#[test]
fn the_palette_finds_every_act_by_its_words_and_does_what_is_chosen() {
    let mut desk = Desk::partner(two());
    desk.press(":");
    let all = palette(&desk).0.len();
    assert!(all > 35, "{all}");
    desk.type_text("sev rea");
    assert_eq!(palette(&desk).0[0], "s Set the severity, with a reason");
    desk.press("enter");
    assert_eq!(desk.form().title, "Severity of C-1");
    desk.press("esc :");
    desk.type_text("view wait");
    desk.press("enter");
    assert_eq!(desk.snap().queue.name, "waiting");
    desk.press(":");
    desk.type_text("anew");
    assert_eq!(desk.press("enter"), [Effect::Redraw]);
}

#[test]
fn the_palette_goes_round_says_why_something_cannot_be_done_and_stays_where_nothing_is_found() {
    let mut desk = Desk::partner(two());
    desk.press(":");
    desk.press("up");
    let (entries, at) = palette(&desk);
    assert_eq!(at, entries.len() - 1);
    desk.press("down");
    assert_eq!(palette(&desk).1, 0);
    desk.type_text("hand back");
    let Some(Overlay::Palette(view)) = desk.snap().overlay else { panic!() };
    assert!(!view.entries[0].enabled);
    assert!(view.refusal.unwrap().raw().contains("no tier to hand it back to"));
    desk.press("enter");
    assert!(desk.toast().contains("no tier to hand it back to"), "{}", desk.toast());
    desk.press(":");
    desk.tell(Msg::Pasted("qqq\nzzz".into()));
    assert_eq!(desk.press("enter"), []);
    assert_eq!(palette(&desk).0.len(), 0);
    desk.press("esc");
    assert!(!desk.has_overlay());
}

#[test]
fn an_act_from_the_palette_reaches_the_case_that_the_palette_names_or_none() {
    let mut desk = Desk::partner(two());
    desk.press(":");
    desk.type_text("take the case");
    desk.removed(&["C-1"]);
    assert_eq!(desk.selected(), "C-2");
    assert_eq!(desk.press("enter"), []);
    assert_eq!(desk.toast(), "C-1 has left the list meanwhile");
}
