//! The token issuer's keys from `JWKS_URL`, the only address that the worker fetches from. Only the setting names it, never a token.
//!
//! The isolate keeps the keys. It fetches them again when they are old, and when a token names a key that is not among them. While the
//! address does not answer, the old keys stay in use.
use std::{cell::RefCell, time::Duration};

use futures_util::future::{Either, select};
use sdk_core::Millis;
use worker::{AbortController, AbortSignal, CacheMode, Delay, Fetch, Request, RequestInit, RequestRedirect, console_error};

use super::{jwk, subtle::Key};
use crate::{clock, problem::Problem};

/// The age at which keys are fetched again, because the issuer may have withdrawn one.
const OLD_MS: i64 = 600_000;
/// The shortest time between two fetches for keys that tokens name and the isolate lacks, and between two attempts to replace old keys.
/// Without it, anybody could make the worker fetch by sending tokens.
const PAUSE_MS: i64 = 300_000;
/// The shortest time between two fetches while the isolate has no keys and must refuse every token.
const RETRY_MS: i64 = 10_000;
/// The time after which a fetch is aborted.
const PATIENCE: Duration = Duration::from_secs(3);
const PATIENCE_MS: i64 = 3_000;
/// The interval at which a request checks whether another request's fetch has ended: a request cannot await another request's promise.
const LOOK: Duration = Duration::from_millis(10);
/// The longest key set, in bytes.
const LONGEST: usize = 256_000;

thread_local! {
    static HELD: RefCell<Vec<Key>> = const { RefCell::new(Vec::new()) };
    static ASKED: RefCell<FetchTimes> = RefCell::default();
}

/// The issuer's keys. `key_id` is the key that a token names: if the isolate lacks it, the keys may be fetched again.
pub(super) async fn keys(url: &str, key_id: Option<&str>) -> Result<Vec<Key>, Problem> {
    let is_held = || HELD.with_borrow(|held| key_id.is_none_or(|wanted| held.iter().any(|key| key.id.as_deref() == Some(wanted))));
    let now = clock::now();
    if ASKED.with_borrow_mut(|asked| asked.begin(!is_held(), now)) {
        let controller = AbortController::default();
        match select(Box::pin(load(url, controller.signal())), Delay::from(PATIENCE)).await {
            Either::Left((answered, _)) => ASKED.with_borrow_mut(|asked| asked.end(answered, clock::now())),
            Either::Right(_) => {
                controller.abort();
                console_error!("no keys from JWKS_URL: it takes too long to answer");
                ASKED.with_borrow_mut(|asked| asked.end(false, clock::now()));
            }
        }
    } else {
        while !is_held() && ASKED.with_borrow(|asked| asked.is_under_way(clock::now())) {
            Delay::from(LOOK).await;
        }
    }
    if ASKED.with_borrow(|asked| asked.answered.is_some()) { Ok(HELD.with_borrow(Clone::clone)) } else { Err(Problem::no_keys()) }
}

/// The times of fetches, which decide whether to fetch again.
#[derive(Default)]
struct FetchTimes {
    /// The start of the last fetch.
    last: Option<Millis>,
    /// The end of the last fetch that returned keys.
    answered: Option<Millis>,
    /// The start of the last fetch for a key that a token named and the isolate lacked.
    for_unknown: Option<Millis>,
    under_way: bool,
}

impl FetchTimes {
    /// Returns true if the caller must fetch now, and records the start of that fetch. `is_unknown`: the isolate lacks the wanted key.
    fn begin(&mut self, is_unknown: bool, now: Millis) -> bool {
        let past = |moment: Option<Millis>, wait: i64| moment.is_none_or(|moment| !within(moment, wait, now));
        let begins = !self.is_under_way(now)
            && match self.answered {
                None => past(self.last, RETRY_MS),
                answered => past(answered, OLD_MS) && past(self.last, PAUSE_MS) || is_unknown && past(self.for_unknown, PAUSE_MS),
            };
        if begins {
            if is_unknown && self.answered.is_some() {
                self.for_unknown = Some(now);
            }
            self.last = Some(now);
            self.under_way = true;
        }
        begins
    }

    fn end(&mut self, answered: bool, now: Millis) {
        self.under_way = false;
        if answered {
            self.answered = Some(now);
        }
    }

    /// Returns true while a fetch runs. One that never ends, because the runtime cancelled its request, counts for [`PATIENCE_MS`].
    fn is_under_way(&self, now: Millis) -> bool {
        self.under_way && self.last.is_some_and(|last| within(last, PATIENCE_MS, now))
    }
}

