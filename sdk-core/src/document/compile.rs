//! From the text of a document to a ruleset, its overrides, and everything that is wrong with it.
use alloc::{boxed::Box, collections::BTreeMap, format, vec::Vec};
use core::mem;

use super::{
    condition::Conditions,
    error::DocumentError,
    flag::{self, Draft},
    limits::MAX_DOCUMENT_BYTES,
    names, overrides, pattern, prerequisites,
    reader::{Report, once},
    segments::{self, Segments},
    steps,
    top::Top,
};
use crate::{
    bucket::BucketKey,
    evaluate::{overrides::Overrides, ruleset::Ruleset},
    json::{Json, Place},
    model::build::Builder,
};

/// What a document compiles to; made by [`compile`].
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The flags that are sound.
    pub ruleset: Ruleset,
    /// The overrides that are sound, by owner.
    pub overrides: Overrides,
    /// What was left out and why: the first [`MAX_ERRORS`](crate::limits::MAX_ERRORS) in the order of the document. What is wrong with
    /// one flag, segment or owner stands together, in the order in which it is found.
    pub errors: Vec<DocumentError>,
    /// How many errors there are, also those past the first.
    pub error_count: usize,
    /// What counts, but perhaps not as it was meant: keys that have no place where flags are served as a tree.
    pub warnings: Vec<DocumentError>,
}

/// Compiles the text of a document: what is sound of it, and what was left out with its place and the reason.
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
/// `missing_key` stands in where the document has no `bucketKey`. An error refuses the document whole: it is not JSON or larger
/// than [`MAX_DOCUMENT_BYTES`](crate::limits::MAX_DOCUMENT_BYTES), its schema or bucket key is wrong, a top-level member is unknown or of the wrong kind, or a
/// limit of the document is broken. Compiling ends with the first of them.
pub fn compile(text: &str, missing_key: Option<BucketKey>) -> Result<Compiled, DocumentError> {
    if text.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::at(Place::ROOT, format!("{} bytes, at most {MAX_DOCUMENT_BYTES} are allowed", text.len())));
    }
    let document = Top::read(text, missing_key)?;
    let (mut report, mut patterns) = (Report::default(), pattern::Budget::default());
    let mut builder = Builder::new(document.key.subkey(b"\0symbols"));

    let segments = segments::compile(&document.segments, document.key, &mut builder, &mut patterns, &mut report)?;
    let mut drafts = read_flags(&document, &segments, &mut builder, &mut patterns, &mut report)?;
    names::drop_aliases(&document.flags, &mut drafts, &mut report);
    let warnings = names::prefixes(&drafts);
    let prerequisites::Linked { order, required } = prerequisites::link(&drafts, &mut report);

    let mut tags = BTreeMap::new();
    for (number, index) in (0..).zip(&order) {
        let (Some((_, draft)), Some(required)) = (drafts.get_mut(*index), required.get(*index)) else { continue };
        let steps = steps::lay(draft, required, document.key, &mut builder);
        builder.flag(draft.key.as_bytes(), draft.kind, draft.table, steps);
        if !draft.tags.is_empty() {
            tags.insert(number, draft.tags.iter().map(|tag| Box::from(tag.as_ref())).collect());
        }
        // The tables have them now.
        mem::take(&mut draft.rollout);
        mem::take(&mut draft.rules);
    }
    for (number, index) in (0..).zip(&order) {
        let Some((_, draft)) = drafts.get(*index) else { continue };
        for (_, alias) in &draft.aliases {
            builder.alias(alias.as_bytes(), number);
        }
    }
    drop((drafts, required));
    let too_large = || DocumentError::at(Place::ROOT, "the document does not fit the tables");
    let image = builder.finish_exact().ok_or_else(too_large)?;
    let ruleset = Ruleset::new(image, document.key, document.private, segments::in_order_of_numbers(segments), tags);
    let overrides = match document.overrides {
        None => Overrides::default(),
        Some((at, raw)) => overrides::read(raw, at, &ruleset, &mut report),
    };
    let (errors, error_count) = report.finish();
    Ok(Compiled { ruleset, overrides, errors, error_count, warnings })
}

/// Reads all flags, one tree at a time; each with the place of its value in the text. An error refuses the document.
fn read_flags<'t>(
    document: &Top<'t>,
    segments: &Segments,
    builder: &mut Builder,
    patterns: &mut pattern::Budget,
    report: &mut Report,
) -> Result<Vec<(usize, Draft<'t>)>, DocumentError> {
    let place = Place::ROOT.name("flags");
    let flags = once(&document.flags, place, report);
    let mut drafts = Vec::with_capacity(flags.len());
    for (key, member) in flags {
        report.reading(member.at);
        let place = place.name(key);
        match Json::read(member.raw, place) {
            Err(error) => report.add(error),
            Ok(tree) => {
                let mut conditions = Conditions { builder, report, segments, key: document.key, patterns, draws: None };
                let draft = flag::read(key, &tree, place, document.environment.as_deref(), &mut conditions);
                drafts.extend(draft.map(|draft| (member.at, draft)));
            }
        }
        if let Some(refusal) = report.refusal.take() {
            return Err(refusal);
        }
    }
    Ok(drafts)
}
