//! The draws of flags: a change that puts the units of a live draw into other buckets redraws them.
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString as _},
};

use sdk_core::{Percentage, json::Json, stage::Status};

use super::{Consequence, ConsequenceKind};
use crate::{
    rows::{RowKey, RowKind, Rows},
    state_row,
};

/// The inputs of a draw besides the unit's value and the bucket key.
#[derive(PartialEq, Eq)]
struct Draw {
    salt: String,
    unit: String,
    hash: String,
}

impl Draw {
    /// The first input that differs: its member in documents, and its value here and in the other draw.
    fn difference<'d>(&'d self, other: &'d Self) -> Option<(&'static str, &'d str, &'d str)> {
        let inputs = [("salt", &self.salt, &other.salt), ("unit", &self.unit, &other.unit), ("hash", &self.hash, &other.hash)];
        inputs.into_iter().find(|(_, old, new)| old != new).map(|(member, old, new)| (member, old.as_str(), new.as_str()))
    }
}

/// The draws of a flag: its own inputs, and by its place each that counts.
struct Draws {
    own: Draw,
    live: BTreeMap<String, Draw>,
}

/// The consequence of a flag whose units would be drawn anew; `None` if each draw that it keeps has the inputs that it had. `row` and
/// `new_row` are those of the flag before and after.
pub(super) fn redrawn([before, after]: [&Rows; 2], row: &RowKey, new_row: &RowKey) -> Option<Consequence> {
    let (old, new) = (draws(before, row)?, draws(after, new_row)?);
    let (place, drawn) = old.live.iter().find(|(place, draw)| new.live.get(*place).is_some_and(|new| new != *draw))?;
    let key = super::plain_name(&row.name);
    // A rule's draw may differ because the flag's inputs do: then the flag is told.
    let (below, (member, was, is)) = match old.own.difference(&new.own) {
        Some(difference) => (difference.0, difference),
        None => ("rules", drawn.difference(new.live.get(place)?)?),
    };
    let message = if row != new_row && member == "salt" && was == key {
        format!("with the key {:?} the flag {key:?} would draw other units: give it \"salt\": {was:?}", super::plain_name(&new_row.name))
    } else {
        format!("the flag {key:?} would draw other units, because the {member} of a draw would be {is:?} and is {was:?}")
    };
    Some(Consequence::new(ConsequenceKind::Redrawn, row.clone(), &[below], message))
}

fn draws(rows: &Rows, row: &RowKey) -> Option<Draws> {
    let flag = serde_json::from_str::<Json<'_>>(rows.text(row)?).ok()?;
    let text = |json: &Json<'_>, name| Some(json.get(name)?.as_str()?.to_string());
    let salt = text(&flag, "salt").unwrap_or_else(|| super::plain_name(&row.name));
    let unit = text(&flag, "unit").unwrap_or_else(|| "targetingKey".into());
    let hash = text(&flag, "hash").unwrap_or_else(|| "sip-1".into());
    let draw = |salt, unit| Draw { salt, unit, hash: hash.clone() };
    let mut live = BTreeMap::new();
    if rows.get(RowKind::State, &row.name).and_then(|state| state_row::rollout(state, None)).is_some_and(|rollout| {
        let is_split = ![Some(Percentage::default()), Percentage::of(100.0)].contains(&Some(rollout.percentage));
        is_split && rollout.status != Status::Planned
    }) {
        live.insert(String::new(), draw(salt.clone(), unit.clone()));
    }
    if let Some(Json::Array(rules)) = flag.get("rules") {
        for (index, rule) in rules.iter().enumerate() {
            let name = text(rule, "name");
            let place = name.clone().unwrap_or_else(|| index.to_string());
            if let Some(serve) = rule.get("serve").filter(|serve| serve.get("split").is_some()) {
                let of_rule = || format!("{salt}/{}", name.as_deref().unwrap_or_default());
                let own = draw(text(serve, "salt").unwrap_or_else(of_rule), text(serve, "unit").unwrap_or_else(|| unit.clone()));
                live.insert(place.clone(), own);
            }
            let mut count = 0;
            percentages(rule.get("if"), &mut |percentage| {
                let own = draw(text(percentage, "salt").unwrap_or_default(), text(percentage, "unit").unwrap_or_else(|| unit.clone()));
                live.insert(format!("{place}/if/{count}"), own);
                count += 1;
            });
        }
    }
    Some(Draws { own: draw(salt, unit), live })
}

/// Visits the percentages of a condition, in their order.
fn percentages<'j>(condition: Option<&Json<'j>>, visit: &mut dyn FnMut(&Json<'j>)) {
    match condition {
        Some(Json::Object(members)) => {
            for (name, value) in members {
                match value {
                    Json::Object(_) if name == "percentage" => visit(value),
                    value => percentages(Some(value), visit),
                }
            }
        }
        Some(Json::Array(items)) => items.iter().for_each(|item| percentages(Some(item), visit)),
        Some(Json::Null | Json::Boolean(_) | Json::Number(_) | Json::String(_)) | None => {}
    }
}
