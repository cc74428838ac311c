//! What the first screen shows, as data.

use chrono::{DateTime, Utc};

use super::connect::{Connect, Keep, Part};
use super::{Found, Offer, Welcome, next_check};
use crate::app::view::{FilterLine, Hint, Tone};
use crate::domain::{ActionKind, PartnerRef, Untrusted};
use crate::input::{Action, Context};

#[derive(Debug, Clone, PartialEq)]
pub struct WelcomeView {
    pub stage: Stage,
    /// The keys that work here.
    pub hints: Vec<Hint>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    Offers {
        /// Key, what it is, and a few words about it.
        offers: Vec<(Hint, String)>,
        at: usize,
        /// Where the configuration will be.
        file: String,
    },
    Connect(Box<ConnectView>),
    /// It is over: "Opening desk example …".
    Opening(String),
}

#[derive(Debug, Clone, PartialEq)]
pub struct ConnectView {
    pub fields: Vec<FieldView>,
    /// What is known of the address and the token, or is being found out.
    pub told: Vec<Told>,
    pub error: Option<Untrusted>,
    pub send: Hint,
    /// The button has the keys.
    pub on_send: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct FieldView {
    pub label: &'static str,
    pub kind: FieldKind,
    pub focused: bool,
    /// What to write there, in a few words.
    pub about: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    Line(FilterLine),
    /// All of them, and the one that holds.
    Choice(Vec<&'static str>, usize),
}

/// One thing that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub sign: Sign,
    pub text: Untrusted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Good,
    Bad,
    /// It is being found out.
    Waiting,
    /// More on the line before.
    None,
}

impl Sign {
    pub const fn tone(self) -> Tone {
        match self {
            Self::Good => Tone::Good,
            Self::Bad => Tone::Error,
            Self::Waiting => Tone::Dim,
            Self::None => Tone::Plain,
        }
    }
}

/// What is shown, and when it must be asked again.
#[must_use]
pub fn build(welcome: &Welcome) -> (WelcomeView, Option<DateTime<Utc>>) {
    let (stage, context) = match &welcome.chosen {
        Some(chosen) => (Stage::Opening(opening(chosen)), None),
        None if welcome.is_connecting => {
            let view = connect(welcome, &welcome.connect);
            (Stage::Connect(Box::new(view)), Some(Context::Form))
        }
        None => (offers(welcome), Some(Context::Welcome)),
    };
    let hints = context.map(|context| hints(welcome, context)).unwrap_or_default();
    (WelcomeView { stage, hints }, next_check(welcome))
}

fn opening(chosen: &super::Chosen) -> String {
    match chosen {
        super::Chosen::Desk(name) => format!("Opening desk {name} …"),
        super::Chosen::Demo => "Making a demo desk …".to_owned(),
        super::Chosen::Quit => String::new(),
    }
}

fn key(welcome: &Welcome, action: Action) -> String {
    welcome.keymap.key_text(action, welcome.ascii)
}

fn hints(welcome: &Welcome, context: Context) -> Vec<Hint> {
    let is_shown = |action: Action| match action {
        Action::Send => false,
        Action::NextChoice => welcome.connect.focus == Part::Keep,
        _ => true,
    };
    let of_context = welcome.keymap.bindings().iter().filter(|binding| {
        binding.action.context() == context && !binding.keys.is_empty() && is_shown(binding.action)
    });
    let hint = |binding: &crate::input::Binding| {
        // Nothing of what stands here is a draft of a case.
        let label = match binding.action {
            Action::Leave => "back".to_owned(),
            _ => binding.hint.clone()?,
        };
        Some(Hint { keys: key(welcome, binding.action), label, enabled: true })
    };
    of_context.filter_map(hint).collect()
}

fn offers(welcome: &Welcome) -> Stage {
    let offer = |offer: &Offer| {
        let (action, label, about) = match offer {
            Offer::Connect => (
                Action::ConnectDesk,
                "Connect a desk",
                "its address and your token, checked as you type",
            ),
            Offer::Demo => (
                Action::LookAtDemo,
                "Look at the demo",
                "a made-up desk on this machine, to try things out",
            ),
            Offer::Quit => (Action::LeaveWelcome, "Quit", "caseload --help names the commands"),
        };
        let hint = Hint { keys: key(welcome, action), label: label.to_owned(), enabled: true };
        (hint, about.to_owned())
    };
    Stage::Offers {
        offers: Offer::ALL.iter().map(offer).collect(),
        at: welcome.at,
        file: welcome.file.clone(),
    }
}

fn connect(welcome: &Welcome, connect: &Connect) -> ConnectView {
    let text = |area: &ratatui_textarea::TextArea, part: Part| FilterLine {
        text: area.lines().join(" "),
        cursor: (connect.focus == part).then_some(area.cursor().1),
    };
    let mut secret = text(connect.secret(), Part::Secret);
    if connect.keep.is_typed() {
        // Nobody who looks over a shoulder reads it.
        secret.text = "•".repeat(secret.text.chars().count());
    }
    let about_secret = match connect.keep {
        Keep::File | Keep::Keyring => "paste it; the desk's administrator makes one",
        Keep::Variable => "its name, such as NORDWIND_TOKEN",
        Keep::Command => "such as: pass show nordwind; run once the field is left",
    };
    let name = connect.name();
    let about_keep = match connect.keep {
        Keep::File => {
            let name = if name.is_empty() { "NAME" } else { &name };
            format!("{name}.token beside the configuration, for you alone")
        }
        Keep::Keyring => "what keeps the passwords of this desktop".to_owned(),
        Keep::Variable => "you set it before you start caseload".to_owned(),
        Keep::Command => "its first line is the token; it stays in no file".to_owned(),
    };
    let field = |part, label, kind, about: &str| FieldView {
        label,
        kind,
        focused: connect.focus == part,
        about: about.to_owned(),
    };
    let at = Keep::ALL.iter().position(|keep| *keep == connect.keep).unwrap_or(0);
    let keeps = Keep::ALL.iter().map(|keep| keep.label()).collect();
    ConnectView {
        fields: vec![
            field(
                Part::Address,
                "Address",
                FieldKind::Line(text(&connect.address, Part::Address)),
                "https://desk.example.org",
            ),
            field(Part::Keep, "Token kept in", FieldKind::Choice(keeps, at), &about_keep),
            field(Part::Secret, connect.keep.secret_label(), FieldKind::Line(secret), about_secret),
            field(
                Part::Name,
                "Name",
                FieldKind::Line(text(&connect.name, Part::Name)),
                "how you call the desk",
            ),
        ],
        told: told(connect),
        error: connect.error.clone(),
        send: Hint {
            keys: key(welcome, Action::Send),
            label: "connect".to_owned(),
            enabled: !connect.is_saving,
        },
        on_send: connect.focus == Part::Button,
    }
}

fn told(connect: &Connect) -> Vec<Told> {
    let one = |sign, text: String| vec![Told { sign, text: text.into() }];
    if connect.is_saving {
        return one(Sign::Waiting, "Writing the configuration …".to_owned());
    }
    let reached = |desk: &str| Told { sign: Sign::Good, text: format!("{desk} answers").into() };
    let bad = |text: &Untrusted| Told { sign: Sign::Bad, text: text.clone() };
    match &connect.found {
        _ if connect.is_asked => one(Sign::Waiting, format!("Asking {} …", connect.url())),
        // Half an address is no mistake yet.
        Some(Found::BadAddress(_)) if connect.focus == Part::Address => Vec::new(),
        Some(Found::BadAddress(why) | Found::NotReached(why) | Found::NotACaseApi(why)) => {
            vec![bad(why)]
        }
        Some(Found::NoToken(why)) => vec![bad(why)],
        Some(Found::Reached { desk }) => {
            let next = match connect.keep {
                Keep::File | Keep::Keyring => "it asks for your token",
                Keep::Variable | Keep::Command => "it asks for a token",
            };
            vec![Told { sign: Sign::Good, text: format!("{desk} answers: {next}").into() }]
        }
        Some(Found::Refused { desk, why }) => vec![reached(desk), bad(why)],
        Some(Found::Accepted { desk, who }) => {
            let mut told = vec![reached(desk)];
            let partner = |partner: &PartnerRef| format!(", {}", partner.name.raw());
            told.push(Told {
                sign: Sign::Good,
                text: Untrusted::new(format!(
                    "You are {}, {}{}",
                    who.actor.name.raw(),
                    who.actor.role.label(),
                    who.partner.as_ref().map(partner).unwrap_or_default()
                )),
            });
            told.push(Told { sign: Sign::None, text: may(&who.may).into() });
            told
        }
        None => Vec::new(),
    }
}

/// "You may respond, take, close", or what you may not where that is shorter.
fn may(kinds: &[ActionKind]) -> String {
    let words = |kinds: Vec<ActionKind>| {
        kinds.iter().map(|kind| kind.word().replace('_', " ")).collect::<Vec<_>>().join(", ")
    };
    let not: Vec<ActionKind> =
        ActionKind::ALL.iter().copied().filter(|kind| !kinds.contains(kind)).collect();
    match (kinds.len(), not.len()) {
        (0, _) => "You may look, and do nothing.".to_owned(),
        (_, 0) => "You may do everything there.".to_owned(),
        (yes, no) if no < yes => format!("You may do everything but: {}", words(not)),
        _ => format!("You may: {}", words(kinds.to_vec())),
    }
}
