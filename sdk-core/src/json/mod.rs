//! JSON: reading text as a tree that loses nothing, and writing the canonical form (RFC 8785).
pub mod canonical;
pub(crate) mod cursor;
mod object;
pub(crate) mod place;
pub(crate) mod tree;

pub use object::Object;
