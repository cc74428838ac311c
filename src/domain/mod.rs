//! The words and rules of the support organisation, and nothing else: no IO, no clock, no crate of
//! ours. The case API's JSON for these words is their serde form, so that a word has one home.

pub mod action;
pub mod ask;
pub mod canned;
pub mod case;
pub mod correction;
pub mod freshness;
pub mod nearest;
pub mod outbox;
pub mod people;
pub mod readiness;
pub mod rules;
pub mod schema;
pub mod search;
pub mod target;
pub mod text;
pub mod words;

pub use action::{Action, ActionKind};
pub use case::{
    Attachment, Case, CaseDetail, CaseLedger, ClockHistory, ClockPause, ClockSummary, Customer,
    EarlierTarget, Resolution, TimelineEntry, TimelineKind, Visibility,
};
pub use correction::{Amendment, Correction, CorrectionDetail, CorrectionEvent};
pub use freshness::{STALE_AFTER_S, is_stale};
pub use people::{
    Actor, CaseId, CorrectionId, DeskNo, PartnerId, PartnerRef, Person, Revision, Role, UserId,
};
pub use target::Target;
pub use text::Untrusted;
pub use words::{
    CaseState, Cause, ClockEnd, ClockKind, ClockState, CorrectionStatus, CorrectionStep,
    Eligibility, Environment, Finding, InfoItem, PauseReason, PhoneFollowUp, ReleasePlan,
    ResolutionKind, Severity, Tier,
};
