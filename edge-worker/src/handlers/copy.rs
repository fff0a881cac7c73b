//! `POST /api/admin/environments/copy`: brings definitions of flags and segments from one environment's hub to another's.
//!
//! `{ from, to, flags?, segments?, fromVersion?, reason?, changedBy? }`. With `?dryRun=true` the answer is the difference; without it
//! `fromVersion` names the version of the source that the difference was shown of, and `If-Match` that of the target.
use control::change::Hash;
use sdk_core::json::quoted;
use serde::Deserialize;
use worker::{Request, Response};

use crate::{
    auth::Caller,
    body,
    environment::Environment,
    host::Host,
    hub::{
        client::{self as hub, Definitions},
        wire,
    },
    problem::Problem,
    query::Query,
    ruleset_cache,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    from: String,
    to: String,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    segments: Vec<String>,
    from_version: Option<String>,
    reason: Option<String>,
    changed_by: Option<String>,
}

pub(crate) async fn copy(caller: &Caller, request: &mut Request, env: &Host) -> Result<Response, Problem> {
    let query = Query::any(&request.inner().url())?;
    let dry_run = query.flag("dryRun")?;
    let bytes = body::read(request, body::QUESTION).await?;
    let Wire { from, to, flags, segments, from_version, reason, changed_by } = hub::read_body(body::text(&bytes)?)?;
    if from == to {
        return Err(Problem::malformed_at("/to", "expected another environment than from"));
    }
    if flags.is_empty() && segments.is_empty() {
        return Err(Problem::malformed("expected a flag or a segment"));
    }
    let (source, target) = (find(caller, "/from", &from, env).await?, find(caller, "/to", &to, env).await?);
    let mut path = String::from(if dry_run { "environments/copy?dryRun=true" } else { "environments/copy" });
    for name in query.all("remove") {
        path.extend([if path.contains('?') { "&" } else { "?" }, "remove=", &wire::encoded(&name)]);
    }
    let client_body = Hash::of(&bytes).to_hex();
    if request.headers().has("idempotency-key")? {
        // A copy whose answer was lost is answered again, even if the source has changed since.
        let earlier = hub::administer(env, &target, &caller.actor_in(&to), request, &path, String::new(), Some(&client_body)).await?;
        if earlier.status_code() != 204 {
            return Ok(earlier);
        }
    }
    let Definitions { version, text } = match hub::definitions(env, &source, &[flags, segments]).await? {
        Ok(definitions) => definitions,
        Err(refusal) => return Ok(refusal),
    };
    if !dry_run && from_version.as_deref() != Some(&*version) {
        let detail = format!("{from:?} is at version {version}: look at the difference with ?dryRun=true, and name its fromVersion");
        return Err(Problem::refused(409, "SOURCE_CHANGED", detail, "/fromVersion".to_owned()));
    }
    let mut body = format!(r#"{{"definitions":{{"from":{},"version":{},{text}}}"#, quoted(&from), quoted(&version));
    for (name, given) in [("changedBy", changed_by), ("reason", reason)] {
        if let Some(given) = given {
            body.extend([",\"", name, "\":", &quoted(&given)]);
        }
    }
    body.push('}');
    let answer = hub::administer(env, &target, &caller.actor_in(&to), request, &path, body, Some(&client_body)).await?;
    if !dry_run && answer.status_code() == 200 {
        ruleset_cache::refresh(env, &target).await;
    }
    Ok(answer)
}

/// The environment with this name, in which the caller may act; a refusal points to the member of the body that names it.
async fn find(caller: &Caller, member: &str, name: &str, env: &Host) -> Result<Environment, Problem> {
    caller.check_reach(Some(name)).map_err(|problem| problem.at(member.to_owned()))?;
    if let Some(found) = ruleset_cache::keys(env, &Environment::FIRST).await?.registry.find(name) {
        return Ok(found);
    }
    let (newer, is_sure) = ruleset_cache::newer_keys(env, &Environment::FIRST).await;
    newer.registry.find(name).ok_or_else(|| if is_sure { Problem::no_environment(name).at(member.to_owned()) } else { Problem::no_keys() })
}
