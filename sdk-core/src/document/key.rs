//! The syntax of flag keys and variant names.

/// The longest flag key and the longest name of a variant, in bytes.
pub(crate) const MAX_KEY: usize = 128;

/// The fault of a flag key or alias, `None` for a good one: dotted segments of letters, digits, `_` and `-`.
pub(crate) fn key_fault(key: &str) -> Option<&'static str> {
    if key.len() > MAX_KEY {
        return Some("a flag key has at most 128 bytes");
    }
    for segment in key.split('.') {
        if segment.is_empty() || !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            return Some("a flag key is letters, digits, _ and - in segments with a dot between them");
        }
        if is_reserved(segment) {
            return Some("a flag key has no segment __proto__, prototype or constructor");
        }
    }
    None
}

/// Returns true for a name that a flag can have: up to 128 letters, digits, `_` and `-`, in segments with a dot between them. No segment is
/// `__proto__`, `prototype` or `constructor`.
///
/// ```
/// assert!(sdk_core::is_flag_key("checkout.express-lane"));
/// assert!(!sdk_core::is_flag_key("checkout..express lane"));
/// ```
pub fn is_flag_key(name: &str) -> bool {
    key_fault(name).is_none()
}

/// The fault of a variant's name, `None` for a good one.
pub(crate) fn variant_name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.len() > MAX_KEY {
        return Some("a variant's name has 1 to 128 bytes");
    }
    is_reserved(name).then_some("a variant's name is not __proto__, prototype or constructor")
}

/// Returns true for `__proto__`, `prototype` and `constructor`: JavaScript gives these names a meaning of their own in objects.
pub(crate) fn is_reserved(name: &str) -> bool {
    matches!(name, "__proto__" | "prototype" | "constructor")
}
