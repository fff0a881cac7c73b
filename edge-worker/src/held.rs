//! All that this isolate holds of its environments: a ruleset of each, rows of overrides by page, and programs that were made of them. Together
//! they are bounded by bytes.
//!
//! If there are too many bytes, programs and other environments' pages go first, then their rulesets, then the first environment's pages:
//! of each sort those that were used longest ago. A request keeps what it uses, because it holds a counted reference; a later one fetches
//! it again. The first environment's ruleset never goes: with it the isolate knows all other environments. Nor does a ruleset go for a page
//! of its own, and other environments leave the first one a share for its pages: else two that are used in turn would drop each other's for
//! ever.
use std::{cell::RefCell, collections::BTreeMap};

use crate::{
    environment::Environment,
    held_owners::HeldPage,
    held_programs::HeldPrograms,
    repeats,
    ruleset_cache::{Held, HeldKeys},
};

/// The most bytes that are held. An isolate on Cloudflare has 128 MB, and a document that is read or compiled needs several times its
/// length for a moment.
const MOST_BYTES: usize = 48 << 20;
/// The bytes of the first environment's pages that no other environment drops, even if there are too many bytes.
const SHARE: usize = 8 << 20;

thread_local! {
    static HELD: RefCell<Bounded<Item>> = const { RefCell::new(Bounded::new(MOST_BYTES)) };
}

type Place = (Environment, Part);

/// A part of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Ruleset,
    /// The stored keys, as long as the isolate does not hold the ruleset, with which they come.
    Keys,
    Page(u16),
    /// Made from the ruleset and the pages.
    Programs,
}

enum Item {
    Ruleset(Held),
    Keys(HeldKeys),
    Page(HeldPage),
    Programs(HeldPrograms),
}

/// Looks at all that is held, or changes it.
fn looking<T>(look: impl FnOnce(&mut Bounded<Item>) -> T) -> T {
    repeats::news();
    HELD.with_borrow_mut(look)
}

/// Looks at the ruleset of an environment, which counts as a use; `None` if it is not held.
pub(crate) fn ruleset<T>(environment: &Environment, look: impl FnOnce(&mut Held) -> T) -> Option<T> {
    looking(|held| match held.get(&(environment.clone(), Part::Ruleset))? {
        Item::Ruleset(ruleset) => Some(look(ruleset)),
        Item::Keys(_) | Item::Page(_) | Item::Programs(_) => None,
    })
}

/// Looks at the keys of an environment whose ruleset is not held, which counts as a use; `None` if they are not held.
pub(crate) fn keys<T>(environment: &Environment, look: impl FnOnce(&mut HeldKeys) -> T) -> Option<T> {
    looking(|held| match held.get(&(environment.clone(), Part::Keys))? {
        Item::Keys(keys) => Some(look(keys)),
        Item::Ruleset(_) | Item::Page(_) | Item::Programs(_) => None,
    })
}

/// Takes a page of an environment out of what is held, to change it and to hold it again; `None` if it is not held.
pub(crate) fn take_page(environment: &Environment, number: u16) -> Option<HeldPage> {
    looking(|held| match held.remove(&(environment.clone(), Part::Page(number)))? {
        Item::Page(page) => Some(page),
        Item::Ruleset(_) | Item::Keys(_) | Item::Programs(_) => None,
    })
}

/// Looks at a page of an environment, which counts as a use; `None` if it is not held.
pub(crate) fn page<T>(environment: &Environment, number: u16, look: impl FnOnce(&HeldPage) -> T) -> Option<T> {
    looking(|held| match held.get(&(environment.clone(), Part::Page(number)))? {
        Item::Page(page) => Some(look(page)),
        Item::Ruleset(_) | Item::Keys(_) | Item::Programs(_) => None,
    })
}

/// Looks at the programs of an environment, which counts as a use; `None` if none are held.
pub(crate) fn programs<T>(environment: &Environment, look: impl FnOnce(&HeldPrograms) -> T) -> Option<T> {
    looking(|held| match held.get(&(environment.clone(), Part::Programs))? {
        Item::Programs(programs) => Some(look(programs)),
        Item::Ruleset(_) | Item::Keys(_) | Item::Page(_) => None,
    })
}

/// Takes the programs of an environment out of what is held, to add one and to hold them again; `None` if none are held.
pub(crate) fn take_programs(environment: &Environment) -> Option<HeldPrograms> {
    looking(|held| match held.remove(&(environment.clone(), Part::Programs))? {
        Item::Programs(programs) => Some(programs),
        Item::Ruleset(_) | Item::Keys(_) | Item::Page(_) => None,
    })
}

pub(crate) fn hold_ruleset(environment: &Environment, ruleset: Held, bytes: usize) {
    looking(|held| held.retain(|place| *place != (environment.clone(), Part::Keys)));
    hold(&(environment.clone(), Part::Ruleset), Item::Ruleset(ruleset), bytes);
}

