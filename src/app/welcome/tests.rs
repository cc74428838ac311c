//! The first start, without a terminal: keys and answers in, effects and screen out.

#![allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]

use chrono::{DateTime, TimeDelta, Utc};
use crossterm::event::{KeyCode, KeyModifiers};
use secrecy::ExposeSecret;

use super::connect::{PAUSE, name_of};
use super::view::{ConnectView, FieldKind, Sign, Stage, build};
use super::*;
use crate::domain::{ActionKind, Actor, PartnerRef, Role};
use crate::input::parse_chord;

struct First {
    welcome: Welcome,
    now: DateTime<Utc>,
}

impl First {
    fn start() -> Self {
        let welcome = Welcome::new(false, Keymap::embedded(), "/h/config.toml".to_owned());
        Self { welcome, now: "2026-11-24T09:00:00Z".parse().unwrap() }
    }

    fn connecting() -> Self {
        let mut first = Self::start();
        first.press("enter");
        first
    }

    fn tell(&mut self, msg: Msg) -> Vec<Effect> {
        update(&mut self.welcome, msg, self.now)
    }

    fn press(&mut self, keys: &str) -> Vec<Effect> {
        let keys = keys.split(' ').map(|key| parse_chord(key).unwrap());
        keys.flat_map(|key| self.tell(Msg::KeyPressed(key))).collect()
    }

    fn types(&mut self, text: &str) -> Vec<Effect> {
        let key = |c| KeyCombination::one_key(KeyCode::Char(c), KeyModifiers::NONE).normalized();
        text.chars().flat_map(|c| self.tell(Msg::KeyPressed(key(c)))).collect()
    }

    fn pastes(&mut self, text: &str) -> Vec<Effect> {
        self.tell(Msg::Pasted(text.to_owned()))
    }

    /// Lets the pause after the last key pass.
    fn pause(&mut self) -> Vec<Effect> {
        self.now += PAUSE;
        assert!(build(&self.welcome).1.is_none_or(|due| due <= self.now), "the loop wakes for it");
        self.tell(Msg::TimePassed)
    }

    fn answer(&mut self, effects: &[Effect], found: Found) -> Vec<Effect> {
        let number = asked(effects).0;
        self.tell(Msg::Checked { number, found: Box::new(found) })
    }

    fn view(&self) -> ConnectView {
        match build(&self.welcome).0.stage {
            Stage::Connect(view) => *view,
            other => panic!("nothing is being connected: {other:?}"),
        }
    }

    fn field(&self, label: &str) -> String {
        let view = self.view();
        match &view.fields.iter().find(|field| field.label == label).unwrap().kind {
            FieldKind::Line(line) => line.text.clone(),
            FieldKind::Choice(options, at) => options[*at].to_owned(),
        }
    }

    fn told(&self) -> Vec<(Sign, String)> {
        self.view().told.into_iter().map(|told| (told.sign, told.text.raw().to_owned())).collect()
    }

    fn error(&self) -> String {
        self.view().error.map(|error| error.raw().to_owned()).unwrap_or_default()
    }
}

/// The one question among the effects: its number, the address, and the token that goes there.
fn asked(effects: &[Effect]) -> (u64, String, Option<String>) {
    let [Effect::Check { number, question }] = effects else { panic!("one question: {effects:?}") };
    let token = question.token.as_ref().map(|token| match token {
        Token::Typed(token) => token.expose_secret().to_owned(),
        Token::Variable(name) => format!("variable {name}"),
        Token::Command(command) => format!("command {command}"),
    });
    (*number, question.url.clone(), token)
}

fn accepted() -> Found {
    let partner = PartnerRef { id: "nordwind".into(), name: "Nordwind Support".into() };
    let actor = Actor {
        id: "rhald".into(),
        name: "R. Hald".into(),
        role: Role::Partner,
        partner: Some(partner.id.clone()),
    };
    let may = vec![ActionKind::Respond, ActionKind::Take, ActionKind::HandBack];
    let who = Box::new(Whoami { actor, partner: Some(partner), may, mail: true });
    Found::Accepted { desk: "desk.example.org".to_owned(), who }
}

