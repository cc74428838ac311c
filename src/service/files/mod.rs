//! Files of cases. A file is staged first, in pieces and under an id that cannot be guessed, and becomes a
//! case's in the transaction that reports the case, answers on it or adds files to it. What is staged and never
//! becomes a case's is gone a day later. What a file is, is `kind`'s to say.
//!
//! Decided here, where the documents are silent:
//! - What an agent attaches is internal, as a note is: nothing goes to the customer by it. What came from the
//!   customer, with the report or an answer, is the customer's to read.
//! - Files that come with a report or an answer stand in that act's timeline entry; files added by
//!   themselves get one of their own (`attach`).
//! - A file that is a case's stays: there is no act that takes one away.

#![allow(clippy::unnecessary_box_returns, reason = "problems travel boxed, as in Answered")]

mod kind;

use std::sync::PoisonError;

use axum::body::Bytes;
use chrono::TimeDelta;
use futures_util::{Stream, StreamExt, stream};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::act::{StoredAnswer, again};
use super::problem::{Answered, field, internal, invalid, not_found, problem};
use super::store::files::{CHUNK, FileRow, Link, StagedRow, files, link, staged};
use super::store::{CaseRow, Conn, Ending, NewAudit, Scope, StoreError, Stored, seal};
use super::{Service, tokens, until_done};
use crate::domain::rules::{Standing, may_attach};
use crate::domain::{
    Actor, Attachment, CaseId, Person, TimelineEntry, TimelineKind, Untrusted, UserId, Visibility,
};
use crate::wire::{Code, Problem};
use kind::{NotAllowed, Sniffer};

/// How long a staged file waits to become a case's.
const STAGED_FOR: TimeDelta = TimeDelta::days(1);
/// How many that waited too long are taken away when another one is staged.
const SWEPT: i64 = 4;
/// The most characters of a file's name.
const NAME_MAX: usize = 255;
/// The form field that files come in.
pub(crate) const FIELD: &str = "file";

/// How large files may be and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    /// Bytes of one file.
    pub file: u64,
    /// Files of one case.
    pub of_case: usize,
    /// Bytes of all files of one case.
    pub bytes_of_case: u64,
    /// Files that come with one report or answer.
    pub at_once: usize,
    /// Bytes of all files that are staged at a time: a form that anybody can fill must not fill the disk.
    pub staged: u64,
}

const MIB: u64 = 1024 * 1024;

impl Default for FileLimits {
    fn default() -> Self {
        Self {
            file: 25 * MIB,
            of_case: 20,
            bytes_of_case: 100 * MIB,
            at_once: 10,
            staged: 2 * 1024 * MIB,
        }
    }
}

/// A number of bytes in words, in the largest unit that it is a whole number of.
pub(crate) fn size_in_words(bytes: u64) -> String {
    match bytes {
        0 => "0 bytes".to_owned(),
        _ if bytes.is_multiple_of(MIB) => format!("{} MiB", bytes / MIB),
        _ if bytes.is_multiple_of(1024) => format!("{} KiB", bytes / 1024),
        _ => format!("{bytes} bytes"),
    }
}

/// A file that has come whole and is no case's yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedFile {
    /// What it is linked by. Whoever knows it and staged it may; it cannot be guessed.
    pub id: String,
    pub name: Untrusted,
    /// Bytes.
    pub size: u64,
    pub media_type: String,
}

/// A media type without its parameters.
pub(super) fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default()
}

/// A file to be read.
#[derive(Debug, Clone)]
pub(crate) struct Download {
    pub attachment: Attachment,
    /// The media type with its parameters.
    pub content_type: String,
    n: i64,
    scope: Scope,
}

/// The name that a file is kept under: the last part of the path that came, with whatever is in it.
fn kept_name(name: &str) -> Answered<&str> {
    let wrong = |message: &str| Err(invalid(vec![field(FIELD, message)]));
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    match last {
        "" | "." | ".." => wrong("must have a name"),
        name if name.contains('\0') => wrong("must not have a NUL character in its name"),
        name if name.chars().count() > NAME_MAX => {
            wrong(&format!("must have {NAME_MAX} characters at most in its name"))
        }
        name => Ok(name),
    }
}

fn not_allowed(_: NotAllowed) -> Box<Problem> {
    problem(
        Code::Unsupported,
        "A file of this type cannot be attached. Texts and logs, PDF, pictures, office documents, screen \
         recordings, network captures and archives (zip, gz, tar, 7z) can; put anything else into an archive.",
    )
}

/// A file that is coming in. Dropped before it has come whole, it is taken away.
struct Coming {
    service: Service,
    n: i64,
    whole: bool,
}

