//! `cargo xtask site`: the guides and the reference of every package and crate, as a site of static files.
use std::{fs, path::Path};

use anyhow::Result;
use clap::Args;

use crate::{
    install::{npm, toolchain},
    process, root,
};

/// The crates whose reference the site has.
const CRATES: [&str; 4] = ["sdk-core", "sdk-wasm", "control", "edge-worker"];

/// Build the documentation site into target/site: all guides with a search, and the reference of every package and crate.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask site && npx serve target/site")]
pub(crate) struct Site {
    /// Leave the reference of packages and crates out, which takes a minute.
    #[arg(long)]
    guides: bool,
}

impl Site {
    pub(crate) fn run(self) -> Result<()> {
        build(!self.guides)
    }
}

/// Builds the site, `with_reference` or with the guides alone.
pub(crate) fn build(with_reference: bool) -> Result<()> {
    npm::ensure_folder("docs/site")?;
    if with_reference {
        // The types of each package are read from those that others are built into.
        super::packages::build()?;
    }
    let out = root::target().join("site");
    let mut script = npm::node();
    script.arg(root::in_root("docs/site/build.mjs")).arg(&out).args(with_reference.then_some("--api"));
    process::run(&mut script, npm::INSTALL)?;
    if with_reference {
        let mut cargo = toolchain::cargo();
        cargo.args(["doc", "--no-deps", "--quiet"]).args(CRATES.iter().flat_map(|name| ["--package", name]));
        process::run(&mut cargo, toolchain::RUSTUP)?;
        copy(&root::target().join("doc"), &out.join("api/rust"))?;
    }
    Ok(())
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
