//! `cargo xtask malformed`: thousands of wrong requests to the worker, more of them than the test suite asks.
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::npm;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (mut count, mut seed) = (10_000_u32, 1_u32);
    let mut rest = arguments.iter();
    while let Some(option) = rest.next() {
        let mut number = || rest.next().and_then(|value| value.parse().ok()).with_context(|| format!("{option} needs a whole number"));
        match option.as_str() {
            "--count" => count = number()?,
            "--seed" => seed = number()?,
            unknown => bail!("unknown option {unknown}; expected --count or --seed"),
        }
    }
    crate::build()?;
    let mut node: Command = npm::node();
    node.args(["--test", "--test-reporter=spec", "tests/edge/malformed.test.mjs"]).env("XTASK", std::env::current_exe()?);
    node.env("MALFORMED_COUNT", count.to_string()).env("MALFORMED_SEED", seed.to_string());
    let status = node.stdin(Stdio::null()).status().with_context(|| format!("node is missing; install it with: {}", npm::INSTALL))?;
    if status.success() { Ok(()) } else { bail!("not every wrong request was refused as it should be") }
}
