//! Rate limits by subject, in each minute, of this isolate. Requests with server keys are not counted.
mod address;
mod limiter;
mod rates;

use std::cell::{OnceCell, RefCell};

use worker::{Env, Request, console_error};

pub(crate) use self::limiter::{Limiter, RetryAfter};
use self::rates::Rates;
use crate::{clock, problem::Problem, settings};

struct Limits {
    admin: Limiter,
    read: Limiter,
    user: Limiter,
    client: Limiter,
}

thread_local! {
    /// From the first time the binding is read; `None` where there are no limits.
    static LIMITS: OnceCell<RefCell<Option<Limits>>> = const { OnceCell::new() };
}

/// Counts a change by an administrator.
pub(crate) fn admin(subject: &str, env: &Env) -> Result<(), Problem> {
    count(env, |limits| Some((&mut limits.admin, subject.to_owned())))
}

/// Counts a read by an administrator.
pub(crate) fn read(subject: &str, env: &Env) -> Result<(), Problem> {
    count(env, |limits| Some((&mut limits.read, subject.to_owned())))
}

/// Counts an evaluation with a user's token.
pub(crate) fn user(subject: &str, env: &Env) -> Result<(), Problem> {
    count(env, |limits| Some((&mut limits.user, subject.to_owned())))
}

/// Counts a request with a client key, which everybody has, by where it comes from.
pub(crate) fn client(request: &Request, env: &Env) -> Result<(), Problem> {
    count(env, |limits| Some((&mut limits.client, address::of(request, env)?)))
}

fn count(env: &Env, choose: impl FnOnce(&mut Limits) -> Option<(&mut Limiter, String)>) -> Result<(), Problem> {
    LIMITS.with(|limits| {
        let mut limits = limits.get_or_init(|| RefCell::new(rates(env).map(Limits::of))).borrow_mut();
        let Some((limiter, subject)) = limits.as_mut().and_then(choose) else { return Ok(()) };
        limiter.pass(&subject, clock::now()).map_err(|RetryAfter(seconds)| Problem::rate_limited(seconds))
    })
}

fn rates(env: &Env) -> Option<Rates> {
    let Some(text) = settings::text(env, "RATE_LIMITS") else { return Some(rates::DEFAULT) };
    rates::parse(&text).unwrap_or_else(|()| {
        console_error!(
            "RATE_LIMITS is not read, and the defaults hold: expected off, or rates such as admin=30,read=600,user=30,client=600"
        );
        Some(rates::DEFAULT)
    })
}

impl Limits {
    const fn of(Rates { admin, read, user, client }: Rates) -> Self {
        Self { admin: Limiter::new(admin), read: Limiter::new(read), user: Limiter::new(user), client: Limiter::new(client) }
    }
}
