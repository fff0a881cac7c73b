//! The extent of a test run.
use std::fmt::Display;

/// The number of cases that the suites try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Extent {
    /// Every check, with few cases where many take long: a run aims at a quarter of an hour on two cores.
    Usual,
    /// `--all`: every check with all its cases.
    All,
}

impl Extent {
    /// Chooses by the extent.
    pub(super) fn of<T>(self, usual: T, all: T) -> T {
        match self {
            Self::Usual => usual,
            Self::All => all,
        }
    }

    /// The environment variable that tells the extent to test files; `tests/extent.mjs` reads it.
    pub(super) fn variable(self) -> [(&'static str, impl Display + AsRef<std::ffi::OsStr>); 1] {
        [("TWINFLAG_EXTENT", self.of("usual", "all"))]
    }
}
