//! `GET /health`: whether questions are answered, from which version, and whether that is known to be the newest; or that all flags
//! are switched off. `GET /version`: which release answers.
use sdk_core::FORMAT;
use serde::Serialize;

use crate::http::{
    asked::{Asked, Stop},
    response::Answer,
};

#[derive(Serialize)]
struct Health {
    stale: bool,
    status: &'static str,
    version: u32,
}

pub(crate) fn report(asked: &Asked<'_>) -> Result<Answer, Stop> {
    if asked.settings.is_off {
        return Ok(Answer::json(r#"{"status":"disabled"}"#));
    }
    let serving = asked.serving(None)?;
    Ok(Answer::of(&Health { stale: serving.stale, status: "ok", version: serving.version }))
}

/// The commit that the worker was built from, where the build was told.
const COMMIT: Option<&str> = option_env!("TWINFLAG_COMMIT");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'static str>,
    /// The format of programs that are written.
    program_format: u32,
    release: &'static str,
}

pub(crate) fn version() -> Answer {
    Answer::of(&Version { commit: COMMIT, program_format: FORMAT, release: env!("CARGO_PKG_VERSION") })
}
