//! A rate limiter of two counters a subject: about as many requests in 60 seconds as are allowed, in a fixed amount of memory.
use std::collections::BTreeMap;

use control::change::Hash;
use sdk_core::Millis;

const MINUTE_MS: i64 = 60_000;
/// The most subjects in each half. Beyond it the limiter forgets the older half, so that no subject is refused because of others.
const MOST_SUBJECTS: usize = 10_000;

/// A subject in 64 bits: a block of addresses, or the hash of a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Subject(pub(super) u64);

impl Subject {
    /// The subject with this name. SHA-256, because the names are those of tokens: a caller must not find one that counts for another.
    pub(crate) fn named(name: &str) -> Self {
        Self(Hash::of(name.as_bytes()).0.first_chunk().map_or(0, |first| u64::from_be_bytes(*first)))
    }
}

/// Counts the requests of each subject in windows of a minute, which begin with a request of the subject.
///
/// A request passes while the requests of this window and a share of those of the window before are fewer than allowed; the share is the
/// part of that window that lies within the last 60 seconds. For requests that come evenly the count is off by less than one request.
/// A subject that saves all requests for the end of a window sends up to twice as many in 60 seconds, and then waits: in n minutes it
/// sends at most n + 1 times as many as are allowed in one.
///
/// Subjects are kept in two halves. A subject that sends a request moves into the recent half. Each minute the limiter drops the earlier
/// half, whose subjects sent none, and the recent half takes its place. So neither the work for one request nor the memory grows with the
/// rate. A subject takes 24 bytes, in the nodes of a B-tree at most 56: 20,000 subjects are about a megabyte.
pub(crate) struct Limiter {
    a_minute: u32,
    recent: BTreeMap<Subject, Windows>,
    earlier: BTreeMap<Subject, Windows>,
    turned: Millis,
}

/// The requests of a subject that passed in the present window and in the one before.
#[derive(Clone, Copy)]
struct Windows {
    /// The beginning of the present window.
    since: Millis,
    before: u32,
    present: u32,
}

/// The seconds after which the subject's next request passes at the earliest, from 1 to 60.
#[derive(Debug, PartialEq)]
pub(crate) struct RetryAfter(pub(crate) i64);

impl Limiter {
    pub(crate) const fn new(a_minute: u32) -> Self {
        Self { a_minute, recent: BTreeMap::new(), earlier: BTreeMap::new(), turned: Millis(0) }
    }

    /// Counts a request of this subject, or refuses it. A refused request does not count.
    ///
    /// The clocks of concurrent requests can differ, because each shows the time of the request's own last event: one that is earlier
    /// than the window's beginning counts as at its beginning.
    pub(crate) fn pass(&mut self, subject: Subject, now: Millis) -> Result<(), RetryAfter> {
        self.turn(now);
        let mut windows = self.windows(subject, now);
        let passed = windows.check(self.a_minute, now);
        if passed.is_ok() {
            windows.present += 1;
        }
        self.recent.insert(subject, windows);
        passed
    }

    /// Returns the refusal that a request of this subject would meet, and counts nothing.
    pub(crate) fn check(&self, subject: Subject, now: Millis) -> Result<(), RetryAfter> {
        self.windows(subject, now).check(self.a_minute, now)
    }

    /// The windows of a subject at a moment.
    fn windows(&self, subject: Subject, now: Millis) -> Windows {
        let held = self.recent.get(&subject).or_else(|| self.earlier.get(&subject));
        held.map_or(Windows { since: now, before: 0, present: 0 }, |held| held.at(now))
    }

    fn turn(&mut self, now: Millis) {
        if self.recent.len() >= MOST_SUBJECTS || !(-MINUTE_MS..MINUTE_MS).contains(&(now.0 - self.turned.0)) {
            self.earlier = std::mem::take(&mut self.recent);
            self.turned = now;
        }
    }
}

impl Windows {
    /// The windows at a moment: the next ones, if the present one is over. New ones if the clock was set back.
    const fn at(self, now: Millis) -> Self {
        let Self { since, present, .. } = self;
        let age = now.0 - since.0;
        if age < -MINUTE_MS || age >= 2 * MINUTE_MS {
            Self { since: now, before: 0, present: 0 }
        } else if age >= MINUTE_MS {
            Self { since: Millis(since.0 + MINUTE_MS), before: present, present: 0 }
        } else {
            self
        }
    }

