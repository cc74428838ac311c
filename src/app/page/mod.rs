//! What has the whole screen below the header in place of queue, detail and clocks. Forms and questions stand
//! over a page as they stand over the desk.

pub mod board;
pub mod corrections;

use board::Board;

#[derive(Default)]
pub enum Page {
    /// Queue, detail and clocks.
    #[default]
    Desk,
    /// The next breaches, for a wall.
    Board(Board),
    /// The outline of corrections, which the model keeps.
    Corrections,
}
