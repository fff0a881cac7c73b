//! Runs the programs that measure; each prints its figures as JSON.
use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{
    build::{self, sdk},
    install::{chromium, npm, toolchain},
    process, root, runtimes,
};

/// The folder of the peers that are npm packages.
const PEERS: &str = "tests/bench/js";

pub(super) fn native() -> Result<Value> {
    let workload = dump()?;
    let folder = root::in_root("tests/bench/native");
    eprintln!("building the native peers");
    let mut cargo = toolchain::cargo();
    cargo.current_dir(&folder).args(["build", "--quiet", "--release", "--target-dir"]).arg(folder.join("target"));
    process::run(&mut cargo, toolchain::RUSTUP)?;
    eprintln!("measuring native");
    measured(Command::new(folder.join("target/release/bench-native")).arg(workload))
}

pub(super) fn js() -> Result<Value> {
    sdk::build()?;
    let (folder, dist) = (folder(), dump()?);
    npm::ensure_folder(PEERS)?;
    for flags in [10, 100, 1000] {
        program(&dist.join(format!("document-{flags}.json")), &dist.join(format!("program-{flags}.bin")))?;
    }
    eprintln!("measuring in Node, each engine in processes of its own");
    measured(Command::new("node").current_dir(&folder).arg("bench.mjs"))
}

/// Measures the figures of a page that no peer has.
pub(super) fn page() -> Result<Value> {
    let (folder, dist) = (folder(), folder().join("dist"));
    for name in ["names-ascii", "names-cyrillic"] {
        program(&dist.join(name).with_extension("json"), &dist.join(name).with_extension("bin"))?;
    }
    measured(Command::new("node").current_dir(&folder).arg("page.mjs"))
}

/// Measures a check by each SDK for Node.
pub(super) fn server() -> Result<Value> {
    const FOLDER: &str = "tests/bench/server";
    build::all()?;
    npm::ensure_folder(FOLDER)?;
    eprintln!("measuring SDKs for servers, each in processes of its own");
    let mut node = Command::new("node");
    measured(node.arg(root::in_root(FOLDER).join("bench.mjs")).env("XTASK", std::env::current_exe()?))
}

pub(super) fn edge() -> Result<Value> {
    build::all()?;
    npm::ensure_folder(PEERS)?;
    eprintln!("measuring the worker on workerd, a worker in plain JavaScript beside it");
    measured(Command::new("node").arg(root::in_root("tests/bench/edge/bench.mjs")))
}

pub(super) fn sql() -> Result<Value> {
    runtimes::build(&["sql"])?;
    eprintln!("measuring questions in SQL, in a database of their own");
    let mut node = Command::new("node");
    measured(node.arg(root::in_root("tests/bench/sql/bench.mjs")).env(runtimes::ROWS, runtimes::program("sql-rows").get_program()))
}

pub(super) fn hub() -> Result<Value> {
    build::all()?;
    eprintln!("measuring writes beside small and large documents, and a hub with a million customers; this takes some minutes");
    measured(Command::new("node").arg(root::in_root("tests/bench/hub/bench.mjs")))
}

/// Measures the memory of a hub and an isolate with the largest document.
pub(super) fn memory() -> Result<Value> {
    build::all()?;
    measured(Command::new("node").arg(root::in_root("tests/bench/memory/bench.mjs")))
}

pub(super) fn owners() -> Result<Value> {
    build::all()?;
    eprintln!("measuring a hub with 100,000 customers, each with an override");
    measured(Command::new("node").arg(root::in_root("tests/bench/owners/bench.mjs")))
}

/// Measures a hub with as many overrides as records.
pub(super) fn trail(records: u32) -> Result<Value> {
    build::all()?;
    let mut cargo = toolchain::cargo();
    cargo.args(["build", "--quiet", "--package", "tests-native", "--bin", "trail"]);
    process::run(&mut cargo, toolchain::RUSTUP)?;
    eprintln!("measuring a hub with {records} overrides and records");
    let mut node = Command::new("node");
    node.arg(root::in_root("tests/bench/trail/bench.mjs")).arg(root::in_root("target/debug/trail")).arg(records.to_string());
    measured(&mut node)
}

pub(super) fn overrides(customers: u32) -> Result<Value> {
    build::all()?;
    eprintln!("importing the overrides of {customers} customers, while another client writes");
    measured(Command::new("node").arg(root::in_root("tests/bench/overrides/bench.mjs")).arg(customers.to_string()))
}

