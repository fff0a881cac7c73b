//! The edits of definitions since imports last wrote them, from the history of rows and the trail, for the rule that tells which of them an
//! import would take back.
use std::{cell::RefCell, collections::BTreeMap};

use control::{Edit, Edits, change::Action, rows::RowKey};
use serde::Deserialize;

use crate::{
    problem::Problem,
    store::{HubStore, Read},
};

/// The most edits of one definition that are followed back to the import before them.
const MOST: u32 = 1_000;

pub(super) struct StoredEdits<'s> {
    store: &'s HubStore,
    /// The reason why the history could not be read.
    failed: RefCell<Option<Problem>>,
    /// The versions that were looked at, each with its edit.
    versions: RefCell<BTreeMap<u32, Option<Payload>>>,
}

/// The members of a record that an edit needs.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    action: String,
    changed_at: String,
    changed_by: String,
}

impl<'s> StoredEdits<'s> {
    pub(super) fn new(store: &'s HubStore) -> Self {
        Self { store, failed: RefCell::default(), versions: RefCell::default() }
    }

    /// Fails if the history could not be read.
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn find(&self, definition: &RowKey) -> worker::Result<Option<Edit>> {
        let mut newest: Option<Edit> = None;
        let mut below = None;
        for _ in 0..MOST {
            let Some(version) = self.store.last_write(definition, below)? else { break };
            let Some(Payload { changed_at: at, changed_by: by, .. }) = self.edited(version)? else {
                let Some(edit) = newest else { return Ok(None) };
                return Ok(Some(Edit { base: self.store.written(definition, version)?, ..edit }));
            };
            newest.get_or_insert(Edit { by, at, version, base: None });
            below = Some(version);
        }
        Ok(newest)
    }

    /// The first record of a version that edited definitions one by one; `None` if an import made the version, or the record was erased.
    /// One command makes a version, so its first record tells which.
    fn edited(&self, version: u32) -> worker::Result<Option<Payload>> {
        if let Some(known) = self.versions.borrow().get(&version) {
            return Ok(known.clone());
        }
        let listed = self.store.versions(Some(version + 1), 1)?.into_iter().next();
        let payload = listed.and_then(|listed| serde_json::from_str::<Payload>(&listed.first?).ok());
        let edited = payload.filter(|payload| match Action::from_name(&payload.action) {
            Some(Action::DefinitionSet | Action::DefinitionCopied | Action::Reverted) => true,
            Some(_) | None => false,
        });
        self.versions.borrow_mut().insert(version, edited.clone());
        Ok(edited)
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
