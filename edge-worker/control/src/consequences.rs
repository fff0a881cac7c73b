//! The rule for safe changes: what a new document takes away from the one that serves, and what it brings back unasked.
//!
//! Everything that replaces definitions asks here: imports, copies, single flags and segments, and reverts. A consequence that its command
//! does not allow refuses the command.
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString as _},
    vec::Vec,
};
use core::cell::OnceCell;

use sdk_core::{
    Compiled, Compiler, DocumentError, OwnerKind, Ruleset,
    json::{Json, Place, quoted},
};

use crate::{
    CompiledRows, CurrentState,
    rows::{RowKey, RowKind, Rows, aliases, refused::SECTIONS},
    sound_rows::{compile_what_serves, row_at},
};

/// The most owners of overrides that one consequence names.
const MOST_OWNERS: usize = 5;

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
    /// The flag has a new key and no salt, so it would draw other units.
    Redrawn,
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
        }
    }

    /// Returns true if the cause is an error in the new definition, for which the last good one can stand in.
    pub(crate) const fn is_error(self) -> bool {
        matches!(self, Self::Broken | Self::LeftOut)
    }
}

impl Consequence {
    /// The name by which a command allows the loss: the pointer without its first slash. `None` for an error, which no name allows.
    pub fn removal(&self) -> Option<&str> {
        if self.kind.is_error() { None } else { self.pointer.strip_prefix('/') }
    }

