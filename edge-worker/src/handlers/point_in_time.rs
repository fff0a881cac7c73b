//! `POST /api/admin/restore/point`: has the runtime put the store back to a moment, and gives it a new epoch.
//!
//! The durable object ends in between, so the worker carries the request from one to the next.
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use worker::{Delay, Env, Method, Request, Response};

use super::admin;
use crate::{auth::Caller, body, hub::client as hub, problem::Problem, ruleset_cache};

/// The time after which the worker looks again for the durable object that was put back.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// The most looks: ten seconds of them.
const LOOKS: u32 = 100;

/// The hub's answer before it ends.
#[derive(Deserialize)]
struct Going<'a> {
    #[serde(borrow)]
    bookmark: &'a RawValue,
    #[serde(borrow)]
    undo: &'a RawValue,
    /// The body that renews the epoch.
    #[serde(borrow)]
    renewal: &'a RawValue,
}

pub(crate) async fn restore(caller: &Caller, request: &mut Request, env: &Env) -> Result<Response, Problem> {
    let mut going = admin::pass_on(caller, request, None, body::QUESTION, env).await?;
    if going.status_code() != 200 {
        return Ok(going);
    }
    let text = going.text().await?;
    let Going { bookmark, undo, renewal } = serde_json::from_str(&text).map_err(worker::Error::from)?;
    let renewed = renew(caller, renewal, env).await;
    ruleset_cache::refresh(env, &caller.environment).await;
    let mut renewed = match renewed {
        Ok(renewed) if renewed.status_code() == 200 => renewed,
        Ok(_) | Err(_) => return Err(Problem::no_renewal(undo.get())),
    };
    let rest = renewed.text().await?.replacen('{', ",", 1);
    let answer = Response::from_body(worker::ResponseBody::Body(format!(r#"{{"bookmark":{bookmark},"undo":{undo}{rest}"#).into_bytes()))?;
    Ok(answer.with_headers(renewed.headers().clone()))
}

/// Renews the epoch as soon as the hub is there again: until its durable object has ended, it answers 503.
async fn renew(caller: &Caller, renewal: &RawValue, env: &Env) -> Result<Response, Problem> {
    let request = Request::new("http://hub/", Method::Post)?;
    let mut looks = 0;
    loop {
        looks += 1;
        let answer = hub::administer(env, &caller.environment, &caller.actor(), &request, "epoch", renewal.get().to_owned(), None).await;
        match answer {
            Ok(answer) if answer.status_code() != 503 || looks == LOOKS => return Ok(answer),
            Err(problem) if looks == LOOKS => return Err(problem),
            Ok(_) | Err(_) => Delay::from(LOOK_AGAIN).await,
        }
    }
}
