//! Explanations: the same evaluation with somebody watching, and what was seen put into words.
use alloc::{format, string::String, vec::Vec};

use super::{evaluation::Evaluation, overrides::Own, ruleset::Ruleset};
use crate::{
    context::{
        Context,
        value::{self, Encoded},
    },
    json::canonical::{write_number, write_string},
    matching::millis::Millis,
    model::{
        code,
        details::{Decision, FlagType, Layer, Reason},
        image::Image,
    },
};

/// Watches an evaluation. Every method does nothing unless overridden; watching changes no answer.
///
/// Places (`at`) are where a step or a condition stands in the tables.
pub(crate) trait Visit {
    /// A step is about to be taken; first its condition is asked, if it has one.
    fn begin(&mut self, _at: u32) {}

    /// A step was taken; what it answered, if it did.
    fn step(&mut self, _at: u32, _answer: Option<Decision>) {}

    /// A prerequisite was looked at: the number of its variant plus one, 0 where it has none.
    fn prerequisite(&mut self, _at: u32, _variant_plus_one: u32) {}

    /// A unit was looked for (encoded), or is none.
    fn unit(&mut self, _attribute: u32, _value: Option<&[u8]>) {}

    /// A unit was drawn.
    fn bucket(&mut self, _bucket: u32) {}

    /// A condition is about to be asked.
    fn enter(&mut self, _at: u32) {}

    /// A test looked at its attribute's value (encoded), or found none.
    fn attribute(&mut self, _value: Option<&[u8]>) {}

    /// A condition was answered.
    fn leave(&mut self, _at: u32, _held: bool) {}
}

impl Visit for () {}

impl<V: Visit> Visit for &mut V {
    fn begin(&mut self, at: u32) {
        V::begin(self, at);
    }

    fn step(&mut self, at: u32, answer: Option<Decision>) {
        V::step(self, at, answer);
    }

    fn prerequisite(&mut self, at: u32, variant_plus_one: u32) {
        V::prerequisite(self, at, variant_plus_one);
    }

    fn unit(&mut self, attribute: u32, value: Option<&[u8]>) {
        V::unit(self, attribute, value);
    }

    fn bucket(&mut self, bucket: u32) {
        V::bucket(self, bucket);
    }

    fn enter(&mut self, at: u32) {
        V::enter(self, at);
    }

    fn attribute(&mut self, value: Option<&[u8]>) {
        V::attribute(self, value);
    }

    fn leave(&mut self, at: u32, held: bool) {
        V::leave(self, at, held);
    }
}

/// An answer, and how it came about.
#[derive(Clone, Debug)]
pub struct Explanation<'r> {
    /// The same answer that [`Ruleset::evaluate`] gives.
    pub evaluation: Evaluation<'r>,
    /// The steps that were taken, in their order; the last one answered. None where the question itself was at fault.
    pub steps: Vec<Step>,
}

/// One step of the order of precedence.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What kind of step it is.
    pub kind: StepKind,
    /// The part of the document that it is about, as a JSON pointer.
    pub pointer: String,
    /// Whether this step gave the answer.
    pub answered: bool,
    /// Conditions that were asked, innermost first; what the answer did not depend on was not asked.
    pub conditions: Vec<Check>,
    /// The attribute that is the unit here, and its value as JSON if there is one.
    pub unit: Option<(String, Option<String>)>,
    /// The unit's bucket.
    pub bucket: Option<u32>,
    /// Upper bounds that the bucket was compared with: below the first is the first share.
    pub bounds: Vec<u32>,
    /// Of a prerequisite: the variant that its flag has, if any.
    pub variant: Option<String>,
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
pub struct Check {
    /// Where it stands in the document, as a JSON pointer.
    pub pointer: String,
    /// The operator, or `all`, `any`, `not`, `segment`.
    pub op: &'static str,
    /// Of a test: the attribute's name.
    pub attribute: Option<String>,
    /// Of a test: the operand as JSON, in lower case where that is how it is compared.
    pub operand: Option<String>,
    /// Of a test: what the context has, as JSON; `None` where it has nothing.
    pub actual: Option<String>,
    /// Whether it holds.
    pub held: bool,
}

