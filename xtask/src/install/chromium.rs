//! The browser that the tests use.
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::apt;

/// The first one draws no windows: it is the same browser, and starts in half the time.
const PLACES: [&str; 4] = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// Finds Chromium, or installs Debian's package.
pub(crate) fn ensure() -> Result<PathBuf> {
    apt::ensure(&[&apt::CHROMIUM]).context("a Chromium may also be named in CHROMIUM")?;
    find().with_context(|| format!("no chromium in {}", PLACES.join(", ")))
}

/// The path of the installed browser; `None` if there is none.
pub(crate) fn find() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    named.into_iter().chain(PLACES.map(PathBuf::from)).find(|place| place.exists())
}
