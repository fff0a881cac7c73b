//! The draws of flags and segments: a change that puts the units of a live draw into other buckets redraws them.
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{Percentage, json::Json, stage::Status};

use super::{Consequence, ConsequenceKind};
use crate::{
    rows::{RowKey, RowKind, Rows},
    state_row,
};

/// The inputs of a draw besides the unit's value and the bucket key.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Inputs {
    salt: String,
    unit: String,
    hash: String,
}

impl Inputs {
    /// The first input that differs: its member in documents, and its value here and in the other draw.
    fn difference<'d>(&'d self, other: &'d Self) -> Option<(&'static str, &'d str, &'d str)> {
        let inputs = [("salt", &self.salt, &other.salt), ("unit", &self.unit, &other.unit), ("hash", &self.hash, &other.hash)];
        inputs.into_iter().find(|(_, old, new)| old != new).map(|(member, old, new)| (member, old.as_str(), new.as_str()))
    }
}

/// The part of a definition that draws. Only draws of one form are compared with each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Rollout,
    Split,
    Percentage,
}

/// A draw that counts.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Draw {
    form: Form,
    /// The name of its rule; `None` without a rule or in one without a name.
    rule: Option<String>,
    inputs: Inputs,
}

/// The draws of a flag: its own inputs, and each that counts, in order.
struct Draws {
    own: Inputs,
    live: Vec<Draw>,
}

/// The consequence of a flag whose units would be drawn anew; `None` if each draw that it keeps has the inputs that it had. `row` and
/// `new_row` are those of the flag before and after.
pub(super) fn redrawn([before, after]: [&Rows; 2], row: &RowKey, new_row: &RowKey) -> Option<Consequence> {
    let (old, new) = (draws(before, row)?, draws(after, new_row)?);
    let (drawn, next) = moved(&old.live, &new.live)?;
    let key = super::plain_name(&row.name);
    // A rule's draw may differ because the flag's inputs do: then the flag is told.
    let (below, (member, was, is)) = match old.own.difference(&new.own) {
        Some(difference) => (difference.0, difference),
        None => ("rules", drawn.difference(next)?),
    };
    let message = if row != new_row && member == "salt" && was == key {
        format!("with the key {:?} the flag {key:?} would draw other units: give it \"salt\": {was:?}", super::plain_name(&new_row.name))
    } else {
        format!("the flag {key:?} would draw other units, because the {member} of a draw would be {is:?} and is {was:?}")
    };
    Some(Consequence::new(ConsequenceKind::Redrawn, row.clone(), &[below], message))
}

/// The consequence of a segment whose percentages would draw other units; `None` if each that it keeps has the inputs that it had.
pub(super) fn redrawn_segment([before, after]: [&Rows; 2], row: &RowKey) -> Option<Consequence> {
    let percentages = |rows: &Rows| {
        let segment = serde_json::from_str::<Json<'_>>(rows.text(row)?).ok()?;
        // A percentage in a segment names its unit, and no flag governs its hash.
        Some(percentages_in(Some(&segment), None, &Inputs { salt: String::new(), unit: String::new(), hash: "sip-1".into() }))
    };
    let (old, new) = (percentages(before)?, percentages(after)?);
    let (drawn, next) = moved(&old, &new)?;
    let (member, was, is) = drawn.difference(next)?;
    let name = super::plain_name(&row.name);
    let message =
        format!("the segment {name:?} would draw other units, because the {member} of a percentage would be {is:?} and is {was:?}");
    Some(Consequence::new(ConsequenceKind::Redrawn, row.clone(), &["percentage"], message))
}

/// The inputs of the first draw that has others afterwards, and those. Draws with the same inputs are the same draw wherever they stand, if
/// no rule of the same name has other ones; what is left of both sides is compared in order, as that of a rule with a new name.
fn moved<'d>(old: &'d [Draw], new: &'d [Draw]) -> Option<(&'d Inputs, &'d Inputs)> {
    let [mut old, mut new] = [old, new].map(|draws| draws.iter().collect::<Vec<_>>());
    take_pairs(&mut old, &mut new, |draw| draw);
    let of_rule = first_pair(&old, &new, |draw| Some((draw.form, draw.rule.as_deref()?)));
    of_rule.or_else(|| {
        take_pairs(&mut old, &mut new, |draw| (draw.form, &draw.inputs));
        first_pair(&old, &new, |draw| Some(draw.form))
    })
}

