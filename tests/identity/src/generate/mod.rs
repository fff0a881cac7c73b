//! The generator: from a seed to lines of the door.

pub mod conditions;
pub mod documents;
pub mod draws;
pub mod flags;
pub mod json;
pub mod pools;
pub mod questions;
pub mod random;
pub mod spoilt;
pub mod times;
