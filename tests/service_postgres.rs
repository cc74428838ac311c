//! The case service as its clients meet it, on PostgreSQL: the tests of `service.rs` and `policy.rs` once more.
//! Without a database for tests they say that they were skipped.

#[path = "policy.rs"]
mod policy;
#[path = "service.rs"]
mod service;
