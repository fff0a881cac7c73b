//! Overrides as documents write them: trees or dotted keys, by owner. They are compiled for a ruleset, which is compiled already.
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use core::convert::Infallible;

use serde_json::value::RawValue;

use super::{
    error::DocumentError,
    override_tree::{Leaf, Members, VisitLeaves, visit_leaves},
    reader::{Report, duplicates},
};
use crate::{
    evaluate::{
        overrides::{OwnerKind, OwnerOverrides},
        ruleset::Ruleset,
    },
    json::{
        Place,
        tree::{Json, Raw, RawMembers, plain},
    },
};

impl Ruleset {
    /// Compiles what one owner gets, written as in a document, and says what of it is left out: the same as for this owner in
    /// the whole document. The result belongs to this ruleset; another one numbers flags otherwise.
    pub fn owner_overrides(&self, kind: OwnerKind, id: &str, tree: &str) -> (OwnerOverrides, Vec<DocumentError>) {
        let (section, mut report) = (Place::ROOT.name("overrides"), Report::default());
        let section = section.name(kind.section());
        let place = section.name(id);
        let read = serde_json::from_str::<&RawValue>(tree).map_err(|error| DocumentError::at(place, plain(&error)));
        let overrides = match read.and_then(|raw| Json::read(raw, place)) {
            Ok(tree) => owner(&tree, place, self, &mut report),
            Err(error) => {
                report.errors.push(error);
                OwnerOverrides::default()
            }
        };
        (overrides, report.errors)
    }
}

/// Reads the overrides of all customers, or of all organizations. A bad leaf is left out alone.
pub(crate) fn owners(raw: &RawValue, place: Place<'_>, ruleset: &Ruleset, report: &mut Report) -> BTreeMap<String, OwnerOverrides> {
    let mut owners = BTreeMap::new();
    let members = match serde_json::from_str::<RawMembers<'_>>(raw.get()) {
        Ok(members) => members.0,
        Err(error) => {
            report.error(place, format!("expected an object of owners: {}", plain(&error)));
            return owners;
        }
    };
    let names: Vec<&str> = members.iter().filter_map(|(name, _)| name.as_deref().ok()).collect();
    let twice = duplicates(names.into_iter());
    for name in &twice {
        report.error(place.name(name), "a member of this name stands here twice");
    }
    for (name, raw) in &members {
        match name {
            Err(why) => report.error(place, why),
            Ok(name) if twice.contains(&name.as_ref()) => {}
            Ok(name) => match Json::read(raw, place.name(name)) {
                Err(error) => report.errors.push(error),
                Ok(tree) => {
                    owners.insert(name.as_ref().into(), owner(&tree, place.name(name), ruleset, report));
                }
            },
        }
    }
    owners
}

/// Reads the overrides of one owner.
fn owner(tree: &Json<'_>, place: Place<'_>, ruleset: &Ruleset, report: &mut Report) -> OwnerOverrides {
    let Json::Object(_) = tree else {
        report.expected(place, "an object of overrides", tree);
        return OwnerOverrides::default();
    };
    let mut leaves = Leaves { ruleset, report, found: BTreeMap::new() };
    let Ok(()) = visit_leaves(tree, place, &mut leaves);
    OwnerOverrides::new(leaves.found.into_iter().filter_map(|(flag, (_, variant, _))| Some((flag, variant?))).collect())
}

struct Leaves<'l> {
    ruleset: &'l Ruleset,
    report: &'l mut Report,
    /// By flag: how it was named, the variant if that is one, and where, unless nothing can take its place.
    found: BTreeMap<u32, (Named, Option<u32>, Option<DocumentError>)>,
}

/// How a leaf names its flag. Of two, the literal key wins, then the one that stands first here, then the first written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Key,
    Alias,
    PathOfKey,
    PathOfAlias,
}

impl<'j> VisitLeaves<'j> for Leaves<'_> {
    type Error = Infallible;

    fn object<'w>(&mut self, place: Place<'_>, _: usize, members: &'w Members<'j>) -> Result<Vec<&'w str>, Infallible> {
        let twice = duplicates(members.iter().map(|(name, _)| name.as_ref()));
        for name in &twice {
            self.report.error(place.name(name), "a member of this name stands here twice");
        }
        Ok(twice)
    }

    fn leaf(&mut self, Leaf { path, depth, place, value }: Leaf<'_, 'j>) -> Result<(), Infallible> {
        let Some(flag) = self.ruleset.find(path) else {
            self.report.error(place, format!("unknown flag {path:?}"));
            return Ok(());
        };
        let variant = match value {
            Json::Boolean(boolean) => {
                let variant = self.ruleset.first_boolean(flag, *boolean);
                if variant.is_none() {
                    self.report.error(place, format!("flag {path:?} has no variant with the value {boolean}"));
                }
                variant
            }
            Json::String(name) => {
                let variant = self.ruleset.variant_number(flag, name);
                if variant.is_none() {
                    self.report.error(place, format!("unknown variant {name:?}"));
                }
                variant
            }
            other => {
                self.report.expected(place, "true, false or a variant's name", other);
                None
            }
        };
        let key = self.ruleset.key_of(flag);
        let named = match (depth == 1, path == key) {
            (true, true) => Named::Key,
            (true, false) => Named::Alias,
            (false, true) => Named::PathOfKey,
            (false, false) => Named::PathOfAlias,
        };
        let twice = || DocumentError::at(place, format!("flag {key:?} is named twice"));
        match self.found.get_mut(&flag) {
            None => {
                self.found.insert(flag, (named, variant, (named != Named::Key).then(twice)));
            }
            Some(before) if named < before.0 => {
                self.report.errors.extend(before.2.take());
                *before = (named, variant, (named != Named::Key).then(twice));
            }
            Some(_) => self.report.errors.push(twice()),
        }
        Ok(())
    }
}

/// The raw values of `customers` and `organizations`.
pub(crate) fn sections<'r>(members: &Raw<'r>, place: Place<'_>, report: &mut Report) -> [Option<&'r RawValue>; 2] {
    let mut sections = [None, None];
    for (name, raw) in members {
        let section = match name.as_deref() {
            Ok("customers") => &mut sections[0],
            Ok("organizations") => &mut sections[1],
            Ok(other) => {
                report.error(place.name(other), "unknown member, expected one of customers, organizations");
                continue;
            }
            Err(why) => {
                report.error(place, why);
                continue;
            }
        };
        if section.replace(*raw).is_some() {
            report.error(place.name(name.as_deref().unwrap_or_default()), "a member of this name stands here twice");
        }
    }
    sections
}
