//! Overrides as documents write them: trees or dotted keys, by owner.
use alloc::{borrow::Cow, boxed::Box, collections::BTreeMap, format, string::String, vec::Vec};

use serde_json::value::RawValue;

use super::{
    flag::Draft,
    json::{Json, RawMembers, plain},
    place::Place,
    reader::{Report, duplicates},
};
use crate::overrides::OwnerOverrides;

/// The flags that overrides may name: by key and alias, each with its number.
pub(crate) type Flags<'d, 'j> = BTreeMap<&'d str, (u32, &'d Draft<'j>)>;

/// Reads the overrides of all customers, or of all organizations. A bad leaf is left out alone.
pub(crate) fn owners(raw: &RawValue, place: Place<'_>, flags: &Flags<'_, '_>, report: &mut Report) -> BTreeMap<String, OwnerOverrides> {
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
                    owners.insert(name.as_ref().into(), owner(&tree, place.name(name), flags, report));
                }
            },
        }
    }
    owners
}

/// Reads the overrides of one owner.
pub(crate) fn owner(tree: &Json<'_>, place: Place<'_>, flags: &Flags<'_, '_>, report: &mut Report) -> OwnerOverrides {
    let mut leaves = Leaves { flags, report, found: BTreeMap::new() };
    let Json::Object(_) = tree else {
        leaves.report.expected(place, "an object of overrides", tree);
        return OwnerOverrides::default();
    };
    leaves.walk(tree, place, &mut String::new(), 0);
    OwnerOverrides::new(leaves.found.into_iter().map(|(flag, (variant, _))| (flag, variant)).collect())
}

struct Leaves<'l, 'd, 'j> {
    flags: &'l Flags<'d, 'j>,
    report: &'l mut Report,
    /// By flag: the variant, and whether the flag's literal key named it.
    found: BTreeMap<u32, (u32, bool)>,
}

impl Leaves<'_, '_, '_> {
    fn walk(&mut self, json: &Json<'_>, place: Place<'_>, path: &mut String, level: usize) {
        let Json::Object(members) = json else { return self.leaf(json, place, path, level) };
        let twice = duplicates(members.iter().map(|(name, _)| name.as_ref()));
        for name in &twice {
            self.report.error(place.name(name), "a member of this name stands here twice");
        }
        for (name, value) in members {
            if twice.contains(&Cow::as_ref(name)) {
                continue;
            }
            let length = path.len();
            if level > 0 {
                path.push('.');
            }
            path.push_str(name);
            self.walk(value, place.name(name), path, level + 1);
            path.truncate(length);
        }
    }

    fn leaf(&mut self, json: &Json<'_>, place: Place<'_>, path: &str, level: usize) {
        let Some((number, draft)) = self.flags.get(path) else {
            return self.report.error(place, format!("unknown flag {path:?}"));
        };
        let variant = match json {
            Json::Boolean(boolean) => {
                let [truthy, falsy] = draft.booleans;
                let variant = if *boolean { truthy } else { falsy };
                if variant.is_none() {
                    self.report.error(place, format!("flag {path:?} has no variant with the value {boolean}"));
                }
                variant
            }
            Json::String(name) => {
                let variant = draft.variants.iter().position(|known| known == name).and_then(|position| u32::try_from(position).ok());
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
        let Some(variant) = variant else { return };
        let literal = level == 1 && path == draft.key;
        match self.found.get(number) {
            None => {
                self.found.insert(*number, (variant, literal));
            }
            Some((_, was_literal)) => {
                self.report.error(place, format!("flag {:?} is named twice", draft.key));
                if literal && !was_literal {
                    self.found.insert(*number, (variant, true));
                }
            }
        }
    }
}

/// The raw members of `overrides`: customers and organizations.
pub(crate) fn sections<'r>(raw: &'r RawValue, place: Place<'_>, report: &mut Report) -> [Option<&'r RawValue>; 2] {
    let mut sections = [None, None];
    let members: Vec<(Result<Box<str>, &str>, &RawValue)> = match serde_json::from_str::<RawMembers<'r>>(raw.get()) {
        Ok(members) => members.0,
        Err(error) => {
            report.error(place, format!("expected customers and organizations: {}", plain(&error)));
            return sections;
        }
    };
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
        if section.replace(raw).is_some() {
            report.error(place.name(name.as_deref().unwrap_or_default()), "a member of this name stands here twice");
        }
    }
    sections
}
