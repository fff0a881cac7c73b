//! The browser binding: converts, calls the core, converts back. Decides nothing.
//!
//! Without features it is the engine a page loads: the runner of programs and nothing else. With `full` it also compiles
//! documents, explains, and makes programs.

#[cfg(feature = "full")]
mod full;
mod runner;

#[cfg(feature = "full")]
pub use full::{Ruleset, bucket};
pub use runner::Engine;

#[cfg(all(target_arch = "wasm32", not(feature = "full")))]
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());
