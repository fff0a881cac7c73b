//! JSON: reading text so that nothing of it is lost, and writing the canonical form (RFC 8785).
pub mod canonical;
pub(crate) mod cursor;
mod object;
mod place;
mod raw;
pub(crate) mod spelled;
mod tape;
pub(crate) mod tree;
pub(crate) mod value;

pub use object::Object;
pub use place::Place;
pub use raw::{quoted, spelled_members, unquoted};
pub use tape::Tape;
pub use tree::Json;
pub(crate) use value::Indexed;
pub use value::{Items, Members, Name, Node, Value};
