//! Rate limits: the most requests of one subject a minute. Each isolate counts for itself, and does not count requests with server keys
//! that it knows.
mod address;
mod limiter;
mod rates;

use std::cell::{OnceCell, RefCell};

pub(crate) use self::{
    limiter::{Limiter, RetryAfter},
    rates::{Rates, parse},
};
use crate::{http::asked::Asked, problem::Problem};

struct Limits {
    admin: Limiter,
    read: Limiter,
    user: Limiter,
    client: Limiter,
}

thread_local! {
    /// Set by the first request that is counted; `None` if `RATE_LIMITS` is `off`.
    static LIMITS: OnceCell<RefCell<Option<Limits>>> = const { OnceCell::new() };
    static WRONG: RefCell<Limiter> = const { RefCell::new(Limiter::new(GUESSES)) };
}

/// Counts a change by an administrator.
pub(crate) fn change(subject: &str, asked: &Asked<'_>) -> Result<(), Problem> {
    count(asked, |limits| Some((&mut limits.admin, subject.to_owned())))
}

/// Counts a read by an administrator.
pub(crate) fn read(subject: &str, asked: &Asked<'_>) -> Result<(), Problem> {
    count(asked, |limits| Some((&mut limits.read, subject.to_owned())))
}

/// Counts an evaluation with a user's token.
pub(crate) fn user(subject: &str, asked: &Asked<'_>) -> Result<(), Problem> {
    count(asked, |limits| Some((&mut limits.user, subject.to_owned())))
}

/// Counts a request with a client key, or with a key that the isolate does not know, by the client's address: anybody can have or make up
/// one. Does not count one without an address.
pub(crate) fn client(asked: &Asked<'_>) -> Result<(), Problem> {
    count(asked, |limits| Some((&mut limits.client, address::of(asked.parts)?)))
}

/// The most wrong break-glass tokens of one address in a minute.
const GUESSES: usize = 5;

/// Counts a wrong break-glass token, by the client's address, also if `RATE_LIMITS` is `off`. The right one always passes: it cannot be
/// guessed, and nobody may lock its holder out.
pub(crate) fn guess(asked: &Asked<'_>) -> Result<(), Problem> {
    if asked.known.is_counted.replace(true) {
        return Ok(());
    }
    let address = address::of(asked.parts).unwrap_or_default();
    let passed = WRONG.with_borrow_mut(|wrong| wrong.pass(&address, asked.clock));
    passed.map_err(|RetryAfter(seconds)| Problem::rate_limited(seconds))
}

/// Counts a request in the limiter that `choose` returns with a subject; does nothing if this request was counted already.
fn count(asked: &Asked<'_>, choose: impl FnOnce(&mut Limits) -> Option<(&mut Limiter, String)>) -> Result<(), Problem> {
    if asked.known.is_counted.get() {
        return Ok(());
    }
    let passed = LIMITS.with(|limits| {
        let mut limits = limits.get_or_init(|| RefCell::new(asked.settings.rate_limits.0.map(Limits::of))).borrow_mut();
        let Some((limiter, subject)) = limits.as_mut().and_then(choose) else { return Ok(()) };
        limiter.pass(&subject, asked.clock).map_err(|RetryAfter(seconds)| Problem::rate_limited(seconds))
    });
    // A refused request stays uncounted, so that a second check of the same request refuses it again.
    asked.known.is_counted.set(passed.is_ok());
    passed
}

impl Limits {
    const fn of(Rates { admin, read, user, client }: Rates) -> Self {
        Self { admin: Limiter::new(admin), read: Limiter::new(read), user: Limiter::new(user), client: Limiter::new(client) }
    }
}
