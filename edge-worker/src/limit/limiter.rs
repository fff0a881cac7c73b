//! A sliding-window rate limiter: at most a given number of requests in any 60 seconds.
use std::collections::{BTreeMap, VecDeque};

use sdk_core::Millis;

const MINUTE_MS: i64 = 60_000;
/// The most subjects in each half. Beyond it the limiter forgets the older half, so that no subject is refused because of others.
const MOST_SUBJECTS: usize = 10_000;

/// Counts the requests of each subject in the last minute exactly, by the times at which they passed.
///
/// Subjects are kept in two halves. A subject that sends a request moves into the recent half. Each minute the limiter drops the earlier
/// half, whose subjects sent none, and the recent half takes its place. So the work for one request does not grow with the subjects.
pub(crate) struct Limiter {
    a_minute: usize,
    recent: BTreeMap<String, VecDeque<Millis>>,
    earlier: BTreeMap<String, VecDeque<Millis>>,
    turned: Millis,
}

/// The seconds after which the subject's next request passes at the earliest, from 1 to 60.
#[derive(Debug, PartialEq)]
pub(crate) struct RetryAfter(pub(crate) i64);

impl Limiter {
    pub(crate) const fn new(a_minute: usize) -> Self {
        Self { a_minute, recent: BTreeMap::new(), earlier: BTreeMap::new(), turned: Millis(0) }
    }

    /// Counts a request of this subject, or refuses it. A refused request does not count.
    ///
    /// The clocks of concurrent requests can differ, because each shows the time of the request's own last event: the latest time counts.
    pub(crate) fn pass(&mut self, subject: &str, now: Millis) -> Result<(), RetryAfter> {
        self.turn(now);
        if !self.recent.contains_key(subject) {
            // The emptied entry stays until its half is dropped: removing single entries would add one or two kilobytes of code.
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

    /// The moments, in milliseconds, whose requests pass.
    fn passing(a_minute: usize, moments: &[i64]) -> Vec<i64> {
        let mut limiter = Limiter::new(a_minute);
        moments.iter().copied().filter(|moment| limiter.pass("s", Millis(*moment)).is_ok()).collect()
    }

    #[test]
    fn the_31st_request_in_a_minute_is_refused_if_30_are_allowed() {
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
    fn a_request_after_the_announced_seconds_passes() {
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
    fn no_60_seconds_hold_more_requests_than_allowed() {
        let mut now = 0;
        let moments: Vec<i64> = (0..2_000).map(|index| (now += index * 37 % 800, now).1).collect();
        let passed = passing(30, &moments);
        assert!(passed.len() > 250, "{}", passed.len());
        for window in passed.windows(31) {
            assert!(window[30] - window[0] >= 60_000, "{window:?}");
        }
    }

    #[test]
    fn a_subject_at_exactly_the_allowed_rate_is_never_refused() {
        let moments: Vec<i64> = (0..600).map(|index| index * 2_000).collect();
        assert_eq!(passing(30, &moments), moments);
    }

    #[test]
    fn the_requests_of_one_subject_do_not_count_for_another() {
        let mut limiter = Limiter::new(1);
        for moment in 0..50 {
            limiter.pass("greedy", Millis(moment)).ok();
        }
        assert_eq!(limiter.pass("modest", Millis(50)), Ok(()));
        assert_eq!(limiter.pass("", Millis(50)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_without_refusing_new_subjects() {
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
    fn a_request_with_a_slightly_earlier_time_counts_too() {
        assert_eq!(passing(2, &[1_000, 990, 980, 1_000, 60_999, 61_000, 60_990, 61_001]), [1_000, 990, 61_000, 60_990]);
    }

    #[test]
    fn a_clock_that_is_set_back_forgets_later_requests() {
        let mut limiter = Limiter::new(1);
        limiter.pass("s", Millis(1_000_000)).unwrap();
        assert_eq!(limiter.pass("s", Millis(1_000)), Ok(()));
        assert_eq!(limiter.pass("s", Millis(1_001)), Err(RetryAfter(60)));
    }
}
