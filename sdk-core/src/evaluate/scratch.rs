//! Intermediate results for one context and moment, kept from one flag to the next.
use super::memo::Memo;
use crate::{
    context::{index::ContextIndex, value},
    matching::fold,
    model::{details::Decision, memory::Memory},
};

/// Intermediate results for one context, kept while flags are evaluated.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Finds members of the context.
    pub(super) index: ContextIndex,
    /// By attribute; its words are those of [`known`].
    pub(super) attributes: Memo,
    /// By segment ([`segment_key`]): 1 if it does not hold, 2 if it does. By flag ([`flag_key`]): its decision.
    others: Memo,
    /// Whether all flags were asked: then [`Scratch::decisions`] has each of them.
    pub(super) all: bool,
    /// Two words a flag: the decision and the compared bucket plus one.
    decisions: Memory,
    count: u32,
    /// Flags that wait for their prerequisites, the last one first.
    waiting: Memory,
    waiting_count: usize,
    /// Folded texts, decimal numbers, sets of symbols.
    arena: Memory,
    arena_used: usize,
}

/// Words of an attribute's entry.
pub(super) mod known {
    /// The place of its value: [`UNKNOWN`], [`ABSENT`], [`THE_MOMENT`], or so far from the start plus [`AT`].
    pub(crate) const PLACE: usize = 1;
    pub(crate) const LENGTH: usize = 2;
    /// The symbol of a scalar plus two, as it is and folded; of a list, where the set of its members' symbols is, plus one.
    pub(crate) const SYMBOL: usize = 3;
    /// The folded text: where it is, plus one, and how long. Of a list, how large the sets are.
    pub(crate) const FOLDED: usize = 5;
    /// The place of text's value as a decimal number, plus two.
    pub(crate) const DECIMAL: usize = 7;

    pub(crate) const UNKNOWN: u32 = 0;
    pub(crate) const ABSENT: u32 = 1;
    pub(crate) const THE_MOMENT: u32 = 2;
    pub(crate) const AT: u32 = 3;
    /// No symbol, or no decimal number.
    pub(crate) const NONE: u32 = 1;
}

fn segment_key(segment: u32) -> u32 {
    segment.wrapping_mul(2)
}

fn flag_key(flag: u32) -> u32 {
    flag.wrapping_mul(2).wrapping_add(1)
}

impl Scratch {
    pub(crate) const fn new() -> Self {
        Self {
            index: ContextIndex::new(),
            attributes: Memo::new(),
            others: Memo::new(),
            all: false,
            decisions: Memory::new(),
            count: 0,
            waiting: Memory::new(),
            waiting_count: 0,
            arena: Memory::new(),
            arena_used: 0,
        }
    }

    /// Forgets the context before; keeps the memory.
    pub(crate) fn reset(&mut self) {
        self.index.reset();
        self.attributes.clear();
        self.others.clear();
        self.all = false;
        self.arena_used = 0;
    }

    /// Makes room for the decisions of all flags.
    pub(super) fn expect_all(&mut self, count: u32) {
        self.count = count;
        self.all = true;
        self.decisions.fit(8 * count as usize);
    }

    /// Keeps the decision on a flag.
    pub(super) fn decide(&mut self, flag: u32, decision: Decision) {
        if self.all {
            if let Some(pair) = self.decisions.bytes_mut().as_chunks_mut::<8>().0.get_mut(flag as usize) {
                *pair = bytemuck::cast([decision.word.to_le_bytes(), decision.bucket_plus_one.to_le_bytes()]);
            }
            return;
        }
        let place = self.others.place(flag_key(flag));
        self.others.set(place, 1, decision.word);
        self.others.set(place, 2, decision.bucket_plus_one);
    }

    /// The decision on a flag, if it was asked for.
    pub(crate) fn decision(&self, flag: u32) -> Option<Decision> {
        if self.all {
            let pair: &[u8; 8] = self.decisions.bytes().as_chunks().0.get(flag as usize)?;
            let [word, bucket_plus_one]: [[u8; 4]; 2] = bytemuck::cast(*pair);
            return Some(Decision { word: u32::from_le_bytes(word), bucket_plus_one: u32::from_le_bytes(bucket_plus_one) });
        }
        let [_, word, bucket_plus_one, ..] = *self.others.get(flag_key(flag))?;
        Some(Decision { word, bucket_plus_one })
    }

    /// All decisions, as they stand.
    pub(crate) fn decisions(&self) -> &[u8] {
        self.decisions.bytes().get(..8 * self.count as usize).unwrap_or_default()
    }

    /// Whether a segment holds, as far as it was asked.
    pub(super) fn segment(&self, segment: u32) -> Option<bool> {
        self.others.get(segment_key(segment)).map(|slot| slot[1] > 1)
    }

    pub(super) fn keep_segment(&mut self, segment: u32, held: bool) {
        let place = self.others.place(segment_key(segment));
        self.others.set(place, 1, 1 + u32::from(held));
    }

    /// Lets a flag wait for its prerequisites; whether there was memory for it.
    pub(super) fn wait(&mut self, flag: u32) -> bool {
        let place = self.waiting_count;
        self.waiting_count += 1;
        let has_room = self.waiting.fit(4 * self.waiting_count).len() >= 4 * self.waiting_count;
        self.waiting.set(place, flag);
        has_room
    }

    /// The flag that waits on top.
    pub(super) fn next_waiting(&self) -> Option<u32> {
        self.waiting_count.checked_sub(1).map(|last| self.waiting.word(last))
    }

    pub(super) fn stop_waiting(&mut self) {
        self.waiting_count = self.waiting_count.saturating_sub(1);
    }

    /// Takes so many bytes, at a place that is a multiple of 4; `None` where there is no memory.
    pub(super) fn take(&mut self, length: usize) -> Option<usize> {
        let place = self.arena_used.next_multiple_of(4);
        let end = place.checked_add(length)?;
        if self.arena.fit(end).len() < end {
            return None;
        }
        self.arena_used = end;
        Some(place)
    }

    /// Gives back what was taken last, but for `length` bytes.
    pub(super) fn give_back(&mut self, place: usize, length: usize) {
        self.arena_used = place + length;
    }

    /// Text in lower case, behind [`value::HEAD`] bytes of room for a value's head: where it is and how long it is with that room.
    pub(super) fn fold(&mut self, text: &[u8]) -> Option<(usize, usize)> {
        let place = self.take(value::HEAD + fold::room(text))?;
        let length = value::HEAD + fold::fold_into(text, self.taken_mut(place).get_mut(value::HEAD..)?);
        self.give_back(place, length);
        Some((place, length))
    }

    /// Keeps an encoded number, and tells where.
    pub(super) fn keep_number(&mut self, number: f64) -> Option<usize> {
        let place = self.take(value::NUMBER_BYTES)?;
        let (tag, rest) = self.taken_mut(place).split_first_mut()?;
        *tag = value::NUMBER;
        *rest.first_chunk_mut()? = number.to_le_bytes();
        Some(place)
    }

    /// The taken bytes from a place on.
    pub(super) fn taken(&self, place: usize) -> &[u8] {
        self.arena.bytes().get(place..self.arena_used).unwrap_or_default()
    }

    pub(super) fn taken_mut(&mut self, place: usize) -> &mut [u8] {
        self.arena.bytes_mut().get_mut(place..self.arena_used).unwrap_or_default()
    }
}
