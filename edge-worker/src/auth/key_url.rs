//! The token issuer's keys from `JWKS_URL`. Only the setting names the address, never a token.
//!
//! The isolate keeps the keys. It fetches them again when they are old, and when a token names a key that is not among them. While the
//! address does not answer, the old keys stay in use, for a day: a key that the issuer withdrew meanwhile opens nothing from then on.
use std::{cell::RefCell, time::Duration};

use futures_util::{
    Stream, StreamExt,
    future::{Either, select},
};
use sdk_core::Millis;
use worker::{AbortController, AbortSignal, Delay, Env, RequestInit, Response, console_error};

use super::{jwk, subtle::Key};
use crate::{
    clock,
    outgoing::{self, Unanswered},
    problem::Problem,
    settings::Settings,
};

/// The age at which keys are fetched again, because the issuer may have withdrawn one.
const OLD_MS: i64 = 600_000;
/// The age at which keys that could not be fetched again are dropped.
const DROPPED_MS: i64 = 86_400_000;
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
/// The longest key set, in bytes, after decompression.
const LONGEST: usize = 256_000;

thread_local! {
    static HELD: RefCell<Vec<Key>> = const { RefCell::new(Vec::new()) };
    static ASKED: RefCell<FetchTimes> = RefCell::default();
}

/// The address of the issuer's keys, and the network that has it.
pub(super) struct KeyUrl {
    url: String,
    is_private: bool,
}

impl KeyUrl {
    /// The address that the settings name; `None` if they name none.
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        settings.jwks_url.clone().map(|url| Self { url, is_private: settings.is_jwks_private })
    }

    /// The issuer's keys. `key_id` is the key that a token names: if the isolate lacks it, the keys may be fetched again.
    pub(super) async fn keys(&self, key_id: Option<&str>, env: &Env) -> Result<Vec<Key>, Problem> {
        let is_held = || HELD.with_borrow(|held| held.iter().any(|key| key_id.is_none_or(|wanted| key.id.as_deref() == Some(wanted))));
        let now = clock::now();
        if !ASKED.with_borrow(|asked| asked.are_usable(now)) {
            HELD.take();
        }
        if ASKED.with_borrow_mut(|asked| asked.begin(!is_held(), now)) {
            let controller = AbortController::default();
            let answered = match select(Box::pin(self.load(env, controller.signal())), Delay::from(PATIENCE)).await {
                Either::Left((answered, _)) => answered,
                Either::Right(_) => {
                    console_error!("no keys from JWKS_URL: it takes too long to answer");
                    false
                }
            };
            if !answered {
                controller.abort();
            }
            ASKED.with_borrow_mut(|asked| asked.end(answered, clock::now()));
        } else {
            while !is_held() && ASKED.with_borrow(|asked| asked.is_under_way(clock::now())) {
                Delay::from(LOOK).await;
            }
        }
        if ASKED.with_borrow(|asked| asked.are_usable(clock::now())) { Ok(HELD.with_borrow(Clone::clone)) } else { Err(Problem::no_keys()) }
    }

    /// Fetches and keeps the keys. Returns false, and keeps the old ones, if no usable key arrives.
    async fn load(&self, env: &Env, signal: AbortSignal) -> bool {
        let mut keys = Vec::new();
        match self.fetch(env, &signal).await {
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

    async fn fetch(&self, env: &Env, signal: &AbortSignal) -> Result<Vec<jwk::Jwk>, String> {
        let mut answer = self.ask(env, signal).await?;
        if answer.status_code() != 200 {
            return Err(format!("it answers {}", answer.status_code()));
        }
        let chunks = answer.stream().map_err(|_| "its answer is empty")?;
        Ok(key_set(&bounded(chunks).await?)?)
    }

    /// Sends the request on the network that the deployment chose.
    async fn ask(&self, env: &Env, signal: &AbortSignal) -> Result<Response, &'static str> {
        let answered = outgoing::send(env, &self.url, &mut RequestInit::new(), self.is_private, signal).await;
        answered.map_err(|unanswered| match unanswered {
            Unanswered::NoAddress => "it is no address",
            Unanswered::NoBinding => "JWKS_PRIVATE is on, and the worker has no binding INSIDE",
            Unanswered::Unreached if self.is_private => "it cannot be reached; with JWKS_PRIVATE it must be in a private network",
            Unanswered::Unreached => "it cannot be reached; one in a private network needs JWKS_PRIVATE=on",
        })
    }
}

