//! Compiles conditions and their operands from JSON to the words of the tables.
use alloc::{borrow::Cow, format, vec::Vec};
use core::fmt;

use super::{
    budget::{Budget, Contents},
    limits::MAX_CONDITION_DEPTH,
    operand::Operand,
    reader::{Fields, Report},
    segment_uses::SegmentUses,
};
use crate::{
    bucket::DrawHash,
    json::{Place, Value},
    model::{
        build::Builder,
        condition::Portion,
        image::Span,
        operator::{OPERATORS, Operator, TestOptions},
        write::StepTables as _,
    },
    percentage::Percentage,
};

/// The unit and the hash that the draws in a flag's conditions take from the flag.
pub(crate) struct Draws<'t> {
    pub(crate) unit: Cow<'t, str>,
    pub(crate) murmurhash_js: bool,
}

/// Compiles the conditions of one flag or segment.
pub(crate) struct Conditions<'c, 't> {
    pub(crate) builder: &'c mut Builder,
    pub(crate) report: &'c mut Report,
    /// The segments that were named so far: a condition holds its place among them.
    pub(crate) segments: SegmentUses,
    /// The deepest level at which a condition stands.
    pub(crate) depth: u32,
    /// The amounts that are left for the document.
    pub(crate) budget: &'c mut Budget,
    /// The contents so far, also those of parts with errors.
    pub(crate) contents: Contents,
    /// The draws of the flag whose conditions are compiled; `None` for a segment.
    pub(crate) draws: Option<Draws<'t>>,
}

/// The forms of conditions, each by the name of its own member.
const FORMS: [&str; 6] = ["attribute", "all", "any", "not", "segment", "percentage"];

impl Conditions<'_, '_> {
    /// Compiles a condition that stands `level` levels deep (the outermost is 1), and returns its place; `None` after reporting its errors.
    pub(crate) fn compile(&mut self, json: Value<'_, '_>, place: Place<'_>, level: u32) -> Option<u32> {
        if level > MAX_CONDITION_DEPTH {
            self.report.error(place, TooDeep);
            return None;
        }
        self.depth = self.depth.max(level);
        let Some(members) = json.members() else {
            self.report.expected(place, "a condition (an object)", json);
            return None;
        };
        let mut forms = members.filter_map(|(name, _)| FORMS.into_iter().find(|form| name.is(form)));
        let form = forms.next();
        let another = forms.find(|another| Some(*another) != form);
        match form {
            _ if another.is_some() => {
                self.report.error(place, format!("expected exactly one of {}", FORMS.join(", ")));
                None
            }
            Some("attribute") => self.test(json, place),
            Some("all") => self.children(json, place, level, "all", Builder::all),
            Some("any") => self.children(json, place, level, "any", Builder::any),
            Some("not") => {
                let fields = Fields::of(json, place, &["not"], self.report)?;
                let inner = self.compile(fields.get("not")?, place.name("not"), level + 1)?;
                Some(self.builder.not(inner))
            }
            Some("segment") => self.segment(json, place, level),
            Some("percentage") => self.percentage(json, place),
            _ => {
                self.report.error(place, format!("expected one of {}", FORMS.join(", ")));
                None
            }
        }
    }

    fn children(
        &mut self,
        json: Value<'_, '_>,
        place: Place<'_>,
        level: u32,
        form: &'static str,
        join: impl FnOnce(&mut Builder, &[u32]) -> u32,
    ) -> Option<u32> {
        let fields = Fields::of(json, place, &[form], self.report)?;
        let list_place = place.name(form);
        let mark = self.report.mark();
        let mut children = Vec::new();
        for (index, child) in fields.list(form, self.report).enumerate() {
            children.extend(self.compile(child, list_place.index(index), level + 1));
        }
        (self.report.mark() == mark).then(|| join(self.builder, &children))
    }

    fn segment(&mut self, json: Value<'_, '_>, place: Place<'_>, level: u32) -> Option<u32> {
        let fields = Fields::of(json, place, &["segment"], self.report)?;
        let name = fields.string("segment", self.report)?;
        let index = u32::try_from(self.segments.len()).ok()?;
        self.segments.push(&name, level, place.name("segment"));
        // Linking finds the segment and its condition.
        Some(self.builder.segment_condition(index, 0))
    }

