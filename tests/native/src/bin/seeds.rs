//! Writes seeds for the fuzzers: `seeds VECTORS FOLDER` writes the documents and contexts of all vectors, and the programs that can be
//! made of them, into `FOLDER/{document,context,program}`.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
};

use sdk_core::{Context, Identity};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

#[derive(Deserialize)]
struct Topic<'t> {
    #[serde(borrow, default)]
    documents: std::collections::BTreeMap<String, &'t RawValue>,
    #[serde(borrow, default)]
    cases: Vec<Case<'t>>,
    #[serde(borrow, default)]
    refusals: Vec<Refusal<'t>>,
}

#[derive(Deserialize)]
struct Case<'t> {
    #[serde(borrow, default)]
    context: Option<&'t RawValue>,
}

#[derive(Deserialize)]
struct Refusal<'t> {
    #[serde(borrow, default)]
    document: Option<&'t RawValue>,
    #[serde(default)]
    text: Option<String>,
}

fn main() -> io::Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (Some(vectors), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("expected the folder of the vectors and the one to write to"));
    };
    for kind in ["document", "context", "program"] {
        fs::create_dir_all(folder.join(kind))?;
    }
    for entry in fs::read_dir(vectors)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            // The index and the schema of the vectors are no topics.
            let text = fs::read_to_string(&path)?;
            if let Ok(topic) = serde_json::from_str::<Topic<'_>>(&text) {
                write_topic(&topic, &folder)?;
            }
        }
    }
    Ok(())
}

fn write_topic(topic: &Topic<'_>, folder: &Path) -> io::Result<()> {
    for document in topic.documents.values() {
        seed(folder, "document", document.get().as_bytes())?;
        write_programs(document.get(), folder)?;
    }
    for refusal in &topic.refusals {
        let text = refusal.text.as_deref().or(refusal.document.map(RawValue::get)).unwrap_or_default();
        seed(folder, "document", text.as_bytes())?;
    }
    for context in topic.cases.iter().filter_map(|case| case.context) {
        seed(folder, "context", context.get().as_bytes())?;
        if let Ok(Value::Object(members)) = serde_json::from_str(context.get()) {
            let mut encoded = Vec::new();
            for (name, value) in &members {
                encode(&Value::String(name.clone()), &mut encoded);
                encode(value, &mut encoded);
            }
            seed(folder, "context", &encoded)?;
        }
    }
    Ok(())
}

fn write_programs(document: &str, folder: &Path) -> io::Result<()> {
    let Ok(compiled) = sdk_core::compile(document, None) else { return Ok(()) };
    for known in [Context::new(), Context::new().string("customerId", "c-1").string("plan", "pro").string("userId", "u1")] {
        for identity in [Identity::Open, Identity::Vouched] {
            if let Ok(program) = sdk_core::specialise(&compiled.ruleset, compiled.overrides.of(&known), &known, identity) {
                seed(folder, "program", &program.to_bytes())?;
            }
        }
    }
    Ok(())
}

/// Writes a seed under a name made of its content, so that equal seeds are one file.
fn seed(folder: &Path, kind: &str, bytes: &[u8]) -> io::Result<()> {
    // A long seed is slow to run and finds no more.
    if bytes.len() > 8192 {
        return Ok(());
    }
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    fs::write(folder.join(kind).join(format!("seed-{:016x}", hasher.finish())), bytes)
}

/// The form in which a page writes values (`sdk-core/src/context/value.rs`), written once more.
fn encode(value: &Value, out: &mut Vec<u8>) {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    match value {
        Value::Null => out.push(0),
        Value::Bool(boolean) => out.push(1 + u8::from(*boolean)),
        Value::Number(number) => {
            out.push(3);
            out.extend_from_slice(&(number.as_f64().unwrap_or(0.0) + 0.0).to_le_bytes());
        }
        Value::String(text) => {
            out.push(4);
            let mut length = text.len();
            while length > 127 {
                out.push(u8::try_from(length & 127).unwrap_or(0) | 128);
                length >>= 7;
            }
            out.push(u8::try_from(length).unwrap_or(0));
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            out.push(5);
            out.extend_from_slice(&count(items.len()));
            for item in items {
                encode(item, out);
            }
        }
        Value::Object(members) => {
            out.push(6);
            out.extend_from_slice(&count(members.len()));
            for (name, value) in members {
                encode(&Value::String(name.clone()), out);
                encode(value, out);
            }
        }
    }
}
