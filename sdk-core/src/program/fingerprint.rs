//! Fingerprints of whole values, by which a program recognises the context it was made for without holding it.
use crate::{
    bucket::Subkey,
    context::value::{self, Encoded},
};

/// The fingerprint of an encoded value: equal values have equal ones, whatever the order of an object's members.
///
/// A scalar's is the hash of its bytes, as symbols have it. Of a member twice the last counts.
pub(crate) fn fingerprint(key: Subkey, encoded: &[u8]) -> u64 {
    match value::read(encoded) {
        Some((Encoded::List(count, mut items), _)) => {
            let mut chain = u64::from(value::LIST);
            for _ in 0..count {
                let Some((item, rest)) = value::split(items) else { break };
                chain = pair(key, chain, fingerprint(key, item));
                items = rest;
            }
            chain
        }
        Some((Encoded::Object(..), _)) => {
            let (mut sum, mut members) = (0_u64, value::members(encoded).unwrap_or_default());
            while let Some((name, rest)) = value::split(members) {
                let Some((member, rest)) = value::split(rest) else { break };
                members = rest;
                let again = value::text(name).is_some_and(|name| value::member(rest, name).is_some());
                if !again {
                    sum = sum.wrapping_add(pair(key, key.hash(name), fingerprint(key, member)));
                }
            }
            pair(key, u64::from(value::OBJECT), sum)
        }
        _ => value::split(encoded).map_or(0, |(scalar, _)| key.hash(scalar)),
    }
}

/// One hash of two numbers in their order.
fn pair(key: Subkey, left: u64, right: u64) -> u64 {
    let both = u128::from(left) | u128::from(right) << 64;
    key.hash(&both.to_le_bytes())
}
