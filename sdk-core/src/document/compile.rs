//! From the text of a document to a ruleset, its overrides, and everything that is wrong with it.
use alloc::{format, vec::Vec};

use super::{
    definition::{CompiledFlag, CompiledSegment},
    error::DocumentError,
    limits::MAX_DOCUMENT_BYTES,
    link::{self, Setting, StatedFlag},
    overrides, pattern,
    reader::{Report, once},
    segments::NamedSegment,
    state::State,
    top::Top,
};
use crate::{
    bucket::BucketKey,
    evaluate::{overrides::Overrides, ruleset::Ruleset},
    json::{Json, Place, cursor::Member},
    model::build::Builder,
};

/// A document, compiled.
#[derive(Clone)]
pub struct Compiled {
    /// The flags that are sound.
    pub ruleset: Ruleset,
    /// The overrides that are sound, by owner.
    pub overrides: Overrides,
    /// What was left out and why: the first [`MAX_ERRORS`](super::MAX_ERRORS) in the order of the document. What is wrong with
    /// one flag, segment or owner stands together, in the order in which it is found.
    pub errors: Vec<DocumentError>,
    /// How many errors there are, also those past the first.
    pub error_count: usize,
    /// What counts, but perhaps not as it was meant: keys that have no place where flags are served as a tree.
    pub warnings: Vec<DocumentError>,
}

/// Compiles a document.
///
/// `missing_key` stands in where the document has no `bucketKey`. An error refuses the document whole: it is not JSON or larger
/// than [`MAX_DOCUMENT_BYTES`], its schema or bucket key is wrong, a top-level member is unknown or of the wrong kind, or a
/// limit of the document is broken. Compiling ends with the first of them.
pub fn compile(text: &str, missing_key: Option<BucketKey>) -> Result<Compiled, DocumentError> {
    if text.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::at(Place::ROOT, format!("{} bytes, at most {MAX_DOCUMENT_BYTES} are allowed", text.len())));
    }
    let Top { environment, key, private, segments, flags, overrides } = Top::read(text, missing_key)?;
    let (mut report, mut patterns) = (Report::default(), pattern::Budget::default());
    let mut part = Builder::for_parts();

    let place = Place::ROOT.name("segments");
    let mut compiled_segments = Vec::new();
    for (name, member) in once(&segments, place, &mut report) {
        report.reading(member.at);
        match Json::read(member.raw, place.name(name)) {
            Err(error) => report.add(error),
            Ok(tree) => {
                let compiled = CompiledSegment::compile(name, &tree, &mut part, &mut patterns)?;
                compiled_segments.push((member.at, &**name, compiled));
            }
        }
    }
    let place = Place::ROOT.name("flags");
    let keys = once(&flags, place, &mut report);
    let mut stated = Vec::with_capacity(keys.len());
    for (key, member) in keys {
        report.reading(member.at);
        match Json::read(member.raw, place.name(key)) {
            Err(error) => report.add(error),
            Ok(tree) => {
                let compiled = CompiledFlag::compile(key, &tree, &mut part, &mut patterns)?;
                let state = State::read(&tree, place.name(key), &mut report);
                stated.push(StatedFlag { at: member.at, compiled, state });
            }
        }
    }
    drop(part);
    let setting = Setting { environment: environment.as_deref(), key, private };
    let named: Vec<NamedSegment<'_>> =
        compiled_segments.iter().map(|(at, name, compiled)| NamedSegment { at: *at, name, compiled }).collect();
    let (ruleset, warnings) = link::link(setting, (&named, names(&segments)), (&mut stated, names(&flags)), false, &mut report)?;
    let overrides = match overrides {
        None => Overrides::default(),
        Some((at, raw)) => overrides::read(raw, at, &ruleset, &mut report),
    };
    let (errors, error_count) = report.finish();
    Ok(Compiled { ruleset, overrides, errors, error_count, warnings })
}

/// The names that stand in a section, as far as they are text.
fn names<'m>(members: &'m [Member<'_>]) -> impl Iterator<Item = &'m str> {
    members.iter().filter_map(|member| member.name.as_deref().ok())
}
