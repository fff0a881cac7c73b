//! The issuer's keys, from the one address that the worker ever asks: `JWKS_URL`, which the deployment names and no token.
//!
//! Keys are kept in the isolate. They are asked for again when they are old, and when a token names one that is not among them;
//! while the address is away the old ones stay.
use std::{cell::RefCell, time::Duration};

use futures_util::future::{Either, select};
use sdk_core::Millis;
use worker::{AbortController, AbortSignal, CacheMode, Delay, Fetch, Request, RequestInit, RequestRedirect, console_error};

use super::{jwk, subtle::Key};
use crate::{clock, problem::Problem};

/// After that long the issuer may have withdrawn a key.
const OLD_MS: i64 = 600_000;
/// How often keys are asked for because a token names an unknown one, or because the address was away: anybody can name a key.
const PAUSE_MS: i64 = 300_000;
/// While there are no keys at all, nobody can be let in: the address is tried again sooner.
const RETRY_MS: i64 = 10_000;
/// How long an answer is waited for,
const PATIENCE: Duration = Duration::from_secs(3);
const PATIENCE_MS: i64 = 3_000;
/// and how often who waits for somebody else's question looks whether it is answered: a request cannot wait for another's promise.
const LOOK: Duration = Duration::from_millis(10);
/// In bytes.
const LONGEST: usize = 256_000;

thread_local! {
    static HELD: RefCell<Vec<Key>> = const { RefCell::new(Vec::new()) };
    static ASKED: RefCell<Asked> = RefCell::default();
}

/// The keys at the address. `key_id` is the one a token names: where it is not among those held, the address may be asked again.
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

/// When the address was asked, and when it answered.
#[derive(Default)]
struct Asked {
    last: Option<Millis>,
    answered: Option<Millis>,
    /// For a key that was not known.
    for_unknown: Option<Millis>,
    under_way: bool,
}

impl Asked {
    /// Whether to ask now; notes that it is done.
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

    /// A fetch that never ended (the runtime may cancel a request's rest) blocks other requests only briefly.
    fn is_under_way(&self, now: Millis) -> bool {
        self.under_way && self.last.is_some_and(|last| within(last, PATIENCE_MS, now))
    }
}

/// Whether a moment is less than `wait` ago. One that is still to come was noted before the clock was set back.
fn within(moment: Millis, wait: i64, now: Millis) -> bool {
    (0..wait).contains(&(now.0 - moment.0))
}

/// Asks, and holds what there is; whether there was anything.
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
        // The text of an error may hold the address, and an address a secret.
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
    // A redirect leads to another party, so it is not followed.
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

    /// At each moment, in milliseconds, somebody wants keys and gets an answer at once if they ask; which of them ask.
    #[track_caller]
    fn check(is_there: bool, wanted: &[(i64, bool)], expected: &[bool]) {
        let mut asked = Asked::default();
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
    fn unknown_keys_are_asked_for_once_in_five_minutes() {
        let wanted = [(0, UNKNOWN), (1, UNKNOWN), (2, UNKNOWN), (300_000, UNKNOWN), (300_001, UNKNOWN), (300_002, UNKNOWN)];
        check(true, &wanted, &[true, true, false, false, true, false]);
    }

    #[test]
    fn without_any_keys_the_address_is_tried_again_soon_but_not_at_once() {
        check(
            false,
            &[(0, UNKNOWN), (1, UNKNOWN), (9_999, KNOWN), (10_000, UNKNOWN), (10_001, UNKNOWN)],
            &[true, false, false, true, false],
        );
    }

    #[test]
    fn while_the_address_is_away_it_is_asked_seldom() {
        let mut asked = Asked::default();
        assert!(asked.begin(KNOWN, Millis(0)));
        asked.end(true, Millis(0));
        for (moment, begins) in [(600_000, true), (600_001, false), (899_999, false), (900_000, true)] {
            assert_eq!(asked.begin(KNOWN, Millis(moment)), begins, "{moment}");
            asked.end(false, Millis(moment));
        }
        assert_eq!(asked.answered, Some(Millis(0)));
    }

    #[test]
    fn one_question_at_a_time_and_none_for_ever() {
        let mut asked = Asked::default();
        assert!(asked.begin(KNOWN, Millis(0)));
        assert!(!asked.begin(UNKNOWN, Millis(2_999)));
        assert!(asked.is_under_way(Millis(2_999)));
        assert!(!asked.is_under_way(Millis(3_000)));
        assert!(asked.begin(KNOWN, Millis(10_000)));
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nothing() {
        check(true, &[(1_000_000, KNOWN), (0, KNOWN)], &[true, true]);
    }
}
