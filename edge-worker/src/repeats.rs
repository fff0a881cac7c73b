//! Answers that the script repeats without a call into the module, because nothing that they depend on has changed.
//!
//! The answer of `/health` depends on what the isolate holds and knows of its hub, and on nothing of the request, unless `ADMIN_ORIGINS` lists pages: then `/health` goes the long way. The fast way only looks at
//! that; everything else may change it, so any look from elsewhere counts as [`news`]. The script repeats an answer as long as there was no
//! news and the hub's last answer counts as current, and counts how often it did, for [`counts`](crate::counts).
use std::cell::Cell;

use wasm_bindgen::prelude::wasm_bindgen;

/// The numbers that the script reads and writes in the module's memory.
#[repr(C)]
struct Shared {
    /// Changes with each news; see [`news`].
    news: Cell<u32>,
    /// The answers that were repeated, and not counted yet.
    repeated: Cell<u32>,
}

thread_local! {
    static SHARED: Shared = const { Shared { news: Cell::new(0), repeated: Cell::new(0) } };
    static IS_FAST: Cell<bool> = const { Cell::new(false) };
}

/// The address of two numbers of 32 bits: the news, and the answers that were repeated since they were counted.
#[wasm_bindgen]
pub fn fast_repeats() -> u32 {
    SHARED.with(|shared| std::ptr::from_ref(shared) as u32)
}

/// Notes that what the isolate holds or knows of its hubs may have changed, unless the fast way is looking.
pub(crate) fn news() {
    if !IS_FAST.get() {
        SHARED.with(|shared| shared.news.set(shared.news.get().wrapping_add(1)));
    }
}

/// Calls a function that changes nothing of what the isolate holds.
pub(crate) fn without_news<T>(look: impl FnOnce() -> T) -> T {
    IS_FAST.set(true);
    let seen = look();
    IS_FAST.set(false);
    seen
}

/// The number of answers that were repeated since the last call.
pub(crate) fn take() -> u32 {
    SHARED.with(|shared| shared.repeated.take())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::{self, Counts};

    #[test]
    fn answers_that_the_script_repeated_are_counted_once() {
        SHARED.with(|shared| shared.repeated.set(3));
        let told = Counts::default();
        told.add_text(&counts::take().unwrap());
        assert_eq!((told.responses(1, 0), told.durations(1)[0], told.evaluations()), (3, 3, [0, 3, 0]));
        assert_eq!(counts::take(), None);
    }

    fn newest() -> u32 {
        SHARED.with(|shared| shared.news.get())
    }

    #[test]
    fn only_looks_of_the_fast_way_are_no_news() {
        let before = newest();
        without_news(news);
        assert_eq!(newest(), before);
        news();
        assert_eq!(newest(), before + 1);
    }
}
