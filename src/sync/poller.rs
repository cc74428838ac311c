//! Keeps the queue fresh: shows what is kept of it, signs in, takes the pages, then holds one feed request
//! open. Never more than one feed request is out. A failure keeps what is known, says so, and is tried again.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::line::Line;
use super::pace::{Pace, UNWATCHED};
use super::start::{self, GoesOn};
use super::store::{Applied, Page, Resume, sees_the_same};
use super::{Event, Link};
use crate::client::CallError;
use crate::domain::{Case, Role, UserId};
use crate::sla::policy::{Policy, PolicyDocument};
use crate::wire::{Code, Feed, MAX_PAGE, Me};

/// How long the desk may hold a feed request.
const HOLD: Duration = Duration::from_secs(25);
/// The pause after which a line is tried again that needs somebody's help.
const SLOW: Duration = Duration::from_secs(30);
/// A difference of the desk's time from the one that is kept is written down from here on, in milliseconds.
const SKEW_KEPT_MS: u64 = 250;

pub(super) async fn run(line: Arc<Line>) {
    let closing = line.closing().clone();
    let polling = async {
        let mut poller = Poller {
            line: &line,
            me: None,
            policy: None,
            asked_for: HashSet::new(),
            looked_for: None,
            cursor: None,
            replaces: None,
            half_way: false,
            strayed: false,
            kept_skew: None,
            pace: Pace::default(),
            restarted: false,
            failures: 0,
            fresh_at: None,
            told: (Link::Connecting, None),
        };
        loop {
            let error = match poller.session().await {
                Ok(never) => match never {},
                Err(error) => error,
            };
            poller.wait_after(&error).await;
        }
    };
    tokio::select! {
        () = polling => {}
        () = closing.cancelled() => {}
    }
}

struct Poller<'a> {
    line: &'a Line,
    me: Option<Me>,
    policy: Option<PolicyDocument>,
    /// Versions of clocks for which the policy was asked again, in case the desk does not know them.
    asked_for: HashSet<String>,
    /// Whose cache has been looked at, if anybody's.
    looked_for: Option<UserId>,
    /// Where the feed goes on; None: from the start.
    cursor: Option<String>,
    /// The cursor of what is kept that a fresh start takes the place of.
    replaces: Option<String>,
    /// The last page said that more follow.
    half_way: bool,
    /// What is kept goes on from another cursor than we do.
    strayed: bool,
    kept_skew: Option<i64>,
    pace: Pace,
    /// The cursor was gone and no later one has been accepted since.
    restarted: bool,
    /// In a row, since the line was last live.
    failures: u32,
    fresh_at: Option<DateTime<Utc>>,
    told: (Link, Option<DateTime<Utc>>),
}

