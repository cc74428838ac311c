//! The clocks: business calendars, the policy (matrix), the ledger of one case's clocks, and how they
//! read at an instant. Pure. The exact meaning of everything here: `docs/sla-semantics.md`.

pub mod budget;
pub mod calendar;
pub mod eval;
pub mod ledger;
pub mod policy;
pub mod reading;
