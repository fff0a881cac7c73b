//! The suites.
use std::{env, fmt::Write, process::Command, time::Duration};

use anyhow::{Context, Result};

use super::{
    extent::Extent,
    native, node,
    report::{self, Report},
};
use crate::{
    build::{documentation, edge, packages, sdk, site, size},
    install::{
        apt::{self, CHROMIUM, POSTGRES, PROMETHEUS, SQLITE, VALGRIND},
        npm, toolchain,
    },
    process, root,
    runtimes::{self, identity},
};

/// A suite of tests.
pub(super) struct Suite {
    pub(super) name: &'static str,
    /// The Debian packages that it uses.
    pub(super) needs: &'static [&'static apt::Package],
    pub(super) stage: Stage,
    pub(super) run: fn(Extent) -> Result<Report>,
}

/// The time at which a suite can run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It needs the sources only, and runs at the same time as the build.
    Sources,
    /// It needs what `build::all` builds.
    Built,
}

const fn of_sources(name: &'static str, run: fn(Extent) -> Result<Report>) -> Suite {
    Suite { name, needs: &[], stage: Stage::Sources, run }
}

const fn of_build(name: &'static str, needs: &'static [&'static apt::Package], run: fn(Extent) -> Result<Report>) -> Suite {
    Suite { name, needs, stage: Stage::Built, run }
}

pub(super) const SUITES: &[Suite] = &[
    of_sources("format", |_| format()),
    of_sources("clippy", clippy),
    of_sources("no-std", |_| check("no-std", &["check", "--package", "sdk-core", "--target", "wasm32v1-none", "--quiet"])),
    // The conformance suite of stores asks a Postgres of its own.
    Suite { name: "native", needs: &[&POSTGRES], stage: Stage::Sources, run: |_| native::workspace() },
    of_sources("reference", |extent| node::folder("tests/reference", extent)),
    of_build("size", &[], |_| sizes()),
    of_build("wasm", &[], |extent| node::folder("tests/wasm", extent)),
    of_build("edge", &[], |extent| answering("tests/edge", extent)),
    of_build("operations", &[&PROMETHEUS], |extent| node::folder("tests/operations", extent)),
    of_build("worst-inputs", &[&VALGRIND], worst_inputs),
    of_build("browser", &[&CHROMIUM], |extent| node::folder("tests/browser", extent)),
    of_build("dashboard", &[&CHROMIUM], dashboard),
    of_build("soak", &[], |extent| node::folder("tests/soak", extent)),
    of_build("client", &[&CHROMIUM], |extent| node::folder("tests/client", extent)),
    of_build("react", &[&CHROMIUM], |extent| node::folder("tests/react", extent)),
    of_build("elements", &[&CHROMIUM], |extent| node::folder("tests/elements", extent)),
    of_build("chat-widget", &[&CHROMIUM], |extent| node::folder("tests/chat-widget", extent)),
    of_build("manager", &[], |extent| node::folder("tests/manager", extent)),
    of_build("server-sdk", &[], |extent| node::folder("tests/server-sdk", extent)),
    of_build("package", &[], |extent| node::folder("tests/package", extent)),
    of_build("packaging", &[&CHROMIUM], |extent| node::folder("tests/packaging", extent)),
    of_build("examples", &[&CHROMIUM], examples),
    of_build("providers", &[&CHROMIUM], providers),
    of_build("load", &[], |extent| node::folder("tests/load", extent)),
    // The guides read the store with sqlite3.
    of_build("tour", &[&CHROMIUM, &SQLITE], |extent| answering("tests/tour", extent)),
    of_build("site", &[&CHROMIUM], documentation),
    of_build("vectors", &[&CHROMIUM, &POSTGRES], |extent| answering("tests/runners", extent)),
    of_build("sql", &[&POSTGRES], |extent| answering("tests/sql", extent)),
    of_build("identity", &[&CHROMIUM, &POSTGRES], identity),
    of_build("mutants", &[&CHROMIUM, &POSTGRES], mutants),
    of_build("releases", &[], |extent| node::folder("tests/releases", extent)),
];

fn format() -> Result<Report> {
    toolchain::ensure_component("rustfmt", "fmt")?;
    Ok(check("rustfmt", &["fmt", "--all", "--check"])?.and(scripts()?))
}

/// Formats and lints all JavaScript and TypeScript with Biome.
fn scripts() -> Result<Report> {
    // With `--max-diagnostics=none`, Biome 2.6.8 does not end.
    let mut biome = npm::tool("biome");
    biome.current_dir(root::in_root("")).args(["check", "--error-on-warnings", "--max-diagnostics=20", "."]);
    let said = process::listen_within(Duration::from_mins(2), &mut biome, npm::INSTALL)?;
    Ok(Report::of_one("biome", &process::shown(&biome), said.success, said.text))
}

/// Lints all crates; if all is tried, also the interpreter's side of `worst-inputs`.
fn clippy(extent: Extent) -> Result<Report> {
    toolchain::ensure_component("clippy", "clippy")?;
    let features: &[&str] = extent.of(&[], &["--features", "worst-inputs/modules"]);
    let workspace =
        check("workspace", &[&["clippy", "--workspace", "--all-targets", "--quiet"], features, &["--", "-D", "warnings"]].concat())?;
    // The full binding's code is behind a feature, and compiles only for a browser.
    let full =
        ["clippy", "--package", "sdk-wasm", "--features", "full", "--target", "wasm32-unknown-unknown", "--quiet", "--", "-D", "warnings"];
    Ok(workspace.and(check("full binding", &full)?))
}

/// Runs a cargo command that counts as one test.
fn check(name: &str, arguments: &[&str]) -> Result<Report> {
    let mut cargo = toolchain::cargo();
    let said = process::listen(cargo.args(arguments), toolchain::RUSTUP)?;
    Ok(Report::of_one(name, &process::shown(&cargo), said.success, said.text))
}

/// Runs a folder's tests that ask the native programs.
fn answering(folder: &str, extent: Extent) -> Result<Report> {
    runtimes::build(&["native"])?;
    node::folder(folder, extent)
}

/// Runs the examples from the packed packages; usually without those that take minutes to install and build.
fn examples(extent: Extent) -> Result<Report> {
    let quick = node::folder("tests/examples", extent)?;
    match extent {
        Extent::Usual => Ok(quick),
        Extent::All => Ok(quick.and(node::folder("tests/examples/next", extent)?)),
    }
}

/// Opens the dashboard in Chromium, also with a provider of `OpenID` Connect, which is a package of the tests' own.
fn dashboard(extent: Extent) -> Result<Report> {
    npm::ensure_folder("tests/dashboard")?;
    node::folder("tests/dashboard", extent)
}

/// Asks the worker by OpenFeature's public providers, which are not changed; usually by those for JavaScript, because the others take
/// minutes to build.
fn providers(extent: Extent) -> Result<Report> {
    npm::ensure_folder("tests/providers")?;
    if env::var_os("CONFORMANCE").is_none() {
        eprintln!("OpenFeature's own scenarios do not run: CONFORMANCE names no folder that has them");
    }
    let script = node::folder("tests/providers", extent)?;
    match extent {
        Extent::Usual => Ok(script),
        Extent::All => Ok(script.and(node::folder("tests/providers/languages", extent)?)),
    }
}

/// Builds the documentation site, with the reference of packages and crates if all is tried, and reads it.
fn documentation(extent: Extent) -> Result<Report> {
    documentation::build(extent.of(false, true))?;
    node::folder("tests/site", extent)
}

/// Compares every runtime's digest of answers to generated questions with the native one, and native answers with the reference's.
fn identity(extent: Extent) -> Result<Report> {
    let mut said = String::new();
    // A page under a strict policy takes the same script as the realm of Node, and longer.
    let names: Vec<&str> = identity::all().filter(|name| extent == Extent::All || *name != "chromium-nowasm-program").collect();
    let equal = identity::compare(extent.of(20_000, 65_000), 1, &names, |line| writeln!(said, "{line}").unwrap_or_default());
    let passed = equal.with_context(|| said)?;
    Ok(Report { passed, ..Report::default() }.and(node::folder("tests/identity", extent)?))
}

/// Counts the instructions for the most expensive inputs and for typical ones: natively under callgrind and, if all is tried, in a page's
/// modules, whose interpreter takes minutes to compile and to run.
fn worst_inputs(extent: Extent) -> Result<Report> {
    // The ceilings were measured with optimised programs.
    const PROFILE: &str = "quick";
    // The controls, and the rows that take least.
    const FEW: [&str; 7] = ["W0", "W1", "W2", "W3", "W4", "W5", "W15"];
    let features: &[&str] = extent.of(&[], &["--features", "modules"]);
    let mut build = toolchain::cargo();
    build.args(["build", "--quiet", "--profile", PROFILE, "--package", "worst-inputs"]).args(features);
    process::run(&mut build, toolchain::RUSTUP)?;
    let mut program = Command::new(root::target().join(PROFILE).join("worst-inputs"));
    program.arg("--modules").arg(root::in_root("npm/client/dist")).args(extent.of(FEW.as_slice(), &[]));
    report::of(&mut program, "worst-inputs", toolchain::RUSTUP)
}

/// Puts faults into the core and the edge, each of which must be noticed; usually only checks that each fault still has its place.
fn mutants(extent: Extent) -> Result<Report> {
    if extent == Extent::All {
        runtimes::build(&["native"])?;
    }
    let mut node = npm::node();
    node.arg("tests/mutants/run.mjs").args(extent.of(Some("--check"), None));
    node::name_programs(&mut node)?;
    report::of(&mut node, "mutants", npm::INSTALL)
}

/// The agreed limit for what the dashboard loads first, in bytes after `gzip -9`.
const DASHBOARD_GATE: u64 = 200_000;

/// Compares compressed sizes with their limits, one test each.
fn sizes() -> Result<Report> {
    let mut report = Report::default();
    let edge = size::gzipped(&root::in_root(edge::MODULE))?;
    let engine = sdk::ENGINE.iter().map(|file| size::gzipped(&root::in_root(file))).sum::<Result<u64>>()?;
    let postgres = size::gzipped(&root::in_root(edge::POSTGRES_MODULE))?;
    let mut limits = vec![("the worker", edge, 1_314_500), ("the worker for Postgres", postgres, 1_509_000)];
    limits.push(("the engine of a page, with its script", engine, size::ENGINE_GATE));
    limits.push(("the engine as a script", size::gzipped(&root::in_root(sdk::SCRIPT_ENGINE))?, size::SCRIPT_ENGINE_BUDGET));
    let dashboard = site::DASHBOARD.iter().map(|file| size::gzipped(&root::in_root(file))).sum::<Result<u64>>()?;
    limits.push(("the dashboard's first load", dashboard, DASHBOARD_GATE));
    for page in packages::PAGES {
        limits.push((page.name, page.size()?.gzip, page.gate));
    }
    for (name, bytes, budget) in limits {
        report.add(name, "a built file", bytes <= budget);
        writeln!(report.output, "{name}: {bytes} bytes gzip, at most {budget}")?;
    }
    Ok(report)
}
