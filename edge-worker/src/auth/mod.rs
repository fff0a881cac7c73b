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

pub(crate) use self::role::Role;
use self::{claims::Claims, presented::Presented};
use crate::{limit, problem::Problem};

/// Holds a client key, a server key, or a token of any role or none: may ask what a flag is for one context.
pub(crate) struct Evaluator(());

/// Holds a server key: may ask for many contexts, and set the time.
pub(crate) struct Server(());

/// Holds a token that gives a role.
pub(crate) struct Admin {
    /// Who it is, in the issuer's words.
    #[expect(dead_code, reason = "no route asks for it yet")]
    pub(crate) subject: String,
    pub(crate) role: Role,
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
    /// Whoever holds a role. What changes something is counted.
    pub(crate) async fn of(request: &Request, env: &Env) -> Result<Self, Problem> {
        let Claims { subject, role, .. } = signed(request, env).await?;
        let role = role.ok_or_else(|| Problem::wrong_credentials("a role"))?;
        if !matches!(request.inner().method().as_str(), "GET" | "HEAD") {
            limit::admin(&subject, env)?;
        }
        Ok(Self { subject, role })
    }

    /// For what concerns the whole deployment.
    pub(crate) fn operator(self) -> Result<Self, Problem> {
        if self.role.is_operator() { Ok(self) } else { Err(Problem::wrong_credentials("the role service or admin")) }
    }

    /// For what concerns one organization and its customers.
    #[expect(dead_code, reason = "no route asks for it yet")]
    pub(crate) fn may_read_organization(&self, organization: &str) -> Result<(), Problem> {
        if self.role.may_read(organization) { Ok(()) } else { Err(Problem::wrong_credentials("a role in that organization")) }
    }

    /// For the overrides of one organization and of its customers.
    #[expect(dead_code, reason = "no route asks for it yet")]
    pub(crate) fn may_write_organization(&self, organization: &str) -> Result<(), Problem> {
        if self.role.may_write(organization) { Ok(()) } else { Err(Problem::wrong_credentials("to administer that organization")) }
    }
}

/// What a token says that holds.
async fn signed(request: &Request, env: &Env) -> Result<Claims, Problem> {
    trust::verified(Presented::bearer(request)?.text(), env).await?.ok_or_else(Problem::no_credentials)
}
