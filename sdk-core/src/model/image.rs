//! The tables themselves, read in place.
use core::cmp::Ordering;

use super::{
    details::FlagType,
    memory::Memory,
    words::{Run, Words},
};
use crate::{bucket::Subkey, context::value};

/// Compiled flags in the binary form of a program. Every read is total: a place outside the tables reads as 0 or as nothing.
#[derive(Clone, Default)]
pub(crate) struct Image {
    /// Prefix, head, code, the records that the head counts, in its order, the number of text bytes, the text bytes.
    pub(crate) memory: Memory,
    /// The places at which the code ends and flags, attributes, aliases, known members, moments and symbols start, and that of the
    /// symbols' directory.
    pub(crate) at: [u32; 7],
    /// The offset at which texts, values and pattern tables start in the bytes.
    pub(crate) texts: usize,
}

/// Magic, format, length, checksum: 5 words.
pub(crate) const PREFIX: usize = 20;
/// The offset of the length.
pub(crate) const LENGTH_AT: usize = 8;
/// Bytes before the code: the prefix and a head of 13 words.
pub(crate) const CODE: usize = PREFIX + 52;
/// Every count in the head is below this number.
const LIMIT: u32 = 1 << 26;

/// The word at a place in the bytes.
#[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from many places
fn raw(memory: &Memory, at: usize) -> u32 {
    match memory.bytes().get(at..).and_then(<[u8]>::first_chunk) {
        Some(word) => u32::from_le_bytes(*word),
        None => 0,
    }
}

/// The words of the head.
#[derive(Clone, Copy)]
pub(crate) enum Head {
    /// The number of words of code.
    Code,
    /// The number of records of flags; the counts of the other records follow.
    Flags,
    Attributes,
    Aliases,
    Known,
    Moments,
    Symbols,
    /// The number of top bits of a hash by which the directory finds its symbol.
    DirectoryBits,
    /// The number of segments that conditions refer to.
    Segments,
    /// The key that symbols are hashed by, in four words.
    SymbolKey,
}

/// One flag: its key, and where its variants stand.
#[derive(Clone, Copy)]
pub(crate) struct FlagRecord {
    pub(crate) key: Span,
    pub(crate) variants: u32,
}

/// A place and a length in the bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    pub(crate) at: u32,
    pub(crate) length: u32,
}

impl Span {
    /// The span whose place and length stand in these words; the upper bits of a length may hold a kind.
    pub(super) const fn of(at: u32, length: u32) -> Self {
        Self { at, length: length & LENGTH }
    }
}

/// One attribute that conditions, targets or units look at.
#[derive(Clone, Copy)]
pub(crate) struct AttributeRecord {
    pub(crate) name: Span,
    pub(crate) lookup: Lookup,
}

/// The way in which an attribute is looked up.
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

impl Lookup {
    /// The look-up with this number.
    pub(super) const fn of(number: u32) -> Self {
        match number {
            1 => Self::Now,
            2 => Self::UserId,
            3 => Self::Path,
            _ => Self::Member,
        }
    }
}

/// A known attribute that a program's context must agree with.
#[derive(Clone, Copy)]
pub(crate) struct KnownRecord {
    pub(crate) name: Span,
    pub(crate) agreement: Agreement,
}

/// The value that a member of the context must have.
#[derive(Clone, Copy)]
pub(crate) enum Agreement {
    /// Absent or null.
    AbsentOrNull,
    /// Absent: a dotted name that is null stands before a path, so it does not count as absent.
    Absent,
    /// A value with this fingerprint.
    Equal(u64),
}

pub(crate) const FLAG_WORDS: u32 = 4;
pub(crate) const ATTRIBUTE_WORDS: u32 = 2;
pub(crate) const ALIAS_WORDS: u32 = 3;
pub(crate) const KNOWN_WORDS: u32 = 4;
const MOMENT_WORDS: u32 = 2;
/// The words of a record of each kind that the head counts, in its order, but for symbols: four bits each, the first ones lowest.
const WIDTHS: u32 = 1 | FLAG_WORDS << 4 | ATTRIBUTE_WORDS << 8 | ALIAS_WORDS << 12 | KNOWN_WORDS << 16 | MOMENT_WORDS << 20;
/// Set in the first word of a table of variants if a place and a length of metadata stand behind the variants.
pub(crate) const HAS_METADATA: u32 = 1 << 31;
/// The upper bits of a length word hold a kind; lengths stay below this.
pub(crate) const KIND_SHIFT: u32 = 28;
const LENGTH: u32 = (1 << KIND_SHIFT) - 1;

impl Image {
    pub(crate) const EMPTY: Self = Self { memory: Memory::new(), at: [0; 7], texts: 0 };

