//! `cargo xtask bench`: measures Twinflag and its peers in one run, and compares the figures with each other and with budgets.
//!
//! A missed budget fails no test, because absolute times depend on the machine's other work. The test suites check what must always hold.
mod beside;
mod chat;
mod dashboard;
mod edge;
mod guard;
mod hub;
mod measure;
mod memory;
mod overrides;
mod peers;
mod push;
mod server;
mod sizes;
mod sql;
mod trail;

use anyhow::{Context, Result};
use clap::{Args, builder::PossibleValuesParser};

use crate::install::{npm, toolchain};

const KINDS: [&str; 18] = [
    "native",
    "js",
    "server",
    "edge",
    "hub",
    "owners",
    "overrides",
    "memory",
    "trail",
    "freshness",
    "fleet",
    "guard",
    "push",
    "size",
    "sql",
    "chat",
    "dashboard",
    "tabs",
];
const OURS: &str = "Twinflag";

/// Measure speed and size beside other engines, under one workload, and compare the figures with their budgets.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask bench native size")]
pub(crate) struct Bench {
    /// The figures to measure; all of them if none is named.
    #[arg(value_parser = PossibleValuesParser::new(KINDS), value_name = "KIND")]
    kinds: Vec<String>,
    /// The records of the bench `trail`, and its overrides. With 100,000 it takes a minute or two.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    records: u32,
    /// The customers that `overrides` imports.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000), value_name = "N")]
    customers: u32,
}

impl Bench {
    pub(crate) fn run(&self) -> Result<()> {
        let wanted = |kind: &str| self.kinds.is_empty() || self.kinds.iter().any(|name| name == kind);
        toolchain::ensure_wasm_targets()?;
        npm::ensure_packages()?;
        println!("{:<38} {:>10} {:>10} {:<15} {:>7}   budget", "", "ours", "best peer", "", "ratio");
        if wanted("native") {
            let mut measured = measure::native()?;
            let extremes = measured.as_object_mut().and_then(|figures| figures.remove("extremes")).context("no figures of extremes")?;
            peers::print(peers::NATIVE, &measured)?;
            beside::print(beside::NATIVE, &extremes)?;
        }
        if wanted("js") {
            peers::print(peers::JS, &measure::js()?)?;
            beside::print(beside::PAGE, &measure::page()?)?;
        }
        if wanted("server") {
            server::print(&measure::server()?)?;
        }
        if wanted("edge") {
            edge::print(&measure::edge()?)?;
        }
        if wanted("hub") {
            hub::print(&measure::hub()?)?;
        }
        if wanted("owners") {
            edge::print_owners(&measure::owners()?)?;
        }
        if wanted("trail") {
            trail::print(&measure::trail(self.records)?)?;
        }
        if wanted("overrides") {
            overrides::print(&measure::overrides(self.customers)?)?;
        }
        if wanted("memory") {
            memory::print(&measure::memory()?)?;
        }
        if wanted("freshness") {
            edge::print_freshness(&measure::freshness()?)?;
        }
        if wanted("fleet") {
            edge::print_fleet(&measure::fleet()?)?;
        }
        if wanted("guard") {
            guard::print(&measure::guard()?)?;
            guard::print_outcomes(&measure::outcomes()?)?;
        }
        if wanted("push") {
            push::print(&measure::push()?)?;
        }
        if wanted("size") {
            sizes::print()?;
        }
        if wanted("chat") {
            chat::print(&measure::chat()?)?;
        }
        if wanted("sql") {
            sql::print(&measure::sql()?)?;
        }
        if wanted("dashboard") {
            dashboard::print(&measure::dashboard()?)?;
        }
        if wanted("tabs") {
            push::print_tabs(&measure::tabs()?)?;
        }
        Ok(())
    }
}

fn nanoseconds(time: f64) -> String {
    match time {
        ..1e4 => format!("{time:.0} ns"),
        ..1e6 => format!("{:.1} µs", time / 1e3),
        _ => format!("{:.2} ms", time / 1e6),
    }
}

/// The word for a budget that was kept or not.
fn verdict(is_met: bool) -> &'static str {
    if is_met { "MET" } else { "MISSED" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!([47.2, 18_400.0, 2.7e6].map(nanoseconds), ["47 ns", "18.4 µs", "2.70 ms"]);
    }
}
