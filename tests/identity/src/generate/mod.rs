//! The generator: from a seed to lines of the runner protocol.

pub mod conditions;
pub mod decimals;
pub mod documents;
pub mod draws;
pub mod flags;
pub mod json;
pub mod limits;
pub mod metadata;
pub mod operands;
pub mod operators;
pub mod percentages;
pub mod pools;
pub mod prerequisites;
pub mod probes;
pub mod questions;
pub mod random;
pub mod sizes;
pub mod spoilt;
pub mod times;
pub mod variants;
pub mod versions;
