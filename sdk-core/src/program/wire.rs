//! The binary form of a program.
//!
//! All numbers are little-endian words of 4 bytes: the magic `TFPG`, the format, the length of the whole in bytes, the checksum
//! (2 words) of everything after it, the head (13 words), code and records, the number of text bytes, the text bytes.
use alloc::vec::Vec;
use core::fmt;

use super::validate::is_sound;
use crate::model::{
    image::{Image, LENGTH_AT, PREFIX},
    symbol::{Fingerprints, Symbols as _},
};

/// The one program format that is written and read.
pub const FORMAT: u32 = 2;

/// The largest program, in bytes.
pub const MAX_PROGRAM_BYTES: usize = 16_000_000;

pub(crate) const MAGIC: u32 = u32::from_le_bytes(*b"TFPG");

/// The reason why a program is refused, or not made. A refused program is refused whole, and the one before stays in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[repr(u8)]
pub enum ProgramError {
    /// The bytes are no program.
    NotAProgram = 1,
    /// The format is not [`FORMAT`].
    Format,
    /// Bytes are missing, or there are more than the program says or than [`MAX_PROGRAM_BYTES`](crate::limits::MAX_PROGRAM_BYTES).
    Length,
    /// The checksum does not match the bytes: the program is damaged.
    Checksum,
    /// The tables refer to something that is not in them, or in a circle.
    Unsound,
    /// The known context is a refused one.
    Context,
}

impl ProgramError {
    /// The reason in a sentence, for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAProgram => "these bytes are no program",
            Self::Format => "the program has a format that is not read here",
            Self::Length => "the program is cut off, or longer than it says",
            Self::Checksum => "the program's checksum is wrong",
            Self::Unsound => "the program refers to what is not in it",
            Self::Context => "the context that is known cannot be used",
        }
    }
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for ProgramError {}

pub(crate) fn encode(image: &Image) -> Vec<u8> {
    let (mut out, rest) = (Vec::with_capacity(image.bytes().len()), image.bytes().get(PREFIX..).unwrap_or_default());
    for word in [MAGIC, FORMAT, image.raw(LENGTH_AT)] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&checksum(rest).to_le_bytes());
    out.extend_from_slice(rest);
    out
}

/// Reads a program.
pub(crate) fn decode(bytes: &[u8]) -> Result<Image, ProgramError> {
    let mut image = Image { memory: bytes.to_vec().into(), ..Image::EMPTY };
    check(&mut image, bytes.len()).map(|()| image)
}

/// Checks the first `length` bytes of an image once; afterwards they are walked in place.
pub(crate) fn check(image: &mut Image, length: usize) -> Result<(), ProgramError> {
    if image.raw(0) != MAGIC {
        return Err(ProgramError::NotAProgram);
    }
    if image.raw(4) != FORMAT {
        return Err(ProgramError::Format);
    }
    if length > MAX_PROGRAM_BYTES || length != image.raw(LENGTH_AT) as usize || length > image.memory.bytes().len() {
        return Err(ProgramError::Length);
    }
    if image.raw_wide(12) != checksum(image.bytes().get(PREFIX..).unwrap_or_default()) {
        return Err(ProgramError::Checksum);
    }
    if image.read_head(Fingerprints::WIDTH) && is_sound(image) { Ok(()) } else { Err(ProgramError::Unsound) }
}

/// A checksum against damage, not against forgery: a program comes over a connection that is trusted.
///
/// Each step of it can be undone, so that it notices every single changed word. It is short because a page runs it once, before the
/// browser optimises the WASM: there a keyed hash made loading 1,000 flags take 2.4 to 5.6 ms instead of 1.2.
fn checksum(bytes: &[u8]) -> u64 {
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let (words, rest) = bytes.as_chunks();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(SPREAD).rotate_left(29);
    rest.iter().map(|byte| u64::from(*byte)).fold(words.fold(bytes.len() as u64, step), step)
}
