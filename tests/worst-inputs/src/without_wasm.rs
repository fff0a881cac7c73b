//! In place of the interpreter, which takes longer to compile than all else here: a build without the feature `modules` measures natively.
use std::path::Path;

use anyhow::{Result, bail};

use crate::{
    case::{Input, Machine, NATIVE},
    hold::Measured,
};

/// The machines that this build measures.
pub(crate) const MACHINES: &[Machine] = NATIVE;

/// There are none.
pub(crate) enum Modules {}

impl Modules {
    /// Says what this build lacks.
    pub(crate) fn read(_folder: &Path) -> Result<Self> {
        bail!("wasm needs a build with --features modules")
    }

    /// Is never called.
    pub(crate) fn measure(&self, _input: &Input, _allowed: u64) -> Result<Measured> {
        match *self {}
    }
}
