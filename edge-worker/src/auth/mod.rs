//! Authentication of the caller. A handler takes the proof as an argument and cannot be called without it.
//!
//! Keys open evaluation: two that a deployment may bring along, and those that the hub keeps. Administration takes a token (RFC
//! 7519). Reading order: [`stored`], [`identity`]; [`token`], [`claims`], [`trust`], [`role`].
mod algorithm;
mod base64url;
mod claims;
pub(crate) mod identity;
mod json;
mod jwk;
mod key_url;
mod presented;
mod role;
mod stored;
mod subtle;
mod token;
mod trust;

use std::rc::Rc;

use control::{Key, KeyKind};
use sdk_core::{Audience, Context};
use worker::{Env, Request};

use self::{claims::Claims, identity::Holder, presented::Presented, role::Role};
use crate::{clock, host::Host, limit, problem::Problem, ruleset_cache};

/// Holds a client key, a server key, or a token of any role or none: may ask what a flag is for one context.
pub(crate) struct Evaluator {
    /// Of a stored client key, which says what may be seen, and as whom.
    holder: Option<Holder>,
}

/// Holds a server key: may ask for many contexts, and set the time.
pub(crate) struct Server(());

/// Holds a token that gives a role.
pub(crate) struct Admin {
    subject: String,
    role: Role,
}

impl Evaluator {
    pub(crate) async fn of(request: &Request, env: &Host) -> Result<Self, Problem> {
        let presented = Presented::key(request)?;
        if presented.is(env, "SERVER_KEY") {
            return Ok(Self { holder: None });
        }
        if presented.is(env, "CLIENT_KEY") {
            limit::client(request, env)?;
            return Ok(Self { holder: None });
        }
        let Some((kind, hash)) = presented.stored() else {
            limit::user(&signed(request, env).await?.subject, env)?;
            return Ok(Self { holder: None });
        };
        let now = clock::told(request, env);
        if kind == KeyKind::Server {
            stored::key(hash, env, now).await?;
            return Ok(Self { holder: None });
        }
        // Requests with wrong credentials count too: an attacker may be trying keys.
        limit::client(request, env)?;
        let Some(key) = stored::key(hash, env, now).await? else { return Ok(Self { holder: None }) };
        stored::check_origin(&key, request)?;
        Ok(Self { holder: Some(Holder::of(key, request, now).await?) })
    }

    /// For what tells more than answers: only whose key sees everything, as anybody.
    pub(crate) fn unrestricted(self) -> Result<Self, Problem> {
        if self.audience() == Audience::default() { Ok(self) } else { Err(Problem::wrong_credentials("a key that sees every flag")) }
    }

    /// The context with the identity that the caller may claim.
    pub(crate) fn admit(&self, context: Context) -> Result<Context, Problem> {
        match &self.holder {
            Some(holder) => holder.admit(context),
            None => Ok(context),
        }
    }

    /// The flags that the caller may see, and how it proves an identity.
    pub(crate) fn audience(&self) -> Audience<'_> {
        self.holder.as_ref().map(Holder::audience).unwrap_or_default()
    }

    pub(crate) fn holder(&self) -> Option<&Holder> {
        self.holder.as_ref()
    }
}

impl Server {
    pub(crate) async fn of(request: &Request, env: &Host) -> Result<Self, Problem> {
        let presented = Presented::key(request)?;
        if presented.is(env, "SERVER_KEY") {
            return Ok(Self(()));
        }
        if presented.is(env, "CLIENT_KEY") {
            return Err(Problem::wrong_credentials("a server key"));
        }
        let (kind, hash) = presented.stored().ok_or_else(Problem::no_credentials)?;
        stored::key(hash, env, clock::told(request, env)).await?;
        if kind == KeyKind::Server { Ok(Self(())) } else { Err(Problem::wrong_credentials("a server key")) }
    }
}

impl Admin {
    /// The caller, if its token holds a role; that of a member may only GET and HEAD.
    pub(crate) async fn of(request: &Request, env: &Env) -> Result<Self, Problem> {
        let Claims { subject, role, .. } = signed(request, env).await?;
        let role = role.ok_or_else(|| Problem::wrong_credentials("a role"))?;
        if !matches!(request.inner().method().as_str(), "GET" | "HEAD") && matches!(role, Role::Member { .. }) {
            return Err(Problem::wrong_credentials("a role that may change something"));
        }
        Ok(Self { subject, role })
    }

    /// For what concerns the whole deployment.
    pub(crate) fn operator(self) -> Result<Self, Problem> {
        if self.within().is_none() { Ok(self) } else { Err(Problem::wrong_credentials("the role service or admin")) }
    }

    /// The subject of the token, in the issuer's words.
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

/// The origins that pages may have who show what this request shows.
pub(crate) enum Origins {
    /// Those of a stored key.
    Of(Rc<Key>),
    /// Those that the deployment lists.
    Listed,
    /// Any origin: the request shows no key that lists origins.
    Any,
}

impl Origins {
    /// As far as is known without asking anybody.
    pub(crate) fn of(request: &Request, env: &Env) -> Self {
        let Ok(presented) = Presented::key(request) else { return Self::Any };
        let stored = || ruleset_cache::known_keys()?.get(presented.stored()?.1);
        if presented.is(env, "CLIENT_KEY") { Self::Listed } else { stored().map_or(Self::Any, Self::Of) }
    }
}

/// The claims of the request's token, if it holds.
async fn signed(request: &Request, env: &Env) -> Result<Claims, Problem> {
    trust::verified(Presented::bearer(request)?.text(), env).await?.ok_or_else(Problem::no_credentials)
}
