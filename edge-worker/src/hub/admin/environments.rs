//! The registry of environments, in the first hub: `/api/admin/environments` and `/api/admin/environments/{name}`.
//!
//! The worker lists them (`handlers/environments.rs`), because their versions are in hubs of their own; and it brings the definitions to
//! copy from another hub (`handlers/copy.rs`), so that a hub asks no other hub.
use std::borrow::Cow;

use control::{Command, Definitions, Difference, EnvironmentName, rows::ChangeKind};
use sdk_core::{
    Object,
    json::{canonical::write_string, quoted},
};
use serde::{Deserialize, de::IgnoredAny};
use worker::Response;

use super::{AdminRequest, CommandAnswer, body::read, tagged, view};
use crate::{
    etag::Etag,
    hub::{FlagHub, stored_owners::StoredOwners},
    problem::Problem,
    version::Version,
};

impl FlagHub {
    /// POST `{ name, reason? }`: registers an environment.
    pub(super) fn create_environment(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let Body { name, reason, changed_by } = read(&asked.body)?;
        self.carry_out(asked, &Command::CreateEnvironment { name }, &asked.by(reason, changed_by)?)
    }

    /// DELETE `?reason=`: closes an environment.
    pub(super) fn remove_environment(&self, asked: &AdminRequest, name: &str) -> Result<Response, Problem> {
        let query = &asked.query;
        let by = asked.by(query.get("reason").map(str::to_owned), None)?;
        let name = EnvironmentName::parse(name).ok_or_else(|| Problem::no_environment(name))?;
        self.carry_out(asked, &Command::RemoveEnvironment { name }, &by)
    }

    /// POST `{ definitions, reason?, changedBy? }` `?dryRun=`, from the worker: copies definitions, or only compares them. 204 without a
    /// body: the worker asks for the stored answer to a repeated request, and there is none.
    pub(super) fn copy_definitions(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        if asked.body.is_empty() {
            return Ok(Response::empty()?.with_status(204));
        }
        // The worker wrote the body, so an error in it has no place to tell.
        let Copy { mut definitions, reason, changed_by } = serde_json::from_str(&asked.body).map_err(worker::Error::from)?;
        definitions.remove = asked.query.all("remove");
        let by = asked.by(reason, changed_by)?;
        let ground = self.ground()?;
        if asked.query.flag("dryRun")? {
            let owners = StoredOwners::new(&self.store);
            let difference = self.ground.difference(&ground, &definitions, Some(&owners));
            owners.check()?;
            return tagged(shown(&difference, &definitions, ground.version), ground.version);
        }
        if asked.if_match.is_none() {
            return Err(Problem::no_precondition(ground.version));
        }
        let decision = self.decide(&by, &Command::Copy(definitions), &[])?;
        self.commit_and_tell(asked, &by, decision, |written, outcome| {
            Ok(CommandAnswer { kept: view::replayed(written.version, outcome)?, once: Some(view::written(written, outcome, None)?) })
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Copy {
    definitions: Definitions,
    reason: Option<String>,
    changed_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    name: EnvironmentName,
    reason: Option<String>,
    changed_by: Option<String>,
}

/// A definition as JSON: one that stands twice in its document is no value, and is told as text.
fn json(text: &str) -> Cow<'_, str> {
    if serde_json::from_str::<IgnoredAny>(text).is_ok() { text.into() } else { quoted(text).into() }
}

/// The difference that a copy would make, as JSON.
fn shown(difference: &Difference, given: &Definitions, version: Version) -> String {
    let mut out = String::from(r#"{"definitions":["#);
    for (index, copied) in difference.copied.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let mut object = Object::open(&mut out);
        write_string(object.member("kind"), copied.kind.map_or("same", ChangeKind::as_str));
        object.member("new").push_str(&json(&copied.new));
        object.member("old").push_str(&copied.old.as_deref().map_or("null".into(), json));
        write_string(object.member("pointer"), &copied.key.pointer());
        object.close();
    }
    out.push_str(r#"],"errors":["#);
    for (index, error) in difference.errors.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let mut object = Object::open(&mut out);
        write_string(object.member("message"), &error.message);
        write_string(object.member("pointer"), &error.pointer);
        object.close();
    }
    out.extend(["],", &view::consequences(&difference.consequences)]);
    let (from, from_version) = (quoted(&given.from), quoted(&given.version));
    let if_match = quoted(Etag::version(version).as_str());
    out + &format!(r#","from":{from},"fromVersion":{from_version},"ifMatch":{if_match},"version":{}}}"#, version.number)
}