/// Reads an answer. Gives up at the first byte beyond [`LONGEST`], and reads no further.
async fn bounded<E>(mut chunks: impl Stream<Item = Result<Vec<u8>, E>> + Unpin) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| "its answer ended early")?;
        if bytes.len() + chunk.len() > LONGEST {
            return Err("its answer is longer than 256,000 bytes");
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The usable keys of an answer. It may begin with a byte order mark, as some servers' files do.
fn key_set(bytes: &[u8]) -> Result<Vec<jwk::Jwk>, &'static str> {
    let text = str::from_utf8(bytes).ok().map(|text| text.strip_prefix('\u{feff}').unwrap_or(text));
    text.and_then(|text| jwk::set(text).ok()).ok_or("its answer is no set of keys")
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
            && match self.answered.filter(|_| self.are_usable(now)) {
                None => past(self.last, RETRY_MS),
                answered => past(answered, OLD_MS) && past(self.last, PAUSE_MS) || is_unknown && past(self.for_unknown, PAUSE_MS),
            };
        if begins {
            if is_unknown && self.are_usable(now) {
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

    /// Returns true if keys have been fetched within a day. A clock that was set back makes none unusable: they are fetched again.
    fn are_usable(&self, now: Millis) -> bool {
        self.answered.is_some_and(|answered| now.0 - answered.0 < DROPPED_MS)
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

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, stream};

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
    fn keys_that_cannot_be_fetched_again_are_dropped_after_a_day() {
        let mut asked = FetchTimes::default();
        assert!(!asked.are_usable(Millis(0)));
        assert!(asked.begin(KNOWN, Millis(0)));
        asked.end(true, Millis(1_000));
        assert!(asked.are_usable(Millis(86_400_999)));
        assert!(!asked.are_usable(Millis(86_401_000)));
        // Without keys the isolate asks every ten seconds.
        for (moment, begins) in [(86_401_000, true), (86_410_999, false), (86_411_000, true)] {
            assert_eq!(asked.begin(UNKNOWN, Millis(moment)), begins, "{moment}");
            asked.end(false, Millis(moment));
        }
        assert!(asked.begin(UNKNOWN, Millis(86_421_000)));
        asked.end(true, Millis(86_421_000));
        assert!(asked.are_usable(Millis(86_421_000)));
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
        let asked = FetchTimes { answered: Some(Millis(1_000_000)), ..FetchTimes::default() };
        assert!(asked.are_usable(Millis(0)));
    }

    /// Reads an answer of chunks of 1,000 bytes. Returns the bytes that it kept, and the chunks that it received.
    fn received(chunks: usize) -> (Result<usize, &'static str>, usize) {
        let mut received = 0;
        let answer = stream::iter(0..chunks).map(|_| {
            received += 1;
            Ok::<_, ()>(vec![b' '; 1_000])
        });
        let read = bounded(answer).now_or_never().unwrap().map(|bytes| bytes.len());
        (read, received)
    }

    #[test]
    fn an_answer_is_read_up_to_its_bound_and_no_further() {
        assert_eq!(received(0), (Ok(0), 0));
        assert_eq!(received(256), (Ok(256_000), 256));
        assert_eq!(received(257), (Err("its answer is longer than 256,000 bytes"), 257));
        assert_eq!(received(1_000_000), (Err("its answer is longer than 256,000 bytes"), 257));
        let ends_early = stream::iter([Ok(vec![b'{']), Err(())]);
        assert_eq!(bounded(ends_early).now_or_never(), Some(Err("its answer ended early")));
    }

    #[test]
    fn an_answer_that_is_no_key_set_gives_no_keys() {
        const SET: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        let count = |bytes: &[u8]| key_set(bytes).map(|keys| keys.len());
        assert_eq!(count(SET.as_bytes()), Ok(1));
        assert_eq!(count(format!("\u{feff}{SET}").as_bytes()), Ok(1));
        for bytes in [&b""[..], b"<html>", b"\xff", "\u{feff}\u{feff}{\"keys\":[]}".as_bytes()] {
            assert_eq!(count(bytes), Err("its answer is no set of keys"), "{bytes:?}");
        }
    }
}
