//! Evaluation: walking the steps of a flag for one context at one moment, and what is told of it.
mod answer;
pub(crate) mod evaluation;
pub(crate) mod explain;
pub(crate) mod overrides;
pub(crate) mod ruleset;
pub(crate) mod walk;
