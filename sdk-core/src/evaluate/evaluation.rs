//! The answer to one question, spelled out only as far as it is read.
use core::fmt;

use crate::{
    context::value::{self, Encoded},
    model::{
        details::{Decision, ErrorCode, Layer, Reason, Value},
        image::Image,
    },
};

/// The answer to one question. It points into the tables that answered: what is not read costs nothing.
#[derive(Clone, Copy)]
pub struct Evaluation<'r> {
    image: &'r Image,
    flag: u32,
    decision: Decision,
}

impl<'r> Evaluation<'r> {
    pub(crate) fn new(image: &'r Image, flag: u32, decision: Decision) -> Self {
        Self { image, flag, decision }
    }

    /// An answer about no flag of these tables.
    pub(crate) fn error(image: &'r Image, code: ErrorCode) -> Self {
        Self::new(image, u32::MAX, Decision::error(code))
    }

    /// The key of the flag, whatever name was asked for; empty where no flag was found.
    pub fn flag_key(&self) -> &'r str {
        if self.flag < self.image.flags() { self.image.str(self.image.flag(self.flag).key) } else { "" }
    }

    /// The variant's name; `None` where the caller's default is answered.
    pub fn variant(&self) -> Option<&'r str> {
        let (name, _) = self.image.variant(self.flag, self.number()?);
        Some(self.image.str(name))
    }

    /// The variant's value; `None` stands for the caller's default.
    pub fn value(&self) -> Option<Value<'r>> {
        let (_, encoded) = self.image.variant(self.flag, self.number()?);
        if let [tag @ (value::FALSE | value::TRUE), ..] = encoded {
            return Some(Value::Boolean(*tag == value::TRUE));
        }
        Some(match value::read(encoded)?.0 {
            Encoded::Number(number) => Value::Number(number),
            Encoded::Text(text) => {
                let text = core::str::from_utf8(text).ok()?;
                if encoded.first() == Some(&value::JSON) { Value::Object(text) } else { Value::String(text) }
            }
            _ => return None,
        })
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.decision.reason()
    }

    /// What went wrong; there is one exactly where the reason is [`Reason::Error`].
    pub fn error_code(&self) -> Option<ErrorCode> {
        self.decision.error_code()
    }

    /// Which level answered; absent for errors.
    pub fn layer(&self) -> Option<Layer> {
        self.decision.layer()
    }

    /// The bucket that the answering step compared, `0..BUCKETS`.
    pub fn bucket(&self) -> Option<u32> {
        self.decision.bucket_plus_one.checked_sub(1)
    }

    fn number(&self) -> Option<u32> {
        self.decision.variant_plus_one().checked_sub(1)
    }
}

/// Two answers are equal if they read the same; the tables may be different ones.
impl PartialEq for Evaluation<'_> {
    fn eq(&self, other: &Self) -> bool {
        let rest = |answer: &Self| (answer.reason(), answer.error_code(), answer.layer(), answer.bucket());
        rest(self) == rest(other) && self.variant() == other.variant() && self.value() == other.value()
    }
}

impl fmt::Debug for Evaluation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = alloc::string::String::new();
        self.write_canonical(&mut text, None, true);
        f.write_str(&text)
    }
}
