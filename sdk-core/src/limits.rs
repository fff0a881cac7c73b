//! The limits of documents, contexts and programs. The core refuses input beyond a limit and never truncates it.
pub use crate::{
    context::{MAX_CONTEXT_DEPTH, MAX_CONTEXT_ITEMS, MAX_CONTEXT_MEMBERS, MAX_CONTEXT_TEXT},
    document::limits::{
        MAX_CONDITION_DEPTH, MAX_DOCUMENT_BYTES, MAX_ENVIRONMENTS, MAX_ERRORS, MAX_FLAGS, MAX_LIST, MAX_METADATA_BYTES, MAX_METADATA_NAMES,
        MAX_NESTING, MAX_PATTERN_BYTES, MAX_PATTERN_WORK, MAX_PATTERNS_BYTES, MAX_PATTERNS_WORK, MAX_RULES, MAX_SEGMENTS, MAX_TARGETS,
        MAX_VARIANTS,
    },
    program::MAX_PROGRAM_BYTES,
};
