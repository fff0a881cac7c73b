//! A value on a tape, which is decoded each time it is looked at.
use alloc::{borrow::Cow, vec::Vec};
use core::{cmp::Ordering, iter::FusedIterator};

use super::{cursor::double, spelled::Spelled, tape::Tape, tree::Json};

/// A JSON value on a [`Tape`], in the text that it was read from; made by [`Tape::root`].
#[derive(Clone, Copy, Debug)]
pub struct Value<'j, 't> {
    pub(super) tape: &'j Tape<'t>,
    /// The number of its first word on the tape.
    pub(super) word: usize,
}

/// A JSON value, told apart by its kind. The entries of a list and the members of an object are not decoded yet.
#[derive(Clone, Debug)]
pub enum Node<'j, 't> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, never -0.
    Number(f64),
    /// A text.
    String(Cow<'t, str>),
    /// A list.
    Array(Items<'j, 't>),
    /// An object.
    Object(Members<'j, 't>),
}

impl<'j, 't> Value<'j, 't> {
    /// Decodes the value as far as its kind.
    pub fn node(self) -> Node<'j, 't> {
        let Self { tape, word } = self;
        match tape.first(word) {
            Some(b'{') => Node::Object(Members { tape, word: word + 2, end: tape.behind(word) }),
            Some(b'[') => Node::Array(Items { tape, word: word + 2, end: tape.behind(word) }),
            Some(b'"') => Node::String(text(tape, word)),
            Some(b't') => Node::Boolean(true),
            Some(b'f') => Node::Boolean(false),
            Some(b'-' | b'0'..=b'9') => Node::Number(tape.cursor(word).number().ok().and_then(double).unwrap_or_default()),
            _ => Node::Null,
        }
    }

    /// The text of a string; `None` for any other value.
    pub fn as_str(self) -> Option<Cow<'t, str>> {
        (self.tape.first(self.word) == Some(b'"')).then(|| text(self.tape, self.word))
    }

    /// The members of an object; `None` for any other value.
    pub fn members(self) -> Option<Members<'j, 't>> {
        let Self { tape, word } = self;
        (tape.first(word) == Some(b'{')).then(|| Members { tape, word: word + 2, end: tape.behind(word) })
    }

    /// The entries of a list; `None` for any other value.
    pub fn items(self) -> Option<Items<'j, 't>> {
        let Self { tape, word } = self;
        (tape.first(word) == Some(b'[')).then(|| Items { tape, word: word + 2, end: tape.behind(word) })
    }

    /// The kind of the value with its article, such as `a number`, for messages.
    pub fn kind(self) -> &'static str {
        match self.tape.first(self.word) {
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'-' | b'0'..=b'9') => "a number",
            _ => "null",
        }
    }

    /// Copies the value into a tree.
    pub fn tree(self) -> Json<'t> {
        match self.node() {
            Node::Null => Json::Null,
            Node::Boolean(boolean) => Json::Boolean(boolean),
            Node::Number(number) => Json::Number(number),
            Node::String(text) => Json::String(text),
            Node::Array(items) => Json::Array(items.map(Value::tree).collect()),
            Node::Object(members) => Json::Object(members.map(|(name, value)| (name.text(), value.tree())).collect()),
        }
    }
}

/// The text of the string whose first word has this number. Reading the tape has checked that it is text.
fn text<'t>(tape: &Tape<'t>, word: usize) -> Cow<'t, str> {
    tape.spelled(word).text().unwrap_or_default()
}

/// The entries of a list on a tape, in their order.
#[derive(Clone, Debug)]
pub struct Items<'j, 't> {
    tape: &'j Tape<'t>,
    word: usize,
    end: usize,
}

impl<'j, 't> Iterator for Items<'j, 't> {
    type Item = Value<'j, 't>;

