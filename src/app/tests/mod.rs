//! The screen without a terminal: keys and messages in, effects and snapshots out, on a clock that stands
//! until it is moved.

#![allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]

mod acts;
mod board;
mod bulk;
mod chords;
mod corrections;
mod desks;
mod detail;
mod disconnected;
mod finding;
mod forms;
mod letters;
mod mouse;
mod next;
mod played_outbox;
mod promises;
mod queue;
mod random;
mod refused;
mod screen;
mod share;
mod transfers;
mod visiting;
mod why;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use crokey::KeyCombination;

use super::view::{FieldKind, FormView, Overlay, Row, Snapshot, build};
use super::{ActFailure, ActId, Effect, Link, Model, Msg, Options, Told, Whoami, update};
use crate::domain::rules::Change;
use crate::domain::{
    Action, Actor, Case, CaseDetail, CaseState, ClockKind, ClockState, Customer, DeskNo,
    Eligibility, Environment, PartnerRef, Person, Role, Severity, Tier, TimelineEntry,
    TimelineKind, Visibility,
};
use crate::input::{Keymap, parse_chord};
use crate::sla::ledger::Ledger;
use crate::sla::policy::Policy;

/// Tuesday, 10:00 where Nordwind works.
pub const NOW: &str = "2026-11-24T09:00:00Z";

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn hours(n: i64) -> TimeDelta {
    TimeDelta::hours(n)
}

pub fn partner_ref() -> PartnerRef {
    PartnerRef { id: "nordwind".into(), name: "Nordwind Support".into() }
}

pub fn person(id: &str, name: &str) -> Person {
    Person { id: id.into(), name: name.into() }
}

/// A case at 1st level that was reported so long before [`NOW`] and has had its response.
pub fn case(id: &str, severity: Severity, ago: TimeDelta) -> Case {
    let policy = Policy::embedded();
    let partner = partner_ref();
    let reported_at = at(NOW) - ago;
    let mut ledger = Ledger::opened(reported_at, severity, &partner.id, &policy);
    ledger.apply(reported_at + TimeDelta::seconds(8), &Change::Responded, &policy);
    Case {
        id: id.into(),
        subject: format!("Subject of {id}").into(),
        severity,
        tier: Tier::First,
        state: CaseState::Open,
        customer: Customer { company: "Fjord Logistics".into(), contact: "Ida Holm".into() },
        partner,
        assignee: None,
        eligibility: Eligibility::Eligible,
        environment: Environment::Production,
        workaround: false,
        phone_follow_up: None,
        correction: None,
        reported_at,
        updated_at: reported_at,
        revision: 3,
        clocks: ledger.summaries(at(NOW), &policy),
    }
}

/// The same case, not responded to yet.
pub fn unanswered(id: &str, severity: Severity, ago: TimeDelta) -> Case {
    let mut case = case(id, severity, ago);
    let policy = Policy::embedded();
    let ledger = Ledger::opened(case.reported_at, severity, &case.partner.id, &policy);
    case.clocks = ledger.summaries(at(NOW), &policy);
    case
}

/// The same case at 2nd level since [`NOW`].
pub fn at_second(mut case: Case) -> Case {
    let policy = Policy::embedded();
    let mut ledger = Ledger::opened(case.reported_at, case.severity, &case.partner.id, &policy);
    ledger.apply(case.reported_at, &Change::Responded, &policy);
    ledger.apply(at(NOW), &Change::Escalated(Tier::Second), &policy);
    case.tier = Tier::Second;
    case.assignee = None;
    case.clocks = ledger.summaries(at(NOW), &policy);
    newer(case)
}

/// The same case, one revision on.
pub fn newer(mut case: Case) -> Case {
    case.revision += 1;
    case
}

pub fn with(mut case: Case, person: Person) -> Case {
    case.assignee = Some(person);
    newer(case)
}

/// The case, closed.
pub fn closed(mut case: Case) -> Case {
    case.state = CaseState::Closed;
    newer(case)
}

