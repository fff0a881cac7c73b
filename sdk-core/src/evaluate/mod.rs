//! Evaluation: walking the steps of a flag for one context at one moment, and what is told of it.
mod answer;
pub(crate) mod evaluation;
pub(crate) mod explain;
mod memo;
pub(crate) mod overrides;
pub(crate) mod ruleset;
pub(crate) mod scratch;
mod symbol_set;
pub(crate) mod visit;
pub(crate) mod walk;

pub use answer::Include;
