//! Segments: conditions with a name, compiled once, each after those it names.
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};

use super::{
    condition::{Conditions, Segment, segments_in},
    error::DocumentError,
    order::in_order,
    pattern::Budget,
    reader::{Report, once},
};
use crate::{
    bucket::BucketKey,
    json::{Json, Place, cursor::Member},
    model::build::Builder,
};

/// What became of each segment, by name.
pub(crate) type Segments = BTreeMap<Box<str>, Segment>;

/// Compiles all segments. One at a time is read as a tree, twice: for its references, and then in their order. An error refuses
/// the document.
pub(crate) fn compile(
    members: &[Member<'_>],
    key: BucketKey,
    builder: &mut Builder,
    patterns: &mut Budget,
    report: &mut Report,
) -> Result<Segments, DocumentError> {
    let place = Place::ROOT.name("segments");
    let names = once(members, place, report);
    let numbers: BTreeMap<&str, usize> = names.iter().enumerate().map(|(number, (name, _))| (name.as_ref(), number)).collect();
    let mut needs: Vec<Vec<usize>> = Vec::with_capacity(names.len());
    for (name, member) in &names {
        // One that cannot be read needs nothing, and is reported below.
        let tree = Json::read(member.raw, place.name(name)).unwrap_or(Json::Null);
        let mut found = Vec::new();
        segments_in(&tree, &mut found);
        needs.push(found.iter().filter_map(|name| numbers.get(name).copied()).collect());
    }
    // A name that stands twice is known, and broken.
    let known = members.iter().filter_map(|member| member.name.as_deref().ok());
    let mut segments: Segments = known.map(|name| (name.into(), Segment::Broken)).collect();
    // Of a cycle whichever comes first finds the next one broken still, and so on round.
    for number in in_order(&needs).order {
        let Some((name, member)) = names.get(number) else { continue };
        report.reading(member.at);
        match Json::read(member.raw, place.name(name)) {
            Err(error) => report.add(error),
            Ok(tree) => {
                let mut conditions = Conditions { builder, report, segments: &segments, key, patterns, draws: None };
                if let Some(condition) = conditions.compile(&tree, place.name(name), 1) {
                    let number = builder.segment();
                    segments.insert(name.as_ref().into(), Segment::Sound { number, condition: condition.at, depth: condition.depth });
                }
            }
        }
        if let Some(refusal) = report.refusal.take() {
            return Err(refusal);
        }
    }
    Ok(segments)
}

/// The names of sound segments in the order of their numbers.
pub(crate) fn in_order_of_numbers(segments: Segments) -> Vec<Box<str>> {
    let sound = segments.into_iter().filter_map(|(name, segment)| match segment {
        Segment::Sound { number, .. } => Some((number, name)),
        Segment::Broken => None,
    });
    let mut numbered: Vec<_> = sound.collect();
    numbered.sort_unstable();
    numbered.into_iter().map(|(_, name)| name).collect()
}
