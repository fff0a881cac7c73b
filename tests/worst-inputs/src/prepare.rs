//! Prepares loads: compiles documents and makes programs, which is not counted.
use anyhow::{Result, ensure};
use sdk_core::{Compiled, Context, Identity, Program, ProgramError, compile, specialise};

/// Compiles a document that has no errors.
pub(crate) fn sound(document: &str) -> Result<Compiled> {
    let compiled = compile(document, None)?;
    ensure!(compiled.errors.is_empty(), "the document has errors");
    Ok(compiled)
}

/// Makes the program of a context that is known.
pub(crate) fn program(compiled: &Compiled, known: &Context) -> Result<Program, ProgramError> {
    specialise(&compiled.ruleset, compiled.overrides.of(known), known, Identity::Open)
}
