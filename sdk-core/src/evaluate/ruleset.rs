//! A ruleset: all flags of one environment, compiled.
use alloc::{boxed::Box, collections::BTreeMap, string::String, sync::Arc, vec::Vec};
use core::fmt;

use hashbrown::HashTable;

use super::{
    evaluation::Evaluation,
    flag_view::FlagView,
    numbering::Numbering,
    overrides::{ApplicableOverrides, OwnerOverrides},
    scratch::Scratch,
    visit::Visit,
    walk::{Now, Walk},
};
use crate::{
    bucket::{BucketKey, Subkey},
    context::{Context, value},
    document::texts::Texts,
    matching::millis::Millis,
    model::{
        details::{Decision, ErrorCode, FlagType},
        image::{Head, Image},
        steps_of_one::Room,
        symbol::Exact,
    },
};

/// All flags of one environment, valid by construction; made by [`compile`](crate::compile).
///
/// A ruleset holds no overrides, no clock and no state: evaluating a flag reads it and changes nothing. [`Ruleset::at`] asks for plain
/// values, [`Ruleset::evaluate`] for one value with its reason, [`Ruleset::visitor`] for many flags of one context,
/// [`Visitor::explain`] for how a value came about, and [`Ruleset::flags`] for the flags themselves. A ruleset has no binary form: send
/// the document to a machine that may see all of it, and a [`Program`](crate::Program) to any other.
///
/// ```
/// use sdk_core::{Context, Millis, Reason, compile};
///
/// let document = r#"{
///     "schema": "twinflag/1",
///     "bucketKey": "000102030405060708090a0b0c0d0e0f",
///     "flags": { "chat": { "targets": [{ "attribute": "userId", "values": ["u-1"], "variant": "on" }] } }
/// }"#;
/// let ruleset = compile(document, None)?.ruleset;
/// let flags = ruleset.at(Millis(0));
///
/// assert!(flags.boolean("chat", &Context::new().string("userId", "u-1"), false));
/// let answer = flags.evaluate("chat", &Context::new().string("userId", "u-2"), None);
/// assert_eq!((answer.variant(), answer.reason()), (Some("off"), Reason::Default));
/// # Ok::<(), sdk_core::DocumentError>(())
/// ```
#[derive(Clone)]
pub struct Ruleset {
    pub(crate) image: Image,
    pub(crate) key: BucketKey,
    /// Attributes that a pinned or signed identity always knows.
    pub(crate) private: Vec<String>,
    /// Names of the segments in the order of their numbers.
    pub(crate) segments: Vec<Box<str>>,
    /// The tags of the flags that have some, by their numbers.
    tags: BTreeMap<u32, Arc<Texts>>,
    /// The name of the environment, whose defaults flags may have.
    pub(crate) environment: Option<Box<str>>,
    /// The place for steps of flags whose state changes.
    pub(super) room: Room,
    /// The flags and variants that the numbers stand for; overrides hold it too.
    pub(crate) numbering: Numbering,
    /// The numbers of flags and, counted on from there, of aliases, by their name.
    keys: HashTable<u32>,
    /// The key that `keys` hashes names by.
    key_hasher: Subkey,
}

/// The salt of the key that flag keys are hashed by for look-ups. Any key works; a caller cannot guess this one.
const KEYS: &[u8] = b"\0keys";

impl Ruleset {
    pub(crate) fn new(
        image: Image,
        key: BucketKey,
        environment: Option<&str>,
        private: Vec<String>,
        segments: Vec<Box<str>>,
        tags: BTreeMap<u32, Arc<Texts>>,
    ) -> Self {
        let mut keys = HashTable::with_capacity((image.flags() + image.head(Head::Aliases)) as usize);
        let key_hasher = key.subkey(KEYS);
        for number in 0..image.flags() + image.head(Head::Aliases) {
            keys.insert_unique(key_hasher.hash(name(&image, number)), number, |number| key_hasher.hash(name(&image, *number)));
        }
        let (numbering, environment) = (Numbering::of(&image), environment.map(Into::into));
        Self { image, key, environment, private, segments, tags, room: Room::default(), numbering, keys, key_hasher }
    }

    /// Evaluates one flag, named by its key or an alias, for a context at a moment.
    ///
    /// Pure and total: equal arguments give equal answers on every machine, and every failure is an [`ErrorCode`] of the answer. `own` are
    /// the overrides of the context's customer and organization; those of another ruleset override nothing. `requested` is the type of the
    /// caller's default, which is answered wherever there is no variant; `None` accepts any.
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

