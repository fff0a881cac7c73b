//! Where documents are kept. SQL stands here and in `migrations`, nowhere else.
pub(crate) mod sqlite;
mod transaction;

use sdk_core::Millis;
use worker::Result;

/// Documents by version, and the bucket key for those that name none.
pub(crate) trait Store {
    /// The version of the newest document.
    fn newest_version(&self) -> Result<Option<u32>>;
    /// The text of a version, as it was imported.
    fn text(&self, version: u32) -> Result<String>;
    /// The key that was made for documents without one, in hex.
    fn bucket_key(&self) -> Result<Option<String>>;
    /// Stores a text as the next version, and the bucket key if none is kept yet: both or neither.
    fn append(&self, text: &str, bucket_key: &str, at: Millis) -> Result<u32>;
}
