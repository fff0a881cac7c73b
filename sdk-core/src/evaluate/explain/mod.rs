//! Explanations: the same evaluation with somebody watching, and what was seen put into words.
mod operand;
mod trace;
mod write;

use alloc::{string::String, vec::Vec};

pub(crate) use operand::{write_operand, write_portion};
use trace::Trace;

use super::{evaluation::Evaluation, overrides::ApplicableOverrides, ruleset::Ruleset};
use crate::{context::Context, matching::millis::Millis, model::details::FlagType};

/// An answer, and how it came about.
#[derive(Clone, Debug)]
pub struct Explanation<'r> {
    /// The same answer that [`Ruleset::evaluate`] gives.
    pub evaluation: Evaluation<'r>,
    /// The steps that were taken, in their order; the last one answered. None where the question itself was at fault.
    pub steps: Vec<ExplainedStep>,
}

/// One step of the order of precedence.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedStep {
    /// What kind of step it is.
    pub kind: StepKind,
    /// The part of the document that it is about, as a JSON pointer.
    pub pointer: String,
    /// Whether this step gave the answer.
    pub answered: bool,
    /// Conditions that were asked, innermost first; what the answer did not depend on was not asked.
    pub conditions: Vec<ExplainedCondition>,
    /// The unit that the step looked for; `None` for steps that look for none.
    pub unit: Option<ExplainedUnit>,
    /// The unit's bucket.
    pub bucket: Option<u32>,
    /// Upper bounds that the bucket was compared with: below the first is the first share.
    pub bounds: Vec<u32>,
    /// Of a prerequisite: the variant that its flag has, if any.
    pub variant: Option<String>,
}

/// The unit that a list or a draw looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedUnit {
    /// The name of the attribute that is the unit.
    pub attribute: String,
    /// The attribute's value as JSON; `None` where the context has none.
    pub value: Option<String>,
}

/// The kinds of steps, in their order of precedence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum StepKind {
    /// The flag is switched off or rolled back.
    Kill,
    /// Another flag must have one of certain variants.
    Prerequisite,
    /// The customer's and the organization's overrides.
    Overrides,
    /// The rollout's deny list.
    Deny,
    /// The rollout's allow list.
    Allow,
    /// An individual target.
    Target,
    /// A rule.
    Rule,
    /// The rollout's percentage.
    Percentage,
    /// The default of the environment.
    Environment,
    /// The default of the flag.
    Default,
}

impl StepKind {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Prerequisite => "prerequisite",
            Self::Overrides => "overrides",
            Self::Deny => "deny",
            Self::Allow => "allow",
            Self::Target => "target",
            Self::Rule => "rule",
            Self::Percentage => "percentage",
            Self::Environment => "environment",
            Self::Default => "default",
        }
    }
}

/// A condition that was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedCondition {
    /// Where it stands in the document, as a JSON pointer.
    pub pointer: String,
    /// The operator, or `all`, `any`, `not`, `segment`, `percentage`.
    pub op: &'static str,
    /// Of a test: the attribute's name; of a percentage: that of its unit.
    pub attribute: Option<String>,
    /// Of a test: the operand as JSON, in lower case where that is how it is compared.
    pub operand: Option<String>,
    /// Of a test: what the context has, as JSON; `None` where it has nothing.
    pub actual: Option<String>,
    /// Of a percentage: the unit's bucket, where it has one.
    pub bucket: Option<u32>,
    /// Whether it holds.
    pub held: bool,
}

impl Ruleset {
    /// Answers one question and tells how the answer came about. The answer is that of [`Ruleset::evaluate`].
    pub fn explain(
        &self,
        own: ApplicableOverrides<'_>,
        flag_key: &str,
        context: &Context,
        now: Millis,
        requested: Option<FlagType>,
    ) -> Explanation<'_> {
        let flag = self.find(flag_key).unwrap_or(u32::MAX);
        let mut trace = Trace::new(self, flag);
        let evaluation = self.visitor(own, context, now).watched(flag_key, requested, &mut trace);
        Explanation { evaluation, steps: trace.into_steps() }
    }
}
