//! The browser binding, twice: the engine, which only runs programs, and `full`, which also compiles documents.
use anyhow::Result;

use crate::{
    npm, process, root,
    stamp::Stamp,
    wasm::{Host, Module, Tree},
};

/// What a page loads to have the engine: the module as `wasm-opt` leaves it, and the hand-written script, minified.
pub(crate) const ENGINE: [&str; 2] = ["npm/client/dist/engine/engine.wasm", "npm/client/dist/bundle/engine.js"];

/// The full binding and its script.
pub(crate) const FULL: [&str; 2] = ["npm/client/dist/full/full_bg.wasm", "npm/client/dist/bundle/full.js"];

/// Builds both into `npm/client/dist`.
pub(crate) fn build() -> Result<()> {
    engine().build()?;
    full().build()?;
    bundle()
}

/// Type checks the hand-written half and bundles it, `full` with its glue: `dist/bundle/{engine,full}.js`.
fn bundle() -> Result<()> {
    let client = root::in_root("npm/client");
    let stamp = Stamp::default().path(&client.join("src"))?.path(&client.join("tsconfig.json"))?;
    let stamp = stamp.path(&client.join("dist/engine"))?.path(&client.join("dist/full"))?;
    stamp.path(&root::in_root("sdk-wasm/src/types.ts"))?.rebuild(&client.join("dist/bundle"), |out| {
        process::run(npm::tool("tsc").arg("--noEmit").arg("--project").arg(&client), npm::INSTALL)?;
        for name in ["engine", "full"] {
            let mut esbuild = npm::tool("esbuild");
            esbuild.arg(client.join(format!("src/load-{name}.ts"))).args(["--bundle", "--format=esm", "--target=es2022", "--minify"]);
            esbuild.arg("--log-level=warning").arg(format!("--outfile={}", out.join(name).with_extension("js").display()));
            process::run(&mut esbuild, npm::INSTALL)?;
        }
        Ok(())
    })
}

fn engine() -> Module<'static> {
    Module {
        tree: Tree::here(),
        package: "sdk-wasm",
        features: &[],
        profile: "wasm",
        // `z` is larger after compression; what `2` or `3` inline costs more than it saves.
        opt_level: Some("s"),
        // Loops as they are written: what counts several things at once takes more words in WebAssembly than it saves.
        llvm: &["-disable-lsr"],
        // A function with one caller stays out of it from 140 bytes on: such parts of a walk are taken seldom, and slow down the rest.
        // The first kB of memory is the far end of the stack: nothing is kept there.
        wasm_opt: &[
            "--strip-target-features",
            "--strip-producers",
            "--strip-debug",
            "--remove-exports=__*",
            "-Oz",
            "--converge",
            "--one-caller-inline-max-function-size=140",
            "--low-memory-unused",
            // After all else: fewer and more alike numbers of locals and functions, which compress better.
            "--coalesce-locals-learning",
            "--reorder-locals",
            "--reorder-functions",
        ],
        host: Host::Bare,
        name: "engine",
        out: root::in_root("npm/client/dist/engine"),
    }
}

fn full() -> Module<'static> {
    Module {
        features: &["full"],
        opt_level: None,
        llvm: &[],
        wasm_opt: &["-Os"],
        host: Host::Web,
        name: "full",
        out: root::in_root("npm/client/dist/full"),
        ..engine()
    }
}