    fn percentage(&mut self, json: Value<'_, '_>, place: Place<'_>) -> Option<u32> {
        let mark = self.report.mark();
        let fields = Fields::of(json, place, &["percentage"], self.report)?;
        let place = place.name("percentage");
        let fields = Fields::of(fields.get("percentage")?, place, &["from", "to", "salt", "unit"], self.report)?;
        let from = self.bound(&fields, "from").map_or(0, Percentage::threshold);
        let to = self.bound(&fields, "to").map(Percentage::threshold);
        let to = fields.require("to", to, self.report);
        let salt = fields.string("salt", self.report);
        let salt = fields.require("salt", salt, self.report);
        let unit = fields.string("unit", self.report);
        if fields.get("unit").is_none() && self.draws.is_none() {
            self.report.error(place, "expected a member \"unit\": a segment has none of its own");
        }
        if let Some(to) = to
            && to < from
        {
            self.report.error(place, "expected \"from\" to be at most \"to\"");
        }
        let (to, salt) = (to?, salt?);
        let unit = unit.as_deref().or(self.draws.as_ref().map(|draws| &*draws.unit))?;
        if self.report.mark() != mark {
            return None;
        }
        let hash = if self.draws.as_ref().is_some_and(|draws| draws.murmurhash_js) {
            DrawHash::MurmurhashJs
        } else {
            let Span { at, length } = self.builder.text(salt.as_bytes());
            DrawHash::Unkeyed { at, length }
        };
        let attribute = self.builder.attribute(unit);
        let portion = Portion { attribute, hash, from, to };
        Some(self.builder.percentage(portion))
    }

    fn bound(&mut self, fields: &Fields<'_, '_, '_>, name: &str) -> Option<Percentage> {
        let number = fields.number(name, self.report)?;
        let percentage = Percentage::of(number);
        if percentage.is_none() {
            self.report.error(fields.place.name(name), "expected 0 to 100 with at most three decimals");
        }
        percentage
    }

    fn test(&mut self, json: Value<'_, '_>, place: Place<'_>) -> Option<u32> {
        let mark = self.report.mark();
        let names = ["attribute", "op", "value", "ignoreCase", "loose", "as"];
        let fields = Fields::of(json, place, &names, self.report)?;
        let attribute = fields.string("attribute", self.report);
        let op = fields.string("op", self.report);
        let op = fields.require("op", op, self.report);
        let (attribute, op) = (attribute?, op?);
        let Some(operator) = Operator::named(&op) else {
            let known: Vec<&str> = OPERATORS.iter().map(|operator| operator.name).collect();
            self.report.error(place.name("op"), format!("unknown operator {op:?}, expected one of {}", known.join(", ")));
            return None;
        };
        let options = self.options(&fields, operator);
        if self.report.mark() != mark {
            return None;
        }
        let attribute = self.builder.attribute(&attribute);
        let operand = Operand { json: fields.get("value"), test: place, options, attribute };
        operand.compile(operator.form, self)
    }

    /// The options of a test; those that its operator does not take are reported.
    fn options(&mut self, fields: &Fields<'_, '_, '_>, operator: &Operator) -> TestOptions {
        let ignore_case = fields.boolean("ignoreCase", self.report).unwrap_or(false);
        let loose = fields.boolean("loose", self.report).unwrap_or(false);
        let as_number = match fields.string("as", self.report).as_deref() {
            Some("number") => true,
            Some(_) => {
                self.report.error(fields.place.name("as"), "expected \"number\"");
                false
            }
            None => false,
        };
        for (name, is_taken) in operator.options.named() {
            if fields.get(name).is_some() && !is_taken {
                self.report.error(fields.place.name(name), format!("the operator {:?} takes no {name}", operator.name));
            }
        }
        TestOptions { ignore_case, loose, as_number }
    }
}

/// The message about a condition that nests deeper than [`MAX_CONDITION_DEPTH`].
pub(crate) struct TooDeep;

impl fmt::Display for TooDeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conditions nest deeper than {MAX_CONDITION_DEPTH} levels")
    }
}
