//! Mail to customers (domain rule 2): the case id once a case is registered, and what agents write to them.
//!
//! A letter is a row of the outbox, written in the transaction of what it tells, so that neither is without the
//! other. One task sends what is due, at least once, always with the same Message-ID. When the mail server has
//! accepted the receipt, the response clock is met; what is held back or refused meets nothing, and the case
//! says so to its agents, who then tell the customer by hand.
//!
//! Decisions where the documents are silent:
//! - A letter goes to the address as it is on record, not as it was typed. Nothing else typed by a reporter is in
//!   it: no name, no subject. Agents' words are.
//! - `respond` with a text is mailed as an answer; without one it says that the customer was told by other means.
//! - Counted are automatic letters alone, by the time at which they were queued; agents write as often as they like.
//! - A server that is not reached, or does not let us in, is no try of any letter: nothing is sent until the server
//!   is back, and letters are given up after two days only.
//! - A letter that is not accepted within half an hour is told once in the case, since its agent may not want to wait.
//! - Threads go by the case's first letter, also if that one was held back: mail programs go by equal references.

mod letter;
mod limits;
mod line;
mod outbox;
mod sender;
mod settings;

pub use limits::Held;
pub use outbox::{MailCounts, MailEntry, Which};
pub use settings::{MailSettings, WrongSetting};

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use prometheus_client::metrics::gauge::Gauge;
use serde::Serialize;
use tokio::sync::{Mutex, Notify};

use super::Service;
use super::metrics::Metrics;
use super::store::{CaseRow, Conn, StoreError};
use crate::domain::{
    Action, CaseId, InfoItem, Person, TimelineEntry, TimelineKind, Untrusted, Visibility,
};

const HOUR: TimeDelta = TimeDelta::hours(1);
const DAY: TimeDelta = TimeDelta::days(1);
/// Automatic letters to one address. Somebody who reports more at once has the case ids on the page; somebody
/// who is being mailed by a stranger gets no flood.
const PER_ADDRESS_AND_HOUR: i64 = 1;
const PER_ADDRESS_AND_DAY: i64 = 5;
/// Automatic letters of the whole desk, unless it is told another number: well above what a busy desk registers,
/// well below what would put our mail server on a block list.
pub const AUTOMATIC_PER_HOUR: u32 = 300;
/// How often a letter is tried. With the pauses below, that is a bit more than half a day, in which greylisting
/// and full mailboxes pass.
const TRIES: i64 = 10;
/// After so long a letter is of no use any more, whatever kept it.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::days(2);
/// Between the first and second try; doubled each time, up to the longest.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(1);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(4);
/// How long a server that is down is left alone at most; one connection tells, so that need not be long.
const LONGEST_REST: TimeDelta = TimeDelta::minutes(15);
/// A letter that waits for so long is told in its case. The shortest response target is two hours, which leaves
/// time to call.
const LATE: TimeDelta = TimeDelta::minutes(30);
/// How long one letter may take: what RFC 5321 (4.5.3.2) asks us to wait for the answer to DATA and to the end of
/// the message is longer, but no server that does its work takes it.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a row is one sender's: more than a letter can take, with the store's part.
const LEASE: TimeDelta = TimeDelta::minutes(5);
/// How many rows are looked up at once.
const BATCH: i64 = 50;
/// How long the sender sleeps at most: rows that another process queued, or left behind, are found then.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// What a letter under way gets when the service ends.
const GRACE: Duration = Duration::from_secs(10);

/// Who acts in timelines and in the audit record when the desk itself does.
pub(crate) const DESK: &str = "desk";

/// What a letter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The case id, once the case is registered.
    Receipt,
    Respond,
    Reply,
    RequestInfo,
    Close,
    /// News of the correction that a case is linked to.
    Correction,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Receipt,
        Self::Respond,
        Self::Reply,
        Self::RequestInfo,
        Self::Close,
        Self::Correction,
    ];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Respond => "respond",
            Self::Reply => "reply",
            Self::RequestInfo => "request_info",
            Self::Close => "close",
            Self::Correction => "correction",
        }
    }

    /// Within a sentence.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Receipt => "the case id",
            Self::Respond | Self::Reply => "the answer",
            Self::RequestInfo => "the request for information",
            Self::Close => "the resolution",
            Self::Correction => "the news of the correction",
        }
    }

    /// Whether the desk writes it by itself.
    const fn is_automatic(self) -> bool {
        matches!(self, Self::Receipt | Self::Correction)
    }

    fn read(word: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word() == word)
            .ok_or_else(|| StoreError::Damaged(format!("mail of the kind {word}")))
    }
}

/// A letter to the customer of a case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Letter<'a> {
    pub case: &'a CaseRow,
    pub licence_key: &'a str,
    pub email: &'a str,
    pub kind: Kind,
    /// What it tells besides its kind. Never anything that the reporter wrote.
    pub text: &'a str,
    pub at: DateTime<Utc>,
}

/// A letter as it waits in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Queued {
    n: i64,
    case_n: i64,
    case: CaseId,
    kind: Kind,
    recipient: String,
    text: String,
    message_id: String,
    thread: Option<String>,
    tries: i64,
    created_at: DateTime<Utc>,
    /// When it was queued, maybe again.
    since: DateTime<Utc>,
}

/// What of an action is mailed to the customer: what agents write to them.
pub(crate) fn letter_of(action: &Action) -> Option<(Kind, String)> {
    match action {
        Action::Respond { text: Some(text) } if !text.is_empty() => {
            Some((Kind::Respond, text.clone()))
        }
        Action::Reply { text } => Some((Kind::Reply, text.clone())),
        Action::RequestInfo { text, items } => Some((Kind::RequestInfo, asked(text, items))),
        Action::Close { text, .. } => Some((Kind::Close, text.clone())),
        _ => None,
    }
}

