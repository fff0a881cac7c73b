//! Compiles operands from JSON to the form in which an operator compares with them.
use alloc::{borrow::Cow, format, string::String, vec::Vec};

use super::{condition::Conditions, pattern, reader::Report, scalars::Scalars};
use crate::{
    context::value,
    json::{Items, Node, Place, Value, canonical},
    matching::{cidr, comparison::Comparison, fold, semver::Version, time},
    model::{
        build::Builder,
        condition::{Among, Kinds},
        image::Span,
        operator::{Form, TestOptions},
        words::Run,
        write::StepTables as _,
    },
};

/// The operand of a test that is being compiled.
pub(crate) struct Operand<'j, 't, 'p> {
    pub(crate) json: Option<Value<'j, 't>>,
    /// The place of the test.
    pub(crate) test: Place<'p>,
    pub(crate) options: TestOptions,
    pub(crate) attribute: u32,
}

const NO_SYMBOLS: Run = Run { at: 0, count: 0 };

impl Operand<'_, '_, '_> {
    /// Writes the test and returns its place; `None` after reporting a bad operand.
    pub(crate) fn compile(&self, form: Form, conditions: &mut Conditions<'_, '_>) -> Option<u32> {
        let place = self.test.name("value");
        let (attribute, ignore_case) = (self.attribute, self.options.ignore_case);
        if form == Form::Exists {
            if self.json.is_some() {
                conditions.report.error(place, "the operator \"exists\" takes no value");
                return None;
            }
            return Some(conditions.builder.exists(attribute));
        }
        let Some(json) = self.json else {
            conditions.report.error(self.test, "expected a member \"value\"");
            return None;
        };
        let (builder, report) = (&mut *conditions.builder, &mut *conditions.report);
        match form {
            Form::Exists => None,
            Form::Among { none_of, single } => {
                let (scalars, kinds) = self.scalars(json, single, place, report)?;
                let as_number = self.options.as_number;
                let among = Among { symbols: NO_SYMBOLS, none_of, kinds, ignore_case, as_number, single };
                Some(builder.among(attribute, &among, scalars.iter()))
            }
            Form::Members { every } => {
                let (scalars, _) = self.scalars(json, false, place, report)?;
                Some(builder.members(attribute, every, ignore_case, scalars.iter()))
            }
            Form::Contains => {
                let (scalars, _) = self.scalars(json, true, place, report)?;
                Some(builder.contains(attribute, scalars.iter().next()?, ignore_case))
            }
            Form::StartsWith => Some(builder.starts_with(attribute, &self.text(json, place, report)?, ignore_case)),
            Form::EndsWith => Some(builder.ends_with(attribute, &self.text(json, place, report)?, ignore_case)),
            Form::Number(comparison) => {
                let Node::Number(number) = json.node() else {
                    report.expected(place, "a number", json);
                    return None;
                };
                Some(builder.number(attribute, comparison, number, self.options.as_number))
            }
            Form::Time(comparison) => compile_time(json, place, (attribute, comparison), builder, report),
            Form::Semver(comparison) => {
                let loose = self.options.loose;
                let Some(text) = json.as_str().filter(|text| Version::parse_as(text.as_bytes(), loose).is_some()) else {
                    report.error(place, if loose { LOOSE_VERSION } else { VERSION });
                    return None;
                };
                Some(builder.semver(attribute, comparison, text.as_bytes(), loose))
            }
            Form::Matches => {
                let Some(text) = json.as_str() else {
                    report.expected(place, "a pattern (a string)", json);
                    return None;
                };
                match pattern::compile_pattern(&text, conditions.budget) {
                    Ok(table) => {
                        let written = written(json, builder);
                        let table = builder.text(&table);
                        Some(builder.matches(attribute, table, written))
                    }
                    Err(error @ pattern::PatternError::Exhausted) => {
                        report.refuse(place, error);
                        None
                    }
                    Err(error) => {
                        report.error(place, error);
                        None
                    }
                }
            }
            Form::Cidr => compile_networks(json, place, attribute, conditions),
        }
    }

    /// The entries of a list, encoded, and their kinds; of a `single` operand, that scalar. `None` after reporting a bad entry.
    fn scalars(&self, json: Value<'_, '_>, single: bool, place: Place<'_>, report: &mut Report) -> Option<(Scalars, Kinds)> {
        if single {
            let mut scalars = Scalars::with_capacity(1);
            let kind = self.scalar(json, place, &mut scalars, report)?;
            return Some((scalars, Kinds::default().and(kind)));
        }
        let entries = entries(json, place, report)?;
        let mark = report.mark();
        let (mut scalars, mut kinds) = (Scalars::with_capacity(entries.len()), Kinds::default());
        for (index, entry) in entries.enumerate() {
            if let Some(kind) = self.scalar(entry, place.index(index), &mut scalars, report) {
                kinds = kinds.and(kind);
            }
        }
        (report.mark() == mark).then_some((scalars, kinds))
    }

    /// Encodes a scalar and returns its kind; `None` after reporting another kind of value.
    fn scalar(&self, json: Value<'_, '_>, place: Place<'_>, scalars: &mut Scalars, report: &mut Report) -> Option<Kinds> {
        let as_number = self.options.as_number;
        match json.node() {
            Node::Number(number) => {
                scalars.push_number(number);
                Some(Kinds::NUMBERS)
            }
            Node::String(text) if !as_number => {
                let (tag, text) = encoded_text(&text, self.options.ignore_case);
                scalars.push_text(tag, &text);
                Some(Kinds::STRINGS)
            }
            Node::Boolean(boolean) if !as_number => {
                scalars.push_boolean(boolean);
                Some(Kinds::BOOLEANS)
            }
            Node::Null | Node::String(_) | Node::Boolean(_) | Node::Array(_) | Node::Object(_) => {
                report.expected(place, if as_number { "a number" } else { "a string, a number or a boolean" }, json);
                None
            }
        }
    }

    fn text(&self, json: Value<'_, '_>, place: Place<'_>, report: &mut Report) -> Option<Vec<u8>> {
        let Some(text) = json.as_str() else {
            report.expected(place, "a string", json);
            return None;
        };
        let mut encoded = Vec::with_capacity(text.len() + value::HEAD);
        let (tag, text) = encoded_text(&text, self.options.ignore_case);
        value::push_text(&mut encoded, tag, &text);
        Some(encoded)
    }
}

