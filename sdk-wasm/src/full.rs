//! The `full` build: compiles documents, explains answers, and makes programs.
//!
//! Documents cross as text, which the core parses. Contexts cross in the byte form that the page also writes for the engine, so that one
//! module in JavaScript checks contexts. Results cross as plain objects.

use js_sys::Error;
use sdk_core::{BucketKey, Compiled, Context, DocumentError, FlagType, Identity, Millis, OwnerKind, Value, compile, specialise};
use serde::Serialize;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &'static str = include_str!("types.ts");

/// A compiled document.
#[wasm_bindgen]
pub struct Ruleset {
    compiled: Compiled,
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
    /// Compiles a document. Throws an `Error` with the member `pointer` if the document is refused whole. `bucket_key` has 32 hexadecimal
    /// digits and is for a document that names none.
    #[wasm_bindgen(constructor)]
    pub fn new(document: &str, #[wasm_bindgen(js_name = bucketKey)] bucket_key: Option<String>) -> Result<Self, JsValue> {
        let bucket_key = bucket_key.map(|key| BucketKey::from_hex(&key).ok_or_else(not_a_key)).transpose()?;
        match compile(document, bucket_key) {
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

    /// The number of the flag with this key or alias; absent if there is none.
    #[wasm_bindgen(js_name = flagNumber)]
    pub fn flag_number(&self, #[wasm_bindgen(js_name = flagKey)] flag_key: &str) -> Option<u32> {
        self.compiled.ruleset.find(flag_key)
    }

    /// The type, the metadata and the variants of the flag with this number; absent if there is none.
    #[wasm_bindgen(js_name = describe, unchecked_return_type = "FlagTables | undefined")]
    pub fn describe(&self, flag: u32) -> Result<JsValue, JsValue> {
        #[derive(Serialize)]
        struct Tables<'r> {
            #[serde(rename = "type")]
            kind: &'static str,
            variants: Vec<Variant<'r>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            metadata: Option<&'r str>,
        }
        #[derive(Serialize)]
        struct Variant<'r> {
            name: &'r str,
            #[serde(skip_serializing_if = "Option::is_none")]
            value: Option<Plain<'r>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            json: Option<&'r str>,
        }
        let Some(view) = self.compiled.ruleset.flag(self.compiled.ruleset.key_of(flag)) else { return Ok(JsValue::UNDEFINED) };
        let variant = |(name, value)| {
            let (value, json) = spelled(Some(value));
            Variant { name, value, json }
        };
        let variants = view.variants().map(variant).collect();
        plain(&Tables { kind: view.flag_type().as_str(), variants, metadata: view.metadata() })
    }

    /// Evaluates the flag with this number, and returns the bits that `Evaluation::to_bits` explains, as one number. `requested` is the number
    /// of the type that the caller's default has, 0 for any; `now` is in milliseconds since 1970.
    #[expect(clippy::cast_precision_loss, reason = "a bucket is below 2^17, so all bits are below 2^53")]
    pub fn decide(&self, flag: u32, context: Vec<u8>, requested: u32, now: f64) -> f64 {
        let context = Context::from_encoded(context);
        let (ruleset, own) = (&self.compiled.ruleset, self.compiled.overrides.of(&context));
        ruleset.evaluate(own, ruleset.key_of(flag), &context, millis(now), kind(requested)).to_bits() as f64
    }

    /// Gives an owner of overrides the tree with this JSON text, in place of the one that it had; without a text, the owner has none.
    /// Unusable leaves are left out, as in a document.
    #[wasm_bindgen(js_name = setOwner)]
    pub fn set_owner(&mut self, #[wasm_bindgen(js_name = isCustomer)] is_customer: bool, id: &str, tree: Option<String>) {
        let kind = if is_customer { OwnerKind::Customer } else { OwnerKind::Organization };
        match tree {
            Some(tree) => {
                let (own, _) = self.compiled.ruleset.owner_overrides(kind, id, &tree);
                self.compiled.overrides.insert(kind, id.to_owned(), own);
            }
            None => self.compiled.overrides.remove(kind, id),
        }
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
    let key = BucketKey::from_hex(key).ok_or_else(not_a_key)?;
    let subkey = key.subkey(salt.as_bytes());
    plain(&Answer { bucket: subkey.bucket(unit.as_bytes()), subkey: subkey.0.map(|half| format!("{half:016x}")) })
}

/// The members `value` and `json` of a value; both are absent if there is none.
fn spelled(value: Option<Value<'_>>) -> (Option<Plain<'_>>, Option<&str>) {
    match value {
        Some(Value::Object(json)) => (None, Some(json)),
        Some(Value::Boolean(boolean)) => (Some(Plain::Boolean(boolean)), None),
        Some(Value::String(text)) => (Some(Plain::String(text)), None),
        Some(Value::Number(number)) => (Some(Plain::Number(number)), None),
        None => (None, None),
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

/// The error for a bucket key that is none.
fn not_a_key() -> JsValue {
    thrown("expected 32 hexadecimal digits", "code", "INVALID_KEY")
}

/// An `Error` with one more member.
fn thrown(message: &str, member: &str, value: &str) -> JsValue {
    let error = Error::new(message);
    // Setting a member of a fresh object cannot fail.
    let _ = js_sys::Reflect::set(&error, &member.into(), &value.into());
    error.into()
}
