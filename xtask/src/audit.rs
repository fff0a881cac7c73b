//! `cargo xtask verify-audit`: verifies a saved audit trail without the server that it came from.
use anyhow::{Result, bail};

use crate::runtimes;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    runtimes::build(&["native"])?;
    let status = runtimes::program("audit").args(arguments).status()?;
    if status.success() { Ok(()) } else { bail!("the trail is not valid") }
}
