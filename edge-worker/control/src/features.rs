//! Flags as an operator sees them: the definition of each, and the stage of its rollout.
use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::json::Json;

use crate::{
    CurrentState,
    lifecycle::Rollout,
    rows::{RowKey, RowKind, Rows, refused},
    state_row,
};

/// A flag as an operator sees it; made by [`features`] and [`CurrentState::feature`].
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// The name in lists of features and logs of rollouts: the first alias of a flag whose key has dots, else the key.
    pub name: String,
    /// The key of the flag.
    pub key: String,
    /// The aliases of the flag, in the order of the document.
    pub aliases: Vec<String>,
    /// The member `stage` of the document, such as `stable`, `beta` or `experimental`.
    pub stage: Option<String>,
    /// The member `description` of the document.
    pub description: Option<String>,
    /// The member `owner` of the document: the person or the team in charge.
    pub owner: Option<String>,
    /// The tags of the flag.
    pub tags: Vec<String>,
    /// The type of the flag: `boolean`, `string`, `number` or `object`.
    pub kind: String,
    /// True if the flag is switched on; false after a kill.
    pub enabled: bool,
    /// True if its newest definition was refused, and the last good one serves.
    pub refused: bool,
    /// The rollout of the flag; `None` if it has none.
    pub rollout: Option<Rollout>,
}

/// The flags of the ruleset, in the order of the document.
pub fn features(current: CurrentState<'_>) -> Vec<Feature> {
    let keys =
        current.rows.names("flags").filter(|name| current.ruleset.find(name).is_some_and(|flag| current.ruleset.key_of(flag) == *name));
    keys.filter_map(|key| feature(current, key)).collect()
}

impl CurrentState<'_> {
    /// The flag with this key or alias; `None` if there is none.
    pub fn feature(&self, name: &str) -> Option<Feature> {
        feature(*self, self.ruleset.key_of(self.ruleset.find(name)?))
    }

    /// The flag with this key or alias after these writes, which the ruleset already has; `None` if there is none.
    pub fn feature_after(&self, name: &str, writes: &[(RowKey, Option<String>)]) -> Option<Feature> {
        let key = self.ruleset.key_of(self.ruleset.find(name)?);
        let own = [RowKind::Flag, RowKind::State, RowKind::Course].map(|kind| RowKey { kind, name: key.into() });
        let refused = own.first().and_then(refused::key_of);
        let mut rows = Rows::default();
        for row in own.into_iter().chain(refused) {
            let text = match writes.iter().find(|(written, _)| *written == row) {
                Some((_, text)) => text.as_deref(),
                None => self.rows.text(&row),
            };
            if let Some(text) = text {
                rows.insert(row, text.into());
            }
        }
        feature(CurrentState { rows: &rows, ..*self }, key)
    }
}

fn feature(current: CurrentState<'_>, key: &str) -> Option<Feature> {
    let flag = serde_json::from_str::<Json<'_>>(current.rows.get(RowKind::Flag, key)?).ok()?;
    let Json::Object(_) = flag else { return None };
    let text = |name| Some(flag.get(name)?.as_str()?.to_string());
    let words = |name| match flag.get(name) {
        Some(Json::Array(words)) => words.iter().filter_map(|word| Some(word.as_str()?.to_string())).collect(),
        _ => Vec::new(),
    };
    let state = current.rows.get(RowKind::State, key).unwrap_or("{}");
    let aliases: Vec<String> = words("aliases");
    Some(Feature {
        name: aliases.first().filter(|_| key.contains('.')).map_or(key, String::as_str).into(),
        key: key.into(),
        aliases,
        stage: text("stage"),
        description: text("description"),
        owner: text("owner"),
        tags: words("tags"),
        kind: text("type").unwrap_or_else(|| "boolean".into()),
        enabled: state_row::enabled(state),
        refused: current.rows.refused(&RowKey { kind: RowKind::Flag, name: key.into() }).is_some(),
        rollout: state_row::rollout(state, current.rows.get(RowKind::Course, key)),
    })
}