/// Returns true if a moment is less than `wait` milliseconds ago; false for a later moment, recorded before the clock was set back.
fn within(moment: Millis, wait: i64, now: Millis) -> bool {
    (0..wait).contains(&(now.0 - moment.0))
}

/// Fetches and keeps the keys. Returns false, and keeps the old ones, if no usable key arrives.
async fn load(url: &str, signal: AbortSignal) -> bool {
    let mut keys = Vec::new();
    match fetch(url, signal).await {
        Ok(jwks) => {
            for jwk in jwks {
                keys.extend(Key::of(jwk).await);
            }
            if keys.is_empty() {
                console_error!("no keys from JWKS_URL: none of them checks RS256, ES256 or EdDSA");
            }
        }
        // The runtime's error text may contain the address, and the address a secret: `why` is our own text.
        Err(why) => console_error!("no keys from JWKS_URL: {why}"),
    }
    let is_some = !keys.is_empty();
    if is_some {
        HELD.set(keys);
    }
    is_some
}

async fn fetch(url: &str, signal: AbortSignal) -> Result<Vec<jwk::Jwk>, String> {
    let mut init = RequestInit::new();
    // A redirect may lead to another party, so it is not followed.
    init.with_redirect(RequestRedirect::Manual).with_cache(CacheMode::NoStore);
    let request = Request::new_with_init(url, &init).map_err(|_| "it is no address")?;
    let mut answer = Fetch::Request(request).send_with_signal(&signal).await.map_err(|_| "it cannot be reached")?;
    if answer.status_code() != 200 {
        return Err(format!("it answers {}", answer.status_code()));
    }
    let text = answer.text().await.map_err(|_| "its answer ended early")?;
    match jwk::set(&text) {
        Ok(keys) if text.len() <= LONGEST => Ok(keys),
        _ => Err("its answer is no set of keys".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: bool = false;
    const UNKNOWN: bool = true;

    /// Checks which requests fetch. Each wants keys at a moment, in milliseconds; a fetch ends at once, with keys if `is_there`.
    #[track_caller]
    fn check(is_there: bool, wanted: &[(i64, bool)], expected: &[bool]) {
        let mut asked = FetchTimes::default();
        let asking = |(moment, is_unknown): &(i64, bool)| {
            let begins = asked.begin(*is_unknown, Millis(*moment));
            if begins {
                asked.end(is_there, Millis(*moment));
            }
            begins
        };
        assert_eq!(wanted.iter().map(asking).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn keys_are_kept_until_they_are_old() {
        check(true, &[(0, KNOWN), (1, KNOWN), (599_999, KNOWN), (600_000, KNOWN), (600_001, KNOWN)], &[true, false, false, true, false]);
    }

    #[test]
    fn an_unknown_key_is_fetched_at_most_once_in_five_minutes() {
        let wanted = [(0, UNKNOWN), (1, UNKNOWN), (2, UNKNOWN), (300_000, UNKNOWN), (300_001, UNKNOWN), (300_002, UNKNOWN)];
        check(true, &wanted, &[true, true, false, false, true, false]);
    }

    #[test]
    fn without_any_keys_the_next_fetch_is_after_ten_seconds() {
        check(
            false,
            &[(0, UNKNOWN), (1, UNKNOWN), (9_999, KNOWN), (10_000, UNKNOWN), (10_001, UNKNOWN)],
            &[true, false, false, true, false],
        );
    }

    #[test]
    fn while_the_address_does_not_answer_old_keys_are_fetched_again_after_five_minutes() {
        let mut asked = FetchTimes::default();
        assert!(asked.begin(KNOWN, Millis(0)));
        asked.end(true, Millis(0));
        for (moment, begins) in [(600_000, true), (600_001, false), (899_999, false), (900_000, true)] {
            assert_eq!(asked.begin(KNOWN, Millis(moment)), begins, "{moment}");
            asked.end(false, Millis(moment));
        }
        assert_eq!(asked.answered, Some(Millis(0)));
    }

    #[test]
    fn one_fetch_at_a_time_and_a_lost_one_counts_for_three_seconds() {
        let mut asked = FetchTimes::default();
        assert!(asked.begin(KNOWN, Millis(0)));
        assert!(!asked.begin(UNKNOWN, Millis(2_999)));
        assert!(asked.is_under_way(Millis(2_999)));
        assert!(!asked.is_under_way(Millis(3_000)));
        assert!(asked.begin(KNOWN, Millis(10_000)));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_delay_a_fetch() {
        check(true, &[(1_000_000, KNOWN), (0, KNOWN)], &[true, true]);
    }
}
