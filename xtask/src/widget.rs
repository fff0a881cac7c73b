//! The chat widget's flags where nobody can be asked, as `@twinflag/edge` carries them: what the worker answers without a ruleset,
//! and what the example flags say of each environment.
use std::fs;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use crate::root;

/// The constants of `npm/edge/src/widget.ts`, for esbuild.
pub(crate) fn constants() -> Result<Vec<String>> {
    let (defaults, document) = (json("edge-worker/widget-defaults.json")?, json("npm/examples/flags.json")?);
    let environments = environments(&document).context("the example flags have no environments")?;
    Ok(vec![format!("--define:WIDGET_DEFAULTS={defaults}"), format!("--define:WIDGET_ENVIRONMENTS={environments}")])
}

fn json(path: &str) -> Result<Value> {
    serde_json::from_slice(&fs::read(root::in_root(path))?).with_context(|| format!("cannot read {path}"))
}

/// By environment, the tree of whether each flag that names it is on there.
fn environments(document: &Value) -> Option<Value> {
    let mut trees = Map::new();
    for (key, flag) in document["flags"].as_object()? {
        for (environment, variant) in flag["environments"].as_object().into_iter().flatten() {
            let tree = trees.entry(environment).or_insert_with(|| Map::new().into());
            *key.split('.').fold(tree, |node, step| &mut node[step]) = (variant == "on").into();
        }
    }
    (!trees.is_empty()).then(|| trees.into())
}
