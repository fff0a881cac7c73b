//! The rules of Twinflag: compiles documents of feature flags and evaluates the flags, with equal answers on every machine.
//!
//! It is neither a client nor a server: it has no clock, no randomness, no storage and no network. The caller passes the moment, and gets
//! every answer as a value.
//!
//! ```
//! use sdk_core::{Context, Millis, compile};
//!
//! let document = r#"{
//!     "schema": "twinflag/1",
//!     "bucketKey": "000102030405060708090a0b0c0d0e0f",
//!     "flags": {
//!         "new_checkout": { "rules": [{ "if": { "attribute": "plan", "op": "in", "value": ["pro", "team"] }, "serve": "on" }] }
//!     }
//! }"#;
//! let compiled = compile(document, None)?;
//! assert_eq!(compiled.errors, []);
//!
//! // The moment comes from the caller's clock.
//! let flags = compiled.ruleset.at(Millis(1_762_128_000_000)).with_overrides(&compiled.overrides);
//! assert!(flags.boolean("new_checkout", &Context::new().string("plan", "pro"), false));
//! # Ok::<(), sdk_core::DocumentError>(())
//! ```
//!
//! Reading order:
//!
//! 1. [`compile`] turns the text of a document into a [`Ruleset`], its [`Overrides`], and a list of errors with their places.
//! 2. A [`Context`] has the attributes of the visitor for whom flags are evaluated.
//! 3. [`Ruleset::at`] evaluates flags to plain values, [`Ruleset::evaluate`] to an [`Evaluation`] with its [`Reason`];
//!    [`Visitor::explain`] adds the steps that led to it.
//! 4. [`Ruleset::flags`] shows the flags themselves, [`Ruleset::differing`] those that another ruleset may answer otherwise, and
//!    [`Ruleset::dependants_of_flag`] those that depend on a flag.
//! 5. [`specialise`] makes a [`Program`]: a ruleset evaluated as far as the known attributes of one visitor decide, for machines
//!    that must not see the rest.
//!
//! The public modules are for services around the core: [`document`] and [`stage`] have the rules of documents, [`json`] reads JSON and
//! writes its canonical form, [`bucket`] assigns units to buckets, [`hex`] spells bytes, and [`limits`] has the limits of all input.
#![no_std]
#![warn(missing_debug_implementations)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod bucket;
mod context;
pub mod document;
mod evaluate;
pub mod hex;
pub mod json;
pub mod limits;
mod matching;
mod model;
mod percentage;
mod program;
pub mod stage;

pub use bucket::{BUCKETS, BucketKey, Subkey};
pub use context::{AttributeValue, Context};
pub use document::{Compiled, CompiledFlag, CompiledSegment, Compiler, DocumentError, Environment, FlagState, compile, is_flag_key, link};
pub use evaluate::Include;
pub use evaluate::evaluation::Evaluation;
pub use evaluate::explain::{ExplainedCondition, ExplainedStep, ExplainedUnit, Explanation, StepKind};
pub use evaluate::flag_view::{FlagView, PrerequisiteView};
pub use evaluate::overrides::{ApplicableOverrides, Overrides, OwnerKind, OwnerOverrides};
pub use evaluate::restated::Restated;
pub use evaluate::ruleset::{Ruleset, Visitor};
pub use evaluate::ruleset_at::RulesetAt;
pub use json::Object;
pub use matching::millis::Millis;
pub use model::details::{ErrorCode, FlagType, Layer, Reason, SWITCHED_OFF, Value};
pub use model::operator::{TestOptions, operators};
pub use percentage::Percentage;
pub use program::{Audience, FORMAT, Identity, Program, ProgramError, Runner, specialise};
