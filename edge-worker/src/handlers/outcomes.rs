//! `POST /v1/outcomes`: what servers tell of those who have a feature.
use worker::{Request, Response};

use crate::{body, environment::Environment, host::Host, hub::client as hub, problem::Problem};

pub(crate) async fn take(environment: &Environment, request: &mut Request, env: &Host) -> Result<Response, Problem> {
    let body = body::text(&body::read(request, body::QUESTION).await?)?.to_owned();
    if env.settings.is_off {
        return Err(Problem::switched_off());
    }
    hub::outcomes(env, environment, request, body).await
}
