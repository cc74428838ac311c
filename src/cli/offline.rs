//! `--offline`: what the desk has told this machine, shown without asking it, with its age.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::outcome::{Exit, Failure};
use super::output::Output;
use super::session::Connection;
use super::show::local;
use crate::clock::Clock;
use crate::domain::{Case, CaseDetail, CaseId, is_stale};
use crate::sla::policy::Policy;
use crate::sync::store::{Known, Owner, Store};

/// Where the desk is not reached, what can be shown all the same.
pub fn or_name_it(failure: Failure) -> Failure {
    match failure {
        Failure::Said { exit: Exit::NotReached, sentence } => Failure::new(
            Exit::NotReached,
            format!("{sentence} With --offline, what is kept on this machine is shown."),
        ),
        failure => failure,
    }
}

/// The copy of one desk on this machine.
pub struct Offline<'a> {
    connection: &'a Connection,
    store: Arc<Store>,
    known: Known,
}

impl<'a> Offline<'a> {
    /// Opens the copy; the clock of the connection takes over what was learned of the desk's. `what` is to be
    /// done with it, for the one who is told that there is none.
    pub async fn open(
        connection: &'a Connection,
        output: &mut Output,
        what: &str,
    ) -> Result<Self, Failure> {
        let store = connection.store().await?;
        let known = store.known().await;
        for notice in store.take_notices() {
            output.complain(&format!("caseload: {notice}"));
        }
        let Some(known) = known else {
            let why = match store.owner() {
                Owner::Token(_) => "the desk has not said yet on this machine whose the token is",
                Owner::User(_) => "nothing of it is kept on this machine yet",
            };
            return Err(Failure::new(
                Exit::Failed,
                format!(
                    "Could not {what} of desk {} offline: {why}. The screen (caseload) keeps the queue once it \
                     has reached the desk.",
                    connection.desk
                ),
            ));
        };
        if let Some(skew) = known.skew_ms {
            let clock = &connection.clock;
            clock.learn(clock.now() + TimeDelta::milliseconds(skew), false);
        }
        Ok(Self { connection, store, known })
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.connection.now()
    }

    /// The policy as it was in force then.
    pub fn policy(&self) -> Result<Policy, Failure> {
        let fail = |why: &str| {
            let desk = &self.connection.desk;
            Failure::new(
                Exit::Failed,
                format!("Could not read the policy of desk {desk} offline: {why}."),
            )
        };
        let policy = self.known.policy.as_ref().ok_or_else(|| fail("it is not kept yet"))?;
        Policy::compile(policy).map_err(|error| fail(&error.to_string()))
    }

    pub async fn cases(&self) -> Result<Vec<Case>, Failure> {
        self.store.all_cases().await.ok_or_else(|| {
            let desk = &self.connection.desk;
            Failure::new(
                Exit::Failed,
                format!(
                    "Could not list the cases of desk {desk} offline: the cache cannot be read."
                ),
            )
        })
    }

    /// A whole case, and whether it is the newest state that is kept of it.
    pub async fn case(&self, id: &CaseId) -> Result<(CaseDetail, bool), Failure> {
        let in_queue = self.store.cached_case(id).await;
        match (self.store.detail(id).await, in_queue) {
            (Some(detail), in_queue) => {
                let is_newest = in_queue.is_none_or(|case| case.revision <= detail.case.revision);
                Ok((detail, is_newest))
            }
            (None, Some(_)) => Err(Failure::new(
                Exit::Failed,
                format!(
                    "Could not show {id} offline: its timeline is not kept on this machine, only its line in the \
                     queue (caseload list {id} --offline)."
                ),
            )),
            (None, None) => Err(Failure::new(
                Exit::NoSuchCase,
                format!("Could not show {id} offline: it is not among the cases that are kept."),
            )),
        }
    }

    /// Says how old what is shown is.
    pub fn tell_age(&self, output: &mut Output) {
        let desk = &self.connection.desk;
        let age = match self.known.fresh_at {
            None => "incomplete: its first load broke off".to_owned(),
            Some(at) => {
                let stale = if is_stale(Some(at), self.now()) { ", stale" } else { "" };
                let seconds = (self.now() - at).num_seconds().max(0);
                format!("{} old{stale}, as of {}", crate::app::age::text(seconds).1, local(at))
            }
        };
        output
            .remark(&format!("caseload: This is the copy of desk {desk} on this machine: {age}."));
    }
}
