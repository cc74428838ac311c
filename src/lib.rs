//! **caseload**: a terminal desk for support cases, with the SLA clocks in view.
//!
//! The rooms, and which way the arrows run (`tests/house.rs` keeps them):
//!
//! ```text
//! domain   knows nobody of ours      words, cases, rules: pure
//! sla      → domain                  calendars, policy, clocks: pure
//! query    → domain, sla             the language of the filter: pure
//! wire     → domain, sla             the JSON of the case API
//! client   → wire, domain, sla       CaseApi: a remote case API
//! sync     → client, wire, domain, clock, sla   poller and sender
//! input    knows nobody of ours      action names, chords, keymap
//! app      → domain, sla, query, input   the behaviour of the screen: pure
//! ui       → app, domain, sla, query, input drawing
//! runtime  → app, ui, input, sync, client, config, clock   the rim of the screen
//! service  → domain, sla, wire, clock   the case service
//! cli      → all
//! ```

pub mod app;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod domain;
pub mod input;
pub mod query;
pub mod runtime;
pub mod service;
pub mod sla;
pub mod sync;
pub mod ui;
pub mod wire;