impl Drop for Coming {
    fn drop(&mut self) {
        // Without a runtime the process is ending; what is left is taken away a day later.
        if self.whole || tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let (service, n) = (self.service.clone(), self.n);
        self.service.spawn(async move { service.discard(n).await });
    }
}

impl Service {
    /// The limits of files.
    #[must_use]
    pub fn file_limits(&self) -> FileLimits {
        *self.inner.file_limits.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the limits for files that come from now on.
    pub fn set_file_limits(&self, limits: FileLimits) {
        *self.inner.file_limits.write().unwrap_or_else(PoisonError::into_inner) = limits;
    }

    /// Takes a file in, piece by piece: at no time is more of it in memory than one piece, and the writer is
    /// taken for a piece that is there alone. It is nobody's until it is linked. `name` may be a path.
    ///
    /// # Errors
    /// 413 for one that is too large, 415 for a type that is not taken, 422 for an empty one or a name that
    /// cannot be kept, 507 for a full disk; what its content fails with. Nothing is left then.
    pub async fn stage_file<S>(&self, by: &UserId, name: &str, content: S) -> Answered<StagedFile>
    where
        S: Stream<Item = Answered<Bytes>> + Send,
    {
        let name = kept_name(name)?;
        let limits = self.file_limits();
        self.sweep().await?;
        if self.store().staged_bytes().await? >= limits.staged {
            return Err(problem(
                Code::NoSpace,
                "Too many files wait to become a case's: no more can be taken until some of them have.",
            ));
        }
        let id = tokens::random_hex();
        let n = self.store().begin_file(&id, name, by, self.now()).await?;
        let mut coming = Coming { service: self.clone(), n, whole: false };
        match self.take_in(n, content, limits.file).await {
            Ok((size, media_type)) => {
                coming.whole = true;
                let name = Untrusted::from(name);
                let media_type = essence(media_type).to_owned();
                Ok(StagedFile { id, name, size, media_type })
            }
            Err(problem) => {
                // Here and not by the drop, so that it is gone when its sender is told.
                self.discard(n).await;
                coming.whole = true;
                Err(problem)
            }
        }
    }

    async fn take_in<S>(&self, n: i64, content: S, most: u64) -> Answered<(u64, &'static str)>
    where
        S: Stream<Item = Answered<Bytes>> + Send,
    {
        tokio::pin!(content);
        let mut sniffer = Sniffer::default();
        let mut hash = Sha256::new();
        let mut size: u64 = 0;
        let mut seq = 0;
        let mut piece = Vec::new();
        while let Some(bytes) = content.next().await {
            let bytes = bytes?;
            size += bytes.len() as u64;
            if size > most {
                let most = size_in_words(most);
                return Err(problem(Code::TooLarge, format!("A file may have {most} at most.")));
            }
            sniffer.push(&bytes).map_err(not_allowed)?;
            hash.update(&bytes);
            let mut rest = bytes.as_ref();
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(CHUNK - piece.len()));
                piece.extend_from_slice(now);
                rest = later;
                if piece.len() == CHUNK {
                    self.store().add_chunk(n, seq, std::mem::take(&mut piece)).await?;
                    seq += 1;
                }
            }
        }
        if size == 0 {
            return Err(invalid(vec![field(FIELD, "is empty")]));
        }
        let media_type = sniffer.finish().map_err(not_allowed)?;
        if !piece.is_empty() {
            self.store().add_chunk(n, seq, piece).await?;
        }
        self.store().finish_file(n, media_type, &tokens::hex(&hash.finalize())).await?;
        Ok((size, media_type))
    }

    /// Takes away a few files that waited too long, so that the work is spread over those who make it.
    async fn sweep(&self) -> Answered<()> {
        let left_over = self.store().left_over_files(self.now() - STAGED_FOR, SWEPT).await?;
        for n in left_over {
            self.discard(n).await;
        }
        Ok(())
    }

    /// Takes a file away that nobody will have. If that fails it is swept later.
    async fn discard(&self, n: i64) {
        if let Err(error) = self.store().discard_file(n).await {
            tracing::warn!(%error, "a file that is no case's could not be taken away yet");
        }
    }

    /// Takes staged files away: what they came with was refused.
    pub async fn discard_staged(&self, ids: &[String]) {
        for id in ids {
            let found = match self.store().lookup().await {
                Ok(mut conn) => staged(&mut conn, id).await,
                Err(error) => Err(error),
            };
            if let Ok(Some(file)) = found {
                self.discard(file.n).await;
            }
        }
    }

