//! Checks that go further than a test run: they are started by hand, and run as long as they are told.
pub(crate) mod audit;
pub(crate) mod by_hand;
pub(crate) mod fuzz;
pub(crate) mod releases;
