//! Records each step and each condition of an evaluation.
use alloc::{format, string::String, vec::Vec};

use super::{
    ExplainedCondition, ExplainedStep, ExplainedUnit, StepKind,
    operand::{rendered, write_operand, write_portion},
};
use crate::{
    evaluate::{ruleset::Ruleset, visit::Visit},
    model::{
        condition::Condition,
        details::{Decision, Layer, Reason, StepIndex},
        image::Image,
        operator::TestOptions,
        step::Step,
        words::Run,
    },
};

/// The record of an evaluation that is being watched.
pub(super) struct Trace<'r> {
    ruleset: &'r Ruleset,
    key: &'r str,
    /// The numbers of prerequisites, targets and rules that were passed.
    counts: [usize; 3],
    /// The step that is being taken: its kind, and its pointer within the flag.
    current: (StepKind, String),
    /// The conditions that are being asked, outermost first.
    open: Vec<Open>,
    seen: Seen,
    steps: Vec<ExplainedStep>,
}

/// A condition that is being asked.
struct Open {
    condition: Condition,
    pointer: String,
    /// The attribute's value as JSON.
    actual: Option<String>,
    bucket: Option<u32>,
}

/// The record of the step that the evaluation is taking.
#[derive(Default)]
struct Seen {
    conditions: Vec<ExplainedCondition>,
    unit: Option<ExplainedUnit>,
    bucket: Option<u32>,
    variant: Option<String>,
}

impl<'r> Trace<'r> {
    /// Watches the evaluation of a flag of a ruleset; a number past the last flag stands for one that is not there.
    pub(super) fn new(ruleset: &'r Ruleset, flag: u32) -> Self {
        let key = if flag < ruleset.image.flags() { ruleset.key_of(flag) } else { "" };
        let current = (StepKind::Default, String::new());
        Self { ruleset, key, counts: [0; 3], current, open: Vec::new(), seen: Seen::default(), steps: Vec::new() }
    }

    pub(super) fn into_steps(self) -> Vec<ExplainedStep> {
        self.steps
    }

    fn image(&self) -> &Image {
        &self.ruleset.image
    }

    /// The kind of a step, and its pointer within the flag.
    fn kind(&self, step: &Step) -> (StepKind, String) {
        let [prerequisites, targets, rules] = self.counts;
        let by_layer = |decision: Decision| match decision.layer() {
            Some(Layer::Kill) if decision.reason() == Reason::PrerequisiteFailed => {
                (StepKind::Prerequisite, format!("/prerequisites/{prerequisites}"))
            }
            Some(Layer::Kill) if decision.step() == Some(StepIndex::ROLLED_BACK.0) => (StepKind::Kill, "/rollout/status".into()),
            Some(Layer::Kill) => (StepKind::Kill, "/enabled".into()),
            Some(Layer::Target) => (StepKind::Target, format!("/targets/{targets}")),
            Some(Layer::Rule) => (StepKind::Rule, format!("/rules/{rules}")),
            Some(Layer::Environment) => (StepKind::Environment, "/environments".into()),
            Some(Layer::Rollout) if decision.reason() == Reason::Split => (StepKind::Percentage, "/rollout/percentage".into()),
            Some(Layer::Customer | Layer::Organization | Layer::Rollout | Layer::Default) | None => (StepKind::Default, "/default".into()),
        };
        match step {
            Step::Prerequisite { .. } => (StepKind::Prerequisite, format!("/prerequisites/{prerequisites}")),
            Step::Overrides => (StepKind::Overrides, String::new()),
            Step::List(list) if list.allows => (StepKind::Allow, "/rollout/allow".into()),
            Step::List(_) => (StepKind::Deny, "/rollout/deny".into()),
            Step::Draw(draw) => by_layer(self.image().words().decision(draw.shares.at + 1)),
            Step::Const(decision) => by_layer(*decision),
            Step::Nothing => (StepKind::Default, String::new()),
        }
    }

