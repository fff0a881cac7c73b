//! A small table by number that costs what is put into it, not what there could be.
use alloc::boxed::Box;

/// An entry: the key plus one, and seven words of its own.
pub(crate) type Slot = [u32; 8];

/// Slots that need no memory from the heap; as many as one flag usually names.
const INLINE: usize = 8;
/// No slot: there was no memory for one. Reading it reads zeros, writing it does nothing.
const NOWHERE: usize = usize::MAX;

/// Entries by key, found by probing; keys are small numbers that stand close together, so that they are their own hash.
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
        Self { inline: [[0; 8]; INLINE], heap: None, used: 0 }
    }

    /// Forgets every entry; keeps the memory.
    pub(crate) fn clear(&mut self) {
        if self.used > 0 {
            self.slots_mut().fill([0; 8]);
            self.used = 0;
        }
    }

    /// The place of the entry with this key; a fresh entry holds zeros. A place is good until the next call.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from many places
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(crate) fn place(&mut self, key: u32) -> usize {
        match probe(self.slots(), key) {
            Ok(place) => place,
            Err(free) => self.insert(key, free),
        }
    }

    /// The entry with this key, if there is one.
    pub(crate) fn get(&self, key: u32) -> Option<&Slot> {
        self.slots().get(probe(self.slots(), key).ok()?)
    }

    /// The entry at a place.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from many places
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(crate) fn slot(&self, place: usize) -> Slot {
        self.slots().get(place).copied().unwrap_or_default()
    }

    /// Sets a word of the entry at a place.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from many places
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(crate) fn set(&mut self, place: usize, index: usize, word: u32) {
        if let Some(place) = self.slots_mut().get_mut(place).and_then(|slot| slot.get_mut(index)) {
            *place = word;
        }
    }

    #[inline(never)]
    fn insert(&mut self, key: u32, free: usize) -> usize {
        let mut place = free;
        // At most half full, so that probing soon ends.
        if 2 * self.used >= self.slots().len() {
            let Ok(mut larger) = bytemuck::allocation::try_zeroed_slice_box::<Slot>(4 * self.slots().len()) else { return NOWHERE };
            for slot in self.slots().iter().filter(|slot| slot[0] != 0) {
                let free = probe(&larger, slot[0] - 1).unwrap_or_else(|free| free);
                if let Some(place) = larger.get_mut(free) {
                    *place = *slot;
                }
            }
            place = probe(&larger, key).unwrap_or_else(|free| free);
            self.heap = Some(larger);
        }
        self.used += 1;
        self.set(place, 0, key.wrapping_add(1));
        place
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

/// The place of the entry with this key, or the free place where it would stand. There is always a free one.
#[inline]
fn probe(slots: &[Slot], key: u32) -> Result<usize, usize> {
    let (mask, wanted) = (slots.len() - 1, key.wrapping_add(1));
    let mut place = key as usize & mask;
    loop {
        match slots.get(place) {
            Some([found, ..]) if *found == wanted => return Ok(place),
            Some([0, ..]) | None => return Err(place),
            Some(_) => place = (place + 1) & mask,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Memo;
    use crate::matching::seeded::Seeded;
    use alloc::collections::BTreeMap;

    #[test]
    fn entries_are_those_of_a_map() {
        let mut random = Seeded(11);
        for _ in 0..200 {
            let (mut memo, mut map) = (Memo::new(), BTreeMap::new());
            let keys = 1 + random.below(300);
            for _ in 0..random.below(2_000) {
                let key = u32::try_from(random.below(keys) * (1 + random.below(3))).unwrap();
                let place = memo.place(key);
                assert_eq!(memo.slot(place)[3], map.get(&key).copied().unwrap_or(0));
                let word = u32::try_from(random.below(1_000)).unwrap();
                memo.set(place, 3, word);
                map.insert(key, word);
            }
            for (key, word) in &map {
                assert_eq!(memo.get(*key).map(|slot| slot[3]), Some(*word));
            }
            assert!(memo.get(u32::try_from(3 * keys + 1).unwrap()).is_none());
            memo.clear();
            assert!(map.keys().all(|key| memo.get(*key).is_none()));
        }
    }
}