/// Takes draws with the same key out of both sides, one for one.
fn take_pairs<'d, K: Ord>(old: &mut Vec<&'d Draw>, new: &mut Vec<&'d Draw>, key: impl Fn(&'d Draw) -> K) {
    let count = |draws: &[&'d Draw]| {
        let mut counts: BTreeMap<K, usize> = BTreeMap::new();
        for draw in draws {
            *counts.entry(key(draw)).or_default() += 1;
        }
        counts
    };
    let mut counts = [count(new), count(old)];
    for (draws, counts) in [old, new].into_iter().zip(&mut counts) {
        draws.retain(|draw| match counts.get_mut(&key(draw)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            Some(_) | None => true,
        });
    }
}

/// The inputs of the first draw for which the other side has one with the same key, and those of the first such one.
fn first_pair<'d, K: Ord>(old: &[&'d Draw], new: &[&'d Draw], key: impl Fn(&'d Draw) -> Option<K>) -> Option<(&'d Inputs, &'d Inputs)> {
    let mut first: BTreeMap<K, &Inputs> = BTreeMap::new();
    for draw in new {
        if let Some(key) = key(draw) {
            first.entry(key).or_insert(&draw.inputs);
        }
    }
    old.iter().find_map(|draw| Some((&draw.inputs, *first.get(&key(draw)?)?)))
}

fn draws(rows: &Rows, row: &RowKey) -> Option<Draws> {
    let flag = serde_json::from_str::<Json<'_>>(rows.text(row)?).ok()?;
    let salt = text(&flag, "salt").unwrap_or_else(|| super::plain_name(&row.name));
    let unit = text(&flag, "unit").unwrap_or_else(|| "targetingKey".into());
    let hash = text(&flag, "hash").unwrap_or_else(|| "sip-1".into());
    let inputs = |salt, unit| Inputs { salt, unit, hash: hash.clone() };
    let own = inputs(salt.clone(), unit.clone());
    let mut live = Vec::new();
    if rows.get(RowKind::State, &row.name).and_then(|state| state_row::rollout(state, None)).is_some_and(|rollout| {
        let is_split = ![Some(Percentage::default()), Percentage::of(100.0)].contains(&Some(rollout.percentage));
        is_split && rollout.status != Status::Planned
    }) {
        live.push(Draw { form: Form::Rollout, rule: None, inputs: inputs(salt.clone(), unit.clone()) });
    }
    if let Some(Json::Array(rules)) = flag.get("rules") {
        for rule in rules {
            let name = text(rule, "name");
            if let Some(serve) = rule.get("serve").filter(|serve| serve.get("split").is_some()) {
                let of_rule = || format!("{salt}/{}", name.as_deref().unwrap_or_default());
                let own = inputs(text(serve, "salt").unwrap_or_else(of_rule), text(serve, "unit").unwrap_or_else(|| unit.clone()));
                live.push(Draw { form: Form::Split, rule: name.clone(), inputs: own });
            }
            live.extend(percentages_in(rule.get("if"), name.as_deref(), &own));
        }
    }
    Some(Draws { own, live })
}

/// The draws of the percentages in a condition, in their order. `own` has the inputs of one that names none.
fn percentages_in(condition: Option<&Json<'_>>, rule: Option<&str>, own: &Inputs) -> Vec<Draw> {
    let mut found = Vec::new();
    percentages(condition, &mut |percentage| {
        let inputs = Inputs {
            salt: text(percentage, "salt").unwrap_or_default(),
            unit: text(percentage, "unit").unwrap_or_else(|| own.unit.clone()),
            hash: own.hash.clone(),
        };
        found.push(Draw { form: Form::Percentage, rule: rule.map(Into::into), inputs });
    });
    found
}

fn text(json: &Json<'_>, name: &str) -> Option<String> {
    Some(json.get(name)?.as_str()?.to_string())
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
