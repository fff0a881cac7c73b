//! Fingerprints of values, by which a program recognises the context it was made for without holding its attributes.
use crate::{
    bucket::Subkey,
    context::{
        MAX_CONTEXT_DEPTH,
        value::{self, Encoded},
    },
};

/// The fingerprint of an encoded value: equal values have equal ones, whatever the order of an object's members.
///
/// The fingerprint of a scalar is the hash of its bytes, the same as that of a symbol. Reads the value once.
pub(crate) fn fingerprint(key: Subkey, encoded: &[u8]) -> u64 {
    read(key, encoded, MAX_CONTEXT_DEPTH).map_or(0, |(print, _)| print)
}

/// The fingerprint of the value at the front, and the bytes behind it; `None` if it nests deeper than `depth` levels or is no value.
fn read(key: Subkey, encoded: &[u8], depth: u32) -> Option<(u64, &[u8])> {
    let (value, mut rest) = value::read(encoded)?;
    let (count, is_object, mut print) = match value {
        Encoded::List(count, _) => (count, false, u64::from(value::LIST)),
        Encoded::Object(count, _) => (count, true, 0),
        Encoded::Null | Encoded::Boolean(_) | Encoded::Number(_) | Encoded::Text(_) => {
            let scalar = encoded.get(..encoded.len() - rest.len())?;
            return Some((key.hash(scalar), rest));
        }
    };
    let depth = depth.checked_sub(1)?;
    for _ in 0..count {
        let (first, after) = read(key, rest, depth)?;
        rest = after;
        if is_object {
            let (member, after) = read(key, rest, depth)?;
            rest = after;
            // A sum has no order, and no name stands twice.
            print = print.wrapping_add(pair(key, first, member));
        } else {
            print = pair(key, print, first);
        }
    }
    Some((if is_object { pair(key, u64::from(value::OBJECT), print) } else { print }, rest))
}

/// One hash of two numbers in their order.
fn pair(key: Subkey, left: u64, right: u64) -> u64 {
    let both = u128::from(left) | u128::from(right) << 64;
    key.hash(&both.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::fingerprint;
    use crate::{
        BucketKey, Context,
        context::value::{self, OBJECT},
    };
    use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

    /// The fingerprint of an object given as JSON text.
    fn of(json: &str) -> u64 {
        let context = Context::from_json(&format!("{{\"o\":{json}}}"));
        let object = value::member(context.encoded(), b"o").unwrap();
        assert_eq!(object.first(), Some(&OBJECT));
        fingerprint(BucketKey::from_bytes([7; 16]).subkey(b"test"), object)
    }

    #[test]
    fn the_order_of_members_does_not_matter() {
        assert_eq!(of(r#"{"a":1,"b":{"c":[{"x":1,"y":2}],"d":null}}"#), of(r#"{"b":{"d":null,"c":[{"y":2,"x":1.0}]},"a":1}"#));
        assert_eq!(of(r#"{"a":2,"b":1,"a":1}"#), of(r#"{"b":1,"a":1}"#));
    }

    #[test]
    fn other_objects_have_other_fingerprints() {
        let values = ["null", "true", "false", "0", "1", "\"\"", "\"1\"", "[]", "{}", "[[]]", "[null]", "[1,0]", "[0,1]", "{\"a\":1}"];
        let mut seen: BTreeMap<u64, String> = BTreeMap::new();
        for one in values {
            for other in values {
                let json = format!("{{\"a\":{one},\"b\":{other}}}");
                assert_eq!(seen.insert(of(&json), json.clone()), None, "{json}");
            }
        }
        let names: Vec<_> = ["a", "b", ""].map(|name| of(&format!("{{\"{name}\":1}}"))).into();
        assert!(names.iter().all(|print| !seen.contains_key(print)));
    }
}
