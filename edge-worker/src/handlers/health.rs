//! `GET /health`: whether the first environment answers, from which version, whether that is known to be the newest, and how many parts of
//! the stored document are left out; or that all flags are switched off. `GET /version`: which release answers.
use sdk_core::FORMAT;
use serde::Serialize;

use crate::{
    environment::Environment,
    http::{
        asked::{Asked, Unanswered},
        response::Answer,
    },
    ruleset_cache,
    version::{Epoch, Version},
};

#[derive(Serialize)]
struct Health {
    epoch: Epoch,
    /// The number of parts of the stored document that are left out because of an error.
    #[serde(skip_serializing_if = "is_zero")]
    errors: usize,
    /// True if the hub could not be asked for a newer version.
    stale: bool,
    status: &'static str,
    version: u32,
}

pub(crate) fn report(asked: &Asked<'_>) -> Result<Answer, Unanswered> {
    if asked.settings.is_off {
        return Ok(Answer::json(r#"{"status":"disabled"}"#));
    }
    let serving = asked.serving(&Environment::FIRST, None)?;
    let Version { epoch, number: version } = serving.version;
    let answer = Answer::of(&Health { epoch, errors: serving.errors, stale: serving.stale, status: "ok", version });
    Ok(Answer { repeats_ms: ruleset_cache::current_ms(&Environment::FIRST, asked.clock), ..answer })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// The commit that the worker was built from; `None` if the build had no `TWINFLAG_COMMIT`.
const COMMIT: Option<&str> = option_env!("TWINFLAG_COMMIT");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Build {
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'static str>,
    /// The format of the programs that this release writes.
    program_format: u32,
    release: &'static str,
}

pub(crate) fn version() -> Answer {
    Answer::of(&Build { commit: COMMIT, program_format: FORMAT, release: env!("CARGO_PKG_VERSION") })
}
