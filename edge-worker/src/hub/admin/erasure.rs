//! `DELETE /api/admin/changes/{id}/payload`: erases what a record of the audit trail says, for a person who asks to be forgotten.
use control::change::{Action, Change, Link, Record};
use serde::Serialize;
use worker::Response;

use super::{AdminRequest, json};
use crate::{
    hub::{FlagHub, record::uuid, written_rows::hash_of},
    problem::Problem,
    store::{
        Answer, Commit, Read, Snapshot, Store, Wanted,
        audit::{ChangesQuery, Stored},
    },
};

impl FlagHub {
    /// DELETE `?reason=`, which is required. The chain holds without the payload, whose hash stays. A record of its own tells who erased it
    /// and why; it makes no version. A record that tells of an erasure or of a customer's organization, or a baseline, is not erased: the trail
    /// is read by it. An organization sees a customer's records only from the one on that made the customer its own.
    pub(super) fn erase_payload(&self, asked: &AdminRequest, id: &str) -> Result<Response, Problem> {
        let reason = asked.query.get("reason").filter(|reason| !reason.trim().is_empty());
        let reason = reason.ok_or_else(|| Problem::malformed("expected a reason, as ?reason="))?;
        control::check_reason(reason)?;
        let by = asked.by(Some(reason.to_owned()), None)?;
        let query = ChangesQuery { id: Some(id.to_owned()), limit: 1, ..ChangesQuery::default() };
        let found = self.store.changes(&query)?.entries.pop();
        let record: Stored = found.ok_or_else(|| Problem::refused(404, "CHANGE_NOT_FOUND", "no change has this id", String::new()))?;
        if matches!(record.action(), Some(Action::Baseline | Action::Erased | Action::CustomerAssigned)) {
            let why = "the trail is read by this record: its payload is not erased";
            return Err(Problem::refused(422, "NOT_ERASABLE", why, String::new()));
        }
        let Snapshot { version, head, .. } = self.store.load(Wanted::Keys(&[]))?;
        let rows = hash_of(&self.store, version.number)?.ok_or("the newest version wrote no row").map_err(worker::Error::from)?;
        let erased = record.link.sequence;
        let link = Link { sequence: head.link.sequence + 1, version: version.number };
        let by = control::change::Actor { at: by.at.max(head.made), ..by };
        let made_id = uuid()?;
        let made = Record::seal(&Change::erasure(erased), &by, link, &made_id, rows, head.chain);
        let view = View { erased, id: &made_id, success: true, version: version.number };
        let body = serde_json::to_string(&view).map_err(worker::Error::from)?;
        let request = asked.fingerprint();
        let answer = asked.idempotency.as_deref().map(|key| Answer { subject: &asked.actor, key, request: &request, body: &body });
        self.add(made, version, Commit { erase: Some(erased), answer, ..Commit::default() }, by.at)?;
        json(Ok(body))
    }
}

#[derive(Serialize)]
struct View<'v> {
    erased: u64,
    id: &'v str,
    success: bool,
    version: u32,
}
