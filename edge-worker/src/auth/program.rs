//! The callers whose tokens no issuer signs: programs with an API token, and the holder of the break-glass token.
//!
//! An API token is for one environment, and its requests are for that one. The break-glass token is for the moment when an identity provider
//! or a store has lost all other credentials: its hash stands in the settings, it is an administrator's in every environment, and each of
//! its uses is logged as an error.
use std::borrow::Cow;

use control::{
    TokenRole,
    change::{BREAK_GLASS, Hash},
};

use super::{
    presented::{Credential, Stored},
    role::Role,
    stored,
};
use crate::{
    environment::Environment,
    http::asked::{Asked, Unanswered},
    limit,
    problem::Problem,
    token_uses::TokenUse,
};

/// A caller with an API token or with the break-glass token.
pub(super) struct Program {
    pub(super) subject: String,
    pub(super) role: Role,
    /// The environment of an API token; `None` for the break-glass token, which is for all.
    pub(super) environment: Option<Environment>,
    /// The hash of an API token; `None` for the break-glass token.
    pub(super) token: Option<Hash>,
}

/// The holder of the break-glass token, if the request presents a text in the form of one; refused if it is not the deployment's.
pub(super) fn break_glass(asked: &Asked<'_>) -> Result<Option<Program>, Problem> {
    let Some(presented) = Credential::break_glass(asked.parts) else { return Ok(None) };
    if !asked.settings.break_glass_token_hash.as_ref().is_some_and(|hash| presented.has_hash(hash)) {
        limit::guess(asked)?;
        return Err(Problem::no_token());
    }
    asked.known.is_break_glass.set(true);
    Ok(Some(Program { subject: BREAK_GLASS.to_owned(), role: Role::Admin, environment: None, token: None }))
}

/// The program with an API token, if the request presents a text in the form of one; refused if it is not stored, or has expired.
pub(super) fn of(asked: &Asked<'_>) -> Result<Option<Program>, Unanswered> {
    let Some(presented) = Credential::api(asked.parts) else { return Ok(None) };
    program(&presented, asked).map(Some)
}

fn program(presented: &Stored, asked: &Asked<'_>) -> Result<Program, Unanswered> {
    let (environment, token) = stored::find(presented, asked)?;
    let Some(token) = token else { return Err(Problem::no_token().into()) };
    if !token.holds(asked.moment()) {
        return Err(Problem::expired_token().into());
    }
    let role = match token.terms.role {
        Some(TokenRole::Viewer) => Role::Viewer,
        Some(TokenRole::Operator) => Role::Operator,
        Some(TokenRole::Admin) => Role::Admin,
        // No row has such a text without a role.
        None => return Err(Problem::no_token().into()),
    };
    let used = TokenUse { environment: environment.clone(), token: token.hash, at: asked.moment() };
    asked.known.token_use.replace(Some(used));
    Ok(Program { subject: token.subject(), role, environment: Some(environment), token: Some(token.hash) })
}

impl Program {
    /// The name under which limits count the program: API tokens of several environments may have one subject.
    pub(super) fn counted(&self) -> Cow<'_, str> {
        match &self.environment {
            Some(environment) => format!("{} of {}", self.subject, environment.object()).into(),
            None => (&*self.subject).into(),
        }
    }

    /// The environment that a request to an operators' route is for; `named` is the one that it names. A route without the parameter
    /// `environment` is about the first one.
    pub(super) fn enter(&self, asked: &Asked<'_>, named: Option<&str>, takes_environment: bool) -> Result<Environment, Unanswered> {
        let other = |named: Option<&str>| {
            let this = named.map_or_else(|| "the first environment".to_owned(), |name| format!("the environment {name:?}"));
            Problem::wrong_credentials(&format!("a token for {this}"))
        };
        let entered = match named {
            Some(name) => asked.environment(name)?,
            None if takes_environment => Some(self.environment.clone().unwrap_or_default()),
            None => Some(Environment::FIRST),
        };
        match (&self.environment, entered, named) {
            (Some(own), Some(entered), _) if *own == entered => Ok(entered),
            (Some(_), ..) => Err(other(named).into()),
            (None, Some(entered), _) => Ok(entered),
            (None, None, named) => Err(Problem::no_environment(named.unwrap_or_default()).into()),
        }
    }
}