    /// Adds one staged file to a case; with a key, once for that key.
    pub(crate) async fn attach_once(
        &self,
        actor: &Actor,
        id: &CaseId,
        key: Option<Uuid>,
        file: &str,
    ) -> Answered<StoredAnswer> {
        let (service, actor, id, file) = (self.clone(), actor.clone(), id.clone(), file.to_owned());
        self.finish(async move {
            let answer = until_done!(service.attach(&actor, &id, key, &file));
            // A second copy under the same key, or one that was refused; what is a case's stays.
            service.discard_staged(&[file]).await;
            answer
        })
        .await
    }

    async fn attach(
        &self,
        actor: &Actor,
        id: &CaseId,
        key: Option<Uuid>,
        file: &str,
    ) -> Answered<StoredAnswer> {
        let scope = Scope::of(actor);
        let mut tx = self.store().write(&scope).await?;
        let now = self.moment();
        let found = found(&mut tx, &[file.to_owned()], &actor.id).await?;
        let request_hash =
            tokens::hex(&Sha256::digest(format!("attach {}{}", id.as_str(), described(&found))));
        if let Some(key) = key
            && let Some(stored) = Stored::find(&mut tx, &actor.id, key, now).await?
        {
            return again(stored, &request_hash);
        }
        let mut row = CaseRow::load(&mut tx, &scope, id).await?.ok_or_else(not_found)?;
        self.check_may_attach(&mut tx, actor, &row).await?;
        let decided_on = row.revision;
        row.revision += 1;
        row.entries += 1;
        row.updated_at = now;
        // First, since whoever has the case's row may count its files.
        if !row.update(&mut tx, decided_on, Ending::Kept).await? {
            return Err(StoreError::Again.into());
        }
        let by = Person { id: actor.id.clone(), name: actor.name.clone() };
        let link = Link { by: &by, at: now, visibility: Visibility::Internal };
        let attached = self.link_found(&mut tx, &row, &found, &link).await?;
        let entry = TimelineEntry {
            seq: row.entries,
            at: now,
            actor: by.clone(),
            kind: TimelineKind::Attach,
            visibility: link.visibility,
            text: Untrusted::default(),
            summary: summary(&attached).into(),
        };
        row.add_entry(&mut tx, &entry).await?;
        let body = serde_json::to_vec(attached.first().ok_or_else(internal)?);
        let stored = Stored { status: 201, body: body.map_err(|_| internal())?, request_hash };
        if let Some(key) = key {
            stored.keep(&mut tx, &actor.id, key, now).await?;
        }
        let changed = seal(&mut tx, &[&row]).await?;
        let key = key.map(|key| key.to_string());
        let actor = actor.id.as_str();
        NewAudit { at: now, actor, action: "attach", case: Some(id), key: key.as_deref() }
            .append(&mut tx)
            .await?;
        tx.commit().await?;
        self.changed(&changed);
        Ok(StoredAnswer { status: stored.status, body: stored.body })
    }

    async fn check_may_attach(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        row: &CaseRow,
    ) -> Answered<()> {
        let policy = self.policy_by(conn).await?;
        let mut standing = Standing::from(&row.case(self.now(), &policy));
        standing.reached_second = row.reached_second;
        Ok(may_attach(actor, &standing)?)
    }

    /// Whether the actor may add files to a case, asked before a file is taken in.
    ///
    /// # Errors
    /// 404 for a case that is missing or not the actor's to see, 403 if the role may not.
    pub(crate) async fn may_attach(&self, actor: &Actor, id: &CaseId) -> Answered<()> {
        let scope = Scope::of(actor);
        let mut tx = self.store().read(&scope).await?;
        let row = CaseRow::load(&mut tx, &scope, id).await?.ok_or_else(not_found)?;
        self.check_may_attach(&mut tx, actor, &row).await?;
        Ok(tx.commit().await?)
    }

