//! Splits the text of a document into rows.
use alloc::{collections::BTreeMap, string::String, vec::Vec};

use sdk_core::{OwnerKind, json::spelled_members};

use super::{BUCKET_KEY, Row, RowKey, RowKind, Rows};

/// The members of a flag that an import keeps.
pub(super) const STATE: [&str; 2] = ["enabled", "rollout"];
/// The members of a document that are a row each.
pub(super) const MEMBERS: [&str; 3] = ["environment", BUCKET_KEY, "private"];
/// The longest name of a row, in bytes. No flag key is as long, and no id in a context.
const MAX_NAME: usize = 300_000;

/// The members of an object: names as JSON spells them between the quotes, and values unread.
pub(super) type Members<'t> = Vec<(String, &'t str)>;

impl Rows {
    /// Splits a document that compiles; `None` if the text is no object.
    ///
    /// It leaves out parts that evaluate to nothing and cannot be rows: owners that stand twice, unknown sections of overrides, and names
    /// of more than 300,000 bytes. [`sdk_core::compile`] reports those.
    pub fn split(text: &str) -> Option<Self> {
        let mut rows = Self::default();
        for (name, raw) in spelled_members(text)? {
            match name.as_str() {
                "segments" => rows.split_section("segments", RowKind::Segment, raw),
                "flags" => rows.split_section("flags", RowKind::Flag, raw),
                "overrides" => rows.split_overrides(raw),
                name if MEMBERS.contains(&name) => rows.insert(RowKey { kind: RowKind::Member, name: name.into() }, raw.into()),
                _ => {}
            }
        }
        rows.split_state();
        Some(rows)
    }

    /// Takes flags or segments. Members with one name stay together, so that they are left out together.
    fn split_section(&mut self, section: &str, kind: RowKind, raw: &str) {
        let mut order = String::new();
        for (name, raw) in spelled_members(raw).unwrap_or_default() {
            if name.len() > MAX_NAME {
                continue;
            }
            let row = self.0.entry(RowKey { kind, name }).or_insert_with_key(|key| {
                order.push_str(&key.name);
                order.push('\n');
                Row::default()
            });
            if !row.text.is_empty() {
                row.text.push(',');
            }
            row.text.push_str(raw);
        }
        if !order.is_empty() {
            self.insert(RowKey::of(RowKind::Order, section), order);
        }
    }

    fn split_overrides(&mut self, raw: &str) {
        let sections = spelled_members(raw).unwrap_or_default();
        for kind in OwnerKind::ALL {
            // Of a section that stands twice neither counts.
            let mut named = sections.iter().filter(|(name, _)| name == kind.section());
            let section = named.next().filter(|_| named.next().is_none());
            let owners = section.and_then(|(_, raw)| spelled_members(raw)).unwrap_or_default();
            let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
            for (name, _) in &owners {
                *counts.entry(name).or_default() += 1;
            }
            for (name, raw) in &owners {
                if counts.get(name.as_str()) == Some(&1) && name.len() <= MAX_NAME {
                    self.insert(RowKey { kind: kind.into(), name: name.clone() }, (*raw).into());
                }
            }
        }
    }

    /// Takes the state out of flags that have the form for it.
    fn split_state(&mut self) {
        let split: Vec<_> = self
            .of(RowKind::Flag)
            .filter_map(|(name, text)| {
                let members = single(text)?;
                let twice = STATE.iter().any(|state| members.iter().filter(|(name, _)| name == state).count() > 1);
                let part = |of_state| object(members.iter().filter(|(name, _)| STATE.contains(&name.as_str()) == of_state));
                (!twice).then(|| (String::from(name), part(false), part(true)))
            })
            .collect();
        for (name, definition, state) in split {
            self.insert(RowKey { kind: RowKind::Flag, name: name.clone() }, definition);
            self.insert(RowKey { kind: RowKind::State, name }, state);
        }
    }
}

/// The members of the one object that a row holds; `None` if it holds something else, or more.
pub(super) fn single(text: &str) -> Option<Members<'_>> {
    text.starts_with('{').then(|| spelled_members(text)).flatten()
}

/// An object of these members, as they are spelled.
pub(super) fn object<'m, 't: 'm>(members: impl Iterator<Item = &'m (String, &'t str)>) -> String {
    let mut text = String::from("{");
    for (index, (name, raw)) in members.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.extend(["\"", name, "\":", raw]);
    }
    text.push('}');
    text
}
