//! The syntax of flag keys and variant names.

/// The longest flag key, in bytes.
const MAX_KEY: usize = 128;

/// What is wrong with a flag key or alias, if anything: dotted segments of letters, digits, `_` and `-`.
pub(crate) fn key_fault(key: &str) -> Option<&'static str> {
    if key.len() > MAX_KEY {
        return Some("a flag key has at most 128 bytes");
    }
    for segment in key.split('.') {
        if segment.is_empty() || !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            return Some("a flag key is letters, digits, _ and - in segments with a dot between them");
        }
        if matches!(segment, "__proto__" | "prototype" | "constructor") {
            return Some("a flag key has no segment __proto__, prototype or constructor");
        }
    }
    None
}

/// Whether a variant may have this name: a letter or `_`, then letters, digits, `_` and `-`.
pub(crate) fn is_variant_name(name: &str) -> bool {
    let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    starts && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
