//! The intermediate results for one context and one moment, which are kept from one flag to the next.
use crate::{
    context::value,
    matching::fold,
    model::{details::Decision, memo::Memo, memory::Memory},
};

/// Attributes below this number have a slot of their own, so that most questions read no hash table.
const NEAR: usize = 8;

/// Decisions are remembered one by one while at most one flag in this many is decided; in the browser's engine always, unless all flags are
/// asked at once.
const FEW: u32 = if cfg!(target_arch = "wasm32") { 1 } else { 16 };

/// The words that are known of an attribute: its place, its length, and the symbols of its scalar as it is and folded.
///
/// The place is [`ABSENT`], [`THE_MOMENT`] or the offset in the context plus [`AT`]. A symbol is its number plus two, or [`NO_SYMBOL`],
/// which for a list means that its members are known. A word is [`UNKNOWN`] until it is looked up.
pub(super) type Attribute = [u32; 4];

pub(super) const UNKNOWN: u32 = 0;
pub(super) const ABSENT: u32 = 1;
pub(super) const THE_MOMENT: u32 = 2;
pub(super) const AT: u32 = 3;
pub(super) const NO_SYMBOL: u32 = 1;

/// Intermediate results for one context, kept while flags are evaluated.
#[derive(Default)]
pub(crate) struct Scratch {
    /// The results by the keys of [`known`], and the index of the context.
    pub(crate) memo: Memo,
    /// The attributes with the lowest numbers.
    near: [Attribute; NEAR],
    /// True if all flags were asked: then each of them is decided.
    pub(super) all: bool,
    /// Two words a flag: the decision and the compared bucket plus one; 0 if the flag is not decided.
    decisions: Memory,
    /// The number of flags that `decisions` has room for; 0 while few are decided and the memo holds them.
    count: u32,
    /// The number of decisions in the memo.
    few: u32,
    /// Flags that wait for their prerequisites, the last one first.
    waiting: Memory,
    waiting_count: usize,
    /// Folded texts.
    arena: Memory,
    arena_used: usize,
}

/// The keys under which results are remembered, and the words that stand for a place.
pub(super) mod known {
    /// The key of an attribute's words, [`super::Attribute`].
    pub(crate) const fn attribute(number: u32) -> [u32; 2] {
        [1, number]
    }

    /// The key of the place and the length of an attribute's folded text.
    pub(crate) const fn folded(attribute: u32) -> [u32; 2] {
        [2, attribute]
    }

    /// The key of a segment's answer: 1 if it holds, else 0.
    pub(crate) const fn segment(number: u32) -> [u32; 2] {
        [3, number]
    }

    /// The key of the decision on a flag, and of the compared bucket plus one.
    pub(crate) const fn flag(number: u32) -> [u32; 2] {
        [4, number]
    }

    /// The key of the bits of the number that an attribute's text is read as; NaN if it is none.
    pub(crate) const fn number(attribute: u32) -> [u32; 2] {
        [7, attribute]
    }

    /// The key that is there if the list in an attribute has this symbol as a member, as it is or folded.
    pub(crate) const fn member(attribute: u32, folds: bool, symbol: u32) -> [u32; 2] {
        [8 + 2 * attribute + folds as u32, symbol]
    }
}

impl Scratch {
    pub(crate) const fn new() -> Self {
        Self {
            memo: Memo::new(),
            near: [[0; 4]; NEAR],
            all: false,
            decisions: Memory::new(),
            count: 0,
            few: 0,
            waiting: Memory::new(),
            waiting_count: 0,
            arena: Memory::new(),
            arena_used: 0,
        }
    }

    /// Forgets the context before; keeps the memory.
    pub(crate) fn reset(&mut self) {
        self.memo.clear();
        self.near.fill([0; 4]);
        self.all = false;
        self.count = 0;
        self.few = 0;
        self.arena_used = 0;
    }

    /// The words that are known of an attribute.
    #[inline]
    pub(super) fn attribute(&self, number: u32) -> &Attribute {
        match self.near.get(number as usize) {
            Some(attribute) => attribute,
            None => self.memo.get(known::attribute(number)).unwrap_or(&[UNKNOWN; 4]),
        }
    }

    /// Keeps the words that are known of an attribute.
    pub(super) fn keep_attribute(&mut self, number: u32, attribute: Attribute) {
        match self.near.get_mut(number as usize) {
            Some(near) => *near = attribute,
            None => self.memo.set(known::attribute(number), attribute),
        }
    }

    /// Keeps the symbol of an attribute of which other words are known.
    pub(super) fn keep_symbol(&mut self, number: u32, folds: bool, symbol: u32) {
        let attribute = match self.near.get_mut(number as usize) {
            Some(near) => Some(near),
            None => self.memo.get_mut(known::attribute(number)),
        };
        if let Some([_, _, plain, folded]) = attribute {
            *(if folds { folded } else { plain }) = symbol;
        }
    }

