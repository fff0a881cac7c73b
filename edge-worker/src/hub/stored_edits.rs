//! The edits of definitions since imports last wrote them, from the history of rows and the trail, for the rule that tells which of them an
//! import would take back.
use std::cell::RefCell;

use control::{
    Edit, Edits,
    change::Action,
    rows::{RowKey, RowKind},
};
use serde::Deserialize;

use crate::{
    problem::Problem,
    store::{HubStore, Read, audit::ChangesQuery},
};

/// The most edits of one definition that are followed back to the import before them.
const MOST: u32 = 1_000;

pub(super) struct StoredEdits<'s> {
    store: &'s HubStore,
    /// The reason why the history could not be read.
    failed: RefCell<Option<Problem>>,
}

/// The members of a record that an edit needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    action: String,
    changed_at: String,
    changed_by: String,
}

impl<'s> StoredEdits<'s> {
    pub(super) fn new(store: &'s HubStore) -> Self {
        Self { store, failed: RefCell::default() }
    }

    /// Fails if the history could not be read.
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn find(&self, definition: &RowKey) -> worker::Result<Option<Edit>> {
        let mut newest: Option<Edit> = None;
        let mut below = None;
        for _ in 0..MOST {
            let Some((version, text)) = self.store.written(definition, below)? else { break };
            let Some(Payload { changed_at, changed_by, .. }) = self.edited(definition, version)? else {
                return Ok(newest.map(|edit| Edit { base: text, ..edit }));
            };
            newest.get_or_insert(Edit { by: changed_by, at: changed_at, version, base: None });
            below = Some(version);
        }
        Ok(newest)
    }

    /// The record of an edit at a version; `None` if an import wrote the definition then, or the record was erased.
    fn edited(&self, definition: &RowKey, version: u32) -> worker::Result<Option<Payload>> {
        let asked = ChangesQuery { version: Some(version), limit: 1, ..ChangesQuery::default() };
        let asked = match definition.kind {
            RowKind::Flag => ChangesQuery { flags: vec![definition.name.clone()], ..asked },
            _ => ChangesQuery { pointer: Some(definition.pointer()), ..asked },
        };
        let record = self.store.changes(&asked)?.into_iter().next();
        let payload = record.and_then(|record| serde_json::from_str::<Payload>(&record.payload?).ok());
        Ok(payload.filter(|payload| match Action::from_name(&payload.action) {
            Some(Action::DefinitionSet | Action::DefinitionCopied | Action::Reverted) => true,
            Some(_) | None => false,
        }))
    }
}

impl Edits for StoredEdits<'_> {
    fn edit(&self, definition: &RowKey) -> Option<Edit> {
        self.find(definition).unwrap_or_else(|error| {
            self.failed.replace(Some(error.into()));
            None
        })
    }
}
