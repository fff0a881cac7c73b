//! The guard: judges whether a rollout does harm, from the counts of its outcomes.
//!
//! The guard compares the error rate of the units that have the flag (the *treatment*) with the limit of the rollout, and the errors of
//! both arms with each other where some units do not have the flag (the *control*). It decides with integers alone: evidence is a natural
//! logarithm in Q32 fixed point, each increment rounded down and each limit rounded up, so that rounding never rolls a rollout back.
//! Reading order: [`Judge`], [`GuardState::observe`], [`Decision`].
mod evidence;
mod judge;
mod late;
mod logarithm;
mod receipt;
mod sequential;
mod sources;
mod sums;
mod two_arms;
mod unit_caps;
mod window;
mod wire;

pub use evidence::{Decision, Doubt, Evidence, Rule};
pub use judge::{GuardState, Judge, Observation, Open};
pub use receipt::{MAX_RECEIPT, Receipt, ReceiptError, ReceiptKey};
pub use sequential::{Sequential, next_firing};
pub use sources::{BlockErrors, MAX_OBSERVED_BLOCKS};
pub use sums::{MAX_OUTCOMES, Sums};
pub use unit_caps::{Block, UNITS_PER_BLOCK, UnitCaps};
pub use window::window_of;
pub use wire::{MAX_STATE, StateNote};
