//! `GET /api/admin/environments`: the environments of the deployment, the first one first.
//!
//! `{ environments: [{ name, default, createdAt?, epoch?, version?, flags?, errors? }] }`. Each version is that of the environment's own
//! hub; it is left out while that hub does not answer.
use futures_util::future::join_all;
use sdk_core::Millis;
use serde::Serialize;
use worker::{Env, Request, Response, console_error};

use crate::{
    environment::{Environment, Registry},
    hub::client::{self as hub, Summary},
    problem::Problem,
    query::Query,
    version::Epoch,
};

#[derive(Serialize)]
struct List {
    environments: Vec<View>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    /// `null` if the document of the first environment names none.
    name: Option<String>,
    default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(flatten)]
    serves: Option<Serves>,
}

#[derive(Serialize)]
struct Serves {
    epoch: Epoch,
    version: u32,
    flags: usize,
    errors: usize,
}

impl From<Summary> for Serves {
    fn from(summary: Summary) -> Self {
        Self { epoch: summary.epoch, version: summary.version, flags: summary.flags, errors: summary.errors }
    }
}

pub(crate) async fn list(request: &Request, env: &Env) -> Result<Response, Problem> {
    Query::of(&request.inner().url(), &[])?;
    let mut first = hub::summary(env, &Environment::FIRST).await?;
    let (name, registered) = (first.name.take(), core::mem::take(&mut first.environments));
    let registry = Registry::new(None, registered.iter().map(|(name, _)| name.clone()).collect());
    let summaries = join_all(registry.others().iter().map(|other| hub::summary(env, other))).await;
    let mut environments = vec![View { name, default: true, created_at: None, serves: Some(first.into()) }];
    // The registry has the order of names, and so have the rows.
    for ((name, created_at), summary) in registered.into_iter().zip(summaries) {
        let serves = summary.inspect_err(|problem| console_error!("{}: {}", name, problem.why())).ok().map(Serves::from);
        let created_at = Some(Millis(created_at).to_rfc3339());
        environments.push(View { name: Some(name.to_string()), default: false, created_at, serves });
    }
    Ok(Response::from_json(&List { environments })?)
}
