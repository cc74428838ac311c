//! The parameters of the routes, as the OpenAPI document shows them. They are read by `read`, which goes by what
//! a request holds, not by these.

#![allow(dead_code, reason = "described here, read in `read`")]

use utoipa::IntoParams;
use uuid::Uuid;

use crate::domain::{CaseId, CorrectionId};

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct CasePathId {
    /// The case's id.
    #[param(example = "C-10412")]
    id: CaseId,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct CorrectionPathId {
    /// The correction's id.
    #[param(example = "K-17")]
    id: CorrectionId,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Outline {
    /// Of these statuses alone, commas between them; none: of any.
    #[param(example = "planned,in_work")]
    status: Option<String>,
    /// The `next` of the page before.
    after: Option<CorrectionId>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct CaseFile {
    /// The case's id.
    #[param(example = "C-10412")]
    id: CaseId,
    /// The file's id, as the case tells it.
    #[param(example = "1")]
    n: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct Part {
    /// One range of bytes: `bytes=0-99`, `bytes=100-`, `bytes=-100`. What cannot be read is passed over.
    #[param(rename = "Range", nullable = false)]
    range: Option<String>,
    /// The entity tag of the file that the range is of. If it is another one, all of it comes.
    #[param(rename = "If-Range", nullable = false)]
    tag: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Limit {
    /// How many at most. What is below 1 counts as 1, what is above 200 as 200.
    #[param(default = 200)]
    limit: Option<i64>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wait {
    /// For how many seconds the answer may be held while nothing changes; 30 at most, whatever is asked.
    #[param(default = 0)]
    wait: Option<i64>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Since {
    /// The `cursor` of the page before. Opaque, and good for its own caller alone.
    cursor: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    /// Words that must all occur in the id, the subject, the company, the contact or the assignee; none: all cases.
    #[param(example = "printer fjord")]
    q: Option<String>,
    /// The `next` of the page before.
    after: Option<CaseId>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// The `next` of the page before.
    #[param(default = 0)]
    after: Option<i64>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct Known {
    /// The entity tag of the copy that the caller has.
    #[param(rename = "If-None-Match", nullable = false)]
    tag: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct Seen {
    /// The revision that the act is meant for, as in `ETag`: `"7"`. If the case has another one by now, nothing is done.
    #[param(rename = "If-Match", nullable = false)]
    tag: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct Key {
    /// A UUID made for this act: sent again, it acts once.
    #[param(rename = "Idempotency-Key")]
    key: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct MayHaveKey {
    /// A UUID made for this request: sent again, it counts once.
    #[param(rename = "Idempotency-Key", nullable = false)]
    key: Option<Uuid>,
}
