//! The counts of an isolate, and their way to the hub: with the questions that the isolate asks anyway, through the reader.
//!
//! A count costs one addition and no memory. An isolate hands over what it has counted since it last did; a reader adds up what isolates
//! hand over, and does the same. So an isolate or a reader that goes takes along the counts of a few seconds, and a hub that starts
//! anew counts from nothing: counters of a monitor are read as differences, and may begin again.
use std::{cell::Cell, fmt::Write};

use crate::{http::routes::Audience, repeats};

/// The classes of a status. 401, 404 and 429 are none of `4xx`: a stranger causes them at will.
pub(crate) const STATUSES: [&str; 7] = ["2xx", "3xx", "401", "404", "429", "4xx", "5xx"];
/// The classes of routes, by their audiences.
pub(crate) const ROUTES: [&str; 4] = ["evaluation", "programs", "operators", "visitors"];
/// The place of `programs` among them.
const PROGRAMS: usize = 1;
/// The upper bounds of the slots of a histogram, in milliseconds; one more slot is for all that is longer.
pub(crate) const BOUNDS_MS: [u64; 8] = [5, 10, 25, 50, 100, 250, 500, 1_000];
/// The numbers of a histogram: its slots, and the sum in milliseconds.
pub(crate) const HISTOGRAM: usize = BOUNDS_MS.len() + 2;

const RESPONSES: usize = 0;
const DURATIONS: usize = RESPONSES + ROUTES.len() * STATUSES.len();
const HUB: usize = DURATIONS + ROUTES.len() * HISTOGRAM;
const EVALUATIONS: usize = HUB + HISTOGRAM;
const HITS: usize = EVALUATIONS + 1;
const MISSES: usize = HITS + 1;
const ALL: usize = MISSES + 1;

/// The form of the text: the order of the counts. A text of another form is of another release, and is not read.
const FORM: &str = "1";

thread_local! {
    static OWN: Counts = Counts::default();
}

/// Counts, each a number that only grows until it is handed over.
pub(crate) struct Counts([Cell<u64>; ALL]);

impl Default for Counts {
    fn default() -> Self {
        Self([const { Cell::new(0) }; ALL])
    }
}

impl Counts {
    fn add(&self, place: usize, count: u64) {
        if let Some(cell) = self.0.get(place) {
            cell.set(cell.get().saturating_add(count));
        }
    }

    fn time(&self, histogram: usize, milliseconds: u64) {
        let slot = BOUNDS_MS.iter().position(|bound| milliseconds <= *bound).unwrap_or(BOUNDS_MS.len());
        self.add(histogram + slot, 1);
        self.add(histogram + HISTOGRAM - 1, milliseconds);
    }

    /// The counts as text, and from then on none; `None` if there is none.
    pub(crate) fn take(&self) -> Option<String> {
        let mut text = String::new();
        for (place, cell) in self.0.iter().enumerate().filter(|(_, cell)| cell.get() > 0) {
            // Writing to a string cannot fail.
            write!(text, ",{place}:{}", cell.take()).ok();
        }
        (!text.is_empty()).then(|| format!("{FORM}{text}"))
    }

    /// Adds what [`Self::take`] gave. A text of another form adds nothing.
    pub(crate) fn add_text(&self, text: &str) {
        let Some(text) = text.strip_prefix(FORM).and_then(|rest| rest.strip_prefix(',')) else { return };
        for (place, count) in text.split(',').take(ALL).filter_map(|pair| pair.split_once(':')) {
            if let (Ok(place), Ok(count)) = (place.parse(), count.parse()) {
                self.add(place, count);
            }
        }
    }

    fn get(&self, place: usize) -> u64 {
        self.0.get(place).map_or(0, Cell::get)
    }

    /// The responses of a class of routes with a class of statuses, by their places in [`ROUTES`] and [`STATUSES`].
    pub(crate) fn responses(&self, route: usize, status: usize) -> u64 {
        self.get(RESPONSES + route * STATUSES.len() + status)
    }

    /// The histogram of the durations of responses of a class of routes.
    pub(crate) fn durations(&self, route: usize) -> [u64; HISTOGRAM] {
        std::array::from_fn(|slot| self.get(DURATIONS + route * HISTOGRAM + slot))
    }

    /// The histogram of the durations of requests to the hub.
    pub(crate) fn hub(&self) -> [u64; HISTOGRAM] {
        std::array::from_fn(|slot| self.get(HUB + slot))
    }

    /// The flags that were evaluated; the look-ups of a ruleset that the isolate held, and those that waited for the hub.
    pub(crate) fn evaluations(&self) -> [u64; 3] {
        [EVALUATIONS, HITS, MISSES].map(|place| self.get(place))
    }
}

