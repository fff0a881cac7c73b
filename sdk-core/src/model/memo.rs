//! A memo: a small hash table whose cost grows with its entries, not with the tables that could ask it.
use alloc::boxed::Box;

/// The two words of a key, the first never 0, and the two that are remembered under it.
pub(crate) type Slot = [u32; 4];

/// Slots that need no memory from the heap; what one flag usually asks fills half of them.
const INLINE: usize = 16;

/// Pairs of words by pairs of words, found by probing. Where memory has run out, nothing more is remembered.
pub(crate) struct Memo {
    inline: [Slot; INLINE],
    heap: Option<Box<[Slot]>>,
    used: usize,
}

impl Default for Memo {
    fn default() -> Self {
        Self::new()
    }
}

impl Memo {
    pub(crate) const fn new() -> Self {
        Self { inline: [[0; 4]; INLINE], heap: None, used: 0 }
    }

    /// Forgets every pair; keeps the memory.
    pub(crate) fn clear(&mut self) {
        if self.used > 0 {
            self.slots_mut().fill([0; 4]);
            self.used = 0;
        }
    }

    /// The slot with this key, if there is one.
    #[inline]
    pub(crate) fn get(&self, [first, second]: [u32; 2]) -> Option<&Slot> {
        self.find(first, second)
    }

    // An array is handed on through memory; words are not.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from many places
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    fn find(&self, first: u32, second: u32) -> Option<&Slot> {
        self.slots().get(probe(self.slots(), first, second)).filter(|[first, ..]| *first != 0)
    }

    /// Remembers a pair of words under a key, instead of the one before.
    #[inline]
    pub(crate) fn set(&mut self, [first, second]: [u32; 2], [one, other]: [u32; 2]) {
        self.put(first, second, one, other);
    }

    #[inline(never)]
    fn put(&mut self, first: u32, second: u32, one: u32, other: u32) {
        // At most half full, so that probing soon ends.
        if 2 * self.used >= self.slots().len() {
            let Ok(mut larger) = bytemuck::allocation::try_zeroed_slice_box::<Slot>(4 * self.slots().len()) else { return };
            for slot in self.slots() {
                put(&mut larger, *slot);
            }
            self.heap = Some(larger);
        }
        self.used += usize::from(put(self.slots_mut(), [first, second, one, other]));
    }

    #[inline]
    fn slots(&self) -> &[Slot] {
        match &self.heap {
            Some(heap) => heap,
            None => &self.inline,
        }
    }

    #[inline]
    fn slots_mut(&mut self) -> &mut [Slot] {
        match &mut self.heap {
            Some(heap) => heap,
            None => &mut self.inline,
        }
    }
}

/// Puts a slot where it belongs; returns true if that place was free.
fn put(slots: &mut [Slot], slot: Slot) -> bool {
    match slots.get_mut(probe(slots, slot[0], slot[1])) {
        Some(place) => core::mem::replace(place, slot)[0] == 0,
        None => false,
    }
}

/// The place of the slot with this key, or the free place where it would stand. There is always a free one.
#[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
#[cfg_attr(not(target_arch = "wasm32"), inline)]
fn probe(slots: &[Slot], first: u32, second: u32) -> usize {
    let mask = slots.len() - 1;
    let spread = first.wrapping_mul(0x85EB_CA6B) ^ second.wrapping_mul(0x9E37_79B9);
    let mut place = (spread >> 7) as usize & mask;
    loop {
        match slots.get(place) {
            Some([one, other, ..]) if *one != 0 && (*one != first || *other != second) => place = (place + 1) & mask,
            Some(_) | None => return place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Memo;
    use crate::matching::seeded::Seeded;
    use alloc::collections::BTreeMap;

    #[test]
    fn a_memo_remembers_what_a_map_does() {
        let mut random = Seeded(11);
        for _ in 0..200 {
            let (mut memo, mut map) = (Memo::new(), BTreeMap::new());
            let keys = 1 + random.below(300);
            for _ in 0..random.below(2_000) {
                let mut below = |end| u32::try_from(random.below(end)).unwrap();
                let (key, value) = ([1 + below(3), below(keys) * (1 + below(3))], [below(1_000), below(2)]);
                assert_eq!(memo.get(key).map(|slot| [slot[2], slot[3]]), map.get(&key).copied());
                memo.set(key, value);
                map.insert(key, value);
            }
            for (key, value) in &map {
                assert_eq!(memo.get(*key), Some(&[key[0], key[1], value[0], value[1]]));
            }
            assert_eq!(memo.get([4, 0]), None);
            memo.clear();
            assert!(map.keys().all(|key| memo.get(*key).is_none()));
        }
    }
}
