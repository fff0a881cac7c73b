//! Reading the members of an object: which may stand there, what kind each must be, and what is wrong with it if not.
use alloc::{borrow::Cow, boxed::Box, string::String, vec, vec::Vec};
use core::fmt;

pub(crate) use super::report::Report;
use crate::json::{Json, Place, cursor::Member};

/// The members of one object, which borrow from the text where they are written without escapes.
pub(crate) struct Fields<'j, 't, 'p> {
    members: &'j [(Cow<'t, str>, Json<'t>)],
    pub(crate) place: Place<'p>,
}

impl<'j, 't, 'p> Fields<'j, 't, 'p> {
    /// Takes an object in which only these names may stand, each once.
    pub(crate) fn of(json: &'j Json<'t>, place: Place<'p>, names: &[&str], report: &mut Report) -> Option<Self> {
        let Json::Object(members) = json else {
            report.expected(place, "an object", json);
            return None;
        };
        for (name, _) in members {
            if !names.contains(&name.as_ref()) {
                report.error(place.name(name), format_args!("unknown member, expected one of {}", Listed(names)));
            }
        }
        report_duplicates(members, place, report);
        Some(Self { members, place })
    }

    /// Takes the members of a value in which any may stand; of what is no object there are none.
    pub(crate) fn unchecked(json: &'j Json<'t>, place: Place<'p>) -> Self {
        let Json::Object(members) = json else { return Self { members: &[], place } };
        Self { members, place }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'j Json<'t>> {
        self.members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    pub(crate) fn string(&self, name: &str, report: &mut Report) -> Option<&'j str> {
        match self.get(name)? {
            Json::String(text) => Some(text),
            other => {
                report.expected(self.place.name(name), "a string", other);
                None
            }
        }
    }

    pub(crate) fn boolean(&self, name: &str, report: &mut Report) -> Option<bool> {
        match self.get(name)? {
            Json::Boolean(boolean) => Some(*boolean),
            other => {
                report.expected(self.place.name(name), "true or false", other);
                None
            }
        }
    }

    pub(crate) fn number(&self, name: &str, report: &mut Report) -> Option<f64> {
        match self.get(name)? {
            Json::Number(number) => Some(*number),
            other => {
                report.expected(self.place.name(name), "a number", other);
                None
            }
        }
    }

    pub(crate) fn object(&self, name: &str, report: &mut Report) -> Option<&'j [(Cow<'t, str>, Json<'t>)]> {
        match self.get(name)? {
            Json::Object(members) => {
                report_duplicates(members, self.place.name(name), report);
                Some(members)
            }
            other => {
                report.expected(self.place.name(name), "an object", other);
                None
            }
        }
    }

    /// A list; an absent one is empty.
    pub(crate) fn list(&self, name: &str, report: &mut Report) -> &'j [Json<'t>] {
        match self.get(name) {
            None => &[],
            Some(Json::Array(items)) => items,
            Some(other) => {
                report.expected(self.place.name(name), "a list", other);
                &[]
            }
        }
    }

    /// A list of strings; an absent one is empty.
    pub(crate) fn strings(&self, name: &str, report: &mut Report) -> Vec<Box<str>> {
        let place = self.place.name(name);
        let items = self.list(name, report);
        let mut strings = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Json::String(text) => strings.push(Box::from(text.as_ref())),
                other => report.expected(place.index(index), "a string", other),
            }
        }
        strings
    }

    /// Reports an absent member that must be there.
    pub(crate) fn require<T>(&self, name: &str, value: Option<T>, report: &mut Report) -> Option<T> {
        if self.get(name).is_none() {
            report.error(self.place, format_args!("expected a member {name:?}"));
        }
        value
    }
}

/// Names with a comma between them.
struct Listed<'n>(&'n [&'n str]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { ", " } else { "" })?;
            f.write_str(name)?;
        }
        Ok(())
    }
}

/// A member twice in one object is an error at that member.
fn report_duplicates(members: &[(Cow<'_, str>, Json<'_>)], place: Place<'_>, report: &mut Report) {
    for name in duplicates(members.iter().map(|(name, _)| name.as_ref())) {
        report.twice(place.name(name));
    }
}

/// Reports members that stand twice anywhere in a value that is not read further.
pub(crate) fn report_duplicates_within(json: &Json<'_>, place: Place<'_>, report: &mut Report) {
    match json {
        Json::Object(members) => {
            report_duplicates(members, place, report);
            for (name, value) in members {
                report_duplicates_within(value, place.name(name), report);
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                report_duplicates_within(item, place.index(index), report);
            }
        }
        Json::Null | Json::Boolean(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// The names that occur more than once, sorted, each of them once.
pub fn duplicates<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Vec<&'n str> {
    const FEW: usize = 12;
    let is_few = names.clone().nth(FEW).is_none();
    if is_few && names.clone().enumerate().all(|(index, name)| names.clone().skip(index + 1).all(|other| other != name)) {
        return Vec::new();
    }
    let mut sorted: Vec<&str> = names.collect();
    sorted.sort_unstable();
    let mut twice: Vec<&str> = sorted.windows(2).filter_map(|pair| matches!(pair, [a, b] if a == b).then_some(*pair.first()?)).collect();
    twice.dedup();
    twice
}

/// The names that stand in a section more than once, for reading it member by member.
pub(crate) struct Repeated {
    /// Sorted.
    names: Vec<String>,
    /// Of each whether it was met.
    met: Vec<bool>,
}

impl Repeated {
    pub(crate) fn of<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Self {
        let names: Vec<String> = duplicates(names).into_iter().map(String::from).collect();
        Self { met: vec![false; names.len()], names }
    }

    /// Whether a member of the section at `place` is left out for its name. That is reported where the name is met first.
    pub(crate) fn leaves_out(&mut self, name: &str, place: Place<'_>, report: &mut Report) -> bool {
        let Ok(number) = self.names.binary_search_by(|known| known.as_str().cmp(name)) else { return false };
        if self.met.get_mut(number).is_some_and(|met| !core::mem::replace(met, true)) {
            report.twice(place.name(name));
        }
        true
    }
}

/// The members of a section that stand there once, with their names. The others are reported and left out.
pub(crate) fn once<'m, 't>(members: &'m [Member<'t>], place: Place<'_>, report: &mut Report) -> Vec<(&'m Cow<'t, str>, &'m Member<'t>)> {
    let mut repeated = Repeated::of(members.iter().filter_map(|member| member.name.as_deref().ok()));
    let mut once = Vec::with_capacity(members.len());
    for member in members {
        report.reading(member.at);
        match &member.name {
            Err(fault) => report.error(place, fault),
            Ok(name) if repeated.leaves_out(name, place, report) => {}
            Ok(name) => once.push((name, member)),
        }
    }
    once
}
