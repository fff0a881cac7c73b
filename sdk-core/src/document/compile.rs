//! Compiles the text of a document to a ruleset, its overrides, and the errors of the parts that are left out.
use alloc::{borrow::Cow, boxed::Box, format, string::String, vec::Vec};
use core::{fmt, mem};

use super::{
    budget::Budget,
    definition::{CompiledFlag, CompiledSegment},
    error::DocumentError,
    kept::{Digest, Entry, Kept, Pieces, StateMembers, digest_flag},
    limits::{MAX_DOCUMENT_BYTES, MAX_ERRORS},
    link::{Environment, MaybeOwned, StatedFlag, link},
    overrides,
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
    Compiler::keeping_nothing().compile(text, missing_key)
}

/// Compiles one document after another, and keeps the parts that stay the same.
///
/// A flag whose text did not change is not read again, and one whose definition did not change is not compiled again, even if its state,
/// the environment or the bucket key changed.
pub struct Compiler {
    keeps: bool,
    flags: Kept<CompiledFlag>,
    segments: Kept<CompiledSegment>,
}

/// The flags and segments of one document, compiled and not yet linked.
#[derive(Default)]
struct Parts {
    flags: Vec<ReadMember<CompiledFlag>>,
    /// Flags whose state cannot be read.
    stateless: Vec<Entry<CompiledFlag>>,
    segments: Vec<ReadMember<CompiledSegment>>,
}

/// A flag or a segment of a document.
struct ReadMember<T> {
    /// The offset of its value in the text.
    at: usize,
    entry: Box<Entry<T>>,
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

    /// A compiler that keeps nothing.
    pub(crate) const fn keeping_nothing() -> Self {
        Self { keeps: false, flags: Kept::new(), segments: Kept::new() }
    }

    /// Compiles a document as [`compile()`] does, with the same result.
    ///
    /// The compiler then drops every part that this document does not use. Of a refused document it keeps nothing new, so that it never
    /// holds more than the parts of one document.
    pub fn compile(&mut self, text: &str, missing_key: Option<BucketKey>) -> Result<Compiled, DocumentError> {
        self.compile_restated(text, missing_key, |_| ()).map(|(compiled, _)| compiled)
    }

