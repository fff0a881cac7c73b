//! The rule for safe changes: what a new document takes away from the one that serves, and what it brings back unasked.
//!
//! Everything that replaces definitions asks here: imports, copies, single flags and segments, and reverts. A consequence that its command
//! does not allow refuses the command.
mod draws;
mod edits;
mod errors;
mod judge;

pub use self::edits::{Edit, Edits, OverwrittenEdit, OverwrittenMember};
pub(crate) use self::{
    edits::{adopted, allow as allow_overwriting, overwritten},
    errors::{ErrorsByRow, by_row},
    judge::{Judged, allow, judge},
};

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString as _},
    vec::Vec,
};
use core::cell::OnceCell;

use self::errors::new_errors;
use sdk_core::{
    Compiled, DocumentError, OwnerKind, Ruleset,
    json::{Json, Place, quoted},
};

use crate::rows::{RowKey, RowKind, Rows, aliases, spelling};

/// The most owners of overrides that one consequence names.
const MOST_OWNERS: usize = 5;

/// The most new flags among which one is sought that a removed flag may have become.
const MOST_ADDED: usize = 20;

/// Something that a change takes away from what serves, or overrides that it brings back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// The kind of the loss.
    pub kind: ConsequenceKind,
    /// The flag or the segment that loses something, or the flag whose overrides count again.
    pub definition: RowKey,
    /// The place that goes, as a JSON pointer into the document before; for overrides that count again, into the document after.
    pub pointer: String,
    /// The loss, in words.
    pub message: String,
    /// The errors of the new document that are the cause.
    pub errors: Vec<DocumentError>,
    /// The number of customers and organizations whose override loses its effect, or has an effect again.
    pub overrides: usize,
    /// The flags that use what goes, and the first owners of those overrides, as JSON pointers into the document.
    pub used_by: Vec<String>,
    /// The edit that an import overwrites; `None` for another loss.
    pub edit: Option<OverwrittenEdit>,
    /// True if the command allows it.
    pub is_allowed: bool,
}

/// The kind of a consequence. The names are those of the admin API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsequenceKind {
    /// The flag still serves, and a part of it has an error that it did not have.
    Broken,
    /// The flag or the segment cannot be read.
    LeftOut,
    /// The document no longer has the flag or the segment.
    Removed,
    /// The flag no longer has an alias, by which callers may ask for it.
    AliasRemoved,
    /// The flag no longer has a variant that is in use.
    VariantRemoved,
    /// Overrides of the flag no longer name a variant of it.
    OverridesLost,
    /// Overrides that a removed flag left behind count for a flag that takes up one of its names.
    OverridesRegained,
    /// A live draw of the flag, or a percentage in the segment, would have another salt, unit or hash, and so draw other units.
    Redrawn,
    /// An operator edited the flag or the segment since an import last wrote it, and the document would take that back or has a third value.
    /// A third value is allowed by a command whose operator has read the present version.
    Overwritten,
}

impl ConsequenceKind {
    /// The name of the kind in the admin API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::LeftOut => "leftOut",
            Self::Removed => "removed",
            Self::AliasRemoved => "aliasRemoved",
            Self::VariantRemoved => "variantRemoved",
            Self::OverridesLost => "overridesLost",
            Self::OverridesRegained => "overridesRegained",
            Self::Redrawn => "redrawn",
            Self::Overwritten => "overwritten",
        }
    }

    /// Returns true if the cause is an error in the new definition, for which the last good one can stand in.
    pub(crate) const fn is_error(self) -> bool {
        matches!(self, Self::Broken | Self::LeftOut)
    }
}

impl Consequence {
    /// The name by which a command allows the loss: the pointer without its first slash. `None` for an error, which no name allows, and
    /// for an edit, which has [`Self::overwriting`].
    pub fn removal(&self) -> Option<&str> {
        if self.kind.is_error() || self.overwriting().is_some() { None } else { self.pointer.strip_prefix('/') }
    }

    /// The name by which an import may take back an edit; `None` for another loss.
    pub fn overwriting(&self) -> Option<&str> {
        if self.kind == ConsequenceKind::Overwritten { self.pointer.strip_prefix('/') } else { None }
    }

