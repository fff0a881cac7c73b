//! So many a minute, and no more in any minute.
use std::collections::{BTreeMap, VecDeque};

use sdk_core::Millis;

const MINUTE_MS: i64 = 60_000;
/// How many subjects are remembered, twice. Beyond them the oldest are forgotten: nobody is refused for another's sake.
const MOST_SUBJECTS: usize = 10_000;

/// Counts what each subject was let do during the last minute, exactly: it remembers when.
///
/// Subjects are kept in two halves. A subject that asks moves into the recent half; each minute the other half, whose
/// subjects did not ask, is dropped, and the recent half takes its place. So the work is the same however many there are.
pub(crate) struct Limiter {
    a_minute: usize,
    recent: BTreeMap<String, VecDeque<Millis>>,
    earlier: BTreeMap<String, VecDeque<Millis>>,
    turned: Millis,
}

/// In how many seconds, at the earliest, the next one passes: at least one, at most 60.
#[derive(Debug, PartialEq)]
pub(crate) struct RetryAfter(pub(crate) i64);

impl Limiter {
    pub(crate) const fn new(a_minute: usize) -> Self {
        Self { a_minute, recent: BTreeMap::new(), earlier: BTreeMap::new(), turned: Millis(0) }
    }

    /// Lets the subject pass, or says when to come again. A refused request does not count.
    ///
    /// Requests that are answered at once do not agree on the time, for each sees that of its own last event: the latest counts.
    pub(crate) fn pass(&mut self, subject: &str, now: Millis) -> Result<(), RetryAfter> {
        self.turn(now);
        if !self.recent.contains_key(subject) {
            // The old entry is dropped with its half: taking entries out one by one costs a kilobyte or two of code.
            self.recent.insert(subject.to_owned(), self.earlier.get_mut(subject).map(std::mem::take).unwrap_or_default());
        }
        let Some(passed) = self.recent.get_mut(subject) else { return Ok(()) };
        if passed.back().is_some_and(|last| last.0 - now.0 > MINUTE_MS) {
            // The clock was set back.
            passed.clear();
        }
        let now = passed.back().map_or(now, |last| now.max(*last));
        while passed.front().is_some_and(|first| now.0 - first.0 >= MINUTE_MS) {
            passed.pop_front();
        }
        match passed.front() {
            Some(first) if passed.len() >= self.a_minute => Err(RetryAfter((first.0 + MINUTE_MS - now.0 + 999) / 1_000)),
            _ => {
                passed.push_back(now);
                Ok(())
            }
        }
    }

    fn turn(&mut self, now: Millis) {
        if self.recent.len() >= MOST_SUBJECTS || !(-MINUTE_MS..MINUTE_MS).contains(&(now.0 - self.turned.0)) {
            self.earlier = std::mem::take(&mut self.recent);
            self.turned = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of these moments pass.
    fn passing(a_minute: usize, moments: &[i64]) -> Vec<i64> {
        let mut limiter = Limiter::new(a_minute);
        moments.iter().copied().filter(|moment| limiter.pass("s", Millis(*moment)).is_ok()).collect()
    }

    #[test]
    fn the_thirty_first_of_thirty_is_refused() {
        let mut limiter = Limiter::new(30);
        for moment in 0..30 {
            assert_eq!(limiter.pass("s", Millis(moment * 1_000)), Ok(()));
        }
        assert_eq!(limiter.pass("s", Millis(29_001)), Err(RetryAfter(31)));
        assert_eq!(limiter.pass("s", Millis(59_001)), Err(RetryAfter(1)));
        assert_eq!(limiter.pass("s", Millis(59_999)), Err(RetryAfter(1)));
        assert_eq!(limiter.pass("s", Millis(60_000)), Ok(()));
        assert_eq!(limiter.pass("s", Millis(60_000)), Err(RetryAfter(1)));
    }

    #[test]
    fn who_comes_when_told_passes() {
        let mut limiter = Limiter::new(3);
        let mut now = 0;
        for round in 0..1_000 {
            now += round % 7 * 937;
            if let Err(RetryAfter(seconds)) = limiter.pass("s", Millis(now)) {
                assert!((1..=60).contains(&seconds));
                now += seconds * 1_000;
                assert_eq!(limiter.pass("s", Millis(now)), Ok(()));
            }
        }
    }

    #[test]
    fn no_minute_holds_more() {
        let mut now = 0;
        let moments: Vec<i64> = (0..2_000).map(|index| (now += index * 37 % 800, now).1).collect();
        let passed = passing(30, &moments);
        assert!(passed.len() > 250, "{}", passed.len());
        for window in passed.windows(31) {
            assert!(window[30] - window[0] >= 60_000, "{window:?}");
        }
    }

    #[test]
    fn exactly_as_many_as_allowed_are_never_refused() {
        let moments: Vec<i64> = (0..600).map(|index| index * 2_000).collect();
        assert_eq!(passing(30, &moments), moments);
    }

    #[test]
    fn nobody_pays_for_another() {
        let mut limiter = Limiter::new(1);
        for moment in 0..50 {
            limiter.pass("greedy", Millis(moment)).ok();
        }
        assert_eq!(limiter.pass("modest", Millis(50)), Ok(()));
        assert_eq!(limiter.pass("", Millis(50)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_nobody_is_refused_for_it() {
        let mut limiter = Limiter::new(1);
        for index in 0..50_000 {
            assert_eq!(limiter.pass(&format!("s-{index}"), Millis(index % 100)), Ok(()));
        }
        assert!(limiter.recent.len() + limiter.earlier.len() <= 2 * MOST_SUBJECTS);
        assert_eq!(limiter.pass("s-49999", Millis(100)), Err(RetryAfter(60)));
        limiter.pass("s", Millis(200_000)).unwrap();
        limiter.pass("s", Millis(300_000)).unwrap();
        assert!(limiter.recent.len() + limiter.earlier.len() <= 2);
    }

    #[test]
    fn a_little_earlier_is_no_way_around() {
        assert_eq!(passing(2, &[1_000, 990, 980, 1_000, 60_999, 61_000, 60_990, 61_001]), [1_000, 990, 61_000, 60_990]);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let mut limiter = Limiter::new(1);
        limiter.pass("s", Millis(1_000_000)).unwrap();
        assert_eq!(limiter.pass("s", Millis(1_000)), Ok(()));
        assert_eq!(limiter.pass("s", Millis(1_001)), Err(RetryAfter(60)));
    }
}
