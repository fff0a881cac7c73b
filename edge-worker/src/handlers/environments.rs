//! `GET /api/admin/environments`: the environments of the deployment, the first one first.
//!
//! `{ environments: [{ name, default, createdAt?, epoch?, version?, flags?, errors? }] }`. Each hub tells its own version; it is left out
//! while that hub does not answer.
use sdk_core::{Object, json::canonical::write_string};
use worker::{Response, console_error};

use super::json;
use crate::{environment::Environment, host::Host, hub::client as hub, problem::Problem, ruleset_cache};

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
