//! The npm package `twinflag`: the worker, and a program that serves it and commands it. `cargo xtask dev` and `token` run that program.
use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::{packages, stamp::Stamp};
use crate::{install::npm, process, root};

const FOLDER: &str = "npm/twinflag";
const PROGRAM: &str = "npm/twinflag/dist/entry/twinflag.js";
/// The files of the server in the package, by their paths from the folder of the worker's configuration.
const SERVER: &[(&str, &str)] = &[
    ("edge-worker/workerd.capnp", "workerd.capnp"),
    ("edge-worker/dist/worker/index.js", "dist/worker/index.js"),
    ("edge-worker/dist/worker/edge_bg.wasm", "dist/worker/edge_bg.wasm"),
    ("edge-worker/dist/postgres/index.js", "dist/postgres/index.js"),
    ("edge-worker/dist/postgres/edge_bg.wasm", "dist/postgres/edge_bg.wasm"),
    ("edge-worker/dist/assets", "dist/assets"),
    ("npm/examples/flags.json", "flags.json"),
];

/// Builds the package, after the worker and its pages.
pub(crate) fn build() -> Result<()> {
    build_program()?;
    let sources = SERVER.iter().map(|(from, _)| root::in_root(from));
    let stamp = sources.clone().try_fold(Stamp::default().setting(SERVER), |stamp, source| stamp.path(&source))?;
    stamp.rebuild(&root::in_root(FOLDER).join("dist/server"), |out| {
        sources.zip(SERVER).try_for_each(|(source, (_, name))| copy(&source, &out.join(name)))?;
        // The same configuration, with the other worker.
        let configuration = fs::read_to_string(out.join("workerd.capnp"))?;
        Ok(fs::write(out.join("workerd-postgres.capnp"), configuration.replace("embed \"dist/worker/", "embed \"dist/postgres/"))?)
    })
}

/// Builds the program alone.
fn build_program() -> Result<()> {
    let folder = root::in_root(FOLDER);
    packages::prepare(&folder)?;
    Stamp::default().path(&folder)?.path(&root::in_root("npm/tsconfig.json"))?.rebuild(&folder.join("dist/entry"), |out| {
        process::run(npm::tool("tsc").arg("--project").arg(&folder), npm::INSTALL)?;
        let mut esbuild = npm::tool("esbuild");
        esbuild.arg(folder.join("src/twinflag.ts"));
        esbuild.args(["--bundle", "--packages=external", "--platform=node", "--target=node20", "--format=esm", "--log-level=warning"]);
        process::run(esbuild.arg(format!("--outdir={}", out.display())), npm::INSTALL).map(drop)
    })
}

/// Copies a file, or all files of a folder except stamps.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        return fs::read_dir(from)?.try_for_each(|entry| {
            let name = entry?.file_name();
            if name == ".stamp" { Ok(()) } else { copy(&from.join(&name), &to.join(&name)) }
        });
    }
    to.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

/// Build everything, and serve the example flags on this machine by the npm package's `twinflag dev`.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask dev --port 8788 --data /tmp/data\n
Options of `twinflag dev` such as --port, --data, --flags, --rate-limits and --off are passed on; `cargo xtask dev -- --help` lists them.
Without --data, the data is in the folder .twinflag of the checkout. Nothing is installed outside the checkout unless you agree.")]
pub(crate) struct Dev {
    /// Serve what was built last.
    #[arg(long)]
    no_build: bool,
    /// Options of `twinflag dev`; ours stand before them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION OF TWINFLAG DEV")]
    theirs: Vec<String>,
}

impl Dev {
    /// Becomes `twinflag dev`; returns only if it cannot.
    pub(crate) fn run(&self) -> Result<()> {
        if !self.no_build {
            super::all()?;
        }
        let mut program = program("dev");
        if !self.theirs.iter().any(|option| option.split('=').next() == Some("--data")) {
            program.arg("--data").arg(root::in_root(".twinflag"));
        }
        become_program(program.args(&self.theirs))
    }
}

/// Print a token for the admin routes, by the npm package's `twinflag token`.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask token --data .twinflag --sub ops@shop.example --role admin --minutes 60\n
All options are passed on; `cargo xtask token -- --help` lists them.")]
pub(crate) struct Token {
    /// Options of `twinflag token`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION OF TWINFLAG TOKEN")]
    theirs: Vec<String>,
}

impl Token {
    /// Becomes `twinflag token`; returns only if it cannot.
    pub(crate) fn run(&self) -> Result<()> {
        npm::ensure_packages()?;
        build_program()?;
        become_program(program("token").args(&self.theirs))
    }
}

fn program(command: &str) -> Command {
    let mut program = Command::new("node");
    program.arg(root::in_root(PROGRAM)).arg(command);
    program
}

/// Replaces this process, so that a signal to it reaches the program.
#[cfg(unix)]
fn become_program(program: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    bail!("cannot start node: {}; install it with: {}", program.exec(), npm::INSTALL)
}

/// Runs the program, and ends as it ends.
#[cfg(not(unix))]
fn become_program(program: &mut Command) -> Result<()> {
    let status = program.status().with_context(|| format!("cannot start node; install it with: {}", npm::INSTALL))?;
    if status.success() { Ok(()) } else { bail!("it ended: {status}") }
}