pub(crate) fn hold_keys(environment: &Environment, keys: HeldKeys, bytes: usize) {
    hold(&(environment.clone(), Part::Keys), Item::Keys(keys), bytes);
}

pub(crate) fn hold_page(environment: &Environment, number: u16, page: HeldPage, bytes: usize) {
    hold(&(environment.clone(), Part::Page(number)), Item::Page(page), bytes);
}

pub(crate) fn hold_programs(environment: &Environment, programs: HeldPrograms, bytes: usize) {
    hold(&(environment.clone(), Part::Programs), Item::Programs(programs), bytes);
}

fn hold(place: &Place, item: Item, bytes: usize) {
    looking(|held| held.insert(place, item, bytes, SHARE));
}

/// The number of pages that are held of an environment.
pub(crate) fn pages(environment: &Environment) -> usize {
    looking(|held| held.entries.keys().filter(|(of, part)| of == environment && matches!(part, Part::Page(_))).count())
}

/// Forgets every environment but those that `stays` is true for.
pub(crate) fn retain(stays: impl Fn(&Environment) -> bool) {
    looking(|held| held.retain(|(environment, _)| stays(environment)));
}

/// Parts of environments that are together bounded by bytes. Of each it remembers when it was last used.
struct Bounded<V> {
    most: usize,
    bytes: usize,
    uses: u64,
    entries: BTreeMap<Place, Entry<V>>,
}

struct Entry<V> {
    value: V,
    bytes: usize,
    /// The number of the last use.
    used: u64,
}

impl<V> Bounded<V> {
    const fn new(most: usize) -> Self {
        Self { most, bytes: 0, uses: 0, entries: BTreeMap::new() }
    }

    fn get(&mut self, place: &Place) -> Option<&mut V> {
        let entry = self.entries.get_mut(place)?;
        self.uses += 1;
        entry.used = self.uses;
        Some(&mut entry.value)
    }

    /// Puts a value in the place of the one that is there, and drops others if there are too many bytes. The new value stays.
    fn insert(&mut self, place: &Place, value: V, bytes: usize, share: usize) {
        self.uses += 1;
        self.bytes += bytes;
        if let Some(old) = self.entries.insert(place.clone(), Entry { value, bytes, used: self.uses }) {
            self.bytes -= old.bytes;
        }
        while self.bytes > self.most {
            let Some(next) = self.next_to_go(place, share) else { break };
            self.bytes -= self.entries.remove(&next).map_or(0, |entry| entry.bytes);
        }
    }

    /// The place of the value that goes next for a new one; `None` if all others stay.
    fn next_to_go(&self, newest: &Place, share: usize) -> Option<Place> {
        let of_first = |(of, part): &Place| *of == Environment::FIRST && !matches!(part, Part::Ruleset | Part::Programs);
        let shared: usize = self.entries.iter().filter(|(place, _)| of_first(place)).map(|(_, entry)| entry.bytes).sum();
        let rank = |place: &Place| match place {
            place if place == newest => None,
            (of, Part::Ruleset) if *of == Environment::FIRST || *of == newest.0 => None,
            place if of_first(place) => (newest.0 == Environment::FIRST || shared > share).then_some(2),
            (_, Part::Ruleset) => Some(1),
            (_, Part::Keys | Part::Page(_) | Part::Programs) => Some(0),
        };
        let ranked = self.entries.iter().filter_map(|(place, entry)| Some(((rank(place)?, entry.used), place)));
        ranked.min_by_key(|(order, _)| *order).map(|(_, place)| place.clone())
    }

    fn remove(&mut self, place: &Place) -> Option<V> {
        let entry = self.entries.remove(place)?;
        self.bytes -= entry.bytes;
        Some(entry.value)
    }

    fn retain(&mut self, stays: impl Fn(&Place) -> bool) {
        self.entries.retain(|place, _| stays(place));
        self.bytes = self.entries.values().map(|entry| entry.bytes).sum();
    }
}

#[cfg(test)]
mod tests {
    use control::EnvironmentName;
    use sdk_core::Millis;

    use super::*;
    use crate::environment::Registry;

    const SHARE: usize = 20;

    /// The first environment for 0, and others for other numbers.
    fn environment(number: u64) -> Environment {
        let name = format!("e{number}");
        let registry = Registry::new(Some("e0".to_owned()), vec![(EnvironmentName::parse(&name).unwrap(), Millis(0))]);
        registry.find(&name).unwrap()
    }

    fn ruleset(number: u64) -> Place {
        (environment(number), Part::Ruleset)
    }

    fn page(number: u64, page: u16) -> Place {
        (environment(number), Part::Page(page))
    }

    /// Inserts a value and checks the sum.
    fn insert(held: &mut Bounded<()>, place: &Place, bytes: usize) {
        held.insert(place, (), bytes, SHARE);
        assert_eq!(held.bytes, held.entries.values().map(|entry| entry.bytes).sum::<usize>());
    }

