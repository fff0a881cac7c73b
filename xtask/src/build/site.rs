//! Builds the worker's static assets into `edge-worker/dist/assets`: its `OpenAPI` description, and a folder for each bundled page.
use std::{fs, path::Path};

use anyhow::Result;

use super::stamp::Stamp;
use crate::{install::npm, process, root};

/// Type checks and bundles the pages, and copies the description beside them.
pub(crate) fn build() -> Result<()> {
    page("demo", &root::in_root("npm/examples/demo"))?;
    fs::copy(root::in_root("edge-worker/openapi.json"), root::in_root("edge-worker/dist/assets/openapi.json"))?;
    Ok(())
}

/// Builds a page from `index.html`, `style.css` and `main.ts`, with the engine beside it.
fn page(name: &str, source: &Path) -> Result<()> {
    let client = root::in_root("npm/client");
    let engine = client.join("dist/engine");
    let stamp = Stamp::default().path(source)?.path(&client)?.path(&engine)?;
    stamp.rebuild(&root::in_root("edge-worker/dist/assets").join(name), |out| {
        process::run(npm::tool("tsc").arg("--noEmit").arg("--project").arg(source), npm::INSTALL)?;
        let mut esbuild = npm::tool("esbuild");
        esbuild.arg(source.join("main.ts")).args(["--bundle", "--format=esm", "--minify", "--log-level=warning"]);
        esbuild.arg(format!("--outfile={}", out.join("main.js").display()));
        process::run(&mut esbuild, npm::INSTALL)?;
        fs::copy(engine.join("engine.wasm"), out.join("engine.wasm"))?;
        for file in ["index.html", "style.css"] {
            fs::copy(source.join(file), out.join(file))?;
        }
        Ok(())
    })
}
