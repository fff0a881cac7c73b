//! The treatment's outcomes within the time that the guard looks back, in slots of whole minutes.
use alloc::vec::Vec;

use sdk_core::Millis;

use super::sums::Sums;

/// The most slots of a window; a window of more minutes has slots of several minutes.
pub(super) const MAX_SLOTS: i64 = 60;
const MINUTE_MS: i64 = 60_000;

/// The outcomes that arrived in one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// The number of the slot: its first millisecond divided by the length of slots.
    pub(super) number: i64,
    pub(super) sums: Sums,
}

/// The division of the time that a guard looks back into slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Division {
    /// The milliseconds of a slot: whole minutes.
    pub(super) slot_ms: i64,
    /// The number of slots, `1..=MAX_SLOTS`.
    slots: i64,
}

impl Division {
    /// The division of a window: slots of one minute for up to an hour, else the fewest whole minutes for which 60 slots are enough.
    ///
    /// The present slot is one of them, so the guard looks back by up to one slot less than the window. A window below a minute is taken
    /// as a minute.
    pub(super) fn of(window_ms: i64) -> Self {
        let window_ms = window_ms.max(1);
        let slot_ms = ceiling(window_ms, MAX_SLOTS * MINUTE_MS).saturating_mul(MINUTE_MS);
        Self { slot_ms, slots: ceiling(window_ms, slot_ms) }
    }

    /// The number of the slot of a moment.
    pub(super) fn slot(self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.slot_ms)
    }

    /// The number of the whole window that a moment is in.
    pub(super) fn window(self, at_ms: i64) -> i64 {
        self.slot(at_ms).div_euclid(self.slots)
    }
}

/// The number of the window of this many milliseconds, since 1970, in which a unit counts once for the rules that look back.
pub fn window_of(window_ms: i64, at: Millis) -> i64 {
    Division::of(window_ms).window(at.0)
}

const fn ceiling(number: i64, divisor: i64) -> i64 {
    (number - 1) / divisor + 1
}

/// The slots of a window that have outcomes, in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Window(Vec<Slot>);

impl Window {
    /// The window of these slots; `None` unless their numbers rise and they are at most [`MAX_SLOTS`].
    pub(super) fn of(slots: Vec<Slot>) -> Option<Self> {
        let rises = slots.windows(2).all(|pair| matches!(pair, [one, next] if one.number < next.number));
        let fits = i64::try_from(slots.len()).is_ok_and(|count| count <= MAX_SLOTS);
        (rises && fits).then_some(Self(slots))
    }

    /// The slots that have outcomes.
    pub(super) fn slots(&self) -> &[Slot] {
        &self.0
    }

    /// Takes in outcomes that arrived in a slot, and drops the slots that the window has left behind. Outcomes of an earlier slot than the
    /// newest count in the newest, so that a clock that was set back loses none.
    pub(super) fn add(&mut self, division: Division, number: i64, sums: Sums) {
        let newest = self.0.last().map_or(number, |slot| slot.number.max(number));
        let oldest = newest.saturating_sub(division.slots - 1);
        if self.0.first().is_some_and(|slot| slot.number < oldest) {
            self.0.retain(|slot| slot.number >= oldest);
        }
        match self.0.last_mut().filter(|slot| slot.number == newest) {
            Some(slot) => slot.sums = slot.sums.and(sums),
            None => self.0.push(Slot { number: newest, sums }),
        }
    }

    /// The outcomes within the window.
    pub(super) fn sums(&self) -> Sums {
        self.0.iter().fold(Sums::default(), |sums, slot| sums.and(slot.sums))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn an_hour_is_sixty_minutes_and_a_longer_window_has_longer_slots() {
        for (window_ms, slot_ms, slots) in [
            (1, MINUTE_MS, 1),
            (MINUTE_MS, MINUTE_MS, 1),
            (MINUTE_MS + 1, MINUTE_MS, 2),
            (HOUR, MINUTE_MS, 60),
            (HOUR + 1, 2 * MINUTE_MS, 31),
            (24 * HOUR, 24 * MINUTE_MS, 60),
        ] {
            assert_eq!(Division::of(window_ms), Division { slot_ms, slots }, "{window_ms}");
        }
        for window_ms in [i64::MIN, -1, 0, 1 << 53, i64::MAX] {
            assert!((1..=MAX_SLOTS).contains(&Division::of(window_ms).slots), "{window_ms}");
        }
    }

    /// The errors in the window after each of these moments had one.
    #[track_caller]
    fn check(minutes: &[i64], expected: &[u64]) {
        let (division, mut window) = (Division::of(HOUR), Window::default());
        for (minute, expected) in minutes.iter().zip(expected) {
            window.add(division, *minute, Sums::new(2, 1));
            assert_eq!(window.sums(), Sums::new(2 * *expected, *expected), "minute {minute}");
            assert!(window.slots().len() <= 60);
        }
    }

    #[test]
    fn outcomes_leave_the_window_after_an_hour() {
        check(&[0, 1, 59, 60, 61, 119, 121], &[1, 2, 3, 3, 3, 3, 2]);
        check(&[0, 0, 1_000_000], &[1, 2, 1]);
    }

    #[test]
    fn outcomes_after_the_clock_was_set_back_count_in_the_newest_slot() {
        check(&[100, 40, i64::MIN, 159, 160], &[1, 2, 3, 4, 2]);
        check(&[i64::MAX, i64::MIN, 0], &[1, 2, 3]);
    }

    #[test]
    fn a_window_of_unordered_or_too_many_slots_is_none() {
        let slot = |number| Slot { number, sums: Sums::default() };
        assert!(Window::of([slot(1), slot(2)].into()).is_some());
        assert_eq!(Window::of([slot(2), slot(2)].into()), None);
        assert_eq!(Window::of((0..=60).map(slot).collect()), None);
    }
}
