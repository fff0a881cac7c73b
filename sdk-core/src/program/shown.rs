//! How much of each flag a program shows.
use alloc::vec::Vec;

/// How much of a flag goes into a program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// The flag is left out.
    Nothing,
    /// Its open steps alone: a flag that is shown depends on them.
    Nameless,
    Whole,
}

/// How much of each of `count` flags a program shows. A flag stands behind those that it needs.
pub(super) fn shown<I: Iterator<Item = u32>>(count: usize, needs: impl Fn(usize) -> I, is_seen: impl Fn(u32) -> bool) -> Vec<Shown> {
    let mut shown: Vec<Shown> = (0..).take(count).map(|flag| if is_seen(flag) { Shown::Whole } else { Shown::Nothing }).collect();
    for flag in (0..count).rev() {
        if shown.get(flag) == Some(&Shown::Nothing) {
            continue;
        }
        for need in needs(flag) {
            if let Some(need) = shown.get_mut(need as usize).filter(|need| **need == Shown::Nothing) {
                *need = Shown::Nameless;
            }
        }
    }
    shown
}
