//! What is worked out once for a context and a moment, and kept between the flags asked.
use crate::{
    context::value,
    matching::fold,
    model::{details::Decision, memo::Memo, memory::Memory},
};

/// Intermediate results for one context, kept while flags are evaluated.
#[derive(Default)]
pub(crate) struct Scratch {
    /// By the keys of [`known`], and by those of the index of the context.
    pub(crate) memo: Memo,
    /// Whether all flags were asked: then [`Scratch::decisions`] has each of them.
    pub(super) all: bool,
    /// Two words a flag: the decision and the compared bucket plus one.
    decisions: Memory,
    count: u32,
    /// Flags that wait for their prerequisites, the last one first.
    waiting: Memory,
    waiting_count: usize,
    /// Folded texts.
    arena: Memory,
    arena_used: usize,
}

/// The keys of what is remembered, and its words.
pub(super) mod known {
    /// Of an attribute, where its value is, [`ABSENT`], [`THE_MOMENT`] or so far from the start plus [`AT`], and how long.
    pub(crate) const fn value(attribute: u32) -> [u32; 2] {
        [1, attribute]
    }

    /// Of an attribute, the symbol of its scalar plus one, as it is or folded, or 0. Of a list, that its members are known.
    pub(crate) const fn symbol(attribute: u32, folds: bool) -> [u32; 2] {
        [2 + folds as u32, attribute]
    }

    /// Of an attribute, where its folded text is, and how long.
    pub(crate) const fn folded(attribute: u32) -> [u32; 2] {
        [4, attribute]
    }

    /// Of a segment, 1 if it holds.
    pub(crate) const fn segment(number: u32) -> [u32; 2] {
        [5, number]
    }

    /// Of a flag, the decision and the compared bucket plus one.
    pub(crate) const fn flag(number: u32) -> [u32; 2] {
        [6, number]
    }

    /// Of an attribute that is a list, that this symbol is a member, as it is or folded.
    pub(crate) const fn member(attribute: u32, folds: bool, symbol: u32) -> [u32; 2] {
        [8 + 2 * attribute + folds as u32, symbol]
    }

    pub(crate) const ABSENT: u32 = 0;
    pub(crate) const THE_MOMENT: u32 = 1;
    pub(crate) const AT: u32 = 2;
}

impl Scratch {
    pub(crate) const fn new() -> Self {
        Self {
            memo: Memo::new(),
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
        self.memo.clear();
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
                *pair = decision.0.to_le_bytes();
            }
            return;
        }
        self.memo.set(known::flag(flag), [decision.word(), decision.bucket_plus_one()]);
    }

    /// The decision on a flag, if it was asked for.
    pub(crate) fn decision(&self, flag: u32) -> Option<Decision> {
        if self.all {
            return self.decisions.bytes().as_chunks().0.get(flag as usize).map(|pair| Decision(u64::from_le_bytes(*pair)));
        }
        let [_, _, word, bucket_plus_one] = *self.memo.get(known::flag(flag))?;
        Some(Decision::of_halves(word, bucket_plus_one))
    }

    /// All decisions, as they stand.
    pub(crate) fn decisions(&self) -> &[u8] {
        self.decisions.bytes().get(..8 * self.count as usize).unwrap_or_default()
    }

    /// Whether a segment holds, as far as it was asked.
    pub(super) fn segment(&self, segment: u32) -> Option<bool> {
        self.memo.get(known::segment(segment)).map(|[.., held, _]| *held != 0)
    }

    pub(super) fn keep_segment(&mut self, segment: u32, held: bool) {
        self.memo.set(known::segment(segment), [u32::from(held), 0]);
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

    /// Text in lower case, behind [`value::HEAD`] bytes of room for a value's head: where it is and how long it is with that room.
    /// It stands until the next text is put there, or for good once it is kept.
    pub(super) fn fold(&mut self, text: &[u8]) -> [usize; 2] {
        let place = self.arena_used;
        let end = place.saturating_add(value::HEAD).saturating_add(fold::room(text));
        let room = self.arena.fit(end).get_mut(place..end).and_then(|room| room.get_mut(value::HEAD..));
        [place, room.map_or(0, |room| value::HEAD + fold::fold_into(text, room))]
    }

    /// Keeps what was folded last.
    pub(super) fn keep(&mut self, [place, length]: [usize; 2]) {
        self.arena_used = place + length;
    }

    /// The folded text.
    pub(super) fn folded(&mut self, [place, length]: [usize; 2]) -> &mut [u8] {
        self.arena.bytes_mut().get_mut(place..place.saturating_add(length)).unwrap_or_default()
    }
}