impl Ruleset {
    /// Answers one question and tells how the answer came about. The answer is that of [`Ruleset::evaluate`].
    pub fn explain(&self, own: Own<'_>, flag_key: &str, context: &Context, now: Millis, requested: Option<FlagType>) -> Explanation<'_> {
        let flag = self.find(flag_key).unwrap_or(u32::MAX);
        let mut trace = Trace {
            ruleset: self,
            key: if flag < self.image.flags() { self.image.str(self.image.flag(flag).key) } else { "" },
            counts: [0; 3],
            current: 0,
            open: Vec::new(),
            step: Parts::default(),
            steps: Vec::new(),
        };
        let evaluation = self.visitor(own, context, now).watched(flag_key, requested, &mut trace);
        Explanation { evaluation, steps: trace.steps }
    }
}

/// What is being seen.
struct Trace<'r> {
    ruleset: &'r Ruleset,
    key: &'r str,
    /// How many prerequisites, targets and rules were passed.
    counts: [usize; 3],
    /// The step that is being taken.
    current: u32,
    /// The conditions that are being asked, outermost first: place, pointer, attribute's value.
    open: Vec<(u32, String, Option<String>)>,
    step: Parts,
    steps: Vec<Step>,
}

/// What is known of the step that is being taken.
#[derive(Default)]
struct Parts {
    conditions: Vec<Check>,
    unit: Option<(String, Option<String>)>,
    bucket: Option<u32>,
    variant: Option<String>,
}

impl Trace<'_> {
    fn image(&self) -> &Image {
        &self.ruleset.image
    }

    /// The kind of the step at `at`, and the rest of its pointer.
    fn kind(&self, at: u32) -> Option<(StepKind, String)> {
        let image = self.image();
        let word = image.word(at);
        let [prerequisites, targets, rules] = self.counts;
        let by_layer = |layer: Option<Layer>, reason: Reason| match layer {
            Some(Layer::Kill) => (StepKind::Kill, String::new()),
            Some(Layer::Target) => (StepKind::Target, format!("/targets/{targets}")),
            Some(Layer::Rule) => (StepKind::Rule, format!("/rules/{rules}")),
            Some(Layer::Environment) => (StepKind::Environment, "/environments".into()),
            Some(Layer::Rollout) if reason == Reason::Split => (StepKind::Percentage, "/rollout/percentage".into()),
            _ => (StepKind::Default, "/default".into()),
        };
        Some(match code::operation(word) {
            code::PREREQUISITE => (StepKind::Prerequisite, format!("/prerequisites/{prerequisites}")),
            code::OVERRIDES => (StepKind::Overrides, String::new()),
            code::LIST if word & code::ALLOW != 0 => (StepKind::Allow, "/rollout/allow".into()),
            code::LIST => (StepKind::Deny, "/rollout/deny".into()),
            code::DRAW => by_layer(Decision { word: image.word(at + 7), bucket_plus_one: 0 }.layer(), Reason::Split),
            code::CONST => {
                let decision = image.tables().constant(at);
                by_layer(decision.layer(), decision.reason())
            }
            _ => return None,
        })
    }

    /// Where the condition at `at` stands in the document.
    fn pointer(&self, at: u32) -> String {
        let image = self.image();
        let Some((parent, pointer, _)) = self.open.last() else {
            let (kind, part) = self.kind(self.current).unwrap_or((StepKind::Rule, String::new()));
            return format!("/flags/{}{part}{}", self.key, if kind == StepKind::Rule { "/if" } else { "" });
        };
        let word = image.word(*parent);
        match code::operation(word) {
            operation @ (code::ALL | code::ANY) => {
                let mut children = image.words(parent + 2, image.word(parent + 1));
                let index = children.position(|child| child == at).unwrap_or(0);
                format!("{pointer}/{}/{index}", if operation == code::ALL { "all" } else { "any" })
            }
            code::NOT => format!("{pointer}/not"),
            _ => {
                let name = self.ruleset.segments.get(image.word(parent + 1) as usize).map_or("", |name| name);
                format!("/segments/{}", name.replace('~', "~0").replace('/', "~1"))
            }
        }
    }
}

