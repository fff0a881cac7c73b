//! Answers as canonical JSON, the same bytes on every runtime.
use alloc::string::String;

use super::evaluation::Evaluation;
use crate::{
    json::{
        Object,
        canonical::{write_number, write_string},
    },
    model::details::{FlagType, Value},
};

/// Members of a written answer that are left out by default; see [`Evaluation::write_canonical`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Include {
    /// The bucket that the answering step compared.
    pub bucket: bool,
    /// The index of the step that answered; see [`Evaluation::step`].
    pub step: bool,
    /// The flag's metadata.
    pub metadata: bool,
}

impl Evaluation<'_> {
    /// Appends the answer as canonical JSON: `bucket`, `errorCode`, `layer`, `metadata`, `reason`, `step`, `value`, `variant`.
    ///
    /// Members that do not apply are left out. `default` is the caller's default as canonical JSON; it is written as the value
    /// wherever the flag has none to answer.
    pub fn write_canonical(&self, out: &mut String, default: Option<&str>, include: Include) {
        let mut object = Object::open(out);
        if let Some(bucket) = self.bucket().filter(|_| include.bucket) {
            write_number(object.member("bucket"), f64::from(bucket));
        }
        if let Some(code) = self.error_code() {
            write_string(object.member("errorCode"), code.as_str());
        }
        if let Some(layer) = self.layer() {
            write_string(object.member("layer"), layer.as_str());
        }
        if let Some(metadata) = self.metadata().filter(|_| include.metadata) {
            object.member("metadata").push_str(metadata);
        }
        write_string(object.member("reason"), self.reason().as_str());
        if let Some(step) = self.step().filter(|_| include.step) {
            write_number(object.member("step"), f64::from(step));
        }
        match (self.value(), default) {
            (Some(value), _) => value.write_canonical(object.member("value")),
            (None, Some(default)) => object.member("value").push_str(default),
            (None, None) => {}
        }
        if let Some(variant) = self.variant() {
            write_string(object.member("variant"), variant);
        }
        object.close();
    }
}

impl Value<'_> {
    /// Appends the value as canonical JSON.
    pub fn write_canonical(self, out: &mut String) {
        match self {
            Self::Boolean(boolean) => out.push_str(if boolean { "true" } else { "false" }),
            Self::String(text) => write_string(out, text),
            Self::Number(number) => write_number(out, number),
            Self::Object(json) => out.push_str(json),
        }
    }
}

impl FlagType {
    /// The type of a caller's default, from its JSON text; `None` for `null` and for blank text, which accept any type.
    pub fn of_default(json: &str) -> Option<Self> {
        match json.trim_ascii_start().bytes().next()? {
            b't' | b'f' => Some(Self::Boolean),
            b'"' => Some(Self::String),
            b'{' | b'[' => Some(Self::Object),
            b'n' => None,
            _ => Some(Self::Number),
        }
    }
}