    #[track_caller]
    fn check(held: &Bounded<()>, expected: &[Place]) {
        assert_eq!(held.entries.keys().cloned().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn of_a_sort_the_one_used_longest_ago_goes_first() {
        let mut held = Bounded::new(100);
        for number in 1..=4 {
            insert(&mut held, &ruleset(number), 25);
        }
        assert!(held.get(&ruleset(1)).is_some());
        insert(&mut held, &ruleset(5), 25);
        check(&held, &[1, 3, 4, 5].map(ruleset));
        insert(&mut held, &ruleset(6), 50);
        check(&held, &[1, 5, 6].map(ruleset));
        // The new value takes the place of the old one, and its bytes.
        insert(&mut held, &ruleset(6), 10);
        check(&held, &[1, 5, 6].map(ruleset));
        assert_eq!(held.bytes, 60);
    }

    #[test]
    fn other_environments_pages_go_before_rulesets_and_rulesets_before_the_firsts_pages() {
        let mut held = Bounded::new(100);
        for (place, bytes) in [(page(0, 1), 30), (ruleset(1), 30), (page(1, 1), 20), (page(2, 2), 20)] {
            insert(&mut held, &place, bytes);
        }
        insert(&mut held, &ruleset(0), 20);
        check(&held, &[ruleset(0), page(0, 1), ruleset(1), page(2, 2)]);
        insert(&mut held, &page(0, 2), 20);
        check(&held, &[ruleset(0), page(0, 1), page(0, 2), ruleset(1)]);
        insert(&mut held, &page(0, 3), 30);
        check(&held, &[ruleset(0), page(0, 1), page(0, 2), page(0, 3)]);
        insert(&mut held, &page(0, 4), 10);
        check(&held, &[ruleset(0), page(0, 2), page(0, 3), page(0, 4)]);
    }

    #[test]
    fn another_environments_ruleset_leaves_the_first_ones_pages_their_share() {
        let mut held = Bounded::new(100);
        insert(&mut held, &ruleset(0), 70);
        for number in 1..=3 {
            insert(&mut held, &page(0, number), 10);
        }
        insert(&mut held, &ruleset(1), 40);
        check(&held, &[ruleset(0), page(0, 2), page(0, 3), ruleset(1)]);
        // Used in turn, neither drops the other's.
        for _ in 0..3 {
            assert!(held.get(&page(0, 2)).is_some() && held.get(&page(0, 3)).is_some() && held.get(&ruleset(1)).is_some());
        }
    }

    #[test]
    fn programs_go_before_pages_and_rulesets() {
        let mut held = Bounded::new(100);
        for (place, bytes) in [(ruleset(0), 30), (page(0, 1), 30), ((environment(0), Part::Programs), 40)] {
            insert(&mut held, &place, bytes);
        }
        assert!(held.get(&(environment(0), Part::Programs)).is_some());
        insert(&mut held, &page(0, 2), 10);
        check(&held, &[ruleset(0), page(0, 1), page(0, 2)]);
    }

    #[test]
    fn an_environments_pages_never_drop_its_ruleset() {
        let mut held = Bounded::new(100);
        insert(&mut held, &ruleset(0), 60);
        insert(&mut held, &ruleset(1), 39);
        for number in 1..=50 {
            insert(&mut held, &page(1, number), 10);
            check(&held, &[ruleset(0), ruleset(1), page(1, number)]);
        }
    }

    #[test]
    fn the_first_ruleset_stays_whatever_its_bytes() {
        let mut held = Bounded::new(100);
        insert(&mut held, &ruleset(0), 1_000);
        for number in 1..=100 {
            insert(&mut held, &ruleset(number), 60);
            check(&held, &[ruleset(0), ruleset(number)]);
        }
    }

    #[test]
    fn no_order_of_uses_exceeds_the_bound() {
        let (mut held, mut random) = (Bounded::new(1_000), 1_u64);
        for _ in 0..10_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (number, bytes) = ((random >> 40) % 6, (random >> 20) as usize % 300);
            let place = if random >> 62 == 0 { ruleset(number) } else { page(number, (random >> 50) as u16 % 10) };
            if random >> 63 == 0 {
                held.get(&place);
                continue;
            }
            insert(&mut held, &place, bytes);
            let stays = |of: &Place| [&place, &ruleset(0), &(place.0.clone(), Part::Ruleset)].contains(&of);
            let staying: usize = held.entries.iter().filter(|(of, _)| stays(of)).map(|(_, entry)| entry.bytes).sum();
            assert!(held.bytes <= held.most.max(staying + SHARE), "{} bytes", held.bytes);
        }
        held.retain(|(of, _)| *of == Environment::FIRST);
        insert(&mut held, &ruleset(0), 1);
        assert!(held.entries.keys().all(|(of, _)| *of == Environment::FIRST));
    }
}
