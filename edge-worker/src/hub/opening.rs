//! The moments at which requests open the store for writing: the first one in each life of the hub, and then one an hour, since the
//! runtime gives up an alarm that failed often. After a failure the next try waits a minute, not an hour.
use std::cell::Cell;

use sdk_core::Millis;

const AFTER_SUCCESS_MS: i64 = 60 * 60 * 1_000;
const AFTER_FAILURE_MS: i64 = 60 * 1_000;

/// The last attempt: its moment, and the milliseconds for which no other follows it.
#[derive(Default)]
pub(super) struct Opening(Cell<Option<(Millis, i64)>>);

impl Opening {
    /// Calls `open`, unless the last attempt was a short while ago.
    pub(super) fn attempt<E>(&self, now: Millis, open: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        // A clock that stepped back behind the attempt tells nothing of how long ago it was.
        if self.0.get().is_some_and(|(at, rest)| (0..rest).contains(&now.0.saturating_sub(at.0))) {
            return Ok(());
        }
        let outcome = open();
        self.0.set(Some((now, if outcome.is_ok() { AFTER_SUCCESS_MS } else { AFTER_FAILURE_MS })));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_is_opened_again_an_hour_after_a_success_and_a_minute_after_a_failure() {
        let opening = Opening::default();
        let (minute, hour) = (60_000, 3_600_000);
        let start = 1_000 * hour;
        for (at, outcome, expected) in [
            (start, Err(()), true),
            (start + minute - 1, Ok(()), false),
            (start + minute, Err(()), true),
            (start + 2 * minute, Ok(()), true),
            (start + 2 * minute + hour - 1, Ok(()), false),
            (start + 2 * minute + hour, Ok(()), true),
            // The clock was ahead.
            (start, Ok(()), true),
            (start, Ok(()), false),
        ] {
            let mut is_opened = false;
            let said = opening.attempt(Millis(at), || {
                is_opened = true;
                outcome
            });
            assert_eq!((is_opened, said), (expected, if expected { outcome } else { Ok(()) }), "{at}");
        }
    }
}
