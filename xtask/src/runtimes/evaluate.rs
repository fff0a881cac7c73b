//! `cargo xtask evaluate`: answers questions by one runtime.
use anyhow::{Result, bail};
use clap::{Args, builder::PossibleValuesParser};

use crate::runtimes;

/// Read questions as JSON lines and write the answers of one runtime; every runtime writes the same bytes.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask evaluate --runtime program < lines")]
pub(crate) struct Evaluate {
    /// The runtime that answers.
    #[arg(long, value_parser = PossibleValuesParser::new(runtimes::ALL), default_value = "native")]
    runtime: String,
}

impl Evaluate {
    pub(crate) fn run(&self) -> Result<()> {
        let Self { runtime } = self;
        runtimes::build(&[runtime])?;
        let status = runtimes::runner(runtime, false)?.status()?;
        if status.success() { Ok(()) } else { bail!("the runner of {runtime} ended with {status}") }
    }
}
