//! The whole behaviour of the screen, pure: `update(&mut Model, Msg, now) -> Vec<Effect>` and
//! `view::build(&Model, now)`. No IO, no clock, no task.

pub mod layout;
pub mod msg;
pub mod view;

pub use msg::{ActFailure, ActId, Effect, Link, Msg, Whoami};
