//! Sends what is due, and writes down what came of it. One task of a service does it; services on one database
//! share the work by the rows' leases.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::letter::message;
use super::line::{Delivery, Line};
use super::outbox::{self, Settled};
use super::{
    BATCH, DESK, FIRST_PAUSE, GIVE_UP_AFTER, GRACE, Kind, LONGEST_PAUSE, LONGEST_REST, LOOK_AGAIN,
    Mail, Queued, TRIES, mail_entry,
};
use crate::domain::rules::{Change, Standing};
use crate::domain::{Revision, TimelineEntry, TimelineKind, Visibility};
use crate::service::Service;
use crate::service::store::{CaseRow, Changed, Conn, Ending, NewAudit, Scope, StoreError, seal};

/// The line, and how long it is left alone.
#[derive(Default)]
pub(super) struct Sending {
    line: Line,
    /// How often in a row the server was not reached.
    outages: u32,
    resting_until: Option<DateTime<Utc>>,
}

impl Sending {
    /// Leaves the server alone for a while.
    fn rest(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.outages += 1;
        let until = now + pause(self.outages, LONGEST_REST);
        self.resting_until = Some(until);
        until
    }
}

/// The pause after the n-th failure, up to half as long again: so that what failed together does not come back
/// together.
fn pause(failures: u32, longest: TimeDelta) -> TimeDelta {
    let doublings = failures.saturating_sub(1).min(20);
    let whole = (FIRST_PAUSE * (1_i32 << doublings)).min(longest);
    let chance = i64::try_from(Uuid::new_v4().as_u128() % 1_000).unwrap_or(0);
    whole + whole * i32::try_from(chance).unwrap_or(0) / 2_000
}

/// What the case gets to know of a letter.
struct Told {
    entry: TimelineEntry,
    /// The word of the audit record.
    action: &'static str,
    responded: bool,
}

/// What is written to a row of mail.
#[derive(Clone, Copy)]
enum Write<'a> {
    Settled(Uuid, &'a Settled<'a>),
    ToldLate,
}

impl Write<'_> {
    /// False: the row is another's by now, and nothing is to be told.
    async fn run(self, conn: &mut Conn, n: i64) -> Result<bool, StoreError> {
        match self {
            Self::Settled(lease, settled) => outbox::settle(conn, n, lease, settled).await,
            Self::ToldLate => outbox::tell_late(conn, n).await,
        }
    }
}

impl Service {
    /// Sends mail from now on, until the service is closed. Nothing without a mail server.
    pub fn start_mail(&self) {
        if self.sends_mail() {
            self.spawn(self.clone().keep_sending());
        }
    }

