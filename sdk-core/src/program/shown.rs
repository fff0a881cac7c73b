//! The parts of flags that a program shows to its audience.
use alloc::vec::Vec;

/// The part of a flag that goes into a program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// The flag is left out.
    Nothing,
    /// The open steps alone, on which a flag that is shown depends.
    Nameless,
    /// The flag with its key, metadata, and the names and values of its variants.
    Whole,
}

/// The part of each of `count` flags that a program shows. A flag must stand behind its prerequisites, which `needs` names.
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
