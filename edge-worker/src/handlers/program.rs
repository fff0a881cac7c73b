//! `POST /v1/program`: the ruleset specialised for what is known of one visitor.
//!
//! `?format=N` names the highest program format that the client reads; without it, the newest is written.
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sdk_core::{Audience, FORMAT, ProgramError, specialise};

use super::{accept, question::Question};
use crate::{
    auth::{
        Caller,
        identity::{self, Holder},
    },
    body, counts,
    held_programs::{self, Made},
    http::{
        asked::{Asked, Unanswered},
        parts::Header,
        response::{Answer, JSON},
    },
    problem::Problem,
    receipts,
};

/// The form to run; the other one, JSON, is there to be read.
const BINARY: &str = "application/vnd.twinflag.program";

pub(crate) fn make(caller: &Caller, asked: &Asked<'_>) -> Result<Answer, Unanswered> {
    let query = asked.query(&["format", "minVersion"])?;
    let accepted = asked.parts.header(Header::Accept).unwrap_or_default();
    let form = accept::best(accepted, &[BINARY, JSON]).and_then(|place| [BINARY, JSON].get(place).copied());
    let form = form.ok_or_else(|| Problem::not_acceptable(&format!("{BINARY}, {JSON}")))?;
    let format = query.number("format")?.map_or(FORMAT, |highest| highest.min(FORMAT));
    let admitted = caller.admit(Question::parse(asked.body(body::QUESTION)?)?.context()?)?;
    let mut serving = asked.serving(&caller.environment, query.version("minVersion")?)?;
    let (overrides, known) = caller.overrides_of(asked, &mut serving, admitted.clone())?;
    // The page runs the program as the visitor that it states, and does not learn the customer's organization.
    let stated = Some(caller.holder().map_or(&admitted, |holder| holder.stated(&admitted, &known)));
    let audience = Audience { format, stated, ..caller.audience() };
    let Made { bytes, etag } = held_programs::get(&caller.environment, &serving, (&known, audience, form), || {
        counts::evaluated(serving.ruleset.len());
        let program = specialise(&serving.ruleset, overrides.of(&known), &known, audience).map_err(|error| match error {
            ProgramError::Format => Problem::not_acceptable(&format!("programs of format {FORMAT}")),
            error => Problem::context(error.as_str()),
        })?;
        Ok::<_, Problem>(if form == BINARY { program.to_bytes() } else { program.to_json().into_bytes() })
    })?;
    let mut answer = Answer::tagged(asked, etag, form, &*bytes).with_shared("vary", "accept");
    if let Some(visitor) = caller.holder().and_then(|holder| Holder::visitor(holder, &serving.ruleset)) {
        answer = answer.with_own(identity::HEADER, utf8_percent_encode(&visitor, NON_ALPHANUMERIC).to_string());
    }
    // The page's own clock may be wrong, and the program names moments.
    Ok(receipts::issue(answer.with_own("twinflag-now", asked.moment().0.to_string()), asked, &serving)?.versioned(&serving))
}
