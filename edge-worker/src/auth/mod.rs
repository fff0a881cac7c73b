//! Who asks. A handler takes the proof as an argument and cannot be called without it.
//!
//! Keys open evaluation; administration takes a token (RFC 7519). Reading order: [`token`], [`claims`], [`trust`], [`role`].
mod algorithm;
mod base64url;
mod claims;
mod json;
mod jwk;
mod key_url;
mod presented;
mod role;
mod subtle;
mod token;
mod trust;

use worker::{Env, Request};

use self::{claims::Claims, presented::Presented, role::Role};
use crate::{limit, problem::Problem};

/// Holds a client key, a server key, or a token of any role or none: may ask what a flag is for one context.
pub(crate) struct Evaluator(());

/// Holds a server key: may ask for many contexts, and set the time.
pub(crate) struct Server(());

/// Holds a token that gives a role.
pub(crate) struct Admin {
    subject: String,
    role: Role,
}

impl Evaluator {
    pub(crate) async fn of(request: &Request, env: &Env) -> Result<Self, Problem> {
        let presented = Presented::key(request)?;
        if presented.is(env, "SERVER_KEY") {
            return Ok(Self(()));
        }
        if presented.is(env, "CLIENT_KEY") {
            limit::client(request, env)?;
        } else {
            limit::user(&signed(request, env).await?.subject, env)?;
        }
        Ok(Self(()))
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
    /// Whoever holds a role; who only reads changes nothing. What changes something is counted.
    pub(crate) async fn of(request: &Request, env: &Env) -> Result<Self, Problem> {
        let Claims { subject, role, .. } = signed(request, env).await?;
        let role = role.ok_or_else(|| Problem::wrong_credentials("a role"))?;
        if !matches!(request.inner().method().as_str(), "GET" | "HEAD") {
            limit::admin(&subject, env)?;
            if matches!(role, Role::Member { .. }) {
                return Err(Problem::wrong_credentials("a role that may change something"));
            }
        }
        Ok(Self { subject, role })
    }

    /// For what concerns the whole deployment.
    pub(crate) fn operator(self) -> Result<Self, Problem> {
        if self.within().is_none() { Ok(self) } else { Err(Problem::wrong_credentials("the role service or admin")) }
    }

    /// Who it is, in the issuer's words.
    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    pub(crate) fn role(&self) -> &str {
        self.role.as_str()
    }

    /// The one organization that they look after; `None` where it is the whole deployment.
    pub(crate) fn within(&self) -> Option<&str> {
        self.role.organization()
    }
}

/// What a token says that holds.
async fn signed(request: &Request, env: &Env) -> Result<Claims, Problem> {
    trust::verified(Presented::bearer(request)?.text(), env).await?.ok_or_else(Problem::no_credentials)
}
