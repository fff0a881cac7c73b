//! A ruleset in which one flag has another state: the flag's steps are written anew, and the rest stays.
use alloc::vec::Vec;
use core::fmt;

use super::{numbering::Numbering, ruleset::Ruleset};

/// One flag of a ruleset in another state; made by [`Compiler::restate`](crate::Compiler::restate) for
/// [`Ruleset::restate`](crate::Ruleset::restate).
pub struct Restated {
    numbering: Numbering,
    flag: u32,
    steps: Vec<u32>,
    off: Option<u32>,
}

impl Restated {
    /// The number of the variant that the flag answers while it is off; `None` if the caller's default is answered then.
    pub fn off(&self) -> Option<u32> {
        self.off
    }
}

/// The number of the flag alone: steps name attributes of customers.
impl fmt::Debug for Restated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restated").field("flag", &self.flag).finish_non_exhaustive()
    }
}

impl Ruleset {
    /// The change that gives a flag these steps; `None` if they have no room beside the tables.
    pub(crate) fn restated(&self, flag: u32, steps: Vec<u32>, off: Option<u32>) -> Option<Restated> {
        self.room.takes(&self.image, steps.len()).then_some(Restated { numbering: self.numbering, flag, steps, off })
    }

    /// Gives a flag the state of `restated`. Every answer and every program is then that of a ruleset that was compiled with this state.
    ///
    /// The first change of a ruleset copies its tables; further ones take time by the size of the flag.
    ///
    /// Returns false, and changes nothing, if `restated` was made for a ruleset with other flags, or the ruleset was restated meanwhile and
    /// has no room left: then compile the document.
    pub fn restate(&mut self, restated: &Restated) -> bool {
        restated.numbering == self.numbering && self.room.write(&mut self.image, restated.flag, &restated.steps)
    }
}
