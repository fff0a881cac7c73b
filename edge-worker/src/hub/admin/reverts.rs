//! `POST /api/admin/changes/{id}/revert`: takes a change back by a new one.
use control::{Command, Revert};
use serde::Deserialize;
use worker::Response;

use super::{AdminRequest, CommandAnswer, body::read, tagged, view};
use crate::{hub::FlagHub, problem::Problem};

impl FlagHub {
    /// POST `{ reason, remove, changedBy }`, all optional, as is the body. `?dryRun=true` answers what the revert would change, and what that
    /// would take away.
    pub(super) fn revert_change(&self, asked: &AdminRequest, id: &str) -> Result<Response, Problem> {
        let Body { reason, remove, changed_by } = if asked.body.trim().is_empty() { Body::default() } else { read(&asked.body)? };
        let by = asked.by(reason, changed_by)?;
        let command = Command::Revert(Revert { change: id.to_owned(), remove });
        if asked.query.flag("dryRun")? {
            let tried = self.try_out(&by, &command, &[])?;
            return tagged(view::tried_revert(&tried.outcome, &by, id, tried.ground.version)?, tried.ground.version);
        }
        let decision = self.decide(&by, &command, &[])?;
        self.commit_and_tell(asked, &by, decision, |written, outcome| {
            let [kept, once] = [false, true].map(|with_changes| view::reverted(written, outcome, id, with_changes));
            Ok(CommandAnswer { kept: kept?, once: Some(once?) })
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    reason: Option<String>,
    #[serde(default)]
    remove: Vec<String>,
    changed_by: Option<String>,
}
