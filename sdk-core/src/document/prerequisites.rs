//! Prerequisites: finds the flags that they name, and an order in which each flag stands behind those that it needs.
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::{link::LinkedFlag, order::in_order, report::Report, steps::Required};
use crate::json::Place;

/// Flags whose prerequisites are found.
pub(crate) struct Linked {
    /// The places of the flags in the order of the ruleset.
    pub(crate) order: Vec<usize>,
    /// The prerequisites of each flag.
    pub(crate) required: Vec<Vec<Required>>,
}

/// Finds the prerequisites of all flags. One that is unknown or left out, or needs the flag itself, is reported and unmet.
pub(crate) fn link(flags: &[LinkedFlag<'_>], report: &mut Report) -> Linked {
    if flags.iter().all(|flag| flag.definition.prerequisites.is_empty()) {
        return Linked { order: (0..flags.len()).collect(), required: flags.iter().map(|_| Vec::new()).collect() };
    }
    let wanted: BTreeSet<&str> = flags.iter().flat_map(|flag| &flag.definition.prerequisites).map(|wanted| &*wanted.flag).collect();
    let named = flags.iter().enumerate().flat_map(|(number, flag)| flag.names().map(move |name| (name, number)));
    let numbers: BTreeMap<&str, usize> = named.filter(|(name, _)| wanted.contains(name)).collect();
    let find = |flag: &LinkedFlag<'_>| -> Vec<Option<usize>> {
        flag.definition.prerequisites.iter().map(|prerequisite| numbers.get(prerequisite.flag.as_ref()).copied()).collect()
    };
    let needs: Vec<Vec<Option<usize>>> = flags.iter().map(find).collect();
    let found: Vec<Vec<usize>> = needs.iter().map(|needs| needs.iter().copied().flatten().collect()).collect();
    let ordered = in_order(&found);
    let mut positions: Vec<u32> = alloc::vec![0; flags.len()];
    for (position, number) in (0..).zip(&ordered.order) {
        if let Some(place) = positions.get_mut(*number) {
            *place = position;
        }
    }
    let place = Place::ROOT.name("flags");
    let mut required = Vec::with_capacity(flags.len());
    for (number, (flag, needs)) in flags.iter().zip(&needs).enumerate() {
        report.reading(flag.at);
        let key_place = place.name(flag.key);
        let list_place = key_place.name("prerequisites");
        let resolved = flag.definition.prerequisites.iter().zip(needs).map(|(prerequisite, need)| {
            let found = need.filter(|need| !ordered.is_cycle(number, *need));
            let Some((position, other)) = found.and_then(|found| Some((positions.get(found)?, flags.get(found)?))) else {
                let why = if need.is_some() { "needs this one" } else { "is unknown or left out" };
                let place = list_place.index(prerequisite.index);
                report.error(place.name("flag"), format_args!("the flag {:?} {why}: the prerequisite is never met", prerequisite.flag));
                return Required::Never;
            };
            let mut variants: Vec<u32> = prerequisite.variants.iter().filter_map(|name| other.definition.variants.number(name)).collect();
            variants.sort_unstable();
            variants.dedup();
            Required::Flag { flag: *position, variants }
        });
        required.push(resolved.collect());
    }
    Linked { order: ordered.order, required }
}
