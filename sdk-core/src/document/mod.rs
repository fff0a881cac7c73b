//! Documents: the JSON that operators write, import, export and keep in git, and its compiler.
//!
//! One bad flag never spoils the rest: it is left out and reported with its place. Only an error of the document as a whole refuses it: a
//! wrong schema or bucket key, an unknown top-level member, a broken limit of the document.
mod budget;
mod compile;
mod condition;
mod copy;
mod definition;
pub(crate) mod error;
mod flag;
mod kept;
mod key;
pub(crate) mod limits;
mod link;
mod metadata;
mod names;
mod operand;
mod order;
mod override_tree;
mod overrides;
mod pattern;
mod prerequisites;
mod reader;
mod report;
mod restate;
mod rollout;
mod rows;
mod scalars;
mod segment_uses;
mod segments;
mod sql;
mod state;
mod steps;
#[cfg(test)]
mod tests;
pub(crate) mod texts;
mod top;
mod variants;

pub use compile::{Compiled, Compiler, compile};
pub use definition::{CompiledFlag, CompiledSegment};
pub use error::DocumentError;
pub use key::is_flag_key;
pub use link::Environment;
pub use metadata::reserved as reserved_metadata;
pub use override_tree::{Leaf, Members, VisitLeaves, retain_leaves, visit_leaves};
pub use rollout::is_rollout;
pub use rows::link;
pub use sql::compile_for_sql;
pub use state::FlagState;