/// The case whole, with a note and a reply in its timeline.
pub fn whole(case: &Case) -> CaseDetail {
    let entry = |seq, kind, visibility, text: &str| TimelineEntry {
        seq,
        at: case.reported_at + TimeDelta::minutes(i64::try_from(seq).unwrap()),
        actor: person("lito", "L. Ito"),
        kind,
        visibility,
        text: text.into(),
        summary: "".into(),
    };
    CaseDetail {
        case: case.clone(),
        description: "It stopped after the update.".into(),
        product: Some("Guest".into()),
        version: Some("15.2".into()),
        licence_key: "7F3K".into(),
        email: "ida@fjord.example".into(),
        phone: None,
        resolution: None,
        attachments: vec![],
        timeline: vec![
            entry(1, TimelineKind::Note, Visibility::Internal, "Looks like the cache."),
            entry(2, TimelineKind::Reply, Visibility::Customer, "Please try again."),
        ],
        ledger: None,
    }
}

/// The case whole, with what its clocks went through.
pub fn told(case: &Case) -> CaseDetail {
    let policy = Policy::embedded();
    let mut ledger = Ledger::opened(case.reported_at, case.severity, &case.partner.id, &policy);
    for clock in &case.clocks {
        match (clock.kind, clock.tier, clock.ended_at) {
            (ClockKind::Response, _, Some(at)) => ledger.apply(at, &Change::Responded, &policy),
            (ClockKind::Resolution, Tier::Second, _) => {
                ledger.apply(clock.started_at, &Change::Escalated(Tier::Second), &policy);
            }
            (ClockKind::Resolution, _, Some(at)) if case.state == CaseState::Closed => {
                ledger.apply(at, &Change::Closed, &policy);
            }
            _ => {}
        }
    }
    assert_eq!(ledger.summaries(at(NOW), &policy), case.clocks, "a life that can be told");
    CaseDetail { ledger: Some(ledger.record()), ..whole(case) }
}

impl From<Told> for Msg {
    fn from(told: Told) -> Self {
        Self::Told(DeskNo::FIRST, told)
    }
}

/// One desk with its screen.
pub struct Desk {
    pub model: Model,
    pub now: DateTime<Utc>,
    pub played: played_outbox::Played,
}

impl Desk {
    /// A desk on a wide screen, signed in and live, with these cases.
    pub fn of(role: Role, cases: Vec<Case>) -> Self {
        let mut desk = Self::dark((120, 40));
        desk.tell(Told::PolicyLoaded(Arc::new(Policy::embedded())));
        desk.sign_in(role);
        desk.tell(Told::LinkChanged { link: Link::Live, fresh_at: Some(desk.now) });
        desk.page(cases, true, false);
        desk
    }

    pub fn partner(cases: Vec<Case>) -> Self {
        Self::of(Role::Partner, cases)
    }

    /// The same desk under other keys, as `[keys]` of the settings changes them.
    pub fn with_keys(cases: Vec<Case>, keys: &[(&str, &[&str])]) -> Self {
        let keys = keys.iter().map(|(action, keys)| {
            ((*action).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())
        });
        let mut desk = Self::partner(cases);
        desk.model.keymap = Keymap::embedded().with_overrides(&keys.collect()).unwrap();
        desk
    }

    /// A screen that knows nothing yet.
    pub fn dark(size: (u16, u16)) -> Self {
        Self {
            model: Model::new(size, Options::default()),
            now: at(NOW),
            played: played_outbox::Played::default(),
        }
    }

    pub fn sign_in(&mut self, role: Role) {
        let partner = (role == Role::Partner).then(partner_ref);
        let actor = Actor {
            id: "rhald".into(),
            name: "R. Hald".into(),
            role,
            partner: partner.as_ref().map(|p| p.id.clone()),
        };
        self.tell(Told::SignedIn(Box::new(Whoami { actor, partner, may: vec![], mail: true })));
    }

