//! Test files that can be run by hand with more cases than a suite runs, and the pictures of the guides.
use std::process::Stdio;

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    build,
    install::{chromium, npm},
    process,
};

/// Send malformed requests to every route of the worker; each must be refused and change nothing.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask malformed --count 100000 --seed 2")]
pub(crate) struct Malformed {
    /// The number of requests.
    #[arg(long, value_name = "N", default_value_t = 15_000)]
    count: u32,
    /// The seed of the generator: the same seed sends the same requests.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u32,
}

impl Malformed {
    pub(crate) fn run(&self) -> Result<()> {
        run("tests/edge/malformed.test.mjs", [("MALFORMED_COUNT", self.count), ("MALFORMED_SEED", self.seed)])
    }
}

/// Kill a worker again and again while operators write; every acknowledged command must be stored once, with its audit record.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask soak --kills 200 --writers 8")]
pub(crate) struct Soak {
    /// The number of times that the worker is killed.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    kills: u32,
    /// The seed of the generator: the same seed sends the same commands.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u32,
    /// The number of operators who write at the same time.
    #[arg(long, value_name = "N", default_value_t = 4)]
    writers: u32,
}

impl Soak {
    pub(crate) fn run(&self) -> Result<()> {
        let numbers = [("SOAK_KILLS", self.kills), ("SOAK_SEED", self.seed), ("SOAK_WRITERS", self.writers)];
        run("tests/soak/soak.test.mjs", numbers)
    }
}

/// Take the pictures of the README and the guides in Chromium, into `docs/pictures`.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask pictures")]
pub(crate) struct Pictures {}

/// Takes the pictures.
pub(crate) fn take_pictures() -> Result<()> {
    let chromium = chromium::ensure()?;
    build::all()?;
    let mut node = npm::node();
    node.arg("tests/pictures/take.mjs").env("XTASK", std::env::current_exe()?).env("CHROMIUM", chromium);
    process::run(&mut node, npm::INSTALL).map(drop)
}

/// Runs a test file with numbers in its environment.
fn run<const N: usize>(file: &str, numbers: [(&str, u32); N]) -> Result<()> {
    build::all()?;
    let mut node = npm::node();
    node.args(["--test", "--test-reporter=spec", file]).env("XTASK", std::env::current_exe()?);
    node.envs(numbers.map(|(variable, number)| (variable, number.to_string())));
    let status = process::start(node.stdin(Stdio::null()), npm::INSTALL)?.wait()?;
    if status.success() { Ok(()) } else { bail!("{file} failed") }
}
