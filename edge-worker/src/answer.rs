//! Evaluations as canonical JSON (RFC 8785): members sorted, so that every runtime prints the same bytes.
use sdk_core::{
    Evaluation, FlagType, Value,
    canonical::{write_number, write_string},
};

/// Appends `{bucket, errorCode, layer, reason, value, variant}`; what does not apply is left out.
///
/// `default` is the caller's, as canonical JSON. The bucket is shown only to who asks for it.
pub(crate) fn write(out: &mut String, evaluation: &Evaluation<'_>, default: Option<&str>, with_bucket: bool) {
    let mut object = Object::open(out);
    if let Some(bucket) = evaluation.bucket.filter(|_| with_bucket) {
        write_number(object.member("bucket"), f64::from(bucket));
    }
    if let Some(code) = evaluation.error_code {
        write_string(object.member("errorCode"), code.as_str());
    }
    if let Some(layer) = evaluation.layer {
        write_string(object.member("layer"), layer.as_str());
    }
    write_string(object.member("reason"), evaluation.reason.as_str());
    match (evaluation.value, default) {
        (Some(value), _) => write_value(object.member("value"), value),
        (None, Some(default)) => object.member("value").push_str(default),
        (None, None) => {}
    }
    if let Some(variant) = evaluation.variant {
        write_string(object.member("variant"), variant);
    }
    object.close();
}

/// Appends a flag's value.
pub(crate) fn write_value(out: &mut String, value: Value<'_>) {
    match value {
        Value::Boolean(boolean) => out.push_str(if boolean { "true" } else { "false" }),
        Value::String(text) => write_string(out, text),
        Value::Number(number) => write_number(out, number),
        Value::Object(json) => out.push_str(json),
    }
}

/// The type that a caller's default asks for: `null` asks for none.
pub(crate) fn requested(default: &str) -> Option<FlagType> {
    match default.bytes().next()? {
        b't' | b'f' => Some(FlagType::Boolean),
        b'"' => Some(FlagType::String),
        b'{' | b'[' => Some(FlagType::Object),
        b'n' => None,
        _ => Some(FlagType::Number),
    }
}

/// A JSON object under construction. The caller adds members in their order.
pub(crate) struct Object<'o> {
    out: &'o mut String,
    begun: bool,
}

impl<'o> Object<'o> {
    pub(crate) fn open(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, begun: false }
    }

    /// Appends a name; the value is to follow.
    pub(crate) fn member(&mut self, name: &str) -> &mut String {
        if std::mem::replace(&mut self.begun, true) {
            self.out.push(',');
        }
        write_string(self.out, name);
        self.out.push(':');
        self.out
    }

    pub(crate) fn close(self) {
        self.out.push('}');
    }
}
