//! The compiled form of flags: tables of words and bytes that are walked in place.
//!
//! A ruleset and a program are the same tables; they differ in the form of symbols ([`symbol`]), and a program has steps settled.
pub(crate) mod build;
mod code;
pub(crate) mod condition;
pub(crate) mod details;
mod directory;
pub(crate) mod image;
pub(crate) mod memo;
pub(crate) mod memory;
mod moments;
pub(crate) mod operator;
pub(crate) mod shape;
pub(crate) mod step;
pub(crate) mod steps_of_one;
pub(crate) mod symbol;
pub(crate) mod words;
pub(crate) mod write;
