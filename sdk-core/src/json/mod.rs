//! JSON: reading text as a tree that loses nothing, and writing the canonical form (RFC 8785).
pub mod canonical;
pub(crate) mod cursor;
mod object;
mod place;
mod spelled;
pub(crate) mod tree;

pub use object::Object;
pub use place::Place;
pub use spelled::{quoted, spelled_members, unquoted};
pub use tree::Json;
