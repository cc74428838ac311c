//! Files of cases on their way: one file up, one file down, told as they go on. What comes down stands beside its
//! place as `NAME.part` until it is whole and is what the desk has; what goes up goes under one key, however
//! often it is tried.

mod down;
mod local;
pub mod name;
mod part;
mod up;

use tokio::sync::watch;

pub use down::{NotBrought, bring, bring_into};
pub use local::{completed, expanded, look_at};
pub use up::{NotSent, send};

/// How far a file has come: bytes done, bytes in all.
pub type Progress = watch::Sender<(u64, u64)>;

/// A progress that nobody looks at.
#[must_use]
pub fn unwatched() -> Progress {
    watch::Sender::new((0, 0))
}
