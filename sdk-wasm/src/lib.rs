//! The browser binding: converts arguments, calls the core, and converts the results. It decides nothing.
//!
//! Without features it is the engine that a page loads, which runs programs and nothing else. With the feature `full` it is for tools: it
//! compiles documents, explains answers, and makes programs.

// std brings the machinery that prints a panic: half of the engine's size, for messages that no page shows.
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
