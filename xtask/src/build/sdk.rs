//! Builds the browser bindings: the engine, which only runs programs, as a module and as a script, and `full`, which also compiles documents.
use anyhow::Result;

use super::{
    stamp::Stamp,
    wasm::{Host, Module, Tree},
};
use crate::{install::npm, process, root};

/// The engine's files that a page loads: the optimised module and the minified hand-written script.
pub(crate) const ENGINE: [&str; 2] = ["npm/client/dist/engine/engine.wasm", "npm/client/dist/bundle/engine.js"];

/// The engine for pages that run no WebAssembly.
pub(crate) const SCRIPT_ENGINE: &str = "npm/client/dist/script/engine.js";

/// The module and the script of the full binding.
pub(crate) const FULL: [&str; 2] = ["npm/client/dist/full/full_bg.wasm", "npm/client/dist/bundle/full.js"];

/// Builds the bindings into `npm/client/dist`.
pub(crate) fn build() -> Result<()> {
    engine().build()?;
    script_engine().build()?;
    full().build()?;
    bundle()
}

/// Type checks the hand-written scripts and bundles them, `full` with its glue, to `dist/bundle/{engine,script-engine,full}.js`.
fn bundle() -> Result<()> {
    let client = root::in_root("npm/client");
    let stamp = Stamp::default().path(&client.join("src"))?.path(&client.join("tsconfig.json"))?;
    let stamp = stamp.path(&client.join("dist/engine"))?.path(&client.join("dist/full"))?.path(&client.join("dist/script"))?;
    stamp.path(&root::in_root("sdk-wasm/src/types.ts"))?.rebuild(&client.join("dist/bundle"), |out| {
        process::run(npm::tool("tsc").arg("--noEmit").arg("--project").arg(&client), npm::INSTALL)?;
        for name in ["engine", "script-engine", "full"] {
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
        // With `z` the compressed module is larger; with `2` and `3` inlining makes it larger.
        opt_level: Some("s"),
        // Loop strength reduction replaces one counter by several, which takes more WebAssembly code than it saves.
        llvm: &["-disable-lsr"],
        // A function with one caller is not inlined from 140 bytes on: such parts of an evaluation are rare, and inlined they slow the rest
        // down. Low memory is unused: the first kB is the far end of the stack.
        wasm_opt: &[
            "--strip-target-features",
            "--strip-producers",
            "--strip-debug",
            "--remove-exports=__*",
            "-Oz",
            "--converge",
            "--one-caller-inline-max-function-size=140",
            "--low-memory-unused",
            // Last, fewer and more similar indices of locals and functions, which compress better.
            "--coalesce-locals-learning",
            "--reorder-locals",
            "--reorder-functions",
        ],
        host: Host::Bare,
        name: "engine",
        out: root::in_root("npm/client/dist/engine"),
    }
}

/// The same engine for where WebAssembly may not run.
fn script_engine() -> Module<'static> {
    Module { host: Host::Script, out: root::in_root("npm/client/dist/script"), ..engine() }
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
