//! The whole behaviour of the screen, pure: `update(&mut Model, Msg, now) -> Vec<Effect>` and
//! `view::build(&Model, now)`. No IO, no clock, no task.

mod acts;
pub mod age;
mod answer;
mod asks;
mod build;
mod bulk;
mod chord;
mod desk;
mod detail;
mod details;
mod drafts;
mod edit;
mod files;
mod finding;
mod form;
mod keys;
pub mod layout;
mod links;
mod marks;
mod model;
mod mouse;
pub mod msg;
mod next;
mod order;
mod outbox;
mod page;
mod palette;
mod paths;
pub mod picker;
mod promises;
mod queue;
mod readiness;
mod share;
mod sheet;
mod size;
#[cfg(test)]
mod tests;
mod transfers;
mod update;
pub mod view;
mod visiting;
pub mod welcome;
mod why;
mod words;
mod zone;

pub use model::{Model, Options};
pub use msg::{ActFailure, ActId, AskId, Effect, Link, Msg, Told, Whoami};
pub use update::update;
pub use words::changes;
