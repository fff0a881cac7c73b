//! The attributes that are known when a program is made: those that settle its steps, and those by which it recognises a context.
use alloc::{collections::BTreeMap, string::String, vec::Vec};

use super::fingerprint::fingerprint;
use crate::{
    bucket::Subkey,
    context::{leads_into, value},
    model::{
        build::Builder,
        image::{Agreement, Head, Image, Lookup},
    },
};

/// The names and values of a context's members.
fn pairs(members: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = members;
    core::iter::from_fn(move || {
        let (name, after) = value::split(rest)?;
        let (member, after) = value::split(after)?;
        rest = after;
        Some((value::text(name).unwrap_or_default(), member))
    })
}

/// Writes into a program the agreements by which it recognises a context that extends `known`. The names in `always` are known even if
/// they are absent.
pub(super) fn write_agreements(builder: &mut Builder, known: &[u8], always: &[&str], key: Subkey) {
    let mut names: BTreeMap<&[u8], (bool, Option<&[u8]>)> = pairs(known).map(|(name, member)| (name, (false, Some(member)))).collect();
    for name in always {
        let name = name.as_bytes();
        names.entry(name).or_default().0 = true;
        // A dotted name may lead through an object: the member with its first part must agree as well.
        if let Some(head) = name.split(|byte| *byte == b'.').next().filter(|head| head.len() < name.len()) {
            names.entry(head).or_default();
        }
    }
    // A context cannot set the moment, so it need not agree on it.
    names.remove(b"now".as_slice());
    for (name, (always, found)) in names {
        let plain = always && !name.contains(&b'.');
        let agreement = match found {
            // Null is absence, and an attribute that is always known may be absent.
            None | Some([value::NULL, ..]) if plain => Agreement::AbsentOrNull,
            None => Agreement::Absent,
            Some(encoded) => Agreement::Equal(fingerprint(key, encoded)),
        };
        builder.known(name, agreement);
    }
}

/// Returns true if a dotted name is a path into one of these attributes.
pub(super) fn leads_into_any(name: &[u8], attributes: &[String]) -> bool {
    attributes.iter().any(|attribute| leads_into(name, attribute))
}

/// For each attribute of a ruleset: true if contexts that extend the known one may differ in it.
pub(super) struct Openness(Vec<bool>);

impl Openness {
    /// A path into an attribute in `vouched` is known: no attribute of a client counts below these names.
    pub(super) fn new(image: &Image, known: &[u8], always: &[&str], vouched: &[String]) -> Self {
        let mut names: Vec<(&[u8], bool)> = always.iter().map(|name| (name.as_bytes(), true)).collect();
        names.extend(pairs(known).map(|(name, member)| (name, member.first() == Some(&value::NULL))));
        names.sort_unstable();
        let found = |name: &[u8]| {
            let first = names.partition_point(|(known, _)| *known < name);
            names.get(first).filter(|(known, _)| *known == name)
        };
        let attributes = (0..image.head(Head::Attributes)).map(|attribute| {
            let record = image.attribute(attribute);
            let name = image.text(record.name);
            match record.lookup {
                Lookup::Now => true,
                Lookup::UserId => {
                    // Sorted with `false` first: a value that is there comes before one that is null or only always known.
                    let has_value = found(name).is_some_and(|(_, is_absent)| !is_absent);
                    !(has_value || found(name).is_some() && found(b"targetingKey").is_some())
                }
                Lookup::Member => found(name).is_none(),
                Lookup::Path => found(name).is_none() && !leads_into_any(name, vouched),
            }
        });
        Self(attributes.collect())
    }

    /// Returns true if contexts that extend the known one may differ in this attribute.
    pub(super) fn of(&self, attribute: u32) -> bool {
        self.0.get(attribute as usize).copied().unwrap_or(true)
    }
}
