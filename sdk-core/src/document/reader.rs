//! Reading the members of an object: which may stand there, what kind each must be, and what is wrong with it if not.
use alloc::{borrow::Cow, format, vec::Vec};

use super::error::DocumentError;
use crate::json::{Json, Place};

/// What was found wrong so far.
#[derive(Default)]
pub(crate) struct Report {
    /// What leaves a flag, a segment or an override out.
    pub(crate) errors: Vec<DocumentError>,
    /// What refuses the document whole; the first counts.
    pub(crate) refusal: Option<DocumentError>,
}

impl Report {
    pub(crate) fn error(&mut self, place: Place<'_>, message: impl core::fmt::Display) {
        self.errors.push(DocumentError::at(place, message));
    }

    pub(crate) fn refuse(&mut self, place: Place<'_>, message: impl core::fmt::Display) {
        self.refusal.get_or_insert_with(|| DocumentError::at(place, message));
    }

    /// Reports that something else was expected.
    pub(crate) fn expected(&mut self, place: Place<'_>, what: &str, found: &Json<'_>) {
        self.error(place, format!("expected {what}, found {}", found.kind()));
    }

    /// How much was reported: unchanged means nothing was.
    pub(crate) fn mark(&self) -> (usize, bool) {
        (self.errors.len(), self.refusal.is_some())
    }
}

/// The members of one object.
pub(crate) struct Fields<'j, 'p> {
    members: &'j [(Cow<'j, str>, Json<'j>)],
    pub(crate) place: Place<'p>,
}

impl<'j, 'p> Fields<'j, 'p> {
    /// Takes an object in which only these names may stand, each once.
    pub(crate) fn of(json: &'j Json<'j>, place: Place<'p>, names: &[&str], report: &mut Report) -> Option<Self> {
        let Json::Object(members) = json else {
            report.expected(place, "an object", json);
            return None;
        };
        for (name, _) in members {
            if !names.contains(&name.as_ref()) {
                report.error(place.name(name), format!("unknown member, expected one of {}", names.join(", ")));
            }
        }
        report_duplicates(members, place, report);
        Some(Self { members, place })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'j Json<'j>> {
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

    pub(crate) fn object(&self, name: &str, report: &mut Report) -> Option<&'j [(Cow<'j, str>, Json<'j>)]> {
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

    /// A list of at most [`super::MAX_LIST`] entries; an absent one is empty.
    pub(crate) fn list(&self, name: &str, report: &mut Report) -> &'j [Json<'j>] {
        match self.get(name) {
            None => &[],
            Some(Json::Array(items)) => {
                if items.len() > super::MAX_LIST {
                    report.refuse(self.place.name(name), format!("{} entries, at most {} are allowed", items.len(), super::MAX_LIST));
                }
                items
            }
            Some(other) => {
                report.expected(self.place.name(name), "a list", other);
                &[]
            }
        }
    }

    /// A list of strings; an absent one is empty.
    pub(crate) fn strings(&self, name: &str, report: &mut Report) -> Vec<&'j str> {
        let mut strings = Vec::new();
        let place = self.place.name(name);
        for (index, item) in self.list(name, report).iter().enumerate() {
            match item {
                Json::String(text) => strings.push(text.as_ref()),
                other => report.expected(place.index(index), "a string", other),
            }
        }
        strings
    }

    /// Reports an absent member that must be there.
    pub(crate) fn require<T>(&self, name: &str, value: Option<T>, report: &mut Report) -> Option<T> {
        if self.get(name).is_none() {
            report.error(self.place, format!("expected a member {name:?}"));
        }
        value
    }
}

/// A member twice in one object is an error at that member.
fn report_duplicates(members: &[(Cow<'_, str>, Json<'_>)], place: Place<'_>, report: &mut Report) {
    for name in duplicates(members.iter().map(|(name, _)| name.as_ref())) {
        report.error(place.name(name), "a member of this name stands here twice");
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
        _ => {}
    }
}

/// The names that occur more than once, each of them once.
pub fn duplicates<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Vec<&'n str> {
    const FEW: usize = 12;
    let few: Vec<&str> = names.clone().take(FEW + 1).collect();
    if few.len() <= FEW && few.iter().enumerate().all(|(index, name)| few.iter().skip(index + 1).all(|other| other != name)) {
        return Vec::new();
    }
    let mut sorted: Vec<&str> = names.collect();
    sorted.sort_unstable();
    let mut twice: Vec<&str> = sorted.windows(2).filter_map(|pair| matches!(pair, [a, b] if a == b).then_some(*pair.first()?)).collect();
    twice.dedup();
    twice
}
