//! The chat widget's flags that its package and `@twinflag/edge` contain for use without a worker: the worker's answer without a ruleset, and the example
//! flags' values in each environment.
use std::fs;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use crate::root;

/// The constants of `npm/chat-widget/src/flags.ts`, for esbuild.
pub(crate) fn constants() -> Result<Vec<String>> {
    let (defaults, document) = (json("edge-worker/widget-defaults.json")?, json("npm/examples/flags.json")?);
    let environments = environments(&document).context("the example flags have no environments")?;
    Ok(vec![format!("--define:WIDGET_DEFAULTS={defaults}"), format!("--define:WIDGET_ENVIRONMENTS={environments}")])
}

fn json(path: &str) -> Result<Value> {
    serde_json::from_slice(&fs::read(root::in_root(path))?).with_context(|| format!("cannot read {path}"))
}

/// For each environment a tree of the flags that name it, with true for those that are on in it.
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
