//! Makes a program: `program DOCUMENT FILE [CONTEXT]` writes the document's program for what the context tells into the file.

use std::{env, fs, process::ExitCode};

use sdk_core::{Context, Identity};

fn main() -> ExitCode {
    match make() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn make() -> Result<(), String> {
    let mut arguments = env::args().skip(1);
    let (Some(path), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("expected a document, a file to write and, if anything is known, a context as JSON".into());
    };
    let known = arguments.next().map_or_else(Context::new, |context| Context::from_json(&context));
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let compiled = sdk_core::compile(&text, None).map_err(|error| format!("{path}: {error}"))?;
    if let Some(error) = compiled.errors.first() {
        return Err(format!("{path}: {error}"));
    }
    let program = sdk_core::specialise(&compiled.ruleset, compiled.overrides.of(&known), &known, Identity::Open);
    let bytes = program.map_err(|error| format!("{path}: {error}"))?.to_bytes();
    fs::write(&out, bytes).map_err(|error| format!("{out}: {error}"))
}