    /// The bytes of the tables, as many as their length word says; none if the memory has fewer.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.memory.bytes().get(..self.raw(LENGTH_AT) as usize).unwrap_or_default()
    }

    /// Reads the head; `None` if it does not describe the bytes. A symbol takes no word in a ruleset, two in a program.
    pub(crate) fn new(memory: Memory, symbol_width: u32) -> Option<Self> {
        let mut image = Self { memory, ..Self::EMPTY };
        image.read_head(symbol_width).then_some(image)
    }

    /// Reads the head of new bytes; returns false if it does not describe them.
    pub(crate) fn read_head(&mut self, symbol_width: u32) -> bool {
        let (mut place, mut fits) = (0_u32, true);
        let mut widths = WIDTHS | symbol_width << 24;
        for (index, at) in self.at.iter_mut().enumerate() {
            let count = raw(&self.memory, PREFIX + 4 * index);
            fits &= count < LIMIT;
            place = place.wrapping_add(count.wrapping_mul(widths & 15));
            widths >>= 4;
            fits &= place < LIMIT;
            *at = place;
        }
        let bits = self.head(Head::DirectoryBits);
        fits &= bits < 25;
        let end = CODE + 4 * (place.wrapping_add(1_u32.wrapping_shl(bits)).wrapping_add(1)) as usize;
        self.texts = end.wrapping_add(4);
        fits && self.texts.wrapping_add(self.raw(end) as usize) == self.bytes().len()
    }

    /// Forgets the tables; keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.memory.bytes_mut().fill(0);
        self.at = [0; 7];
    }

    /// A word of the head.
    pub(crate) fn head(&self, field: Head) -> u32 {
        self.raw(PREFIX + 4 * field as usize)
    }

    pub(crate) fn flags(&self) -> u32 {
        self.head(Head::Flags)
    }

    /// The word at a place in the bytes.
    pub(crate) fn raw(&self, at: usize) -> u32 {
        raw(&self.memory, at)
    }

    /// All words, from the first of the code on.
    pub(crate) fn words(&self) -> Words<'_> {
        Words(self.memory.bytes().get(CODE..).unwrap_or_default().as_chunks().0)
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from many places
    pub(crate) fn word(&self, at: u32) -> u32 {
        self.words().word(at)
    }

    /// Two words at a place in the bytes, as one number.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
    pub(crate) fn raw_wide(&self, at: usize) -> u64 {
        u64::from(self.raw(at)) | u64::from(self.raw(at.wrapping_add(4))) << 32
    }

    /// Two words as one number.
    fn wide(&self, at: u32) -> u64 {
        self.raw_wide((at as usize).wrapping_mul(4).wrapping_add(CODE))
    }

    pub(crate) fn span(&self, at: u32) -> Span {
        Span::of(self.word(at), self.word(at.wrapping_add(1)))
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from many places
    pub(crate) fn text(&self, span: Span) -> &[u8] {
        self.value(span.at).get(..span.length as usize).unwrap_or(&[])
    }

    /// Text that the compiler took from a `str`.
    pub(crate) fn str(&self, span: Span) -> &str {
        core::str::from_utf8(self.text(span)).unwrap_or("")
    }

    /// The encoded value at a place in the texts, with whatever follows it.
    pub(crate) fn value(&self, at: u32) -> &[u8] {
        self.memory.bytes().get(self.texts.saturating_add(at as usize)..).unwrap_or(&[])
    }

    /// The place of a flag's record.
    pub(crate) fn flag_at(&self, index: u32) -> u32 {
        self.place(Head::Code).wrapping_add(index.wrapping_mul(FLAG_WORDS))
    }

    /// The place of a flag's first step.
    pub(crate) fn steps(&self, index: u32) -> u32 {
        self.word(self.flag_at(index).wrapping_add(3))
    }

    pub(crate) fn flag(&self, index: u32) -> FlagRecord {
        let at = self.flag_at(index);
        FlagRecord { key: self.span(at), variants: self.word(at.wrapping_add(2)) }
    }

    /// The number of a flag's type.
    pub(crate) fn kind(&self, index: u32) -> u32 {
        self.word(self.flag_at(index).wrapping_add(1)) >> KIND_SHIFT
    }

    pub(crate) fn flag_type(&self, index: u32) -> Option<FlagType> {
        FlagType::from_number(self.kind(index))
    }

    /// The number of a flag's variants.
    pub(crate) fn variants(&self, flag: u32) -> u32 {
        self.word(self.flag(flag).variants) & !HAS_METADATA
    }

    /// The metadata that a flag's answers carry, as canonical JSON; `None` if there is none.
    pub(crate) fn metadata(&self, flag: u32) -> Option<&str> {
        self.metadata_span(flag).map(|span| self.str(span))
    }

    /// The place of the metadata.
    pub(super) fn metadata_span(&self, flag: u32) -> Option<Span> {
        let table = self.flag(flag).variants;
        let head = self.word(table);
        let behind = table.wrapping_add(1).wrapping_add((head & !HAS_METADATA).wrapping_mul(3));
        (head & HAS_METADATA != 0).then(|| self.span(behind))
    }

    /// Name and encoded value of a flag's variant.
    pub(crate) fn variant(&self, flag: u32, variant: u32) -> (Span, &[u8]) {
        let (name, value) = self.variant_places(flag, variant);
        (name, self.value(value))
    }

    /// The places in the texts of the name and the encoded value of a flag's variant.
    pub(super) fn variant_places(&self, flag: u32, variant: u32) -> (Span, u32) {
        let at = self.flag(flag).variants.wrapping_add(1).wrapping_add(variant.wrapping_mul(3));
        (self.span(at), self.word(at.wrapping_add(2)))
    }

    #[inline]
    pub(crate) fn attribute(&self, index: u32) -> AttributeRecord {
        let at = self.place(Head::Flags).wrapping_add(index.wrapping_mul(ATTRIBUTE_WORDS));
        AttributeRecord { name: self.span(at), lookup: Lookup::of(self.word(at.wrapping_add(1)) >> KIND_SHIFT) }
    }

    /// An alias and the number of its flag.
    pub(crate) fn alias(&self, index: u32) -> (Span, u32) {
        let at = self.place(Head::Attributes).wrapping_add(index.wrapping_mul(ALIAS_WORDS));
        (self.span(at), self.word(at.wrapping_add(2)))
    }

    #[inline]
    pub(crate) fn known(&self, index: u32) -> KnownRecord {
        let at = self.place(Head::Aliases).wrapping_add(index.wrapping_mul(KNOWN_WORDS));
        let agreement = match self.word(at.wrapping_add(1)) >> KIND_SHIFT {
            0 => Agreement::AbsentOrNull,
            1 => Agreement::Absent,
            _ => Agreement::Equal(self.wide(at.wrapping_add(2))),
        };
        KnownRecord { name: self.span(at), agreement }
    }

    /// The hash of a part's long text at this place; `None` for any other text. It stands in a record of the kind that a program has for
    /// known attributes; a ruleset has none of them.
    pub(crate) fn text_hash(&self, span: Span) -> Option<u64> {
        let (mut from, mut to) = (0, self.head(Head::Known));
        while from < to {
            let middle = from.midpoint(to);
            let KnownRecord { name, agreement } = self.known(middle);
            match (name.at, name.length).cmp(&(span.at, span.length)) {
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
                Ordering::Equal => {
                    return match agreement {
                        Agreement::Equal(hash) => Some(hash),
                        Agreement::AbsentOrNull | Agreement::Absent => None,
                    };
                }
            }
        }
        None
    }

    /// The moments at which conditions on `now` may change, ascending.
    pub(crate) fn moments(&self) -> impl Iterator<Item = i64> + use<'_> {
        let first = self.place(Head::Known);
        (0..self.head(Head::Moments)).map(move |index| self.wide(first.wrapping_add(index.wrapping_mul(2))).cast_signed())
    }

    /// The encoded scalars of these symbols of a ruleset or a part.
    pub(crate) fn scalars(&self, symbols: Run) -> impl Iterator<Item = &[u8]> + Clone {
        self.words().run(symbols).map(|symbol| value::split(self.value(symbol)).map_or(&[][..], |(scalar, _)| scalar))
    }

    /// The hash that a program has for symbol `number`.
    pub(crate) fn fingerprint(&self, number: u32) -> u64 {
        self.wide(self.place(Head::Moments).wrapping_add(number.wrapping_mul(2)))
    }

    /// The numbers of the symbols whose hash starts like this one; empty if the directory has none.
    pub(crate) fn symbols_near(&self, hash: u64) -> core::ops::Range<u32> {
        let entry = (hash >> 32 >> (32 - self.head(Head::DirectoryBits).min(24))) as u32;
        let at = self.place(Head::Symbols).wrapping_add(entry);
        self.word(at)..self.word(at.wrapping_add(1))
    }

    /// The place, in words, at which the records after those that this field counts start.
    fn place(&self, field: Head) -> u32 {
        self.at.get(field as usize).copied().unwrap_or(0)
    }

    pub(crate) fn symbol_key(&self) -> Subkey {
        let at = PREFIX + 4 * Head::SymbolKey as usize;
        Subkey([self.raw_wide(at), self.raw_wide(at + 8)])
    }
}
