//! Explanations: the same evaluation, with a record of each step and each condition.
mod operand;
mod trace;
mod write;

use alloc::{string::String, vec::Vec};

pub(crate) use operand::{rendered, write_as, write_operand, write_portion, write_switches};
use trace::Trace;

use super::{evaluation::Evaluation, ruleset::Visitor};
use crate::model::{details::FlagType, operator::TestOptions};

/// An answer and the steps that led to it; made by [`Visitor::explain`].
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation<'r> {
    /// The same answer that [`Ruleset::evaluate`](crate::Ruleset::evaluate) gives.
    pub evaluation: Evaluation<'r>,
    /// The steps that were taken, in their order; the last one answered. Empty if no step was taken, as for an unknown flag or a refused
    /// context.
    pub steps: Vec<ExplainedStep>,
}

/// One step of a flag's order of precedence, as the evaluation took it.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedStep {
    /// The kind of step.
    pub kind: StepKind,
    /// The part of the document that the step comes from, as a JSON pointer.
    pub pointer: String,
    /// True if this step gave the answer.
    pub answered: bool,
    /// The conditions that were evaluated, innermost first. A condition that could no longer change the outcome is not among them.
    pub conditions: Vec<ExplainedCondition>,
    /// The unit that the step looked for; `None` for steps that look for none.
    pub unit: Option<ExplainedUnit>,
    /// The bucket of the unit, `0..BUCKETS`; `None` if no bucket was drawn.
    pub bucket: Option<u32>,
    /// The upper bounds that the bucket was compared with, ascending: a bucket below the first is in the first share. Empty for steps
    /// that draw no bucket.
    pub bounds: Vec<u32>,
    /// The variant that the other flag of a prerequisite has; `None` if it has none, and for other kinds of steps.
    pub variant: Option<String>,
}

/// The unit that a list or a draw looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedUnit {
    /// The name of the attribute that is the unit.
    pub attribute: String,
    /// The attribute's value as JSON; `None` if the context has none.
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

/// One condition of a step, as the evaluation found it.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedCondition {
    /// The condition's place in the document, as a JSON pointer.
    pub pointer: String,
    /// The operator, or `all`, `any`, `not`, `segment`, `percentage`.
    pub op: &'static str,
    /// The name of the attribute that a test compares, or that is the unit of a percentage; `None` for other conditions.
    pub attribute: Option<String>,
    /// The options that the document gives to a test; other conditions have none.
    pub options: TestOptions,
    /// The operand of a test as JSON, in lower case if it is compared so, or the range of a percentage in percent; `None` for other
    /// conditions, and for tests without operand.
    pub operand: Option<String>,
    /// The value of the attribute as canonical JSON; `None` if the context has none, and for conditions without attribute.
    pub actual: Option<String>,
    /// The bucket of a percentage's unit, `0..BUCKETS`; `None` if the context has no unit, and for other conditions.
    pub bucket: Option<u32>,
    /// True if the condition holds.
    pub held: bool,
}

impl<'r> Visitor<'r, '_> {
    /// Evaluates one flag as [`Ruleset::evaluate`](crate::Ruleset::evaluate) does, with the same answer, and records each step on the way.
    /// An explanation remembers nothing of earlier questions to the visitor, so that it shows every step and condition.
    ///
    /// ```
    /// use sdk_core::{Context, Millis, StepKind, compile};
    ///
    /// let document = r#"{
    ///     "schema": "twinflag/1",
    ///     "bucketKey": "000102030405060708090a0b0c0d0e0f",
    ///     "flags": { "chat": { "rules": [{ "if": { "attribute": "age", "op": "gte", "value": 18 }, "serve": "on" }] } }
    /// }"#;
    /// let compiled = compile(document, None)?;
    /// let context = Context::new().number("age", 17.0);
    /// let visitor = compiled.ruleset.visitor(compiled.overrides.of(&context), &context, Millis(0));
    /// let explanation = visitor.explain("chat", None);
    ///
    /// assert_eq!(explanation.evaluation.variant(), Some("off"));
    /// let kinds: Vec<_> = explanation.steps.iter().map(|step| step.kind).collect();
    /// assert_eq!(kinds, [StepKind::Overrides, StepKind::Rule, StepKind::Default]);
    /// let near_miss = &explanation.steps[1].conditions[0];
    /// assert_eq!((near_miss.op, near_miss.operand.as_deref(), near_miss.actual.as_deref()), ("gte", Some("18"), Some("17")));
    /// # Ok::<(), sdk_core::DocumentError>(())
    /// ```
    pub fn explain(&self, flag_key: &str, requested: Option<FlagType>) -> Explanation<'r> {
        let ruleset = self.ruleset();
        let mut trace = Trace::new(ruleset, ruleset.find(flag_key).unwrap_or(u32::MAX));
        let evaluation = self.afresh().watched(flag_key, requested, &mut trace);
        Explanation { evaluation, steps: trace.into_steps() }
    }
}