    /// What the line tells is told by the first desk.
    pub fn tell(&mut self, msg: impl Into<Msg>) -> Vec<Effect> {
        let msg = msg.into();
        let ended = match &msg {
            Msg::ActDone { act, .. } | Msg::ActNotKept { act, .. } => Some(*act),
            _ => None,
        };
        let mut effects = update(&mut self.model, msg, self.now);
        effects.extend(self.play(&effects.clone()));
        if let Some(act) = ended {
            self.ends(act);
        }
        effects
    }

    pub fn page(&mut self, cases: Vec<Case>, reset: bool, more: bool) -> Vec<Effect> {
        self.tell(Told::PageCame { cases, removed: vec![], reset, more })
    }

    /// The feed brings changes.
    pub fn feed(&mut self, cases: Vec<Case>) -> Vec<Effect> {
        self.page(cases, false, false)
    }

    pub fn removed(&mut self, ids: &[&str]) -> Vec<Effect> {
        let removed = ids.iter().map(|id| (*id).into()).collect();
        self.tell(Told::PageCame { cases: vec![], removed, reset: false, more: false })
    }

    /// Presses keys one after the other: "e", "ctrl-s", "j j enter".
    pub fn press(&mut self, keys: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for key in keys.split(' ') {
            effects.extend(self.tell(Msg::KeyPressed(parse_chord(key).unwrap())));
        }
        effects
    }

    /// Types a text, letter by letter.
    pub fn type_text(&mut self, text: &str) -> Vec<Effect> {
        use crossterm::event::{KeyCode, KeyModifiers};
        let mut effects = Vec::new();
        for c in text.chars() {
            let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
            let key = KeyCombination::one_key(code, KeyModifiers::NONE).normalized();
            effects.extend(self.tell(Msg::KeyPressed(key)));
        }
        effects
    }

