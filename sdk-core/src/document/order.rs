//! Sorts things so that each stands behind the things that it needs.
use alloc::{vec, vec::Vec};

/// The numbers of things in an order, and which of them stand in cycles.
pub(crate) struct Order {
    /// Every thing once, behind those it needs. The things of one cycle stand side by side, in any order.
    pub(crate) order: Vec<usize>,
    /// The number of each thing's cycle. A thing in no cycle is alone under its number.
    cycles: Vec<usize>,
}

impl Order {
    /// Returns true if two things, of which one needs the other, need each other.
    pub(crate) fn is_cycle(&self, thing: usize, need: usize) -> bool {
        self.cycles.get(thing) == self.cycles.get(need)
    }
}

/// Orders things by their needs, in time linear in the things and the needs, and without recursion.
///
/// The algorithm is Tarjan's for strongly connected components, which come out behind the components that they need.
pub(crate) fn in_order(needs: &[Vec<usize>]) -> Order {
    const NEW: usize = usize::MAX;
    let mut search = Order { order: Vec::with_capacity(needs.len()), cycles: vec![NEW; needs.len()] };
    // For each thing: the number under which it was met, and the lowest such number that it leads back to, among things whose cycle is
    // still open.
    let (mut met, mut earliest) = (vec![NEW; needs.len()], vec![NEW; needs.len()]);
    let (mut count, mut cycles, mut open, mut path): (usize, usize, Vec<usize>, Vec<(usize, usize)>) = (0, 0, Vec::new(), Vec::new());
    let read = |list: &[usize], thing: usize| list.get(thing).copied().unwrap_or(NEW);
    let lower = |list: &mut [usize], thing: usize, value: usize| {
        if let Some(place) = list.get_mut(thing) {
            *place = value.min(*place);
        }
    };
    for root in 0..needs.len() {
        if read(&met, root) == NEW {
            path.push((root, 0));
        }
        while let Some((thing, next)) = path.last_mut() {
            let (thing, need) = (*thing, needs.get(*thing).and_then(|needs| needs.get(*next)).copied());
            if *next == 0 && read(&met, thing) == NEW {
                lower(&mut met, thing, count);
                lower(&mut earliest, thing, count);
                count += 1;
                open.push(thing);
            }
            *next += 1;
            if let Some(need) = need {
                if read(&met, need) == NEW && need < needs.len() {
                    path.push((need, 0));
                } else if read(&search.cycles, need) == NEW {
                    lower(&mut earliest, thing, read(&met, need));
                }
                continue;
            }
            path.pop();
            if let Some((above, _)) = path.last() {
                let back = read(&earliest, thing);
                lower(&mut earliest, *above, back);
            }
            if read(&earliest, thing) == read(&met, thing) {
                while let Some(member) = open.pop() {
                    lower(&mut search.cycles, member, cycles);
                    search.order.push(member);
                    if member == thing {
                        break;
                    }
                }
                cycles += 1;
            }
        }
    }
    search
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::in_order;
    use crate::matching::seeded::Seeded;

    /// Tells by Warshall's algorithm whether one thing leads to another: true at `[one][other]` if it does.
    fn reaches(needs: &[Vec<usize>]) -> Vec<Vec<bool>> {
        let mut reaches: Vec<Vec<bool>> =
            needs.iter().map(|needs_of| (0..needs.len()).map(|other| needs_of.contains(&other)).collect()).collect();
        for by in 0..needs.len() {
            for from in 0..needs.len() {
                for to in 0..needs.len() {
                    reaches[from][to] |= reaches[from][by] && reaches[by][to];
                }
            }
        }
        reaches
    }

    #[test]
    fn things_stand_behind_what_they_need_and_cycles_are_found() {
        let mut random = Seeded(41);
        for _ in 0..2_000 {
            let count = 1 + random.below(9);
            let needs: Vec<Vec<usize>> = (0..count).map(|_| (0..random.below(3)).map(|_| random.below(count)).collect()).collect();
            let (ordered, reaches) = (in_order(&needs), reaches(&needs));
            let mut sorted = ordered.order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..count).collect::<Vec<_>>(), "{needs:?}");
            let position = |thing: usize| ordered.order.iter().position(|other| *other == thing);
            for (thing, needs_of) in needs.iter().enumerate() {
                for need in needs_of {
                    assert_eq!(ordered.is_cycle(thing, *need), reaches[*need][thing] || need == &thing, "{needs:?}");
                    assert!(ordered.is_cycle(thing, *need) || position(*need) < position(thing), "{needs:?}");
                }
            }
        }
    }

    #[test]
    fn a_chain_of_any_length_takes_no_stack() {
        let chain: Vec<Vec<usize>> =
            (0..200_000).map(|thing| vec![(thing + 1) % 200_001].into_iter().filter(|next| *next < 200_000).collect()).collect();
        assert_eq!(in_order(&chain).order.first(), Some(&199_999));
        let ring: Vec<Vec<usize>> = (0..200_000).map(|thing| vec![(thing + 1) % 200_000]).collect();
        assert!(in_order(&ring).is_cycle(0, 100_000));
    }
}