    fn new(kind: ConsequenceKind, definition: RowKey, below: &[&str], message: String) -> Self {
        let mut pointer = definition.pointer();
        for name in below {
            pointer.push_str(&Place::ROOT.name(name).pointer());
        }
        Self { kind, definition, pointer, message, errors: Vec::new(), overrides: 0, used_by: Vec::new(), edit: None, is_allowed: false }
    }
}

/// The overrides of all owners, which a rule visits only if a flag loses something that overrides may name.
pub trait OwnerRows {
    /// Calls `visit` with the kind, the id and the tree of each owner.
    fn each(&self, visit: &mut dyn FnMut(OwnerKind, &str, &str));
}

impl OwnerRows for Rows {
    fn each(&self, visit: &mut dyn FnMut(OwnerKind, &str, &str)) {
        for kind in OwnerKind::ALL {
            for (name, tree) in self.of(kind.into()) {
                if let Ok(id) = serde_json::from_str::<String>(&format!("\"{name}\"")) {
                    visit(kind, &id, tree);
                }
            }
        }
    }
}

/// A document in rows, compiled.
#[derive(Clone, Copy)]
pub(crate) struct Version<'v> {
    pub(crate) rows: &'v Rows,
    pub(crate) ruleset: &'v Ruleset,
    pub(crate) errors: &'v ErrorsByRow,
}

impl Version<'_> {
    fn errors_of(&self, row: &RowKey) -> Vec<DocumentError> {
        self.errors.get(row).cloned().unwrap_or_default()
    }
}

/// The overrides that a change meets.
#[derive(Clone, Copy)]
pub(crate) struct HeldOverrides<'o> {
    pub(crate) owners: &'o dyn OwnerRows,
    /// The document that the command brings: an override in it is asked for.
    pub(crate) given: Option<&'o Compiled>,
}

/// The consequences of a change from one version to another, and the overrides of flags that return.
pub(crate) struct Consequences {
    pub(crate) found: Vec<Consequence>,
    /// By key of a flag that returns: the number of owners with an override of it.
    pub(crate) regained: BTreeMap<String, usize>,
}

/// Finds the consequences of a change. `renamed` has the flags with new keys, the old key first. Without `held`, overrides are what the
/// command replaces: none are lost, and none come back. `returned` are flags of which the report tells that their overrides count again.
pub(crate) fn consequences(
    [before, after]: [Version<'_>; 2],
    renamed: &BTreeMap<String, String>,
    returned: &[String],
    held: Option<HeldOverrides<'_>>,
) -> Consequences {
    let change = Change { before, after, renamed, required: OnceCell::new(), replaced: OnceCell::new() };
    let mut found = Vec::new();
    change.segments(&mut found);
    change.flags(&mut found);
    let mut regained = BTreeMap::new();
    if let Some(held) = held {
        let changed: BTreeSet<&str> = before.ruleset.flag_keys().filter(|key| change.may_lose_overrides(key)).collect();
        let mut named = change.newly_named();
        named.extend(returned.iter().map(|key| (key.as_str(), key.as_str())));
        if !changed.is_empty() || !named.is_empty() {
            let Overridden { lost, gained } = change.overridden(&changed, &named, returned, held);
            add_overrides(lost, &mut found);
            for (key, owners) in gained {
                if returned.contains(&key) {
                    regained.insert(key, owners.count);
                } else {
                    found.push(owners.regained(&key));
                }
            }
        }
    }
    found.retain(|found| found.kind != ConsequenceKind::VariantRemoved || !found.used_by.is_empty());
    Consequences { found, regained }
}

/// The owners of overrides: their number, and the first of them as JSON pointers.
#[derive(Default)]
struct Owners {
    count: usize,
    first: Vec<String>,
}

impl Owners {
    fn add(&mut self, kind: OwnerKind, id: &str) {
        self.count += 1;
        if self.first.len() < MOST_OWNERS {
            self.first.push(Place::ROOT.name("overrides").name(kind.section()).name(id).pointer());
        }
    }

    /// The consequence that overrides of these owners count again, for this flag.
    fn regained(self, key: &str) -> Consequence {
        let message =
            format!("{} customers and organizations have overrides from before that would count for the flag {key:?}", self.count);
        let new = Consequence::new(ConsequenceKind::OverridesRegained, RowKey::of(RowKind::Flag, key), &["overrides"], message);
        Consequence { overrides: self.count, used_by: self.first, ..new }
    }
}

/// The overrides that a change touches.
#[derive(Default)]
struct Overridden {
    /// By flag and variant: those that lose their effect.
    lost: BTreeMap<(String, String), Owners>,
    /// By flag of the version after: those that have an effect again.
    gained: BTreeMap<String, Owners>,
}

struct Change<'c> {
    before: Version<'c>,
    after: Version<'c>,
    renamed: &'c BTreeMap<String, String>,
    /// See [`Change::required`].
    required: OnceCell<BTreeMap<&'c str, Required<'c>>>,
    /// The first flags that only the version after has, as names and definitions, and the number of those that only the one before has.
    replaced: OnceCell<(Vec<(&'c str, &'c str)>, usize)>,
}

