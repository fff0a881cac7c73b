//! The conditions of one flag or segment that name segments. There may be half a million, and each may have to be reported.
use alloc::{string::String, vec::Vec};

use crate::json::Place;

/// Uses of segments, in the order of the conditions.
#[derive(Default)]
pub(crate) struct SegmentUses {
    uses: Vec<Use>,
    /// The names, one behind the other.
    names: String,
    /// The rest of each pointer, behind the front that it shares with the one before.
    pointers: String,
    /// The last pointer.
    last: String,
}

struct Use {
    /// Bytes of the name.
    name: u32,
    /// Bytes that the pointer shares with the one before, and those that follow.
    shared: u32,
    rest: u32,
    level: u32,
}

/// A condition that names a segment.
pub(crate) struct SegmentUse<'u> {
    pub(crate) name: &'u str,
    /// The level of the condition; the outermost is 1.
    pub(crate) level: u32,
    /// The name's place in the document, as a pointer.
    pub(crate) pointer: &'u str,
}

impl SegmentUses {
    pub(crate) fn len(&self) -> usize {
        self.uses.len()
    }

    /// Adds the use of a segment; `place` is that of its name.
    pub(crate) fn push(&mut self, name: &str, level: u32, place: Place<'_>) {
        let pointer = place.pointer();
        let shared = pointer.bytes().zip(self.last.bytes()).take_while(|(a, b)| a == b).count();
        let shared = pointer.floor_char_boundary(shared);
        let rest = pointer.get(shared..).unwrap_or_default();
        self.uses.push(Use { name: length(name), shared: length(pointer.get(..shared).unwrap_or_default()), rest: length(rest), level });
        self.names.push_str(name);
        self.pointers.push_str(rest);
        self.last = pointer;
    }

    /// The names in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.names.as_str();
        self.uses.iter().map(move |used| split(&mut rest, used.name))
    }

    /// Calls `each` with every use, in their order.
    pub(crate) fn visit(&self, mut each: impl FnMut(SegmentUse<'_>)) {
        let (mut pointer, mut rests) = (String::new(), self.pointers.as_str());
        for (used, name) in self.uses.iter().zip(self.names()) {
            pointer.truncate(used.shared as usize);
            pointer.push_str(split(&mut rests, used.rest));
            each(SegmentUse { name, level: used.level, pointer: &pointer });
        }
    }
}

/// Takes `length` bytes off the front.
fn split<'s>(rest: &mut &'s str, length: u32) -> &'s str {
    let (front, behind) = rest.split_at_checked(length as usize).unwrap_or_default();
    *rest = behind;
    front
}

/// The length of a piece of a document, in bytes.
#[expect(clippy::cast_possible_truncation, reason = "documents are limited to 8 MB")]
fn length(text: &str) -> u32 {
    text.len() as u32
}

#[cfg(test)]
mod tests {
    use alloc::{
        borrow::ToOwned as _,
        format,
        string::{String, ToString as _},
        vec::Vec,
    };

    use super::SegmentUses;
    use crate::{json::Place, matching::seeded::Seeded};

    #[test]
    fn uses_come_back_as_they_were_pushed() {
        let (mut random, mut uses, mut expected) = (Seeded(41), SegmentUses::default(), Vec::new());
        for level in 0..1_000 {
            let name: String = ["", "s", "größe", "a/b~c"][random.below(4)].to_owned();
            let steps = [format!("{}", random.below(20)), ["é", "è", "any", "not"][random.below(4)].to_owned()];
            let place = Place::ROOT.name(&steps[0]);
            let place = place.name(&steps[1]);
            let place = place.index(random.below(30));
            uses.push(&name, level, place);
            expected.push((name, level, place.pointer()));
        }
        let mut seen = Vec::new();
        uses.visit(|used| seen.push((used.name.to_string(), used.level, used.pointer.to_string())));
        assert_eq!(seen, expected);
        assert!(uses.names().eq(expected.iter().map(|(name, ..)| name.as_str())));
        assert_eq!(uses.len(), expected.len());
    }
}
