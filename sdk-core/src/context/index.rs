//! Finding attributes in a context.
use super::{MAX_CONTEXT_DEPTH, MAX_CONTEXT_MEMBERS, value, value::Encoded};
use crate::{matching::text, model::memory::Memory};

/// The longest context, in bytes, that is scanned at each look-up: indexing it would take longer than the few scans do.
const SCANNED: usize = 256;

/// The members of one context by their names.
///
/// A context of at most [`SCANNED`] bytes is scanned. A longer one is indexed at its first look-up, all objects that a path can
/// reach, in time linear in its bytes; a look-up then reads the name once. A look-up passes names whose hashes collide one by
/// one: a caller that chooses names to that end makes it pass [`MAX_CONTEXT_MEMBERS`] slots at most, some microseconds.
///
/// Total: in bytes that are no context, members may not be found; nothing else happens.
#[derive(Default)]
pub(crate) struct ContextIndex {
    /// A hash table of four words a slot: the hash of object and name, 0 where the slot is free; the place of the object's first
    /// pair; the place of the member's name; the place behind its value.
    slots: Memory,
    /// The number of slots, a power of two; 0 until the context is indexed.
    count: u32,
}

impl ContextIndex {
    pub(crate) const fn new() -> Self {
        Self { slots: Memory::new(), count: 0 }
    }

    /// Forgets the context; keeps the memory. To be called whenever the bytes given to the look-ups change.
    pub(crate) fn reset(&mut self) {
        self.count = 0;
    }

    /// The value of a member of the context itself.
    pub(crate) fn member<'a>(&mut self, members: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
        self.own(members, members, name)
    }

    /// The value that a dotted path leads to through members of objects. A context cannot set the moment: `now` leads nowhere.
    pub(crate) fn path<'a>(&mut self, members: &'a [u8], path: &[u8]) -> Option<&'a [u8]> {
        let (mut name, mut rest) = text::cut(path, b'.');
        if name == b"now" {
            return None;
        }
        let mut object = members;
        loop {
            let found = self.own(members, object, name)?;
            let Some(names) = rest else { return Some(found) };
            let (Encoded::Object(_, pairs), _) = value::read(found)? else { return None };
            object = pairs;
            (name, rest) = text::cut(names, b'.');
        }
    }

    /// The value of a member of the object with these pairs, which lie within `members`.
    fn own<'a>(&mut self, members: &'a [u8], object: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
        if members.len() <= SCANNED {
            return value::member(object, name);
        }
        if self.count == 0 {
            self.build(members);
        }
        let object = place(members, object);
        let hash = hash(object, name);
        for probe in 0..self.count {
            let [known, of, at, end] = self.slots.quad(self.slot(hash, probe));
            if known == 0 {
                break;
            }
            if known == hash
                && of == object
                && let Some((Encoded::Text(text), value)) = value::read(members.get(at as usize..end as usize)?)
                && text == name
            {
                return Some(value);
            }
        }
        None
    }

    #[cold]
    fn build(&mut self, members: &[u8]) {
        // A member takes three bytes at least. At most half of the slots are taken.
        let mut left = low(members.len() / 3).min(MAX_CONTEXT_MEMBERS);
        self.count = (2 * left).next_power_of_two();
        self.slots.clear(4 * self.count as usize);
        let _ = self.add(members, members, u32::MAX, MAX_CONTEXT_DEPTH, &mut left);
    }

    /// Adds the first `count` of the pairs in front of `pairs`, and those of the objects in them; answers what follows them.
    fn add<'a>(&mut self, members: &[u8], pairs: &'a [u8], count: u32, depth: u32, left: &mut u32) -> Option<&'a [u8]> {
        let (depth, object, mut rest) = (depth.checked_sub(1)?, place(members, pairs), pairs);
        for _ in 0..count {
            if rest.is_empty() {
                break;
            }
            let (Encoded::Text(name), value) = value::read(rest)? else { return None };
            let after = match value::read(value)? {
                (Encoded::Object(count, pairs), _) => self.add(members, pairs, count, depth, left)?,
                _ => value::after(value, depth)?,
            };
            *left = left.checked_sub(1)?;
            let hash = hash(object, name);
            let mut slot = self.slot(hash, 0);
            while self.slots.word(4 * slot) != 0 {
                slot = self.slot(low(slot), 1);
            }
            for (index, word) in (4 * slot..).zip([hash, object, place(members, rest), place(members, after)]) {
                self.slots.set(index, word);
            }
            rest = after;
        }
        Some(rest)
    }

    /// The slot that is looked at `probe` places behind a hash's own.
    fn slot(&self, hash: u32, probe: u32) -> usize {
        (hash.wrapping_add(probe) & self.count.wrapping_sub(1)) as usize
    }
}

/// The offset of a part of a context from the context's first byte.
fn place(members: &[u8], part: &[u8]) -> u32 {
    low(value::offset(members, part))
}

#[expect(clippy::cast_possible_truncation, reason = "contexts are far smaller than 4 GB")]
fn low(number: usize) -> u32 {
    number as u32
}

/// FNV-1a of a name, begun with the object that has the member; never 0.
fn hash(object: u32, name: &[u8]) -> u32 {
    const PRIME: u32 = 0x0100_0193;
    let mut hash = (0x811c_9dc5 ^ object).wrapping_mul(PRIME);
    for byte in name {
        hash = (hash ^ u32::from(*byte)).wrapping_mul(PRIME);
    }
    hash ^ hash >> 15 | 1 << 31
}

