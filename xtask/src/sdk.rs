//! The browser binding, twice: the engine, which only runs programs, and `full`, which also compiles documents.
use anyhow::Result;

use crate::{
    root,
    wasm::{Host, Module},
};

/// The engine as `wasm-opt` leaves it.
pub(crate) const ENGINE: &str = "npm/client/dist/engine/engine_bg.wasm";

/// Builds both into `npm/client/dist`.
pub(crate) fn build() -> Result<()> {
    engine().build()?;
    full().build()
}

fn engine() -> Module<'static> {
    Module {
        package: "sdk-wasm",
        features: &[],
        profile: "wasm",
        opt_level: Some("z"),
        wasm_opt: "-Oz",
        host: Host::Web,
        name: "engine",
        out: root::in_root("npm/client/dist/engine"),
    }
}

fn full() -> Module<'static> {
    Module { features: &["full"], opt_level: None, wasm_opt: "-Os", name: "full", out: root::in_root("npm/client/dist/full"), ..engine() }
}
