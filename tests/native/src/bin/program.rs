//! Makes a program: `program DOCUMENT [CONTEXT]` writes the bytes of the document's program for what the context tells.

use std::{env, fs, io::Write as _, process::ExitCode};

use sdk_core::{Context, Identity};

fn main() -> ExitCode {
    match make() {
        Ok(bytes) if std::io::stdout().write_all(&bytes).is_ok() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn make() -> Result<Vec<u8>, String> {
    let mut arguments = env::args().skip(1);
    let path = arguments.next().ok_or("expected a document and, if anything is known, a context as JSON")?;
    let known = arguments.next().map_or_else(Context::new, |context| Context::from_json(&context));
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let compiled = sdk_core::compile(&text, None).map_err(|error| format!("{path}: {error}"))?;
    if let Some(error) = compiled.errors.first() {
        return Err(format!("{path}: {error}"));
    }
    let program = sdk_core::specialise(&compiled.ruleset, compiled.overrides.of(&known), &known, Identity::Open);
    Ok(program.map_err(|error| format!("{path}: {error}"))?.to_bytes())
}
