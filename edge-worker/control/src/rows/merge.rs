//! Merges an imported document into the hub's rows: definitions come from the document; `enabled`, `rollout` and overrides stay
//! the hub's unless [`State::Replace`].
use alloc::{
    collections::BTreeSet,
    string::{String, ToString as _},
    vec::Vec,
};
use core::convert::Infallible;

use sdk_core::{
    BucketKey, OwnerKind,
    document::{Leaf, VisitLeaves, is_rollout, retain_leaves, visit_leaves},
    json::{Json, Members, Name, Place, Tape, spelled_members},
};
use serde::{Deserialize, Serialize};

use super::{
    BUCKET_KEY, Row, RowKey, RowKind, Rows,
    changes::pointer,
    spelling,
    split::{STATE, object, single},
};

/// The side whose `enabled`, `rollout` and overrides count after an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// The hub keeps its state of the flags it has; a flag that is new to it brings its own.
    Keep,
    /// The state of the document replaces that of the hub.
    Replace,
}

/// The result of a merge.
#[derive(Debug)]
pub struct Merged {
    /// The rows after the merge.
    pub rows: Rows,
    /// The places at which the hub keeps its state though the document has another, as JSON pointers.
    pub kept: Vec<String>,
}

impl Rows {
    /// The bucket key in force; `None` before the first import.
    pub fn bucket_key(&self) -> Option<BucketKey> {
        BucketKey::from_hex(self.get(RowKind::BucketKey, "")?)
    }

    /// Imports a document over these rows. If there are none, the document becomes the rows as it is.
    ///
    /// `self` must have every row, except that for [`State::Keep`] the overrides of the owners that the document names are enough.
    pub fn merge(&self, document: Self, state: State) -> Merged {
        let mut merged = Merged { rows: document, kept: Vec::new() };
        let own_key = merged.rows.get(RowKind::Member, BUCKET_KEY).and_then(|raw| serde_json::from_str::<String>(raw).ok());
        if let Some(key) = own_key {
            merged.rows.insert(RowKey::of(RowKind::BucketKey, ""), key);
        } else {
            // A document without a key changes nobody's bucket: the key in force stays, and so does the member that named it.
            for (kind, name) in [(RowKind::BucketKey, ""), (RowKind::Member, BUCKET_KEY)] {
                if let Some(text) = self.get(kind, name) {
                    merged.rows.insert(RowKey::of(kind, name), text.into());
                }
            }
        }
        for (key, row) in self.0.iter().filter(|(key, _)| key.kind.is_beside_documents()) {
            merged.rows.0.insert(key.clone(), row.clone());
        }
        if state == State::Keep && !self.is_empty() {
            self.keep_state(&mut merged);
            self.keep_overrides(&mut merged);
        }
        merged
    }

    fn keep_state(&self, merged: &mut Merged) {
        let flags: Vec<String> = merged.rows.of(RowKind::Flag).map(|(name, _)| name.into()).collect();
        for name in flags {
            let Some(held) = self.get(RowKind::State, &name) else { continue };
            // A flag that cannot be read has no state to compare; the hub's state stays until it can be read again.
            let state = match merged.rows.get(RowKind::State, &name) {
                Some(given) => kept_state(&name, held, given, &mut merged.kept),
                None => held.into(),
            };
            merged.rows.insert(RowKey { kind: RowKind::State, name }, state);
        }
    }

    fn keep_overrides(&self, merged: &mut Merged) {
        let new_flags = self.new_names(&merged.rows);
        for kind in OwnerKind::ALL.map(RowKind::from) {
            let given: Vec<(String, String)> = merged.rows.of(kind).map(|(name, tree)| (name.into(), tree.into())).collect();
            for (name, given) in given {
                let key = RowKey { kind, name };
                let held = self.text(&key);
                // Overrides that the hub has stay, however they are spelled.
                let mut here = Paths::default();
                if let Some(held) = held.and_then(|held| serde_json::from_str::<Tape<'_>>(held).ok()) {
                    let Ok(()) = visit_leaves(held.root(), Place::ROOT, &mut here);
                }
                let is_new = |path: &str| new_flags.contains(path) && !here.0.contains(path);
                let new = serde_json::from_str(&given).ok().and_then(|tree| chosen(tree, is_new));
                let stays = match (held, new) {
                    (held, None) => held.map(Into::into),
                    (Some(held), Some(new)) => Some(with(held, new)),
                    // All of it is for flags that the hub does not have: taken as it is written.
                    (None, Some(new)) => Some(spelling::written(&new)),
                };
                if !stays.as_ref().is_some_and(|stays| spelling::same(kind, stays, &given)) {
                    merged.kept.push(pointer(&key));
                }
                match stays {
                    Some(stays) => merged.rows.insert(key, stays),
                    None => drop(merged.rows.0.remove(&key)),
                }
            }
            for (name, held) in self.of(kind) {
                merged.rows.0.entry(RowKey { kind, name: name.into() }).or_insert_with(|| Row::new(kind, held.into()));
            }
        }
    }

