//! `cargo xtask verify-audit`: an audit trail that was saved, walked without the server it is from.
use anyhow::{Result, bail};

use crate::runtimes;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    runtimes::build(&["native"])?;
    let status = runtimes::program("audit").args(arguments).status()?;
    if status.success() { Ok(()) } else { bail!("the trail does not hold") }
}
