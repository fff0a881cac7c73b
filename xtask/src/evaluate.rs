//! `cargo xtask evaluate`: JSON lines in, answers out, by the runtime that is named. The same lines give the same bytes on each.
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
