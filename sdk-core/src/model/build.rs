//! Builds tables, for the compiler of documents and for the specialiser.
use alloc::{vec, vec::Vec};
use core::mem;

use hashbrown::{HashTable, hash_table::Entry};

use super::{
    details::FlagType,
    directory::{by_hash, entry_of},
    image::{
        ALIAS_WORDS, ATTRIBUTE_WORDS, Agreement, CODE, FLAG_WORDS, HAS_METADATA, Head, Image, KIND_SHIFT, KNOWN_WORDS, LENGTH_AT, Lookup,
        Span,
    },
    symbol::{Exact, Fingerprints, Symbols as _},
    words::GUARDED,
    write::StepTables,
};
use crate::{
    bucket::Subkey,
    context::value,
    program::{FORMAT, MAGIC},
};

/// The room that flags take in the tables of all: their number, their words of code, and the number and the bytes of the scalars in lists.
#[derive(Default)]
pub(crate) struct Room {
    flags: usize,
    code: usize,
    symbols: usize,
    /// The number and the bytes of scalars in lists that are no part's.
    listed: usize,
    listed_bytes: usize,
}

impl Room {
    /// Adds the part of a flag.
    pub(crate) fn add_part(&mut self, part: &Image) {
        self.flags += 1;
        self.code += part.head(Head::Code) as usize;
        self.symbols += part.head(Head::Symbols) as usize;
    }

    /// Adds a list that is no part's: the number of its scalars, and their bytes.
    pub(crate) fn add_list(&mut self, count: usize, bytes: usize) {
        self.listed += count;
        self.listed_bytes += bytes;
    }

    /// The most scalars of lists that room is made for at once. Room for a scalar is longer than a short one's text, so that for one scalar
    /// again and again it would be many times the document; the tables of a document with more scalars grow.
    const MOST_LISTED: usize = 5 << 18;

    /// The words, the number of scalars and their bytes, with those of lists.
    fn with_lists(&self) -> [usize; 3] {
        let listed = self.listed.min(Self::MOST_LISTED);
        [self.code + listed, self.symbols + listed, self.listed_bytes.min(8 * Self::MOST_LISTED)]
    }
}

/// Tables in the making.
pub(crate) struct Builder {
    pub(super) code: Vec<u32>,
    bytes: Vec<u8>,
    flags: Vec<[u32; FLAG_WORDS as usize]>,
    attributes: Vec<[u32; ATTRIBUTE_WORDS as usize]>,
    aliases: Vec<[u32; ALIAS_WORDS as usize]>,
    known: Vec<[u32; KNOWN_WORDS as usize]>,
    /// Moments at which conditions on `now` may change.
    pub(super) moments: Vec<i64>,
    /// The key that symbols are hashed by.
    key: Subkey,
    symbols: Symbols,
    /// Runs of words that are numbers of symbols, to be renumbered.
    lists: Vec<Span>,
    segments: u32,
    /// The attributes that were looked for last: most flags ask for the same two.
    recent: [u32; 2],
    interned: Interned,
}

/// The scalars of lists, each of them once.
#[derive(Default)]
struct Symbols {
    /// The hash of each scalar, by number.
    hashes: Vec<u64>,
    /// The offset of each scalar in `scalars`, by number.
    places: Vec<u32>,
    /// The scalars, one behind the other.
    scalars: Vec<u8>,
}

impl Symbols {
    /// Adds a scalar and returns its number.
    fn push(&mut self, hash: u64, encoded: &[u8]) -> u32 {
        let number = place(self.hashes.len());
        make_room(&mut self.hashes, 1);
        self.hashes.push(hash);
        make_room(&mut self.places, 1);
        self.places.push(place(self.scalars.len()));
        make_room(&mut self.scalars, encoded.len());
        self.scalars.extend_from_slice(encoded);
        number
    }

    fn hash(&self, number: u32) -> u64 {
        self.hashes.get(number as usize).copied().unwrap_or_default()
    }

    fn scalar(&self, number: u32) -> Option<&[u8]> {
        let at = *self.places.get(number as usize)? as usize;
        let end = self.places.get(number as usize + 1).map_or(self.scalars.len(), |next| *next as usize);
        self.scalars.get(at..end)
    }

    fn clear(&mut self) {
        self.hashes.clear();
        self.places.clear();
        self.scalars.clear();
    }
}

/// Makes room for more. Lists may be most of a document: a large vector grows by a quarter, not to twice its size.
fn make_room<T>(vector: &mut Vec<T>, more: usize) {
    const LARGE: usize = 1 << 16;
    if vector.capacity() - vector.len() < more && vector.len() >= LARGE {
        vector.reserve_exact(more.max(vector.len() / 4));
    }
}