impl Poller<'_> {
    /// From signing in until something fails.
    async fn session(&mut self) -> Result<Infallible, CallError> {
        self.sign_in().await?;
        self.catch_up().await?;
        loop {
            self.failures = 0;
            self.keep_skew().await;
            let began = Instant::now();
            let watched = self.is_watched();
            let news = self.page(if watched { HOLD } else { Duration::ZERO }, true).await?;
            if self.half_way || self.line.doubts_time() {
                self.catch_up().await?;
            }
            if self.strayed {
                self.fall_in().await?;
            }
            self.wait_between(began, news).await;
        }
    }

    /// Whether the feed is to be held open: somebody looks, or is on call.
    fn is_watched(&self) -> bool {
        *self.line.watched().borrow() || self.me.as_ref().is_some_and(|me| me.role == Role::Oncall)
    }

    /// The distance between two requests.
    async fn wait_between(&self, began: Instant, news: bool) {
        let line = self.line;
        let apart = began + self.pace.apart(news);
        if self.is_watched() {
            return tokio::time::sleep_until(apart).await;
        }
        let (mut watched, mut sleeps) = (line.watched(), line.sleeps());
        let poked = line.poked();
        tokio::select! {
            () = tokio::time::sleep_until(apart.max(Instant::now() + UNWATCHED)) => {}
            _ = watched.wait_for(|watched| *watched) => {}
            _ = sleeps.changed() => {}
            () = poked => {}
        }
    }

    async fn sign_in(&mut self) -> Result<(), CallError> {
        self.heed_silence().await;
        let line = self.line;
        let ask = line.ask(false, line.api.me());
        let me = if self.looked_for.is_none()
            && let Some(user) = line.store.user()
        {
            self.looked_for = Some(user);
            self.begin_beside(ask).await?
        } else {
            ask.await?
        };
        self.meet(me).await;
        self.read_policy().await
    }

    /// Shows what is kept of the user whom an earlier run met under this token, while the desk is asked who we
    /// are: if it names somebody else, no more of it is shown.
    async fn begin_beside(
        &mut self,
        ask: impl Future<Output = Result<Me, CallError>>,
    ) -> Result<Me, CallError> {
        let line = self.line;
        let Some(told) = start::tell_head(line, false).await else { return ask.await };
        self.me = Some(told.me.clone());
        self.policy = Some(told.policy.clone());
        self.fresh_at = told.fresh_at;
        self.told = (Link::Connecting, told.fresh_at);
        tokio::pin!(ask);
        let rest = start::tell_rest(line, &told);
        tokio::pin!(rest);
        let mut answer = None;
        loop {
            tokio::select! {
                asked = &mut ask, if answer.is_none() => {
                    if asked.as_ref().is_ok_and(|me| !sees_the_same(me, &told.me)) {
                        return asked;
                    }
                    answer = Some(asked);
                }
                goes_on = &mut rest => {
                    self.go_on(goes_on);
                    break;
                }
            }
        }
        match answer {
            Some(answer) => answer,
            None => ask.await,
        }
    }

    fn go_on(&mut self, goes_on: GoesOn) {
        self.cursor = goes_on.cursor;
        self.half_way = goes_on.half_way;
        self.replaces = goes_on.replaces;
    }

    /// Takes in whom the desk says that we are. Whoever sees other cases than the one we were starts anew, with
    /// what is kept of theirs, if anything is.
    async fn meet(&mut self, me: Me) {
        let line = self.line;
        let other = self.me.as_ref().is_some_and(|known| !sees_the_same(known, &me));
        if self.me.as_ref() != Some(&me) {
            line.tell(Event::SignedIn(Box::new(me.clone()))).await;
            self.me = Some(me.clone());
        }
        if other {
            // Nothing of theirs stays on a screen for as long as ours is on its way.
            let nothing = Event::Page { cases: vec![], removed: vec![], reset: true, more: false };
            line.tell(nothing).await;
            self.go_on(GoesOn::default());
            self.fresh_at = None;
        }
        if let Err(error) = line.store.adopt(&me.id).await {
            tracing::warn!(%error, "whose the token is could not be kept");
        }
        let counts = line.store.keep_me(&me).await;
        let first = self.looked_for.as_ref() != Some(&me.id);
        self.looked_for = Some(me.id);
        if counts
            && (first || other)
            && let Some(told) = start::tell_head(line, true).await
        {
            self.policy = Some(told.policy.clone());
            self.fresh_at = told.fresh_at;
            self.told = (Link::Connecting, told.fresh_at);
            let goes_on = start::tell_rest(line, &told).await;
            self.go_on(goes_on);
        }
        self.tell_notices().await;
    }

    async fn tell_notices(&self) {
        for sentence in self.line.store.take_notices() {
            self.line.tell(Event::Notice(sentence)).await;
        }
    }

    async fn keep_skew(&mut self) {
        let skew = self.line.offset_ms();
        if self.kept_skew.is_none_or(|kept| kept.abs_diff(skew) > SKEW_KEPT_MS) {
            self.kept_skew = Some(skew);
            self.line.store.keep_skew(skew).await;
        }
    }

    async fn read_policy(&mut self) -> Result<(), CallError> {
        let line = self.line;
        let document = line.ask(false, line.api.policy()).await?;
        if self.policy.as_ref() != Some(&document) {
            let policy = Policy::compile(&document).map_err(|error| {
                CallError::NotUnderstood(
                    format!("The policy of the desk cannot be used: {error}").into(),
                )
            })?;
            line.tell(Event::Policy(Arc::new(policy))).await;
            line.store.keep_policy(&document).await;
            self.policy = Some(document);
        }
        Ok(())
    }

    /// Reads the policy again if a clock started under a version that is not known here: another one is in
    /// force by now. Before the clock is told of, so that it is never shown by a calendar that is not its own.
    async fn learn_policy(&mut self, cases: &[Case]) -> Result<(), CallError> {
        let Some(known) = &self.policy else { return Ok(()) };
        let knows = |version: &String| {
            known.version == *version || known.earlier.iter().any(|e| e.version == *version)
        };
        let unknown: HashSet<String> = cases
            .iter()
            .flat_map(|case| &case.clocks)
            .map(|clock| &clock.policy)
            .filter(|version| !version.is_empty() && !knows(version))
            .filter(|version| !self.asked_for.contains(*version))
            .cloned()
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        self.read_policy().await?;
        self.asked_for.extend(unknown);
        Ok(())
    }

    /// Takes pages, unheld, until there are no more.
    async fn catch_up(&mut self) -> Result<(), CallError> {
        loop {
            let before = self.cursor.clone();
            self.page(Duration::ZERO, false).await?;
            if !self.half_way {
                return Ok(());
            }
            if self.cursor == before {
                return Err(CallError::NotUnderstood(
                    "The feed of the desk goes in a circle".into(),
                ));
            }
        }
    }

    /// Takes one page; says whether there was anything in it. `live`: all pages are here, and this only waits
    /// for what changes.
    async fn page(&mut self, wait: Duration, live: bool) -> Result<bool, CallError> {
        let line = self.line;
        let held = !wait.is_zero();
        self.heed_silence().await;
        if live {
            self.tell(Link::Live).await;
        }
        let asked = Instant::now();
        let mut sleeps = line.sleeps();
        let call = line.ask(held, line.api.changes(self.cursor.as_deref(), MAX_PAGE, wait));
        let answer = tokio::select! {
            answer = call => answer,
            // A request that was out while the machine slept may never be answered.
            _ = sleeps.changed() => {
                self.half_way |= live;
                return Ok(true);
            }
        };
        if held {
            self.pace.held();
        } else {
            self.pace.answered(asked.elapsed());
        }
        let feed = match answer {
            Ok(feed) => feed,
            Err(CallError::Refused(problem))
                if problem.code == Code::CursorGone && self.cursor.is_some() =>
            {
                self.replaces = self.cursor.take();
                self.half_way = true;
                // A desk that forgets each cursor is not asked for everything again and again.
                if std::mem::replace(&mut self.restarted, true) {
                    return Err(CallError::Refused(problem));
                }
                return Ok(true);
            }
            Err(error) => return Err(error),
        };
        if !held {
            // When a held answer's body was made is not known; its `Date` is that of its sending.
            line.learn(feed.server_time, false, asked.elapsed(), held).await;
        }
        self.learn_policy(&feed.cases).await?;
        let from = self.cursor.replace(feed.cursor.clone());
        let reset = from.is_none();
        self.restarted &= reset;
        let news = !feed.cases.is_empty() || !feed.removed.is_empty();
        let ends = self.half_way && !feed.more;
        self.half_way = feed.more;
        let page = line
            .store
            .keeps_pages()
            .then(|| Page::new(&feed, from, self.replaces.take(), line.now()));
        if !feed.more {
            self.fresh_at = Some(line.now());
        }
        if news || reset || ends {
            tell_page(line, feed, reset).await;
        }
        if let Some(page) = page {
            self.strayed |= line.store.apply(page).await == Applied::Strayed;
            self.tell_notices().await;
        }
        Ok(news || reset)
    }

    /// Brings what is kept to where we are, after another screen that has ended, or a cache that was made anew,
    /// left it elsewhere.
    async fn fall_in(&mut self) -> Result<(), CallError> {
        let line = self.line;
        self.strayed = false;
        let kept = match line.store.kept_cursor().await {
            Some(Resume::From(cursor) | Resume::HalfWay(cursor)) => cursor,
            // All of it is taken anew; the screen keeps what it shows until that is whole.
            Some(Resume::Start) => return self.start_over(None).await,
            Some(Resume::Anew(cursor)) => return self.start_over(Some(cursor)).await,
            None => return Ok(()),
        };
        if Some(&kept) == self.cursor.as_ref() {
            return Ok(());
        }
        let mut from = kept;
        loop {
            let call = line.api.changes(Some(&from), MAX_PAGE, Duration::ZERO);
            let feed = match line.ask(false, call).await {
                Err(CallError::Refused(problem)) if problem.code == Code::CursorGone => {
                    return self.start_over(Some(from)).await;
                }
                feed => feed?,
            };
            let (more, cursor) = (feed.more, feed.cursor.clone());
            let page = Page::new(&feed, Some(from), None, line.now());
            if !feed.cases.is_empty() || !feed.removed.is_empty() {
                self.learn_policy(&feed.cases).await?;
                tell_page(line, Feed { more: false, ..feed }, false).await;
            }
            // Where it strays once more another screen is at it.
            if line.store.apply(page).await != Applied::Written || !more {
                return Ok(());
            }
            from = cursor;
        }
    }

    async fn start_over(&mut self, replaces: Option<String>) -> Result<(), CallError> {
        self.cursor = None;
        self.replaces = replaces;
        self.half_way = true;
        self.catch_up().await
    }

    /// Waits out a silence that somebody else's request brought about, and says so.
    async fn heed_silence(&mut self) {
        while let Some(silence) = self.line.silence() {
            let retry_at = self.line.now() + (silence.until - Instant::now());
            self.tell(Link::Offline { retry_at, why: silence.why }).await;
            tokio::time::sleep_until(silence.until).await;
        }
    }

    /// Says what is wrong and waits for the next try, or until somebody asks for it.
    async fn wait_after(&mut self, error: &CallError) {
        self.failures = self.failures.saturating_add(1);
        if matches!(error, CallError::Busy { .. }) {
            self.pace.refused();
        }
        let pause = match error {
            CallError::NotReached { .. } | CallError::Busy { .. } | CallError::NotUnderstood(_) => {
                self.line.pause(self.failures)
            }
            CallError::SignedOut(_) | CallError::NotAllowed(_) | CallError::Refused(_) => {
                self.line.at_least_silence(SLOW)
            }
        };
        let why = error.sentence().clone();
        let retry_at = self.line.now() + pause;
        let link = match error {
            CallError::NotReached { .. } | CallError::Busy { .. } => {
                Link::Offline { retry_at, why }
            }
            CallError::SignedOut(_) => Link::SignedOut { why },
            CallError::NotAllowed(_) => Link::NotAllowed { why },
            CallError::Refused(_) | CallError::NotUnderstood(_) => Link::NotACaseApi { why },
        };
        tracing::warn!(%error, ?pause, "the line to the desk is down");
        let poked = self.line.poked();
        tokio::pin!(poked);
        poked.as_mut().enable();
        let mut sleeps = self.line.sleeps();
        self.tell(link).await;
        self.tell_notices().await;
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = poked => {}
            _ = sleeps.changed() => self.failures = 0,
        }
    }

    async fn tell(&mut self, link: Link) {
        let now = (link, self.fresh_at);
        if self.told == now {
            return;
        }
        let (link, fresh_at) = now.clone();
        self.line.set_live(link == Link::Live);
        let came_back = link == Link::Live && self.told.0 != Link::Live;
        self.told = now;
        self.line.tell(Event::Link { link, fresh_at }).await;
        if came_back {
            tracing::info!("the line to the desk is live");
            self.line.recover();
        }
    }
}

async fn tell_page(line: &Line, feed: Feed, reset: bool) {
    let Feed { cases, removed, more, .. } = feed;
    line.tell(Event::Page { cases, removed, reset, more }).await;
}

#[cfg(test)]
mod tests;
