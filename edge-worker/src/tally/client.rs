//! Requests to the tallies of an environment.
use sdk_core::Millis;
use worker::{Env, Headers, Method, Request, RequestInit, Response};

use super::wire::{Arriving, EVENTS, Page, TAKE, Taken};
use crate::{
    clock,
    environment::{Environment, object_of},
    hub::wire::{ENVIRONMENT, encoded},
    problem::Problem,
};

/// Stores the outcomes of a request that names this moment, if tests may.
pub(crate) async fn take(env: &Env, environment: &Environment, arriving: &Arriving, told: Option<Millis>) -> Result<Taken, Problem> {
    let headers = Headers::new();
    if let Some(name) = environment.name() {
        headers.set(ENVIRONMENT, name.as_str())?;
    }
    if let Some(Millis(told)) = told {
        headers.set(clock::TOLD, &told.to_string())?;
    }
    let body = serde_json::to_string(arriving).map_err(worker::Error::from)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(headers).with_body(Some(body.into()));
    let mut answer = ask(env, &environment.object(), TAKE, &init).await?;
    match answer.status_code() {
        200 => Ok(answer.json().await?),
        _ => Err(Problem::no_ruleset("TALLY_FULL", "outcomes cannot be stored at present")),
    }
}

/// A query for stored outcomes.
pub(crate) struct Wanted<'w> {
    /// The key of a flag.
    pub(crate) flag: Option<&'w str>,
    pub(crate) customer: Option<&'w str>,
    pub(crate) event: Option<&'w str>,
    /// Only outcomes below this number.
    pub(crate) below: Option<i64>,
    /// Only outcomes behind this number, oldest first, whatever their flag, customer and event.
    pub(crate) after: Option<i64>,
    pub(crate) limit: u32,
}

/// Stored outcomes of the environment with this registered name, newest first.
pub(crate) async fn events(env: &Env, environment: Option<&str>, wanted: &Wanted<'_>) -> Result<Page, Problem> {
    let mut address = format!("{EVENTS}?limit={}", wanted.limit);
    let [below, after] = [wanted.below, wanted.after].map(|number| number.map(|number| number.to_string()));
    let numbers = [("below", below.as_deref()), ("after", after.as_deref())];
    for (name, value) in [("flag", wanted.flag), ("customer", wanted.customer), ("event", wanted.event)].into_iter().chain(numbers) {
        if let Some(value) = value {
            address += &format!("&{name}={}", encoded(value));
        }
    }
    let mut answer = ask(env, &object_of(environment), &address, &RequestInit::new()).await?;
    Ok(answer.json().await?)
}

async fn ask(env: &Env, environment: &str, address: &str, init: &RequestInit) -> Result<Response, Problem> {
    let request = Request::new_with_init(address, init)?;
    let tally = env.durable_object("TALLY")?.get_by_name(&format!("{environment}#0"))?;
    tally.fetch_with_request(request).await.map_err(Problem::hub_away)
}