    /// Makes room for the decisions of all flags, of which none is decided.
    pub(super) fn expect(&mut self, flags: u32) {
        self.count = flags;
        let length = 8 * flags as usize;
        if let Some(decisions) = self.decisions.fit(length).get_mut(..length) {
            decisions.fill(0);
        }
    }

    /// Keeps the decision on one of `flags` flags.
    ///
    /// One question makes no room for all flags. Once one in [`FEW`] is decided there is room for all; the decisions before are made
    /// again where they are asked for.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from several places
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(super) fn decide(&mut self, flag: u32, flags: u32, decision: Decision) {
        if self.count == 0 && (FEW == 1 || self.is_one_of_few(flags)) {
            self.memo.set(known::flag(flag), [decision.word(), decision.bucket_plus_one(), 0, 0]);
        } else {
            self.decide_among_all(flag, decision);
        }
    }

    /// Keeps the decision on one of the flags for which there is room.
    #[inline]
    pub(super) fn decide_among_all(&mut self, flag: u32, decision: Decision) {
        if let Some(pair) = self.decisions.bytes_mut().as_chunks_mut::<8>().0.get_mut(flag as usize) {
            *pair = decision.0.to_le_bytes();
        }
    }

    /// Returns true if one more decision goes to the memo; if not, it makes room for all.
    #[cold]
    fn is_one_of_few(&mut self, flags: u32) -> bool {
        self.few += 1;
        let is_one = self.few <= flags / FEW;
        if !is_one {
            self.expect(flags);
        }
        is_one
    }

    /// The decision on a flag, if it is decided.
    #[inline]
    pub(crate) fn decision(&self, flag: u32) -> Option<Decision> {
        let decision = self.kept_decision(flag);
        (decision.word() != 0).then_some(decision)
    }

    /// The decision on a flag; its word is 0 if the flag is not decided.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from several places
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    fn kept_decision(&self, flag: u32) -> Decision {
        if self.count == 0 {
            let [word, bucket_plus_one, ..] = *self.memo.get(known::flag(flag)).unwrap_or(&[0; 4]);
            Decision::of_halves(word, bucket_plus_one)
        } else {
            Decision(self.decisions.bytes().as_chunks().0.get(flag as usize).map_or(0, |pair| u64::from_le_bytes(*pair)))
        }
    }

    /// All decisions, as they stand.
    pub(crate) fn decisions(&self) -> &[u8] {
        self.decisions.bytes().get(..8 * self.count as usize).unwrap_or_default()
    }

    /// The answer of a segment; `None` if it was not asked yet.
    pub(super) fn segment(&self, segment: u32) -> Option<bool> {
        self.memo.get(known::segment(segment)).map(|[held, ..]| *held != 0)
    }

    pub(super) fn keep_segment(&mut self, segment: u32, held: bool) {
        self.memo.set(known::segment(segment), [u32::from(held), 0, 0, 0]);
    }

    /// Lets a flag wait for its prerequisites; returns false if memory has run out.
    pub(super) fn wait(&mut self, flag: u32) -> bool {
        let place = self.waiting_count;
        let has_room = self.waiting.fit(4 * place + 4).len() > 4 * place;
        if has_room {
            self.waiting.set(place, flag);
            self.waiting_count += 1;
        }
        has_room
    }

    /// The flag that waits on top.
    pub(super) fn next_waiting(&self) -> Option<u32> {
        self.waiting_count.checked_sub(1).map(|last| self.waiting.word(last))
    }

    /// Lets the flag on top wait no longer.
    pub(super) fn stop_waiting(&mut self) {
        self.waiting_count = self.waiting_count.saturating_sub(1);
    }

    /// Lets no flag wait any longer.
    pub(super) fn stop_all_waiting(&mut self) {
        self.waiting_count = 0;
    }

    /// Writes text in lower case, behind [`value::HEAD`] bytes of room for a value's head; returns the place and the length, that room
    /// included. The text stands until the next one is folded, or until [`Self::reset`] once it is kept.
    pub(super) fn fold(&mut self, text: &[u8]) -> [usize; 2] {
        let place = self.arena_used;
        let end = place.saturating_add(value::HEAD).saturating_add(fold::room(text));
        let room = self.arena.fit(end).get_mut(place..end).and_then(|room| room.get_mut(value::HEAD..));
        [place, room.map_or(0, |room| value::HEAD + fold::fold_into(text, room))]
    }

    /// Keeps the text that was folded last.
    pub(super) fn keep(&mut self, [place, length]: [usize; 2]) {
        self.arena_used = place + length;
    }

    /// The folded text.
    pub(super) fn folded(&mut self, [place, length]: [usize; 2]) -> &mut [u8] {
        self.arena.bytes_mut().get_mut(place..place.saturating_add(length)).unwrap_or_default()
    }
}
