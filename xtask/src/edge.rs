//! Builds the worker's module and script into `edge-worker/dist/worker`.
use std::fs;

use anyhow::Result;

use crate::{
    npm, process, root,
    stamp::Stamp,
    wasm::{Host, Module},
};

/// The path of the optimised module.
pub(crate) const MODULE: &str = "edge-worker/dist/worker/edge_bg.wasm";

/// Builds `dist/worker/index.js` and the module beside it.
pub(crate) fn build() -> Result<()> {
    let bound = root::target().join("edge");
    Module {
        package: "edge-worker",
        features: &[],
        profile: "wasm",
        opt_level: None,
        llvm: &[],
        wasm_opt: &["-Os"],
        host: Host::Worker,
        name: "edge",
        out: bound.clone(),
    }
    .build()?;
    let entry = root::in_root("edge-worker/entry.js");
    let stamp = Stamp::default().path(&entry)?.path(&bound)?;
    stamp.rebuild(&root::in_root("edge-worker/dist/worker"), |out| {
        let mut esbuild = npm::tool("esbuild");
        esbuild.arg(&entry).args(["--bundle", "--format=esm", "--minify", "--log-level=warning"]);
        esbuild.args(["--external:cloudflare:*", "--external:*_bg.wasm"]);
        esbuild.arg(format!("--alias:glue={}", bound.join("edge.js").display()));
        esbuild.arg(format!("--outfile={}", out.join("index.js").display()));
        process::run(&mut esbuild, "npm ci")?;
        fs::copy(bound.join("edge_bg.wasm"), out.join("edge_bg.wasm"))?;
        Ok(())
    })
}
