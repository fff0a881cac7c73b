//! Linking: from definitions, states and a bucket key to one ruleset.
use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};
use core::mem;

use super::{
    copy::{Copier, LinkedSegment},
    definition::{CompiledFlag, Definition},
    error::DocumentError,
    kept::Digest,
    names, prerequisites,
    report::Report,
    rollout::Rollout,
    segments::{Segments, StandingSegment},
    state::State,
    steps,
};
use crate::{
    bucket::BucketKey,
    evaluate::ruleset::Ruleset,
    model::{build::Builder, image::Image},
};

/// The document's settings that concern all flags.
pub(crate) struct Setting<'s> {
    /// The environment whose defaults count.
    pub(crate) environment: Option<&'s str>,
    pub(crate) key: BucketKey,
    /// Attributes that a pinned or signed identity always knows.
    pub(crate) private: Vec<String>,
}

/// A flag to be linked.
pub(crate) struct StatedFlag {
    /// The offset of its value in the text.
    pub(crate) at: usize,
    pub(crate) digest: Digest,
    pub(crate) compiled: CompiledFlag,
    /// `None` where it is unusable, as was reported.
    pub(crate) state: Option<State>,
}

/// A flag that is linked: it is sound, and its segments are found.
pub(crate) struct LinkedFlag<'f> {
    pub(crate) at: usize,
    pub(crate) definition: &'f Definition,
    /// Those that are not dropped, with their places in the list.
    pub(crate) aliases: Vec<(usize, &'f str)>,
    state: State,
    part: Tables<'f>,
    segments: Vec<LinkedSegment>,
}

/// The tables of a part.
enum Tables<'f> {
    /// Kept for the next time.
    Kept(&'f Image),
    /// Given back as soon as they are copied.
    Spent(Image),
}

impl LinkedFlag<'_> {
    /// Its key and its aliases.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.aliases.iter().map(|(_, alias)| *alias).chain([&*self.definition.key])
    }
}

/// Links flags and segments; returns the ruleset, and warnings about keys. A flag with an error is reported and left out.
///
/// `flag_keys` and `segment_names` are all that stand in the document, also those that are left out. The states are used up, and so
/// are the tables of the flags unless they are kept.
pub(crate) fn link<'f>(
    setting: Setting<'_>,
    (segments, segment_names): (&[StandingSegment<'f>], impl Iterator<Item = &'f str>),
    (flags, flag_keys): (&'f mut [StatedFlag], impl Iterator<Item = &'f str>),
    keeps: bool,
    report: &mut Report,
) -> Result<(Ruleset, Vec<DocumentError>), DocumentError> {
    let Setting { environment, key, private } = setting;
    let mut builder = Builder::new(key.subkey(b"\0symbols"));
    let segments = Segments::link(segments, segment_names, key, &mut builder, report);
    let mut linked: Vec<LinkedFlag<'_>> = flags.iter_mut().filter_map(|flag| find(flag, &segments, keeps, report)).collect();
    names::drop_aliases(flag_keys, &mut linked, report);
    let warnings = names::prefixes(&linked);
    let prerequisites::Linked { order, required } = prerequisites::link(&linked, report);

    let mut tags = BTreeMap::new();
    for (number, index) in (0..).zip(&order) {
        let (Some(flag), Some(required)) = (linked.get_mut(*index), required.get(*index)) else { continue };
        flag.lay(required, environment, key, &mut builder);
        if !flag.definition.tags.is_empty() {
            tags.insert(number, Box::from(flag.definition.tags.as_slice()));
        }
    }
    for (number, index) in (0..).zip(&order) {
        for (_, alias) in linked.get(*index).map_or(&[][..], |flag| &flag.aliases) {
            builder.alias(alias.as_bytes(), number);
        }
    }
    drop((linked, required));
    let tables = builder.finish_exact().ok_or_else(DocumentError::too_large)?;
    Ok((Ruleset::new(tables, key, private, segments.in_order_of_numbers(), tags), warnings))
}

/// Finds the segments of a flag; `None` after reporting what is wrong with it.
fn find<'f>(flag: &'f mut StatedFlag, segments: &Segments<'_>, keeps: bool, report: &mut Report) -> Option<LinkedFlag<'f>> {
    report.reading(flag.at);
    let used = segments.resolve(&flag.compiled.part, report);
    let (state, (segments, _)) = flag.state.take().zip(used)?;
    flag.compiled.definition.as_ref()?;
    let spent = if keeps { None } else { Some(mem::take(&mut flag.compiled.part.tables)) };
    let CompiledFlag { definition, part } = &flag.compiled;
    let definition = definition.as_ref()?;
    let aliases = definition.aliases.iter().map(|(index, alias)| (*index, &**alias)).collect();
    let part = spent.map_or(Tables::Kept(&part.tables), Tables::Spent);
    Some(LinkedFlag { at: flag.at, definition, aliases, state, part, segments })
}

impl LinkedFlag<'_> {
    /// Adds the flag to the tables.
    fn lay(&mut self, required: &[steps::Required], environment: Option<&str>, key: BucketKey, builder: &mut Builder) {
        let definition = self.definition;
        let part = match &self.part {
            Tables::Kept(part) => part,
            Tables::Spent(part) => part,
        };
        let variants = builder.copy_variants(part, 0);
        let mut copier = Copier::new(part, key, &self.segments, builder);
        let places = definition.targets.iter().map(|target| target.condition).chain(definition.rules.iter().map(|rule| rule.condition));
        let conditions: Vec<u32> = places.map(|place| copier.condition(place)).collect();
        let plan = steps::Plan { definition, state: &self.state, required, conditions: &conditions, environment, key };
        let steps = steps::lay(&plan, builder);
        builder.flag(definition.key.as_bytes(), definition.kind, variants, steps);
        // The tables have them now.
        self.state.rollout = Rollout::default();
        self.segments = Vec::new();
        if let Tables::Spent(part) = &mut self.part {
            *part = Image::EMPTY;
        }
    }
}