    fn next(&mut self) -> Option<Value<'j, 't>> {
        let Self { tape, word, end } = *self;
        (word < end).then(|| {
            self.word = tape.behind(word);
            Value { tape, word }
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = self.len();
        (count, Some(count))
    }
}

impl Items<'_, '_> {
    /// The number of entries or members that are left. It is counted, in time linear in that number.
    pub fn len(&self) -> usize {
        let (mut count, mut word) = (0, self.word);
        while word < self.end {
            word = self.tape.behind(word);
            count += 1;
        }
        count
    }

    /// Returns true if none is left.
    pub fn is_empty(&self) -> bool {
        self.word >= self.end
    }
}

impl FusedIterator for Items<'_, '_> {}

/// No entries.
impl Default for Items<'_, '_> {
    fn default() -> Self {
        const NONE: &Tape<'_> = &Tape::EMPTY;
        Self { tape: NONE, word: 0, end: 0 }
    }
}

/// The members of an object on a tape, in the order in which they are written. A name that stands twice is there twice.
#[derive(Clone, Debug)]
pub struct Members<'j, 't> {
    tape: &'j Tape<'t>,
    word: usize,
    end: usize,
}

impl<'j, 't> Iterator for Members<'j, 't> {
    type Item = (Name<'j, 't>, Value<'j, 't>);

    fn next(&mut self) -> Option<Self::Item> {
        let Self { tape, word, end } = *self;
        (word < end).then(|| {
            self.word = tape.behind(word + 2);
            (Name { tape, word }, Value { tape, word: word + 2 })
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = self.len();
        (count, Some(count))
    }
}

impl FusedIterator for Members<'_, '_> {}

/// The number of names that are compared one by one before a slower search begins.
const FEW: usize = 8;

impl<'j, 't> Members<'j, 't> {
    /// The number of entries or members that are left. It is counted, in time linear in that number.
    pub fn len(&self) -> usize {
        let (mut count, mut word) = (0, self.word);
        while word < self.end {
            word = self.tape.behind(word + 2);
            count += 1;
        }
        count
    }

    /// Returns true if none is left.
    pub fn is_empty(&self) -> bool {
        self.word >= self.end
    }

    /// The value of the first member with this name; `None` if there is none.
    pub fn get(&self, name: &str) -> Option<Value<'j, 't>> {
        self.clone().find(|(known, _)| known.is(name)).map(|(_, value)| value)
    }

    /// The names that stand more than once in the object, sorted by their Unicode scalar values, each of them once.
    pub fn repeated(&self) -> Vec<Name<'j, 't>> {
        self.clone().indexed().repeated()
    }

    /// The same members, with the first names looked up on the tape once.
    #[inline]
    pub(crate) fn indexed(self) -> Indexed<'j, 't> {
        let mut few = [(Spelled::default(), 0); FEW];
        let (mut more, mut count) = (self.clone(), 0);
        while let Some(place) = few.get_mut(count)
            && let Some((name, _)) = more.next()
        {
            *place = (name.spelled(), name.word);
            count += 1;
        }
        Indexed { few, count, more, members: self }
    }

    /// The members, sorted by `compare`; equal members stay in the order in which they are written.
    pub(super) fn in_order(
        &self,
        compare: fn(Spelled<'t>, Spelled<'t>) -> Ordering,
    ) -> impl Iterator<Item = (Name<'j, 't>, Value<'j, 't>)> {
        let tape = self.tape;
        self.sorted(compare).into_iter().map(move |word| {
            let word = word as usize;
            (Name { tape, word }, Value { tape, word: word + 2 })
        })
    }

    /// The numbers of the first words of the names, sorted by `compare`.
    #[expect(clippy::cast_possible_truncation, reason = "as many words as the text has bytes, whose places are words")]
    fn sorted(&self, compare: fn(Spelled<'t>, Spelled<'t>) -> Ordering) -> Vec<u32> {
        let mut words = Vec::with_capacity(self.len());
        words.extend(self.clone().map(|(name, _)| name.word as u32));
        let spelled = |word: &u32| Name { tape: self.tape, word: *word as usize }.spelled();
        words.sort_by(|a, b| compare(spelled(a), spelled(b)));
        words
    }
}

/// The members of an object, with the first names at hand: most objects have no more.
pub(crate) struct Indexed<'j, 't> {
    /// The first names, each with the number of its first word.
    few: [(Spelled<'t>, usize); FEW],
    /// The number of entries of `few` that are filled.
    count: usize,
    /// The members behind the first.
    more: Members<'j, 't>,
    members: Members<'j, 't>,
}

impl<'j, 't> Indexed<'j, 't> {
    fn few(&self) -> &[(Spelled<'t>, usize)] {
        self.few.get(..self.count).unwrap_or_default()
    }

    /// Calls `each` with the names that are not among `known`, in their order.
    pub(crate) fn visit_others(&self, known: &[&str], mut each: impl FnMut(&str)) {
        let mut visit = |name: Spelled<'t>| {
            if !known.iter().any(|known| name.spells(known)) {
                each(&name.text().unwrap_or_default());
            }
        };
        self.few().iter().for_each(|(name, _)| visit(*name));
        if !self.more.is_empty() {
            self.more.clone().for_each(|(name, _)| visit(name.spelled()));
        }
    }

    /// The value of the first member with this name; `None` if there is none.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<Value<'j, 't>> {
        let tape = self.members.tape;
        match self.few().iter().find(|(known, _)| known.spells(name)) {
            Some((_, word)) => Some(Value { tape, word: word + 2 }),
            None if self.more.is_empty() => None,
            None => self.more.get(name),
        }
    }

    /// The names that stand more than once in the object, sorted by their Unicode scalar values, each of them once.
    pub(crate) fn repeated(&self) -> Vec<Name<'j, 't>> {
        let (mut rest, mut is_repeated) = (self.few(), !self.more.is_empty());
        while let [(name, _), others @ ..] = rest {
            is_repeated = is_repeated || others.iter().any(|(other, _)| name.is(*other));
            rest = others;
        }
        if !is_repeated {
            return Vec::new();
        }
        let sorted = self.members.sorted(Spelled::compare);
        let name = |word: u32| Name { tape: self.members.tape, word: word as usize };
        let equal = sorted.chunk_by(|a, b| name(*a).spelled().is(name(*b).spelled()));
        equal.filter(|equal| equal.len() > 1).filter_map(|equal| equal.first()).map(|word| name(*word)).collect()
    }
}

/// The name of a member on a tape.
#[derive(Clone, Copy, Debug)]
pub struct Name<'j, 't> {
    tape: &'j Tape<'t>,
    word: usize,
}

impl<'t> Name<'_, 't> {
    /// Decodes the name.
    pub fn text(self) -> Cow<'t, str> {
        text(self.tape, self.word)
    }

    /// Returns true if the name is this text.
    #[inline]
    pub fn is(self, name: &str) -> bool {
        self.spelled().spells(name)
    }

    /// Compares two names by their Unicode scalar values.
    pub fn compare(self, other: Name<'_, '_>) -> Ordering {
        self.spelled().compare(other.spelled())
    }

    pub(super) fn spelled(self) -> Spelled<'t> {
        self.tape.spelled(self.word)
    }
}
