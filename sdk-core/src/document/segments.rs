//! Segments: conditions with a name, linked once, each after those it names.
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::fmt;

use super::{
    condition::TooDeep,
    copy::{Copier, LinkedSegment},
    definition::{CompiledSegment, Part},
    limits::MAX_CONDITION_DEPTH,
    order::in_order,
    report::Report,
    segment_uses::SegmentUse,
};
use crate::{bucket::BucketKey, model::build::Builder};

/// The outcome of linking a segment.
#[derive(Clone, Copy)]
enum Segment {
    /// The segment is linked; `depth` is the number of levels of its condition.
    Sound { linked: LinkedSegment, depth: u32 },
    /// The segment cannot be used, as is reported already.
    Broken,
}

/// A segment to be linked.
pub(crate) struct StandingSegment<'s> {
    /// Its place among all that is linked: errors are reported in this order.
    pub(crate) at: usize,
    pub(crate) compiled: &'s CompiledSegment,
}

/// The segments of a document by name.
pub(crate) struct Segments<'s>(BTreeMap<&'s str, Segment>);

impl<'s> Segments<'s> {
    /// Links segments; `known` are the names that stand in the document, also those that are left out.
    pub(crate) fn link(
        segments: &[StandingSegment<'s>],
        known: impl Iterator<Item = &'s str>,
        key: BucketKey,
        builder: &mut Builder,
        report: &mut Report,
    ) -> Self {
        let numbers: BTreeMap<&str, usize> =
            segments.iter().enumerate().map(|(number, segment)| (&*segment.compiled.name, number)).collect();
        let needs = |segment: &StandingSegment<'_>| -> Vec<usize> {
            segment.compiled.part.segments.names().filter_map(|name| numbers.get(name).copied()).collect()
        };
        let needs: Vec<Vec<usize>> = segments.iter().map(needs).collect();
        let mut all = Self(known.map(|name| (name, Segment::Broken)).collect());
        // The first segment of a cycle finds the next one still broken, so that the whole cycle stays broken.
        for number in in_order(&needs).order {
            let Some(segment) = segments.get(number) else { continue };
            report.reading(segment.at);
            let part = &segment.compiled.part;
            let used = all.resolve(part, report);
            if let Some((condition, (used, depth))) = segment.compiled.condition.zip(used) {
                let condition_at = Copier::new(&part.tables, key, &used, builder).condition(condition.at);
                let linked = LinkedSegment { number: builder.segment(), condition: condition_at };
                all.0.insert(&segment.compiled.name, Segment::Sound { linked, depth: condition.depth.max(depth) });
            }
        }
        all
    }

    /// Reports the errors of a part, and finds the segments that it names, in the order of its uses, and the deepest level that its
    /// conditions reach in them. `None` after reporting a segment that cannot be used.
    pub(crate) fn resolve(&self, part: &Part, report: &mut Report) -> Option<(Vec<LinkedSegment>, u32)> {
        report.add_all(&part.errors, part.error_count);
        let (mut used, mut deepest) = (Vec::with_capacity(part.segments.len()), 0);
        part.segments.visit(|SegmentUse { name, level, pointer }| {
            let mut error = |message: &dyn fmt::Display| report.error_at(pointer, message);
            match self.0.get(name) {
                None => error(&format_args!("unknown segment {name:?}")),
                Some(Segment::Broken) => error(&format_args!("segment {name:?} cannot be used")),
                Some(Segment::Sound { depth, .. }) if level + depth > MAX_CONDITION_DEPTH => error(&TooDeep),
                Some(Segment::Sound { linked, depth }) => {
                    used.push(*linked);
                    deepest = deepest.max(level + depth);
                }
            }
        });
        (used.len() == part.segments.len()).then_some((used, deepest))
    }

    /// The names of sound segments in the order of their numbers.
    pub(crate) fn in_order_of_numbers(self) -> Vec<Box<str>> {
        let sound = self.0.into_iter().filter_map(|(name, segment)| match segment {
            Segment::Sound { linked, .. } => Some((linked.number, name)),
            Segment::Broken => None,
        });
        let mut numbered: Vec<_> = sound.collect();
        numbered.sort_unstable();
        numbered.into_iter().map(|(_, name)| name.into()).collect()
    }
}
