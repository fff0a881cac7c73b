//! `cargo xtask <command>`: the tasks of this repository.
mod apt;
mod audit;
mod bench;
mod by_hand;
mod chromium;
mod edge;
mod evaluate;
mod fuzz;
mod identity;
mod npm;
mod packages;
mod process;
mod releases;
mod root;
mod runtimes;
mod sdk;
mod site;
mod size;
mod stamp;
mod tarball;
mod test;
mod toolchain;
mod twinflag;
mod wasm;
mod widget;

use std::process::ExitCode;

use anyhow::{Result, bail};

struct Command {
    name: &'static str,
    usage: &'static str,
    run: fn(&[String]) -> Result<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "dev",
        usage: "[--no-build] [option …]   builds, and runs the npm package's `twinflag dev`; --help lists its options",
        run: twinflag::dev,
    },
    Command { name: "test", usage: "[suite …]   runs all suites, or those named", run: test::run },
    Command { name: "evaluate", usage: "[--runtime R] < lines   answers questions by one runtime, by default native", run: evaluate::run },
    Command {
        name: "identity",
        usage: "[--pairs N] [--seed S] [--runtimes A,B]   compares the runtimes' answers to generated questions",
        run: identity::run,
    },
    Command { name: "bench", usage: "[native|js|edge|size]   measures Twinflag, its best peer and the budgets", run: bench::run },
    Command { name: "fuzz", usage: "[document|context|program …] [--seconds N]   fuzzes the core", run: fuzz::run },
    Command { name: "malformed", usage: "[--count N] [--seed S]   sends malformed requests to the worker", run: by_hand::malformed },
    Command {
        name: "soak",
        usage: "[--kills N] [--seed S] [--writers W]   kills a worker again and again while operators write",
        run: by_hand::soak,
    },
    Command {
        name: "releases",
        usage: "[--from COMMIT] [--break]   a release and the next one forward and back over one store",
        run: releases::run,
    },
    Command {
        name: "verify-audit",
        usage: "FILE [--head HASH]   verifies a saved audit trail, one record a line, in any order",
        run: audit::run,
    },
    Command {
        name: "token",
        usage: "option …   runs the npm package's `twinflag token`, which prints a token for the admin routes; --help lists its options",
        run: twinflag::token,
    },
    Command {
        name: "tarball",
        usage: "[--system linux-x64|linux-arm64]   packs the server with all but Node, a systemd unit and a Dockerfile",
        run: tarball::run,
    },
    Command { name: "build", usage: "   builds the worker, the packages and the pages", run: |_| build() },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let (name, rest) = arguments.split_first().map_or(("", arguments), |(name, rest)| (name.as_str(), rest));
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(rest),
        None => bail!("expected one of:\n{}", usage()),
    }
}

fn usage() -> String {
    COMMANDS.iter().map(|command| format!("  cargo xtask {} {}", command.name, command.usage)).collect::<Vec<_>>().join("\n")
}

/// Builds the worker, the browser engine, the packages and the pages, unless they are up to date.
fn build() -> Result<()> {
    toolchain::ensure_wasm_targets()?;
    npm::ensure_packages()?;
    edge::build()?;
    sdk::build()?;
    packages::build()?;
    site::build()?;
    twinflag::build()
}
