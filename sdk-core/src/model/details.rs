//! What an evaluation answers: the field's words, and ours for the layer.

/// Why a value was answered. The words are OpenFeature's, but for `PREREQUISITE_FAILED`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Reason {
    /// The answer does not depend on the context: nothing of the flag looks at it.
    Static = 1,
    /// Nothing matched this context.
    Default,
    /// An override, a list, an individual target or a rule matched.
    TargetingMatch,
    /// A bucket decided.
    Split,
    /// The flag is switched off or rolled back.
    Disabled,
    /// A prerequisite does not have one of the required variants.
    PrerequisiteFailed,
    /// The caller's default is answered; the error code says why.
    Error,
}

/// The reason of every answer while a deployment has all flags switched off.
pub const SWITCHED_OFF: Reason = Reason::Disabled;

/// What went wrong, in OpenFeature's words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum ErrorCode {
    /// No flag has this key or alias.
    FlagNotFound = 1,
    /// The flag's type is not that of the caller's default.
    TypeMismatch,
    /// A bucket was asked for and the unit is absent.
    TargetingKeyMissing,
    /// The context cannot be used, or a unit in it is neither text nor a whole number.
    InvalidContext,
    /// The program was made for another context.
    ProviderNotReady,
}

/// Which level of the hierarchy answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Layer {
    /// The kill switch, a rolled-back rollout, or a failed prerequisite.
    Kill = 1,
    /// An override for the customer.
    Customer,
    /// An override for the organization.
    Organization,
    /// The rollout: its lists or its percentage.
    Rollout,
    /// An individual target.
    Target,
    /// A rule.
    Rule,
    /// The default of the document's environment.
    Environment,
    /// The default of the flag.
    Default,
}

macro_rules! names {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in the order of its number.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The value with this number, counted from one; 0 and numbers past the last are `None`.
            pub(crate) fn from_number(number: u32) -> Option<Self> {
                Self::ALL.get(number.checked_sub(1)? as usize).copied()
            }
        }
    };
}
names!(Reason {
    Static = "STATIC",
    Default = "DEFAULT",
    TargetingMatch = "TARGETING_MATCH",
    Split = "SPLIT",
    Disabled = "DISABLED",
    PrerequisiteFailed = "PREREQUISITE_FAILED",
    Error = "ERROR",
});
names!(ErrorCode {
    FlagNotFound = "FLAG_NOT_FOUND",
    TypeMismatch = "TYPE_MISMATCH",
    TargetingKeyMissing = "TARGETING_KEY_MISSING",
    InvalidContext = "INVALID_CONTEXT",
    ProviderNotReady = "PROVIDER_NOT_READY",
});
names!(Layer {
    Kill = "kill",
    Customer = "customer",
    Organization = "organization",
    Rollout = "rollout",
    Target = "target",
    Rule = "rule",
    Environment = "environment",
    Default = "default",
});

/// The type of a flag's variants. Arrays count as objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum FlagType {
    /// `true` or `false`.
    Boolean = 1,
    /// Text.
    String,
    /// A double.
    Number,
    /// Any object or array.
    Object,
}
names!(FlagType { Boolean = "boolean", String = "string", Number = "number", Object = "object" });

/// The value of a variant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value<'r> {
    /// `true` or `false`.
    Boolean(bool),
    /// Text.
    String(&'r str),
    /// A finite double; -0 is 0.
    Number(f64),
    /// An object or array as canonical JSON text (RFC 8785), so that a member called `__proto__` stays a member.
    Object(&'r str),
}

/// A variant by its number in the flag, the reason, the error code and the layer, in one word; beside it the bucket.
///
/// Bits: 0–19 the variant's number plus one (0: the caller's default), 20–23 reason, 24–27 error code, 28–31 layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decision {
    pub(crate) word: u32,
    /// The compared bucket plus one; 0 where none was.
    pub(crate) bucket_plus_one: u32,
}

impl Decision {
    const VARIANT_BITS: u32 = (1 << 20) - 1;

    pub(crate) const fn new(variant: Option<u32>, reason: Reason, layer: Layer) -> Self {
        let plus_one = match variant {
            Some(index) => index + 1,
            None => 0,
        };
        Self { word: plus_one & Self::VARIANT_BITS | (reason as u32) << 20 | (layer as u32) << 28, bucket_plus_one: 0 }
    }

    pub(crate) const fn error(code: ErrorCode) -> Self {
        Self { word: (Reason::Error as u32) << 20 | (code as u32) << 24, bucket_plus_one: 0 }
    }

    pub(crate) const fn with_bucket(self, bucket: u32) -> Self {
        Self { word: self.word, bucket_plus_one: bucket + 1 }
    }

    pub(crate) const fn variant_plus_one(self) -> u32 {
        self.word & Self::VARIANT_BITS
    }

    pub(crate) const fn with_variant_plus_one(self, plus_one: u32) -> Self {
        Self { word: self.word & !Self::VARIANT_BITS | plus_one & Self::VARIANT_BITS, bucket_plus_one: self.bucket_plus_one }
    }

    pub(crate) fn reason(self) -> Reason {
        Reason::from_number(self.word >> 20 & 15).unwrap_or(Reason::Error)
    }

    pub(crate) fn error_code(self) -> Option<ErrorCode> {
        ErrorCode::from_number(self.word >> 24 & 15)
    }

    pub(crate) fn layer(self) -> Option<Layer> {
        Layer::from_number(self.word >> 28)
    }
}
