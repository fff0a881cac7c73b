//! The runtimes that answer questions, each as a program that reads lines.
use std::process::Command;

use anyhow::{Result, bail};

use crate::{chromium, npm, process, root, toolchain};

/// The runtimes. The others are compared with the first one, `native`.
pub(crate) const ALL: &[&str] = &["native", "node", "chromium", "program", "chromium-program", "edge"];

/// The worker by OpenFeature's protocol. Its answers have another format, so they are compared with those of `native-ofrep`, and `evaluate`
/// does not offer it.
pub(crate) const OFREP: &str = "edge-ofrep";

/// The cargo profile of the native programs: optimised, but quick to build.
pub(crate) const PROFILE: &str = "quick";

/// Builds the artefacts of these runtimes, each of [`ALL`] or [`OFREP`].
pub(crate) fn build(names: &[&str]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| !ALL.contains(name) && **name != OFREP) {
        bail!("no runtime {unknown}; there are: {}, {OFREP}", ALL.join(", "));
    }
    let packages = ["build", "--quiet", "--profile", PROFILE, "--package", "tests-native", "--package", "tests-identity", "--bins"];
    process::run(toolchain::cargo().args(packages), "rustup")?;
    if names.iter().any(|name| *name != "native") {
        crate::build()?;
    }
    if names.iter().any(|name| name.starts_with("chromium")) {
        chromium::ensure()?;
    }
    Ok(())
}

/// A command for a native program of the tests.
pub(crate) fn program(name: &str) -> Command {
    Command::new(root::target().join(PROFILE).join(name))
}

/// The runner of a runtime, which reads questions and writes answers, or with `digest` one line with their number and digest.
pub(crate) fn runner(runtime: &str, digest: bool) -> Result<Command> {
    if runtime == "native" && !digest {
        return Ok(program("runner"));
    }
    let mut node = npm::node();
    node.arg("tests/runners/run.mjs").arg(runtime).args(digest.then_some("--digest"));
    node.env("XTASK", std::env::current_exe()?).env("CHROMIUM", chromium::find().unwrap_or_default());
    node.env("TWINFLAG_RUNNER", program("runner").get_program());
    Ok(node)
}