    fn new(kind: ConsequenceKind, definition: RowKey, below: &[&str], message: String) -> Self {
        let mut pointer = definition.pointer();
        for name in below {
            pointer.push_str(&Place::ROOT.name(name).pointer());
        }
        Self { kind, definition, pointer, message, errors: Vec::new(), overrides: 0, used_by: Vec::new(), is_allowed: false }
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
    let change = Change { before, after, renamed, required: OnceCell::new() };
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

    fn flags(&self, found: &mut Vec<Consequence>) {
        for key in self.before.ruleset.flag_keys() {
            let row = RowKey::of(RowKind::Flag, key);
            let new_key = self.new_key(key);
            let new_row = RowKey::of(RowKind::Flag, new_key);
            let errors = self.after.errors_of(&new_row);
            if self.key_after(key).is_none() {
                let (kind, message) = if self.after.rows.text(&new_row).is_none() {
                    (ConsequenceKind::Removed, format!("the document no longer has the flag {key:?}"))
                } else {
                    (ConsequenceKind::LeftOut, format!("the flag {key:?} would be left out, and callers would get their own defaults"))
                };
                found.push(Consequence {
                    errors,
                    used_by: self.hurt(|| self.before.ruleset.dependants_of_flag(key)),
                    ..Consequence::new(kind, row, &[], message)
                });
                continue;
            }
            let errors = self.new_errors(&row, &new_row, errors);
            if !errors.is_empty() {
                let message = format!("a part of the flag {key:?} would have no effect, or would switch it off");
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
        if key != new_key && self.may_draw(row) && !has_salt(self.after.rows, new_key) {
            let why = format!(
                "with the key {new_key:?} the flag {key:?} would draw other units: give it \"salt\": {}",
                salt(self.before.rows, key)
            );
            found.push(Consequence::new(ConsequenceKind::Redrawn, row.clone(), &["salt"], why));
        }
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

    /// Returns true if the flag splits or has a rollout by percentage.
    fn may_draw(&self, row: &RowKey) -> bool {
        let state = RowKey { kind: RowKind::State, name: row.name.clone() };
        [row, &state].into_iter().any(|key| {
            let json = self.before.rows.text(key).and_then(|text| serde_json::from_str::<Json<'_>>(text).ok());
            json.is_some_and(|json| has_member(&json, &["split", "percentage"]))
        })
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

/// The errors of a flag or a segment that it did not have before. An error is the same under another key of the flag, and in another item
/// of a list, but counts as often as it stands.
pub(crate) fn new_errors(
    (row, known): (&RowKey, &[DocumentError]),
    (new_row, mut errors): (&RowKey, Vec<DocumentError>),
) -> Vec<DocumentError> {
    if known.is_empty() {
        return errors;
    }
    let mut left: BTreeMap<(String, String), usize> = BTreeMap::new();
    for error in known {
        *left.entry(anywhere(row, error)).or_default() += 1;
    }
    let mut take = |error: &DocumentError| left.get_mut(&anywhere(new_row, error)).filter(|left| **left > 0).map(|left| *left -= 1);
    // Those at their old places first, so that the new one is told.
    errors.retain(|error| !(known.contains(error) && take(error).is_some()));
    errors.retain(|error| take(error).is_none());
    errors
}

/// An error without the numbers of its pointer and the name of its row.
fn anywhere(row: &RowKey, error: &DocumentError) -> (String, String) {
    let below = error.pointer.strip_prefix(&row.pointer()).unwrap_or(&error.pointer);
    let is_number = |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let names: Vec<&str> = below.split('/').filter(|name| !is_number(name)).collect();
    (names.join("/"), error.message.replace(&format!("{:?}", plain_name(&row.name)), ""))
}

fn flag_pointer(key: &str) -> String {
    RowKey::of(RowKind::Flag, key).pointer()
}

/// The name of a row without JSON's escapes.
fn plain_name(name: &str) -> String {
    serde_json::from_str(&format!("\"{name}\"")).unwrap_or_else(|_| name.to_string())
}

/// Returns true if an object at any depth has a member with one of these names.
fn has_member(json: &Json<'_>, names: &[&str]) -> bool {
    match json {
        Json::Object(members) => members.iter().any(|(name, value)| names.contains(&&**name) || has_member(value, names)),
        Json::Array(items) => items.iter().any(|item| has_member(item, names)),
        Json::Null | Json::Boolean(_) | Json::Number(_) | Json::String(_) => false,
    }
}

fn has_salt(rows: &Rows, key: &str) -> bool {
    let flag = rows.text(&RowKey::of(RowKind::Flag, key)).and_then(|text| serde_json::from_str::<Json<'_>>(text).ok());
    flag.is_some_and(|flag| flag.get("salt").is_some())
}

/// The salt of a flag, as JSON: its key if it names none.
fn salt(rows: &Rows, key: &str) -> String {
    let flag = rows.text(&RowKey::of(RowKind::Flag, key)).and_then(|text| serde_json::from_str::<Json<'_>>(text).ok());
    quoted(flag.as_ref().and_then(|flag| flag.get("salt")).and_then(Json::as_str).unwrap_or(key))
}

/// A change of single definitions, compared with what serves.
pub(crate) struct Judged {
    /// The errors that the document would have and does not have now.
    pub(crate) errors: Vec<DocumentError>,
    pub(crate) consequences: Vec<Consequence>,
    /// A name among those that may go which allows nothing.
    pub(crate) unused: Option<String>,
    /// The new ruleset; `None` if nothing compiles.
    pub(crate) ruleset: Option<Ruleset>,
}

/// Compares rows after a change of single definitions with the current ones. `remove` has the names of what may go.
pub(crate) fn judge(
    current: CurrentState<'_>,
    after: &Rows,
    remove: &[String],
    owners: Option<&dyn OwnerRows>,
    compiler: &mut Compiler,
) -> Judged {
    let rows = current.rows;
    let mut compile = |rows: &Rows| match compile_what_serves(rows, compiler) {
        Ok(CompiledRows { errors, error_count, ruleset, .. }) => (errors, error_count, Some(ruleset)),
        Err(error) => (Vec::from([error]), 1, None),
    };
    let (known, known_count, _) = compile(rows);
    let (errors, count, ruleset) = compile(after);
    let (mut found, mut unused) = (Vec::new(), None);
    let [known_by_row, errors_by_row] = [by_row(&known), by_row(&errors)];
    if let Some(ruleset) = &ruleset {
        let versions =
            [Version { rows, ruleset: current.ruleset, errors: &known_by_row }, Version { rows: after, ruleset, errors: &errors_by_row }];
        let overrides = HeldOverrides { owners: owners.unwrap_or(current.paged), given: None };
        found = consequences(versions, &BTreeMap::new(), &[], Some(overrides)).found;
        unused = allow(&mut found, remove, [rows, after]).err();
    }
    let is_cut = errors.len() < count;
    let mut new: Vec<DocumentError> =
        errors.into_iter().filter(|error| row_at(&error.pointer).is_none() && !known.contains(error)).collect();
    for (row, errors) in errors_by_row {
        let known = known_by_row.get(&row).map_or(&[][..], Vec::as_slice);
        new.extend(new_errors((&row, known), (&row, errors)));
    }
    // The core keeps the first errors alone: a new one may be behind them.
    if is_cut && count > known_count && new.is_empty() {
        new.push(DocumentError::at(Place::ROOT, format!("the document would have {count} errors, and has {known_count} now")));
    }
    Judged { errors: new, consequences: found, unused, ruleset }
}

/// Marks the consequences that these names allow. The error is a name that allows nothing: the document still has what it names, or the
/// rows never had it. A flag that is gone already may be named again, by a deploy that is repeated.
pub(crate) fn allow(found: &mut [Consequence], names: &[String], [before, after]: [&Rows; 2]) -> Result<(), String> {
    for name in names {
        let name = name.strip_prefix('/').unwrap_or(name);
        let is_named: &dyn Fn(&Consequence) -> bool = match SECTIONS.into_iter().find(|(section, _)| *section == name) {
            Some((section, _)) if after.names(section).next().is_some() => return Err(name.to_string()),
            Some((_, kind)) => &move |known| known.definition.kind == kind && !known.kind.is_error(),
            None => &|known| known.removal() == Some(name),
        };
        let mut is_known = SECTIONS.iter().any(|(section, _)| *section == name);
        for known in found.iter_mut().filter(|known| is_named(known)) {
            known.is_allowed = true;
            is_known = true;
        }
        let row = row_at(&format!("/{name}")).filter(|row| row.pointer().strip_prefix('/') == Some(name));
        let has = |rows: &Rows, row: &RowKey| {
            let was_flag = row.kind == RowKind::Flag && rows.get(RowKind::State, &row.name).is_some();
            was_flag || rows.text(row).is_some()
        };
        if !is_known && !row.is_some_and(|row| has(before, &row) && after.text(&row).is_none()) {
            return Err(name.to_string());
        }
    }
    Ok(())
}

/// The errors of a document by the flag or the segment that they lie in.
pub(crate) type ErrorsByRow = BTreeMap<RowKey, Vec<DocumentError>>;

/// Sorts the errors of a document. Errors that lie in no flag and no segment are left out.
pub(crate) fn by_row(errors: &[DocumentError]) -> ErrorsByRow {
    let mut sorted = ErrorsByRow::new();
    for error in errors {
        if let Some(row) = row_at(&error.pointer) {
            sorted.entry(row).or_default().push(error.clone());
        }
    }
    sorted
}

/// Adds lost overrides to the consequences that cause them.
fn add_overrides(lost: BTreeMap<(String, String), Owners>, found: &mut Vec<Consequence>) {
    for ((key, variant), lost) in lost {
        let row = RowKey::of(RowKind::Flag, &key);
        let of_variant = RowKey::of(RowKind::Flag, &key).pointer() + &Place::ROOT.name("variants").name(&variant).pointer();
        let cause = found.iter_mut().filter(|known| known.definition == row).find(|known| match known.kind {
            ConsequenceKind::Removed | ConsequenceKind::LeftOut | ConsequenceKind::AliasRemoved | ConsequenceKind::OverridesLost => true,
            ConsequenceKind::VariantRemoved => known.pointer == of_variant,
            ConsequenceKind::Broken | ConsequenceKind::OverridesRegained | ConsequenceKind::Redrawn => false,
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
mod tests {
    use core::cell::Cell;

    use sdk_core::{Compiler, Millis, OwnerKind};

    use super::OwnerRows;
    use crate::{
        Allowed, Command, CommandOutcome, CurrentState, Refusal, RefusalKind, Supplies, apply,
        change::{Actor, NO_REASON},
        execute,
        rows::{RowKey, RowKind, Rows, State},
        sound_rows::compile_what_serves,
    };
    use alloc::{format, string::String, vec::Vec};

    /// The rows of a hub that has imported a document with these members.
    fn hub(members: &str) -> Rows {
        Rows::default().merge(Rows::split(&document(members)).unwrap(), State::Replace).rows
    }

    fn document(members: &str) -> String {
        format!(r#"{{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f",{members}}}"#)
    }

    fn actor(role: &str, reason: &str) -> Actor {
        Actor { subject: "ada".into(), role: role.into(), on_behalf_of: None, reason: reason.into(), at: Millis(7) }
    }

    fn carry_out(rows: &Rows, command: &Command, actor: &Actor) -> Result<CommandOutcome, Refusal> {
        let ruleset = compile_what_serves(rows, &mut Compiler::new()).unwrap().ruleset;
        let current = CurrentState { rows, paged: rows, ruleset: &ruleset };
        execute(current, command, Supplies::default(), actor, &mut Compiler::new())
    }

    fn import(rows: &Rows, members: &str, allowed: Allowed) -> Result<CommandOutcome, Refusal> {
        let command = Command::Import { document: document(members), state: State::Keep, allowed };
        carry_out(rows, &command, &actor("admin", "a deploy"))
    }

    fn removing(names: &[&str]) -> Allowed {
        Allowed { remove: names.iter().map(|name| (*name).into()).collect(), ..Allowed::default() }
    }

    /// The consequences for which an import is refused: kind, pointer, overrides.
    #[track_caller]
    fn refused(rows: &Rows, members: &str, allowed: Allowed) -> Vec<String> {
        let refusal = import(rows, members, allowed).err().expect("it is refused");
        assert_eq!(refusal.kind, RefusalKind::Unsafe, "{refusal:?}");
        let shown = refusal.consequences.iter().filter(|found| !found.is_allowed);
        shown.map(|found| format!("{} {} {}", found.kind.as_str(), found.pointer, found.overrides)).collect()
    }

    #[test]
    fn what_serves_goes_only_by_name() {
        let rows = hub(r#""flags":{"a":{},"b":{}},"overrides":{"customers":{"c-1":{"a":true},"c-2":{"a":true,"b":true}}}"#);
        let left = r#""flags":{"b":{}}"#;
        assert_eq!(refused(&rows, left, Allowed::default()), ["removed /flags/a 2"]);
        assert_eq!(refused(&rows, r#""segments":{}"#, removing(&["flags/a"])), ["removed /flags/b 1"]);
        assert!(import(&rows, left, removing(&["flags/a"])).is_ok());
        assert!(import(&rows, r#""segments":{}"#, removing(&["flags"])).is_ok());
        for name in ["flags/b", "flags/absent", "flags", "segments/a", "flags/a/variants/on", "a", ""] {
            let refusal = import(&rows, left, removing(&["flags/a", name])).err().unwrap();
            assert_eq!(refusal.kind, RefusalKind::Invalid, "{name}");
        }
    }

    #[test]
    fn a_flag_that_was_bad_before_takes_nothing_away() {
        let rows = hub(r#""flags":{"bad":{"type":"colour"},"good":{}}"#);
        assert!(import(&rows, r#""flags":{"bad":{"type":"shade"},"good":{},"new":7}"#, Allowed::default()).is_ok());
        assert!(import(&rows, r#""flags":{"good":{}}"#, Allowed::default()).is_ok());
    }

    #[test]
    fn the_last_good_definition_stands_in_until_a_good_one_comes() {
        let mut rows = hub(r#""flags":{"a":{"default":"on"}}"#);
        let partial = || Allowed { partial: true, ..Allowed::default() };
        let typo = r#""flags":{"a":{"default":"onn"}}"#;
        assert_eq!(refused(&rows, typo, Allowed::default()), ["leftOut /flags/a 0"]);
        let outcome = import(&rows, typo, partial()).unwrap();
        assert_eq!(outcome.changes.len(), outcome.writes.len());
        apply(&mut rows, &outcome.writes);
        assert_eq!(rows.text(&RowKey::of(RowKind::Flag, "a")), Some(r#"{"default":"on"}"#));
        assert!(rows.compose_as_written().contains("onn"));
        assert_eq!(rows.compose(true), document(r#""flags":{"a":{"default":"on"}}"#));
        assert_eq!(crate::compile_rows(&rows, &mut Compiler::new()).unwrap().errors[0].pointer, "/flags/a/default");
        // What was refused may be imported again, and another error may not.
        assert!(import(&rows, typo, Allowed::default()).unwrap().writes.is_empty());
        assert_eq!(refused(&rows, r#""flags":{"a":{"default":7}}"#, Allowed::default()), ["leftOut /flags/a 0"]);
        let outcome = import(&rows, r#""flags":{"a":{"default":"on"}}"#, Allowed::default()).unwrap();
        assert_eq!(outcome.changes.len(), outcome.writes.len());
        apply(&mut rows, &outcome.writes);
        assert_eq!(rows, hub(r#""flags":{"a":{"default":"on"}}"#));
    }

    /// Rows whose overrides count how often they are visited.
    struct Visited<'r>(&'r Rows, Cell<usize>);

    impl OwnerRows for Visited<'_> {
        fn each(&self, visit: &mut dyn FnMut(OwnerKind, &str, &str)) {
            self.1.set(self.1.get() + 1);
            self.0.each(visit);
        }
    }

    #[test]
    fn the_last_good_definitions_stand_in_for_one_another_so_often_and_no_more() {
        let flags = |last: usize, flag: &dyn Fn(usize) -> String| {
            let flags: Vec<String> = (0..=last).map(|number| format!(r#""f{number}":{}"#, flag(number))).collect();
            format!(r#""flags":{{{}}}"#, flags.join(","))
        };
        // Each flag needs a new alias of the one before it, which goes with the new definition of that one.
        let chained = |number: usize| match number.checked_sub(1) {
            None => String::from(r#"{"type":"colour"}"#),
            Some(needed) => format!(r#"{{"aliases":["n{number}"],"prerequisites":[{{"flag":"n{needed}","variants":["on"]}}]}}"#),
        };
        // The first round stands in for two flags, and each that follows for one.
        for (last, stood_in) in [(1, Some(2)), (16, Some(17)), (17, None), (500, None)] {
            let rows = hub(&flags(last, &|_| "{}".into()));
            let ruleset = compile_what_serves(&rows, &mut Compiler::new()).unwrap().ruleset;
            let current = CurrentState { rows: &rows, paged: &rows, ruleset: &ruleset };
            // A new flag may take up overrides, for which they are visited.
            let document = document(&flags(last, &chained)).replace(r#""flags":{"#, r#""flags":{"new":{},"#);
            let allowed = Allowed { partial: true, ..Allowed::default() };
            let command = Command::Import { document, state: State::Keep, allowed };
            let owners = Visited(&rows, Cell::default());
            let supplies = Supplies { owners: Some(&owners), ..Supplies::default() };
            let outcome = execute(current, &command, supplies, &actor("admin", "a deploy"), &mut Compiler::new());
            let told = outcome.map(|outcome| outcome.consequences.len()).map_err(|refusal| refusal.kind);
            assert_eq!(told, stood_in.ok_or(RefusalKind::DocumentRefused), "{last}");
            assert_eq!(owners.1.get(), usize::from(stood_in.is_some()), "{last}");
        }
    }

    #[test]
    fn a_variant_that_prerequisites_name_goes_only_by_name() {
        let flag = |variants: &str| format!(r#""a":{{"type":"string","variants":{{{variants}}},"on":"x","off":"x"}}"#);
        let users =
            r#""b":{"prerequisites":[{"flag":"a","variants":["y","y","z"]}]},"c":{"prerequisites":[{"flag":"b","variants":["on"]}]}"#;
        let rows = hub(&format!(r#""flags":{{{},{users}}}"#, flag(r#""x":"1","y":"2","z":"3","w":"4""#)));
        let after = format!(r#""flags":{{{},{users}}}"#, flag(r#""x":"1","z":"3""#));
        let refusal = import(&rows, &after, Allowed::default()).err().unwrap();
        let found: Vec<_> = refusal.consequences.iter().map(|found| (found.pointer.as_str(), found.used_by.as_slice())).collect();
        assert_eq!(found, [("/flags/a/variants/y", &[String::from("/flags/b")][..])]);
    }

    #[test]
    fn the_last_good_definition_cannot_stand_in_without_its_segment() {
        let rows = hub(r#""segments":{"s":{"attribute":"x","op":"exists"}},"flags":{"a":{"rules":[{"if":{"segment":"s"},"serve":"on"}]}}"#);
        let allowed = Allowed { partial: true, ..removing(&["segments/s"]) };
        assert_eq!(refused(&rows, r#""flags":{"a":{"rules":7}}"#, allowed), ["leftOut /flags/a 0"]);
    }

    #[test]
    fn a_known_error_stays_known_in_another_place_and_under_another_key() {
        let flag = |key: &str, more: &str, required: [&str; 2]| {
            let required = required.map(|flag| format!(r#"{{"flag":"{flag}","variants":["on"]}}"#)).join(",");
            format!(r#""flags":{{"{key}":{{{more}"prerequisites":[{required}]}},"other":{{}}}}"#)
        };
        let rows = hub(&flag("a", "", ["absent", "other"]));
        assert!(import(&rows, &flag("a", "", ["other", "absent"]), Allowed::default()).is_ok());
        assert!(import(&rows, &flag("z", r#""aliases":["a"],"#, ["absent", "other"]), Allowed::default()).is_ok());
        // Twice is once more than before.
        let refusal = import(&rows, &flag("a", "", ["absent", "absent"]), Allowed::default()).err().unwrap();
        let told: Vec<_> = refusal.consequences.iter().flat_map(|found| &found.errors).map(|error| error.pointer.as_str()).collect();
        assert_eq!(told, ["/flags/a/prerequisites/1/flag"]);
    }

    #[test]
    fn an_error_behind_those_that_the_core_keeps_refuses_an_import() {
        let bad: Vec<String> = (0..1_100).map(|number| format!(r#""bad{number}":{{"type":"colour"}}"#)).collect();
        let members = |last: &str| format!(r#""flags":{{{},"last":{last},"other":{{}}}}"#, bad.join(","));
        let (good, broken) = (members("{}"), members(r#"{"prerequisites":[{"flag":"bad0","variants":["on"]}]}"#));
        let kind = |rows: &Rows, members: &str| import(rows, members, Allowed::default()).err().map(|refusal| refusal.kind);
        assert_eq!(kind(&hub(r#""flags":{"last":{}}"#), &good), Some(RefusalKind::DocumentRefused));
        assert_eq!(kind(&hub(&good), &broken), Some(RefusalKind::DocumentRefused));
        // Nothing served, so nothing is taken away; and an error that was there already takes nothing.
        assert_eq!(kind(&Rows::default(), &good), None);
        assert_eq!(kind(&hub(&broken), &broken.replace(r#""other":{}"#, r#""other":{"default":"on"}"#)), None);
    }

    #[test]
    fn overrides_of_a_removed_flag_count_for_no_other_flag_unasked() {
        let overrides = r#""overrides":{"customers":{"c-1":{"x":true},"c-2":{"old":true,"a":true}},"organizations":{"o-1":{"x":"on"}}}"#;
        let mut rows = hub(&format!(r#""flags":{{"x":{{"aliases":["old"]}},"a":{{}}}},{overrides}"#));
        let removed = import(&rows, r#""flags":{"a":{}}"#, removing(&["flags/x"])).unwrap();
        apply(&mut rows, &removed.writes);
        for (flags, found) in [
            (r#""a":{"aliases":["x"]}"#, "overridesRegained /flags/a/overrides 2"),
            (r#""a":{},"old":{}"#, "overridesRegained /flags/old/overrides 1"),
            (r#""a":{},"z":{"aliases":["x","old"]}"#, "overridesRegained /flags/z/overrides 3"),
        ] {
            let flags = format!(r#""flags":{{{flags}}}"#);
            assert_eq!(refused(&rows, &flags, Allowed::default()), [found]);
            let name = found.split(['/', ' ']).nth(3).unwrap();
            assert!(import(&rows, &flags, removing(&[&format!("flags/{name}/overrides")])).is_ok(), "{found}");
            // Overrides that the document has are asked for.
            assert!(import(&rows, &format!("{flags},{overrides}"), Allowed::default()).is_ok(), "{found}");
        }
        // These two count for the flag already: by its key, or as the one that returns.
        assert!(import(&rows, r#""flags":{"a":{"aliases":["old"]}}"#, Allowed::default()).is_ok());
        let outcome = import(&rows, r#""flags":{"a":{},"x":{"aliases":["old"]}}"#, Allowed::default()).unwrap();
        assert_eq!(outcome.imported.unwrap().returned.iter().map(|flag| flag.overrides).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn a_flag_that_is_mended_or_renamed_has_its_overrides() {
        let rows = hub(r#""flags":{"a":{"type":"colour","aliases":["b"]},"c":{}},"overrides":{"customers":{"c-1":{"b":true,"c":true}}}"#);
        let mended = r#""flags":{"a":{"aliases":["b"]},"d":{"aliases":["c"]}}"#;
        assert!(import(&rows, mended, Allowed::default()).unwrap().consequences.is_empty());
    }

    #[test]
    fn a_kill_goes_with_a_flag_to_its_new_key_and_waits_for_one_that_is_gone() {
        let rows = hub(r#""flags":{"a":{"default":"on","enabled":false},"b":{}}"#);
        let state = |rows: &Rows, key: &str| rows.text(&RowKey::of(RowKind::State, key)).map(String::from);
        let after = |members: &str, allowed: Allowed| {
            let mut rows = rows.clone();
            let outcome = import(&rows, members, allowed).unwrap();
            apply(&mut rows, &outcome.writes);
            rows
        };
        let renamed = after(r#""flags":{"z":{"default":"on","aliases":["a"]},"b":{}}"#, Allowed::default());
        assert_eq!((state(&renamed, "a"), state(&renamed, "z")), (None, Some(r#"{"enabled":false}"#.into())));
        let gone = after(r#""flags":{"b":{}}"#, removing(&["flags/a"]));
        assert_eq!(state(&gone, "a"), Some(r#"{"enabled":false}"#.into()));
        let outcome = import(&gone, r#""flags":{"b":{},"a":{"default":"on","enabled":true}}"#, Allowed::default()).unwrap();
        let returned = outcome.imported.unwrap().returned;
        assert_eq!(returned.iter().map(|flag| (flag.flag.as_str(), flag.enabled)).collect::<Vec<_>>(), [("a", false)]);
    }

    #[test]
    fn a_locked_flag_needs_a_reason_and_an_administrator() {
        let rows = hub(r#""flags":{"a":{"locked":true},"b":{}}"#);
        let kill = |flag: &str| Command::Kill { flag: flag.into() };
        let tree = r#"{"a":true}"#.into();
        let set = Command::Override { owner: sdk_core::OwnerKind::Customer, id: "c-1".into(), tree };
        for command in [kill("a"), set] {
            for (role, reason, is_allowed) in [
                ("admin", "why", true),
                ("service", "why", true),
                ("system", "why", true),
                ("operator", "why", false),
                ("organization_admin", "why", false),
                ("admin", NO_REASON, false),
            ] {
                let kind = carry_out(&rows, &command, &actor(role, reason)).err().map(|refusal| refusal.kind);
                assert_eq!(kind, (!is_allowed).then_some(RefusalKind::Locked), "{role} {reason} {command:?}");
            }
        }
        assert!(carry_out(&rows, &kill("b"), &actor("operator", NO_REASON)).is_ok());
    }
}
