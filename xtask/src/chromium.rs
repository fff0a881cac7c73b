//! The browser that the tests use.
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::apt;

const PLACES: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// Finds Chromium, or installs Debian's package.
pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(found) = find() {
        return Ok(found);
    }
    apt::install("chromium").context("a Chromium may also be named in CHROMIUM")?;
    match find() {
        Some(found) => Ok(found),
        None => bail!("chromium is missing after its installation; looked at {}", PLACES.join(", ")),
    }
}

/// The path of the installed browser; `None` if there is none.
pub(crate) fn find() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    named.into_iter().chain(PLACES.map(PathBuf::from)).find(|place| place.exists())
}
