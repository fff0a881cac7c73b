//! HMAC-SHA-256 (RFC 2104).
use control::change::Hash;

/// The bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// The code of a message under a key. A shorter key is padded with zeros, as the function itself does.
pub(crate) fn hmac_sha256(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let padded = |pad: u8| {
        let mut block = [pad; BLOCK];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Hash::of(&[&padded(0x36), message].concat());
    Hash::of(&[&padded(0x5c)[..], &inner.0].concat()).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_that_of_the_published_test_cases() {
        // RFC 4231, test cases 2 and 1.
        let check = |key: &[u8], message: &[u8], expected: &str| {
            let mut padded = [0; 32];
            padded[..key.len()].copy_from_slice(key);
            assert_eq!(Hash(hmac_sha256(&padded, message)).to_hex(), expected);
        };
        check(b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        check(&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }
}
