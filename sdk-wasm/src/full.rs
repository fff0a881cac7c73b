//! The `full` build: compiles documents, explains answers, and makes programs.
//!
//! Documents cross as text, which the core parses. Contexts cross in the byte form that the page also writes for the engine, so that one
//! module in JavaScript checks contexts. Results cross as plain objects.

use js_sys::Error;
use sdk_core::{
    BucketKey, Compiled, Context, DocumentError, ErrorCode, Evaluation, FlagType, Identity, Layer, Millis, Value, compile, specialise,
};
use serde::Serialize;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &'static str = include_str!("types.ts");

/// A compiled document.
#[wasm_bindgen]
pub struct Ruleset {
    compiled: Compiled,
}

/// The wire form of `RulesetDetails` in `types.ts`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Plain<'r>>,
    /// Objects and lists, as canonical JSON: a member called `__proto__` stays a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'r str>,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    rolled_back: bool,
    /// Canonical JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'r str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Plain<'r> {
    Boolean(bool),
    String(&'r str),
    Number(f64),
}

#[derive(Serialize)]
struct Fault<'e> {
    pointer: &'e str,
    message: &'e str,
}

#[wasm_bindgen]
impl Ruleset {
    /// Compiles a document. Throws an `Error` with the member `pointer` if the document is refused whole.
    #[wasm_bindgen(constructor)]
    pub fn new(document: &str) -> Result<Self, JsValue> {
        match compile(document, None) {
            Ok(compiled) => Ok(Self { compiled }),
            Err(error) => Err(thrown(&error.message, "pointer", &error.pointer)),
        }
    }

    /// The parts of the document that were left out, and why; at most the first 1,000 in the order of the document.
    #[wasm_bindgen(unchecked_return_type = "DocumentFault[]")]
    pub fn errors(&self) -> Result<JsValue, JsValue> {
        faults(&self.compiled.errors)
    }

    /// The number of all errors, also of those past the first 1,000.
    #[wasm_bindgen(js_name = errorCount)]
    pub fn error_count(&self) -> usize {
        self.compiled.error_count
    }

    /// Warnings to show the operator; the flags are compiled all the same.
    #[wasm_bindgen(unchecked_return_type = "DocumentFault[]")]
    pub fn warnings(&self) -> Result<JsValue, JsValue> {
        faults(&self.compiled.warnings)
    }

    /// The moments at which a condition on `now` may change its answer, ascending, in milliseconds since 1970.
    #[expect(clippy::cast_precision_loss, reason = "moments are whole numbers below 2^53")]
    pub fn moments(&self) -> Vec<f64> {
        self.compiled.ruleset.moments().map(|moment| moment.0 as f64).collect()
    }

    /// The keys of all flags.
    #[wasm_bindgen(js_name = flagKeys)]
    pub fn flag_keys(&self) -> Vec<String> {
        self.compiled.ruleset.flag_keys().map(String::from).collect()
    }

    /// Evaluates one flag. `requested` is the number of the type that the caller's default has, 0 for any; `now` is in milliseconds since 1970.
    #[wasm_bindgen(unchecked_return_type = "RulesetDetails")]
    pub fn evaluate(
        &self,
        #[wasm_bindgen(js_name = flagKey)] flag_key: &str,
        context: Vec<u8>,
        requested: u32,
        now: f64,
    ) -> Result<JsValue, JsValue> {
        let context = Context::from_encoded(context);
        let own = self.compiled.overrides.of(&context);
        plain(&details(&self.compiled.ruleset.evaluate(own, flag_key, &context, millis(now), kind(requested))))
    }

    /// Evaluates one flag and returns the answer with the steps that led to it, as canonical JSON text.
    pub fn explain(&self, #[wasm_bindgen(js_name = flagKey)] flag_key: &str, context: Vec<u8>, requested: u32, now: f64) -> String {
        let context = Context::from_encoded(context);
        let own = self.compiled.overrides.of(&context);
        self.compiled.ruleset.visitor(own, &context, millis(now)).explain(flag_key, kind(requested)).to_json(None)
    }

    /// Makes the program for the known attributes of a visitor. Throws if `known` is a refused context.
    pub fn specialise(&self, known: Vec<u8>) -> Result<Vec<u8>, JsValue> {
        let known = Context::from_encoded(known);
        let own = self.compiled.overrides.of(&known);
        match specialise(&self.compiled.ruleset, own, &known, Identity::Open) {
            Ok(program) => Ok(program.to_bytes()),
            Err(error) => Err(thrown(error.as_str(), "code", "INVALID_CONTEXT")),
        }
    }
}

/// The bucket of a unit, 0 to 99,999, and the two halves of the subkey. Throws if the key is not 32 hexadecimal digits.
#[wasm_bindgen(unchecked_return_type = "{ bucket: number; subkey: [string, string] }")]
pub fn bucket(key: &str, salt: &str, unit: &str) -> Result<JsValue, JsValue> {
    #[derive(Serialize)]
    struct Answer {
        bucket: u32,
        subkey: [String; 2],
    }
    let key = BucketKey::from_hex(key).ok_or_else(|| thrown("expected 32 hexadecimal digits", "code", "INVALID_KEY"))?;
    let subkey = key.subkey(salt.as_bytes());
    plain(&Answer { bucket: subkey.bucket(unit.as_bytes()), subkey: subkey.0.map(|half| format!("{half:016x}")) })
}

fn details<'r>(evaluation: &Evaluation<'r>) -> Details<'r> {
    let (value, json) = match evaluation.value() {
        Some(Value::Object(json)) => (None, Some(json)),
        Some(Value::Boolean(boolean)) => (Some(Plain::Boolean(boolean)), None),
        Some(Value::String(text)) => (Some(Plain::String(text)), None),
        Some(Value::Number(number)) => (Some(Plain::Number(number)), None),
        None => (None, None),
    };
    Details {
        value,
        json,
        variant: evaluation.variant(),
        reason: evaluation.reason().as_str(),
        error_code: evaluation.error_code().map(ErrorCode::as_str),
        layer: evaluation.layer().map(Layer::as_str),
        bucket: evaluation.bucket(),
        step: evaluation.step(),
        rolled_back: evaluation.is_rolled_back(),
        metadata: evaluation.metadata(),
    }
}

fn faults(errors: &[DocumentError]) -> Result<JsValue, JsValue> {
    plain(&errors.iter().map(|error| Fault { pointer: &error.pointer, message: &error.message }).collect::<Vec<_>>())
}

fn plain(value: &impl Serialize) -> Result<JsValue, JsValue> {
    serde_wasm_bindgen::to_value(value).map_err(JsValue::from)
}

fn kind(requested: u32) -> Option<FlagType> {
    requested.checked_sub(1).and_then(|index| FlagType::ALL.get(index as usize)).copied()
}

#[expect(clippy::cast_possible_truncation, reason = "the clock counts whole milliseconds")]
fn millis(now: f64) -> Millis {
    Millis(now as i64)
}

/// An `Error` with one more member.
fn thrown(message: &str, member: &str, value: &str) -> JsValue {
    let error = Error::new(message);
    // Setting a member of a fresh object cannot fail.
    let _ = js_sys::Reflect::set(&error, &member.into(), &value.into());
    error.into()
}
