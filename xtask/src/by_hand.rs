//! Test files that can be run by hand with more cases than a suite runs.
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::npm;

/// A test file and its options.
struct ByHand {
    file: &'static str,
    options: &'static [Number],
}

/// An option, the environment variable that passes it to the file, and its default.
struct Number(&'static str, &'static str, u32);

/// `cargo xtask malformed`: sends malformed requests to the worker.
pub(crate) fn malformed(arguments: &[String]) -> Result<()> {
    let options = &[Number("--count", "MALFORMED_COUNT", 15_000), Number("--seed", "MALFORMED_SEED", 1)];
    ByHand { file: "tests/edge/malformed.test.mjs", options }.run(arguments)
}

/// `cargo xtask soak`: kills a worker again and again while several clients write.
pub(crate) fn soak(arguments: &[String]) -> Result<()> {
    let options = &[Number("--kills", "SOAK_KILLS", 1_000), Number("--seed", "SOAK_SEED", 1), Number("--writers", "SOAK_WRITERS", 4)];
    ByHand { file: "tests/soak/soak.test.mjs", options }.run(arguments)
}

impl ByHand {
    fn run(&self, arguments: &[String]) -> Result<()> {
        let mut node = npm::node();
        node.args(["--test", "--test-reporter=spec", self.file]).env("XTASK", std::env::current_exe()?);
        node.envs(self.options.iter().map(|Number(_, variable, usual)| (variable, usual.to_string())));
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            let Some(Number(_, variable, _)) = self.options.iter().find(|Number(name, ..)| name == option) else {
                let names: Vec<&str> = self.options.iter().map(|Number(name, ..)| *name).collect();
                bail!("unknown option {option}; expected {}", names.join(" or "));
            };
            let number: Option<u32> = rest.next().and_then(|value| value.parse().ok());
            node.env(variable, number.with_context(|| format!("{option} needs a whole number"))?.to_string());
        }
        crate::build()?;
        let status = node.stdin(Stdio::null()).status().with_context(|| format!("node is missing; install it with: {}", npm::INSTALL))?;
        if status.success() { Ok(()) } else { bail!("{} failed", self.file) }
    }
}
