//! Steering: what operators may do to flags, rollouts, overrides and keys.
//!
//! Pure: a command takes what is held and answers what to write *and* the records of it, or why not; there is no way to change
//! something without a record. Nothing here knows a clock, a store or HTTP. Reading order: [`Command`], [`steer`], [`import`].
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
mod rollout_commands;
pub mod rows;
mod state_row;

pub use command::{Command, Event, Held, MAX_ID, MAX_REASON, Refusal, RefusalKind, Steered, apply, check_reason, organization_of, steer};
pub use features::{Feature, features};
pub use import::{Import, Imported, Moved, import, moved};
pub use keys::{Expiry, Key, KeyIdentity, KeyKind, KeyOrder, KeyTerms, Made, OVERLAP_MS, RANDOM, Secret, keys};
pub use overrides::{overrides_of, visitor};
pub use rollout_commands::{GuardEdit, Lists, Order, Plan};