    /// Prepares to evaluate more than one flag for a context at a moment: intermediate results are kept from one flag to the next.
    ///
    /// ```
    /// use sdk_core::{Context, Millis, compile};
    ///
    /// let document = r#"{ "schema": "twinflag/1", "bucketKey": "000102030405060708090a0b0c0d0e0f", "flags": { "a": {}, "b": {} } }"#;
    /// let compiled = compile(document, None)?;
    /// let context = Context::new();
    /// let mut visitor = compiled.ruleset.visitor(compiled.overrides.of(&context), &context, Millis(0));
    /// let answers: Vec<_> = visitor.evaluate_all().map(|answer| (answer.flag_key(), answer.variant())).collect();
    /// assert_eq!(answers, [("a", Some("off")), ("b", Some("off"))]);
    /// # Ok::<(), sdk_core::DocumentError>(())
    /// ```
    pub fn visitor<'r, 'c>(&'r self, own: ApplicableOverrides<'c>, context: &'c Context, now: Millis) -> Visitor<'r, 'c> {
        Visitor { ruleset: self, own: own.held_by(self.numbering), context, now: Now::new(now.0), scratch: Scratch::new(), tags: &[] }
    }

    /// Attributes that a pinned or signed identity always knows, besides those of every document.
    pub fn private(&self) -> impl Iterator<Item = &str> {
        self.private.iter().map(String::as_str)
    }

    /// The moments at which a condition on `now` may change its answer, ascending. Between two of them every answer stays the same.
    pub fn moments(&self) -> impl Iterator<Item = Millis> {
        self.image.moments().map(Millis)
    }

    /// The number of flags.
    pub fn len(&self) -> usize {
        self.image.flags() as usize
    }

    /// Returns true if there is no flag.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keys of all flags, each behind those of its prerequisites.
    pub fn flag_keys(&self) -> impl Iterator<Item = &str> {
        (0..self.image.flags()).map(|flag| self.image.str(self.image.flag(flag).key))
    }

    /// All flags, in the order of [`Ruleset::flag_keys`].
    ///
    /// ```
    /// use sdk_core::{FlagType, Value, compile};
    ///
    /// let document = r#"{
    ///     "schema": "twinflag/1",
    ///     "bucketKey": "000102030405060708090a0b0c0d0e0f",
    ///     "flags": { "theme": { "type": "string", "variants": { "light": "white", "dark": "black" }, "on": "dark", "off": "light" } }
    /// }"#;
    /// let ruleset = compile(document, None)?.ruleset;
    /// for flag in ruleset.flags() {
    ///     assert_eq!((flag.key(), flag.flag_type()), ("theme", FlagType::String));
    ///     assert_eq!(flag.variants().collect::<Vec<_>>(), [("light", Value::String("white")), ("dark", Value::String("black"))]);
    /// }
    /// # Ok::<(), sdk_core::DocumentError>(())
    /// ```
    pub fn flags(&self) -> impl Iterator<Item = FlagView<'_>> {
        (0..self.image.flags()).map(|flag| self.view(flag))
    }

    /// The flag with this key or alias; `None` if there is none.
    pub fn flag(&self, key: &str) -> Option<FlagView<'_>> {
        self.find(key).map(|flag| self.view(flag))
    }

    /// The flag with this number.
    pub(super) fn view(&self, flag: u32) -> FlagView<'_> {
        FlagView { ruleset: self, flag }
    }

    /// The name of the variant that an owner's overrides name for the flag with this key or alias; `None` if they name none, or were
    /// compiled for another ruleset.
    pub fn overridden<'r>(&'r self, own: &OwnerOverrides, key: &str) -> Option<&'r str> {
        let flag = self.find(key)?;
        Some(self.variant_name(flag, own.held_by(self.numbering)?.variant(flag)?))
    }

    /// The size in bytes of the tables that evaluation reads, all of it on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.image.memory.bytes().len() + self.keys.allocation_size()
    }

    /// The tags of a flag.
    pub(crate) fn tags(&self, flag: u32) -> impl Iterator<Item = &str> {
        self.tags.get(&flag).into_iter().flat_map(|tags| tags.iter())
    }

    /// Returns true if a visitor restricted to these tags may see a flag; without tags, every flag is visible.
    pub(crate) fn shows(&self, flag: u32, tags: &[String]) -> bool {
        tags.is_empty() || self.tags(flag).any(|tag| tags.iter().any(|shown| shown == tag))
    }

    /// The key of the flag with this number; empty if there is none.
    pub fn key_of(&self, flag: u32) -> &str {
        self.image.str(self.image.flag(flag).key)
    }

    /// The number of the flag's variant with this name; `None` if there is none.
    pub fn variant_number(&self, flag: u32, name: &str) -> Option<u32> {
        (0..self.image.variants(flag)).find(|number| self.image.text(self.image.variant(flag, *number).0) == name.as_bytes())
    }

    /// The names of a flag's variants in the order of their numbers.
    pub(crate) fn variant_names(&self, flag: u32) -> impl Iterator<Item = &str> {
        (0..self.image.variants(flag)).map(move |number| self.variant_name(flag, number))
    }

    /// The name of the flag's variant with this number; empty if there is none.
    pub fn variant_name(&self, flag: u32, number: u32) -> &str {
        self.image.str(self.image.variant(flag, number).0)
    }

    /// The value of the flag's variant with this number; `None` if it is no boolean.
    pub fn variant_boolean(&self, flag: u32, number: u32) -> Option<bool> {
        match self.image.variant(flag, number).1.first() {
            Some(&value::TRUE) => Some(true),
            Some(&value::FALSE) => Some(false),
            _ => None,
        }
    }

    /// The number of the flag's first variant whose value is this boolean; `None` if there is none.
    pub fn first_boolean(&self, flag: u32, value: bool) -> Option<u32> {
        let tag = if value { value::TRUE } else { value::FALSE };
        (0..self.image.variants(flag)).find(|number| self.image.variant(flag, *number).1.first() == Some(&tag))
    }

    /// The number of the flag with this key or alias; `None` if there is none.
    pub fn find(&self, key: &str) -> Option<u32> {
        let hash = self.key_hasher.hash(key.as_bytes());
        let number = *self.keys.find(hash, |number| name(&self.image, *number) == key.as_bytes())?;
        Some(match number.checked_sub(self.image.flags()) {
            None => number,
            Some(alias) => self.image.alias(alias).1,
        })
    }
}