#[cfg(test)]
mod tests {
    use super::{ContextIndex, MAX_CONTEXT_MEMBERS, SCANNED, hash};
    use crate::{
        context::value::{self, Encoded},
        matching::seeded::Seeded,
    };
    use alloc::{collections::BTreeSet, format, string::String, vec::Vec};

    const NAMES: [&str; 8] = ["", "a", "b", "now", "a.b", ".", "é", "userId"];

    /// Writes an object's pairs and answers how many they are.
    fn pairs(random: &mut Seeded, out: &mut Vec<u8>, depth: usize, most: usize) -> u32 {
        let names: BTreeSet<String> = (0..random.below(most)).map(|_| name(random)).collect();
        for name in &names {
            value::push_text(out, value::STRING, name.as_bytes());
            any(random, out, depth);
        }
        u32::try_from(names.len()).unwrap()
    }

    fn name(random: &mut Seeded) -> String {
        match random.below(4) {
            0 | 1 => random.pick(&NAMES).into(),
            2 => format!("n{}", random.below(30)),
            _ => "x".repeat(random.below(200)),
        }
    }

    fn any(random: &mut Seeded, out: &mut Vec<u8>, depth: usize) {
        match random.below(if depth == 0 { 4 } else { 7 }) {
            0 => out.push(value::NULL),
            1 => out.push(value::TRUE),
            2 => value::push_number(out, 7.0),
            3 => value::push_text(out, value::STRING, "t".repeat(random.below(200)).as_bytes()),
            4 => {
                let count = random.below(4);
                out.push(value::LIST);
                out.extend(u32::try_from(count).unwrap().to_le_bytes());
                (0..count).for_each(|_| any(random, out, depth - 1));
            }
            _ => {
                out.push(value::OBJECT);
                let place = out.len();
                out.extend([0; 4]);
                let count = pairs(random, out, depth - 1, 6);
                out[place..place + 4].copy_from_slice(&count.to_le_bytes());
            }
        }
    }

    /// Looks a path up by scans alone.
    fn walked<'a>(members: &'a [u8], path: &str) -> Option<&'a [u8]> {
        let mut names = path.split('.');
        let mut found = value::member(members, names.next().filter(|name| *name != "now")?.as_bytes())?;
        for name in names {
            found = value::member(value::members(found)?, name.as_bytes())?;
        }
        Some(found)
    }

    #[test]
    fn an_indexed_context_answers_as_a_scanned_one() {
        let mut random = Seeded(3);
        let mut index = ContextIndex::new();
        let (mut scanned, mut indexed, mut found) = (0, 0, 0);
        for _ in 0..3_000 {
            let mut members = Vec::new();
            let most = [3, 20, 60][random.below(3)];
            pairs(&mut random, &mut members, 4, most);
            *(if members.len() > SCANNED { &mut indexed } else { &mut scanned }) += 1;
            index.reset();
            for _ in 0..60 {
                let name = name(&mut random);
                assert_eq!(index.member(&members, name.as_bytes()), value::member(&members, name.as_bytes()), "{name}");
                let path: Vec<_> = (0..=random.below(4)).map(|_| random.pick(&NAMES)).collect();
                let path = path.join(".");
                assert_eq!(index.path(&members, path.as_bytes()), walked(&members, &path), "{path}");
                found += usize::from(path.contains('.') && walked(&members, &path).is_some());
            }
        }
        assert!(scanned > 500 && indexed > 500 && found > 500, "{scanned} {indexed} {found}");
    }

    #[test]
    fn names_of_one_slot_are_told_apart() {
        let slot = hash(0, b"plan") & 2047;
        let names: Vec<String> =
            (0..).map(|n| format!("name-{n}")).filter(|name| hash(0, name.as_bytes()) & 2047 == slot).take(1_000).collect();
        let mut members = Vec::new();
        for (number, name) in (0_u32..).zip(&names) {
            value::push_text(&mut members, value::STRING, name.as_bytes());
            value::push_number(&mut members, f64::from(number));
        }
        let mut index = ContextIndex::new();
        for (number, name) in (0_u32..).zip(&names) {
            let found = index.member(&members, name.as_bytes()).and_then(value::read);
            assert!(matches!(found, Some((Encoded::Number(found), [])) if found.total_cmp(&f64::from(number)).is_eq()), "{name}");
        }
        assert_eq!(index.member(&members, b"plan"), None);
    }

    #[test]
    fn bytes_that_are_no_context_are_searched_without_a_panic() {
        let mut random = Seeded(5);
        let mut index = ContextIndex::new();
        for _ in 0..5_000 {
            let mut members = Vec::new();
            pairs(&mut random, &mut members, 3, 20);
            for _ in 0..=random.below(4) {
                random.mutate(&mut members, &[0, 1, 3, 4, 5, 6, 7, 0x7f, 0x80, 0xff]);
            }
            index.reset();
            for name in ["", "a", "a.b", "n1.n2"] {
                let _ = index.member(&members, name.as_bytes());
                let _ = index.path(&members, name.as_bytes());
            }
        }
        // More members than a context may have.
        let members = [value::STRING, 1, b'a', value::NULL].repeat(4 * MAX_CONTEXT_MEMBERS as usize);
        index.reset();
        assert_eq!(index.member(&members, b"a"), Some(&[value::NULL][..]));
        assert_eq!(index.member(&members, b"b"), None);
    }
}
