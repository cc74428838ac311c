//! The case service as its clients meet it, on PostgreSQL: the black-box tests once more. Without a database
//! for tests they say that they were skipped.

#![allow(
    clippy::duplicate_mod,
    reason = "each of them brings the desk along that it has alone, too"
)]

#[path = "admin.rs"]
mod admin;
#[path = "attachments.rs"]
mod attachments;
#[path = "corrections.rs"]
mod corrections;
#[path = "mail.rs"]
mod mail;
#[path = "pages.rs"]
mod pages;
#[path = "policy.rs"]
mod policy;
#[path = "routes.rs"]
mod routes;
#[path = "search.rs"]
mod search;
#[path = "service.rs"]
mod service;
#[path = "storm.rs"]
mod storm;
