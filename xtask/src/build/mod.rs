//! Builds everything that ships: the worker, the browser engine, the npm packages and the pages.
pub(crate) mod documentation;
pub(crate) mod edge;
pub(crate) mod packages;
mod script;
pub(crate) mod sdk;
pub(crate) mod site;
pub(crate) mod size;
pub(crate) mod stamp;
pub(crate) mod tarball;
pub(crate) mod twinflag;
pub(crate) mod wasm;
mod widget;

use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use clap::Args;

use crate::install::{npm, toolchain};

/// Build the worker, the browser engine, the packages and the pages, unless they are up to date.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask build")]
pub(crate) struct Build {}

/// Builds all of it, unless it is up to date. Threads of this process wait for each other; after a success it is not built again.
pub(crate) fn all() -> Result<()> {
    static IS_BUILT: Mutex<bool> = Mutex::new(false);
    let mut is_built = IS_BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !*is_built {
        build()?;
        *is_built = true;
    }
    Ok(())
}

fn build() -> Result<()> {
    toolchain::ensure_wasm_targets()?;
    npm::ensure_packages()?;
    edge::build()?;
    edge::build_for_postgres()?;
    packages::build()?;
    site::build()?;
    twinflag::build()
}
