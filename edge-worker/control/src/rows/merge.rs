//! Merges an imported document into the hub's rows: definitions come from the document; `enabled`, `rollout` and overrides stay
//! the hub's unless [`State::Replace`]. The state of a flag that the document leaves out stays too, for a flag that returns.
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
    split::{MEMBERS, STATE, object, single},
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
    /// The flags that have new keys.
    pub renamed: Vec<Renamed>,
    /// The keys of flags that were removed before and get the state that they had.
    pub returned: Vec<String>,
}

/// A flag with a new key. Its old one is an alias, so its state and its overrides go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The key before.
    pub from: String,
    /// The key after.
    pub to: String,
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
        let mut merged = Merged { rows: document, kept: Vec::new(), renamed: Vec::new(), returned: Vec::new() };
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
        merged.renamed = self.renamed_in(&merged.rows);
        if state == State::Keep && !self.is_empty() {
            self.keep_state(&mut merged);
            self.keep_overrides(&mut merged);
        }
        merged
    }

    /// Adds to a document the members of its own that only these rows have: leaving one out does not ask to change it.
    pub(crate) fn keep_members(&self, document: &mut Self) {
        for key in MEMBERS.map(|name| RowKey { kind: RowKind::Member, name: name.into() }) {
            if let Some(row) = self.0.get(&key) {
                document.0.entry(key).or_insert_with(|| row.clone());
            }
        }
    }

    fn keep_state(&self, merged: &mut Merged) {
        let flags: Vec<String> = merged.rows.of(RowKind::Flag).map(|(name, _)| name.into()).collect();
        for name in flags {
            let from = merged.renamed.iter().find(|renamed| renamed.to == name).map(|renamed| renamed.from.as_str());
            let Some(held) = self.get(RowKind::State, from.unwrap_or(&name)) else { continue };
            if let Some(from) = from {
                if let Some(course) = self.get(RowKind::Course, from) {
                    merged.rows.insert(RowKey { kind: RowKind::Course, name: name.clone() }, course.into());
                }
            } else if self.get(RowKind::Flag, &name).is_none() {
                merged.returned.push(name.clone());
            }
            // A flag that cannot be read has no state to compare; the hub's state stays until it can be read again.
            let state = match merged.rows.get(RowKind::State, &name) {
                Some(given) => kept_state(&name, held, given, &mut merged.kept),
                None => held.into(),
            };
            merged.rows.insert(RowKey { kind: RowKind::State, name }, state);
        }
    }

    /// Adds to a merged document the state of each flag that it does not have, for a flag that returns.
    pub(crate) fn keep_states_of_removed(&self, Merged { rows, renamed, .. }: &mut Merged) {
        for (name, held) in self.of(RowKind::State).filter(|(name, _)| renamed.iter().all(|renamed| renamed.from != *name)) {
            let key = RowKey { kind: RowKind::State, name: name.into() };
            if rows.get(RowKind::Flag, name).is_none() {
                rows.0.insert(key, Row::new(RowKind::State, held.into()));
            }
        }
    }

    /// The flags of a document that had another key here: an alias of theirs, whose flag is here, or was, and is not in the document. A
    /// flag that has its state here under its present key is not among them.
    fn renamed_in(&self, document: &Self) -> Vec<Renamed> {
        let mut renamed: Vec<Renamed> = Vec::new();
        for (name, text) in document.of(RowKind::Flag).filter(|(name, _)| self.get(RowKind::State, name).is_none()) {
            let is_before = |alias: &String| {
                self.get(RowKind::State, alias).is_some()
                    && document.get(RowKind::Flag, alias).is_none()
                    && renamed.iter().all(|known| known.from != *alias)
            };
            if let Some(from) = aliases(text).into_iter().find(is_before) {
                renamed.push(Renamed { from, to: name.into() });
            }
        }
        renamed
    }

    fn keep_overrides(&self, merged: &mut Merged) {
        let new_flags = self.new_names(merged);
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

    /// Keys and aliases of the flags that are new here.
    fn new_names(&self, merged: &Merged) -> BTreeSet<String> {
        let is_new = |name: &str| {
            self.get(RowKind::Flag, name).is_none()
                && !merged.returned.iter().any(|known| known == name)
                && !merged.renamed.iter().any(|renamed| renamed.to == name)
        };
        let mut names = BTreeSet::new();
        for (name, text) in merged.rows.of(RowKind::Flag).filter(|(name, _)| is_new(name)) {
            names.insert(name.into());
            names.extend(aliases(text));
        }
        names
    }
}

/// The aliases that a flag's definition names.
pub(crate) fn aliases(definition: &str) -> Vec<String> {
    let members = single(definition).unwrap_or_default();
    match members.iter().find(|(name, _)| name == "aliases").and_then(|(_, raw)| serde_json::from_str(raw).ok()) {
        Some(Json::Array(aliases)) => aliases.iter().filter_map(|alias| Some(alias.as_str()?.to_string())).collect(),
        _ => Vec::new(),
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
