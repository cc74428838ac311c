//! Forms: one act on one case, with the words for it. A form is bound to the case and the revision on
//! which it was opened, and lives on as a draft when it is left.

mod field;
mod pick;
mod suited;
mod written;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use field::{Choosable, Entry, Field, editor, input};
pub use written::{Filled, Value, Written, fields_of};

use super::msg::ActId;
use super::picker::Picker;
use crate::domain::canned;
use crate::domain::outbox::{self, State, Why};
use crate::domain::rules::{self, Refusal, Standing};
use crate::domain::{
    Action, ActionKind, Actor, Case, CaseId, Cause, CorrectionId, Eligibility, Finding, InfoItem,
    Person, ResolutionKind, Revision, Severity, Tier, Untrusted, UserId, action::NewCorrection,
};

/// The words of one of the domain's closed lists.
macro_rules! words {
    ($list:ident) => {
        $list::ALL.iter().map(|word| Choosable::new(word.word(), word.label()))
    };
}

/// One act on its way to be sent.
#[derive(Debug, Clone)]
pub struct Form {
    pub kind: ActionKind,
    /// The case as it stood when the form was opened, or when the person was told that it had changed.
    pub base: Case,
    pub fields: Vec<Field>,
    /// Index of the field that has the keys.
    pub focus: usize,
    pub error: Option<Untrusted>,
    /// What stood in it when it was opened.
    opened: Vec<Filled>,
    /// The tier that an escalation goes to.
    pub to: Tier,
    /// The canned answers, while one is looked for.
    pub picker: Option<Box<Picker>>,
    /// The field whose text an editor has.
    pub edited: Option<usize>,
    /// The entry of the outbox that it answers.
    pub about: Option<About>,
    /// The draft on the disk that holds its words.
    pub draft: Option<String>,
    /// Since when something stands in it that is not on the disk.
    pub unkept: Option<DateTime<Utc>>,
    /// When it came up without being asked for.
    pub came: Option<DateTime<Utc>>,
    /// The newest state of the case since it was opened.
    pub latest: Option<Box<Case>>,
    /// The case has left the list since then.
    pub gone: bool,
    /// The cases besides `base` that it is for, as they stood when it was opened: those that were marked.
    pub others: Vec<Case>,
    /// It passes the case over: its words become the note that says why, and the case is released.
    pub skips: bool,
}

/// What the desk has answered to an act, or asks about it.
#[derive(Debug, Clone)]
pub struct About {
    pub act: ActId,
    pub key: Uuid,
    /// The case as it stood when the act was ordered; None: nobody had seen it.
    pub was: Option<Box<Case>>,
    pub queued_at: DateTime<Utc>,
    /// What is asked; None: it was refused.
    pub asked: Option<Why>,
    /// What stood in it when it was ordered.
    fields: Vec<Filled>,
}

impl Form {
    /// An empty form; None for acts that need no words. `people`: whom the case could be given to.
    #[must_use]
    pub fn open(kind: ActionKind, case: &Case, people: &[Person]) -> Option<Self> {
        let to = if case.tier == Tier::First { Tier::Second } else { Tier::Product };
        Self::open_to(to, kind, case, people)
    }

