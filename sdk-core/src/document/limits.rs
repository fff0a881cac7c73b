//! The limits of documents, and those of one flag or segment. Breaking one is an error; the compiler never truncates.
//!
//! A broken limit of the document refuses it whole. A broken limit of one flag leaves that flag out; one of a segment leaves out
//! every flag that uses the segment.

pub use crate::json::cursor::{MAX_LIST, MAX_NESTING};

/// The largest document, in bytes of UTF-8.
pub const MAX_DOCUMENT_BYTES: usize = 8_000_000;
/// The most bytes of canonical JSON that the values of all variants of type object take, in the flags that are sound by themselves.
///
/// A number may be longer in its canonical form than in the document: `1e20` has 21 digits.
pub const MAX_VALUES_BYTES: usize = 8_000_000;
/// The most networks in all lists of the operator `cidr`, in the flags and segments that are sound by themselves. A network takes up to 32
/// bytes in tables, and as few as 7 in a document.
pub const MAX_NETWORKS: usize = 250_000;
/// The most flags of a document.
pub const MAX_FLAGS: usize = 5_000;
/// The most segments of a document.
pub const MAX_SEGMENTS: usize = 5_000;
/// The most steps of work that all patterns of a document may take.
pub const MAX_PATTERNS_WORK: usize = 60_000_000;
/// The most bytes that the tables of all patterns of a document may take.
pub const MAX_PATTERNS_BYTES: usize = 8_000_000;

/// The most rules of a flag.
pub const MAX_RULES: usize = 256;
/// The most individual targets of a flag.
pub const MAX_TARGETS: usize = 256;
/// The most variants of a flag.
pub const MAX_VARIANTS: usize = 1_000;
/// The most environments that a flag may name.
pub const MAX_ENVIRONMENTS: usize = 100;
/// The deepest level of a condition: the outermost is level 1, and a segment counts as one level more.
pub const MAX_CONDITION_DEPTH: u32 = 16;
/// The most steps of work that one pattern may take: about 20 ms.
pub const MAX_PATTERN_WORK: usize = 1_000_000;
/// The longest pattern, and the largest table of one, in bytes.
pub const MAX_PATTERN_BYTES: usize = 16_000;
/// The most names in a flag's metadata.
pub const MAX_METADATA_NAMES: usize = 32;
/// The largest metadata of a flag, in bytes of canonical JSON.
pub const MAX_METADATA_BYTES: usize = 4_096;

/// The most errors that compiling reports; beside them it reports the number of all.
pub const MAX_ERRORS: usize = 1_000;