/// The entries that are written already, by their hashes.
#[derive(Default)]
struct Interned {
    texts: HashTable<(u64, Span)>,
    symbols: HashTable<u32>,
    attributes: HashTable<u32>,
    variants: HashTable<Span>,
}

impl Interned {
    /// Forgets everything. Clearing a table takes time by its capacity, so that a large one is freed instead.
    fn clear(&mut self) {
        const LARGE: usize = 1_024;
        if self.texts.capacity().max(self.symbols.capacity()).max(self.attributes.capacity()) > LARGE {
            *self = Self::default();
        }
        self.texts.clear();
        self.symbols.clear();
        self.attributes.clear();
        self.variants.clear();
    }
}

/// The key that texts are hashed by while building; any key works.
const INTERN: Subkey = Subkey([0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908]);

/// The shortest text, in bytes, whose hash a part keeps, so that linking does not hash the text again.
const LONG_TEXT: u32 = 64;

impl Builder {
    /// Empty tables whose symbols will be hashed by `key`.
    pub(crate) fn new(key: Subkey) -> Self {
        Self {
            key,
            // Offset 0 is no place.
            code: vec![0],
            bytes: Vec::new(),
            flags: Vec::new(),
            attributes: Vec::new(),
            aliases: Vec::new(),
            known: Vec::new(),
            moments: Vec::new(),
            symbols: Symbols::default(),
            lists: Vec::new(),
            segments: 0,
            recent: [0; 2],
            interned: Interned::default(),
        }
    }

    /// Empty tables to compile flags and segments in, each by itself.
    pub(crate) fn for_parts() -> Self {
        Self::new(INTERN)
    }

    pub(super) fn push_double(&mut self, number: f64) {
        self.push_wide((number + 0.0).to_bits());
    }

    pub(super) fn push_span(&mut self, span: Span) {
        self.push(&[span.at, span.length]);
    }

    #[expect(clippy::cast_possible_truncation, reason = "split into its halves")]
    fn push_wide(&mut self, wide: u64) {
        self.push(&[wide as u32, (wide >> 32) as u32]);
    }

    /// Keeps bytes once and returns their place.
    pub(crate) fn text(&mut self, text: &[u8]) -> Span {
        self.hashed_text(INTERN.hash(text), text)
    }

    /// Keeps a text of other tables; a long one of a part is not hashed again.
    pub(super) fn copy_text(&mut self, from: &Image, span: Span) -> Span {
        let text = from.text(span);
        let known = if span.length < LONG_TEXT { None } else { from.text_hash(span) };
        self.hashed_text(known.unwrap_or_else(|| INTERN.hash(text)), text)
    }

    fn hashed_text(&mut self, hash: u64, text: &[u8]) -> Span {
        let Self { bytes, interned, .. } = self;
        let same = |(_, span): &(u64, Span)| bytes.get(range(*span)) == Some(text);
        match interned.texts.entry(hash, same, |(hash, _)| *hash) {
            Entry::Occupied(found) => found.get().1,
            Entry::Vacant(slot) => {
                let span = Span { at: place(bytes.len()), length: place(text.len()) };
                slot.insert((hash, span));
                bytes.extend_from_slice(text);
                span
            }
        }
    }

    fn find_attribute(&mut self, name: &str) -> u32 {
        let span = self.text(name.as_bytes());
        let lookup = match name {
            "now" => Lookup::Now,
            "userId" => Lookup::UserId,
            dotted if dotted.contains('.') => Lookup::Path,
            _ => Lookup::Member,
        };
        let record = [span.at, span.length | (lookup as u32) << KIND_SHIFT];
        let Self { attributes, interned, .. } = self;
        let hash = |index: &u32| u64::from(attributes.get(*index as usize).map_or(0, |record| record[0])).wrapping_mul(SPREAD);
        let same = |index: &u32| attributes.get(*index as usize) == Some(&record);
        match interned.attributes.entry(u64::from(span.at).wrapping_mul(SPREAD), same, hash) {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(slot) => {
                let index = place(attributes.len());
                slot.insert(index);
                attributes.push(record);
                index
            }
        }
    }

    /// The look-up of an attribute of these tables; `None` if there is no such attribute.
    pub(super) fn lookup_of(&self, attribute: u32) -> Option<Lookup> {
        self.attributes.get(attribute as usize).map(|[_, length]| Lookup::of(length >> KIND_SHIFT))
    }

