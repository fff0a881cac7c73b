//! Where documents are kept. SQL stands here and in `migrations`, nowhere else.
mod migrations;
pub(crate) mod sqlite;
mod transaction;

use sdk_core::{
    Millis,
    rows::{RowKey, Rows},
};
use worker::Result;

/// A row to write, or to take away.
pub(crate) type Write<'r> = (&'r RowKey, Option<&'r str>);

/// The rows of documents by version.
pub(crate) trait Store {
    /// The version of the newest change.
    fn newest_version(&self) -> Result<Option<u32>>;
    /// The newest rows but for overrides.
    fn rows(&self) -> Result<Rows>;
    /// The newest overrides of all owners.
    fn all_overrides(&self) -> Result<Rows>;
    /// The newest overrides of these owners.
    fn overrides<'k>(&self, owners: impl Iterator<Item = &'k RowKey>) -> Result<Rows>;
    /// The overrides of a page as they were at a version.
    fn page(&self, page: u16, version: u32) -> Result<Rows>;
    /// Every page that was ever written, with the version of its newest change.
    fn pages(&self) -> Result<Vec<(u16, u32)>>;
    /// Writes rows as the next version: all or none.
    fn write(&self, writes: &[Write<'_>], at: Millis) -> Result<u32>;
}
