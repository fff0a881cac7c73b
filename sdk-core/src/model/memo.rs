//! A memo: a small hash table whose cost grows with its entries, not with the tables that could ask it.
use alloc::boxed::Box;

/// The two words of a key, the first never 0, and the four that are remembered under it.
type Slot = [u32; 6];

/// The number of slots that a memo begins with.
const FIRST: usize = 16;

/// Remembers four words under a pair of words, found by probing. If memory has run out, it remembers nothing more.
#[derive(Default)]
pub(crate) struct Memo {
    slots: Option<Box<[Slot]>>,
    used: usize,
}

impl Memo {
    pub(crate) const fn new() -> Self {
        Self { slots: None, used: 0 }
    }

    /// Returns true if anything is remembered.
    pub(crate) const fn is_used(&self) -> bool {
        self.used > 0
    }

    /// Forgets everything; keeps the memory.
    pub(crate) fn clear(&mut self) {
        if self.used > 0 {
            self.slots_mut().fill([0; 6]);
            self.used = 0;
        }
    }

    /// The words that are remembered under a key.
    #[inline]
    pub(crate) fn get(&self, [first, second]: [u32; 2]) -> Option<&[u32; 4]> {
        self.find(first, second).map(|[_, _, remembered @ ..]| remembered)
    }

    /// The words that are remembered under a key, to be changed in place.
    pub(crate) fn get_mut(&mut self, [first, second]: [u32; 2]) -> Option<&mut [u32; 4]> {
        let place = probe(self.slots(), first, second);
        self.slots_mut().get_mut(place).filter(|[first, ..]| *first != 0).map(|[_, _, remembered @ ..]| remembered)
    }

    // Takes two words, because the compiler passes an array through memory.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from many places
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    fn find(&self, first: u32, second: u32) -> Option<&Slot> {
        self.slots().get(probe(self.slots(), first, second)).filter(|[first, ..]| *first != 0)
    }

    /// Remembers four words under a key, in place of earlier ones.
    #[inline(never)]
    pub(crate) fn set(&mut self, [first, second]: [u32; 2], [a, b, c, d]: [u32; 4]) {
        // At most half full, so that probing soon ends.
        let before = self.slots().len();
        if 2 * self.used >= before {
            let Ok(mut larger) = bytemuck::allocation::try_zeroed_slice_box::<Slot>((4 * before).max(FIRST)) else { return };
            for slot in self.slots() {
                put(&mut larger, *slot);
            }
            self.slots = Some(larger);
        }
        self.used += usize::from(put(self.slots_mut(), [first, second, a, b, c, d]));
    }

    #[inline]
    fn slots(&self) -> &[Slot] {
        self.slots.as_deref().unwrap_or_default()
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        self.slots.as_deref_mut().unwrap_or_default()
    }
}

/// Puts a slot where it belongs; returns true if that place was free.
fn put(slots: &mut [Slot], slot: Slot) -> bool {
    match slots.get_mut(probe(slots, slot[0], slot[1])) {
        Some(place) => core::mem::replace(place, slot)[0] == 0,
        None => false,
    }
}

/// The place of the slot with this key, or the free place where it would stand. There is always a free one, unless there is no slot.
#[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
#[cfg_attr(not(target_arch = "wasm32"), inline)]
fn probe(slots: &[Slot], first: u32, second: u32) -> usize {
    let mask = slots.len().wrapping_sub(1);
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
                let (key, value) = ([1 + below(3), below(keys) * (1 + below(3))], [below(1_000), below(2), below(3), below(4)]);
                assert_eq!(memo.get(key), map.get(&key));
                assert_eq!(memo.get_mut(key), map.get_mut(&key));
                if let (Some(one), Some(other), true) = (memo.get_mut(key), map.get_mut(&key), random.one_in(2)) {
                    (one[3], other[3]) = (value[0], value[0]);
                    continue;
                }
                memo.set(key, value);
                map.insert(key, value);
            }
            for (key, value) in &map {
                assert_eq!(memo.get(*key), Some(value));
            }
            assert_eq!(memo.get([4, 0]), None);
            memo.clear();
            assert!(map.keys().all(|key| memo.get(*key).is_none()));
        }
    }
}