impl Visit for Trace<'_> {
    fn begin(&mut self, at: u32) {
        self.current = at;
    }

    fn step(&mut self, at: u32, answer: Option<Decision>) {
        let parts = core::mem::take(&mut self.step);
        let Some((kind, rest)) = self.kind(at) else { return };
        let word = self.image().word(at);
        let bounds = if code::operation(word) == code::DRAW {
            self.image().words(at + 6, 2 * code::count(word)).step_by(2).collect()
        } else {
            Vec::new()
        };
        self.steps.push(Step {
            kind,
            pointer: if kind == StepKind::Overrides { "/overrides".into() } else { format!("/flags/{}{rest}", self.key) },
            answered: answer.is_some(),
            conditions: parts.conditions,
            unit: parts.unit,
            bucket: parts.bucket,
            bounds,
            variant: parts.variant,
        });
        match kind {
            StepKind::Prerequisite => self.counts[0] += 1,
            StepKind::Target => self.counts[1] += 1,
            StepKind::Rule => self.counts[2] += 1,
            _ => {}
        }
    }

    fn prerequisite(&mut self, at: u32, variant_plus_one: u32) {
        let (image, flag) = (self.image(), self.image().word(at + 1));
        self.step.variant = variant_plus_one.checked_sub(1).map(|variant| image.str(image.variant(flag, variant).0).into());
    }

    fn unit(&mut self, attribute: u32, value: Option<&[u8]>) {
        let name = self.image().str(self.image().attribute(attribute).name).into();
        self.step.unit = Some((name, value.map(rendered)));
    }

    fn bucket(&mut self, bucket: u32) {
        self.step.bucket = Some(bucket);
    }

    fn enter(&mut self, at: u32) {
        let pointer = self.pointer(at);
        self.open.push((at, pointer, None));
    }

    fn attribute(&mut self, value: Option<&[u8]>) {
        if let Some((_, _, actual)) = self.open.last_mut() {
            *actual = value.map(rendered);
        }
    }

    fn leave(&mut self, at: u32, held: bool) {
        let Some((_, pointer, actual)) = self.open.pop() else { return };
        let image = self.image();
        let word = image.word(at);
        let is_test = !matches!(code::operation(word), code::ALL | code::ANY | code::NOT | code::SEGMENT);
        let attribute = is_test.then(|| image.str(image.attribute(image.word(at + 1)).name).into());
        let check = Check { pointer, op: op(word), attribute, operand: operand(image, at), actual, held };
        self.step.conditions.push(check);
    }
}

/// The operator's name in documents.
pub(crate) fn op(word: u32) -> &'static str {
    match (code::operation(word), code::comparison(word)) {
        (code::ALL, _) => "all",
        (code::ANY, _) => "any",
        (code::NOT, _) => "not",
        (code::SEGMENT, _) => "segment",
        (code::EXISTS, _) => "exists",
        (code::IN, _) => match (word & code::SINGLE != 0, word & code::NONE_OF != 0) {
            (true, false) => "eq",
            (true, true) => "neq",
            (false, false) => "in",
            (false, true) => "notIn",
        },
        (code::CONTAINS, _) => "contains",
        (code::STARTS_WITH, _) => "startsWith",
        (code::ENDS_WITH, _) => "endsWith",
        (code::NUMBER, code::LESS) => "lt",
        (code::NUMBER, code::LESS_OR_EQUAL) => "lte",
        (code::NUMBER, code::GREATER_OR_EQUAL) => "gte",
        (code::NUMBER, _) => "gt",
        (code::TIME, code::LESS) => "before",
        (code::TIME, _) => "after",
        (code::SEMVER, code::CARET) => "semverCaret",
        (code::SEMVER, code::TILDE) => "semverTilde",
        (code::SEMVER, code::LESS) => "semverLt",
        (code::SEMVER, code::LESS_OR_EQUAL) => "semverLte",
        (code::SEMVER, code::EQUAL) => "semverEq",
        (code::SEMVER, code::GREATER_OR_EQUAL) => "semverGte",
        (code::SEMVER, _) => "semverGt",
        (code::MATCHES, _) => "matches",
        _ => "cidr",
    }
}

