//! The outline of upcoming corrections, as everybody may read it: what Product Management writes for readers
//! (title, plan, status, note), and nothing of the cases behind it.

use chrono::{DateTime, Utc};

use super::db::{Conn, args};
use super::{Store, StoreError, from_ms, to_ms};
use crate::domain::CorrectionId;

/// The most that are shown.
const MOST: i64 = 500;

/// A correction, in public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outlined {
    pub id: CorrectionId,
    pub title: String,
    /// A word of the case API.
    pub release_plan: Option<String>,
    /// A word of the case API.
    pub status: String,
    pub note: Option<String>,
    pub updated_at: DateTime<Utc>,
}

type Columns = (String, String, Option<String>, String, Option<String>, i64);

impl Outlined {
    fn read((id, title, release_plan, status, note, at): Columns) -> Result<Self, StoreError> {
        let id = CorrectionId::new(id);
        Ok(Self { id, title, release_plan, status, note, updated_at: from_ms(at)? })
    }

    pub(crate) async fn find(
        conn: &mut Conn,
        id: &CorrectionId,
    ) -> Result<Option<Self>, StoreError> {
        let row: Option<Columns> = conn
            .optional(
                "SELECT id, title, release_plan, status, note, updated_at FROM corrections
                 WHERE id = $1",
                args![id.as_str()],
            )
            .await?;
        row.map(Self::read).transpose()
    }
}

impl Store {
    /// The corrections that are to come or were released since an instant, latest change first.
    pub(crate) async fn outline(
        &self,
        released_since: DateTime<Utc>,
    ) -> Result<Vec<Outlined>, StoreError> {
        let mut conn = self.lookup().await?;
        let rows: Vec<Columns> = conn
            .all(
                "SELECT id, title, release_plan, status, note, updated_at FROM corrections
                 WHERE status <> 'rejected' AND (status <> 'released' OR updated_at >= $1)
                 ORDER BY updated_at DESC, n DESC LIMIT $2",
                args![to_ms(released_since), MOST],
            )
            .await?;
        rows.into_iter().map(Outlined::read).collect()
    }
}
