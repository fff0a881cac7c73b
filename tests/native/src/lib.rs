//! The runner protocol: questions as JSON lines, answers as canonical JSON lines; the same bytes on every runtime.
//!
//! `{"document": …}` sets the ruleset and prints nothing; `{"flag", "context"?, "default"?, "now"?, "bucket"?, "step"?, "metadata"?}`
//! is answered by one line; `{"bucket": {"key","salt","unit"}}` asks for a bucket.

use sdk_core::{BucketKey, Compiled, Context, Evaluation, FlagType, Identity, Include, Millis, Program, json::canonical};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Answers lines, one after the other.
#[derive(Default)]
pub struct LineRunner {
    document: Document,
    /// Answer by a program made for what the line says is known.
    by_program: bool,
}

/// The members of a line, unread: some of them may spell strings that are no text.
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
    step: Option<&'l RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    metadata: Option<&'l RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    known: Option<&'l RawValue>,
}

/// Reads a member so that null differs from absence.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// The document in force.
#[derive(Default)]
enum Document {
    #[default]
    None,
    Refused,
    Compiled(Box<Compiled>),
}

impl LineRunner {
    /// A runner that specialises the ruleset for each question, and sends the program through its bytes.
    pub fn by_program() -> Self {
        Self { document: Document::None, by_program: true }
    }

    /// Answers one line; a document is answered by nothing.
    pub fn answer(&mut self, line: &str) -> Option<String> {
        if !line.trim_start().starts_with('{') {
            return Some(error("not JSON"));
        }
        let Ok(line) = serde_json::from_str::<Line<'_>>(line) else { return Some(error("not JSON")) };
        if let Some(document) = line.document {
            self.document = match sdk_core::compile(document.get(), None) {
                Ok(compiled) => Document::Compiled(Box::new(compiled)),
                Err(_) => Document::Refused,
            };
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
        let [Some(bucket), Some(step), Some(metadata)] = [line.bucket, line.step, line.metadata].map(wanted) else {
            return Some(error("invalid line"));
        };
        let include = Include { bucket, step, metadata };
        let compiled = match &self.document {
            Document::None => return Some(error("no document")),
            Document::Refused => return Some(error("document refused")),
            Document::Compiled(compiled) => compiled,
        };
        let (default, requested) = (default.as_deref(), default.as_deref().and_then(FlagType::of_default));
        if self.by_program {
            let identity = || match context.refusal() {
                None => context.only(&["customerId", "organizationId"]),
                Some(_) => Context::new(),
            };
            let known = line.known.map_or_else(identity, |known| Context::from_json(known.get()));
            let Ok(program) = sdk_core::specialise(&compiled.ruleset, compiled.overrides.of(&known), &known, Identity::Open) else {
                return Some(error("invalid line"));
            };
            let Ok(program) = Program::from_bytes(&program.to_bytes()) else { return Some(error("program refused")) };
            return Some(render(&program.run(&flag, &context, Millis(now), requested), default, include));
        }
        let evaluation = compiled.ruleset.evaluate(compiled.overrides.of(&context), &flag, &context, Millis(now), requested);
        Some(render(&evaluation, default, include))
    }

    /// The document in force.
    pub fn document(&self) -> Option<&Compiled> {
        match &self.document {
            Document::Compiled(compiled) => Some(compiled),
            _ => None,
        }
    }
}

/// Reads a member that is true or false, false if absent; `None` for any other value.
fn wanted(asked: Option<&RawValue>) -> Option<bool> {
    match asked.map(RawValue::get) {
        None | Some("false") => Some(false),
        Some("true") => Some(true),
        Some(_) => None,
    }
}

fn render(evaluation: &Evaluation<'_>, default: Option<&str>, include: Include) -> String {
    let mut out = String::with_capacity(96);
    evaluation.write_canonical(&mut out, default, include);
    out
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

/// The examples in Rust of the tour, which `cargo test` compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/tour.md")]
struct Tour;