/// The operand of a test as JSON.
fn operand(image: &Image, at: u32) -> Option<String> {
    let word = image.word(at);
    let mut out = String::new();
    match code::operation(word) {
        code::IN => {
            // The tables keep a list in the order of its hashes, which is nobody's; here it is that of the text.
            let mut entries: Vec<String> = image.words(at + 2, code::count(word)).map(|symbol| rendered(image.value(symbol))).collect();
            entries.sort_unstable();
            let list = entries.join(",");
            out = if word & code::SINGLE == 0 { format!("[{list}]") } else { list };
        }
        code::CONTAINS | code::STARTS_WITH | code::ENDS_WITH => {
            render(&mut out, image.text(image.span(at + 2)));
        }
        code::NUMBER => write_number(&mut out, image.tables().double(at + 2)),
        code::SEMVER => write_string(&mut out, image.str(image.span(at + 2))),
        code::TIME | code::MATCHES => out.push_str(image.str(image.span(at + 4))),
        code::CIDR => out.push_str(image.str(image.span(at + 2))),
        _ => return None,
    }
    Some(out)
}

pub(crate) fn rendered(encoded: &[u8]) -> String {
    let mut out = String::new();
    render(&mut out, encoded);
    out
}

/// Writes an encoded value as JSON, members in their order, and answers what follows it.
fn render<'e>(out: &mut String, encoded: &'e [u8]) -> &'e [u8] {
    let Some((scalar, mut rest)) = value::read(encoded) else { return &[] };
    match scalar {
        Encoded::Null => out.push_str("null"),
        Encoded::Boolean(boolean) => out.push_str(if boolean { "true" } else { "false" }),
        Encoded::Number(number) => write_number(out, number),
        Encoded::Text(text) => write_string(out, &String::from_utf8_lossy(text)),
        Encoded::List(count, _) => {
            out.push('[');
            for index in 0..count {
                if index > 0 {
                    out.push(',');
                }
                rest = render(out, rest);
            }
            out.push(']');
        }
        Encoded::Object(count, _) => {
            out.push('{');
            for index in 0..count {
                if index > 0 {
                    out.push(',');
                }
                rest = render(out, rest);
                out.push(':');
                rest = render(out, rest);
            }
            out.push('}');
        }
    }
    rest
}

impl Explanation<'_> {
    /// The explanation as canonical JSON: the answer's members and `steps`.
    pub fn to_json(&self, default: Option<&str>) -> String {
        let mut out = String::from("{\"evaluation\":");
        self.evaluation.write_canonical(&mut out, default, true);
        out.push_str(",\"steps\":[");
        for (index, step) in self.steps.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            step.write(&mut out);
        }
        out.push_str("]}");
        out
    }
}

impl Step {
    fn write(&self, out: &mut String) {
        let mut object = crate::json::Object::open(out);
        object.member("answered").push_str(if self.answered { "true" } else { "false" });
        if !self.bounds.is_empty() {
            let out = object.member("bounds");
            for (index, bound) in self.bounds.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                write_number(out, f64::from(*bound));
            }
            out.push(']');
        }
        if let Some(bucket) = self.bucket {
            write_number(object.member("bucket"), f64::from(bucket));
        }
        if !self.conditions.is_empty() {
            let out = object.member("conditions");
            for (index, check) in self.conditions.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                check.write(out);
            }
            out.push(']');
        }
        write_string(object.member("pointer"), &self.pointer);
        write_string(object.member("step"), self.kind.as_str());
        if let Some((attribute, value)) = &self.unit {
            let mut unit = crate::json::Object::open(object.member("unit"));
            write_string(unit.member("attribute"), attribute);
            if let Some(value) = value {
                unit.member("value").push_str(value);
            }
            unit.close();
        }
        if let Some(variant) = &self.variant {
            write_string(object.member("variant"), variant);
        }
        object.close();
    }
}

impl Check {
    fn write(&self, out: &mut String) {
        let mut object = crate::json::Object::open(out);
        if let Some(actual) = &self.actual {
            object.member("actual").push_str(actual);
        }
        if let Some(attribute) = &self.attribute {
            write_string(object.member("attribute"), attribute);
        }
        object.member("held").push_str(if self.held { "true" } else { "false" });
        write_string(object.member("op"), self.op);
        if let Some(operand) = &self.operand {
            object.member("operand").push_str(operand);
        }
        write_string(object.member("pointer"), &self.pointer);
        object.close();
    }
}
