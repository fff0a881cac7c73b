//! Bucketing: the only file that names a hash.
//!
//! `sip-1` is SipHash-2-4, keyed per environment and salt, and scaled into [`BUCKETS`] by multiplying and shifting. `murmurhash-js` is for
//! flags that were begun in a system that drew its users by the npm package of that name. An algorithm never changes under its name:
//! another one gets a name of its own.
use alloc::vec::Vec;

use crate::{hex, matching::fold::decode};

/// The number of buckets that units are drawn into: a bucket is a thousandth of a percent.
pub const BUCKETS: u32 = 100_000;

/// The secret of an environment, 16 bytes, by which all its draws are keyed. It never leaves the edge.
///
/// ```
/// use sdk_core::{BUCKETS, BucketKey};
///
/// let key = BucketKey::from_hex("000102030405060708090a0b0c0d0e0f").unwrap_or_else(|| BucketKey::from_bytes([0; 16]));
/// let draw = key.subkey(b"new_ui");
/// assert_eq!(draw.bucket(b"ada"), 4_469);
/// assert!(draw.bucket(b"grace") < BUCKETS);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BucketKey([u64; 2]);

impl core::fmt::Debug for BucketKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("BucketKey(..)")
    }
}

impl BucketKey {
    /// The key with these bytes; `SipHash` takes them as two little-endian numbers of 64 bits.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let wide = u128::from_le_bytes(bytes);
        Self([low(wide), low(wide >> 64)])
    }

    /// Reads a key from 32 hexadecimal digits of either case; `None` if the text is anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        hex::decode(text).map(Self::from_bytes)
    }

    /// The key as 32 lower-case hexadecimal digits, for the store that keeps it.
    pub fn to_hex(self) -> alloc::string::String {
        let wide = u128::from(self.0[0]) | u128::from(self.0[1]) << 64;
        hex::encode(&wide.to_le_bytes())
    }

    /// The key of all draws under one salt: the hash of a zero byte and the salt, and that of a one byte and the salt.
    pub fn subkey(self, salt: &[u8]) -> Subkey {
        let mut bytes = Vec::with_capacity(salt.len() + 1);
        let mut half = |lead: u8| {
            bytes.clear();
            bytes.push(lead);
            bytes.extend_from_slice(salt);
            sip_hash_2_4(self.0, &bytes)
        };
        Subkey([half(0), half(1)])
    }
}

/// The key of the draws under one salt, or of the fingerprints of one program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Subkey(pub [u64; 2]);

impl core::fmt::Debug for Subkey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Subkey(..)")
    }
}

impl Subkey {
    /// Hashes bytes by SipHash-2-4 under this key.
    pub fn hash(self, bytes: &[u8]) -> u64 {
        sip_hash_2_4(self.0, bytes)
    }

    /// The bucket of a unit, `0..BUCKETS`: the top 64 bits of hash × [`BUCKETS`].
    pub fn bucket(self, unit: &[u8]) -> u32 {
        let hash = self.hash(unit);
        // Multiplies in halves: a product of 128 bits would add a function to the browser's engine.
        let (upper, lower) = ((hash >> 32) * u64::from(BUCKETS), (hash & 0xffff_ffff) * u64::from(BUCKETS));
        ((upper + (lower >> 32)) >> 32) as u32
    }
}

/// The hash by which a draw turns a unit into a bucket. Tables hold its number and four words of parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DrawHash {
    /// `sip-1`; its parameters are the subkey.
    Sip(Subkey),
    /// `murmurhash-js`; it has no parameters.
    MurmurhashJs,
    /// `sip-1` before an environment's key is known: the place and the length of the salt. Only parts hold it; linking a part turns it
    /// into [`DrawHash::Sip`].
    Unkeyed { at: u32, length: u32 },
}

impl DrawHash {
    const SIP: u32 = 0;
    const MURMURHASH_JS: u32 = 1;
    const UNKEYED: u32 = 15;

    /// Returns true if this is the number of a hash that a ruleset or a program may hold.
    pub(crate) const fn is_known(number: u32) -> bool {
        matches!(number, Self::SIP | Self::MURMURHASH_JS)
    }

    /// The hash with this number and these parameters.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "split into its halves")]
    pub(crate) const fn read(number: u32, parameters: Subkey) -> Option<Self> {
        match number {
            Self::SIP => Some(Self::Sip(parameters)),
            Self::MURMURHASH_JS => Some(Self::MurmurhashJs),
            Self::UNKEYED => Some(Self::Unkeyed { at: parameters.0[0] as u32, length: (parameters.0[0] >> 32) as u32 }),
            _ => None,
        }
    }

    /// The number of the hash in tables.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Sip(_) => Self::SIP,
            Self::MurmurhashJs => Self::MURMURHASH_JS,
            Self::Unkeyed { .. } => Self::UNKEYED,
        }
    }

    /// The parameters, as four words.
    pub(crate) const fn parameters(self) -> Subkey {
        match self {
            Self::Sip(subkey) => subkey,
            Self::MurmurhashJs => Subkey([0; 2]),
            Self::Unkeyed { at, length } => Subkey([at as u64 | (length as u64) << 32, 0]),
        }
    }

    /// The bucket of a unit, `0..BUCKETS`.
    #[inline]
    pub(crate) fn bucket(self, unit: &[u8]) -> u32 {
        match self {
            Self::Sip(subkey) => subkey.bucket(unit),
            Self::MurmurhashJs => murmurhash_js_bucket(unit),
            Self::Unkeyed { .. } => 0,
        }
    }
}

