//! Compiles the text of a document to a ruleset, its overrides, and the errors of the parts that are left out.
use alloc::{borrow::Cow, boxed::Box, format, vec::Vec};
use core::{fmt, mem};

use super::{
    definition::{CompiledFlag, CompiledSegment},
    error::DocumentError,
    kept::{Digest, Kept, Pieces, StateMembers, digest_flag},
    limits::{MAX_DOCUMENT_BYTES, MAX_ERRORS},
    link::{Environment, Lent, StatedFlag, link},
    overrides,
    pattern::Budget,
    reader::{Report, once},
    segments::StandingSegment,
    state::State,
    top::Top,
};
use crate::{
    bucket::BucketKey,
    evaluate::{overrides::Overrides, ruleset::Ruleset},
    json::{Place, Tape, cursor::Member},
    model::build::Builder,
};

/// The result of compiling a document; made by [`compile`], and by [`link`](crate::link) without overrides.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The flags that are sound.
    pub ruleset: Ruleset,
    /// The overrides that are sound, by owner.
    pub overrides: Overrides,
    /// The parts that were left out and why: the first [`MAX_ERRORS`](crate::limits::MAX_ERRORS) in the order of the document. Errors of
    /// one flag, segment or owner stand together, in the order in which the compiler found them.
    pub errors: Vec<DocumentError>,
    /// The number of all errors, also of those past the first [`MAX_ERRORS`](crate::limits::MAX_ERRORS).
    pub error_count: usize,
    /// Warnings to show the operator, about flags that are compiled all the same: a key that is the beginning of another has no place
    /// in a tree of flags.
    pub warnings: Vec<DocumentError>,
}

/// Compiles the text of a document: its sound parts become a ruleset, and each part that is left out is reported with its place.
///
/// ```
/// use sdk_core::compile;
///
/// let flags = r#""flags": { "chat": {}, "typo": { "enabeld": false } }"#;
/// let document = format!(r#"{{ "schema": "twinflag/1", "bucketKey": "000102030405060708090a0b0c0d0e0f", {flags} }}"#);
/// let compiled = compile(&document, None)?;
/// assert_eq!(compiled.ruleset.flag_keys().collect::<Vec<_>>(), ["chat"]);
/// assert_eq!(compiled.errors[0].pointer, "/flags/typo/enabeld");
///
/// // An unknown schema refuses the document whole.
/// let refused = compile(&document.replace("twinflag/1", "twinflag/9"), None).unwrap_err();
/// assert_eq!(refused.pointer, "/schema");
/// # Ok::<(), sdk_core::DocumentError>(())
/// ```
///
/// `missing_key` stands in if the document has no `bucketKey`.
///
/// # Errors
///
/// An error refuses the document whole: it is not JSON or larger than [`MAX_DOCUMENT_BYTES`](crate::limits::MAX_DOCUMENT_BYTES), its
/// schema or bucket key is wrong, a top-level member is unknown or of the wrong kind, or a limit of the document is broken. Compiling ends
/// with the first of them.
pub fn compile(text: &str, missing_key: Option<BucketKey>) -> Result<Compiled, DocumentError> {
    Compiler { keeps: false, ..Compiler::new() }.compile(text, missing_key)
}

/// Compiles one document after another, and compiles only those flags and segments again whose definitions changed. A new state, a new
/// environment and a new bucket key compile nothing.
pub struct Compiler {
    keeps: bool,
    /// In boxes, because they move in and out each time.
    flags: Kept<Box<CompiledFlag>>,
    segments: Kept<CompiledSegment>,
}

/// The flags and segments of one document, compiled and not yet linked.
#[derive(Default)]
struct Parts {
    flags: Vec<Read<Box<CompiledFlag>>>,
    /// By flag: its state. `None` where it is unusable, as was reported.
    states: Vec<Option<State>>,
    /// Flags whose state cannot be read.
    stateless: Vec<(Digest, Box<CompiledFlag>)>,
    segments: Vec<Read<CompiledSegment>>,
}

/// A flag or a segment of a document.
struct Read<T> {
    /// The offset of its value in the text.
    at: usize,
    digest: Digest,
    compiled: T,
}

/// Shows no content: definitions may name customers.
impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Compiler(..)")
    }
}

impl Compiler {
    /// A compiler that has seen no document.
    pub const fn new() -> Self {
        Self { keeps: true, flags: Kept::new(), segments: Kept::new() }
    }

    /// Compiles a document as [`compile()`] does, with the same result.
    ///
    /// The compiler then drops every part that this document does not use; a refused document leaves the kept parts as they are.
    pub fn compile(&mut self, text: &str, missing_key: Option<BucketKey>) -> Result<Compiled, DocumentError> {
        if text.len() > MAX_DOCUMENT_BYTES {
            return Err(DocumentError::at(Place::ROOT, format!("{} bytes, at most {MAX_DOCUMENT_BYTES} are allowed", text.len())));
        }
        let document = Top::read(text, missing_key)?;
        let (mut parts, mut report) = (Parts::default(), Report::default());
        let linked = self.parts(&document, &mut parts, &mut report).and_then(|()| {
            let environment = Environment { name: document.environment.as_deref(), key: document.key, private: &document.private };
            let (segments, flags) = parts.lend(self.keeps);
            link(&environment, (&segments, names(&document.segments)), (flags, names(&document.flags)), &mut report)
        });
        if self.keeps {
            self.keep(parts, linked.is_ok());
        }
        let (ruleset, warnings) = linked?;
        let overrides = match document.overrides {
            None => Overrides::default(),
            Some((at, raw)) => overrides::read(raw, at, &ruleset, &mut report),
        };
        let (errors, error_count) = report.finish();
        Ok(Compiled { ruleset, overrides, errors, error_count, warnings })
    }

