//! The questions of this isolate to the hub of each environment: when it was asked, and how that ended.
use std::cell::RefCell;

use sdk_core::Millis;

use crate::{environment::Environment, freshness::Questions, problem::Problem, repeats};

/// The questions about one environment.
#[derive(Default)]
pub(crate) struct Asking {
    pub(crate) questions: Questions,
    /// The reason why the last question that failed did, and the moment at which it ended.
    pub(crate) problem: Option<Problem>,
    pub(crate) failed_at: Option<Millis>,
    /// The time of the last request to the hub about an unknown key or an unknown environment.
    pub(crate) sought_keys: Option<Millis>,
}

thread_local! {
    /// An entry for each environment that was asked at all: for no more than were ever registered.
    static ASKING: RefCell<Vec<(Environment, Asking)>> = const { RefCell::new(Vec::new()) };
}

/// Looks at the questions about an environment.
pub(crate) fn asking<T>(environment: &Environment, look: impl FnOnce(&mut Asking) -> T) -> T {
    repeats::news();
    ASKING.with_borrow_mut(|all| {
        let place = all.iter().position(|(of, _)| of == environment).unwrap_or_else(|| {
            all.push((environment.clone(), Asking::default()));
            all.len() - 1
        });
        look(&mut all[place].1)
    })
}
