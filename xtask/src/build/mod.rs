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

use std::{
    fs::{self, File},
    sync::{Mutex, PoisonError},
    thread,
};

use anyhow::{Context, Result, anyhow};
use clap::Args;

use crate::{
    install::{npm, toolchain},
    root,
};

/// Build the worker, the browser engine, the packages and the pages, unless they are up to date.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask build")]
pub(crate) struct Build {}

/// Builds all of it, unless it is up to date. Threads and processes wait for each other; after a success this process does not build again.
pub(crate) fn all() -> Result<()> {
    static IS_BUILT: Mutex<bool> = Mutex::new(false);
    let mut is_built = IS_BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !*is_built {
        // Two processes would move each other's files away.
        let path = root::target().join("build.lock");
        fs::create_dir_all(root::target())?;
        let lock = File::create(&path)?;
        lock.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        build()?;
        *is_built = true;
    }
    Ok(())
}

fn build() -> Result<()> {
    toolchain::ensure_wasm_targets()?;
    npm::ensure_packages()?;
    // Linking a module keeps one core busy for a minute.
    thread::scope(|scope| {
        let for_postgres = scope.spawn(edge::build_for_postgres);
        edge::build()?;
        packages::build()?;
        site::build()?;
        for_postgres.join().map_err(|_| anyhow!("the build of the worker for Postgres panicked"))?
    })?;
    twinflag::build()
}
