//! Conditions: from JSON to the words that are walked. Operands are compiled here, once.
use alloc::{borrow::Cow, boxed::Box, collections::BTreeMap, format, string::String, vec::Vec};

use super::{
    MAX_CONDITION_DEPTH, pattern,
    reader::{Fields, Report},
};
use crate::{
    context::value,
    json::{Json, Place, canonical},
    matching::{cidr, fold, semver::Version, time},
    model::{build::Builder, code, image::Span},
};

/// What became of a segment.
#[derive(Clone, Copy)]
pub(crate) enum Segment {
    /// Compiled: its number, its condition and how deep that nests.
    Sound { number: u32, condition: u32, depth: u32 },
    /// Unusable, as was reported.
    Broken,
}

/// Compiles the conditions of one document.
pub(crate) struct Conditions<'c> {
    pub(crate) builder: &'c mut Builder,
    pub(crate) report: &'c mut Report,
    pub(crate) segments: &'c BTreeMap<Box<str>, Segment>,
}

/// A compiled condition: where it stands and how deep it nests (a test alone is 1).
#[derive(Clone, Copy)]
pub(crate) struct Compiled {
    pub(crate) at: u32,
    pub(crate) depth: u32,
}

impl Conditions<'_> {
    /// Compiles a condition that stands `level` levels deep (the outermost is 1); `None` after reporting what is wrong.
    pub(crate) fn compile(&mut self, json: &Json<'_>, place: Place<'_>, level: u32) -> Option<Compiled> {
        if level > MAX_CONDITION_DEPTH {
            self.too_deep(place);
            return None;
        }
        let Json::Object(members) = json else {
            self.report.expected(place, "a condition (an object)", json);
            return None;
        };
        let has = |name: &str| members.iter().any(|(member, _)| member == name);
        match ["attribute", "all", "any", "not", "segment"].iter().filter(|form| has(form)).count() {
            1 => {}
            0 => {
                self.report.error(place, "expected one of attribute, all, any, not, segment");
                return None;
            }
            _ => {
                self.report.error(place, "expected exactly one of attribute, all, any, not, segment");
                return None;
            }
        }
        if has("attribute") {
            self.test(json, place)
        } else if has("not") {
            let fields = Fields::of(json, place, &["not"], self.report)?;
            let inner = self.compile(fields.get("not")?, place.name("not"), level + 1)?;
            Some(self.node(&[code::NOT, inner.at], inner.depth + 1))
        } else if has("segment") {
            self.segment(json, place, level)
        } else if has("all") {
            self.children(json, place, level, "all", code::ALL)
        } else {
            self.children(json, place, level, "any", code::ANY)
        }
    }

    fn children(&mut self, json: &Json<'_>, place: Place<'_>, level: u32, form: &'static str, operation: u32) -> Option<Compiled> {
        let fields = Fields::of(json, place, &[form], self.report)?;
        let list_place = place.name(form);
        let mark = self.report.mark();
        let (mut words, mut depth) = (Vec::from([operation, 0]), 0);
        for (index, child) in fields.list(form, self.report).iter().enumerate() {
            if let Some(child) = self.compile(child, list_place.index(index), level + 1) {
                words.push(child.at);
                depth = depth.max(child.depth);
            }
        }
        let count = u32::try_from(words.len() - 2).ok()?;
        *words.get_mut(1)? = count;
        (self.report.mark() == mark).then(|| self.node(&words, depth + 1))
    }

    fn segment(&mut self, json: &Json<'_>, place: Place<'_>, level: u32) -> Option<Compiled> {
        let fields = Fields::of(json, place, &["segment"], self.report)?;
        let name = fields.string("segment", self.report)?;
        match self.segments.get(name).copied() {
            None => self.report.error(place.name("segment"), format!("unknown segment {name:?}")),
            Some(Segment::Broken) => self.report.error(place.name("segment"), format!("segment {name:?} cannot be used")),
            Some(Segment::Sound { depth, .. }) if level + depth > MAX_CONDITION_DEPTH => self.too_deep(place),
            Some(Segment::Sound { number, condition, depth }) => return Some(self.node(&[code::SEGMENT, number, condition], depth + 1)),
        }
        None
    }

    fn too_deep(&mut self, place: Place<'_>) {
        self.report.refuse(place, format!("conditions nest deeper than {MAX_CONDITION_DEPTH} levels"));
    }

    fn node(&mut self, words: &[u32], depth: u32) -> Compiled {
        let at = self.builder.here();
        self.builder.push(words);
        Compiled { at, depth }
    }

    fn test(&mut self, json: &Json<'_>, place: Place<'_>) -> Option<Compiled> {
        let mark = self.report.mark();
        let fields = Fields::of(json, place, &["attribute", "op", "value", "ignoreCase"], self.report)?;
        let attribute = fields.string("attribute", self.report);
        let op = fields.string("op", self.report);
        let op = fields.require("op", op, self.report);
        let ignore_case = fields.boolean("ignoreCase", self.report);
        let (attribute, op) = (attribute?, op?);
        let takes_case = matches!(op, "eq" | "neq" | "in" | "notIn" | "contains" | "startsWith" | "endsWith");
        if fields.get("ignoreCase").is_some() && !takes_case {
            self.report.error(place.name("ignoreCase"), format!("the operator {op:?} takes no ignoreCase"));
        }
        let operand = fields.get("value");
        if op == "exists" && operand.is_some() {
            self.report.error(place.name("value"), "the operator \"exists\" takes no value");
        }
        if self.report.mark() != mark {
            return None;
        }
        let attribute = self.builder.attribute(attribute);
        if op == "exists" {
            return Some(self.node(&[code::EXISTS, attribute], 1));
        }
        let Some(operand) = operand else {
            self.report.error(place, "expected a member \"value\"");
            return None;
        };
        let at = self.builder.here();
        let test = Test { attribute, operand, place: place.name("value"), folds: ignore_case == Some(true) };
        if self.operation(op, &test).is_some() {
            return Some(Compiled { at, depth: 1 });
        }
        if self.report.mark() == mark {
            self.report.error(place.name("op"), format!("unknown operator {op:?}"));
        }
        None
    }

    /// Writes the test; `None` after reporting a bad operand, or without a report where the operator is unknown.
    fn operation(&mut self, op: &str, test: &Test<'_, '_>) -> Option<()> {
        match op {
            "eq" => self.is_among(test, core::slice::from_ref(test.operand), code::SINGLE),
            "neq" => self.is_among(test, core::slice::from_ref(test.operand), code::SINGLE | code::NONE_OF),
            "in" | "notIn" => {
                let entries = self.entries(test)?;
                self.is_among(test, entries, if op == "in" { 0 } else { code::NONE_OF })
            }
            "contains" => self.text(test, code::CONTAINS, true),
            "startsWith" => self.text(test, code::STARTS_WITH, false),
            "endsWith" => self.text(test, code::ENDS_WITH, false),
            "lt" => self.number(test, code::LESS),
            "lte" => self.number(test, code::LESS_OR_EQUAL),
            "gt" => self.number(test, code::GREATER),
            "gte" => self.number(test, code::GREATER_OR_EQUAL),
            "before" => self.time(test, code::LESS),
            "after" => self.time(test, code::GREATER),
            "semverEq" => self.semver(test, code::EQUAL),
            "semverGt" => self.semver(test, code::GREATER),
            "semverGte" => self.semver(test, code::GREATER_OR_EQUAL),
            "semverLt" => self.semver(test, code::LESS),
            "semverLte" => self.semver(test, code::LESS_OR_EQUAL),
            "semverCaret" => self.semver(test, code::CARET),
            "semverTilde" => self.semver(test, code::TILDE),
            "matches" => self.matches(test),
            "cidr" => self.cidr(test),
            _ => None,
        }
    }

    fn entries<'j>(&mut self, test: &Test<'j, '_>) -> Option<&'j [Json<'j>]> {
        match test.operand {
            Json::Array(items) => {
                if items.len() > super::MAX_LIST {
                    self.report.refuse(test.place, format!("{} entries, at most {} are allowed", items.len(), super::MAX_LIST));
                    return None;
                }
                Some(items)
            }
            other => {
                self.report.expected(test.place, "a list of strings, numbers and booleans", other);
                None
            }
        }
    }

    /// Compiles an individual target: the attribute is one of the values, compared exactly.
    pub(crate) fn among(&mut self, attribute: &str, values: &Json<'_>, place: Place<'_>) -> Option<Compiled> {
        let test = Test { attribute: self.builder.attribute(attribute), operand: values, place, folds: false };
        let entries = self.entries(&test)?;
        let at = self.builder.here();
        self.is_among(&test, entries, 0)?;
        Some(Compiled { at, depth: 1 })
    }

    fn is_among(&mut self, test: &Test<'_, '_>, entries: &[Json<'_>], flags: u32) -> Option<()> {
        let single = flags & code::SINGLE != 0;
        let mark = self.report.mark();
        let at = self.builder.here();
        let (mut encoded, mut kinds) = (Vec::with_capacity(entries.len()), 0);
        for (index, entry) in entries.iter().enumerate() {
            let (kind, bytes) = match entry {
                Json::String(text) => (code::HAS_STRINGS, encode_text(text, test.folds)),
                Json::Number(number) => (code::HAS_NUMBERS, encode_number(*number)),
                Json::Boolean(boolean) => (code::HAS_BOOLEANS, Vec::from([if *boolean { value::TRUE } else { value::FALSE }])),
                other => {
                    let place = test.place;
                    self.report.expected(if single { place } else { place.index(index) }, "a string, a number or a boolean", other);
                    continue;
                }
            };
            kinds |= kind;
            encoded.push(bytes);
        }
        if self.report.mark() != mark {
            return None;
        }
        let folds = if test.folds { code::IGNORE_CASE } else { 0 };
        self.builder.push(&[0, test.attribute]);
        let count = self.builder.push_symbols(encoded.iter().map(Vec::as_slice));
        *self.builder.code.get_mut(at as usize)? = code::with_count(code::IN | flags | kinds | folds, count);
        Some(())
    }

    fn text(&mut self, test: &Test<'_, '_>, operation: u32, any_scalar: bool) -> Option<()> {
        let encoded = match test.operand {
            Json::String(text) => encode_text(text, test.folds),
            Json::Number(number) if any_scalar => encode_number(*number),
            Json::Boolean(boolean) if any_scalar => Vec::from([if *boolean { value::TRUE } else { value::FALSE }]),
            other => {
                self.report.expected(test.place, if any_scalar { "a string, a number or a boolean" } else { "a string" }, other);
                return None;
            }
        };
        let operand = self.builder.text(&encoded);
        self.builder.push(&[operation | if test.folds { code::IGNORE_CASE } else { 0 }, test.attribute]);
        self.builder.push_span(operand);
        Some(())
    }

    fn number(&mut self, test: &Test<'_, '_>, comparison: u32) -> Option<()> {
        let Json::Number(number) = test.operand else {
            self.report.expected(test.place, "a number", test.operand);
            return None;
        };
        self.builder.push(&[code::NUMBER | comparison, test.attribute]);
        self.builder.push_double(*number);
        Some(())
    }

    #[expect(clippy::cast_precision_loss, reason = "a written time is far below 2^53 milliseconds")]
    fn time(&mut self, test: &Test<'_, '_>, comparison: u32) -> Option<()> {
        let millis = match test.operand {
            Json::Number(number) => *number,
            Json::String(text) => {
                let Some(millis) = time::parse_millis(text.as_bytes()) else {
                    self.report.error(test.place, "expected a time such as 2026-01-31T12:00:00Z or milliseconds since 1970");
                    return None;
                };
                millis as f64
            }
            other => {
                self.report.expected(test.place, "a time such as 2026-01-31T12:00:00Z or milliseconds since 1970", other);
                return None;
            }
        };
        let written = self.written(test);
        self.builder.push(&[code::TIME | comparison, test.attribute]);
        self.builder.push_double(millis);
        self.builder.push_span(written);
        Some(())
    }

    fn semver(&mut self, test: &Test<'_, '_>, comparison: u32) -> Option<()> {
        let Some(text) = string(test.operand).filter(|text| Version::parse(text.as_bytes()).is_some()) else {
            self.report.error(test.place, "expected a version as semver.org 2.0.0 writes it, such as 1.2.3 or 1.0.0-rc.1");
            return None;
        };
        let operand = self.builder.text(text.as_bytes());
        self.builder.push(&[code::SEMVER | comparison, test.attribute]);
        self.builder.push_span(operand);
        Some(())
    }

    fn matches(&mut self, test: &Test<'_, '_>) -> Option<()> {
        let Some(text) = string(test.operand) else {
            self.report.expected(test.place, "a pattern (a string)", test.operand);
            return None;
        };
        match pattern::compile_pattern(text) {
            Ok(table) => {
                let (table, written) = (self.builder.text(&table), self.written(test));
                self.builder.push(&[code::MATCHES, test.attribute]);
                self.builder.push_span(table);
                self.builder.push_span(written);
                Some(())
            }
            Err(error) => {
                self.report.error(test.place, error);
                None
            }
        }
    }

    fn cidr(&mut self, test: &Test<'_, '_>) -> Option<()> {
        let mark = self.report.mark();
        let (mut narrow, mut wide) = (Vec::new(), Vec::new());
        for (index, entry) in self.entries(test)?.iter().enumerate() {
            let network = match entry {
                Json::String(text) => cidr::parse_network(text.as_bytes()),
                _ => None,
            };
            match network.map(|network| (network.first, network.last)) {
                Some((cidr::Address::V4(first), cidr::Address::V4(last))) => narrow.push((first, last)),
                Some((cidr::Address::V6(first), cidr::Address::V6(last))) => wide.push((first, last)),
                _ => self.report.error(test.place.index(index), "expected a network such as 10.0.0.0/8 or 2001:db8::/32"),
            }
        }
        if self.report.mark() != mark {
            return None;
        }
        let written = self.written(test);
        self.builder.push(&[code::CIDR, test.attribute]);
        self.builder.push_span(written);
        self.builder.push(&[u32::try_from(narrow.len()).ok()?]);
        for (first, last) in narrow {
            self.builder.push(&[first, last]);
        }
        self.builder.push(&[u32::try_from(wide.len()).ok()?]);
        for end in wide.iter().flat_map(|(first, last)| [first, last]) {
            for group in end.to_be_bytes().chunks_exact(4) {
                self.builder.push(&[u32::from_be_bytes(group.try_into().ok()?)]);
            }
        }
        Some(())
    }

    /// Keeps the operand as canonical JSON, for explanations.
    fn written(&mut self, test: &Test<'_, '_>) -> Span {
        let mut text = String::new();
        canonical::write_json(&mut text, test.operand);
        self.builder.text(text.as_bytes())
    }
}

