//! Reads the members of an object, and reports unknown members, repeated ones and those of a wrong kind.
use alloc::{borrow::Cow, string::String, vec, vec::Vec};
use core::fmt;

pub(crate) use super::report::Report;
use super::texts::Texts;
use crate::json::{Indexed, Items, Members, Node, Place, Value, cursor::Member};

/// The members of one object, whose texts borrow from the document where they are written without escapes.
pub(crate) struct Fields<'j, 't, 'p> {
    members: Indexed<'j, 't>,
    pub(crate) place: Place<'p>,
}

impl<'j, 't, 'p> Fields<'j, 't, 'p> {
    /// Takes an object in which only these names may stand, each once.
    pub(crate) fn of(json: Value<'j, 't>, place: Place<'p>, names: &[&str], report: &mut Report) -> Option<Self> {
        let Some(members) = json.members() else {
            report.expected(place, "an object", json);
            return None;
        };
        let fields = Self { members: members.indexed(), place };
        fields.members.visit_others(names, |name| {
            report.error(place.name(name), format_args!("unknown member, expected one of {}", Listed(names)));
        });
        for name in fields.members.repeated() {
            report.twice(place.name(&name.text()));
        }
        Some(fields)
    }

    /// The value of a member.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'j, 't>> {
        self.members.get(name)
    }

    pub(crate) fn string(&self, name: &str, report: &mut Report) -> Option<Cow<'t, str>> {
        let json = self.get(name)?;
        let text = json.as_str();
        if text.is_none() {
            report.expected(self.place.name(name), "a string", json);
        }
        text
    }

    pub(crate) fn boolean(&self, name: &str, report: &mut Report) -> Option<bool> {
        as_boolean(self.get(name)?, self.place.name(name), report)
    }

    pub(crate) fn number(&self, name: &str, report: &mut Report) -> Option<f64> {
        let json = self.get(name)?;
        if let Node::Number(number) = json.node() {
            return Some(number);
        }
        report.expected(self.place.name(name), "a number", json);
        None
    }

    pub(crate) fn object(&self, name: &str, report: &mut Report) -> Option<Members<'j, 't>> {
        let json = self.get(name)?;
        let members = json.members();
        match &members {
            Some(members) => report_repeated(members, self.place.name(name), report),
            None => report.expected(self.place.name(name), "an object", json),
        }
        members
    }

    /// A list; an absent one is empty.
    pub(crate) fn list(&self, name: &str, report: &mut Report) -> Items<'j, 't> {
        let Some(json) = self.get(name) else { return Items::default() };
        json.items().unwrap_or_else(|| {
            report.expected(self.place.name(name), "a list", json);
            Items::default()
        })
    }

    /// A list of strings; an absent one is empty.
    pub(crate) fn strings(&self, name: &str, report: &mut Report) -> Texts {
        let place = self.place.name(name);
        let items = self.list(name, report);
        let mut strings = Texts::with_capacity(items.len());
        for (index, item) in items.enumerate() {
            match item.as_str() {
                Some(text) => strings.push(&text),
                None => report.expected(place.index(index), "a string", item),
            }
        }
        strings.trimmed()
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

/// Reads a boolean; `None` after reporting another kind of value.
pub(crate) fn as_boolean(json: Value<'_, '_>, place: Place<'_>, report: &mut Report) -> Option<bool> {
    if let Node::Boolean(boolean) = json.node() {
        return Some(boolean);
    }
    report.expected(place, "true or false", json);
    None
}

/// Reports each name that stands twice in an object, at its member.
fn report_repeated(members: &Members<'_, '_>, place: Place<'_>, report: &mut Report) {
    for name in members.repeated() {
        report.twice(place.name(&name.text()));
    }
}

/// Reports members that stand twice anywhere in a value that is not read further.
pub(crate) fn report_repeated_within(json: Value<'_, '_>, place: Place<'_>, report: &mut Report) {
    if let Some(members) = json.members() {
        report_repeated(&members, place, report);
        for (name, value) in members {
            report_repeated_within(value, place.name(&name.text()), report);
        }
    } else if let Some(items) = json.items() {
        for (index, item) in items.enumerate() {
            report_repeated_within(item, place.index(index), report);
        }
    }
}

/// The names that occur more than once, sorted, each of them once.
pub(crate) fn duplicates<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Vec<&'n str> {
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
    /// For each name: true if it was met.
    met: Vec<bool>,
}

impl Repeated {
    pub(crate) fn of<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Self {
        let names: Vec<String> = duplicates(names).into_iter().map(String::from).collect();
        Self { met: vec![false; names.len()], names }
    }

    /// Returns true if a member of the section at `place` is left out for its name. That is reported where the name is met first.
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
