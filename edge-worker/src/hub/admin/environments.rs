//! The registry of environments, in the first hub: `/api/admin/environments` and `/api/admin/environments/{name}`.
//!
//! The worker lists them (`handlers/environments.rs`), because their versions are in hubs of their own.
use control::{Command, EnvironmentName};
use serde::Deserialize;
use worker::Response;

use super::{Asked, body::read};
use crate::{hub::FlagHub, problem::Problem};

impl FlagHub {
    /// POST `{ name, reason? }`: registers an environment.
    pub(super) fn create_environment(&self, asked: &Asked) -> Result<Response, Problem> {
        asked.query.only(&[])?;
        let Body { name, reason, changed_by } = read(&asked.body)?;
        self.carry_out(asked, &Command::CreateEnvironment { name }, &asked.by(reason, changed_by)?)
    }

    /// DELETE `?reason=`: closes an environment.
    pub(super) fn remove_environment(&self, asked: &Asked, name: &str) -> Result<Response, Problem> {
        let query = asked.query.only(&["reason"])?;
        let by = asked.by(query.get("reason").map(str::to_owned), None)?;
        let name = EnvironmentName::parse(name).ok_or_else(|| Problem::no_environment(name))?;
        self.carry_out(asked, &Command::RemoveEnvironment { name }, &by)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    name: EnvironmentName,
    reason: Option<String>,
    changed_by: Option<String>,
}
