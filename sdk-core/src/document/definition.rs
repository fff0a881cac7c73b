//! Flags and segments, each compiled by itself: its definition without its state, or its errors.
use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::fmt;

use super::{
    budget::{Budget, Contents, Cost},
    condition::Conditions,
    error::DocumentError,
    flag,
    limits::MAX_ERRORS,
    report::Report,
    segment_uses::SegmentUses,
    state::{ENABLED, ROLLOUT},
    texts::Texts,
    variants::Names,
};
use crate::{
    json::{Place, Tape},
    model::{build::Builder, details::FlagType, image::Image},
};

/// The definition of one flag, compiled by itself; [`link`](crate::link) makes a ruleset of definitions.
///
/// It depends neither on the flag's state, nor on the environment or its bucket key, nor on any other flag or segment, so that it may
/// be kept as long as the text of the definition stays.
pub struct CompiledFlag {
    pub(crate) key: Box<str>,
    /// `None` if the definition has an error.
    pub(crate) definition: Option<Definition>,
    pub(crate) part: Part,
}

/// A segment, compiled by itself; [`link`](crate::link) makes a ruleset of segments and flags. It may be kept as long as its text stays.
pub struct CompiledSegment {
    pub(crate) name: Box<str>,
    /// `None` if the condition has an error.
    pub(crate) condition: Option<Outermost>,
    pub(crate) part: Part,
}

/// A segment's condition.
#[derive(Clone, Copy)]
pub(crate) struct Outermost {
    /// Its place in the part's tables.
    pub(crate) at: u32,
    /// The levels of the condition (a test alone has 1), without those of the segments that it names.
    pub(crate) depth: u32,
}

/// The compiled tables and the errors of one flag or segment.
pub(crate) struct Part {
    /// The conditions, with attributes and lists of their own, and as flag 0 a flag's table of variants; empty if the definition has an
    /// error. Its draws have no keys yet, and a condition that names a segment holds the place of that use among `segments`.
    pub(crate) tables: Image,
    pub(crate) segments: SegmentUses,
    /// The first errors, and the number of all.
    pub(crate) errors: Vec<DocumentError>,
    pub(crate) error_count: usize,
    /// The part's share of the document's budget.
    pub(crate) cost: Cost,
    /// The bytes of the text that it was compiled from.
    pub(crate) length: usize,
}

impl Part {
    /// Drops the errors past the first `room`, and takes the rest off `room`. A report has only the first errors of a document, but
    /// each of a thousand flags may have that many.
    pub(crate) fn limit_errors(&mut self, room: &mut usize) {
        if self.errors.len() > *room {
            self.errors.truncate(*room);
            self.errors.shrink_to_fit();
        }
        *room -= self.errors.len();
    }

    /// Returns true if no error was dropped: a dropped one might be among the first errors of another document.
    pub(crate) fn is_whole(&self) -> bool {
        self.errors.len() == self.error_count.min(MAX_ERRORS)
    }
}

/// A sound flag without its state. Conditions are named by their places in its part.
pub(crate) struct Definition {
    /// The entries of the list `aliases`; an entry that is no text is empty.
    pub(crate) aliases: Texts,
    /// The indices of the entries that are no text; they are reported already.
    pub(crate) malformed_aliases: Vec<usize>,
    /// The tags, which rulesets share.
    pub(crate) tags: Arc<Texts>,
    pub(crate) kind: FlagType,
    pub(crate) variants: Names,
    /// True if the flag has neither variants nor metadata in the document: all such flags share one table of variants.
    pub(crate) usual_variants: bool,
    pub(crate) on: u32,
    pub(crate) off: Option<u32>,
    pub(crate) default: Option<u32>,
    /// The default of each environment: a variant, or `None` for the caller's default.
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
    /// The draw answers an error.
    Error,
    /// The draw does not apply.
    Continue,
}

pub(crate) struct Prerequisite {
    /// The prerequisite's index in the list.
    pub(crate) index: usize,
    /// A key or an alias.
    pub(crate) flag: Box<str>,
    pub(crate) variants: Texts,
}

