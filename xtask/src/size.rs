//! How large a built file may be, compressed the way it travels.
use std::path::Path;

use anyhow::Result;

use crate::{npm, process};

/// The size after `gzip -9`, by the compressor that Node carries.
pub(crate) fn gzipped(file: &Path) -> Result<u64> {
    const SCRIPT: &str = "console.log(require('zlib').gzipSync(require('fs').readFileSync(process.argv[1]), { level: 9 }).length)";
    Ok(process::run(npm::node().arg("--eval").arg(SCRIPT).arg(file), npm::INSTALL)?.trim().parse()?)
}
