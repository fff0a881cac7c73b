//! The tables themselves, read in place.
use alloc::boxed::Box;

use crate::{
    bucket::Subkey,
    details::FlagType,
    value::{self, Encoded},
};

/// Compiled flags. Every read is total: what lies outside the tables reads as 0 or as nothing.
#[derive(Clone, Default)]
pub(crate) struct Image {
    /// Code, then the records that [`Head`] counts, in its order.
    pub(crate) words: Box<[u32]>,
    /// Texts, values and pattern tables.
    pub(crate) bytes: Box<[u8]>,
    pub(crate) head: Head,
    /// Where each kind of record starts in `words`.
    at: Places,
}

/// How many records of each kind stand behind the code.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) code: u32,
    pub(crate) flags: u32,
    pub(crate) attributes: u32,
    pub(crate) aliases: u32,
    pub(crate) known: u32,
    pub(crate) symbols: u32,
    /// Words a symbol takes: 1 for an exact one, 2 for a fingerprint.
    pub(crate) symbol_width: u32,
    /// The symbols are found by this many top bits of their hash.
    pub(crate) directory_bits: u32,
    pub(crate) symbol_key: [u64; 2],
    /// How many segments conditions refer to.
    pub(crate) segments: u32,
}

#[derive(Clone, Copy, Default)]
struct Places {
    flags: u32,
    attributes: u32,
    aliases: u32,
    known: u32,
    symbols: u32,
    directory: u32,
}

/// One flag: key, type, and where its variants and steps stand.
#[derive(Clone, Copy)]
pub(crate) struct FlagRecord {
    pub(crate) key: Span,
    pub(crate) kind: u32,
    pub(crate) variants: u32,
    pub(crate) steps: u32,
}

/// A place and a length in the bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) at: u32,
    pub(crate) length: u32,
}

/// One attribute that conditions, targets or units look at.
#[derive(Clone, Copy)]
pub(crate) struct AttributeRecord {
    pub(crate) name: Span,
    pub(crate) lookup: Lookup,
}

/// How an attribute is looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// An own member of the context.
    Member = 0,
    /// The reserved name `now`.
    Now,
    /// The name `userId`, for which `targetingKey` stands in.
    UserId,
    /// A name with dots: an own member as written, else a path.
    Path,
}

/// What a program's context must agree with.
#[derive(Clone, Copy)]
pub(crate) struct KnownRecord {
    pub(crate) name: Span,
    pub(crate) agreement: Agreement,
}

/// What a member of the context must be.
#[derive(Clone, Copy)]
pub(crate) enum Agreement {
    /// Absent or null.
    AbsentOrNull,
    /// Absent: for names with dots null is something else.
    Absent,
    /// A value with this fingerprint.
    Equal(u64),
}

pub(crate) const FLAG_WORDS: u32 = 4;
pub(crate) const ATTRIBUTE_WORDS: u32 = 2;
pub(crate) const ALIAS_WORDS: u32 = 3;
pub(crate) const KNOWN_WORDS: u32 = 4;
/// The upper bits of a length word hold a kind; lengths stay below this.
pub(crate) const KIND_SHIFT: u32 = 28;
const LENGTH: u32 = (1 << KIND_SHIFT) - 1;

impl Head {
    /// How many words code and records take, or `None` past what a word can address.
    pub(crate) fn words(&self) -> Option<u32> {
        let directory = if self.directory_bits > 24 { None } else { (1_u32 << self.directory_bits).checked_add(1) };
        self.places().and_then(|at| at.directory.checked_add(directory?))
    }

    fn places(&self) -> Option<Places> {
        let flags = self.code;
        let attributes = flags.checked_add(self.flags.checked_mul(FLAG_WORDS)?)?;
        let aliases = attributes.checked_add(self.attributes.checked_mul(ATTRIBUTE_WORDS)?)?;
        let known = aliases.checked_add(self.aliases.checked_mul(ALIAS_WORDS)?)?;
        let symbols = known.checked_add(self.known.checked_mul(KNOWN_WORDS)?)?;
        let directory = symbols.checked_add(self.symbols.checked_mul(self.symbol_width)?)?;
        Some(Places { flags, attributes, aliases, known, symbols, directory })
    }
}

impl Image {
    /// Puts tables together; `None` where the head does not describe the words.
    pub(crate) fn new(words: Box<[u32]>, bytes: Box<[u8]>, head: Head) -> Option<Self> {
        let at = head.places()?;
        (head.words()? as usize == words.len() && u32::try_from(bytes.len()).is_ok()).then_some(Self { words, bytes, head, at })
    }

    pub(crate) fn word(&self, at: u32) -> u32 {
        self.words.get(at as usize).copied().unwrap_or(0)
    }