    /// Compiles a document, each flag in the state that `restate` leaves it; returns the name of the document's environment too.
    pub(crate) fn compile_restated(
        &mut self,
        text: &str,
        missing_key: Option<BucketKey>,
        mut restate: impl FnMut(&mut StatedFlag<'_>),
    ) -> Result<(Compiled, Option<String>), DocumentError> {
        if text.len() > MAX_DOCUMENT_BYTES {
            return Err(DocumentError::at(Place::ROOT, format!("{} bytes, at most {MAX_DOCUMENT_BYTES} are allowed", text.len())));
        }
        let (mut pieces, Self { keeps, flags, segments }) = (Pieces::default(), &mut *self);
        let mut digested = Pieces::default();
        let document = Top::read(
            text,
            missing_key,
            |name, text| if *keeps { segments.recognise(&mut pieces, name, text) } else { None },
            |name, text| if *keeps { flags.recognise(&mut digested, name, text) } else { None },
        )?;
        let (mut parts, mut report) = (Parts::default(), Report::default());
        let linked = self.parts(&document, &mut parts, &mut report).and_then(|()| {
            let environment = Environment { name: document.environment.as_deref(), key: document.key, private: &document.private };
            let (segments, flags) = parts.for_linking(self.keeps);
            let flags = flags.map(|mut flag| {
                restate(&mut flag);
                flag
            });
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
        Ok((Compiled { ruleset, overrides, errors, error_count, warnings }, document.environment))
    }

    /// The flag that is kept under this key.
    pub(crate) fn kept_flag(&self, key: &str) -> Option<&Entry<CompiledFlag>> {
        self.flags.find(key)
    }

    /// Compiles segments and flags, or takes their kept parts. An error refuses the document.
    fn parts(&mut self, document: &Top<'_>, parts: &mut Parts, report: &mut Report) -> Result<(), DocumentError> {
        let (mut builder, mut budget, mut pieces) = (Builder::for_parts(), Budget::default(), Pieces::default());
        let (place, mut room) = (Place::ROOT.name("segments"), MAX_ERRORS);
        for (name, member) in once(&document.segments, place, report) {
            report.reading(member.at);
            let kept = self.segments.take(name).filter(|_| member.is_recognised);
            let mut entry = match kept.filter(|kept| budget.charge(kept.compiled.part.cost).is_ok()) {
                Some(kept) => kept,
                None => match Tape::of(member, place.name(name)) {
                    Err(error) => {
                        report.add(error);
                        continue;
                    }
                    Ok(tape) => {
                        let compiled = CompiledSegment::of_tape(name, tape, &mut builder, &mut budget)?;
                        budget.charge_contents(compiled.part.cost).map_err(|exhausted| DocumentError::at(place.name(name), exhausted))?;
                        Box::new(self.entry(name, Digest::default(), compiled))
                    }
                },
            };
            if self.keeps && !member.is_recognised {
                entry.recognise_by(&mut pieces, name, member.raw);
            }
            entry.compiled.part.limit_errors(&mut room);
            parts.segments.push(ReadMember { at: member.at, entry });
        }
        let (place, mut room) = (Place::ROOT.name("flags"), MAX_ERRORS);
        let flags = once(&document.flags, place, report);
        parts.flags.reserve_exact(flags.len());
        for (key, member) in flags {
            report.reading(member.at);
            let kept = self.flags.take(key);
            let kept = kept.filter(|kept| !member.is_recognised || budget.charge(kept.compiled.part.cost).is_ok());
            let mut entry = match kept {
                Some(kept) if member.is_recognised => kept,
                kept => {
                    let Some(entry) = self.flag(key, member, kept, parts, (&mut builder, &mut budget, &mut pieces), report)? else {
                        continue;
                    };
                    entry
                }
            };
            entry.compiled.part.limit_errors(&mut room);
            parts.flags.push(ReadMember { at: member.at, entry });
        }
        Ok(())
    }

    /// Reads a flag that is not recognised; if its definition is that of `kept`, only its state. `None` after reporting that the flag or
    /// its state cannot be read; an error refuses the document.
    fn flag(
        &self,
        key: &str,
        member: &Member<'_>,
        kept: Option<Box<Entry<CompiledFlag>>>,
        parts: &mut Parts,
        (builder, budget, pieces): (&mut Builder, &mut Budget, &mut Pieces),
        report: &mut Report,
    ) -> Result<Option<Box<Entry<CompiledFlag>>>, DocumentError> {
        let flags = Place::ROOT.name("flags");
        let place = flags.name(key);
        let (digest, state) =
            if self.keeps { digest_flag(pieces, key, member.raw, place) } else { (Digest::default(), StateMembers::new()) };
        let before = *budget;
        let kept = kept.filter(|kept| kept.definition == digest && budget.charge_patterns(kept.compiled.part.cost).is_ok());
        let mut entry = match kept {
            Some(mut kept) => match read_members(&state, place) {
                Ok(members) => {
                    let member = |name: &str| members.iter().find(|(known, _)| *known == name).map(|(_, tape)| tape.root());
                    kept.state = State::read(member, place, report);
                    kept.is_kept = false;
                    kept
                }
                Err(error) => {
                    report.add(error);
                    // A flag that cannot be read costs nothing, whether its definition is known or not.
                    *budget = before;
                    parts.stateless.push(*kept);
                    return Ok(None);
                }
            },
            None => match Tape::of(member, place) {
                Ok(tape) => {
                    let state = State::read(|name| tape.root().members()?.get(name), place, report);
                    let compiled = CompiledFlag::of_tape(key, tape, builder, budget)?;
                    let mut entry = Box::new(self.entry(key, digest, compiled));
                    entry.state = state;
                    entry
                }
                Err(error) => {
                    report.add(error);
                    return Ok(None);
                }
            },
        };
        if entry.state.is_some() {
            budget.charge_contents(entry.compiled.part.cost).map_err(|exhausted| DocumentError::at(place, exhausted))?;
            // A state's errors are not kept: linking finds them again each time.
            if self.keeps {
                entry.recognise_by(pieces, key, member.raw);
            }
        }
        Ok(Some(entry))
    }

    /// The entry of a compiled part. A compiler that keeps nothing leaves out the name, because it never looks for the entry.
    fn entry<T>(&self, name: &str, definition: Digest, compiled: T) -> Entry<T> {
        Entry::new(if self.keeps { Some(name) } else { None }, definition, compiled)
    }

    /// Keeps the parts of an `accepted` document and nothing else. Of a refused document it keeps the parts that were kept before and did
    /// not change.
    fn keep(&mut self, parts: Parts, accepted: bool) {
        if accepted {
            self.flags.clear();
            self.segments.clear();
        }
        let flags = parts.flags.into_iter().map(|flag| flag.entry).chain(parts.stateless.into_iter().map(Box::new));
        let flags = flags.filter(|flag| flag.compiled.part.is_whole() && (accepted || flag.is_kept));
        flags.for_each(|flag| self.flags.put(flag));
        let segments = parts.segments.into_iter().map(|segment| segment.entry);
        let segments = segments.filter(|segment| segment.compiled.part.is_whole() && (accepted || segment.is_kept));
        segments.for_each(|segment| self.segments.put(segment));
    }
}

impl Parts {
    /// The parts to link. The states and the tables of the flags are used up unless they are kept.
    fn for_linking(&mut self, keeps: bool) -> (Vec<StandingSegment<'_>>, impl Iterator<Item = StatedFlag<'_>>) {
        let segments = self.segments.iter().map(|segment| StandingSegment { at: segment.at, compiled: &segment.entry.compiled });
        let flags = self.flags.iter_mut().map(move |ReadMember { at, entry }| {
            let Entry { compiled, state, .. } = &mut **entry;
            if keeps {
                let tables = MaybeOwned::Borrowed(&compiled.part.tables);
                return StatedFlag { at: *at, compiled, tables, state: state.as_ref().map(MaybeOwned::Borrowed) };
            }
            let tables = MaybeOwned::Owned(mem::take(&mut compiled.part.tables));
            StatedFlag { at: *at, compiled, tables, state: state.take().map(MaybeOwned::Owned) }
        });
        (segments.collect(), flags)
    }
}

impl Default for Compiler {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads the values of members from their text.
pub(crate) fn read_members<'m, 't>(members: &'m StateMembers<'t>, place: Place<'_>) -> Result<Vec<(&'m str, Tape<'t>)>, DocumentError> {
    let read = |(name, raw): &'m (Cow<'t, str>, &'t str)| Ok((&**name, Tape::read(raw, place.name(name))?));
    members.iter().map(read).collect()
}

/// The names of a section's members, without those that are no text.
fn names<'m>(members: &'m [Member<'_>]) -> impl Iterator<Item = &'m str> {
    members.iter().filter_map(|member| member.name.as_deref().ok())
}
