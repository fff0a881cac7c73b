//! All that this isolate holds of its environments: a ruleset of each, and pages of overrides. Together they are bounded by bytes.
//!
//! If there are too many bytes, those that were used longest ago go first, and are fetched again when a request needs them. A request
//! keeps what it uses, because it holds a counted reference. The first environment's ruleset never goes: with it the isolate knows all
//! other environments, and its requests need no others.
use std::{cell::RefCell, collections::BTreeMap};

use crate::{environment::Environment, override_pages::HeldPage, ruleset_cache::Held};

/// The most bytes that are held. An isolate on Cloudflare has 128 MB, and a document that is read or compiled needs several times its
/// length for a moment.
const MOST_BYTES: usize = 48 << 20;

thread_local! {
    static HELD: RefCell<Bounded<Place, Item>> = const { RefCell::new(Bounded::new(MOST_BYTES)) };
}

/// The environment, and the number of the page; `None` for the ruleset.
type Place = (Environment, Option<u16>);

enum Item {
    Ruleset(Held),
    Page(HeldPage),
}

/// Looks at the ruleset of an environment, which counts as a use; `None` if it is not held.
pub(crate) fn ruleset<T>(environment: &Environment, look: impl FnOnce(&mut Held) -> T) -> Option<T> {
    HELD.with_borrow_mut(|held| match held.get(&(environment.clone(), None))? {
        Item::Ruleset(ruleset) => Some(look(ruleset)),
        Item::Page(_) => None,
    })
}

/// Looks at a page of an environment, which counts as a use; `None` if it is not held.
pub(crate) fn page<T>(environment: &Environment, number: u16, look: impl FnOnce(&HeldPage) -> T) -> Option<T> {
    HELD.with_borrow_mut(|held| match held.get(&(environment.clone(), Some(number)))? {
        Item::Page(page) => Some(look(page)),
        Item::Ruleset(_) => None,
    })
}

pub(crate) fn hold_ruleset(environment: &Environment, ruleset: Held, bytes: usize) {
    hold((environment.clone(), None), Item::Ruleset(ruleset), bytes);
}

pub(crate) fn hold_page(environment: &Environment, number: u16, page: HeldPage, bytes: usize) {
    hold((environment.clone(), Some(number)), Item::Page(page), bytes);
}

fn hold(place: Place, item: Item, bytes: usize) {
    HELD.with_borrow_mut(|held| held.insert(place, item, bytes, |place| *place != (Environment::FIRST, None)));
}

/// The number of pages that are held of an environment.
pub(crate) fn pages(environment: &Environment) -> usize {
    HELD.with_borrow(|held| held.entries.keys().filter(|(of, page)| of == environment && page.is_some()).count())
}

/// Forgets every environment but those that `stays` is true for.
pub(crate) fn retain(stays: impl Fn(&Environment) -> bool) {
    HELD.with_borrow_mut(|held| held.retain(|(environment, _)| stays(environment)));
}

/// Things that are together bounded by bytes. Of each it remembers when it was last used.
struct Bounded<K, V> {
    most: usize,
    bytes: usize,
    uses: u64,
    entries: BTreeMap<K, Entry<V>>,
}

struct Entry<V> {
    value: V,
    bytes: usize,
    /// The number of the last use.
    used: u64,
}

impl<K: Ord + Clone, V> Bounded<K, V> {
    const fn new(most: usize) -> Self {
        Self { most, bytes: 0, uses: 0, entries: BTreeMap::new() }
    }

    fn get(&mut self, key: &K) -> Option<&mut V> {
        let entry = self.entries.get_mut(key)?;
        self.uses += 1;
        entry.used = self.uses;
        Some(&mut entry.value)
    }

    /// Puts a value in the place of the one with this key, and drops the others that were used longest ago if there are too many bytes
    /// and they `may_go`.
    fn insert(&mut self, key: K, value: V, bytes: usize, may_go: impl Fn(&K) -> bool) {
        self.uses += 1;
        let newest = self.uses;
        self.bytes += bytes;
        if let Some(old) = self.entries.insert(key, Entry { value, bytes, used: newest }) {
            self.bytes -= old.bytes;
        }
        while self.bytes > self.most {
            let others = self.entries.iter().filter(|(key, entry)| entry.used < newest && may_go(key));
            let Some(oldest) = others.min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone()) else { break };
            self.bytes -= self.entries.remove(&oldest).map_or(0, |entry| entry.bytes);
        }
    }

    fn retain(&mut self, stays: impl Fn(&K) -> bool) {
        self.entries.retain(|key, _| stays(key));
        self.bytes = self.entries.values().map(|entry| entry.bytes).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Numbers = Bounded<u32, u32>;

    fn keys(held: &Numbers) -> Vec<u32> {
        held.entries.keys().copied().collect()
    }

    /// Inserts a value that may go unless its key is 0, and checks the bound.
    fn insert(held: &mut Numbers, key: u32, bytes: usize) {
        held.insert(key, key, bytes, |key| *key != 0);
        let summed: usize = held.entries.values().map(|entry| entry.bytes).sum();
        assert_eq!(held.bytes, summed);
        let stay = held.entries.iter().filter(|(of, _)| **of == 0 || **of == key).map(|(_, entry)| entry.bytes).sum();
        assert!(held.bytes <= held.most.max(stay), "{} bytes", held.bytes);
    }

    #[test]
    fn the_one_used_longest_ago_goes_first() {
        let mut held = Numbers::new(100);
        for key in 1..=4 {
            insert(&mut held, key, 25);
        }
        assert_eq!(held.get(&1), Some(&mut 1));
        insert(&mut held, 5, 25);
        assert_eq!(keys(&held), [1, 3, 4, 5]);
        insert(&mut held, 6, 50);
        assert_eq!(keys(&held), [1, 5, 6]);
        // The new value takes the place of the old one, and its bytes.
        insert(&mut held, 6, 10);
        assert_eq!((keys(&held), held.bytes), (vec![1, 5, 6], 60));
    }

    #[test]
    fn the_newest_and_those_that_may_not_go_stay_whatever_their_bytes() {
        let mut held = Numbers::new(100);
        insert(&mut held, 0, 90);
        for key in 1..=100 {
            insert(&mut held, key, 60);
            assert_eq!(keys(&held), [0, key]);
        }
        insert(&mut held, 101, 1_000);
        assert_eq!(keys(&held), [0, 101]);
        insert(&mut held, 102, 10);
        assert_eq!(keys(&held), [0, 102]);
    }

    #[test]
    fn no_order_of_uses_exceeds_the_bound() {
        let (mut held, mut random) = (Numbers::new(1_000), 1_u64);
        for _ in 0..10_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (key, bytes) = ((random >> 40) as u32 % 60, (random >> 20) as usize % 300);
            if random >> 63 == 0 {
                held.get(&key);
            } else {
                insert(&mut held, key, bytes);
            }
        }
        held.retain(|key| key % 2 == 0);
        insert(&mut held, 2, 1);
        assert!(keys(&held).iter().all(|key| key % 2 == 0));
    }
}
