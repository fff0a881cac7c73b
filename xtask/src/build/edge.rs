//! The worker: its module, bound and bundled into `edge-worker/dist/worker`.
use std::{fs, path::PathBuf};

use anyhow::Result;

use super::{
    stamp::Stamp,
    wasm::{Host, Module, Tree},
};
use crate::{install::npm, process};

/// The path of the optimised module.
pub(crate) const MODULE: &str = "edge-worker/dist/worker/edge_bg.wasm";
/// The path of the module of the worker that keeps its journal in Postgres.
pub(crate) const POSTGRES_MODULE: &str = "edge-worker/dist/postgres/edge_bg.wasm";

/// Builds `dist/worker/index.js` and the module beside it.
pub(crate) fn build() -> Result<PathBuf> {
    build_in(Tree::here())
}

/// Builds the worker that keeps its journal in Postgres: `dist/postgres/index.js` and the module beside it. It has a target directory of
/// its own, because cargo gives a module no hash of its features in its name.
pub(crate) fn build_for_postgres() -> Result<PathBuf> {
    let here = Tree::here();
    build_variant(Tree { target: here.target.join("postgres"), ..here }, &["postgres"], "dist/postgres")
}

/// Builds the worker of a tree; returns the folder of the script and the module.
pub(crate) fn build_in(tree: Tree) -> Result<PathBuf> {
    build_variant(tree, &[], "dist/worker")
}

fn build_variant(tree: Tree, features: &[&str], dist: &str) -> Result<PathBuf> {
    let bound = tree.target.join("edge");
    let folder = tree.root.join("edge-worker");
    let (entry, dist) = (folder.join("entry.js"), folder.join(dist));
    Module {
        tree,
        package: "edge-worker",
        features,
        profile: "wasm",
        opt_level: None,
        llvm: &[],
        // More passes take three times as long, and compress no better.
        wasm_opt: &["-O1"],
        host: Host::Worker,
        name: "edge",
        out: bound.clone(),
    }
    .build()?;
    // An earlier release has no script for streams.
    let scripts = ["entry.js", "event-stream.js"].map(|name| folder.join(name)).into_iter().filter(|script| script.exists());
    let mut stamp = Stamp::default();
    for script in scripts {
        stamp = stamp.path(&script)?;
    }
    let stamp = stamp.path(&bound)?;
    stamp.rebuild(&dist, |out| {
        let mut esbuild = npm::tool("esbuild");
        esbuild.arg(&entry).args(["--bundle", "--format=esm", "--minify", "--log-level=warning"]);
        esbuild.args(["--external:cloudflare:*", "--external:*_bg.wasm"]);
        esbuild.arg(format!("--alias:glue={}", bound.join("edge.js").display()));
        esbuild.arg(format!("--outfile={}", out.join("index.js").display()));
        process::run(&mut esbuild, npm::INSTALL)?;
        fs::copy(bound.join("edge_bg.wasm"), out.join("edge_bg.wasm"))?;
        Ok(())
    })?;
    Ok(dist)
}