#[test]
fn enter_takes_what_the_cursor_is_on_and_every_offer_has_its_key() {
    for (keys, chosen) in [
        ("j enter", Chosen::Demo),
        ("d", Chosen::Demo),
        ("up enter", Chosen::Quit),
        ("q", Chosen::Quit),
    ] {
        let effects = First::start().press(keys);
        assert!(
            matches!(&effects[..], [Effect::End(end)] if *end == chosen),
            "{keys}: {effects:?}"
        );
    }
    let mut first = First::start();
    first.press("c");
    assert_eq!(first.field("Address"), "");
    // Esc never quits.
    assert!(first.press("esc").is_empty() && first.press("esc").is_empty());
    assert!(matches!(build(&first.welcome).0.stage, Stage::Offers { at: 0, .. }));
}

#[test]
fn an_address_is_asked_about_when_typing_pauses_and_never_with_the_token_while_it_is_written() {
    let mut first = First::connecting();
    assert!(first.types("desk.nordwind.exampl").is_empty());
    let (_, url, token) = asked(&first.pause());
    assert_eq!((url.as_str(), token), ("https://desk.nordwind.exampl", None));
    assert_eq!(first.field("Name"), "nordwind");
    first.press("tab tab");
    first.pastes("s3cret");
    first.press("shift-tab shift-tab");
    first.types("e");
    let (_, url, token) = asked(&first.pause());
    assert_eq!((url.as_str(), token), ("https://desk.nordwind.example", None));
    // Left, it is whole.
    let (_, _, token) = asked(&first.press("tab"));
    assert_eq!(token.as_deref(), Some("s3cret"));
}

#[test]
fn a_token_is_hidden_and_a_pasted_one_loses_the_end_of_its_line_and_is_asked_about_at_once() {
    let mut first = First::connecting();
    first.types("https://desk.example.org");
    first.press("tab tab");
    let effects = first.pastes("  t0ken\r\n");
    assert_eq!(asked(&effects).2.as_deref(), Some("t0ken"));
    assert_eq!(first.field("Token"), "•••••");
    let shown = format!("{:?}{:?}", build(&first.welcome).0, effects);
    assert!(!shown.contains("t0ken"), "neither a view nor an effect tells it: {shown}");
    first.answer(&effects, accepted());
    assert_eq!(
        first.told(),
        [
            (Sign::Good, "desk.example.org answers".to_owned()),
            (Sign::Good, "You are R. Hald, partner agent, Nordwind Support".to_owned()),
            (Sign::None, "You may: respond, take, hand back".to_owned()),
        ]
    );
}

#[test]
fn an_answer_to_what_stood_there_before_is_dropped() {
    let mut first = First::connecting();
    first.types("desk.example.org");
    let before = first.pause();
    first.types("g");
    first.answer(&before, Found::NotReached("Could not reach desk.example.org".into()));
    assert!(first.told().is_empty());
}