    async fn keep_sending(self) {
        let Some(mail) = &self.inner.mail else { return };
        tracing::info!(server = mail.settings.summary(), "mail is sent");
        loop {
            let ended = async {
                self.inner.closing.cancelled().await;
                tokio::time::sleep(GRACE).await;
            };
            let passed = tokio::select! {
                passed = self.send_due_mail() => passed,
                () = ended => return,
            };
            let pause = match passed {
                Ok(next) => next
                    .and_then(|next| (next - self.now()).to_std().ok())
                    // Never at once: others may be at the row that is due.
                    .map_or(LOOK_AGAIN, |pause| {
                        pause.clamp(std::time::Duration::from_secs(1), LOOK_AGAIN)
                    }),
                Err(error) => {
                    tracing::error!(%error, "mail is not sent for a while");
                    LOOK_AGAIN
                }
            };
            tokio::select! {
                () = self.inner.closing.cancelled() => break,
                () = mail.queued.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        mail.sending.lock().await.line.close().await;
    }

    /// Sends what is due now, and says when something is due next. What the task of [`Service::start_mail`] does,
    /// again and again.
    ///
    /// # Errors
    /// [`StoreError`]; what was sent and could not be written down is sent again.
    pub async fn send_due_mail(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let Some(mail) = &self.inner.mail else { return Ok(None) };
        let mut sending = mail.sending.lock().await;
        if sending.resting_until.is_none_or(|until| until <= self.now()) {
            sending.resting_until = None;
            self.send_all(mail, &mut sending).await?;
        }
        if sending.resting_until.is_some() {
            // Nothing is tried meanwhile that could find out.
            self.give_up_old().await?;
        }
        self.tell_late().await?;
        if let Some(until) = sending.resting_until {
            return Ok(Some(until));
        }
        outbox::next(&mut self.store().read(&Scope::All).await?).await
    }

    async fn send_all(&self, mail: &Mail, sending: &mut Sending) -> Result<(), StoreError> {
        loop {
            let mut conn = self.store().read(&Scope::All).await?;
            let due = outbox::due(&mut conn, self.now(), BATCH).await?;
            drop(conn);
            let mut claimed = false;
            for n in due {
                if self.inner.closing.is_cancelled() {
                    return Ok(());
                }
                let lease = Uuid::new_v4();
                let Some(letter) = outbox::claim(self.store(), n, lease, self.now()).await? else {
                    continue;
                };
                claimed = true;
                let delivery = match message(&letter, &mail.settings) {
                    Ok(message) => sending.line.send(&message, &mail.settings).await,
                    Err(why) => Delivery::Refused(why),
                };
                if let Delivery::Down(why) = &delivery {
                    let until = sending.rest(self.now());
                    tracing::warn!(why, "the mail server is not reached");
                    let again = Settled::Again { error: why, at: until, tried: false };
                    self.settle(&letter, lease, &again, None).await?;
                    return Ok(());
                }
                sending.outages = 0;
                self.delivered(&letter, lease, delivery).await?;
            }
            if !claimed {
                return Ok(());
            }
        }
    }

    /// Writes down what the server made of a letter.
    async fn delivered(
        &self,
        letter: &Queued,
        lease: Uuid,
        delivery: Delivery,
    ) -> Result<(), StoreError> {
        let case = letter.case.as_str();
        let kind = letter.kind.word();
        match delivery {
            Delivery::Accepted => {
                tracing::info!(case, kind, "mail was accepted");
                let told = (letter.kind == Kind::Receipt).then(|| self.told_accepted());
                self.settle(letter, lease, &Settled::Sent { at: self.now() }, told).await
            }
            Delivery::Refused(error) => self.give_up(letter, lease, &error, true).await,
            Delivery::NotNow(error) | Delivery::Down(error) => {
                let now = self.now();
                if letter.tries + 1 >= TRIES || now >= letter.since + GIVE_UP_AFTER {
                    return self.give_up(letter, lease, &error, true).await;
                }
                tracing::warn!(case, kind, error, "mail was not accepted this time");
                let tries = u32::try_from(letter.tries + 1).unwrap_or(u32::MAX);
                let at = now + pause(tries, LONGEST_PAUSE);
                self.settle(letter, lease, &Settled::Again { error: &error, at, tried: true }, None)
                    .await
            }
        }
    }

    async fn give_up(
        &self,
        letter: &Queued,
        lease: Uuid,
        error: &str,
        tried: bool,
    ) -> Result<(), StoreError> {
        let (case, kind) = (letter.case.as_str(), letter.kind.word());
        tracing::error!(case, kind, error, "mail is given up");
        let what = letter.kind.label();
        let summary = format!("{what} was not mailed: {error}; tell the customer by hand");
        let entry = mail_entry(0, self.moment(), summary);
        let told = Told { entry, action: "mail_dead", responded: false };
        self.settle(letter, lease, &Settled::Dead { error, tried }, Some(told)).await
    }

    /// Gives up what is too old, while the server is not reached.
    async fn give_up_old(&self) -> Result<(), StoreError> {
        loop {
            let mut conn = self.store().read(&Scope::All).await?;
            let numbers = outbox::too_old(&mut conn, self.now(), BATCH).await?;
            drop(conn);
            let mut claimed = false;
            for n in numbers {
                let lease = Uuid::new_v4();
                if let Some(letter) = outbox::claim(self.store(), n, lease, self.now()).await? {
                    claimed = true;
                    let error = "the mail server was not reached for two days";
                    self.give_up(&letter, lease, error, false).await?;
                }
            }
            if !claimed {
                return Ok(());
            }
        }
    }

    /// Says in their cases which letters are late.
    async fn tell_late(&self) -> Result<(), StoreError> {
        let mut conn = self.store().read(&Scope::All).await?;
        let late = outbox::late(&mut conn, self.now(), BATCH).await?;
        drop(conn);
        for letter in late {
            let what = letter.kind.label();
            let summary = format!(
                "{what} is not mailed yet: the mail server does not take it; the desk goes on trying"
            );
            let entry = mail_entry(0, self.moment(), summary);
            let told = Told { entry, action: "mail_late", responded: false };
            let changed = self.on_case(&letter, &told, Write::ToldLate).await?;
            if let Some(changed) = changed {
                self.changed(&changed);
            }
        }
        Ok(())
    }

    /// The receipt was accepted: the customer has been told that the case is received.
    fn told_accepted(&self) -> Told {
        let summary = "the case id was mailed, and the mail server accepted it".to_owned();
        let entry = TimelineEntry {
            kind: TimelineKind::Respond,
            visibility: Visibility::Customer,
            ..mail_entry(0, self.moment(), summary)
        };
        Told { entry, action: "mail_accepted", responded: true }
    }

    async fn settle(
        &self,
        letter: &Queued,
        lease: Uuid,
        settled: &Settled<'_>,
        told: Option<Told>,
    ) -> Result<(), StoreError> {
        let write = Write::Settled(lease, settled);
        match told {
            None => {
                let mut conn = self.store().write(&Scope::All).await?;
                write.run(&mut conn, letter.n).await?;
                conn.commit().await
            }
            Some(told) => {
                if let Some(changed) = self.on_case(letter, &told, write).await? {
                    self.changed(&changed);
                }
                Ok(())
            }
        }
    }

    /// Writes a row of mail and what its case says of it, in one transaction. Where the response clock is what it
    /// would say, and is met already, the row alone.
    async fn on_case(
        &self,
        letter: &Queued,
        told: &Told,
        write: Write<'_>,
    ) -> Result<Option<Changed>, StoreError> {
        let mut tries = crate::service::TRIES;
        loop {
            tries -= 1;
            let mut conn = self.store().write(&Scope::All).await?;
            if !write.run(&mut conn, letter.n).await? {
                return Ok(None);
            }
            let row = CaseRow::numbered(&mut conn, &Scope::All, &[letter.case_n]).await?.pop();
            let Some(mut row) = row else {
                return Err(StoreError::Damaged("mail of a case that is not there".to_owned()));
            };
            let decided_on = row.revision;
            match self.tell(&mut conn, &mut row, decided_on, told).await {
                Ok(changed) => {
                    conn.commit().await?;
                    return Ok(changed);
                }
                // An agent's act came between.
                Err(StoreError::Again) if tries > 0 => conn.rollback().await?,
                Err(error) => return Err(error),
            }
        }
    }

    async fn tell(
        &self,
        conn: &mut Conn,
        row: &mut CaseRow,
        decided_on: Revision,
        told: &Told,
    ) -> Result<Option<Changed>, StoreError> {
        let now = self.moment();
        if told.responded {
            let policy = self.policy_by(conn).await?;
            if Standing::from(&row.case(now, &policy)).responded {
                return Ok(None);
            }
            row.ledger.apply(now, &Change::Responded, &policy);
        }
        row.revision += 1;
        row.entries += 1;
        row.updated_at = now;
        let entry = TimelineEntry { seq: row.entries, at: now, ..told.entry.clone() };
        if !row.update(conn, decided_on, Ending::Kept).await? {
            return Err(StoreError::Again);
        }
        row.add_entry(conn, &entry).await?;
        let changed = seal(conn, &[&*row]).await?;
        NewAudit { at: now, actor: DESK, action: told.action, case: Some(&row.id), key: None }
            .append(conn)
            .await?;
        Ok(Some(changed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_differ_by_up_to_a_half() {
        for (failures, minutes) in [(1, 1), (2, 2), (3, 4), (9, 240), (10, 240), (u32::MAX, 240)] {
            let pause = pause(failures, LONGEST_PAUSE);
            let least = TimeDelta::minutes(minutes);
            assert!(pause >= least && pause <= least * 3 / 2, "{failures}: {pause}");
        }
    }
}
