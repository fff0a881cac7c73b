//! Links rows to a ruleset, for a store that keeps definitions, states and segments apart and compiles each once.
use alloc::{format, vec::Vec};

use super::{
    Compiled,
    budget::Budget,
    definition::{CompiledFlag, CompiledSegment, Part},
    error::DocumentError,
    limits::{MAX_DOCUMENT_BYTES, MAX_FLAGS, MAX_SEGMENTS},
    link::{Environment, MaybeOwned, StatedFlag},
    reader::{Repeated, Report},
    segments::StandingSegment,
    state::FlagState,
};
use crate::{evaluate::overrides::Overrides, json::Place};

/// Links flags and segments that were compiled by themselves: with the same parts, the answers are those of [`compile`](crate::compile).
///
/// Linking compiles nothing. After a kill, read that flag's state again and link; after a new bucket key, link with it; after a new
/// definition, compile that one flag and link.
///
/// ```
/// use sdk_core::{BucketKey, CompiledFlag, CompiledSegment, Context, Environment, FlagState, Millis, link};
///
/// let staff = CompiledSegment::compile("staff", r#"{ "attribute": "mail", "op": "endsWith", "value": "@example.com" }"#)?;
/// let chat = CompiledFlag::compile("chat", r#"{ "rules": [{ "if": { "segment": "staff" }, "serve": "on" }] }"#)?;
/// let environment = Environment { name: Some("production"), key: BucketKey::from_bytes([7; 16]), private: &[] };
/// let linked = |state: &FlagState| link(&environment, [&staff], [(&chat, state)]);
///
/// let context = Context::new().string("mail", "ada@example.com");
/// assert!(linked(&FlagState::default())?.ruleset.at(Millis(0)).boolean("chat", &context, false));
/// let killed = FlagState::read("chat", r#"{ "enabled": false }"#);
/// assert!(!linked(&killed)?.ruleset.at(Millis(0)).boolean("chat", &context, false));
/// # Ok::<(), sdk_core::DocumentError>(())
/// ```
///
/// Errors stand in the order of the rows, those of segments first; [`Ruleset::owner_overrides`](crate::Ruleset::owner_overrides) reads
/// overrides for the ruleset. If two rows have the same name, both are left out. An error refuses all rows: together they break a limit of
/// a document.
pub fn link<'r>(
    environment: &Environment<'_>,
    segments: impl IntoIterator<Item = &'r CompiledSegment>,
    flags: impl IntoIterator<Item = (&'r CompiledFlag, &'r FlagState)>,
) -> Result<Compiled, DocumentError> {
    let (segments, flags): (Vec<_>, Vec<_>) = (segments.into_iter().collect(), flags.into_iter().collect());
    let (segments_place, flags_place) = (Place::ROOT.name("segments"), Place::ROOT.name("flags"));
    for (place, count, most) in [(segments_place, segments.len(), MAX_SEGMENTS), (flags_place, flags.len(), MAX_FLAGS)] {
        if count > most {
            return Err(DocumentError::at(place, format!("at most {most} are allowed")));
        }
    }
    let names = || segments.iter().map(|segment| &*segment.name);
    let keys = || flags.iter().map(|(flag, _)| &*flag.key);
    let (mut report, mut all) = (Report::default(), Total::default());

    let (mut standing, mut repeated) = (Vec::with_capacity(segments.len()), Repeated::of(names()));
    for (at, compiled) in segments.iter().enumerate() {
        report.reading(at);
        if !repeated.leaves_out(&compiled.name, segments_place, &mut report) {
            let place = segments_place.name(&compiled.name);
            all.add(compiled.name.len(), &compiled.part, 0)?;
            all.charge(&compiled.part, true, place)?;
            standing.push(StandingSegment { at, compiled });
        }
    }
    let (mut stated, mut repeated) = (Vec::with_capacity(flags.len()), Repeated::of(keys()));
    for (at, (compiled, state)) in (segments.len()..).zip(&flags) {
        report.reading(at);
        if !repeated.leaves_out(&compiled.key, flags_place, &mut report) {
            all.add(compiled.key.len(), &compiled.part, state.length)?;
            if state.is_readable {
                all.charge(&compiled.part, state.state.is_some(), flags_place.name(&compiled.key))?;
            }
            report.add_all(&state.errors, state.error_count);
            stated.push(StatedFlag {
                at,
                compiled,
                tables: MaybeOwned::Borrowed(&compiled.part.tables),
                state: state.state.as_ref().map(MaybeOwned::Borrowed),
            });
        }
    }
    let (ruleset, warnings) = super::link::link(environment, (&standing, names()), (stated.into_iter(), keys()), &mut report)?;
    let (errors, error_count) = report.finish();
    Ok(Compiled { ruleset, overrides: Overrides::default(), errors, error_count, warnings })
}

/// The share of a document's limits that all rows take together.
#[derive(Default)]
struct Total {
    bytes: usize,
    budget: Budget,
}

impl Total {
    /// Adds the bytes of a part under its name, and of its state; an error where the limits do not allow it.
    fn add(&mut self, name: usize, part: &Part, state: usize) -> Result<(), DocumentError> {
        // In a document the name has quotes around it, a colon and a comma behind.
        const MARKS: usize = 4;
        self.bytes = [name, MARKS, part.length, state].into_iter().fold(self.bytes, usize::saturating_add);
        if self.bytes > MAX_DOCUMENT_BYTES {
            return Err(DocumentError::at(Place::ROOT, format!("the rows have more than {MAX_DOCUMENT_BYTES} bytes")));
        }
        Ok(())
    }

    /// Takes what a part has of a document's budget: its patterns, and its contents unless an error of its state leaves it out.
    fn charge(&mut self, part: &Part, has_state: bool, place: Place<'_>) -> Result<(), DocumentError> {
        let charged = if has_state { self.budget.charge(part.cost) } else { self.budget.charge_patterns(part.cost) };
        charged.map_err(|exhausted| DocumentError::at(place, exhausted))
    }
}
