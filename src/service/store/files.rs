//! Files in the store, in pieces. One comes in as many small transactions, so that whoever sends slowly holds
//! no writer up, and becomes a case's in the transaction that makes it one.

use chrono::{DateTime, Utc};

use super::db::{Conn, args};
use super::{CaseRow, Scope, Store, StoreError, from_ms, from_serde_word, serde_word, to_ms};
use crate::domain::{Attachment, CaseId, Person, UserId, Visibility};
use crate::service::files::essence;

/// Bytes of a piece; the last one of a file is shorter.
pub(crate) const CHUNK: usize = 256 * 1024;

/// A file that has come whole, whether or not it is a case's yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StagedRow {
    pub n: i64,
    pub name: String,
    pub size: u64,
    pub media_type: String,
    pub sha256: String,
    pub staged_by: String,
    pub is_linked: bool,
}

/// A file of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileRow {
    pub n: i64,
    pub attachment: Attachment,
    /// The media type with its parameters.
    pub content_type: String,
}

/// What becomes known of a file when it becomes a case's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link<'a> {
    pub by: &'a Person,
    pub at: DateTime<Utc>,
    pub visibility: Visibility,
}

fn unsigned(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

impl Store {
    /// Begins a file that is to come, and returns its number in the store.
    pub(crate) async fn begin_file(
        &self,
        id: &str,
        name: &str,
        by: &UserId,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        let mut tx = self.write(&Scope::Nothing).await?;
        let (n,): (i64,) = tx
            .one(
                "INSERT INTO files (id, staged_at, staged_by, name, size)
                 VALUES ($1, $2, $3, $4, 0) RETURNING n",
                args![id, to_ms(now), by.as_str(), name],
            )
            .await?;
        tx.commit().await?;
        Ok(n)
    }

    /// Adds a piece to a file that is coming.
    pub(crate) async fn add_chunk(
        &self,
        file: i64,
        seq: i64,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError> {
        let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let mut tx = self.write(&Scope::Nothing).await?;
        tx.run(
            "INSERT INTO file_chunks (file_n, seq, bytes) VALUES ($1, $2, $3)",
            args![file, seq, bytes],
        )
        .await?;
        tx.run("UPDATE files SET size = size + $2 WHERE n = $1", args![file, length]).await?;
        tx.commit().await
    }

    /// All of it has come.
    pub(crate) async fn finish_file(
        &self,
        file: i64,
        media_type: &str,
        sha256: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.write(&Scope::Nothing).await?;
        tx.run(
            "UPDATE files SET media_type = $2, sha256 = $3 WHERE n = $1",
            args![file, media_type, sha256],
        )
        .await?;
        tx.commit().await
    }

    /// Takes a file away unless it is a case's by now; its pieces go with it.
    pub(crate) async fn discard_file(&self, file: i64) -> Result<(), StoreError> {
        let mut tx = self.write(&Scope::Nothing).await?;
        tx.run("DELETE FROM files WHERE n = $1 AND case_n IS NULL", args![file]).await?;
        tx.commit().await
    }

    /// Up to `most` files that were staged before an instant and are no case's, oldest first.
    pub(crate) async fn left_over_files(
        &self,
        before: DateTime<Utc>,
        most: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let rows: Vec<(i64,)> = self
            .lookup()
            .await?
            .all(
                "SELECT n FROM files WHERE case_n IS NULL AND staged_at < $1
                 ORDER BY staged_at LIMIT $2",
                args![to_ms(before), most],
            )
            .await?;
        Ok(rows.into_iter().map(|(n,)| n).collect())
    }

    /// Bytes of all files that are no case's.
    pub(crate) async fn staged_bytes(&self) -> Result<u64, StoreError> {
        let (bytes,): (i64,) = self
            .lookup()
            .await?
            .one(
                "SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM files WHERE case_n IS NULL",
                args![],
            )
            .await?;
        Ok(unsigned(bytes))
    }

    /// The files of a case, in their order; None if the case is not in the scope.
    pub(crate) async fn files_of(
        &self,
        scope: &Scope,
        id: &CaseId,
    ) -> Result<Option<Vec<FileRow>>, StoreError> {
        let mut tx = self.read(scope).await?;
        let Some(row) = CaseRow::load(&mut tx, scope, id).await? else { return Ok(None) };
        let files = files(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(Some(files))
    }

    /// One piece of a file that is in the scope by its case.
    pub(crate) async fn chunk(
        &self,
        scope: &Scope,
        file: i64,
        seq: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let mut tx = self.read(scope).await?;
        let row: Option<(Vec<u8>,)> = tx
            .optional(
                "SELECT bytes FROM file_chunks WHERE file_n = $1 AND seq = $2",
                args![file, seq],
            )
            .await?;
        tx.commit().await?;
        Ok(row.map(|(bytes,)| bytes))
    }
}

/// A file that has come whole, by the id that it was staged under.
pub(crate) async fn staged(conn: &mut Conn, id: &str) -> Result<Option<StagedRow>, StoreError> {
    type Row = (i64, String, i64, String, String, String, bool);
    let row: Option<Row> = conn
        .optional(
            "SELECT n, name, size, media_type, sha256, staged_by, case_n IS NOT NULL
             FROM files WHERE id = $1 AND sha256 IS NOT NULL",
            args![id],
        )
        .await?;
    Ok(row.map(|(n, name, size, media_type, sha256, staged_by, is_linked)| StagedRow {
        n,
        name,
        size: unsigned(size),
        media_type,
        sha256,
        staged_by,
        is_linked,
    }))
}

/// Makes a staged file a case's, as its file of that number; false if it is no longer there to be had.
pub(crate) async fn link(
    conn: &mut Conn,
    case_n: i64,
    file: &StagedRow,
    place: i64,
    link: &Link<'_>,
) -> Result<bool, StoreError> {
    let linked = conn
        .run(
            "UPDATE files SET case_n = $2, place = $3, at = $4, by_id = $5, by_name = $6,
               visibility = $7
             WHERE n = $1 AND case_n IS NULL",
            args![
                file.n,
                case_n,
                place,
                to_ms(link.at),
                link.by.id.as_str(),
                link.by.name.raw(),
                serde_word(link.visibility)?,
            ],
        )
        .await?;
    Ok(linked == 1)
}

/// The files of a case, in the order in which they came.
pub(crate) async fn files(conn: &mut Conn, case: &CaseRow) -> Result<Vec<FileRow>, StoreError> {
    type Row = (i64, i64, String, i64, String, i64, String, String, String);
    let rows: Vec<Row> = conn
        .all(
            "SELECT n, place, name, size, media_type, at, by_name, visibility, sha256
             FROM files WHERE case_n = $1 ORDER BY place",
            args![case.n],
        )
        .await?;
    rows.into_iter()
        .map(|(n, place, name, size, content_type, at, by, visibility, sha256)| {
            Ok(FileRow {
                n,
                attachment: Attachment {
                    id: place.to_string(),
                    name: name.into(),
                    size: unsigned(size),
                    media_type: essence(&content_type).to_owned(),
                    at: from_ms(at)?,
                    by: by.into(),
                    visibility: from_serde_word(&visibility)?,
                    sha256,
                },
                content_type,
            })
        })
        .collect()
}