    /// Refuses a request at a moment within the present window, or shortly before it.
    fn check(self, a_minute: u32, now: Millis) -> Result<(), RetryAfter> {
        let age = (now.0 - self.since.0).max(0);
        let (before, free) = (i64::from(self.before), i64::from(a_minute) - i64::from(self.present));
        // The share of the window before, in requests times milliseconds. In its first millisecond a window counts as begun.
        if before * (MINUTE_MS - 1 - age) < free * MINUTE_MS {
            return Ok(());
        }
        let within = if free > 0 { MINUTE_MS - 1 - (free * MINUTE_MS - 1) / before } else { MINUTE_MS };
        Err(RetryAfter((within.min(MINUTE_MS) - age + 999) / 1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Subject = Subject(7);

    /// The moments, in milliseconds, whose requests pass.
    fn passing(a_minute: u32, moments: &[i64]) -> Vec<i64> {
        let mut limiter = Limiter::new(a_minute);
        moments.iter().copied().filter(|moment| limiter.pass(S, Millis(*moment)).is_ok()).collect()
    }

    #[test]
    fn the_31st_request_in_a_minute_is_refused_if_30_are_allowed() {
        let mut limiter = Limiter::new(30);
        for moment in 0..30 {
            assert_eq!(limiter.pass(S, Millis(moment * 1_000)), Ok(()));
        }
        assert_eq!(limiter.pass(S, Millis(29_001)), Err(RetryAfter(31)));
        assert_eq!(limiter.pass(S, Millis(59_001)), Err(RetryAfter(1)));
        assert_eq!(limiter.pass(S, Millis(59_999)), Err(RetryAfter(1)));
        assert_eq!(limiter.check(S, Millis(59_999)), Err(RetryAfter(1)));
        assert_eq!(limiter.check(S, Millis(60_000)), Ok(()));
        assert_eq!(limiter.pass(S, Millis(60_000)), Ok(()));
        // 30 · (60 − 2) / 60 + 1 = 30, and after 2 seconds fewer.
        assert_eq!(limiter.pass(S, Millis(60_000)), Err(RetryAfter(2)));
        assert_eq!(limiter.pass(S, Millis(62_000)), Ok(()));
    }

    #[test]
    fn a_request_after_the_announced_seconds_passes() {
        for a_minute in [1, 3, 30, 600] {
            let mut limiter = Limiter::new(a_minute);
            let mut now = 0;
            for round in 0..10_000 {
                now += round % 7 * 37;
                if let Err(RetryAfter(seconds)) = limiter.pass(S, Millis(now)) {
                    assert!((1..=60).contains(&seconds), "{seconds}");
                    now += seconds * 1_000;
                    assert_eq!(limiter.pass(S, Millis(now)), Ok(()));
                }
            }
        }
    }

    #[test]
    fn a_request_a_second_before_the_announced_time_is_refused() {
        let mut limiter = Limiter::new(5);
        let mut now = 0;
        for round in 0..5_000_i64 {
            now += round * 7_919 % 3_000;
            if let Err(RetryAfter(seconds)) = limiter.check(S, Millis(now)) {
                assert!(limiter.check(S, Millis(now + seconds * 1_000)).is_ok());
                assert!(limiter.check(S, Millis(now + seconds * 1_000 - 1_000)).is_err());
            }
            limiter.pass(S, Millis(now)).ok();
        }
    }

    #[test]
    fn in_n_minutes_at_most_n_plus_1_times_the_allowed_requests_pass() {
        // A pause, then as many requests as pass, at the worst moments: the end of a window.
        for pause in [0, 13_000, 58_000, 59_900, 60_000, 61_000, 119_000, 121_000] {
            let moments: Vec<i64> = (0..20).flat_map(|burst| (0..600).map(move |index| burst * (pause + 600) + index)).collect();
            let passed = passing(30, &moments);
            for minutes in 1..5 {
                let most = 30 * (usize::try_from(minutes).unwrap() + 1);
                for window in passed.windows(most + 1) {
                    assert!(window[most] - window[0] >= minutes * 60_000, "{pause}: {window:?}");
                }
            }
        }
    }

    #[test]
    fn a_steady_stream_above_the_rate_passes_at_the_rate() {
        // 20 requests a second, of which 600 a minute are allowed, for 20 minutes: an exact count lets 600 through in any minute.
        let moments: Vec<i64> = (0..24_000).map(|index| index * 50).collect();
        let passed = passing(600, &moments);
        for minute in 2..20 {
            let within = passed.iter().filter(|moment| (minute * 60_000..(minute + 1) * 60_000).contains(*moment)).count();
            assert!((590..=610).contains(&within), "{within} in minute {minute}");
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
            limiter.pass(Subject::named("greedy"), Millis(moment)).ok();
        }
        assert_eq!(limiter.pass(Subject::named("modest"), Millis(50)), Ok(()));
        assert_eq!(limiter.pass(Subject::named(""), Millis(50)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_without_refusing_new_subjects() {
        assert_eq!(size_of::<(Subject, Windows)>(), 24);
        let mut limiter = Limiter::new(1);
        for index in 0..50_000 {
            assert_eq!(limiter.pass(Subject(index), Millis(100)), Ok(()));
        }
        assert!(limiter.recent.len() + limiter.earlier.len() <= 2 * MOST_SUBJECTS);
        assert_eq!(limiter.pass(Subject(49_999), Millis(100)), Err(RetryAfter(60)));
        limiter.pass(S, Millis(200_000)).unwrap();
        limiter.pass(S, Millis(400_000)).unwrap();
        assert!(limiter.recent.len() + limiter.earlier.len() <= 2);
    }

    #[test]
    fn a_request_with_a_slightly_earlier_time_counts_too() {
        assert_eq!(passing(2, &[1_000, 990, 980, 1_000]), [1_000, 990]);
    }

    #[test]
    fn a_clock_that_is_set_back_forgets_later_requests() {
        let mut limiter = Limiter::new(1);
        limiter.pass(S, Millis(1_000_000)).unwrap();
        assert_eq!(limiter.pass(S, Millis(1_000)), Ok(()));
        assert_eq!(limiter.pass(S, Millis(1_001)), Err(RetryAfter(60)));
    }
}
