//! Steering: what operators may do to flags, rollouts, overrides and keys.
//!
//! Pure: a command takes what is held and answers what to write *and* the records of it, or why not; there is no way to change
//! something without a record. This crate knows no clock, no store and no HTTP. Reading order: [`Command`], [`execute`], [`import`].
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod change;
mod command;
mod features;
mod import;
mod keys;
mod leaves;
pub mod lifecycle;
mod overrides;
mod refusal;
mod rollout_commands;
pub mod rows;
mod state_row;

pub use command::{Command, CommandOutcome, CurrentState, Event, MAX_ID, MAX_REASON, apply, check_reason, execute, organization_of};
pub use features::{Feature, features};
pub use import::{AnswerDiff, Import, Imported, answer_diffs, import};
pub use keys::{Expiry, Key, KeyCommand, KeyIdentity, KeyKind, KeyTerms, NewKeySecret, OVERLAP_MS, RANDOM, Secret, keys};
pub use overrides::{overrides_of, visitor};
pub use refusal::{Field, Refusal, RefusalKind, RefusalPlace};
pub use rollout_commands::{GuardEdit, Lists, RolloutCommand, RolloutPlan};
