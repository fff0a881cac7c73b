//! The filters of the pages of overrides, each of the owners on a page at its newest version.
use std::{cell::RefCell, collections::BTreeMap};

use control::OwnerFilter;

use super::wire::WantedPage;
use crate::{
    store::Read,
    version::{Epoch, Version},
};

/// The most owners in a filter: with 1,024 pages, 16 million owners. Pages with more have none, so that no filter is long.
const MOST: u32 = 16_384;

/// The filters that were made last, by page, each with the version of the page; `None` stands for a page with too many owners.
#[derive(Default)]
pub(super) struct PageFilters(RefCell<BTreeMap<u16, (Version, Option<String>)>>);

impl PageFilters {
    /// The filter of a page at a version; `None` if that is not its newest version, or if there are too many owners.
    pub(super) fn get(&self, store: &impl Read, epoch: Epoch, wanted: &WantedPage) -> worker::Result<Option<String>> {
        let version = Version { epoch, number: wanted.version };
        if let Some((_, filter)) = self.0.borrow().get(&wanted.number).filter(|(of, _)| *of == version) {
            return Ok(filter.clone());
        }
        if store.page_version(wanted.number)? != Some(wanted.version) {
            return Ok(None);
        }
        let filter = store.page_owners(wanted.number, MOST)?.map(|owners| OwnerFilter::of(&owners).to_hex());
        self.0.borrow_mut().insert(wanted.number, (version, filter.clone()));
        Ok(filter)
    }
}