/// A test being written.
struct Test<'j, 'p> {
    attribute: u32,
    operand: &'j Json<'j>,
    place: Place<'p>,
    folds: bool,
}

fn string<'j>(operand: &'j Json<'j>) -> Option<&'j str> {
    match operand {
        Json::String(text) => Some(text),
        _ => None,
    }
}

/// Text as an encoded string, in lower case where it will be compared so.
fn encode_text(text: &str, folds: bool) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(text.len() + 4);
    if folds {
        value::push_text(&mut encoded, value::FOLDED, &fold::folded(text.as_bytes()));
    } else {
        value::push_text(&mut encoded, value::STRING, text.as_bytes());
    }
    encoded
}

fn encode_number(number: f64) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(9);
    value::push_number(&mut encoded, number);
    encoded
}

/// The names of the segments that a condition refers to, wherever they stand in it.
pub(crate) fn segments_in<'j>(json: &'j Json<'j>, found: &mut Vec<&'j str>) {
    let Json::Object(members) = json else { return };
    for (name, value) in members {
        match (Cow::as_ref(name), value) {
            ("segment", Json::String(segment)) => found.push(segment),
            ("not", inner) => segments_in(inner, found),
            ("all" | "any", Json::Array(items)) => items.iter().for_each(|item| segments_in(item, found)),
            _ => {}
        }
    }
}
