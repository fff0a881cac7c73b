//! The browser binding: converts, calls the core, converts back. Decides nothing.
//!
//! Without features it is the engine a page loads: the runner of programs and nothing else. With `full` it also compiles
//! documents, explains, and makes programs.

// Without std there is no machinery that prints a panic: half of the engine's size otherwise, for messages nobody would see.
#![cfg_attr(all(target_arch = "wasm32", not(feature = "full")), no_std)]

#[cfg(all(target_arch = "wasm32", not(feature = "full")))]
mod bare;
#[cfg(feature = "full")]
mod full;
mod runner;

#[cfg(feature = "full")]
pub use full::{Ruleset, bucket};
pub use runner::{close, evaluate, evaluate_all, identify, load, room};
