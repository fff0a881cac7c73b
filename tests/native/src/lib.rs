//! The door: questions as JSON lines, answers as canonical JSON lines; the same bytes on every runtime.
//!
//! `{"document": …}` sets the ruleset and prints nothing; `{"flag", "context"?, "default"?, "now"?, "bucket"?}` is answered by
//! one line; `{"bucket": {"key","salt","unit"}}` asks for a bucket.

use std::fmt::Write as _;

use sdk_core::{BucketKey, Compiled, Context, Evaluation, FlagType, Identity, Millis, Program, Value, canonical};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Answers lines, one after the other.
#[derive(Default)]
pub struct Door {
    document: Option<Option<Compiled>>,
    /// Answer by a program made for what the line says is known.
    by_program: bool,
}

/// A line's members; each still unread, because some of them may hold what is no text.
#[derive(Deserialize)]
pub struct Line<'l> {
    #[serde(borrow, default, deserialize_with = "present")]
    document: Option<&'l RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    flag: Option<&'l RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    context: Option<&'l RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    default: Option<&'l RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    now: Option<&'l RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    bucket: Option<&'l RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    known: Option<&'l RawValue>,
}

/// Keeps a member that is null apart from an absent one.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

impl Door {
    /// A door that specialises the ruleset for each question, and sends the program through its bytes.
    pub fn by_program() -> Self {
        Self { document: None, by_program: true }
    }

    /// Answers one line; a document is answered by nothing.
    pub fn answer(&mut self, line: &str) -> Option<String> {
        if !line.trim_start().starts_with('{') {
            return Some(error("not JSON"));
        }
        let Ok(line) = serde_json::from_str::<Line<'_>>(line) else { return Some(error("not JSON")) };
        if let Some(document) = line.document {
            self.document = Some(sdk_core::compile(document.get(), None).ok());
            return None;
        }
        if line.flag.is_none()
            && let Some(question) = line.bucket
        {
            return Some(bucket(question.get()).unwrap_or_else(|| error("invalid line")));
        }
        let Some(flag) = line.flag.filter(|flag| flag.get().starts_with('"')) else { return Some(error("invalid line")) };
        let now = match line.now {
            None => 0,
            Some(raw) => match raw.get().parse::<f64>().ok().and_then(whole) {
                Some(now) => now,
                None => return Some(error("invalid line")),
            },
        };
        let context = line.context.map_or_else(Context::new, |context| Context::from_json(context.get()));
        // A key that is no text names no flag.
        let flag: String = serde_json::from_str(flag.get()).unwrap_or_else(|_| "\0".into());
        let default = match line.default.map(|default| canonical::canonical_text(default.get())) {
            Some(None) => return Some(error("invalid line")),
            other => other.flatten(),
        };
        let with_bucket = match line.bucket.map(RawValue::get) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Some(error("invalid line")),
        };
        let compiled = match &self.document {
            None => return Some(error("no document")),
            Some(None) => return Some(error("document refused")),
            Some(Some(compiled)) => compiled,
        };
        let (default, requested) = (default.as_deref(), default.as_deref().and_then(requested));
        if self.by_program {
            let identity = || context.only(&["customerId", "organizationId"]);
            let known = line.known.map_or_else(identity, |known| Context::from_json(known.get()));
            let Ok(program) = sdk_core::specialise(&compiled.ruleset, compiled.overrides.of(&known), &known, Identity::Open) else {
                return Some(error("invalid line"));
            };
            let Ok(program) = Program::from_bytes(&program.to_bytes()) else { return Some(error("program refused")) };
            return Some(render(&program.run(&flag, &context, Millis(now), requested), default, with_bucket));
        }
        let evaluation = compiled.ruleset.evaluate(compiled.overrides.of(&context), &flag, &context, Millis(now), requested);
        Some(render(&evaluation, default, with_bucket))
    }

    /// The document in force.
    pub fn document(&self) -> Option<&Compiled> {
        self.document.as_ref()?.as_ref()
    }
}

/// The type that a caller's default asks for; null asks for none.
pub fn requested(default: &str) -> Option<FlagType> {
    match default.trim_start().as_bytes().first()? {
        b't' | b'f' => Some(FlagType::Boolean),
        b'"' => Some(FlagType::String),
        b'{' | b'[' => Some(FlagType::Object),
        b'n' => None,
        _ => Some(FlagType::Number),
    }
}

/// One answer as canonical JSON; `default` is the caller's, canonical too.
pub fn render(evaluation: &Evaluation<'_>, default: Option<&str>, bucket: bool) -> String {
    let mut out = String::with_capacity(96);
    if let Some(bucket) = evaluation.bucket.filter(|_| bucket) {
        member(&mut out, "bucket");
        let _ = write!(out, "{bucket}");
    }
    if let Some(code) = evaluation.error_code {
        member(&mut out, "errorCode");
        canonical::write_string(&mut out, code.as_str());
    }
    if let Some(layer) = evaluation.layer {
        member(&mut out, "layer");
        canonical::write_string(&mut out, layer.as_str());
    }
    member(&mut out, "reason");
    canonical::write_string(&mut out, evaluation.reason.as_str());
    match (evaluation.value, default) {
        (Some(value), _) => {
            member(&mut out, "value");
            match value {
                Value::Boolean(boolean) => out.push_str(if boolean { "true" } else { "false" }),
                Value::String(text) => canonical::write_string(&mut out, text),
                Value::Number(number) => canonical::write_number(&mut out, number),
                Value::Object(text) => out.push_str(text),
            }
        }
        (None, Some(default)) => {
            member(&mut out, "value");
            out.push_str(default);
        }
        (None, None) => {}
    }
    if let Some(variant) = evaluation.variant {
        member(&mut out, "variant");
        canonical::write_string(&mut out, variant);
    }
    out.push('}');
    out
}

fn member(out: &mut String, name: &str) {
    out.push(if out.is_empty() { '{' } else { ',' });
    canonical::write_string(out, name);
    out.push(':');
}

fn error(why: &str) -> String {
    format!("{{\"error\":\"{why}\"}}")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "checked to be whole and within 2^53")]
fn whole(number: f64) -> Option<i64> {
    (number.trunc().to_bits() == number.to_bits() && number.abs() <= (1_i64 << 53) as f64).then_some(number as i64)
}

fn bucket(question: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Question {
        key: String,
        salt: String,
        unit: String,
    }
    let question: Question = serde_json::from_str(question).ok()?;
    let subkey = BucketKey::from_hex(&question.key)?.subkey(question.salt.as_bytes());
    let [first, second] = subkey.0;
    Some(format!("{{\"bucket\":{},\"subkey\":[\"{first:016x}\",\"{second:016x}\"]}}", subkey.bucket(question.unit.as_bytes())))
}
