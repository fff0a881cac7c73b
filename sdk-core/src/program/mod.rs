//! Programs: rulesets evaluated as far as the known attributes of one visitor decide.
//!
//! `run(specialise(ruleset, known), c) = evaluate(ruleset, c)` for every context `c` that extends `known` and every moment, but
//! for collisions of 64-bit fingerprints. Overrides of other customers, the ids of lists, the environment's key, names and
//! rules that cannot concern this visitor are not in a program.
mod audience;
mod describe;
mod fingerprint;
mod known;
mod runner;
mod shown;
mod specialise;
mod validate;
mod wire;

pub use audience::{Audience, Identity};
pub use runner::{Program, Runner};
pub use specialise::specialise;
pub(crate) use wire::MAGIC;
pub use wire::{FORMAT, MAX_PROGRAM_BYTES, ProgramError};
