//! Finding attributes in a context.
use super::{MAX_CONTEXT_DEPTH, value, value::Encoded};
use crate::{matching::text, model::memo::Memo};

/// The longest context, in bytes, that is scanned at each look-up: indexing it would take longer than the few scans do.
const SCANNED: usize = 256;

/// The key that says that a context is indexed; no member has it.
const INDEXED: [u32; 2] = [MEMBER, u32::MAX];
/// Set in the first word of the keys of members, and of no others in the memo of a context.
const MEMBER: u32 = 1 << 31;

/// Finds the members of one context by their names.
///
/// A context of at most [`SCANNED`] bytes is scanned. A longer one is indexed at its first look-up, all objects that a path can reach, in
/// time linear in its bytes; a look-up then reads the name once. Names whose hashes are equal take keys that follow one another: a caller
/// that chooses names to that end makes a look-up pass at most 1,000 of them.
///
/// The memo holds, by the hash of a name and the place of the first pair of the object that has it, the place of the name and the one
/// behind the value. The caller clears it whenever the bytes that it gives to the look-ups change.
///
/// Total: if the bytes are no context, a look-up may miss a member, and nothing worse happens.
pub(crate) struct ContextIndex<'a, 'm> {
    pub(crate) members: &'a [u8],
    pub(crate) memo: &'m mut Memo,
}

impl<'a> ContextIndex<'a, '_> {
    /// The value of a member of the context itself.
    pub(crate) fn member(&mut self, name: &[u8]) -> Option<&'a [u8]> {
        self.own(self.members, name)
    }

    /// The value that a dotted path leads to through members of objects. A context cannot set the moment: `now` leads nowhere.
    pub(crate) fn path(&mut self, path: &[u8]) -> Option<&'a [u8]> {
        let (mut name, mut rest) = text::cut(path, b'.');
        if name == b"now" {
            return None;
        }
        let mut object = self.members;
        loop {
            let found = self.own(object, name)?;
            let Some(names) = rest else { return Some(found) };
            let (Encoded::Object(_, pairs), _) = value::read(found)? else { return None };
            object = pairs;
            (name, rest) = text::cut(names, b'.');
        }
    }

    /// The value of a member of the object with these pairs, which lie within the context.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from several places
    fn own(&mut self, object: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
        if self.members.len() <= SCANNED {
            return value::member(object, name);
        }
        if self.memo.get(INDEXED).is_none() {
            self.memo.set(INDEXED, [0; 4]);
            let _ = self.add(self.members, u32::MAX, MAX_CONTEXT_DEPTH);
        }
        let mut key = self.key(object, name);
        loop {
            let [at, end, ..] = *self.memo.get(key)?;
            if let Some((Encoded::Text(text), value)) = value::read(self.members.get(at as usize..end as usize)?)
                && text == name
            {
                return Some(value);
            }
            key = next(key);
        }
    }

    /// Adds the first `count` of these pairs, and the pairs of the objects in them; returns the bytes that follow, or `None` if a pair
    /// cannot be read.
    fn add(&mut self, pairs: &'a [u8], count: u32, depth: u32) -> Option<&'a [u8]> {
        let (depth, mut rest) = (depth.checked_sub(1)?, pairs);
        for _ in 0..count {
            if rest.is_empty() {
                break;
            }
            let (Encoded::Text(name), value) = value::read(rest)? else { return None };
            let after = match value::read(value)? {
                (Encoded::Object(count, pairs), _) => self.add(pairs, count, depth)?,
                _ => value::after(value, depth)?,
            };
            let mut key = self.key(pairs, name);
            while self.memo.get(key).is_some() {
                key = next(key);
            }
            self.memo.set(key, [self.place(rest), self.place(after), 0, 0]);
            rest = after;
        }
        Some(rest)
    }

    /// The key of a member: the hash of its name, and the object that has it.
    fn key(&self, object: &[u8], name: &[u8]) -> [u32; 2] {
        [hash(name) | MEMBER, self.place(object)]
    }

    /// The offset of a part of the context.
    #[expect(clippy::cast_possible_truncation, reason = "contexts are far smaller than 4 GB")]
    fn place(&self, part: &[u8]) -> u32 {
        value::offset(self.members, part) as u32
    }
}

/// FNV-1a.
#[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// The key to try next if a member of another name has this one.
fn next([hash, object]: [u32; 2]) -> [u32; 2] {
    [hash.wrapping_add(1) | MEMBER, object]
}

