//! The answer to one question, decoded only as far as the caller reads it.
use core::fmt;

use super::Include;
use crate::{
    context::value::{self, Encoded},
    model::{
        details::{Decision, ErrorCode, Layer, Reason, StepIndex, Value},
        image::Image,
    },
};

/// The answer to one question: a variant with its value, and the reason for it.
///
/// An evaluation points into the ruleset or program that answered; a part that the caller does not read is never decoded.
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

    /// The key of the flag, also if an alias named it; empty if no flag was found.
    pub fn flag_key(&self) -> &'r str {
        if self.flag < self.image.flags() { self.image.str(self.image.flag(self.flag).key) } else { "" }
    }

    /// The variant's name; `None` if the caller's default is answered.
    pub fn variant(&self) -> Option<&'r str> {
        let (name, _) = self.image.variant(self.flag, self.number()?);
        Some(self.image.str(name))
    }

    /// The variant's value; `None` stands for the caller's default.
    pub fn value(&self) -> Option<Value<'r>> {
        let (_, encoded) = self.image.variant(self.flag, self.number()?);
        decoded(encoded)
    }

    /// The reason why this value is the answer.
    pub fn reason(&self) -> Reason {
        self.decision.reason()
    }

    /// The error, or `None` for an answer without one: an error code goes with [`Reason::Error`] and with no other reason.
    pub fn error_code(&self) -> Option<ErrorCode> {
        self.decision.error_code()
    }

    /// The level of the hierarchy that answered; `None` for errors.
    pub fn layer(&self) -> Option<Layer> {
        self.decision.layer()
    }

    /// The bucket that the answering step compared, `0..BUCKETS`; `None` if it compared none.
    pub fn bucket(&self) -> Option<u32> {
        self.decision.bucket_plus_one().checked_sub(1)
    }

    /// The index of the step that answered, or in which the error arose; `None` for an error before any step was asked.
    ///
    /// The index is the step's place in the flag's order of precedence, counted as if every step were there: 0 disabled, 1 rolled back,
    /// 2 prerequisites (all of them together), 3 the customer's override, 4 the organization's, 5 deny list, 6 allow list; from 7 on the
    /// targets, then the rules, one each; then the rollout's percentage, the default of the environment, the default of the flag.
    pub fn step(&self) -> Option<u32> {
        self.decision.step()
    }

    /// Returns true if the flag is off because its rollout was rolled back, rather than because it is disabled; the reason is
    /// [`Reason::Disabled`] for both.
    pub fn is_rolled_back(&self) -> bool {
        self.layer() == Some(Layer::Kill) && self.step() == Some(StepIndex::ROLLED_BACK.0)
    }

    /// The whole answer as one number, for a caller that knows the flag's variants.
    ///
    /// Bits 0 to 11 are the variant's number plus one (0: the caller's default), 12 to 23 the step plus one (0: none), 24 to 27 the reason's
    /// number, 28 to 31 the layer's; layer 0 is an error, whose code stands in the reason's bits. Bits 32 to 63 are the bucket plus one
    /// (0: none).
    pub fn to_bits(&self) -> u64 {
        self.decision.0
    }

    /// The number of the flag and the number of its answer, which two answers of one ruleset share if they differ in the bucket and the
    /// step at most: in nothing that [`Self::write_canonical`] writes by default. The flag's is [`u32::MAX`] if there is none.
    pub fn answer_id(&self) -> (u32, u32) {
        #[expect(clippy::cast_possible_truncation, reason = "the upper half is the bucket")]
        let without_bucket = self.to_bits() as u32;
        (self.flag, without_bucket & 0xFF00_0FFF)
    }

    /// The flag's metadata, as canonical JSON of an object. `None` if the flag has none, and for the errors `FLAG_NOT_FOUND`,
    /// `INVALID_CONTEXT` and `PROVIDER_NOT_READY`.
    pub fn metadata(&self) -> Option<&'r str> {
        let is_told = match self.error_code() {
            None | Some(ErrorCode::TypeMismatch | ErrorCode::TargetingKeyMissing) => self.flag < self.image.flags(),
            Some(ErrorCode::FlagNotFound | ErrorCode::InvalidContext | ErrorCode::ProviderNotReady) => false,
        };
        if is_told { self.image.metadata(self.flag) } else { None }
    }

    fn number(&self) -> Option<u32> {
        self.decision.variant()
    }
}

/// The value of a variant, as the tables hold it.
pub(super) fn decoded(encoded: &[u8]) -> Option<Value<'_>> {
    if let [tag @ (value::FALSE | value::TRUE), ..] = encoded {
        return Some(Value::Boolean(*tag == value::TRUE));
    }
    Some(match value::read(encoded)?.0 {
        Encoded::Number(number) => Value::Number(number),
        Encoded::Text(text) => {
            let text = core::str::from_utf8(text).ok()?;
            if encoded.first() == Some(&value::JSON) { Value::Object(text) } else { Value::String(text) }
        }
        Encoded::Null | Encoded::Boolean(_) | Encoded::List(..) | Encoded::Object(..) => return None,
    })
}

/// Two answers are equal if they read the same; the tables may be different ones.
impl PartialEq for Evaluation<'_> {
    fn eq(&self, other: &Self) -> bool {
        let rest = |answer: &Self| (answer.reason(), answer.error_code(), answer.layer(), answer.bucket(), answer.step());
        rest(self) == rest(other)
            && self.variant() == other.variant()
            && self.value() == other.value()
            && self.metadata() == other.metadata()
    }
}

impl fmt::Debug for Evaluation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = alloc::string::String::new();
        self.write_canonical(&mut text, None, Include { bucket: true, step: true, metadata: true });
        f.write_str(&text)
    }
}