#[test]
fn sending_saves_at_once_what_the_desk_has_taken() {
    let mut first = First::connecting();
    first.types("desk.example.org");
    first.press("tab tab");
    let effects = first.pastes("t0ken");
    first.answer(&effects, accepted());
    let effects = first.press("ctrl-s");
    let [Effect::Save(desk)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((desk.name.as_str(), desk.url.as_str()), ("example", "https://desk.example.org"));
    assert!(matches!(desk.keep, Keep::File));
    // While it is written, no key does anything.
    assert!(first.press("ctrl-s x").is_empty());
    let effects = first.tell(Msg::Saved(Ok("example".to_owned())));
    assert!(matches!(&effects[..], [Effect::End(Chosen::Desk(name))] if name == "example"));
    assert_eq!(build(&first.welcome).0.stage, Stage::Opening("Opening desk example …".to_owned()));
}

#[test]
fn sending_before_it_was_asked_about_asks_first_and_saves_nothing_that_is_refused() {
    let mut first = First::connecting();
    first.types("desk.example.org");
    first.press("tab tab");
    first.types("wrong");
    let effects = first.press("ctrl-s");
    assert_eq!(asked(&effects).2.as_deref(), Some("wrong"));
    let refused = Found::Refused {
        desk: "desk.example.org".to_owned(),
        why: "The token is not known".into(),
    };
    assert!(first.answer(&effects, refused).is_empty());
    assert!(first.error().contains("Nothing is saved"));
    assert_eq!(first.told()[1], (Sign::Bad, "The token is not known".to_owned()));
    // Put right, the same key does it.
    first.pastes("right");
    let effects = first.press("ctrl-s");
    assert!(matches!(&first.answer(&effects, accepted())[..], [Effect::Save(_)]));
}

#[test]
fn what_is_missing_is_named_where_it_is_missing() {
    let mut first = First::connecting();
    assert!(first.press("ctrl-s").is_empty());
    assert!(first.error().contains("address"));
    first.types("desk.example.org");
    assert!(first.press("ctrl-s").is_empty());
    assert!(first.error().contains("token is needed"));
    first.types("t");
    first.press("tab");
    first.types(" !");
    assert!(first.press("ctrl-s").is_empty());
    assert!(first.error().contains("64 letters"), "{}", first.error());
}

#[test]
fn a_variable_and_a_command_take_the_place_of_the_token_and_a_command_waits_until_it_is_whole() {
    let mut first = First::connecting();
    first.types("desk.example.org");
    first.press("tab right right tab");
    first.types("DESK_TOKEN");
    assert_eq!(asked(&first.pause()).2.as_deref(), Some("variable DESK_TOKEN"));
    assert_eq!(
        (first.field("Token kept in"), first.field("Variable")),
        ("variable".into(), "DESK_TOKEN".into())
    );
    first.press("shift-tab right tab");
    first.types("pass show");
    assert_eq!(asked(&first.pause()).2, None, "half a command is not run");
    assert_eq!(asked(&first.press("tab")).2.as_deref(), Some("command pass show"));
    assert_eq!(first.field("Command"), "pass show", "a command is no secret");
}

#[test]
fn what_went_wrong_with_the_configuration_stands_there_and_the_words_stay() {
    let mut first = First::connecting();
    first.types("desk.example.org");
    first.press("tab tab");
    let effects = first.pastes("t0ken");
    first.answer(&effects, accepted());
    first.press("ctrl-s");
    first.tell(Msg::Saved(Err("There is a desk called example already".into())));
    assert!(first.error().contains("called example"));
    assert_eq!(first.field("Address"), "desk.example.org");
    // Left and opened again, everything is as it was.
    first.press("esc c");
    assert_eq!(first.field("Token"), "•••••");
}

#[test]
fn letters_of_a_text_choose_nothing_and_a_paste_where_nobody_writes_does_nothing() {
    let mut first = First::start();
    assert!(first.pastes("d\nq").is_empty());
    let mut first = First::connecting();
    assert!(first.types("cdqjk").is_empty());
    assert_eq!(first.field("Address"), "cdqjk");
    let effects = first.pastes("a\u{3}q\nb");
    assert_eq!(asked(&effects).1, "https://cdqjka\u{3}q", "it is asked about, as text");
}

#[test]
fn a_desk_is_called_by_what_is_its_own_in_the_address() {
    for (url, name) in [
        ("https://desk.nordwind.example", "nordwind"),
        ("https://nordwind.example/api/v1", "nordwind"),
        ("https://support.example.org:8443", "example"),
        ("http://127.0.0.1:8470", "local"),
        ("http://localhost", "local"),
        ("https://desk", "desk"),
        ("https://", ""),
        ("", ""),
    ] {
        assert_eq!(name_of(url), name, "{url}");
    }
}

#[test]
fn a_check_is_due_once() {
    let mut first = First::connecting();
    first.types("desk.example.org");
    assert_eq!(build(&first.welcome).1, Some(first.now + PAUSE));
    first.pause();
    assert_eq!(build(&first.welcome).1, None);
    first.now += TimeDelta::hours(1);
    assert!(first.tell(Msg::TimePassed).is_empty());
}