#[cfg(test)]
mod tests {
    use super::{ContextIndex, SCANNED, hash};
    use crate::{
        context::{
            MAX_CONTEXT_MEMBERS,
            value::{self, Encoded},
        },
        matching::seeded::Seeded,
        model::memo::Memo,
    };
    use alloc::{
        collections::{BTreeMap, BTreeSet},
        format,
        string::String,
        vec::Vec,
    };

    const NAMES: [&str; 8] = ["", "a", "b", "now", "a.b", ".", "é", "userId"];

    /// Writes an object's pairs and returns their number.
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

    fn index<'a, 'm>(members: &'a [u8], memo: &'m mut Memo) -> ContextIndex<'a, 'm> {
        ContextIndex { members, memo }
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
        let mut memo = Memo::new();
        let (mut scanned, mut indexed, mut found) = (0, 0, 0);
        for _ in 0..3_000 {
            let mut members = Vec::new();
            let most = [3, 20, 60][random.below(3)];
            pairs(&mut random, &mut members, 4, most);
            *(if members.len() > SCANNED { &mut indexed } else { &mut scanned }) += 1;
            memo.clear();
            for _ in 0..60 {
                let name = name(&mut random);
                assert_eq!(index(&members, &mut memo).member(name.as_bytes()), value::member(&members, name.as_bytes()), "{name}");
                let path: Vec<_> = (0..=random.below(4)).map(|_| random.pick(&NAMES)).collect();
                let path = path.join(".");
                assert_eq!(index(&members, &mut memo).path(path.as_bytes()), walked(&members, &path), "{path}");
                found += usize::from(path.contains('.') && walked(&members, &path).is_some());
            }
        }
        assert!(scanned > 500 && indexed > 500 && found > 500, "{scanned} {indexed} {found}");
    }

    /// 32 names of one hash: FNV-1a goes through a name byte by byte, so that two blocks that lead from one state to another can
    /// stand for each other in every name.
    fn names_of_one_hash() -> Vec<String> {
        let mut names = Vec::from([String::new()]);
        for _ in 0..5 {
            let mut blocks = BTreeMap::new();
            let (one, other) = (0..)
                .find_map(|number: u32| {
                    let block = format!("{number:06}");
                    let before = blocks.insert(hash(format!("{}{block}", names[0]).as_bytes()), block.clone())?;
                    Some((before, block))
                })
                .unwrap();
            names = names.iter().flat_map(|name| [format!("{name}{one}"), format!("{name}{other}")]).collect();
        }
        assert!(names.iter().all(|name| hash(name.as_bytes()) == hash(names[0].as_bytes())));
        names
    }

    #[test]
    fn names_of_one_hash_are_told_apart() {
        let names = names_of_one_hash();
        let (last, names) = names.split_last().unwrap();
        let mut members = Vec::new();
        for (number, name) in (0_u32..).zip(names) {
            value::push_text(&mut members, value::STRING, name.as_bytes());
            value::push_number(&mut members, f64::from(number));
        }
        let mut memo = Memo::new();
        for (number, name) in (0_u32..).zip(names) {
            let found = index(&members, &mut memo).member(name.as_bytes()).and_then(value::read);
            assert!(matches!(found, Some((Encoded::Number(found), [])) if found.total_cmp(&f64::from(number)).is_eq()), "{name}");
        }
        assert_eq!(index(&members, &mut memo).member(last.as_bytes()), None);
    }

    #[test]
    fn bytes_that_are_no_context_are_searched_without_a_panic() {
        let mut random = Seeded(5);
        let mut memo = Memo::new();
        for _ in 0..5_000 {
            let mut members = Vec::new();
            pairs(&mut random, &mut members, 3, 20);
            for _ in 0..=random.below(4) {
                random.mutate(&mut members, &[0, 1, 3, 4, 5, 6, 7, 0x7f, 0x80, 0xff]);
            }
            memo.clear();
            for name in ["", "a", "a.b", "n1.n2"] {
                let _ = index(&members, &mut memo).member(name.as_bytes());
                let _ = index(&members, &mut memo).path(name.as_bytes());
            }
        }
        // More members than a context may have.
        let members = [value::STRING, 1, b'a', value::NULL].repeat(4 * MAX_CONTEXT_MEMBERS as usize);
        memo.clear();
        assert_eq!(index(&members, &mut memo).member(b"a"), Some(&[value::NULL][..]));
        assert_eq!(index(&members, &mut memo).member(b"b"), None);
    }
}