/// An individual target: a compiled test and the variant that it serves.
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
    /// Compiles the text of a flag's definition, an object as it stands in a document under the flag's key.
    ///
    /// The state has a text of its own ([`FlagState::read`](crate::FlagState::read)): `enabled` and `rollout` are errors here.
    /// The flag keeps its errors, and [`link`](crate::link) reports them and leaves the flag out. Fails only if its patterns alone take
    /// more than those of a document may.
    pub fn compile(key: &str, text: &str) -> Result<Self, DocumentError> {
        let flags = Place::ROOT.name("flags");
        let place = flags.name(key);
        let tape = match Tape::read(text, place) {
            Ok(tape) => tape,
            Err(error) => return Ok(Self { key: key.into(), definition: None, part: Part::unreadable(error, text) }),
        };
        let (definition, part) = compile(tape, &mut Builder::for_parts(), &mut Budget::default(), |tape, conditions| {
            let mark = conditions.report.mark();
            for name in
                [ENABLED, ROLLOUT].into_iter().filter(|name| tape.root().members().is_some_and(|members| members.get(name).is_some()))
            {
                conditions.report.error(place.name(name), "expected in the text of the flag's state");
            }
            flag::read(key, tape.root(), place, conditions).filter(|_| conditions.report.mark() == mark)
        })?;
        Ok(Self { key: key.into(), definition, part })
    }

    /// Compiles a definition that is read, of the flag with this key. An error refuses the document, whose budget is used up.
    pub(crate) fn of_tape(key: &str, tape: Tape<'_>, builder: &mut Builder, budget: &mut Budget) -> Result<Self, DocumentError> {
        let place = Place::ROOT.name("flags");
        let (definition, part) =
            compile(tape, builder, budget, |tape, conditions| flag::read(key, tape.root(), place.name(key), conditions))?;
        Ok(Self { key: key.into(), definition, part })
    }
}

/// The key alone: definitions may name customers.
impl fmt::Debug for CompiledFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledFlag").field("key", &self.key).finish_non_exhaustive()
    }
}

impl CompiledSegment {
    /// Compiles the text of a segment, a condition.
    ///
    /// The segment keeps its errors, and [`link`](crate::link) reports them and leaves out the flags that use it. Fails only if its
    /// patterns alone take more than those of a document may.
    pub fn compile(name: &str, text: &str) -> Result<Self, DocumentError> {
        let place = Place::ROOT.name("segments");
        let place = place.name(name);
        let tape = if name.contains('\0') { Err(DocumentError::at(place, "a name has no U+0000")) } else { Tape::read(text, place) };
        match tape {
            Ok(tape) => Self::of_tape(name, tape, &mut Builder::for_parts(), &mut Budget::default()),
            Err(error) => Ok(Self { name: name.into(), condition: None, part: Part::unreadable(error, text) }),
        }
    }

    /// Compiles a segment that is read. An error refuses the document, whose budget is used up.
    pub(crate) fn of_tape(name: &str, tape: Tape<'_>, builder: &mut Builder, budget: &mut Budget) -> Result<Self, DocumentError> {
        let place = Place::ROOT.name("segments");
        let (condition, part) = compile(tape, builder, budget, |tape, conditions| {
            let at = conditions.compile(tape.root(), place.name(name), 1)?;
            Some(Outermost { at, depth: conditions.depth })
        })?;
        Ok(Self { name: name.into(), condition, part })
    }
}

/// The name alone: conditions may name customers.
impl fmt::Debug for CompiledSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledSegment").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Part {
    /// The part of a text that cannot be read: this error and nothing else.
    fn unreadable(error: DocumentError, text: &str) -> Self {
        Self {
            tables: Image::EMPTY,
            segments: SegmentUses::default(),
            errors: Vec::from([error]),
            error_count: 1,
            cost: Cost::NONE,
            length: text.len(),
        }
    }
}

/// Compiles one flag or segment by `read`; `builder` is empty before and after. An error refuses the document, whose budget is used up.
fn compile<'t, T>(
    tape: Tape<'t>,
    builder: &mut Builder,
    budget: &mut Budget,
    read: impl FnOnce(&Tape<'t>, &mut Conditions<'_, 't>) -> Option<T>,
) -> Result<(Option<T>, Part), DocumentError> {
    let (before, mut report) = (*budget, Report::default());
    let mut conditions = Conditions {
        builder: &mut *builder,
        report: &mut report,
        segments: SegmentUses::default(),
        depth: 0,
        budget: &mut *budget,
        contents: Contents::NONE,
        draws: None,
    };
    let length = tape.text().len();
    let read = read(&tape, &mut conditions);
    let (segments, contents) = (conditions.segments, conditions.contents);
    // The tape and the builder may each be as large as the document, and the tables that follow too: the tape is freed first.
    drop(tape);
    let tables = builder.take_part();
    if let Some(refusal) = report.refusal.take() {
        return Err(refusal);
    }
    // A part with errors is never linked.
    let tables = if read.is_some() { tables.ok_or_else(DocumentError::too_large)? } else { Image::EMPTY };
    let cost = budget.taken_since(before, if read.is_some() { contents } else { Contents::NONE });
    let (errors, error_count) = report.finish();
    Ok((read, Part { tables, segments, errors, error_count, cost, length }))
}
