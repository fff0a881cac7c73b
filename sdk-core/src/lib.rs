//! The rules of Twinflag: one core that decides, the same on every machine.
//!
//! It is not a client and not a server: it has no clock, no randomness, no storage, no network. A moment is an argument, an
//! answer is a value.
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
//! 1. [`compile`] turns the text of a document into a [`Ruleset`], its [`Overrides`], and everything that is wrong with it.
//! 2. A [`Context`] says what is known of a visitor.
//! 3. [`Ruleset::at`] asks for plain values, [`Ruleset::evaluate`] for an [`Evaluation`] with its [`Reason`], [`Visitor::explain`] for
//!    how it came about.
//! 4. [`Ruleset::flags`] shows the flags themselves, [`Ruleset::differing`] those that another ruleset may answer otherwise, and
//!    [`Ruleset::dependants_of_flag`] those that depend on a flag.
//! 5. [`specialise`] makes a [`Program`]: a ruleset evaluated as far as the known attributes of one visitor decide, for machines
//!    that must not see the rest.
//!
//! The modules are for those who build a service around the core: [`document`] and [`stage`] read what operators write, [`json`]
//! reads and writes canonical JSON, [`bucket`] assigns units to buckets, and [`limits`] says what is too much.
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
pub use document::{Compiled, CompiledFlag, CompiledSegment, Compiler, DocumentError, Environment, FlagState, compile, link};
pub use evaluate::Include;
pub use evaluate::evaluation::Evaluation;
pub use evaluate::explain::{ExplainedCondition, ExplainedStep, ExplainedUnit, Explanation, StepKind};
pub use evaluate::flag_view::{FlagView, PrerequisiteView};
pub use evaluate::overrides::{ApplicableOverrides, Overrides, OwnerKind, OwnerOverrides};
pub use evaluate::ruleset::{Ruleset, Visitor};
pub use evaluate::ruleset_at::RulesetAt;
pub use json::Object;
pub use matching::millis::Millis;
pub use model::details::{ErrorCode, FlagType, Layer, Reason, SWITCHED_OFF, Value};
pub use model::operator::{TestOptions, operators};
pub use percentage::Percentage;
pub use program::{Audience, FORMAT, Identity, Program, ProgramError, Runner, specialise};
