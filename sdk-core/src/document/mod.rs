//! Documents: what people write, import, export and keep in git; and how they become tables.
//!
//! One bad flag never spoils the rest: it is left out and reported with its place. Only what concerns the document as a whole
//! refuses it: its schema, its bucket key, an unknown top-level member, a broken limit.
mod compile;
mod condition;
pub(crate) mod error;
mod flag;
mod key;
mod order;
mod override_tree;
mod overrides;
mod pattern;
mod reader;
mod rollout;
mod steps;

pub use compile::{Compiled, compile};
pub use error::DocumentError;
pub use override_tree::{Leaf, Members, VisitLeaves, retain_leaves, visit_leaves};
pub use reader::duplicates;
pub use rollout::is_rollout;

/// The largest document, in bytes of UTF-8.
pub const MAX_DOCUMENT_BYTES: usize = 8_000_000;
/// The most flags a document may have.
pub const MAX_FLAGS: usize = 5_000;
/// The most rules a flag may have.
pub const MAX_RULES: usize = 64;
/// The most entries a list may have.
pub const MAX_LIST: usize = 10_000;
/// How deep conditions may nest; the outermost is 1, and segments count.
pub const MAX_CONDITION_DEPTH: u32 = 16;
