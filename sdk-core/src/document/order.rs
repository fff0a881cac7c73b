//! Putting things that need one another in order.
use alloc::{collections::BTreeSet, vec, vec::Vec};

/// The numbers of all things in an order in which each stands behind what it needs. Left out is what needs itself, or needs
/// what is left out.
pub(crate) fn in_order(needs: &[Vec<usize>]) -> Vec<usize> {
    let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (thing, needs) in needs.iter().enumerate() {
        for need in needs {
            if let Some(needed_by) = needed_by.get_mut(*need) {
                needed_by.push(thing);
            }
        }
    }
    let mut ready: BTreeSet<usize> = open.iter().enumerate().filter(|(_, open)| **open == 0).map(|(thing, _)| thing).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(thing) = ready.pop_first() {
        order.push(thing);
        for next in needed_by.get(thing).into_iter().flatten() {
            if let Some(open) = open.get_mut(*next) {
                *open -= 1;
                if *open == 0 {
                    ready.insert(*next);
                }
            }
        }
    }
    order
}
