//! The parts of an answer: OpenFeature's reasons and error codes, and the layer.
use core::fmt;

/// The reason of an answer, in the words of the OpenFeature specification; `PREREQUISITE_FAILED` is ours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Reason {
    /// The answer does not depend on the context: nothing of the flag looks at it.
    Static = 1,
    /// No step matched this context.
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

/// The error of an answer, in the words of the OpenFeature specification.
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

/// The level of the hierarchy that answered.
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

        /// The name on the wire.
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
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

/// A decision on a flag in one number: a word with the variant, the step, the reason or the error code, and the layer; above it the bucket.
///
/// Bits: 0–11 the variant's number plus one (0: the caller's default), 12–23 the step's index plus one (0: no step was asked),
/// 24–27 the reason, 28–31 the layer. Layer 0 is an error; the reason's bits then hold the error code.
///
/// The lower half of the number is that word; the upper half is the compared bucket plus one, 0 if no bucket was compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decision(pub(crate) u64);

/// The index of a step in a flag's order of precedence, counted as if every step were there.
///
/// 0 disabled, 1 rolled back, 2 prerequisites (all of them together), 3 the customer's override, 4 the organization's, 5 deny list,
/// 6 allow list; from 7 on the targets, then the rules, one each; then the rollout's percentage, the default of the environment, the
/// default of the flag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct StepIndex(pub(crate) u32);

impl StepIndex {
    pub(crate) const DISABLED: Self = Self(0);
    pub(crate) const ROLLED_BACK: Self = Self(1);
    pub(crate) const PREREQUISITES: Self = Self(2);
    pub(crate) const CUSTOMER: Self = Self(3);
    pub(crate) const ORGANIZATION: Self = Self(4);
    pub(crate) const DENY: Self = Self(5);
    pub(crate) const ALLOW: Self = Self(6);
    pub(crate) const FIRST_TARGET: Self = Self(7);

    /// The index of the step `places` further on; at most `u32::MAX`.
    pub(crate) fn plus(self, places: usize) -> Self {
        Self(u32::try_from(places).map_or(u32::MAX, |places| self.0.saturating_add(places)))
    }
}

const TWELVE_BITS: u32 = (1 << 12) - 1;
const STEP_SHIFT: u32 = 12;
const REASON_SHIFT: u32 = 24;
const LAYER_SHIFT: u32 = 28;

impl Decision {
    pub(crate) const fn new(variant: Option<u32>, reason: Reason, layer: Layer, step: StepIndex) -> Self {
        let plus_one = match variant {
            Some(index) => index + 1,
            None => 0,
        };
        let step = ((step.0 + 1) & TWELVE_BITS) << STEP_SHIFT;
        Self::of(plus_one & TWELVE_BITS | step | (reason as u32) << REASON_SHIFT | (layer as u32) << LAYER_SHIFT)
    }

    /// A decision as it stands in the tables: without a bucket.
    pub(crate) const fn of(word: u32) -> Self {
        Self(word as u64)
    }

    /// A decision of both halves.
    pub(crate) const fn of_halves(word: u32, bucket_plus_one: u32) -> Self {
        Self(word as u64 | (bucket_plus_one as u64) << 32)
    }

    /// All but the bucket, as it stands in the tables.
    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    pub(crate) const fn word(self) -> u32 {
        self.0 as u32
    }

    /// The compared bucket plus one; 0 if no bucket was compared.
    pub(crate) const fn bucket_plus_one(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// An error before any step was asked.
    pub(crate) const fn error(code: ErrorCode) -> Self {
        Self::of((code as u32) << REASON_SHIFT)
    }

    /// An error of the step that would have made this decision.
    pub(crate) const fn step_error(self, code: ErrorCode) -> Self {
        Self::of(Self::error(code).word() | self.word() & TWELVE_BITS << STEP_SHIFT)
    }

    pub(crate) const fn with_bucket(self, bucket: u32) -> Self {
        Self::of_halves(self.word(), bucket + 1)
    }

    pub(crate) const fn variant_plus_one(self) -> u32 {
        self.word() & TWELVE_BITS
    }

    /// The number of the variant; `None` stands for the caller's default.
    pub(crate) const fn variant(self) -> Option<u32> {
        self.variant_plus_one().checked_sub(1)
    }

    pub(crate) const fn with_variant(self, variant: Option<u32>) -> Self {
        let plus_one = match variant {
            Some(index) => index + 1,
            None => 0,
        };
        Self::of_halves(self.word() & !TWELVE_BITS | plus_one & TWELVE_BITS, self.bucket_plus_one())
    }

    pub(crate) fn reason(self) -> Reason {
        match self.layer() {
            Some(_) => Reason::from_number(self.word() >> REASON_SHIFT & 15).unwrap_or(Reason::Error),
            None => Reason::Error,
        }
    }

    pub(crate) fn error_code(self) -> Option<ErrorCode> {
        match self.layer() {
            Some(_) => None,
            None => ErrorCode::from_number(self.word() >> REASON_SHIFT & 15),
        }
    }

    pub(crate) fn layer(self) -> Option<Layer> {
        Layer::from_number(self.word() >> LAYER_SHIFT)
    }

    pub(crate) const fn step(self) -> Option<u32> {
        (self.word() >> STEP_SHIFT & TWELVE_BITS).checked_sub(1)
    }
}
