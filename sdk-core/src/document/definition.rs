//! Flags and segments compiled by themselves: what each says but for its state, and what is wrong with it.
use alloc::{boxed::Box, string::String, vec::Vec};

use super::{
    condition::Conditions,
    error::DocumentError,
    flag,
    pattern::{Budget, Cost},
    report::Report,
    variants::Names,
};
use crate::{
    json::{Json, Place},
    model::{build::Builder, details::FlagType, image::Image},
};

/// A flag's definition, compiled by itself. It depends neither on the flag's state, nor on the environment or its bucket key, nor on
/// any other flag or segment: all of these meet it when it is linked.
pub(crate) struct CompiledFlag {
    /// `None` where something is wrong.
    pub(crate) definition: Option<Definition>,
    pub(crate) part: Part,
}

/// A segment, compiled by itself.
pub(crate) struct CompiledSegment {
    /// `None` where something is wrong.
    pub(crate) condition: Option<Outermost>,
    pub(crate) part: Part,
}

/// A segment's condition.
#[derive(Clone, Copy)]
pub(crate) struct Outermost {
    /// Its place in the part's tables.
    pub(crate) at: u32,
    /// How deep it nests (a test alone is 1), but for the segments that it names.
    pub(crate) depth: u32,
}

/// The compiled tables and the errors of one flag or segment.
pub(crate) struct Part {
    /// The conditions, with attributes and lists of their own, and as flag 0 a flag's table of variants. Its draws have no keys yet,
    /// and what refers to a segment holds its place among `segments`.
    pub(crate) tables: Image,
    pub(crate) segments: Vec<SegmentUse>,
    /// The first errors, and how many there are.
    pub(crate) errors: Vec<DocumentError>,
    pub(crate) error_count: usize,
    /// The share of the document's pattern budget that it used.
    pub(crate) patterns: Cost,
}

/// A condition that names a segment.
pub(crate) struct SegmentUse {
    pub(crate) name: Box<str>,
    /// How deep the condition stands; the outermost is 1.
    pub(crate) level: u32,
    /// The name's place in the document.
    pub(crate) pointer: String,
}

/// A sound flag without its state. Conditions are named by their places in its part.
pub(crate) struct Definition {
    pub(crate) key: Box<str>,
    /// With their places in the list.
    pub(crate) aliases: Vec<(usize, Box<str>)>,
    pub(crate) tags: Vec<Box<str>>,
    pub(crate) kind: FlagType,
    pub(crate) variants: Names,
    pub(crate) on: u32,
    pub(crate) off: Option<u32>,
    pub(crate) default: Option<u32>,
    /// By environment: a variant, or the caller's default.
    pub(crate) environments: Vec<(Box<str>, Option<u32>)>,
    /// `None` is the targeting key.
    pub(crate) unit: Option<Box<str>>,
    pub(crate) on_missing_unit: OnMissingUnit,
    /// `None` is the flag's key.
    pub(crate) salt: Option<Box<str>>,
    pub(crate) murmurhash_js: bool,
    pub(crate) prerequisites: Vec<Prerequisite>,
    pub(crate) targets: Vec<Target>,
    pub(crate) rules: Vec<Rule>,
}

pub(crate) const TARGETING_KEY: &str = "targetingKey";

/// The behaviour of a draw whose unit is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnMissingUnit {
    /// It answers an error.
    Error,
    /// It does not apply.
    Continue,
}

pub(crate) struct Prerequisite {
    /// Its index in the list.
    pub(crate) index: usize,
    /// A key or an alias.
    pub(crate) flag: Box<str>,
    pub(crate) variants: Vec<Box<str>>,
}

/// An individual target: a compiled test and what it serves.
pub(crate) struct Target {
    pub(crate) condition: u32,
    pub(crate) variant: u32,
}

pub(crate) struct Rule {
    /// 0 for a rule without condition.
    pub(crate) condition: u32,
    pub(crate) serve: Serve,
}

pub(crate) enum Serve {
    Variant(u32),
    /// Upper bounds of buckets and variants, in their order.
    Split {
        shares: Vec<(u32, u32)>,
        unit: Option<Box<str>>,
        salt: Box<str>,
    },
}

impl CompiledFlag {
    /// Compiles the definition of the flag with this key. An error refuses the document: its patterns take too much.
    pub(crate) fn compile(key: &str, json: &Json<'_>, builder: &mut Builder, patterns: &mut Budget) -> Result<Self, DocumentError> {
        let place = Place::ROOT.name("flags");
        let (definition, part) = compile(builder, patterns, |conditions| flag::read(key, json, place.name(key), conditions))?;
        Ok(Self { definition, part })
    }
}

impl CompiledSegment {
    /// Compiles the segment of this name. An error refuses the document: its patterns take too much.
    pub(crate) fn compile(name: &str, json: &Json<'_>, builder: &mut Builder, patterns: &mut Budget) -> Result<Self, DocumentError> {
        let place = Place::ROOT.name("segments");
        let (condition, part) = compile(builder, patterns, |conditions| {
            let at = conditions.compile(json, place.name(name), 1)?;
            Some(Outermost { at, depth: conditions.depth })
        })?;
        Ok(Self { condition, part })
    }
}

/// Compiles with conditions of its own; `builder` is empty before and after.
fn compile<'j, T>(
    builder: &mut Builder,
    patterns: &mut Budget,
    read: impl FnOnce(&mut Conditions<'_, 'j>) -> Option<T>,
) -> Result<(Option<T>, Part), DocumentError> {
    let (before, mut report) = (*patterns, Report::default());
    let mut conditions =
        Conditions { builder: &mut *builder, report: &mut report, segments: Vec::new(), depth: 0, patterns: &mut *patterns, draws: None };
    let read = read(&mut conditions);
    let segments = conditions.segments;
    let tables = builder.take_part();
    if let Some(refusal) = report.refusal.take() {
        return Err(refusal);
    }
    let tables = tables.ok_or_else(DocumentError::too_large)?;
    let patterns = patterns.taken_since(before);
    let (errors, error_count) = report.finish();
    Ok((read, Part { tables, segments, errors, error_count, patterns }))
}
