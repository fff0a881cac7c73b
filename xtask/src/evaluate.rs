//! `cargo xtask evaluate`: reads questions as JSON lines and writes the answers of one runtime, by default `native`.
//!
//! Every runtime writes the same bytes.
use anyhow::{Result, bail};

use crate::runtimes;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let runtime = match arguments {
        [] => "native",
        [option, runtime] if option == "--runtime" && runtime != runtimes::OFREP => runtime,
        _ => bail!("expected --runtime and one of {}", runtimes::ALL.join(", ")),
    };
    runtimes::build(&[runtime])?;
    let status = runtimes::runner(runtime, false)?.status()?;
    if status.success() { Ok(()) } else { bail!("the runner of {runtime} ended with {status}") }
}
