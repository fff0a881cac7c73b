//! The edits of definitions since imports last wrote them, from the history of rows and the trail, for the rule that tells which of them an
//! import would take back.
use std::{cell::RefCell, collections::BTreeMap};

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

/// The actions that write definitions one by one. One command makes a version, so no import has a record with one of them.
const EDITS: [Action; 3] = [Action::DefinitionSet, Action::DefinitionCopied, Action::Reverted];

/// The kinds of rows that are edited one by one.
const DEFINITIONS: [RowKind; 2] = [RowKind::Segment, RowKind::Flag];

pub(super) struct StoredEdits<'s, S = HubStore> {
    store: &'s S,
    /// The reason why the history could not be read.
    failed: RefCell<Option<Problem>>,
    /// The versions that were looked at, each with its edit.
    versions: RefCell<BTreeMap<u32, Option<Payload>>>,
}

/// The members of a record that an edit needs.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    changed_at: String,
    changed_by: String,
}

impl<'s, S: Read> StoredEdits<'s, S> {
    pub(super) fn new(store: &'s S) -> Self {
        Self { store, failed: RefCell::default(), versions: RefCell::default() }
    }

    /// Fails if the history could not be read.
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Returns what was read; if that failed, keeps the reason and returns nothing.
    fn read<T: Default>(&self, read: worker::Result<T>) -> T {
        read.unwrap_or_else(|error| {
            self.failed.replace(Some(error.into()));
            T::default()
        })
    }

    fn find(&self, definition: &RowKey) -> worker::Result<Option<Edit>> {
        let mut newest: Option<Edit> = None;
        let mut below = None;
        // The text of the earliest edit that was followed, if the definition was made by one.
        let mut made = None;
        for _ in 0..MOST {
            let Some(version) = self.store.last_write(definition, below)? else { break };
            let Some(Payload { changed_at: at, changed_by: by }) = self.edited(version)? else {
                let Some(edit) = newest else { return Ok(None) };
                return Ok(Some(Edit { base: self.store.written(definition, version)?, ..edit }));
            };
            let text = self.store.written(definition, version)?;
            if text.is_none() && made.is_some() {
                break;
            }
            made = text.or(made);
            newest.get_or_insert(Edit { by, at, version, base: None });
            below = Some(version);
        }
        Ok(newest.map(|edit| Edit { base: made, ..edit }))
    }

    fn find_last_text(&self, definition: &RowKey) -> worker::Result<Option<String>> {
        let mut below = None;
        // The newest write may be its removal.
        for _ in 0..2 {
            let Some(version) = self.store.last_write(definition, below)? else { break };
            if let Some(text) = self.store.written(definition, version)? {
                return Ok(Some(text));
            }
            below = Some(version);
        }
        Ok(None)
    }

    /// A record of a version that edited definitions one by one; `None` if an import made the version, or the record was erased.
    fn edited(&self, version: u32) -> worker::Result<Option<Payload>> {
        if let Some(known) = self.versions.borrow().get(&version) {
            return Ok(known.clone());
        }
        let mut edited = None;
        for action in EDITS {
            let query =
                ChangesQuery { version: Some(version), action: Some(action.as_str().to_owned()), limit: 1, ..ChangesQuery::default() };
            let record = self.store.changes(&query)?.entries.into_iter().next();
            edited = edited.or_else(|| serde_json::from_str::<Payload>(&record?.payload?).ok());
        }
        self.versions.borrow_mut().insert(version, edited.clone());
        Ok(edited)
    }
}

impl<S: Read> Edits for StoredEdits<'_, S> {
    fn edit(&self, definition: &RowKey) -> Option<Edit> {
        self.read(self.find(definition))
    }

    fn last_text(&self, definition: &RowKey) -> Option<String> {
        self.read(self.find_last_text(definition))
    }

    fn edited(&self) -> Vec<RowKey> {
        self.read(self.store.last_written_by(&DEFINITIONS, &EDITS))
    }

    fn removed(&self) -> Vec<RowKey> {
        self.read(self.store.last_removed_by(&DEFINITIONS, &EDITS))
    }
}
