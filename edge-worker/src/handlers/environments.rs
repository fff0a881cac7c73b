//! `/api/admin/environments`: the environments of the deployment.
//!
//! GET answers `{ environments: [{ name, default, createdAt?, epoch?, version?, flags?, errors? }] }`, the first one first. Each hub tells
//! its own version; it is left out while that hub does not answer. POST registers one and DELETE closes one, in the first hub: a token needs
//! the right to the first environment and to that one.
use sdk_core::{Object, json::canonical::write_string};
use serde::Deserialize;
use worker::{Request, Response, console_error};

use super::{admin, json};
use crate::{
    auth::Caller, body, environment::Environment, host::Host, http::parts::Parts, hub::client as hub, problem::Problem, ruleset_cache,
};

pub(crate) async fn list(env: &Host) -> Result<Response, Problem> {
    ruleset_cache::refresh(env, &Environment::FIRST).await;
    let keys = ruleset_cache::keys(env, &Environment::FIRST).await?;
    let first = (Environment::FIRST, None);
    let others = keys.registry.others().iter().map(|(other, created_at)| (other.clone(), Some(*created_at)));
    let mut out = String::from(r#"{"environments":["#);
    for (environment, created_at) in [first].into_iter().chain(others) {
        if created_at.is_some() {
            out.push(',');
        }
        let mut object = Object::open(&mut out);
        match keys.registry.name_of(&environment) {
            Some(name) => write_string(object.member("name"), name),
            None => object.member("name").push_str("null"),
        }
        object.member("default").push_str(if created_at.is_none() { "true" } else { "false" });
        if let Some(created_at) = created_at {
            write_string(object.member("createdAt"), &created_at.to_rfc3339());
        }
        match hub::summary(env, &environment).await {
            // Its members stand behind those of the registry.
            Ok(summary) => out.push_str(&summary.replacen('{', ",", 1)),
            Err(problem) => {
                console_error!("{}: {}", environment.object(), problem.why());
                out.push('}');
            }
        }
    }
    json(out + "]}")
}

/// Passes a request to register or to close an environment on, if the caller may act in that one.
pub(crate) async fn change(caller: &Caller, parts: &Parts<'_>, request: &mut Request, env: &Host) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let body = body::text(&body::read(request, body::QUESTION).await?)?.to_owned();
    // The hub refuses a body without a name.
    let name = match parts.path().strip_prefix("/api/admin/environments/") {
        Some(name) => Some(name.to_owned()),
        None => serde_json::from_str(&body).ok().map(|Named { name }| name),
    };
    caller.check_reach(name.as_deref())?;
    admin::pass_on(caller, request, Some(body), body::QUESTION, env).await
}
