//! `POST /v1/outcomes`: what servers tell of those who have a feature.
use worker::{Env, Request, Response};

use crate::{body, hub::client as hub, problem::Problem, settings};

pub(crate) async fn take(request: &mut Request, env: &Env) -> Result<Response, Problem> {
    let body = body::read(request, body::QUESTION).await?;
    if settings::is_off(env) {
        return Err(Problem::switched_off());
    }
    hub::outcomes(env, request, body).await
}
