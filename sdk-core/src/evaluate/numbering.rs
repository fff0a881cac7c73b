//! The flags and variants that a ruleset's numbers stand for.
use alloc::vec::Vec;

use crate::{
    bucket::Subkey,
    context::value,
    model::image::{Head, Image},
};

/// A digest of the parts of a ruleset that compiling overrides reads: keys and aliases with the numbers of their flags, names of variants
/// with their numbers, and which of them are `true` and `false`. Overrides hold the one of the ruleset they were compiled for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Numbering(u64);

/// The key that names are hashed by. It only has to stay the same within a process.
const KEY: Subkey = Subkey([0x7265_626d_756e_0000, 0x676e_6972_6562_6d75]);

impl Numbering {
    pub(crate) fn of(image: &Image) -> Self {
        let (mut digest, mut bytes) = (0, Vec::new());
        for flag in 0..image.flags() {
            push(&mut bytes, image.text(image.flag(flag).key));
            for number in 0..image.variants(flag) {
                let (name, encoded) = image.variant(flag, number);
                push(&mut bytes, image.text(name));
                bytes.push(match encoded.first() {
                    Some(tag @ (&value::TRUE | &value::FALSE)) => *tag,
                    Some(_) | None => value::NULL,
                });
            }
            digest = next(digest, &mut bytes);
        }
        for (alias, flag) in (0..image.head(Head::Aliases)).map(|alias| image.alias(alias)) {
            push(&mut bytes, image.text(alias));
            bytes.extend_from_slice(&flag.to_le_bytes());
            digest = next(digest, &mut bytes);
        }
        Self(digest)
    }
}

/// Appends a name behind its length, so that two names never read as one.
fn push(bytes: &mut Vec<u8>, name: &[u8]) {
    value::push_text(bytes, value::STRING, name);
}

/// The digest of the digest before and of these bytes; empties the bytes.
fn next(digest: u64, bytes: &mut Vec<u8>) -> u64 {
    bytes.extend_from_slice(&digest.to_le_bytes());
    let digest = KEY.hash(bytes);
    bytes.clear();
    digest
}
