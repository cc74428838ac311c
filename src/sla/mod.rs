//! The clocks: business calendars, the policy (matrix), the ledger of one case's clocks, how they
//! read at an instant, why they read so, and what an act would do to them. Pure. The exact meaning of everything here: `docs/sla-semantics.md`.

pub mod budget;
pub mod calendar;
pub mod eval;
pub mod explain;
pub mod ledger;
pub mod policy;
pub mod preview;
pub mod reading;