/// SipHash-2-4, as its authors wrote it down (Aumasson and Bernstein, 2012).
///
/// Our own rather than that of the `siphasher` crate: every assignment depends on this function, it is 40 lines, and no update of a
/// dependency can change it. The tests hold it to its authors' vectors and to that crate.
///
/// Measured with Rust 1.95 and `siphasher` 1.0.4, before wasm-opt: with the crate, the browser engine grows from 41,598 to 41,780
/// bytes, after gzip from 19,097 to 19,178. Speed is no reason: alone in a module, both take 22 to 52 ns for 8 to 40 bytes in Node 20,
/// and differ by less than a run differs from the next. To repeat the sizes, make `siphasher` a dependency of the core, answer
/// `SipHasher24::new_with_keys(k0, k1).hash(bytes)` here, and compare what this builds before and after:
/// `CARGO_PROFILE_WASM_OPT_LEVEL=s cargo build --lib --package sdk-wasm --target wasm32-unknown-unknown --profile wasm`.
fn sip_hash_2_4([k0, k1]: [u64; 2], bytes: &[u8]) -> u64 {
    let mut v = [k0 ^ 0x736f_6d65_7073_6575, k1 ^ 0x646f_7261_6e64_6f6d, k0 ^ 0x6c79_6765_6e65_7261, k1 ^ 0x7465_6462_7974_6573];
    let (blocks, rest) = bytes.as_chunks();
    for block in blocks {
        compress(&mut v, u64::from_le_bytes(*block));
    }
    // The last block has the bytes that are left, and the low byte of the length on top.
    compress(&mut v, last_bytes(bytes, rest) | (bytes.len() as u64) << 56);
    v[2] ^= 0xFF;
    for _ in 0..4 {
        round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

/// The bytes that are left behind the last whole block, as a little-endian number. Natively they are read at once where there is a block,
/// because a processor does not foresee the end of the loop.
#[inline]
fn last_bytes(bytes: &[u8], rest: &[u8]) -> u64 {
    match bytes.last_chunk() {
        Some(eight) if cfg!(not(target_arch = "wasm32")) => u64::from_le_bytes(*eight) >> 8 >> (56 - 8 * (rest.len() & 7)),
        _ => rest.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
    }
}

#[inline]
fn compress(v: &mut [u64; 4], block: u64) {
    v[3] ^= block;
    round(v);
    round(v);
    v[0] ^= block;
}

#[inline]
fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[2] = v[2].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[1]);
    v[0] = v[0].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].rotate_left(32);
}

/// The bucket of a unit by the hash `murmurhash-js`: a multiple of 1,000 below [`BUCKETS`], the same for every flag.
///
/// `MurmurHash3` (x86, 32 bits, seed 0) over the low byte of each UTF-16 unit, as the npm package `murmurhash-js` computes it.
pub fn murmurhash_js_bucket(unit: &[u8]) -> u32 {
    let (mut hash, mut block, mut length) = (0_u32, 0_u32, 0_u32);
    let scramble = |block: u32| block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let mut rest = unit;
    // The low half of a pair of surrogates that is still to come.
    let mut low = None;
    while !rest.is_empty() || low.is_some() {
        let unit = low.take().unwrap_or_else(|| {
            let (scalar, size) = decode(rest);
            rest = rest.get(size..).unwrap_or_default();
            if size < 4 {
                return scalar;
            }
            low = Some(scalar);
            // The high surrogate; 0x10000 / 1024 is 64.
            (scalar >> 10).wrapping_sub(64)
        });
        block |= (unit & 0xff) << (8 * (length & 3));
        length = length.wrapping_add(1);
        if length.is_multiple_of(4) {
            hash = (hash ^ scramble(block)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
            block = 0;
        }
    }
    hash ^= scramble(block) ^ length;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    (hash ^ hash >> 16) % 100 * 1000
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
fn low(wide: u128) -> u64 {
    wide as u64
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use siphasher::sip::SipHasher24;

    use super::*;

    /// The two ends of `vectors_sip64` of the authors' reference implementation: key and message are the bytes 0, 1, 2 and so on.
    #[test]
    fn sip_hash_gives_the_vectors_of_its_authors() {
        let key = BucketKey::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]).0;
        let message: Vec<u8> = (0..63).collect();
        assert_eq!(sip_hash_2_4(key, &[]).to_le_bytes(), [0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72]);
        assert_eq!(sip_hash_2_4(key, &message).to_le_bytes(), [0x72, 0x45, 0x06, 0xeb, 0x4c, 0x32, 0x8a, 0x95]);
    }

    #[test]
    fn sip_hash_agrees_with_another_implementation() {
        let message: Vec<u8> = (0..=250).cycle().step_by(37).take(600).collect();
        for length in 0..message.len() {
            let (key, bytes) = ([(length as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15), !(length as u64)], &message[..length]);
            assert_eq!(sip_hash_2_4(key, bytes), SipHasher24::new_with_keys(key[0], key[1]).hash(bytes), "{length} bytes");
        }
    }
}