    fn symbol(&mut self, encoded: &[u8]) -> u32 {
        let Self { symbols, interned, .. } = self;
        let hash = self.key.hash(encoded);
        let same = |number: &u32| symbols.hash(*number) == hash && symbols.scalar(*number) == Some(encoded);
        match interned.symbols.entry(hash, same, |number| symbols.hash(*number)) {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(slot) => {
                let number = symbols.push(hash, encoded);
                slot.insert(number);
                number
            }
        }
    }

    /// The next segment's number.
    pub(crate) fn segment(&mut self) -> u32 {
        self.segments += 1;
        self.segments - 1
    }

    /// Writes a table of variants with the flag's metadata behind it, or finds the same table; each variant is a name and an encoded
    /// value, and metadata is canonical JSON.
    pub(crate) fn variants<'a>(&mut self, variants: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])>, metadata: Option<&str>) -> u32 {
        let (mut table, mut metadata_at) = (Vec::with_capacity(3 * variants.len() + 3), None);
        table.push(place(variants.len()));
        for (name, value) in variants {
            let (name, value) = (self.text(name), self.text(value));
            table.extend_from_slice(&[name.at, name.length, value.at]);
        }
        if let Some(metadata) = metadata {
            metadata_at = Some(self.text(metadata.as_bytes()));
        }
        self.variant_table(table, metadata_at)
    }

    /// Copies the table of variants of a flag of other tables; returns its place.
    pub(crate) fn copy_variants(&mut self, from: &Image, flag: u32) -> u32 {
        let count = from.variants(flag);
        let mut table = Vec::with_capacity(3 * count as usize + 3);
        table.push(count);
        for variant in 0..count {
            let (name, value) = from.variant_places(flag, variant);
            let value = Span { at: value, length: value::split(from.value(value)).map_or(0, |(whole, _)| place(whole.len())) };
            let (name, value) = (self.copy_text(from, name), self.copy_text(from, value));
            table.extend_from_slice(&[name.at, name.length, value.at]);
        }
        let metadata = from.metadata_span(flag).map(|span| self.copy_text(from, span));
        self.variant_table(table, metadata)
    }

    /// Writes a table whose texts are kept already: the number of variants, and of each its name and where its value stands.
    fn variant_table(&mut self, mut table: Vec<u32>, metadata: Option<Span>) -> u32 {
        if let (Some(head), Some(Span { at, length })) = (table.first_mut(), metadata) {
            *head |= HAS_METADATA;
            table.extend_from_slice(&[at, length]);
        }
        let hash = |words: &[u32]| words.iter().fold(0_u64, |hash, word| (hash ^ u64::from(*word)).wrapping_mul(SPREAD).rotate_left(29));
        let Self { code, interned, .. } = self;
        match interned.variants.entry(
            hash(&table),
            |span| code.get(range(*span)) == Some(&table),
            |span| hash(code.get(range(*span)).unwrap_or_default()),
        ) {
            Entry::Occupied(found) => found.get().at,
            Entry::Vacant(slot) => {
                let at = place(code.len());
                slot.insert(Span { at, length: place(table.len()) });
                code.extend_from_slice(&table);
                at
            }
        }
    }

    /// Adds a flag and returns its number.
    pub(crate) fn flag(&mut self, key: &[u8], kind: FlagType, variants: u32, steps: u32) -> u32 {
        let key = self.text(key);
        self.flags.push([key.at, key.length | (kind as u32) << KIND_SHIFT, variants, steps]);
        place(self.flags.len() - 1)
    }

    /// Makes room for all parts that are copied next, so that copying one of them moves nothing.
    pub(crate) fn expect(&mut self, room: &Room) {
        let ([code, symbols, scalars], flags) = (room.with_lists(), room.flags);
        self.code.reserve(code);
        self.flags.reserve(flags);
        self.interned.texts.reserve(flags, |(hash, _)| *hash);
        self.symbols.hashes.reserve(symbols);
        self.symbols.places.reserve(symbols);
        self.symbols.scalars.reserve(scalars);
        self.interned.symbols.reserve(symbols, |number| self.symbols.hash(*number));
    }

    /// Makes room for `count` aliases of `bytes` bytes together.
    pub(crate) fn expect_aliases(&mut self, count: usize, bytes: usize) {
        self.aliases.reserve_exact(count);
        self.bytes.reserve_exact(bytes);
    }

    /// Adds an alias. No two aliases are equal, so it is not looked for among earlier texts.
    pub(crate) fn alias(&mut self, alias: &[u8], flag: u32) {
        self.aliases.push([place(self.bytes.len()), place(alias.len()), flag]);
        self.bytes.extend_from_slice(alias);
    }

    /// Adds an attribute on which the program's contexts must agree.
    pub(crate) fn known(&mut self, name: &[u8], agreement: Agreement) {
        let name = self.text(name);
        self.push_known(name, agreement);
    }

    #[expect(clippy::cast_possible_truncation, reason = "split into its halves")]
    fn push_known(&mut self, name: Span, agreement: Agreement) {
        let (kind, fingerprint) = match agreement {
            Agreement::AbsentOrNull => (0, 0),
            Agreement::Absent => (1, 0),
            Agreement::Equal(fingerprint) => (2, fingerprint),
        };
        self.known.push([name.at, name.length | kind << KIND_SHIFT, fingerprint as u32, (fingerprint >> 32) as u32]);
    }

    /// The tables of a ruleset: symbols are kept as they are.
    pub(crate) fn finish_exact(self) -> Option<Image> {
        self.finish(Exact::WIDTH)
    }

    /// The tables of a program: only fingerprints of the symbols stay. `None` also if two of them collide.
    pub(crate) fn finish_fingerprints(self) -> Option<Image> {
        self.finish(Fingerprints::WIDTH)
    }

    #[expect(clippy::cast_possible_truncation, reason = "hashes are split into their halves")]
    fn finish(mut self, symbol_width: u32) -> Option<Image> {
        // A list may be most of the document, so that memory is freed as soon as it is not needed.
        self.interned = Interned::default();
        let mut symbols = mem::take(&mut self.symbols);
        // Four to eight symbols share an entry of the directory.
        let directory_bits = (symbols.hashes.len() / 4).checked_ilog2().unwrap_or(0);
        let order = by_hash(mem::take(&mut symbols.hashes), directory_bits);
        if symbol_width == Fingerprints::WIDTH && order.windows(2).any(|pair| matches!(pair, [a, b] if a.hash() == b.hash())) {
            return None;
        }
        // Sorted by their hash, a symbol's number is where its scalar stands in the bytes, or in a program its place in the row.
        let is_exact = symbol_width == Exact::WIDTH;
        let (mut renumbered, mut directory) = (vec![0; order.len()], Vec::with_capacity((1 << directory_bits) + 1));
        if is_exact {
            self.bytes.reserve_exact(symbols.scalars.len());
        }
        for (index, each) in (0..).zip(&order) {
            let number = if is_exact { place(self.bytes.len()) } else { index };
            *renumbered.get_mut(each.number() as usize)? = number;
            while directory.len() <= entry_of(each.hash(), directory_bits) {
                directory.push(number);
            }
            if is_exact {
                self.bytes.extend_from_slice(symbols.scalar(each.number())?);
            }
        }
        let end = if is_exact { place(self.bytes.len()) } else { place(order.len()) };
        directory.resize((1 << directory_bits) + 1, end);
        drop(symbols);
        for list in &self.lists {
            let list = self.code.get_mut(range(*list))?;
            for number in list.iter_mut() {
                *number = *renumbered.get(*number as usize)?;
            }
            list.sort_unstable();
        }
        drop(renumbered);
        let words: Vec<u32> =
            if is_exact { Vec::new() } else { order.iter().flat_map(|each| [each.hash() as u32, (each.hash() >> 32) as u32]).collect() };
        let count = place(order.len());
        drop(order);
        self.moments.sort_unstable();
        self.moments.dedup();
        self.write(&Index { symbols: &words, count, directory_bits, directory: &directory }, symbol_width)
    }

    /// Takes the tables written so far, those of one flag or segment, to copy from. The builder is empty again and keeps its memory. `None`
    /// if the part is too large for tables.
    ///
    /// The number of a symbol is the offset of its scalar in the bytes; a part has no index of symbols. The hashes that
    /// [`Image::text_hash`] reads stand in the records that a program has for known attributes.
    pub(crate) fn take_part(&mut self) -> Option<Image> {
        let scalars_at = place(self.bytes.len());
        for list in &self.lists {
            for number in self.code.get_mut(range(*list))? {
                *number = scalars_at + self.symbols.places.get(*number as usize)?;
            }
        }
        self.bytes.extend_from_slice(&self.symbols.scalars);
        let mut texts: Vec<(u64, Span)> = self.interned.texts.iter().filter(|(_, span)| span.length >= LONG_TEXT).copied().collect();
        texts.sort_unstable_by_key(|(_, span)| (span.at, span.length));
        for (hash, span) in texts {
            self.push_known(span, Agreement::Equal(hash));
        }
        let count = place(self.symbols.places.len());
        let image = self.write(&Index { symbols: &[], count, directory_bits: 0, directory: &[0, 0] }, Exact::WIDTH);
        self.clear();
        image
    }

    fn clear(&mut self) {
        self.code.truncate(1);
        self.bytes.clear();
        self.flags.clear();
        self.attributes.clear();
        self.aliases.clear();
        self.known.clear();
        self.moments.clear();
        self.symbols.clear();
        self.lists.clear();
        self.segments = 0;
        self.interned.clear();
    }

    /// Writes the tables behind their head.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "keys and moments are split into their halves")]
    fn write(&mut self, index: &Index<'_>, symbol_width: u32) -> Option<Image> {
        if self.flags.is_empty() {
            // Stands in for the record that is behind the code where a flag is.
            self.push(&[0; GUARDED]);
        }
        let records: [&[u32]; 4] =
            [self.flags.as_flattened(), self.attributes.as_flattened(), self.aliases.as_flattened(), self.known.as_flattened()];
        let words = self.code.len() + records.iter().map(|records| records.len()).sum::<usize>();
        let words = words + 2 * self.moments.len() + index.symbols.len() + index.directory.len() + 1;
        let mut bytes = Vec::with_capacity(CODE + 4 * words + self.bytes.len());
        let mut put = |words: &[u32]| {
            let start = bytes.len();
            bytes.resize(start + 4 * words.len(), 0);
            let places = bytes.get_mut(start..).unwrap_or_default().as_chunks_mut().0;
            for (place, word) in places.iter_mut().zip(words) {
                *place = word.to_le_bytes();
            }
        };
        put(&[MAGIC, FORMAT, 0, 0, 0]);
        put(&[self.code.len(), self.flags.len(), self.attributes.len()].map(place));
        put(&[self.aliases.len(), self.known.len(), self.moments.len()].map(place));
        put(&[index.count, index.directory_bits, self.segments]);
        for half in self.key.0 {
            put(&[half as u32, (half >> 32) as u32]);
        }
        put(&self.code);
        records.into_iter().for_each(&mut put);
        for moment in &self.moments {
            put(&[*moment as u32, (*moment >> 32) as u32]);
        }
        put(index.symbols);
        put(index.directory);
        put(&[place(self.bytes.len())]);
        bytes.extend_from_slice(&self.bytes);
        let length = place(bytes.len()).to_le_bytes();
        *bytes.get_mut(LENGTH_AT..)?.first_chunk_mut()? = length;
        Image::new(bytes.into(), symbol_width)
    }
}

