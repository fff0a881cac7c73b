//! The rules of Twinflag: one core that decides, the same on every machine.
//!
//! It is not a client and not a server: it has no clock, no randomness, no storage, no network. A moment is an argument, an
//! answer is a value. Reading order: [`details`] (what is answered), `document` (what is written), `document/steps` (the order
//! of precedence), `model` (the tables), `evaluate` (walking them), `program` (settling them for one visitor).
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod answer;
pub mod bucket;
pub mod canonical;
pub mod change;
mod context;
mod details;
mod document;
mod evaluate;
mod evaluation;
mod explain;
mod matching;
mod memory;
mod millis;
mod model;
mod overrides;
mod program;
pub mod rollout;
mod ruleset;
pub mod steering;
mod unit;
mod value;

pub use answer::Object;
pub use bucket::{BUCKETS, BucketKey, Subkey};
pub use context::{Context, MAX_CONTEXT_DEPTH};
pub use details::{ErrorCode, FlagType, Layer, Reason, SWITCHED_OFF, Value};
pub use document::rows;
pub use document::{Compiled, DocumentError, MAX_CONDITION_DEPTH, MAX_DOCUMENT_BYTES, MAX_FLAGS, MAX_LIST, MAX_RULES, compile};
pub use evaluation::Evaluation;
pub use explain::{Check, Explanation, Step, StepKind};
pub use millis::Millis;
pub use overrides::{Overrides, Own, OwnerKind, OwnerOverrides};
pub use program::{Audience, FORMAT, Identity, MAX_PROGRAM_BYTES, Program, ProgramError, Runner, specialise};
pub use ruleset::{Ruleset, Visitor};
