//! Prerequisites: which flag each names, and the order in which a flag stands behind those it needs.
use alloc::{collections::BTreeMap, vec::Vec};

use super::{flag::Draft, order::in_order, reader::Report, steps::Required};
use crate::json::Place;

/// Flags whose prerequisites are found.
pub(crate) struct Linked {
    /// The numbers of the drafts in the order of the ruleset.
    pub(crate) order: Vec<usize>,
    /// By draft: its prerequisites.
    pub(crate) required: Vec<Vec<Required>>,
}

/// Finds the prerequisites of all flags. One that is unknown or left out, or needs the flag itself, is reported and unmet.
pub(crate) fn link(drafts: &[(usize, Draft<'_>)], report: &mut Report) -> Linked {
    let named = drafts.iter().enumerate().flat_map(|(number, (_, draft))| draft.names().map(move |name| (name, number)));
    let numbers: BTreeMap<&str, usize> = named.collect();
    let find = |draft: &Draft<'_>| -> Vec<Option<usize>> {
        draft.prerequisites.iter().map(|prerequisite| numbers.get(prerequisite.flag.as_ref()).copied()).collect()
    };
    let needs: Vec<Vec<Option<usize>>> = drafts.iter().map(|(_, draft)| find(draft)).collect();
    let found: Vec<Vec<usize>> = needs.iter().map(|needs| needs.iter().copied().flatten().collect()).collect();
    let ordered = in_order(&found);
    let mut positions: Vec<u32> = alloc::vec![0; drafts.len()];
    for (position, number) in (0..).zip(&ordered.order) {
        if let Some(place) = positions.get_mut(*number) {
            *place = position;
        }
    }
    let place = Place::ROOT.name("flags");
    let mut required = Vec::with_capacity(drafts.len());
    for (number, ((at, draft), needs)) in drafts.iter().zip(&needs).enumerate() {
        report.reading(*at);
        let key_place = place.name(&draft.key);
        let list_place = key_place.name("prerequisites");
        let resolved = draft.prerequisites.iter().zip(needs).map(|(prerequisite, need)| {
            let flag = need.filter(|need| !ordered.is_cycle(number, *need));
            let Some((position, (_, other))) = flag.and_then(|flag| Some((positions.get(flag)?, drafts.get(flag)?))) else {
                let why = if need.is_some() { "needs this one" } else { "is unknown or left out" };
                let place = list_place.index(prerequisite.index);
                report.error(place.name("flag"), format_args!("the flag {:?} {why}: the prerequisite is never met", prerequisite.flag));
                return Required::Never;
            };
            let mut variants: Vec<u32> = prerequisite.variants.iter().filter_map(|name| other.variants.number(name)).collect();
            variants.sort_unstable();
            variants.dedup();
            Required::Flag { flag: *position, variants }
        });
        required.push(resolved.collect());
    }
    Linked { order: ordered.order, required }
}
