//! What happened ([`Msg`], past tense) and what the outside must do ([`Effect`], imperative). The only
//! ways into and out of the behaviour of the screen.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use crokey::KeyCombination;

use super::view::Target;
use crate::domain::ask::{Answer, Ask, Unanswered};
pub use crate::domain::outbox::ActFailure;
use crate::domain::outbox::{Draft, Outbox};
use crate::domain::{
    Action, ActionKind, Actor, Case, CaseDetail, CaseId, DeskNo, PartnerRef, Revision, Untrusted,
};
use crate::sla::policy::Policy;

/// Names one act between its submission and its end, at the desk that it goes to. The screen's own tickets
/// count from 1 over all desks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActId {
    pub desk: DeskNo,
    pub ticket: u64,
}

/// Names one question to a desk until it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId {
    pub desk: DeskNo,
    pub ticket: u64,
}

/// What the line to the desk does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Link {
    #[default]
    Connecting,
    /// The feed is held open.
    Live,
    /// Not reached; tried again at that time.
    Offline {
        retry_at: DateTime<Utc>,
        why: Untrusted,
    },
    SignedOut {
        why: Untrusted,
    },
    NotAllowed {
        why: Untrusted,
    },
    NotACaseApi {
        why: Untrusted,
    },
}

/// Who the desk says that I am.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whoami {
    pub actor: Actor,
    pub partner: Option<PartnerRef>,
    pub may: Vec<ActionKind>,
    /// Whether the desk mails customers; if not, agents tell them by hand.
    pub mail: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    KeyPressed(KeyCombination),
    Pasted(String),
    Scrolled {
        up: bool,
        column: u16,
        row: u16,
    },
    Clicked {
        column: u16,
        row: u16,
    },
    /// The same on something that was drawn there for it.
    Pointed(Target),
    /// The mouse moved with its button down.
    Dragged {
        column: u16,
        row: u16,
    },
    /// Its button is up again.
    Released,
    Resized {
        columns: u16,
        rows: u16,
    },
    /// The terminal has come to the front, or gone from it.
    Focused(bool),
    /// The instant came at which something visible reads differently (see `view::build`).
    TimePassed,
    /// The screen wears another theme now, of that name.
    ThemeChanged(String),
    /// Something that concerns no desk that is followed, in a sentence.
    Noticed(String),
    /// The line to a desk told something about the desk itself.
    Told(DeskNo, Told),
    DetailCame(Box<CaseDetail>),
    /// The detail that we asked for is the revision that we have.
    DetailUnchanged(CaseId),
    DetailFailed {
        id: CaseId,
        why: Untrusted,
        gone: bool,
    },
    /// The act could not be written to the outbox: nothing was kept, and nothing sent.
    ActNotKept {
        act: ActId,
        failure: Box<ActFailure>,
    },
    /// The act was taken back before it was sent.
    ActUndone {
        act: ActId,
    },
    ActDone {
        act: ActId,
        case: Box<Case>,
    },
    /// How far a file on its way has come, in bytes.
    Progress {
        ask: AskId,
        done: u64,
        total: u64,
    },
    /// What was asked by [`Effect::Ask`].
    Answered {
        ask: AskId,
        answer: Box<Result<Answer, Unanswered>>,
    },
    /// A link was given to the browser, or why it could not be.
    Opened {
        url: String,
        result: Result<(), String>,
    },
    /// A text did not reach the terminal's clipboard; the sentence says what to do.
    NotCopied {
        why: String,
    },
    /// A file was written, or why not; its path from the root.
    Written {
        path: String,
        result: Result<(), NotWritten>,
    },
    /// The editor has ended: with the text, or with why there is none.
    Edited(Result<String, String>),
    /// A signal or a hang-up: end without asking.
    Terminated,
}

/// Why a file was not written; nothing of it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotWritten {
    /// There is something of that name.
    Exists,
    /// What is wrong, and what to do.
    Failed(String),
}

