//! Replaces `wasm.rs` in a build without the feature `modules`, which measures natively alone: the interpreter takes longer to compile than all
//! else here.
use std::path::Path;

use anyhow::{Result, bail};

use crate::{
    case::{Input, Machine, NATIVE},
    hold::Measured,
};

/// The machines that this build measures.
pub(crate) const MACHINES: &[Machine] = NATIVE;

/// Has no value: this build cannot read modules.
pub(crate) enum Modules {}

impl Modules {
    /// Always fails, and names the feature that the build needs.
    pub(crate) fn read(_folder: &Path) -> Result<Self> {
        bail!("wasm needs a build with --features modules")
    }

    /// Cannot be called, because [`Modules`] has no value.
    pub(crate) fn measure(&self, _input: &Input, _allowed: u64) -> Result<Measured> {
        match *self {}
    }
}