impl StepTables for Builder {
    fn here(&self) -> u32 {
        place(self.code.len())
    }

    fn push(&mut self, words: &[u32]) {
        self.code.extend_from_slice(words);
    }

    fn set(&mut self, at: u32, word: u32) {
        if let Some(place) = self.code.get_mut(at as usize) {
            *place = word;
        }
    }

    fn attribute(&mut self, name: &str) -> u32 {
        let known = |number: &u32| {
            let record = self.attributes.get(*number as usize);
            record.is_some_and(|[at, length]| self.bytes.get(range(Span::of(*at, *length))) == Some(name.as_bytes()))
        };
        if let Some(number) = self.recent.into_iter().find(known) {
            return number;
        }
        let number = self.find_attribute(name);
        self.recent = [number, self.recent[0]];
        number
    }

    fn push_symbols<'a>(&mut self, encoded: impl Iterator<Item = &'a [u8]>) -> usize {
        let start = self.code.len();
        for scalar in encoded {
            let number = self.symbol(scalar);
            make_room(&mut self.code, 1);
            self.code.push(number);
        }
        if let Some(list) = self.code.get_mut(start..) {
            list.sort_unstable();
        }
        let mut kept = start;
        for index in start..self.code.len() {
            if index == start || self.code.get(index) != self.code.get(kept - 1) {
                self.code.swap(kept, index);
                kept += 1;
            }
        }
        self.code.truncate(kept);
        self.lists.push(Span { at: place(start), length: place(kept - start) });
        kept - start
    }
}

/// The index by which the symbols of finished tables are found.
struct Index<'i> {
    /// The words of all symbols, where they have some.
    symbols: &'i [u32],
    count: u32,
    directory_bits: u32,
    directory: &'i [u32],
}

/// An odd number with its bits well spread, for hashing small numbers.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

fn range(span: Span) -> core::ops::Range<usize> {
    span.at as usize..span.at as usize + span.length as usize
}

/// A place in the tables. A document of 8 MB compiles to fewer bytes than a word can address.
#[expect(clippy::cast_possible_truncation, reason = "documents are limited to 8 MB")]
fn place(length: usize) -> u32 {
    length as u32
}