const VERSION: &str = "expected a version as semver.org 2.0.0 writes it, such as 1.2.3 or 1.0.0-rc.1";
const LOOSE_VERSION: &str = "expected a version such as 1.2, v17.1.0 or 1.0.0-rc.1, its numbers of at most 18 digits";

/// Compiles an individual target: the attribute is one of the values, compared exactly.
pub(crate) fn compile_target(attribute: &str, values: Value<'_, '_>, place: Place<'_>, conditions: &mut Conditions<'_, '_>) -> Option<u32> {
    let attribute = conditions.builder.attribute(attribute);
    let operand = Operand { json: Some(values), test: place, options: TestOptions::default(), attribute };
    let (scalars, kinds) = operand.scalars(values, false, place, conditions.report)?;
    let among = Among { symbols: NO_SYMBOLS, none_of: false, kinds, ignore_case: false, as_number: false, single: false };
    Some(conditions.builder.among(attribute, &among, scalars.iter()))
}

fn entries<'j, 't>(json: Value<'j, 't>, place: Place<'_>, report: &mut Report) -> Option<Items<'j, 't>> {
    let items = json.items();
    if items.is_none() {
        report.expected(place, "a list", json);
    }
    items
}

/// The tag and the bytes of a text, in lower case if `folds`.
fn encoded_text(text: &str, folds: bool) -> (u8, Cow<'_, [u8]>) {
    if folds { (value::FOLDED, fold::folded(text.as_bytes()).into()) } else { (value::STRING, text.as_bytes().into()) }
}

/// Keeps an operand as canonical JSON, for explanations.
fn written(json: Value<'_, '_>, builder: &mut Builder) -> Span {
    let mut text = String::new();
    canonical::write_json(&mut text, json);
    builder.text(text.as_bytes())
}

#[expect(clippy::cast_precision_loss, reason = "a written time is far below 2^53 milliseconds")]
fn compile_time(
    json: Value<'_, '_>,
    place: Place<'_>,
    (attribute, comparison): (u32, Comparison),
    builder: &mut Builder,
    report: &mut Report,
) -> Option<u32> {
    const EXPECTED: &str = "a time such as 2026-01-31T12:00:00Z or whole milliseconds since 1970";
    let millis = match json.node() {
        Node::Number(number) if time::is_whole(number) => number,
        Node::Number(_) => {
            report.error(place, format!("expected {EXPECTED}"));
            return None;
        }
        Node::String(text) => {
            let Some(millis) = time::parse_millis(text.as_bytes()) else {
                report.error(place, format!("expected {EXPECTED}"));
                return None;
            };
            millis as f64
        }
        Node::Null | Node::Boolean(_) | Node::Array(_) | Node::Object(_) => {
            report.expected(place, EXPECTED, json);
            return None;
        }
    };
    let written = written(json, builder);
    Some(builder.time(attribute, comparison, millis, written))
}

/// Networks for which a document has no room are counted and not kept.
fn compile_networks(json: Value<'_, '_>, place: Place<'_>, attribute: u32, conditions: &mut Conditions<'_, '_>) -> Option<u32> {
    let Conditions { builder, report, contents, .. } = conditions;
    let mark = report.mark();
    let (mut narrow, mut wide) = (Vec::new(), Vec::new());
    let entries = entries(json, place, report)?;
    let is_kept = contents.add_networks(entries.len());
    for (index, entry) in entries.enumerate() {
        let network = entry.as_str().and_then(|text| cidr::parse_network(text.as_bytes()));
        match network.map(|network| (network.first, network.last)) {
            Some(_) if !is_kept => {}
            Some((cidr::Address::V4(first), cidr::Address::V4(last))) => narrow.extend([first, last]),
            Some((cidr::Address::V6(first), cidr::Address::V6(last))) => {
                for end in [first, last] {
                    wide.extend(end.to_be_bytes().as_chunks().0.iter().map(|group: &[u8; 4]| u32::from_be_bytes(*group)));
                }
            }
            _ => report.error(place.index(index), "expected a network such as 10.0.0.0/8 or 2001:db8::/32"),
        }
    }
    if report.mark() != mark {
        return None;
    }
    let written = if is_kept { written(json, builder) } else { Span::default() };
    Some(builder.cidr(attribute, written, narrow.into_iter(), wide.into_iter()))
}