fn asked(text: &str, items: &[InfoItem]) -> String {
    let mut asked = text.to_owned();
    if !items.is_empty() {
        asked.push_str("\n\nPlease send:");
        for item in items {
            asked.push_str("\n- ");
            asked.push_str(item.label());
        }
    }
    asked
}

/// The mail of a service that has a mail server.
pub(super) struct Mail {
    settings: MailSettings,
    /// Something was queued.
    queued: Notify,
    sending: Mutex<sender::Sending>,
    /// Whether the breaker was open when it was last asked, so that it is logged once.
    breaker: AtomicBool,
    gauges: Gauges,
}

/// What operators watch.
#[derive(Debug, Default)]
struct Gauges {
    waiting: Gauge,
    dead: Gauge,
    breaker_open: Gauge,
}

impl Mail {
    pub(super) fn new(settings: MailSettings) -> Self {
        Self {
            settings,
            queued: Notify::new(),
            sending: Mutex::default(),
            breaker: AtomicBool::new(false),
            gauges: Gauges::default(),
        }
    }

    /// Puts the numbers of mail among the desk's metrics.
    pub(super) fn register(&self, metrics: &Metrics) {
        let Gauges { waiting, dead, breaker_open } = &self.gauges;
        metrics.register(|all| {
            all.register("mail_waiting", "Letters that are queued", waiting.clone());
            all.register("mail_dead", "Letters that were given up", dead.clone());
            let text = "Whether automatic mail is stopped for its number";
            all.register("mail_breaker_open", text, breaker_open.clone());
        });
    }

    /// Says once in the log that the breaker opened or closed.
    fn watch_breaker(&self, letter: &Letter<'_>, held: Option<Held>) {
        let open = held == Some(Held::Breaker);
        let counted = letter.kind.is_automatic() && (open || held.is_none());
        if counted && self.breaker.swap(open, Ordering::Relaxed) != open {
            let most = self.settings.automatic_per_hour;
            if open {
                tracing::error!(most, "too much automatic mail within an hour: no more goes out");
            } else {
                tracing::info!("automatic mail goes out again");
            }
        }
    }
}

/// Puts a letter into the outbox. Some: it is held back, and will not go.
async fn queue(
    conn: &mut Conn,
    mail: &Mail,
    letter: &Letter<'_>,
) -> Result<Option<Held>, StoreError> {
    let held = outbox::insert(conn, letter, &mail.settings).await?;
    mail.watch_breaker(letter, held);
    Ok(held)
}

impl Service {
    /// Whether the desk sends mail. If not, agents tell customers by hand.
    #[must_use]
    pub fn sends_mail(&self) -> bool {
        self.inner.mail.is_some()
    }

    /// Whether automatic mail is stopped for its number, as this process last saw it.
    #[must_use]
    pub fn mail_breaker_is_open(&self) -> bool {
        self.inner.mail.as_ref().is_some_and(|mail| mail.breaker.load(Ordering::Relaxed))
    }

    /// Brings the numbers of mail among the metrics up to now.
    pub(super) async fn count_mail(&self) -> Result<(), StoreError> {
        if let Some(mail) = &self.inner.mail {
            let counts = self.store().mail_counts().await?;
            mail.gauges.waiting.set(counts.queued);
            mail.gauges.dead.set(counts.dead);
            mail.gauges.breaker_open.set(i64::from(self.mail_breaker_is_open()));
        }
        Ok(())
    }

    /// Puts a letter into the outbox, in the transaction of what it tells. The sentence that the case has to say
    /// internally, with [`mail_entry`]: None if there is nothing to say, since it goes or the desk has no mail.
    /// After the commit: [`Service::mail_is_queued`].
    pub(crate) async fn write_letter(
        &self,
        conn: &mut Conn,
        letter: &Letter<'_>,
    ) -> Result<Option<String>, StoreError> {
        let Some(mail) = &self.inner.mail else { return Ok(None) };
        let held = queue(conn, mail, letter).await?;
        let what = letter.kind.label();
        Ok(held.map(|held| format!("{what} was not mailed: {}", held.sentence())))
    }

    /// As [`Service::write_letter`], to the customer of a case that is in the store.
    pub(crate) async fn write_to_customer(
        &self,
        conn: &mut Conn,
        case: &CaseRow,
        kind: Kind,
        text: &str,
        at: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        if !self.sends_mail() {
            return Ok(None);
        }
        let (licence_key, email) = case.address(conn).await?;
        let (licence_key, email) = (&*licence_key, &*email);
        self.write_letter(conn, &Letter { case, licence_key, email, kind, text, at }).await
    }

    /// Wakes the sender; called once what queued a letter has committed.
    pub(crate) fn mail_is_queued(&self) {
        if let Some(mail) = &self.inner.mail {
            mail.queued.notify_one();
        }
    }
}

/// What the desk says in a case about its mail: to agents alone, since it tells what is on record.
pub(crate) fn mail_entry(seq: u64, at: DateTime<Utc>, summary: String) -> TimelineEntry {
    TimelineEntry {
        seq,
        at,
        actor: Person { id: DESK.into(), name: "Desk".into() },
        kind: TimelineKind::Mail,
        visibility: Visibility::Internal,
        text: Untrusted::default(),
        summary: Untrusted::new(summary),
    }
}