/// By variant of a flag: the flags that have a prerequisite which names it.
type Required<'c> = BTreeMap<String, Vec<&'c str>>;

impl<'c> Change<'c> {
    /// The key that the flag has afterwards.
    fn new_key<'k>(&self, key: &'k str) -> &'k str
    where
        'c: 'k,
    {
        self.renamed.get(key).map_or(key, String::as_str)
    }

    /// The key that the flag has afterwards, if the ruleset has it.
    fn key_after(&self, key: &str) -> Option<&'c str> {
        let key = self.new_key(key);
        let number = self.after.ruleset.find(key)?;
        Some(self.after.ruleset.key_of(number)).filter(|found| *found == key)
    }

    fn segments(&self, found: &mut Vec<Consequence>) {
        for (name, _) in self.before.rows.of(RowKind::Segment) {
            let key = RowKey { kind: RowKind::Segment, name: name.into() };
            if self.before.errors.contains_key(&key) {
                continue;
            }
            let errors = self.after.errors_of(&key);
            let plain = plain_name(name);
            let kind = if self.after.rows.text(&key).is_none() {
                ConsequenceKind::Removed
            } else if errors.is_empty() {
                found.extend(self.redrawn_segment(&plain, &key));
                continue;
            } else {
                ConsequenceKind::LeftOut
            };
            let used_by = self.hurt(|| self.before.ruleset.dependants_of_segment(&plain));
            let what = if kind == ConsequenceKind::Removed { "the document no longer has" } else { "the document has an error in" };
            let use_of = if used_by.is_empty() { String::new() } else { format!(", and {} flags use it", used_by.len()) };
            let message = format!("{what} the segment {plain:?}{use_of}");
            found.push(Consequence { errors, used_by, ..Consequence::new(kind, key, &[], message) });
        }
    }

    /// The consequence of a segment by whose percentages flags draw before and after, if those would draw other units.
    fn redrawn_segment(&self, name: &str, row: &RowKey) -> Option<Consequence> {
        let redrawn = draws::redrawn_segment([self.before.rows, self.after.rows], row)?;
        let still = self.after.ruleset.dependants_of_segment(name);
        let users = self.before.ruleset.dependants_of_segment(name).into_iter().filter(|key| still.contains(&self.new_key(key)));
        let used_by: Vec<String> = users.map(flag_pointer).collect();
        let message = format!("{}, and {} flags use it", redrawn.message, used_by.len());
        (!used_by.is_empty()).then_some(Consequence { message, used_by, ..redrawn })
    }

    fn flags(&self, found: &mut Vec<Consequence>) {
        for key in self.before.ruleset.flag_keys() {
            let row = RowKey::of(RowKind::Flag, key);
            let new_key = self.new_key(key);
            let new_row = RowKey::of(RowKind::Flag, new_key);
            let errors = self.after.errors_of(&new_row);
            let explained = |errors| errors::explained(self.after.rows, &new_row, errors);
            if self.key_after(key).is_none() {
                let errors = explained(errors);
                let (kind, message) = if self.after.rows.text(&new_row).is_none() {
                    let hint = self.new_name(key).map_or_else(String::new, |new| {
                        let salt = salt(self.before.rows, key);
                        format!("; if {new:?} is its new name, give that \"aliases\": [{}] and \"salt\": {salt}", quoted(key))
                    });
                    (ConsequenceKind::Removed, format!("the document no longer has the flag {key:?}{hint}"))
                } else {
                    let first = first_message(&errors);
                    (
                        ConsequenceKind::LeftOut,
                        format!("the flag {key:?} could not be read, and callers would get their own defaults{first}"),
                    )
                };
                found.push(Consequence {
                    errors,
                    used_by: self.hurt(|| self.before.ruleset.dependants_of_flag(key)),
                    ..Consequence::new(kind, row, &[], message)
                });
                continue;
            }
            let errors = explained(self.new_errors(&row, &new_row, errors));
            if !errors.is_empty() {
                let first = first_message(&errors);
                let message = format!("a part of the flag {key:?} would have no effect, or would switch it off{first}");
                found.push(Consequence { errors, ..Consequence::new(ConsequenceKind::Broken, row.clone(), &[], message) });
            }
            self.names(key, new_key, &row, found);
        }
    }

    /// The aliases and variants that a flag loses.
    fn names(&self, key: &str, new_key: &str, row: &RowKey, found: &mut Vec<Consequence>) {
        let (Some(old), Some(new)) = (self.before.ruleset.flag(key), self.after.ruleset.flag(new_key)) else { return };
        for alias in old.aliases() {
            let is_kept = self.after.ruleset.find(alias).is_some_and(|number| self.after.ruleset.key_of(number) == new_key);
            if !is_kept {
                let message = format!("the flag {key:?} would no longer be found by the alias {alias:?}");
                found.push(Consequence::new(ConsequenceKind::AliasRemoved, row.clone(), &["aliases", alias], message));
            }
        }
        for (variant, _) in old.variants() {
            if new.variants().any(|(known, _)| known == variant) {
                continue;
            }
            let message = format!("the flag {key:?} would no longer have the variant {variant:?}, which is in use");
            let users = self.required().get(key).and_then(|required| required.get(variant));
            let used_by = users.into_iter().flatten().map(|user| flag_pointer(user)).collect();
            found.push(Consequence {
                used_by,
                ..Consequence::new(ConsequenceKind::VariantRemoved, row.clone(), &["variants", variant], message)
            });
        }
        found.extend(draws::redrawn([self.before.rows, self.after.rows], row, &RowKey::of(RowKind::Flag, new_key)));
    }

    /// The errors that a flag did not have before, under the key that it had.
    fn new_errors(&self, row: &RowKey, new_row: &RowKey, errors: Vec<DocumentError>) -> Vec<DocumentError> {
        let known = self.before.errors.get(row).map_or(&[][..], Vec::as_slice);
        new_errors((row, known), (new_row, errors))
    }

    /// The flags among these that the document still has, with an error that they did not have, as JSON pointers.
    fn hurt(&self, users: impl FnOnce() -> Vec<&'c str>) -> Vec<String> {
        if self.after.errors.is_empty() {
            return Vec::new();
        }
        let is_hurt = |key: &&str| {
            let new_row = RowKey::of(RowKind::Flag, self.new_key(key));
            !self.new_errors(&RowKey::of(RowKind::Flag, key), &new_row, self.after.errors_of(&new_row)).is_empty()
        };
        users().into_iter().filter(is_hurt).map(flag_pointer).collect()
    }

    /// By key before of a flag: its variants that flags which served name in their prerequisites, read once, however many variants go.
    fn required(&self) -> &BTreeMap<&'c str, Required<'c>> {
        self.required.get_or_init(|| {
            let ruleset = self.before.ruleset;
            let mut all: BTreeMap<&str, Required<'_>> = BTreeMap::new();
            for user in ruleset.flag_keys() {
                let flag = self.key_after(user).and_then(|key| self.after.rows.text(&RowKey::of(RowKind::Flag, key)));
                let Some(flag) = flag.and_then(|text| serde_json::from_str::<Json<'_>>(text).ok()) else { continue };
                let Some(Json::Array(prerequisites)) = flag.get("prerequisites") else { continue };
                for prerequisite in prerequisites {
                    let number = prerequisite.get("flag").and_then(Json::as_str).and_then(|name| ruleset.find(name));
                    let (Some(number), Some(Json::Array(names))) = (number, prerequisite.get("variants")) else { continue };
                    let required = all.entry(ruleset.key_of(number)).or_default();
                    for name in names.iter().filter_map(Json::as_str) {
                        let users = required.entry(name.into()).or_default();
                        if users.last() != Some(&user) {
                            users.push(user);
                        }
                    }
                }
            }
            all
        })
    }

    /// The flag that a removed one may have become: the only new one, or the first one with the same definition.
    fn new_name(&self, key: &str) -> Option<String> {
        let (added, gone) = self.replaced.get_or_init(|| {
            let is_gone = |name: &str| self.after.rows.get(RowKind::Flag, name).is_none() && !self.renamed.contains_key(name);
            let is_new = |name: &str| self.before.rows.get(RowKind::Flag, name).is_none() && self.renamed.values().all(|to| to != name);
            let added = self.after.rows.of(RowKind::Flag).filter(|(name, _)| is_new(name)).take(MOST_ADDED + 1).collect();
            (added, self.before.rows.of(RowKind::Flag).filter(|(name, _)| is_gone(name)).count())
        });
        if added.len() > MOST_ADDED {
            return None;
        }
        let text = self.before.rows.text(&RowKey::of(RowKind::Flag, key))?;
        let alike = added.iter().find(|(_, new)| spelling::same(RowKind::Flag, text, new));
        let only = || if let ([only], 1) = (added.as_slice(), gone) { Some(only) } else { None };
        alike.or_else(only).map(|(name, _)| plain_name(name))
    }

    /// Returns true if an override of the flag may mean nothing afterwards.
    fn may_lose_overrides(&self, key: &str) -> bool {
        let (Some(old), Some(new)) = (self.before.ruleset.flag(key), self.key_after(key).and_then(|key| self.after.ruleset.flag(key)))
        else {
            return true;
        };
        let booleans = |ruleset: &'c Ruleset, key: &str| -> [bool; 2] {
            let number = ruleset.find(key);
            [true, false].map(|value| number.is_some_and(|number| ruleset.first_boolean(number, value).is_some()))
        };
        let (before, after) = (booleans(self.before.ruleset, key), booleans(self.after.ruleset, new.key()));
        let loses_boolean = before.iter().zip(after).any(|(before, after)| *before && !after);
        let loses_variant = old.variants().any(|(variant, _)| new.variants().all(|(known, _)| known != variant));
        let loses_name = old
            .aliases()
            .chain([key])
            .any(|name| self.after.ruleset.find(name).is_none_or(|number| self.after.ruleset.key_of(number) != new.key()));
        loses_boolean || loses_variant || loses_name
    }

    /// The flags of the version after with a name that no flag had, each with its key before. A flag that could not be read had its names.
    fn newly_named(&self) -> BTreeMap<&'c str, &'c str> {
        let mut unread: BTreeSet<String> = BTreeSet::new();
        for (name, text) in self.before.rows.of(RowKind::Flag) {
            let key = plain_name(name);
            if self.before.ruleset.find(&key).is_none() {
                unread.extend(aliases(text));
                unread.insert(key);
            }
        }
        let is_new = |name: &str| self.before.ruleset.find(name).is_none() && !unread.contains(name);
        let keys_before: BTreeMap<&str, &str> = self.renamed.iter().map(|(from, to)| (to.as_str(), from.as_str())).collect();
        let all = self.after.ruleset.flag_keys();
        let named = all.filter(|key| is_new(key) || self.after.ruleset.flag(key).is_some_and(|flag| flag.aliases().any(is_new)));
        named.map(|key| (key, keys_before.get(key).copied().unwrap_or(key))).collect()
    }

    /// The overrides of `changed` flags that lose their effect, and those that have an effect again, for the flags in `named`.
    fn overridden(
        &self,
        changed: &BTreeSet<&str>,
        named: &BTreeMap<&str, &str>,
        returned: &[String],
        HeldOverrides { owners, given }: HeldOverrides<'_>,
    ) -> Overridden {
        let (before, after) = (self.before.ruleset, self.after.ruleset);
        let Overridden { mut lost, mut gained } = Overridden::default();
        owners.each(&mut |kind, id, tree| {
            let own = before.owner_overrides(kind, id, tree).0;
            let new = after.owner_overrides(kind, id, tree).0;
            for flag in own.flags() {
                let key = before.key_of(flag);
                let still = self.key_after(key).and_then(|key| after.find(key)).is_some_and(|flag| new.variant(flag).is_some());
                if still || !changed.contains(key) {
                    continue;
                }
                let variant = own.variant(flag).map_or("", |variant| before.variant_name(flag, variant));
                lost.entry((key.into(), variant.into())).or_default().add(kind, id);
            }
            for key in new.flags().map(|flag| after.key_of(flag)) {
                let Some(key_before) = named.get(key) else { continue };
                let variant = after.overridden(&new, key);
                let asked = || given.and_then(|given| given.ruleset.overridden(given.overrides.get(kind, id)?, key));
                let counts_already = before.overridden(&own, key_before) == variant;
                if !counts_already && (asked() != variant || returned.iter().any(|returned| returned == key)) {
                    gained.entry(key.into()).or_default().add(kind, id);
                }
            }
        });
        Overridden { lost, gained }
    }
}

