//! The browser binding: converts, calls the core, converts back. Decides nothing.
//!
//! Without features it is the engine a page loads: the runner of programs and nothing else. With `full` it is for tools instead:
//! it compiles documents, explains, and makes programs.

// Without std there is no machinery that prints a panic: half of the engine's size otherwise, for messages nobody would see.
#![cfg_attr(all(target_arch = "wasm32", not(feature = "full")), no_std)]

#[cfg(all(target_arch = "wasm32", not(feature = "full")))]
mod bare;
#[cfg(feature = "full")]
mod full;
#[cfg(not(feature = "full"))]
#[cfg_attr(target_arch = "wasm32", expect(unsafe_code, reason = "a name that is exported as it is may clash; these six stand alone"))]
mod runner;

#[cfg(feature = "full")]
pub use full::{Ruleset, bucket};
#[cfg(not(feature = "full"))]
pub use runner::{all, close, identify, load, one, room};
