//! Who asks. A handler takes the proof as an argument and cannot be called without it.
use worker::{Env, Request};

use crate::{problem::Problem, settings};

/// Holds a client key or a server key: may ask what a flag is for one context.
pub(crate) struct Evaluator(());

/// Holds a server key: may ask for many contexts, and set the time.
pub(crate) struct Server(());

/// Holds the administrator's token.
pub(crate) struct Admin(());

impl Evaluator {
    pub(crate) fn of(request: &Request, env: &Env) -> Result<Self, Problem> {
        let presented = Presented::key(request)?;
        if presented.is(env, "CLIENT_KEY") || presented.is(env, "SERVER_KEY") { Ok(Self(())) } else { Err(Problem::no_credentials()) }
    }
}

impl Server {
    pub(crate) fn of(request: &Request, env: &Env) -> Result<Self, Problem> {
        let presented = Presented::key(request)?;
        if presented.is(env, "SERVER_KEY") {
            Ok(Self(()))
        } else if presented.is(env, "CLIENT_KEY") {
            Err(Problem::wrong_credentials("a server key"))
        } else {
            Err(Problem::no_credentials())
        }
    }
}

impl Admin {
    pub(crate) fn subject(&self) -> &str {
        "admin"
    }

    pub(crate) fn role(&self) -> &str {
        "service"
    }

    pub(crate) fn within(&self) -> Option<&str> {
        None
    }

    pub(crate) fn of(request: &Request, env: &Env) -> Result<Self, Problem> {
        let presented = Presented::bearer(request)?.ok_or_else(Problem::no_credentials)?;
        if presented.is(env, "ADMIN_TOKEN") { Ok(Self(())) } else { Err(Problem::no_credentials()) }
    }
}

/// What the caller showed. Neither printed nor compared in a time that tells how much of it is right.
struct Presented(String);

impl Presented {
    fn bearer(request: &Request) -> Result<Option<Self>, Problem> {
        let header = request.headers().get("authorization")?;
        Ok(header.and_then(|header| {
            let (scheme, token) = header.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| Self(token.trim().to_owned()))
        }))
    }

    /// OFREP clients may use a header of their own.
    fn key(request: &Request) -> Result<Self, Problem> {
        let key = match Self::bearer(request)? {
            Some(bearer) => Some(bearer),
            None => request.headers().get("x-api-key")?.map(Self),
        };
        key.ok_or_else(Problem::no_credentials)
    }

    /// A binding that is absent or empty opens nothing.
    fn is(&self, env: &Env, binding: &str) -> bool {
        let Some(expected) = settings::text(env, binding) else { return false };
        let (presented, expected) = (self.0.as_bytes(), expected.as_bytes());
        let differing = presented.iter().zip(expected).fold(0, |differing, (a, b)| differing | (a ^ b));
        presented.len() == expected.len() && differing == 0
    }
}
