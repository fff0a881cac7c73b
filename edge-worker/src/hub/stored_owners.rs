//! The overrides of all owners in the store, read page by page, for the rule that counts those which a change takes away.
use std::cell::RefCell;

use control::{OwnerRows, rows::Rows};
use sdk_core::OwnerKind;

use crate::{
    problem::Problem,
    store::{HubStore, Read, Wanted},
};

pub(super) struct StoredOwners<'s> {
    store: &'s HubStore,
    /// The reason why a page could not be read.
    failed: RefCell<Option<Problem>>,
}

impl<'s> StoredOwners<'s> {
    pub(super) fn new(store: &'s HubStore) -> Self {
        Self { store, failed: RefCell::default() }
    }

    /// Fails if a page could not be read.
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn pages(&self, visit: &mut dyn FnMut(&Rows)) -> worker::Result<()> {
        for (page, version) in self.store.pages(None)? {
            visit(&self.store.rows(Wanted::PageAt(page, version))?);
        }
        Ok(())
    }
}

impl OwnerRows for StoredOwners<'_> {
    fn each(&self, visit: &mut dyn FnMut(OwnerKind, &str, &str)) {
        if let Err(error) = self.pages(&mut |rows: &Rows| rows.each(visit)) {
            self.failed.replace(Some(error.into()));
        }
    }
}
