//! `cargo xtask verify-audit`: verifies a saved audit trail without the server that it came from.
use anyhow::{Result, bail};
use clap::Args;

use crate::runtimes;

/// Verify a saved audit trail, one record a line, in any order.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask verify-audit /tmp/trail")]
pub(crate) struct VerifyAudit {
    /// The file with the records.
    file: String,
    /// The hash of a record that the trail must contain.
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
}

impl VerifyAudit {
    pub(crate) fn run(self) -> Result<()> {
        runtimes::build(&["native"])?;
        let head = self.head.into_iter().flat_map(|hash| ["--head".to_owned(), hash]);
        let status = runtimes::program("audit").arg(self.file).args(head).status()?;
        if status.success() { Ok(()) } else { bail!("the trail is not valid") }
    }
}
