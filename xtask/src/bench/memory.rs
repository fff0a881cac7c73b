//! The memory of a hub and an isolate that hold the largest document.
use anyhow::{Context, Result};
use serde_json::Value;

use super::verdict;

/// The budget for the memory of the worker's module, in bytes.
const WASM_BUDGET: f64 = 64e6;
/// The budget for the heap of V8 in the worker's isolate, in bytes.
const HEAP_BUDGET: f64 = 48e6;

pub(super) fn print(measured: &Value) -> Result<()> {
    let figure = |place: &str| measured.pointer(place).and_then(Value::as_f64).with_context(|| format!("no figure at {place}"));
    println!("memory: hub, reader and isolate together, with a document of {:.1} MB", figure("/bytes")? / 1e6);
    for (work, name) in [("written", "imported and changed"), ("cold", "after a start")] {
        for (part, what, budget) in [("wasm", "module", WASM_BUDGET), ("heap", "V8's heap", HEAP_BUDGET)] {
            let bytes = figure(&format!("/{work}/{part}"))?;
            let row = format!("memory: {what}, {name}");
            println!("{row:<41} {:>10}   ≤ {:.0} MB {}", format!("{:.1} MB", bytes / 1e6), budget / 1e6, verdict(bytes <= budget));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_printed_and_a_missing_one_is_told() {
        let one = serde_json::json!({ "wasm": 63_000_000, "heap": 9_000_000 });
        let mut measured = serde_json::json!({ "bytes": 7_700_000, "written": one, "cold": one });
        assert!(print(&measured).is_ok());
        measured["cold"] = Value::Null;
        assert!(print(&measured).is_err_and(|error| error.to_string().contains("/cold/wasm")));
    }
}