    fn open_to(to: Tier, kind: ActionKind, case: &Case, people: &[Person]) -> Option<Self> {
        let reason = || Field::text("reason", "Reason");
        let fields = match kind {
            ActionKind::Note => vec![Field::text("text", "Note")],
            ActionKind::Reply => vec![Field::text("text", "Reply")],
            ActionKind::RequestInfo => vec![
                Field::text("text", "What we need to know"),
                Field::many("items", "Asked for, Space checks", words!(InfoItem)),
            ],
            ActionKind::InfoReceived => vec![Field::text("text", "What came").optional()],
            ActionKind::RecordWorkaround => vec![Field::text("text", "Workaround")],
            ActionKind::LogPhoneCall => {
                let contact = case.customer.contact.cell(rules::CONTACT_MAX);
                let with = Field::line("with", "Spoken with").preset(&contact);
                vec![with, Field::text("text", "What was said")]
            }
            ActionKind::Assign if people.is_empty() => {
                vec![Field::line("somebody", "To, by user name")]
            }
            ActionKind::Assign => vec![
                Field::choice("assignee", "To", people.iter().map(choosable)),
                Field::line("somebody", "Or somebody else, by user name").optional(),
            ],
            ActionKind::SetEligibility => vec![
                Field::choice("eligibility", "Licence", words!(Eligibility))
                    .on(case.eligibility.word()),
                reason(),
            ],
            ActionKind::HandBack | ActionKind::Reopen => vec![reason()],
            ActionKind::Escalate if to != Tier::Product => vec![reason()],
            ActionKind::Escalate => vec![
                Field::text("reason", "How 2nd level established the product error"),
                Field::choice("finding", "Finding", words!(Finding))
                    .on(Finding::ProductError.word()),
                correction(case),
                Field::line("new_correction", "Or the title of a new one").optional(),
            ],
            ActionKind::SetSeverity => vec![
                Field::choice("severity", "Severity", words!(Severity)).on(case.severity.word()),
                reason(),
            ],
            ActionKind::Close => vec![
                Field::choice("resolution", "Resolution", words!(ResolutionKind)),
                Field::choice("cause", "Cause", words!(Cause)).optional(),
                Field::text("text", "Text for the customer"),
                Field::line("duplicate_of", "Duplicate of, by case id").optional(),
            ],
            ActionKind::Respond | ActionKind::Take | ActionKind::Release => return None,
        };
        let mut form = Self {
            kind,
            base: case.clone(),
            fields,
            opened: Vec::new(),
            focus: 0,
            error: None,
            to,
            about: None,
            draft: None,
            unkept: None,
            came: None,
            latest: None,
            gone: false,
            picker: None,
            edited: None,
            others: Vec::new(),
            skips: false,
        };
        form.opened = form.filled();
        Some(form)
    }

    /// The form of an act that the desk asks about or has refused, with every word, on the case as it is now.
    /// `known`: the case as the queue shows it. None: it has no form, or nobody knows the case.
    #[must_use]
    pub fn again(
        act: ActId,
        entry: &outbox::Entry,
        known: Option<&Case>,
        people: &[Person],
    ) -> Option<Self> {
        let (asked, told) = match &entry.state {
            State::Asked(question) => (Some(question.why), question.current.as_ref()),
            State::Refused(failure) => (None, failure.current.as_deref()),
            State::Held { .. } | State::Queued | State::Sending => return None,
        };
        let case = told.or(known).or(entry.base.as_deref())?;
        let fields = fields_of(&entry.action)?;
        let kind = entry.action.kind();
        let mut form = match &entry.action {
            Action::Escalate { to, .. } => Self::open_to(*to, kind, case, people)?,
            _ => Self::open(kind, case, people)?,
        };
        form.fill(&fields);
        let (was, fields) = (entry.base.clone(), form.filled());
        let (key, queued_at) = (entry.key, entry.queued_at);
        form.about = Some(About { act, key, was, queued_at, asked, fields });
        if let State::Refused(failure) = &entry.state {
            form.error = Some(failure.sentence.clone());
            for (name, message) in &failure.fields {
                form.mark_if_known(name, message);
            }
        }
        Some(form)
    }

    /// Whether it stands as it was ordered.
    #[must_use]
    pub fn is_as_ordered(&self) -> bool {
        self.about.as_ref().is_some_and(|about| about.fields == self.filled())
    }

    /// Whether it is worth a draft: somebody wrote in it what stands nowhere else.
    #[must_use]
    pub fn is_worth_keeping(&self) -> bool {
        if self.about.is_some() { !self.is_as_ordered() } else { !self.is_blank() }
    }

    /// Something was written or chosen in it.
    pub fn touched(&mut self, now: DateTime<Utc>) {
        self.suit_cause();
        self.unkept.get_or_insert(now);
    }

