//! Links definitions, states and a bucket key to one ruleset.
use alloc::{collections::BTreeMap, string::String, sync::Arc, vec::Vec};
use core::ops::Deref;

use super::{
    copy::{Copier, LinkedSegment},
    definition::{CompiledFlag, Definition},
    error::DocumentError,
    names, prerequisites,
    report::Report,
    segments::{Segments, StandingSegment},
    state::State,
    steps,
    texts::Texts,
};
use crate::{
    bucket::BucketKey,
    evaluate::ruleset::Ruleset,
    model::{
        build::{Builder, Room},
        image::Image,
    },
};

/// The settings of an environment that concern all its flags.
#[derive(Clone, Copy, Debug)]
pub struct Environment<'e> {
    /// The name of the environment, whose defaults flags may have; `None` for a document that names none.
    pub name: Option<&'e str>,
    /// The key of its draws.
    pub key: BucketKey,
    /// Attributes that a pinned or signed identity always knows, besides those of every document.
    pub private: &'e [String],
}

/// A flag to be linked.
pub(crate) struct StatedFlag<'f> {
    /// Its place among all that is linked: errors are reported in this order.
    pub(crate) at: usize,
    pub(crate) compiled: &'f CompiledFlag,
    pub(crate) tables: MaybeOwned<'f, Image>,
    /// `None` if the state has errors, which are reported already.
    pub(crate) state: Option<MaybeOwned<'f, State>>,
}

/// A part or a state that is linked.
pub(crate) enum MaybeOwned<'f, T> {
    /// The compiler keeps it for the next document.
    Borrowed(&'f T),
    /// It is freed as soon as it is copied.
    Owned(T),
}

impl<T> Deref for MaybeOwned<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Borrowed(borrowed) => borrowed,
            Self::Owned(owned) => owned,
        }
    }
}

/// A flag that is linked: it is sound, and its segments are found.
pub(crate) struct LinkedFlag<'f> {
    pub(crate) at: usize,
    pub(crate) key: &'f str,
    pub(crate) definition: &'f Definition,
    /// The places of the aliases that are dropped, ascending.
    pub(crate) dropped: Vec<usize>,
    segments: Vec<LinkedSegment>,
    /// The part and the state; `None` once the flag is laid.
    parts: Option<(MaybeOwned<'f, Image>, MaybeOwned<'f, State>)>,
}

impl LinkedFlag<'_> {
    /// The key and the aliases that are not dropped.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.aliases().chain([self.key])
    }

    /// The part and the state, if both stay after linking.
    fn kept(&self) -> Option<(&Image, &State)> {
        match &self.parts {
            Some((MaybeOwned::Borrowed(part), MaybeOwned::Borrowed(state))) => Some((part, state)),
            Some((MaybeOwned::Owned(_), _) | (_, MaybeOwned::Owned(_))) | None => None,
        }
    }

    /// The aliases that are not dropped.
    fn aliases(&self) -> impl Iterator<Item = &str> {
        let is_kept = |index: &usize| self.dropped.binary_search(index).is_err();
        self.definition.aliases.iter().enumerate().filter(move |(index, _)| is_kept(index)).map(|(_, alias)| alias)
    }
}

/// Links flags and segments; returns the ruleset, and warnings about keys. A flag with an error is reported and left out.
///
/// `flag_keys` and `segment_names` name all flags and segments of the document, also those that are left out.
pub(crate) fn link<'f>(
    environment: &Environment<'_>,
    (segments, segment_names): (&[StandingSegment<'f>], impl Iterator<Item = &'f str>),
    (flags, flag_keys): (impl Iterator<Item = StatedFlag<'f>>, impl Iterator<Item = &'f str>),
    report: &mut Report,
) -> Result<(Ruleset, Vec<DocumentError>), DocumentError> {
    let key = environment.key;
    let mut builder = Builder::new(key.subkey(b"\0symbols"));
    let segments = Segments::link(segments, segment_names, key, &mut builder, report);
    let mut linked: Vec<LinkedFlag<'_>> = flags.filter_map(|flag| find(flag, &segments, report)).collect();
    let mut room = Room::default();
    for (part, state) in linked.iter().filter_map(LinkedFlag::kept) {
        room.add_part(part);
        for list in [&state.rollout.allow, &state.rollout.deny].into_iter().filter(|list| !list.is_empty()) {
            room.add_list(list.count(), list.bytes());
        }
    }
    builder.expect(&room);
    names::drop_aliases(flag_keys, &mut linked, report);
    let warnings = names::prefixes(&linked);
    let prerequisites::Linked { order, required } = prerequisites::link(&linked, report);

    let (mut tags, mut usual_variants) = (BTreeMap::new(), None);
    for (number, index) in (0..).zip(&order) {
        let (Some(flag), Some(required)) = (linked.get_mut(*index), required.get(*index)) else { continue };
        flag.lay(required, environment, &mut usual_variants, &mut builder);
        if !flag.definition.tags.is_empty() {
            tags.insert(number, Arc::clone(&flag.definition.tags));
        }
    }
    let aliases = linked.iter().map(|flag| &flag.definition.aliases);
    builder.expect_aliases(aliases.clone().map(Texts::len).sum(), aliases.map(Texts::bytes).sum());
    for (number, index) in (0..).zip(&order) {
        for alias in linked.get(*index).into_iter().flat_map(LinkedFlag::aliases) {
            builder.alias(alias.as_bytes(), number);
        }
    }
    drop((linked, required));
    let tables = builder.finish_exact().ok_or_else(DocumentError::too_large)?;
    let private = environment.private.to_vec();
    Ok((Ruleset::new(tables, key, environment.name, private, segments.in_order_of_numbers(), tags), warnings))
}

/// Finds the segments of a flag; `None` after reporting its errors.
fn find<'f>(flag: StatedFlag<'f>, segments: &Segments<'_>, report: &mut Report) -> Option<LinkedFlag<'f>> {
    let StatedFlag { at, compiled: CompiledFlag { key, definition, part }, tables, state } = flag;
    report.reading(at);
    let used = segments.resolve(part, report);
    let (state, (segments, _)) = state.zip(used)?;
    let definition = definition.as_ref()?;
    let dropped = definition.malformed_aliases.clone();
    Some(LinkedFlag { at, key, definition, dropped, segments, parts: Some((tables, state)) })
}

impl LinkedFlag<'_> {
    /// Adds the flag to the tables, and frees its part and its state. `usual_variants` is the place of the usual variants; `None` until
    /// they are written.
    fn lay(
        &mut self,
        required: &[steps::Required],
        environment: &Environment<'_>,
        usual_variants: &mut Option<u32>,
        builder: &mut Builder,
    ) {
        let Some((part, state)) = self.parts.take() else { return };
        let (definition, key) = (self.definition, environment.key);
        let mut copied = || builder.copy_variants(&part, 0);
        let variants = if definition.usual_variants { *usual_variants.get_or_insert_with(copied) } else { copied() };
        let mut copier = Copier::new(&part, key, &self.segments, builder);
        let places = definition.targets.iter().map(|target| target.condition).chain(definition.rules.iter().map(|rule| rule.condition));
        let conditions: Vec<u32> = places.map(|place| copier.condition(place)).collect();
        let environment = environment.name;
        let plan = steps::Plan { flag_key: self.key, definition, state: &state, required, conditions: &conditions, environment, key };
        let steps = steps::lay(&plan, builder);
        builder.flag(self.key.as_bytes(), definition.kind, variants, steps);
        self.segments = Vec::new();
    }
}
