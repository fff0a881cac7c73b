//! `POST /v1/outcomes`: forwards the outcomes that servers report to the hub.
use worker::{Request, Response};

use crate::{body, environment::Environment, host::Host, hub::client as hub, problem::Problem};

pub(crate) async fn take(environment: &Environment, request: &mut Request, env: &Host) -> Result<Response, Problem> {
    let body = body::text(&body::read(request, body::QUESTION).await?)?.to_owned();
    if env.settings.is_off {
        return Err(Problem::switched_off());
    }
    hub::outcomes(env, environment, request, body).await
}
