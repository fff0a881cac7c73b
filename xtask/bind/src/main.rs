//! `bind web|worker MODULE NAME FOLDER`: writes `NAME.js` and `NAME_bg.wasm` to the folder.
//!
//! A program of its own, because it takes longer to compile than all other tasks together, and most of them do not need it.
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, module, name, folder] = arguments.as_slice() else { bail!("expected: web|worker MODULE NAME FOLDER") };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name(name).remove_producers_section(true);
    match host.as_str() {
        "web" => bindgen.web(true)?.typescript(true).remove_name_section(true),
        "worker" => bindgen.module(true)?.typescript(false).reset_state_function(true).force_enable_abort_handler(true),
        other => bail!("no host {other}; expected web or worker"),
    };
    bindgen.generate(Path::new(folder)).with_context(|| format!("wasm-bindgen cannot read {module}"))
}
