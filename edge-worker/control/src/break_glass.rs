//! The use of the break-glass token, which opens the edge when its other credentials are lost.
//!
//! A row remembers the newest noted use, so that an hour of uses is one record, whatever the number of requests.
use alloc::format;

use sdk_core::Millis;

use crate::{
    CommandOutcome,
    change::{Action, Change},
    rows::{RowKey, RowKind, Rows},
};

const HOUR_MS: i64 = 60 * 60 * 1_000;
const ROW: &str = "used";

/// The key of the row of the newest use. A version that writes it writes nothing else.
fn break_glass_row() -> RowKey {
    RowKey::of(RowKind::BreakGlass, ROW)
}

/// The moment of the newest use that the trail has; `None` before the first.
pub fn break_glass_used(rows: &Rows) -> Option<Millis> {
    #[derive(serde::Deserialize)]
    struct Row {
        at: i64,
    }
    let Row { at } = serde_json::from_str(rows.get(RowKind::BreakGlass, ROW)?).ok()?;
    Some(Millis(at))
}

/// The row and the record of a use at this moment; `None` if the trail has one of the hour before.
pub fn break_glass(rows: &Rows, now: Millis) -> Option<CommandOutcome> {
    if break_glass_used(rows).is_some_and(|used| (0..HOUR_MS).contains(&(now.0.saturating_sub(used.0)))) {
        return None;
    }
    let row = (break_glass_row(), Some(format!(r#"{{"at":{}}}"#, now.0)));
    Some(CommandOutcome { writes: [row].into(), changes: [Change::new(Action::BreakGlassUsed)].into(), ..CommandOutcome::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply;

    #[test]
    fn an_hour_of_uses_is_one_record() {
        let mut rows = Rows::default();
        let mut noted = std::vec::Vec::new();
        // The fourth moment is before the noted one: a clock that was set back hides no use.
        for now in [5_000, 5_001, 5_000 + HOUR_MS - 1, 4_999, 5_000 + HOUR_MS, 6_000 + HOUR_MS] {
            if let Some(outcome) = break_glass(&rows, Millis(now)) {
                assert_eq!(outcome.changes.iter().map(|change| change.action).collect::<std::vec::Vec<_>>(), [Action::BreakGlassUsed]);
                assert_eq!(outcome.writes.iter().map(|(key, _)| key.clone()).collect::<std::vec::Vec<_>>(), [break_glass_row()]);
                apply(&mut rows, &outcome.writes);
                assert_eq!(break_glass_used(&rows), Some(Millis(now)));
                noted.push(now);
            }
        }
        assert_eq!(noted, [5_000, 4_999, 5_000 + HOUR_MS]);
    }
}
