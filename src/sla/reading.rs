//! How a clock reads at an instant.

/// The nine states in which a clock is shown (`screens.md`, "Clocks").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Face {
    OnTrack,
    Warning,
    Critical,
    /// Past due and still running.
    Missed,
    Paused,
    /// Running, and the calendar is closed now.
    Outside,
    Met,
    /// Ended past its due instant.
    MissedDone,
    NoTarget,
}
