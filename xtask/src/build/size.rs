//! The sizes of built files, compressed as a server sends them.
use std::{fmt, ops::Add, path::Path};

use anyhow::{Context, Result};

use crate::{install::npm, process};

/// The agreed limit for the engine's module and script together, in bytes after `gzip -9`.
pub(crate) const ENGINE_BUDGET: u64 = 14_000;
/// The size above which the test suite fails: the budget, with room for a release of zlib that compresses worse.
pub(crate) const ENGINE_GATE: u64 = 14_050;

/// The agreed limit for the engine as a script, in bytes after `gzip -9`; the test suite fails above it, too.
pub(crate) const SCRIPT_ENGINE_BUDGET: u64 = 20_000;

/// The bytes of a file, uncompressed and compressed.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub(crate) struct Sizes {
    raw: u64,
    pub(crate) gzip: u64,
    brotli: u64,
}

impl Add for Sizes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { raw: self.raw + other.raw, gzip: self.gzip + other.gzip, brotli: self.brotli + other.brotli }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8} B {:>8} B gzip {:>8} B brotli", self.raw, self.gzip, self.brotli)
    }
}

/// The sizes of a file, by Node's compressors.
pub(crate) fn of(file: &Path) -> Result<Sizes> {
    const SCRIPT: &str = "const z = require('zlib'), b = require('fs').readFileSync(process.argv[1]);
        console.log(b.length, z.gzipSync(b, { level: 9 }).length, z.brotliCompressSync(b).length)";
    let said = process::run(npm::node().arg("--eval").arg(SCRIPT).arg(file), npm::INSTALL)?;
    let mut numbers = said.split_whitespace().map_while(|number| number.parse().ok());
    let mut next = || numbers.next().with_context(|| format!("no sizes of {}: {said}", file.display()));
    Ok(Sizes { raw: next()?, gzip: next()?, brotli: next()? })
}

/// The size after `gzip -9`.
pub(crate) fn gzipped(file: &Path) -> Result<u64> {
    Ok(of(file)?.gzip)
}
