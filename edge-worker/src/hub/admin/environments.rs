//! The registry of environments, in the first hub: `/api/admin/environments` and `/api/admin/environments/{name}`.
//!
//! The worker lists them (`handlers/environments.rs`), because their versions are in hubs of their own; and it brings the definitions to
//! copy from another hub (`handlers/copy.rs`), so that a hub sends no requests.
use control::{Command, Copied, Definitions, EnvironmentName, rows::ChangeKind};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use worker::Response;

use super::{Asked, body::read, tagged, view::Fault};
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

    /// POST `{ definitions, reason?, changedBy? }` `?dryRun=`, from the worker: copies definitions, or only compares them.
    pub(super) fn copy_definitions(&self, asked: &Asked) -> Result<Response, Problem> {
        let Copy { definitions, reason, changed_by } = read(&asked.body)?;
        let by = asked.by(reason, changed_by)?;
        let ground = self.ground()?;
        if asked.query.get("dryRun") == Some("true") {
            let difference = self.ground.difference(&ground, &definitions);
            let Definitions { from, version, .. } = &definitions;
            let view = Difference {
                definitions: difference.copied.iter().map(Definition::of).collect(),
                errors: difference.errors.iter().map(Fault::of).collect(),
                from,
                from_version: version,
                version: ground.version.number,
            };
            return tagged(serde_json::to_string(&view).map_err(worker::Error::from)?, ground.version);
        }
        if asked.if_match.is_none() {
            return Err(Problem::no_precondition(ground.version));
        }
        self.carry_out(asked, &Command::Copy(definitions), &by)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Copy {
    definitions: Definitions,
    reason: Option<String>,
    changed_by: Option<String>,
}

/// What a copy would change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Difference<'v> {
    definitions: Vec<Definition>,
    errors: Vec<Fault>,
    from: &'v str,
    from_version: &'v str,
    version: u32,
}

#[derive(Serialize)]
struct Definition {
    kind: &'static str,
    new: Option<Box<RawValue>>,
    old: Option<Box<RawValue>>,
    pointer: String,
}

impl Definition {
    fn of(copied: &Copied) -> Self {
        let raw = |text: &String| RawValue::from_string(text.clone()).ok();
        Self {
            kind: copied.kind.map_or("same", ChangeKind::as_str),
            new: raw(&copied.new),
            old: copied.old.as_ref().and_then(raw),
            pointer: copied.key.pointer(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    name: EnvironmentName,
    reason: Option<String>,
    changed_by: Option<String>,
}
