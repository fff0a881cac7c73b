//! Documents: what people write, and how it becomes what is evaluated.

pub(crate) mod pattern;