    /// Keys and aliases of the flags in `document` that are not here.
    fn new_names(&self, document: &Self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for (name, text) in document.of(RowKind::Flag).filter(|(name, _)| self.get(RowKind::Flag, name).is_none()) {
            names.insert(name.into());
            let members = single(text).unwrap_or_default();
            let aliases = members.iter().find(|(name, _)| name == "aliases").and_then(|(_, raw)| serde_json::from_str(raw).ok());
            if let Some(Json::Array(aliases)) = aliases {
                names.extend(
                    aliases.iter().filter_map(|alias| if let Json::String(alias) = alias { Some(alias.to_string()) } else { None }),
                );
            }
        }
        names
    }
}

/// The state after the import of a flag that the hub has: the hub's own members, or the document's in place of unsound ones.
fn kept_state(name: &str, held: &str, given: &str, kept: &mut Vec<String>) -> String {
    let (held, given) = (spelled_members(held).unwrap_or_default(), spelled_members(given).unwrap_or_default());
    let mut state = Vec::new();
    for (member, absent) in STATE.into_iter().zip(["true", "{}"]) {
        let find = |members: &[(String, &'_ str)]| members.iter().position(|(name, _)| name == member);
        let held = find(&held).and_then(|at| held.get(at));
        let given = find(&given).and_then(|at| given.get(at));
        if held.is_some_and(|(_, raw)| !is_state(member, raw)) {
            state.extend(given);
            continue;
        }
        let raw = |given: Option<&(String, &'_ str)>| given.map_or_else(|| String::from(absent), |(_, raw)| (*raw).into());
        if !spelling::same(RowKind::State, &raw(held), &raw(given)) {
            kept.push(pointer(&RowKey { kind: RowKind::Flag, name: name.into() }) + "/" + member);
        }
        state.extend(held);
    }
    object(state.into_iter())
}

/// Returns true if this member of a flag's state is sound: an unsound one leaves the flag out.
fn is_state(member: &str, raw: &str) -> bool {
    if member == "enabled" { matches!(serde_json::from_str(raw), Ok(Json::Boolean(_))) } else { is_rollout(raw) }
}

/// The leaves of a tree of overrides at wanted paths, in their order; `None` if there is none.
fn chosen(tree: Json<'_>, is_wanted: impl Fn(&str) -> bool) -> Option<Json<'_>> {
    let Json::Object(mut members) = tree else { return None };
    retain_leaves(&mut members, is_wanted);
    (!members.is_empty()).then_some(Json::Object(members))
}

/// The paths of a tree's leaves.
#[derive(Default)]
struct Paths(BTreeSet<String>);

impl<'t> VisitLeaves<'t> for Paths {
    type Error = Infallible;

    fn object<'j>(&mut self, _: Place<'_>, _: usize, _: &Members<'j, 't>) -> Result<Vec<Name<'j, 't>>, Infallible> {
        Ok(Vec::new())
    }

    fn leaf(&mut self, leaf: Leaf<'_, '_, 't>) -> Result<(), Infallible> {
        self.0.insert(leaf.path.to_string());
        Ok(())
    }
}

/// A stored tree of overrides with new leaves added.
fn with(held: &str, new: Json<'_>) -> String {
    let Ok(mut tree) = serde_json::from_str::<Json<'_>>(held) else { return spelling::written(&new) };
    add(&mut tree, new);
    spelling::written(&tree)
}

/// Adds members to a tree; one that is there stays as it is.
fn add<'j>(tree: &mut Json<'j>, new: Json<'j>) {
    let (Json::Object(members), Json::Object(new)) = (tree, new) else { return };
    for (name, value) in new {
        match members.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => add(known, value),
            None => members.push((name, value)),
        }
    }
}