/// The first of these errors, to be said behind what it leads to.
fn first_message(errors: &[DocumentError]) -> String {
    errors.first().map_or_else(String::new, |first| format!(": {}: {}", first.pointer, first.message))
}

fn flag_pointer(key: &str) -> String {
    RowKey::of(RowKind::Flag, key).pointer()
}

/// The name of a row without JSON's escapes.
pub(crate) fn plain_name(name: &str) -> String {
    serde_json::from_str(&format!("\"{name}\"")).unwrap_or_else(|_| name.to_string())
}

/// The salt of a flag, as JSON: its key if it names none.
fn salt(rows: &Rows, key: &str) -> String {
    let flag = rows.text(&RowKey::of(RowKind::Flag, key)).and_then(|text| serde_json::from_str::<Json<'_>>(text).ok());
    quoted(flag.as_ref().and_then(|flag| flag.get("salt")).and_then(Json::as_str).unwrap_or(key))
}

/// Adds lost overrides to the consequences that cause them.
fn add_overrides(lost: BTreeMap<(String, String), Owners>, found: &mut Vec<Consequence>) {
    for ((key, variant), lost) in lost {
        let row = RowKey::of(RowKind::Flag, &key);
        let of_variant = RowKey::of(RowKind::Flag, &key).pointer() + &Place::ROOT.name("variants").name(&variant).pointer();
        let cause = found.iter_mut().filter(|known| known.definition == row).find(|known| match known.kind {
            ConsequenceKind::Removed | ConsequenceKind::LeftOut | ConsequenceKind::AliasRemoved | ConsequenceKind::OverridesLost => true,
            ConsequenceKind::VariantRemoved => known.pointer == of_variant,
            ConsequenceKind::Broken | ConsequenceKind::OverridesRegained | ConsequenceKind::Redrawn | ConsequenceKind::Overwritten => false,
        });
        if let Some(cause) = cause {
            cause.overrides += lost.count;
            let room = MOST_OWNERS.saturating_sub(cause.used_by.iter().filter(|used| used.starts_with("/overrides")).count());
            cause.used_by.extend(lost.first.into_iter().take(room));
            cause.used_by.sort_unstable();
            continue;
        }
        let message = format!("overrides of the flag {key:?} would no longer name a variant of it");
        let new = Consequence::new(ConsequenceKind::OverridesLost, row, &["overrides"], message);
        found.push(Consequence { overrides: lost.count, used_by: lost.first, ..new });
    }
}

#[cfg(test)]
mod tests;
