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
    let [raw, gzip, brotli] = evaluated("b.length, z.gzipSync(b, { level: 9 }).length, z.brotliCompressSync(b).length", file)?;
    Ok(Sizes { raw, gzip, brotli })
}

/// The size after `gzip -9`. It does not wait for Brotli, which takes ten seconds for the worker's module.
pub(crate) fn gzipped(file: &Path) -> Result<u64> {
    let [gzip] = evaluated("z.gzipSync(b, { level: 9 }).length", file)?;
    Ok(gzip)
}

/// Numbers that Node computes from a file's bytes `b` by its compressors `z`.
fn evaluated<const N: usize>(numbers: &str, file: &Path) -> Result<[u64; N]> {
    let script = format!("const z = require('zlib'), b = require('fs').readFileSync(process.argv[1]); console.log({numbers})");
    let said = process::run(npm::node().arg("--eval").arg(script).arg(file), npm::INSTALL)?;
    let numbers: Vec<u64> = said.split_whitespace().map_while(|number| number.parse().ok()).collect();
    numbers.try_into().ok().with_context(|| format!("no sizes of {}: {said}", file.display()))
}