pub(super) fn freshness() -> Result<Value> {
    let chromium = chromium::ensure()?;
    build::all()?;
    eprintln!("killing flags of a page that is open in Chromium; this takes a minute and a half");
    let mut node = Command::new("node");
    node.arg(root::in_root("tests/bench/freshness/bench.mjs")).env("XTASK", std::env::current_exe()?).env("CHROMIUM", chromium);
    measured(&mut node)
}

/// Opens the dashboard with 100 and with 1,000 flags.
pub(super) fn dashboard() -> Result<Value> {
    let chromium = chromium::ensure()?;
    build::all()?;
    eprintln!("opening the dashboard in Chromium; this takes half a minute");
    let mut node = Command::new("node");
    node.arg(root::in_root("tests/bench/dashboard/bench.mjs")).env("XTASK", std::env::current_exe()?).env("CHROMIUM", chromium);
    measured(&mut node)
}

/// Simulates rollouts under the guard; the figures are counts, the same on every machine.
pub(super) fn guard() -> Result<Value> {
    const PROFILE: &str = "quick";
    let mut cargo = toolchain::cargo();
    cargo.args(["build", "--quiet", "--profile", PROFILE, "--package", "tests-native", "--bin", "guard"]);
    process::run(&mut cargo, toolchain::RUSTUP)?;
    eprintln!("simulating rollouts under the guard; this takes a minute or two");
    measured(&mut Command::new(root::target().join(PROFILE).join("guard")))
}

/// Measures requests with outcomes, and the time from errors to a rollback.
pub(super) fn outcomes() -> Result<Value> {
    build::all()?;
    eprintln!("reporting outcomes to a worker");
    let mut node = Command::new("node");
    measured(node.arg(root::in_root("tests/bench/outcomes/bench.mjs")).env("XTASK", std::env::current_exe()?))
}

/// Measures the way of a change to 1,000 sockets, and the return of 1,000 clients to a worker that was killed.
pub(super) fn push() -> Result<Value> {
    build::all()?;
    eprintln!("telling 1,000 sockets of changes, and killing the worker of 1,000 clients; this takes a minute and a half");
    measured(Command::new("node").arg(root::in_root("tests/bench/push/bench.mjs")))
}

pub(super) fn chat() -> Result<Value> {
    build::all()?;
    eprintln!("restoring conversations in Chromium, and loading pages with the chat widget and without");
    let mut node = Command::new("node");
    measured(node.arg(root::in_root("tests/bench/chat/bench.mjs")).env("XTASK", std::env::current_exe()?))
}

/// Measures the time until another page of a browser holds the stream of one that went away.
pub(super) fn tabs() -> Result<Value> {
    build::all()?;
    chromium::ensure()?;
    eprintln!("opening 20 pages that share a stream");
    let mut node = npm::node();
    node.arg(root::in_root("tests/bench/tabs/bench.mjs")).env("XTASK", std::env::current_exe()?);
    measured(node.env("CHROMIUM", chromium::find().unwrap_or_default()))
}

pub(super) fn fleet() -> Result<Value> {
    eprintln!("simulating 300 places of 200 isolates for five minutes");
    measured(toolchain::cargo().args(["run", "--quiet", "--release", "--package", "edge-worker", "--example", "fleet"]))
}

fn folder() -> PathBuf {
    root::in_root(PEERS)
}

/// Writes the workload to files, for the native peers.
fn dump() -> Result<PathBuf> {
    process::run(Command::new("node").current_dir(folder()).arg("dump.mjs"), npm::INSTALL)?;
    Ok(folder().join("dist"))
}

/// Compiles a document to a program without a context.
fn program(document: &Path, program: &Path) -> Result<()> {
    let mut cargo = toolchain::cargo();
    cargo.args(["run", "--quiet", "--package", "tests-native", "--bin", "program", "--"]).arg(document).arg(program);
    process::run(&mut cargo, toolchain::RUSTUP).map(drop)
}

/// Runs a program whose last line of output is its figures, as JSON.
fn measured(command: &mut Command) -> Result<Value> {
    let said = process::run(command, npm::INSTALL)?;
    serde_json::from_str(said.lines().last().unwrap_or_default()).with_context(|| format!("no figures in\n{said}"))
}