    /// Makes staged files a case's, within a transaction that has the case's row already (it was inserted or
    /// updated there), so that nobody else counts its files meanwhile.
    ///
    /// # Errors
    /// 413 or 422 where the limits are passed; 422 if one of them is gone or another case's.
    pub(super) async fn link_found(
        &self,
        conn: &mut Conn,
        row: &CaseRow,
        found: &[StagedRow],
        how: &Link<'_>,
    ) -> Answered<Vec<Attachment>> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let limits = self.file_limits();
        let wrong = |message: String| Err(invalid(vec![field(FIELD, message)]));
        if found.len() > limits.at_once {
            return wrong(format!("{} files at most can be sent at once", limits.at_once));
        }
        let there = files(conn, row).await?;
        if there.len() + found.len() > limits.of_case {
            return wrong(format!("a case can have {} files at most", limits.of_case));
        }
        let bytes: u64 = there.iter().map(|file| file.attachment.size).sum();
        let more: u64 = found.iter().map(|file| file.size).sum();
        if bytes + more > limits.bytes_of_case {
            let most = size_in_words(limits.bytes_of_case);
            let detail = format!("The files of a case may have {most} at most, all together.");
            return Err(problem(Code::TooLarge, detail));
        }
        let mut attached = Vec::with_capacity(found.len());
        for (place, file) in (there.len() + 1..).zip(found) {
            let number = i64::try_from(place).unwrap_or(i64::MAX);
            if file.is_linked || !link(conn, row.n, file, number, how).await? {
                return Err(gone());
            }
            attached.push(Attachment {
                id: place.to_string(),
                name: file.name.as_str().into(),
                size: file.size,
                media_type: essence(&file.media_type).to_owned(),
                at: how.at,
                by: how.by.name.clone(),
                visibility: how.visibility,
                sha256: file.sha256.clone(),
            });
        }
        Ok(attached)
    }

    /// The files of a case.
    ///
    /// # Errors
    /// 404 for a case that is missing or not the actor's to see.
    pub async fn attachments(&self, actor: &Actor, id: &CaseId) -> Answered<Vec<Attachment>> {
        let files = self.store().files_of(&Scope::of(actor), id).await?.ok_or_else(not_found)?;
        Ok(files.into_iter().map(|file| file.attachment).collect())
    }

    /// One file of a case, to be read.
    ///
    /// # Errors
    /// 404 for a case or a file that is missing or not the actor's to see.
    pub(crate) async fn attachment(
        &self,
        actor: &Actor,
        id: &CaseId,
        file: &str,
    ) -> Answered<Download> {
        let scope = Scope::of(actor);
        let files = self.store().files_of(&scope, id).await?.ok_or_else(not_found)?;
        let found = files.into_iter().find(|row| row.attachment.id == file);
        let FileRow { n, attachment, content_type } = found.ok_or_else(not_found)?;
        Ok(Download { attachment, content_type, n, scope })
    }

    /// The bytes of a file from one to before another, a piece at a time. No connection to the store is held
    /// while nobody takes the next one.
    pub(crate) fn content(
        &self,
        file: &Download,
        from: u64,
        to: u64,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static {
        let (service, scope, n) = (self.clone(), file.scope.clone(), file.n);
        stream::try_unfold(from, move |at| {
            let (service, scope) = (service.clone(), scope.clone());
            async move {
                if at >= to {
                    return Ok(None);
                }
                let missing = || StoreError::Damaged("a piece of a file is missing".to_owned());
                let size = CHUNK as u64;
                let seq = i64::try_from(at / size).map_err(|_| missing())?;
                let piece = service.store().chunk(&scope, n, seq).await?.ok_or_else(missing)?;
                let within = |at: u64| usize::try_from(at - at / size * size).unwrap_or(CHUNK);
                let end = (at / size + 1).saturating_mul(size).min(to);
                let length = usize::try_from(end - at).unwrap_or(CHUNK);
                let start = within(at);
                if piece.len() < start + length {
                    return Err(missing());
                }
                let bytes = Bytes::from(piece).slice(start..start + length);
                Ok(Some((bytes, end)))
            }
        })
    }
}

fn gone() -> Box<Problem> {
    invalid(vec![field(FIELD, "is not there any more; attach it again")])
}

/// The files that somebody staged under these ids.
///
/// # Errors
/// 422 if one is not there: it waited too long, or is somebody else's.
pub(super) async fn found(
    conn: &mut Conn,
    ids: &[String],
    by: &UserId,
) -> Answered<Vec<StagedRow>> {
    let mut found: Vec<StagedRow> = Vec::with_capacity(ids.len());
    for id in ids {
        let file = staged(conn, id).await?.filter(|file| file.staged_by == by.as_str());
        let file = file.ok_or_else(gone)?;
        if found.iter().all(|other| other.n != file.n) {
            found.push(file);
        }
    }
    Ok(found)
}

/// What tells a request with these files from one with others: sent again they have other ids.
pub(super) fn described(files: &[StagedRow]) -> String {
    files.iter().fold(String::new(), |text, file| {
        format!("{text} {} {}", file.sha256, serde_json::Value::from(file.name.as_str()))
    })
}

/// What is said of files in the timeline: "file 3: error.log".
pub(super) fn summary(files: &[Attachment]) -> String {
    let names: Vec<String> =
        files.iter().map(|file| format!("file {}: {}", file.id, file.name.raw())).collect();
    names.join(", ")
}