/// What the line to one desk told of it. Cases, drafts and entries carry its number in their ids.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    SignedIn(Box<Whoami>),
    PolicyLoaded(Arc<Policy>),
    /// A page of the feed. `reset`: it is the first page of a fresh start; what of this desk is not named
    /// until `more` is false again has gone.
    PageCame {
        cases: Vec<Case>,
        removed: Vec<CaseId>,
        reset: bool,
        more: bool,
    },
    /// `fresh_at`: when the desk last confirmed that what we show is all there is (the desk's clock).
    LinkChanged {
        link: Link,
        fresh_at: Option<DateTime<Utc>>,
    },
    /// This machine's clock is ahead of the desk's by so many seconds (negative: behind).
    SkewLearned(i64),
    /// The desk's clock is ahead of the first desk's, which `update` and `build` are told, by so much.
    ClockCompared(TimeDelta),
    /// All that was ordered and has no final answer, of earlier runs and other screens, too.
    OutboxCame(Outbox),
    /// What was written and not ordered in an earlier run, and by name what the screen was left with.
    LeftCame {
        drafts: Vec<Draft>,
        remembered: Vec<(String, String)>,
    },
    /// Something of what is kept on this machine was mended, set aside, or cannot be kept.
    Noticed(String),
}

/// What the outside must do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    FetchCase {
        id: CaseId,
        known: Option<Revision>,
    },
    /// Read these cases ahead, since the cursor is near them.
    Prefetch(Vec<CaseId>),
    /// Give an act to the outbox. `revision`: refuse it if the case is no longer at that revision; `hold`: do
    /// not send it before; `replaces`, `draft`: the entry and the draft that go as this one comes.
    Act {
        act: ActId,
        case: CaseId,
        base: Option<Box<Case>>,
        revision: Option<Revision>,
        action: Box<Action>,
        hold: Option<TimeDelta>,
        replaces: Option<ActId>,
        draft: Option<String>,
    },
    /// Take back what was not sent yet.
    Undo(ActId),
    /// Send what is held at once.
    SendNow(ActId),
    /// Send what was asked about, on the case as it was shown.
    StillSend(ActId),
    /// Give up what is not on its way.
    Discard(ActId),
    /// Give up what was set aside, by its number at that desk.
    DiscardDamaged {
        desk: DeskNo,
        n: u64,
    },
    /// Ask a desk what somebody wants to see or to change now; [`Msg::Answered`] brings the answer.
    Ask {
        id: AskId,
        ask: Box<Ask>,
    },
    /// Nobody waits for that answer any more.
    CancelAsk(AskId),
    KeepDraft(Draft),
    DropDraft {
        case: CaseId,
        id: String,
    },
    /// Keep under a name what the screen is to come back with.
    Remember {
        name: &'static str,
        body: String,
    },
    /// Give a link (http, https or mailto) to the browser; [`Msg::Opened`] tells what became of it.
    Open {
        url: String,
    },
    /// Give a text to the terminal's clipboard; only a failure is told.
    Copy {
        text: String,
    },
    /// Write a file, which its owner alone may read; [`Msg::Written`] tells what became of it. `over`: in the
    /// place of one that is there.
    Write {
        path: String,
        body: String,
        over: bool,
    },
    /// Somebody looks at the screen, or no longer.
    Attention(bool),
    /// Ask the desk now instead of at the next turn.
    PollNow,
    /// Put on the next theme; [`Msg::ThemeChanged`] says which.
    NextTheme,
    /// Put on the theme that was worn last, unless the settings chose one.
    WearTheme(String),
    /// Draw the whole screen anew, whatever stands on the terminal.
    Redraw,
    /// Give the terminal to the person's editor, with that text; [`Msg::Edited`] brings it back. `name`: what
    /// the file is to be called.
    Edit {
        name: String,
        text: String,
    },
    /// Give the terminal back to the shell until it resumes us.
    Suspend,
    /// End, once what is being sent has ended.
    Quit,
}
