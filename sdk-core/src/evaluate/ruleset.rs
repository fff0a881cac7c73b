//! A ruleset: all flags of one environment, compiled.
use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

use hashbrown::HashTable;

use super::{
    evaluation::Evaluation,
    overrides::{ApplicableOverrides, OwnerOverrides},
    scratch::Scratch,
    visit::Visit,
    walk::{Now, Walk},
};
use crate::{
    bucket::{BucketKey, Subkey},
    context::{Context, value},
    matching::millis::Millis,
    model::{
        details::{Decision, ErrorCode, FlagType},
        image::{Head, Image},
        symbol::Exact,
    },
};

/// All flags of one environment, valid by construction; made by [`crate::compile`].
#[derive(Clone)]
pub struct Ruleset {
    pub(crate) image: Image,
    pub(crate) key: BucketKey,
    /// Attributes that a pinned or signed identity always knows.
    pub(crate) private: Vec<String>,
    /// Names of the segments in the order of their numbers.
    pub(crate) segments: Vec<Box<str>>,
    /// The tags of the flags that have some, by their numbers.
    tags: BTreeMap<u32, Box<[Box<str>]>>,
    /// Numbers of flags and, counted on from there, of aliases, by their name.
    keys: HashTable<u32>,
    /// Hashes them.
    key_hasher: Subkey,
}

/// Hashes flag keys for look-ups; any key will do, this one is not guessable from outside.
const KEYS: &[u8] = b"\0keys";

impl Ruleset {
    pub(crate) fn new(
        image: Image,
        key: BucketKey,
        private: Vec<String>,
        segments: Vec<Box<str>>,
        tags: BTreeMap<u32, Box<[Box<str>]>>,
    ) -> Self {
        let mut keys = HashTable::with_capacity((image.flags() + image.head(Head::Aliases)) as usize);
        let key_hasher = key.subkey(KEYS);
        for number in 0..image.flags() + image.head(Head::Aliases) {
            keys.insert_unique(key_hasher.hash(name(&image, number)), number, |number| key_hasher.hash(name(&image, *number)));
        }
        Self { image, key, private, segments, tags, keys, key_hasher }
    }

    /// Answers one question: what this flag is for this context at this moment.
    ///
    /// Pure and total: equal arguments give equal answers on every machine. `own` are the overrides of the context's customer
    /// and organization. `requested` is the type of the caller's default, which is answered wherever there is no variant;
    /// `None` accepts any.
    pub fn evaluate(
        &self,
        own: ApplicableOverrides<'_>,
        flag_key: &str,
        context: &Context,
        now: Millis,
        requested: Option<FlagType>,
    ) -> Evaluation<'_> {
        self.visitor(own, context, now).watched(flag_key, requested, ())
    }

    /// Somebody who will be asked about more than one flag: what was worked out for one is kept for the next.
    pub fn visitor<'r, 'c>(&'r self, own: ApplicableOverrides<'c>, context: &'c Context, now: Millis) -> Visitor<'r, 'c> {
        Visitor { ruleset: self, own, context, now: Now::new(now.0), scratch: Scratch::new(), tags: &[] }
    }

    /// Attributes that a pinned or signed identity always knows, besides those of every document.
    pub fn private(&self) -> impl Iterator<Item = &str> {
        self.private.iter().map(String::as_str)
    }

    /// The moments at which a condition on `now` may change its answer, ascending: between two of them every answer stays the same.
    pub fn moments(&self) -> impl Iterator<Item = Millis> {
        self.image.moments().map(Millis)
    }

    /// How many flags there are.
    pub fn len(&self) -> usize {
        self.image.flags() as usize
    }

    /// Whether there is no flag.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keys of all flags: a prerequisite stands before what needs it.
    pub fn flag_keys(&self) -> impl Iterator<Item = &str> {
        (0..self.image.flags()).map(|flag| self.image.str(self.image.flag(flag).key))
    }

    /// The name of the variant that an owner's overrides name for the flag with this key.
    pub fn overridden<'r>(&'r self, own: &OwnerOverrides, key: &str) -> Option<&'r str> {
        let flag = self.find(key)?;
        Some(self.variant_name(flag, own.variant(flag)?))
    }

    /// Bytes held on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.image.bytes().len() + self.keys.allocation_size()
    }

    /// Whether somebody sees a flag who sees flags with one of these tags; without any, everything is seen.
    pub(crate) fn shows(&self, flag: u32, tags: &[String]) -> bool {
        let own = || self.tags.get(&flag).map_or(&[][..], |own| own);
        tags.is_empty() || own().iter().any(|tag| tags.iter().any(|shown| shown.as_str() == &**tag))
    }

    /// The key of a flag.
    pub fn key_of(&self, flag: u32) -> &str {
        self.image.str(self.image.flag(flag).key)
    }

    /// The number of a flag's variant of this name.
    pub fn variant_number(&self, flag: u32, name: &str) -> Option<u32> {
        (0..self.image.variants(flag)).find(|number| self.image.text(self.image.variant(flag, *number).0) == name.as_bytes())
    }

    /// The names of a flag's variants in the order of their numbers.
    pub(crate) fn variant_names(&self, flag: u32) -> impl Iterator<Item = &str> {
        (0..self.image.variants(flag)).map(move |number| self.variant_name(flag, number))
    }

    /// The name of a flag's variant.
    pub fn variant_name(&self, flag: u32, number: u32) -> &str {
        self.image.str(self.image.variant(flag, number).0)
    }

    /// The number of a flag's first variant whose value is this boolean.
    pub fn first_boolean(&self, flag: u32, value: bool) -> Option<u32> {
        let tag = if value { value::TRUE } else { value::FALSE };
        (0..self.image.variants(flag)).find(|number| self.image.variant(flag, *number).1.first() == Some(&tag))
    }

    /// The number of the flag with this key or alias.
    pub fn find(&self, key: &str) -> Option<u32> {
        let hash = self.key_hasher.hash(key.as_bytes());
        let number = *self.keys.find(hash, |number| name(&self.image, *number) == key.as_bytes())?;
        Some(match number.checked_sub(self.image.flags()) {
            None => number,
            Some(alias) => self.image.alias(alias).1,
        })
    }
}