    /// Compiles segments and flags, or takes their kept parts. An error refuses the document.
    fn parts(&mut self, document: &Top<'_>, parts: &mut Parts, report: &mut Report) -> Result<(), DocumentError> {
        let (mut builder, mut patterns, mut pieces) = (Builder::for_parts(), Budget::default(), Pieces::default());
        let (place, mut room) = (Place::ROOT.name("segments"), MAX_ERRORS);
        for (name, member) in once(&document.segments, place, report) {
            report.reading(member.at);
            let digest = if self.keeps { pieces.of(name).push(member.raw).digest() } else { Digest::default() };
            let mut compiled = match self.segments.take(digest).filter(|kept| patterns.charge(kept.part.patterns)) {
                Some(kept) => kept,
                None => match Tape::of(member, place.name(name)) {
                    Err(error) => {
                        report.add(error);
                        continue;
                    }
                    Ok(tape) => CompiledSegment::of_tape(name, tape, &mut builder, &mut patterns)?,
                },
            };
            compiled.part.tell(&mut room);
            parts.segments.push(Read { at: member.at, digest, compiled });
        }
        let (place, mut room) = (Place::ROOT.name("flags"), MAX_ERRORS);
        let flags = once(&document.flags, place, report);
        parts.flags.reserve_exact(flags.len());
        parts.states.reserve_exact(flags.len());
        for (key, member) in flags {
            report.reading(member.at);
            let place = place.name(key);
            let (digest, state) =
                if self.keeps { digest_flag(&mut pieces, key, member.raw, place) } else { (Digest::default(), StateMembers::new()) };
            let kept = self.flags.take(digest).filter(|kept| patterns.charge(kept.part.patterns));
            let (mut compiled, state) = match kept {
                // Of a flag that is kept only the members are read that are its state.
                Some(kept) => match read_members(&state, place) {
                    Ok(members) => {
                        let member = |name: &str| members.iter().find(|(known, _)| *known == name).map(|(_, tape)| tape.root());
                        (kept, State::read(member, place, report))
                    }
                    Err(error) => {
                        report.add(error);
                        parts.stateless.push((digest, kept));
                        continue;
                    }
                },
                None => match Tape::of(member, place) {
                    Ok(tape) => {
                        let state = State::read(|name| tape.root().members()?.get(name), place, report);
                        (Box::new(CompiledFlag::of_tape(key, tape, &mut builder, &mut patterns)?), state)
                    }
                    Err(error) => {
                        report.add(error);
                        continue;
                    }
                },
            };
            compiled.part.tell(&mut room);
            parts.states.push(state);
            parts.flags.push(Read { at: member.at, digest, compiled });
        }
        Ok(())
    }

    /// Keeps parts of a document; where that was `accepted`, nothing else.
    fn keep(&mut self, parts: Parts, accepted: bool) {
        if accepted {
            self.flags.clear();
            self.segments.clear();
        }
        let stated = parts.flags.into_iter().map(|flag| (flag.digest, flag.compiled));
        for (digest, compiled) in stated.chain(parts.stateless).filter(|(_, compiled)| compiled.part.is_whole()) {
            self.flags.put(digest, compiled);
        }
        for Read { digest, compiled, .. } in parts.segments {
            if compiled.part.is_whole() {
                self.segments.put(digest, compiled);
            }
        }
    }
}

impl Parts {
    /// The parts to link. The states are used up, and so are the tables of the flags unless they are kept.
    fn lend(&mut self, keeps: bool) -> (Vec<StandingSegment<'_>>, impl Iterator<Item = StatedFlag<'_>>) {
        let segments = self.segments.iter().map(|segment| StandingSegment { at: segment.at, compiled: &segment.compiled });
        let flags = self.flags.iter_mut().zip(&mut self.states).map(move |(flag, state)| {
            let spent = if keeps { None } else { Some(mem::take(&mut flag.compiled.part.tables)) };
            let compiled = &flag.compiled;
            let tables = spent.map_or(Lent::Kept(&compiled.part.tables), Lent::Spent);
            StatedFlag { at: flag.at, compiled, tables, state: state.take().map(Lent::Spent) }
        });
        (segments.collect(), flags)
    }
}

impl Default for Compiler {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads members of an object that are known by their text.
fn read_members<'m, 't>(members: &'m StateMembers<'t>, place: Place<'_>) -> Result<Vec<(&'m str, Tape<'t>)>, DocumentError> {
    let read = |(name, raw): &'m (Cow<'t, str>, &'t str)| Ok((&**name, Tape::read(raw, place.name(name))?));
    members.iter().map(read).collect()
}

/// The names that stand in a section, as far as they are text.
fn names<'m>(members: &'m [Member<'_>]) -> impl Iterator<Item = &'m str> {
    members.iter().filter_map(|member| member.name.as_deref().ok())
}