    /// Every case that it is for.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        std::iter::once(&self.base).chain(&self.others)
    }

    #[must_use]
    pub fn case(&self) -> &CaseId {
        &self.base.id
    }

    /// The revision that the act is bound to. None where nothing that changes meanwhile can make it wrong:
    /// a note or a phone call adds to the case, a text to the customer is read by a person, and the rules on the desk guard
    /// responding, taking and releasing against every state that they do not fit.
    #[must_use]
    pub fn revision(&self) -> Option<Revision> {
        bound(self.kind).then_some(self.base.revision)
    }

    /// Whether a field must be filled in: nobody need be chosen where somebody is named.
    fn needs(&self, field: &Field) -> bool {
        let named = field.name == "assignee" && self.given("somebody").is_some();
        field.required && self.shows(field) && !named
    }

    /// Whether nothing was written or chosen that the form did not open with.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.filled() == self.opened
    }

    /// What stands in it now is what it opens with: nobody wrote it.
    pub fn begin_here(&mut self) {
        self.opened = self.filled();
    }

    /// Moves the keys to the next field that shows or the button after the last, or back.
    pub fn move_focus(&mut self, back: bool) {
        let count = self.fields.len() + 1;
        let step = if back { count - 1 } else { 1 };
        for _ in 0..count {
            self.focus = (self.focus + step) % count;
            if self.fields.get(self.focus).is_none_or(|field| self.shows(field)) {
                return;
            }
        }
    }

    /// The field that has the keys; None: the button has them.
    pub fn focused(&mut self) -> Option<&mut Field> {
        self.fields.get_mut(self.focus)
    }

    /// Whether the keys are on the button that sends the form.
    #[must_use]
    pub fn is_on_button(&self) -> bool {
        self.focus >= self.fields.len()
    }

    /// The act as the fields say it; None when it cannot be sent: what is wrong then stands at the fields.
    pub fn action(&mut self, actor: &Actor, now: &Case) -> Option<Action> {
        self.error = None;
        let mut missing = None;
        for index in 0..self.fields.len() {
            let absent = self.needs(&self.fields[index]) && self.fields[index].is_blank();
            let gap = canned::gap_in(&self.fields[index].written());
            self.fields[index].error = match gap {
                _ if absent => Some(self.fields[index].missing()),
                Some(gap) => Some(format!("write {} for {}", gap.label(), gap.gap()).into()),
                None => None,
            };
            if absent || gap.is_some() {
                missing.get_or_insert(index);
            }
        }
        if let Some(index) = missing {
            self.focus = index;
            return None;
        }
        let action = self.compose()?;
        match rules::decide(actor, &Standing::from(now), &action) {
            Ok(_) => Some(action),
            Err(Refusal::Invalid { field, message }) => {
                self.mark(field, &message.into());
                None
            }
            Err(refusal) => {
                self.error = Some(refusal.to_string().into());
                None
            }
        }
    }

    fn compose(&self) -> Option<Action> {
        self.composed(|text| text, None)
    }

    /// The act as it would be if what is not written yet were: what it does to the clocks does not depend on
    /// words. None while the choice that it depends on is open.
    #[must_use]
    pub fn supposed(&self) -> Option<Action> {
        let word = |text: String| if text.trim().is_empty() { "…".to_owned() } else { text };
        let resolution = match self.base.tier {
            Tier::First | Tier::Second => ResolutionKind::Explanation,
            Tier::Product => ResolutionKind::CorrectedInRelease,
        };
        let mut action = self.composed(word, Some(resolution))?;
        match &mut action {
            Action::Close { resolution: ResolutionKind::Duplicate, duplicate_of, .. } => {
                duplicate_of.get_or_insert_with(|| CaseId::from("…"));
            }
            Action::Escalate { to: Tier::Product, correction: None, new_correction, .. } => {
                new_correction.get_or_insert_with(|| NewCorrection { title: "…".to_owned() });
            }
            _ => {}
        }
        Some(action)
    }

    /// `open`: the resolution while none is chosen.
    fn composed(
        &self,
        word: impl Fn(String) -> String,
        open: Option<ResolutionKind>,
    ) -> Option<Action> {
        let text = |name| word(self.text(name));
        Some(match self.kind {
            ActionKind::Note if self.skips => {
                Action::Note { text: format!("Skipped: {}", text("text")) }
            }
            ActionKind::Note => Action::Note { text: text("text") },
            ActionKind::Reply => Action::Reply { text: text("text") },
            ActionKind::RequestInfo => Action::RequestInfo {
                text: text("text"),
                items: self
                    .field("items")
                    .map(|field| field.checked().filter_map(|word| word.parse().ok()).collect())
                    .unwrap_or_default(),
            },
            ActionKind::InfoReceived => Action::InfoReceived {
                text: Some(text("text")).filter(|text| !text.trim().is_empty()),
            },
            ActionKind::RecordWorkaround => Action::RecordWorkaround { text: text("text") },
            ActionKind::LogPhoneCall => {
                Action::LogPhoneCall { with: self.given("with")?, text: text("text") }
            }
            ActionKind::Assign => {
                let chosen = self.chosen("assignee").map(str::to_owned);
                Action::Assign { assignee: UserId::new(self.given("somebody").or(chosen)?) }
            }
            ActionKind::SetEligibility => Action::SetEligibility {
                eligibility: self.chosen("eligibility")?.parse().ok()?,
                reason: text("reason"),
            },
            ActionKind::HandBack => Action::HandBack { reason: text("reason") },
            ActionKind::Reopen => Action::Reopen { reason: text("reason") },
            ActionKind::SetSeverity => Action::SetSeverity {
                severity: self.chosen("severity")?.parse().ok()?,
                reason: text("reason"),
            },
            ActionKind::Escalate => {
                let to_product = self.to == Tier::Product;
                let title = self.given("new_correction");
                Action::Escalate {
                    to: self.to,
                    reason: text("reason"),
                    finding: self
                        .chosen("finding")
                        .and_then(|word| word.parse().ok())
                        .filter(|_| to_product),
                    correction: self.given("correction").map(CorrectionId::new),
                    new_correction: title.map(|title| NewCorrection { title }),
                }
            }
            ActionKind::Close => Action::Close {
                resolution: self
                    .chosen("resolution")
                    .and_then(|word| word.parse().ok())
                    .or(open)?,
                text: text("text"),
                cause: self
                    .chosen("cause")
                    .filter(|_| self.resolution().is_some_and(ResolutionKind::has_cause))
                    .and_then(|word| word.parse().ok()),
                duplicate_of: self
                    .given("duplicate_of")
                    .filter(|_| self.chosen("resolution") == Some("duplicate"))
                    .map(CaseId::new),
            },
            ActionKind::Respond | ActionKind::Take | ActionKind::Release => return None,
        })
    }

    /// Says at a field what is wrong with it; a field that the form does not have says it for the whole.
    pub fn mark(&mut self, name: &str, message: &Untrusted) {
        if let Some(index) = self.fields.iter().position(|f| f.name == name) {
            self.fields[index].error = Some(message.clone());
            self.focus = index;
        } else {
            self.error = Some(format!("{name}: {}", message.raw()).into());
        }
    }

    /// As [`Form::mark`], where the sentence for the whole form stands already.
    pub fn mark_if_known(&mut self, name: &str, message: &Untrusted) {
        if self.fields.iter().any(|f| f.name == name) {
            self.mark(name, message);
        }
    }

    /// The field of that name in the case API.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut Field> {
        self.fields.iter_mut().find(|f| f.name == name)
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    pub fn text(&self, name: &str) -> String {
        self.field(name).map(Field::written).unwrap_or_default()
    }

    /// What a short field holds, without the blanks around it; None when that is nothing.
    fn given(&self, name: &str) -> Option<String> {
        let text = self.text(name).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    #[must_use]
    pub fn chosen(&self, name: &str) -> Option<&str> {
        self.field(name).and_then(Field::chosen)
    }
}

/// The correction, preset to the one that the case is linked to.
fn correction(case: &Case) -> Field {
    let mut field = Field::pick("correction", "Correction").optional();
    if let (Entry::Pick(pick), Some(id)) = (&mut field.entry, &case.correction) {
        pick.put(id.as_str());
    }
    field
}

/// Columns of a person's name in a list.
const NAME: usize = 30;

fn choosable(person: &Person) -> Choosable {
    Choosable::new(person.id.as_str(), person.name.cell(NAME))
}

/// Whether an act is refused by the desk when the case has changed since it was seen.
#[must_use]
pub const fn bound(kind: ActionKind) -> bool {
    !matches!(
        kind,
        ActionKind::Note
            | ActionKind::Reply
            | ActionKind::LogPhoneCall
            | ActionKind::Respond
            | ActionKind::Take
            | ActionKind::Release
    )
}

/// Whether an act mails the customer, and so is held for a moment in which it can be undone.
#[must_use]
pub const fn mails(kind: ActionKind) -> bool {
    matches!(kind, ActionKind::Respond | ActionKind::Reply | ActionKind::RequestInfo)
}
