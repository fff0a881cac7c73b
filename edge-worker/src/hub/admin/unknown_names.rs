//! `/api/admin/unknown-flags`: names that evaluations asked for, or outcomes named, and that no flag has.
use sdk_core::Millis;
use serde::Serialize;
use worker::Response;

use super::{json, view};
use crate::{
    asked_names::AskedName,
    hub::FlagHub,
    problem::Problem,
    store::{Read, UnknownFlag},
};

/// The most names of outcomes in an answer.
const MOST_NAMED: u32 = 100;

/// A name that no flag has.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UnknownName {
    /// The evaluations that asked for it, about.
    asked: u64,
    last_at: String,
    name: String,
    /// The outcomes that named it.
    outcomes: u64,
}

impl FlagHub {
    /// GET: the names.
    pub(super) fn list_unknown_names(&self) -> Result<Response, Problem> {
        json(view::list("unknownFlags", &self.unknown_names()?))
    }

    /// The names that outcomes named, the latest first, and then those that were only asked for, the latest first.
    pub(super) fn unknown_names(&self) -> Result<Vec<UnknownName>, Problem> {
        let ground = self.ground()?;
        // A flag may have got the name since.
        let is_unknown = |name: &str| ground.ruleset.find(name).is_none();
        Ok(merged(self.store.unknown_flags(MOST_NAMED)?, self.asked_names.list(), is_unknown))
    }
}

/// The names of outcomes, then those that were only asked for.
fn merged(named: Vec<UnknownFlag>, mut asked: Vec<AskedName>, is_unknown: impl Fn(&str) -> bool) -> Vec<UnknownName> {
    let mut found = Vec::new();
    for UnknownFlag { name, outcomes, last_at } in named {
        let same = asked.iter().position(|asked| asked.name == name).map(|place| asked.remove(place));
        let (times, last) = same.map_or((0, last_at), |same| (same.asked, last_at.max(same.last.0)));
        found.push(UnknownName { asked: times, last_at: Millis(last).to_rfc3339(), name, outcomes });
    }
    for AskedName { name, asked, last } in asked {
        found.push(UnknownName { asked, last_at: last.to_rfc3339(), name, outcomes: 0 });
    }
    found.retain(|found| is_unknown(&found.name));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluations_and_outcomes_of_one_name_are_one_entry_with_the_later_moment() {
        let named = |name: &str, outcomes, last_at| UnknownFlag { name: name.to_owned(), outcomes, last_at };
        let asked = |name: &str, asked, last| AskedName { name: name.to_owned(), asked, last: Millis(last) };
        let found = merged(
            vec![named("made since", 9, 9_000), named("reported", 2, 4_000), named("both", 5, 1_000)],
            vec![asked("also made since", 1, 9_000), asked("both", 3, 6_000), asked("asked", 1, 2_000)],
            |name| !name.ends_with("made since"),
        );
        let expected = [("reported", 0, 2, 4), ("both", 3, 5, 6), ("asked", 1, 0, 2)].map(|(name, asked, outcomes, second)| UnknownName {
            asked,
            last_at: format!("1970-01-01T00:00:0{second}.000Z"),
            name: name.to_owned(),
            outcomes,
        });
        assert_eq!(found, expected);
    }
}
