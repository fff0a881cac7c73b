//! Identity: the same answers, byte for byte, on every runtime.
//!
//! From a seed come lines of the runner protocol ([`Lines`]), the same on every machine. Each runtime answers them, and the answers are
//! compared by one digest: SHA-256 over all answer lines, each followed by a line feed ([`Digest`]). [`count`] says what of the
//! rules the questions reached.

pub mod count;
mod digest;
pub mod generate;
mod lines;
mod options;

pub use digest::Digest;
pub use lines::{Line, Lines};
pub use options::Options;
