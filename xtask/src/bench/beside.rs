//! Figures that no peer has, some of them beside another figure of ours.
use anyhow::{Context, Result};
use serde_json::Value;

use super::{nanoseconds, verdict};

pub(super) const NATIVE: &[Beside] = &[
    beside("native: load 1,000 flags, a pattern each", "patterns 1000", None, Budget::Open),
    beside("native: load 5,000 flags, a pattern each", "patterns 5000", None, Budget::Open),
    beside("native: one of 5,000 rows changed, linked", "row changed", None, Budget::Nanoseconds(5e6)),
    beside("native: one of 5,000 rows killed, linked", "row killed", None, Budget::Nanoseconds(5e6)),
    beside("native: one of 5,000 flags killed in place", "restated", None, Budget::Nanoseconds(1e6)),
    beside("native: link a full document, 8 MB", "full linked", None, Budget::Nanoseconds(50e6)),
    beside("native: text of those 5,000, one changed", "document changed", None, Budget::Open),
    beside("native: text of those 5,000, one killed", "document killed", None, Budget::Open),
    beside("native: 100 ignoreCase, Cyrillic name", "cyrillic", Some("ascii"), Budget::Times(3.0)),
    beside("native: one question, 5,000 attributes", "attributes", Some("attribute"), Budget::Times(1.5)),
    beside("native: chain of 5,000, one by one", "one by one", Some("at once"), Budget::Times(2.0)),
];

pub(super) const PAGE: &[Beside] = &[
    beside("page: 100 ignoreCase, Cyrillic name", "cyrillic", Some("ascii"), Budget::Times(3.0)),
    beside("page: load 1,000 flags, first read", "first", None, Budget::Nanoseconds(1e6)),
    beside("page without WASM: load 1,000, first read", "first, script", Some("first"), Budget::Open),
    beside("page without WASM: one flag, fresh user", "one, script", Some("one"), Budget::Times(8.0)),
    beside("page without WASM: all 100 flags of a user", "all, script", Some("all"), Budget::Times(8.0)),
];

/// A figure without a peer's, beside another of our own figures if one is comparable.
pub(super) struct Beside {
    name: &'static str,
    figure: &'static str,
    other: Option<&'static str>,
    budget: Budget,
}

/// The highest value that a figure may have.
enum Budget {
    /// No limit; the figure is shown for orientation.
    Open,
    Nanoseconds(f64),
    /// This factor times the other figure.
    Times(f64),
}

const fn beside(name: &'static str, figure: &'static str, other: Option<&'static str>, budget: Budget) -> Beside {
    Beside { name, figure, other, budget }
}

pub(super) fn print(rows: &[Beside], measured: &Value) -> Result<()> {
    let figure = |name: &str| measured.get(name).and_then(Value::as_f64).with_context(|| format!("no figure for {name}"));
    for Beside { name, figure: ours, other, budget } in rows {
        let ours = figure(ours)?;
        print!("{name:<41} {:>7}", nanoseconds(ours));
        match other {
            Some(twin) => print!(" {:>10} {twin:<15} {:>6.1}×", nanoseconds(figure(twin)?), ours / figure(twin)?),
            None => print!("{:>35}", ""),
        }
        match (budget, other) {
            (Budget::Nanoseconds(most), _) => println!("   ≤ {} {}", nanoseconds(*most), verdict(ours <= *most)),
            (Budget::Times(most), Some(twin)) => println!("   ≤ {most}× {}", verdict(ours / figure(twin)? <= *most)),
            (Budget::Times(_) | Budget::Open, _) => println!(),
        }
    }
    Ok(())
}
