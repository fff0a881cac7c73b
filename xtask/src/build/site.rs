//! Builds the worker's static assets into `edge-worker/dist/assets`: its `OpenAPI` description, and a folder for each bundled page.
use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

use super::{
    packages::{WITHOUT_SCRIPT_ENGINE, put_script_engine},
    sdk,
    stamp::Stamp,
};
use crate::{install::npm, process, root};

/// Type checks and bundles the pages, and copies the description beside them.
pub(crate) fn build() -> Result<()> {
    page("demo", &root::in_root("npm/examples/demo"))?;
    dashboard()?;
    fs::copy(root::in_root("edge-worker/openapi.json"), root::in_root("edge-worker/dist/assets/openapi.json"))?;
    Ok(())
}

/// The script and the styles that the dashboard loads first.
pub(crate) const DASHBOARD: [&str; 2] = ["edge-worker/dist/assets/dashboard/main.js", "edge-worker/dist/assets/dashboard/main.css"];

/// The folder of the dashboard's sources, and the description of the API that it is built by.
fn sources() -> (PathBuf, PathBuf) {
    (root::in_root("npm/admin"), root::in_root("edge-worker/openapi.json"))
}

/// Generates the types of the admin API from its description, for the dashboard and the package that embeds it.
pub(crate) fn api_types() -> Result<()> {
    let (source, description) = sources();
    Stamp::default().path(&description)?.rebuild(&source.join("dist/openapi"), |out| {
        // It needs another release of the compiler than the workspace has, and so is installed in the package's own folder.
        let mut generator = npm::node();
        generator.arg("npm/admin/node_modules/openapi-typescript/bin/cli.js").arg(&description);
        process::run(generator.arg("--output").arg(out.join("paths.d.ts")), npm::INSTALL).map(drop)
    })
}

/// Builds the dashboard by the types of the API.
fn dashboard() -> Result<()> {
    let (source, description) = sources();
    let stamp = Stamp::default()
        .path(&source)?
        .path(&description)?
        .path(&root::in_root("npm/package-lock.json"))?
        .path(&root::in_root("npm/client/dist/bundle"))?
        .path(&root::in_root("npm/client/dist/engine"))?;
    stamp.rebuild(&root::in_root("edge-worker/dist/assets/dashboard"), |out| {
        process::run(npm::tool("tsc").arg("--noEmit").arg("--project").arg(&source), npm::INSTALL)?;
        let mut esbuild = npm::tool("esbuild");
        esbuild.arg(source.join("src/main.tsx")).args(["--bundle", "--format=esm", "--minify", "--target=es2022", "--log-level=warning"]);
        esbuild.args(["--jsx=automatic", "--define:process.env.NODE_ENV=\"production\""]);
        process::run(esbuild.arg(format!("--outdir={}", out.display())), npm::INSTALL)?;
        // The playground's core and what speaks with a provider are no part of the first load.
        for script in ["src/page-engine.ts", "src/sign-in/openid.ts"] {
            let mut esbuild = npm::tool("esbuild");
            esbuild.arg(source.join(script)).args(["--bundle", "--format=esm", "--minify", "--target=es2022", "--log-level=warning"]);
            process::run(esbuild.arg(format!("--outdir={}", out.display())), npm::INSTALL)?;
        }
        fs::copy(root::in_root("npm/client/dist/engine/engine.wasm"), out.join("engine.wasm"))?;
        let mut styles = npm::tool("esbuild");
        styles.arg(source.join("start.css")).args(["--bundle", "--minify", "--log-level=warning"]);
        process::run(styles.arg(format!("--outfile={}", out.join("start.css").display())), npm::INSTALL)?;
        for page in ["index.html", "start.html"] {
            fs::copy(source.join(page), out.join(page))?;
        }
        Ok(())
    })
}

/// Builds a page from `index.html`, `style.css` and `main.ts`, with both forms of the engine beside it.
fn page(name: &str, source: &Path) -> Result<()> {
    let client = root::in_root("npm/client");
    let engine = client.join("dist/engine");
    let tokens = root::in_root("npm/admin/src/tokens.css");
    let stamp = Stamp::default().path(source)?.path(&client)?.path(&engine)?.path(&tokens)?;
    let stamp = stamp.path(&root::in_root(sdk::SCRIPT_ENGINE))?;
    stamp.rebuild(&root::in_root("edge-worker/dist/assets").join(name), |out| {
        process::run(npm::tool("tsc").arg("--noEmit").arg("--project").arg(source), npm::INSTALL)?;
        let mut esbuild = npm::tool("esbuild");
        esbuild.arg(source.join("main.ts")).args(["--bundle", "--format=esm", "--minify", "--log-level=warning"]);
        esbuild.arg(WITHOUT_SCRIPT_ENGINE).arg(format!("--outfile={}", out.join("main.js").display()));
        process::run(&mut esbuild, npm::INSTALL)?;
        put_script_engine(out)?;
        let mut styles = npm::tool("esbuild");
        styles.arg(source.join("style.css")).args(["--bundle", "--minify", "--log-level=warning"]);
        process::run(styles.arg(format!("--outfile={}", out.join("style.css").display())), npm::INSTALL)?;
        fs::copy(engine.join("engine.wasm"), out.join("engine.wasm"))?;
        fs::copy(source.join("index.html"), out.join("index.html"))?;
        Ok(())
    })
}
