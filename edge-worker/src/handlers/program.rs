//! `POST /v1/program`: the ruleset specialised for what is known of one visitor.
//!
//! `?format=N` names the highest program format that the client reads; without it, the newest is written.
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sdk_core::{Audience, FORMAT, OwnerKind, ProgramError, specialise};
use worker::{Request, Response};

use super::{JSON, accept, question::Question, tagged, versioned};
use crate::{
    auth::{
        Caller,
        identity::{self, Holder},
    },
    body,
    etag::Etag,
    host::Host,
    problem::Problem,
    query::Query,
    ruleset_cache,
};

/// The form to run; the other one, JSON, is there to be read.
const BINARY: &str = "application/vnd.twinflag.program";

pub(crate) async fn make(caller: &Caller, request: &mut Request, env: &Host) -> Result<Response, Problem> {
    let query = Query::of(request, &["format", "minVersion"])?;
    let accepted = request.headers().get("accept")?.unwrap_or_default();
    let form = accept::best(&accepted, &[BINARY, JSON]).and_then(|place| [BINARY, JSON].get(place).copied());
    let form = form.ok_or_else(|| Problem::not_acceptable(&format!("{BINARY}, {JSON}")))?;
    let format = query.number("format")?.map_or(FORMAT, |highest| highest.min(FORMAT));
    let body = body::read(request, body::QUESTION).await?;
    let mut known = caller.admit(Question::parse(&body)?.context()?)?;
    let named = OwnerKind::Organization.id(&known);
    let mut serving = ruleset_cache::current(env, query.version("minVersion")?).await?;
    let overrides = serving.overrides_of(env, &mut known).await?;
    let audience = Audience { format, ..caller.audience() };
    let program = specialise(&serving.ruleset, overrides.of(&known), &known, audience).map_err(|error| match error {
        ProgramError::Format => Problem::not_acceptable(&format!("programs of format {FORMAT}")),
        error => Problem::context(error.as_str()),
    })?;
    let bytes = if form == BINARY { program.to_bytes() } else { program.to_json().into_bytes() };
    let response = tagged(request, &Etag::strong(&bytes), form, bytes)?;
    response.headers().append("vary", "accept")?;
    if let Some(visitor) = caller.holder().and_then(|holder| Holder::visitor(holder, &serving.ruleset)) {
        response.headers().set(identity::HEADER, &utf8_percent_encode(&visitor, NON_ALPHANUMERIC).to_string())?;
    }
    // The program is for a visitor of this organization: who runs it says so of the visitor.
    if let Some(organization) = OwnerKind::Organization.id(&known).filter(|_| named.is_none()) {
        response.headers().set("twinflag-organization", &utf8_percent_encode(&organization, NON_ALPHANUMERIC).to_string())?;
    }
    versioned(response, &serving)
}