/// The key of a flag or, counted on from there, an alias.
fn name(image: &Image, number: u32) -> &[u8] {
    image.text(match number.checked_sub(image.flags()) {
        None => image.flag(number).key,
        Some(alias) => image.alias(alias).0,
    })
}

/// One context at one moment, asked about any number of flags.
pub struct Visitor<'r, 'c> {
    ruleset: &'r Ruleset,
    own: ApplicableOverrides<'c>,
    context: &'c Context,
    now: Now,
    scratch: Scratch,
    tags: &'c [String],
}

impl<'r, 'c> Visitor<'r, 'c> {
    /// The same, who sees only flags with one of these tags; without any, everything. What is not seen is not found, and still
    /// counts as a prerequisite.
    #[must_use]
    pub fn seeing(self, tags: &'c [String]) -> Self {
        Self { tags, ..self }
    }

    /// Answers one question; see [`Ruleset::evaluate`].
    pub fn evaluate(&mut self, flag_key: &str, requested: Option<FlagType>) -> Evaluation<'r> {
        self.question(flag_key, requested, |visitor, flag| visitor.walk(()).keep(flag))
    }

    /// Answers for every flag that is seen, in the order of [`Ruleset::flag_keys`].
    pub fn evaluate_all(&mut self) -> impl Iterator<Item = Evaluation<'r>> {
        let image: &'r Image = &self.ruleset.image;
        let refused = self.context.refusal().is_some();
        if !refused {
            self.walk(()).all(None);
        }
        let (ruleset, tags, scratch) = (self.ruleset, self.tags, &self.scratch);
        (0..image.flags()).filter(move |flag| ruleset.shows(*flag, tags)).map(move |flag| {
            let decision = if refused { None } else { scratch.decision(flag) };
            Evaluation::new(image, flag, decision.unwrap_or(Decision::error(ErrorCode::InvalidContext)))
        })
    }

    /// Answers one question with somebody watching.
    pub(crate) fn watched(&mut self, flag_key: &str, requested: Option<FlagType>, visit: impl Visit) -> Evaluation<'r> {
        self.question(flag_key, requested, |visitor, flag| visitor.walk(visit).flag(flag))
    }

    /// Answers one question: what is wrong with it, or what `decide` says of the flag.
    fn question(&mut self, flag_key: &str, requested: Option<FlagType>, decide: impl FnOnce(&mut Self, u32) -> Decision) -> Evaluation<'r> {
        let image: &'r Image = &self.ruleset.image;
        if self.context.refusal().is_some() {
            return Evaluation::error(image, ErrorCode::InvalidContext);
        }
        let seen = self.ruleset.find(flag_key).filter(|flag| self.ruleset.shows(*flag, self.tags));
        let Some(flag) = seen else { return Evaluation::error(image, ErrorCode::FlagNotFound) };
        if requested.is_some() && requested != image.flag_type(flag) {
            return Evaluation::new(image, flag, Decision::error(ErrorCode::TypeMismatch));
        }
        Evaluation::new(image, flag, decide(self, flag))
    }

    fn walk<V: Visit>(&mut self, visit: V) -> Walk<'_, Exact, V> {
        Walk::new(&self.ruleset.image, self.context.members(), &self.now, self.own, &mut self.scratch, visit)
    }
}