    /// Lets time pass as the loop does: woken at every instant that the snapshot named.
    pub fn wait(&mut self, time: TimeDelta) -> Vec<Effect> {
        let end = self.now + time;
        let mut effects = Vec::new();
        loop {
            let wake = build(&self.model, self.now).1;
            let next = [wake, self.played.next_send()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = next.max(self.now);
            self.send_due();
            if wake.is_some_and(|wake| wake <= next) {
                effects.extend(self.tell(Msg::TimePassed));
            }
        }
        self.now = end;
        effects
    }

    pub fn snap(&self) -> Snapshot {
        build(&self.model, self.now).0
    }

    pub fn rows(&self) -> Vec<Row> {
        self.snap().queue.rows
    }

    pub fn ids(&self) -> Vec<String> {
        self.rows().iter().map(|row| row.id.to_string()).collect()
    }

    pub fn row(&self, id: &str) -> Row {
        self.rows().into_iter().find(|row| row.id.as_str() == id).unwrap()
    }

    /// The id under the cursor, as the rows show it.
    pub fn selected(&self) -> String {
        let rows = self.rows();
        let selected: Vec<&Row> = rows.iter().filter(|row| row.selected).collect();
        assert!(selected.len() <= 1, "one cursor: {selected:?}");
        selected.first().map(|row| row.id.to_string()).unwrap_or_default()
    }

    /// How many cases the header counts as missed, and as due within the hour.
    pub fn late(&self) -> (usize, usize) {
        let late = self.snap().header.late.unwrap();
        (late.missed, late.under_1h)
    }

    pub fn toast(&self) -> String {
        self.snap().footer.toast.map(|(text, _)| text).unwrap_or_default()
    }

    pub fn form(&self) -> FormView {
        match self.snap().overlay {
            Some(Overlay::Form(form)) => form,
            other => panic!("no form is open: {other:?}"),
        }
    }

    /// The whole case comes, with what its clocks went through.
    pub fn detail(&mut self, case: &Case) {
        self.tell(Msg::DetailCame(Box::new(told(case))));
    }

    /// What the open form says that the act will do.
    pub fn preview(&self) -> Vec<String> {
        let line = |line: &super::view::Line| line.iter().map(|s| s.text.as_str()).collect();
        self.form().preview.iter().map(line).collect()
    }

    /// The explanation that is open, as text.
    pub fn why(&self) -> String {
        match self.snap().overlay {
            Some(Overlay::Why(view)) => {
                let line =
                    |line: &super::view::Line| line.iter().map(|s| s.text.as_str()).collect();
                view.lines.iter().skip(view.scroll).map(line).collect::<Vec<String>>().join("\n")
            }
            other => panic!("no explanation is open: {other:?}"),
        }
    }

    pub fn has_overlay(&self) -> bool {
        self.snap().overlay.is_some()
    }

    /// The text of the field with that label.
    pub fn field(&self, label: &str) -> String {
        let form = self.form();
        let field = form.fields.iter().find(|f| f.label == label).unwrap();
        match &field.kind {
            FieldKind::Text { lines, .. } => lines.join("\n"),
            FieldKind::Line { text, .. } | FieldKind::Preset { text } => text.clone(),
            FieldKind::Pick { text, options, at, .. } => {
                at.map_or_else(|| text.clone(), |at| options[at].clone())
            }
            FieldKind::Choice { options, chosen } => {
                chosen.map(|index| options[index].clone()).unwrap_or_default()
            }
            FieldKind::Many { options, .. } => {
                let on = options.iter().filter(|(_, on)| *on).map(|(label, _)| label.as_str());
                on.collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// What stands at the field with that label.
    pub fn field_error(&self, label: &str) -> String {
        let form = self.form();
        let field = form.fields.iter().find(|f| f.label == label).unwrap();
        field.error.as_ref().map(|e| e.raw().to_owned()).unwrap_or_default()
    }

    pub fn error(&self) -> String {
        self.form().error.map(|e| e.raw().to_owned()).unwrap_or_default()
    }

    /// The head of the detail and all of the tab's text.
    pub fn detail_text(&self) -> String {
        let text = &self.model.text;
        let line =
            |line: &super::view::Line| -> String { line.iter().map(|s| s.text.as_str()).collect() };
        let head = text.head.iter().map(line);
        let rows = text.rows.iter().map(|row| line(&row.margin) + &line(&row.text));
        head.chain(rows).collect::<Vec<String>>().join("\n")
    }

    /// The text of the detail that is on the screen, below the tabs.
    pub fn detail_rows(&self) -> Vec<String> {
        let line = |line: &super::view::Line| line.iter().map(|s| s.text.as_str()).collect();
        self.snap().detail.lines.iter().map(line).collect()
    }

    pub fn tabs(&self) -> String {
        let tabs = self.snap().detail.tabs;
        let line: String = tabs.iter().map(|span| span.text.as_str()).collect();
        line.split('─').next().unwrap_or_default().trim_end().to_owned()
    }

    pub fn hint(&self, label: &str) -> Option<bool> {
        self.snap().footer.hints.iter().find(|h| h.label == label).map(|h| h.enabled)
    }
}

/// The acts among the effects: which, on which case, at which revision.
pub fn acts(effects: &[Effect]) -> Vec<(ActId, String, Option<u64>, Action)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Act { act, case, revision, action, .. } => {
                Some((*act, case.to_string(), *revision, (**action).clone()))
            }
            _ => None,
        })
        .collect()
}

/// The one act among the effects.
pub fn act(effects: &[Effect]) -> (ActId, String, Option<u64>, Action) {
    let acts = acts(effects);
    assert_eq!(acts.len(), 1, "{effects:?}");
    acts.into_iter().next().unwrap()
}

pub fn done(act: ActId, case: Case) -> Msg {
    Msg::ActDone { act, case: Box::new(case) }
}

/// The response clock of a case, met now.
pub fn responded(mut case: Case, now: DateTime<Utc>) -> Case {
    for clock in &mut case.clocks {
        if clock.kind == ClockKind::Response {
            clock.state = ClockState::Met;
            clock.ended_at = Some(now);
            clock.remaining_s = clock.due_at.map(|due| (due - now).num_seconds());
        }
    }
    newer(case)
}
