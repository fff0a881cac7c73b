//! The binary form of a program.
//!
//! All numbers are little-endian words of 4 bytes: the magic `TFPG`, the format, the length of the whole in bytes, the checksum
//! (2 words) of everything after it, the head (12 words), code and records, the number of text bytes, the text bytes.
use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use super::validate::is_sound;
use crate::model::image::{Head, Image};

/// The program format that is written, and the highest that is read.
pub const FORMAT: u32 = 1;

/// The largest program, in bytes.
pub const MAX_PROGRAM_BYTES: usize = 16_000_000;

const MAGIC: u32 = u32::from_le_bytes(*b"TFPG");
/// Magic, format, length, checksum.
const PREFIX: usize = 20;
const HEAD: usize = 12;

/// Why a program is refused. It is refused whole; whatever was in force before stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[repr(u8)]
pub enum ProgramError {
    /// The bytes are no program.
    NotAProgram = 1,
    /// The program has a format that is not read here.
    Format,
    /// Bytes are missing, or there are more than the program says or than [`MAX_PROGRAM_BYTES`].
    Length,
    /// The checksum is another one.
    Checksum,
    /// The tables refer to what is not there.
    Unsound,
    /// The context that is known cannot be used.
    Context,
}

impl ProgramError {
    /// A sentence for people.
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
    let head = &image.head;
    let key = head.symbol_key;
    let split = |wide: u64| [wide & 0xFFFF_FFFF, wide >> 32];
    let [[a, b], [c, d]] = key.map(split);
    let mut out = Vec::with_capacity(PREFIX + 4 * (HEAD + image.words.len() + 1) + image.bytes.len());
    let mut put = |word: u32| out.extend_from_slice(&word.to_le_bytes());
    for word in [MAGIC, FORMAT, 0, 0, 0] {
        put(word);
    }
    for word in [head.code, head.flags, head.attributes, head.aliases, head.known, head.symbols, head.directory_bits, head.segments] {
        put(word);
    }
    for half in [a, b, c, d] {
        put(u32::try_from(half).unwrap_or(0));
    }
    for word in &image.words {
        put(*word);
    }
    put(u32::try_from(image.bytes.len()).unwrap_or(0));
    out.extend_from_slice(&image.bytes);
    let length = u32::try_from(out.len()).unwrap_or(0);
    let sum = checksum(out.get(PREFIX..).unwrap_or_default());
    if let Some(place) = out.get_mut(8..PREFIX) {
        let (length_place, sum_place) = place.split_at_mut(4);
        length_place.copy_from_slice(&length.to_le_bytes());
        sum_place.copy_from_slice(&sum.to_le_bytes());
    }
    out
}

/// Reads and checks a program once; afterwards it is walked in place.
pub(crate) fn decode(bytes: &[u8]) -> Result<Image, ProgramError> {
    let word = |at: usize| bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes);
    if word(0) != MAGIC {
        return Err(ProgramError::NotAProgram);
    }
    if word(4) != FORMAT {
        return Err(ProgramError::Format);
    }
    if bytes.len() > MAX_PROGRAM_BYTES || bytes.len() != word(8) as usize {
        return Err(ProgramError::Length);
    }
    let wide = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
    if wide(12) != checksum(bytes.get(PREFIX..).unwrap_or_default()) {
        return Err(ProgramError::Checksum);
    }
    let at = |index: usize| word(PREFIX + 4 * index);
    let head = Head {
        code: at(0),
        flags: at(1),
        attributes: at(2),
        aliases: at(3),
        known: at(4),
        symbols: at(5),
        symbol_width: 2,
        directory_bits: at(6),
        segments: at(7),
        symbol_key: [wide(PREFIX + 32), wide(PREFIX + 40)],
    };
    let start = PREFIX + 4 * HEAD;
    let words = head.words().ok_or(ProgramError::Unsound)? as usize;
    let end = start.saturating_add(words.saturating_mul(4));
    let code = bytes.get(start..end).ok_or(ProgramError::Unsound)?;
    let texts = bytes.get(end + 4..).filter(|texts| texts.len() == word(end) as usize).ok_or(ProgramError::Unsound)?;
    // Of known number: collected at once, into no more memory than they take.
    let words: Box<[u32]> = code.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let image = Image::new(words, texts.into(), head).ok_or(ProgramError::Unsound)?;
    if is_sound(&image) { Ok(image) } else { Err(ProgramError::Unsound) }
}

/// Guards against damage, not against forgery: a program is taken over a connection that is trusted.
///
/// Each step can be undone, so no single changed word goes unnoticed. It is short because a page runs it once, before its WASM
/// is optimised: there a keyed hash made loading 1,000 flags take 2.4 to 5.6 ms instead of 1.2.
fn checksum(bytes: &[u8]) -> u64 {
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let (words, rest) = bytes.as_chunks();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(SPREAD).rotate_left(29);
    rest.iter().map(|byte| u64::from(*byte)).fold(words.fold(bytes.len() as u64, step), step)
}