    /// The JSON pointer of the condition at `at`.
    fn pointer(&self, at: u32) -> String {
        let Some(Open { condition: parent, pointer, .. }) = self.open.last() else {
            let (kind, part) = &self.current;
            return format!("/flags/{}{part}{}", self.key, if *kind == StepKind::Rule { "/if" } else { "" });
        };
        let index = |children: Run| self.image().words().run(children).position(|child| child == at).unwrap_or(0);
        match parent {
            Condition::All(children) => format!("{pointer}/all/{}", index(*children)),
            Condition::Any(children) => format!("{pointer}/any/{}", index(*children)),
            Condition::Not(_) => format!("{pointer}/not"),
            Condition::Segment { number, .. } => {
                let name = self.ruleset.segments.get(*number as usize).map_or("", |name| name);
                format!("/segments/{}", name.replace('~', "~0").replace('/', "~1"))
            }
            Condition::Percentage(_) | Condition::Test { .. } | Condition::Nothing => pointer.clone(),
        }
    }

    fn attribute_name(&self, attribute: u32) -> String {
        self.image().str(self.image().attribute(attribute).name).into()
    }
}

impl Visit for Trace<'_> {
    fn begin(&mut self, step: &Step) {
        self.current = self.kind(step);
    }

    fn step(&mut self, step: &Step, answer: Option<Decision>) {
        let seen = core::mem::take(&mut self.seen);
        let (kind, part) = self.kind(step);
        let bounds = match step {
            Step::Draw(draw) => self.image().words().pairs(draw.shares).map(|[bound, _]| bound).collect(),
            Step::Prerequisite { .. } | Step::Overrides | Step::List(_) | Step::Const(_) | Step::Nothing => Vec::new(),
        };
        self.steps.push(ExplainedStep {
            kind,
            pointer: if kind == StepKind::Overrides { "/overrides".into() } else { format!("/flags/{}{part}", self.key) },
            answered: answer.is_some(),
            conditions: seen.conditions,
            unit: seen.unit,
            bucket: seen.bucket,
            bounds,
            variant: seen.variant,
        });
        match kind {
            StepKind::Prerequisite => self.counts[0] += 1,
            StepKind::Target => self.counts[1] += 1,
            StepKind::Rule => self.counts[2] += 1,
            StepKind::Kill
            | StepKind::Overrides
            | StepKind::Deny
            | StepKind::Allow
            | StepKind::Percentage
            | StepKind::Environment
            | StepKind::Default => {}
        }
    }

    fn prerequisite(&mut self, flag: u32, variant: Option<u32>) {
        self.seen.variant = variant.map(|variant| self.ruleset.variant_name(flag, variant).into());
    }

    fn unit(&mut self, attribute: u32, value: Option<&[u8]>) {
        let value = value.map(rendered);
        match self.open.last_mut() {
            Some(open) => open.actual = value,
            None => self.seen.unit = Some(ExplainedUnit { attribute: self.attribute_name(attribute), value }),
        }
    }

    fn bucket(&mut self, bucket: u32) {
        match self.open.last_mut() {
            Some(open) => open.bucket = Some(bucket),
            None => self.seen.bucket = Some(bucket),
        }
    }

    fn enter(&mut self, at: u32, condition: &Condition) {
        let pointer = self.pointer(at);
        self.open.push(Open { condition: *condition, pointer, actual: None, bucket: None });
    }

    fn attribute(&mut self, value: Option<&[u8]>) {
        if let Some(open) = self.open.last_mut() {
            open.actual = value.map(rendered);
        }
    }

    fn leave(&mut self, condition: &Condition, held: bool) {
        let Some(Open { pointer, actual, bucket, .. }) = self.open.pop() else { return };
        let (mut operand, mut options) = (String::new(), TestOptions::default());
        let (op, attribute) = match condition {
            Condition::All(_) => ("all", None),
            Condition::Any(_) => ("any", None),
            Condition::Not(_) => ("not", None),
            Condition::Segment { .. } => ("segment", None),
            Condition::Percentage(portion) => {
                write_portion(&mut operand, portion);
                ("percentage", Some(portion.attribute))
            }
            Condition::Test { attribute, test } => {
                write_operand(&mut operand, self.image(), test, |symbol| rendered(self.image().value(symbol)));
                options = test.options();
                (test.name(), Some(*attribute))
            }
            Condition::Nothing => return,
        };
        let attribute = attribute.map(|attribute| self.attribute_name(attribute));
        let operand = (!operand.is_empty()).then_some(operand);
        self.seen.conditions.push(ExplainedCondition { pointer, op, attribute, options, operand, actual, bucket, held });
    }
}