    /// `count` words from `at` on; none where they do not all exist.
    pub(crate) fn slice(&self, at: u32, count: u32) -> &[u32] {
        self.words.get(at as usize..).and_then(|tail| tail.get(..count as usize)).unwrap_or(&[])
    }

    pub(crate) fn span(&self, at: u32) -> Span {
        Span { at: self.word(at), length: self.word(at.wrapping_add(1)) & LENGTH }
    }

    pub(crate) fn text(&self, span: Span) -> &[u8] {
        self.bytes.get(span.at as usize..).and_then(|tail| tail.get(..span.length as usize)).unwrap_or(&[])
    }

    /// Text that the compiler took from a `str`.
    pub(crate) fn str(&self, span: Span) -> &str {
        core::str::from_utf8(self.text(span)).unwrap_or("")
    }

    /// The encoded value at a place in the bytes, with whatever follows it.
    pub(crate) fn value(&self, at: u32) -> &[u8] {
        self.bytes.get(at as usize..).unwrap_or(&[])
    }

    pub(crate) fn subkey(&self, at: u32) -> Subkey {
        let wide = |at: u32| u64::from(self.word(at)) | u64::from(self.word(at.wrapping_add(1))) << 32;
        Subkey([wide(at), wide(at.wrapping_add(2))])
    }

    pub(crate) fn double(&self, at: u32) -> f64 {
        f64::from_bits(u64::from(self.word(at)) | u64::from(self.word(at.wrapping_add(1))) << 32)
    }

    pub(crate) fn flag(&self, index: u32) -> FlagRecord {
        let at = self.at.flags.wrapping_add(index.wrapping_mul(FLAG_WORDS));
        FlagRecord {
            key: self.span(at),
            kind: self.word(at.wrapping_add(1)) >> KIND_SHIFT,
            variants: self.word(at.wrapping_add(2)),
            steps: self.word(at.wrapping_add(3)),
        }
    }

    pub(crate) fn flag_type(&self, index: u32) -> Option<FlagType> {
        FlagType::from_number(self.flag(index).kind)
    }

    /// Name and encoded value of a flag's variant.
    pub(crate) fn variant(&self, flag: u32, variant: u32) -> (Span, &[u8]) {
        let at = self.flag(flag).variants.wrapping_add(1).wrapping_add(variant.wrapping_mul(3));
        (self.span(at), self.value(self.word(at.wrapping_add(2))))
    }

    pub(crate) fn attribute(&self, index: u32) -> AttributeRecord {
        let at = self.at.attributes.wrapping_add(index.wrapping_mul(ATTRIBUTE_WORDS));
        let lookup = match self.word(at.wrapping_add(1)) >> KIND_SHIFT {
            1 => Lookup::Now,
            2 => Lookup::UserId,
            3 => Lookup::Path,
            _ => Lookup::Member,
        };
        AttributeRecord { name: self.span(at), lookup }
    }

    /// An alias and the number of its flag.
    pub(crate) fn alias(&self, index: u32) -> (Span, u32) {
        let at = self.at.aliases.wrapping_add(index.wrapping_mul(ALIAS_WORDS));
        (self.span(at), self.word(at.wrapping_add(2)))
    }

    pub(crate) fn known(&self, index: u32) -> KnownRecord {
        let at = self.at.known + index * KNOWN_WORDS;
        let fingerprint = u64::from(self.word(at + 2)) | u64::from(self.word(at + 3)) << 32;
        let agreement = match self.word(at + 1) >> KIND_SHIFT {
            0 => Agreement::AbsentOrNull,
            1 => Agreement::Absent,
            _ => Agreement::Equal(fingerprint),
        };
        KnownRecord { name: self.span(at), agreement }
    }

    /// The words of symbol `index`.
    pub(crate) fn symbol(&self, index: u32) -> &[u32] {
        self.slice(self.at.symbols + index * self.head.symbol_width, self.head.symbol_width)
    }

    /// The numbers of the symbols whose hash starts like this one.
    pub(crate) fn symbols_near(&self, hash: u64) -> core::ops::Range<u32> {
        #[expect(clippy::cast_possible_truncation, reason = "at most 24 bits are left")]
        let bucket = hash.checked_shr(64 - self.head.directory_bits).unwrap_or(0) as u32;
        let at = self.at.directory + bucket;
        self.word(at)..self.word(at + 1)
    }

    /// Where the symbols of each start of a hash begin, and where the last end.
    pub(crate) fn directory(&self) -> &[u32] {
        self.words.get(self.at.directory as usize..).unwrap_or_default()
    }

    pub(crate) fn symbol_key(&self) -> Subkey {
        Subkey(self.head.symbol_key)
    }

    /// The scalar a value of the tables stands for.
    pub(crate) fn scalar(encoded: &[u8]) -> Option<Encoded<'_>> {
        value::read(encoded).map(|(scalar, _)| scalar)
    }
}
