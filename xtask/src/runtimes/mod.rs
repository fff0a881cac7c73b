//! The runtimes that answer questions, each as a program that reads lines.
pub(crate) mod evaluate;
pub(crate) mod identity;

use std::{
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::Result;

use crate::{
    build,
    install::{apt, chromium, npm, toolchain},
    process, root,
};

/// The runtimes. The others are compared with the first one, `native`.
pub(crate) const ALL: &[&str] =
    &["native", "node", "chromium", "program", "nowasm-program", "chromium-program", "chromium-nowasm-program", "edge", "sql"];

/// The worker by OpenFeature's protocol. Its answers have another format, so they are compared with those of `native-ofrep`, and `evaluate`
/// does not offer it.
pub(crate) const OFREP: &str = "edge-ofrep";

/// The environment variable that names the native runner.
pub(crate) const RUNNER: &str = "TWINFLAG_RUNNER";

/// The environment variable that names the program that compiles documents to rows.
pub(crate) const ROWS: &str = "TWINFLAG_ROWS";

/// True if cargo has built the native programs, with their tests.
static ARE_BUILT: AtomicBool = AtomicBool::new(false);

/// Builds the artefacts of these runtimes, each of [`ALL`] or [`OFREP`].
pub(crate) fn build(names: &[&str]) -> Result<()> {
    // A suite that runs this command names the programs that it has built.
    if !ARE_BUILT.load(Ordering::Relaxed) && std::env::var_os(RUNNER).is_none() {
        let packages = ["build", "--package", "tests-native", "--package", "tests-identity", "--bins"];
        process::show(toolchain::cargo().args(packages), toolchain::RUSTUP)?;
    }
    if names.iter().any(|name| !matches!(*name, "native" | "sql")) {
        build::all()?;
    }
    if names.iter().any(|name| name.starts_with("chromium")) {
        chromium::ensure()?;
    }
    if names.contains(&"sql") {
        apt::ensure(&[&apt::POSTGRES])?;
    }
    Ok(())
}

/// Keeps [`build`] from building the native programs again: with the tests of all packages they have other features, so cargo would
/// compile what they depend on once more.
pub(crate) fn programs_are_built() {
    ARE_BUILT.store(true, Ordering::Relaxed);
}

/// A command for a native program of the tests.
pub(crate) fn program(name: &str) -> Command {
    Command::new(root::target().join("debug").join(name))
}

/// The runner of a runtime, which reads questions and writes answers, or with `digest` one line with their number and digest.
pub(crate) fn runner(runtime: &str, digest: bool) -> Result<Command> {
    if runtime == "native" && !digest {
        return Ok(program("runner"));
    }
    let mut node = npm::node();
    node.arg("tests/runners/run.mjs").arg(runtime).args(digest.then_some("--digest"));
    node.env("XTASK", std::env::current_exe()?).env("CHROMIUM", chromium::find().unwrap_or_default());
    node.env(RUNNER, program("runner").get_program()).env(ROWS, program("sql-rows").get_program());
    Ok(node)
}
