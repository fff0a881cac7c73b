//! The rules of Twinflag: one core that decides, the same on every machine.
//!
//! It is not a client and not a server: it has no clock, no randomness, no storage, no network. A moment is an argument, an
//! answer is a value. Reading order: [`details`] (what is answered), `document` (what is written), `document/steps` (the order
//! of precedence), `model` (the tables), `evaluate` (walking them), `program` (settling them for one visitor).
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod bucket;
mod context;
pub mod document;
mod evaluate;
pub mod hex;
pub mod json;
mod matching;
mod model;
mod percentage;
mod program;
pub mod stage;

pub use bucket::{BUCKETS, BucketKey, Subkey};
pub use context::{AttributeValue, Context, MAX_CONTEXT_DEPTH, MAX_CONTEXT_ITEMS, MAX_CONTEXT_MEMBERS, MAX_CONTEXT_TEXT};
pub use document::{
    Compiled, Compiler, DocumentError, MAX_CONDITION_DEPTH, MAX_DOCUMENT_BYTES, MAX_ENVIRONMENTS, MAX_ERRORS, MAX_FLAGS, MAX_LIST,
    MAX_METADATA_BYTES, MAX_METADATA_NAMES, MAX_NESTING, MAX_PATTERN_BYTES, MAX_PATTERN_WORK, MAX_PATTERNS_BYTES, MAX_PATTERNS_WORK,
    MAX_RULES, MAX_SEGMENTS, MAX_TARGETS, MAX_VARIANTS, compile,
};
pub use evaluate::Include;
pub use evaluate::evaluation::Evaluation;
pub use evaluate::explain::{ExplainedCondition, ExplainedStep, ExplainedUnit, Explanation, StepKind};
pub use evaluate::overrides::{ApplicableOverrides, Overrides, OwnerKind, OwnerOverrides};
pub use evaluate::ruleset::{Ruleset, Visitor};
pub use json::Object;
pub use matching::millis::Millis;
pub use model::details::{ErrorCode, FlagType, Layer, Reason, SWITCHED_OFF, Value};
pub use model::operator::operators;
pub use percentage::Percentage;
pub use program::{Audience, FORMAT, Identity, MAX_PROGRAM_BYTES, Program, ProgramError, Runner, specialise};