/// Counts a response, which took so many milliseconds.
pub(crate) fn answered(audience: Audience, status: u16, milliseconds: u64) {
    let route = match audience {
        Audience::Pages => 0,
        Audience::Programs | Audience::Monitors => PROGRAMS,
        Audience::Operators => 2,
        Audience::Visitors => 3,
    };
    let status = match status {
        ..300 => 0,
        300..400 => 1,
        401 => 2,
        404 => 3,
        429 => 4,
        400..500 => 5,
        500.. => 6,
    };
    OWN.with(|own| {
        own.add(RESPONSES + route * STATUSES.len() + status, 1);
        own.time(DURATIONS + route * HISTOGRAM, milliseconds);
    });
}

/// Counts evaluated flags.
pub(crate) fn evaluated(flags: usize) {
    OWN.with(|own| own.add(EVALUATIONS, flags as u64));
}

/// Counts a look-up of a ruleset. `is_held` is false if the request waited for the hub.
pub(crate) fn looked_up(is_held: bool) {
    OWN.with(|own| own.add(if is_held { HITS } else { MISSES }, 1));
}

/// Counts a request to the hub, which took so many milliseconds.
pub(crate) fn asked_hub(milliseconds: u64) {
    OWN.with(|own| own.time(HUB, milliseconds));
}

/// The counts of this isolate, to be handed over; `None` if nothing was counted since.
pub(crate) fn take() -> Option<String> {
    answered_again(repeats::take().into());
    OWN.with(Counts::take)
}

/// Counts answers of `/health` that the script repeated: as responses of no duration, from a ruleset that the isolate held.
fn answered_again(answers: u64) {
    OWN.with(|own| {
        for place in [RESPONSES + PROGRAMS * STATUSES.len(), DURATIONS + PROGRAMS * HISTOGRAM, HITS] {
            own.add(place, answers);
        }
    });
}

/// Takes back counts that could not be handed over.
pub(crate) fn give_back(text: &str) {
    OWN.with(|own| own.add_text(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_over_is_added_once() {
        let (isolate, hub) = (Counts::default(), Counts::default());
        assert_eq!(isolate.take(), None);
        isolate.add(HITS, 3);
        isolate.time(HUB, 25);
        isolate.time(HUB, 26);
        isolate.time(HUB, 9_000);
        let text = isolate.take().unwrap();
        assert_eq!(isolate.take(), None);
        hub.add_text(&text);
        isolate.add(HITS, 1);
        hub.add_text(&isolate.take().unwrap());
        assert_eq!(hub.evaluations(), [0, 4, 0]);
        // A bound is within its slot; the last number is the sum.
        assert_eq!(hub.hub(), [0, 0, 1, 1, 0, 0, 0, 0, 1, 9_051]);
    }

    #[test]
    fn a_repeated_answer_counts_as_one_that_was_answered_anew() {
        let (anew, again) = (Counts::default(), Counts::default());
        for _ in 0..3 {
            answered(Audience::Programs, 200, 0);
            looked_up(true);
        }
        anew.add_text(&take().unwrap());
        answered_again(3);
        again.add_text(&take().unwrap());
        assert_eq!(again.take(), anew.take());
    }

    #[test]
    fn a_text_of_another_form_and_numbers_that_are_none_add_nothing() {
        let hub = Counts::default();
        for text in ["", "1", "2,7:5", "1,7", "1,7:x", "1,999:5", "1,-1:5", "1,7:-1", "17:5"] {
            hub.add_text(text);
        }
        assert_eq!(hub.take(), None);
        // As many pairs as there are counts are read.
        hub.add_text(&format!("1{}", format!(",{HITS}:1").repeat(10_000)));
        assert_eq!(hub.evaluations(), [0, ALL as u64, 0]);
        hub.add_text(&format!("1,{HITS}:{}", u64::MAX));
        assert_eq!(hub.evaluations()[1], u64::MAX);
    }

    #[test]
    fn a_response_counts_in_its_class() {
        for (audience, status, milliseconds) in [
            (Audience::Pages, 200, 0),
            (Audience::Pages, 304, 0),
            (Audience::Pages, 429, 7),
            (Audience::Operators, 401, 0),
            (Audience::Operators, 403, 0),
            (Audience::Operators, 404, 0),
            (Audience::Visitors, 503, 0),
            (Audience::Programs, 101, 0),
        ] {
            answered(audience, status, milliseconds);
        }
        let counts = Counts::default();
        counts.add_text(&take().unwrap());
        let found: Vec<Vec<u64>> = (0..4).map(|route| (0..7).map(|status| counts.responses(route, status)).collect()).collect();
        assert_eq!(found, [[1, 1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0, 1]]);
        assert_eq!(counts.durations(0), [2, 1, 0, 0, 0, 0, 0, 0, 0, 7]);
    }
}