/// The sizes alone: the rules may name customers, and the bucket key is a secret.
impl fmt::Debug for Ruleset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ruleset").field("flags", &self.len()).field("segments", &self.segments.len()).finish_non_exhaustive()
    }
}

/// The key of the flag with this number; numbers past the last flag stand for aliases.
fn name(image: &Image, number: u32) -> &[u8] {
    image.text(match number.checked_sub(image.flags()) {
        None => image.flag(number).key,
        Some(alias) => image.alias(alias).0,
    })
}

/// One context at one moment, for which any number of flags are evaluated; made by [`Ruleset::visitor`].
pub struct Visitor<'r, 'c> {
    ruleset: &'r Ruleset,
    own: ApplicableOverrides<'c>,
    context: &'c Context,
    now: Now,
    scratch: Scratch,
    tags: &'c [String],
}

/// The ruleset alone: a context may hold what is private.
impl fmt::Debug for Visitor<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visitor").field("ruleset", self.ruleset).finish_non_exhaustive()
    }
}

impl<'r, 'c> Visitor<'r, 'c> {
    /// Restricts the visitor to flags with one of these tags; without any tag, no flag is left out. A flag that is left out answers
    /// [`ErrorCode::FlagNotFound`] and still counts as a prerequisite.
    #[must_use]
    pub fn seeing(self, tags: &'c [String]) -> Self {
        Self { tags, ..self }
    }

    /// The ruleset that answers.
    pub(crate) fn ruleset(&self) -> &'r Ruleset {
        self.ruleset
    }

    /// The same context and moment, with nothing remembered.
    pub(crate) fn afresh(&self) -> Self {
        Self { now: self.now.clone(), scratch: Scratch::new(), ..*self }
    }

    /// Evaluates one flag; see [`Ruleset::evaluate`].
    pub fn evaluate(&mut self, flag_key: &str, requested: Option<FlagType>) -> Evaluation<'r> {
        self.question(flag_key, requested, |visitor, flag| visitor.walk(()).keep(flag))
    }

    /// Evaluates every flag that is not left out, in the order of [`Ruleset::flag_keys`].
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

    /// Answers one question and reports each step to `visit`.
    pub(crate) fn watched(&mut self, flag_key: &str, requested: Option<FlagType>, visit: impl Visit) -> Evaluation<'r> {
        self.question(flag_key, requested, |visitor, flag| visitor.walk(visit).flag(flag))
    }

    /// Answers one question: the question's own error, or the decision that `decide` makes on the flag.
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
