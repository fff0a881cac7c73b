//! Cargo, and the parts of the Rust toolchain that a plain installation lacks.
use std::{env, path::Path, process::Command};

use anyhow::Result;

use super::ask;
use crate::{process, root};

const WASM_TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "wasm32v1-none"];
/// The command that installs rustup, for error messages.
pub(crate) const RUSTUP: &str = "curl https://sh.rustup.rs -sSf | sh";

/// A command for the cargo that runs this program, in the root of the repository.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root::in_root(""));
    if env::var_os("CI").is_some() {
        // CI builds each crate once, and what would make the next build shorter makes this one an eighth longer.
        cargo.env("CARGO_INCREMENTAL", "0");
    }
    cargo
}

/// Installs the WebAssembly targets. rustup installs those in `rust-toolchain.toml` only together with the toolchain.
pub(crate) fn ensure_wasm_targets() -> Result<()> {
    let sysroot = process::run(Command::new("rustc").current_dir(root::in_root("")).args(["--print", "sysroot"]), RUSTUP)?;
    for target in WASM_TARGETS {
        if !Path::new(sysroot.trim()).join("lib/rustlib").join(target).exists() {
            rustup("target", target)?;
        }
    }
    Ok(())
}

/// Installs a component, such as `clippy`, if its cargo command does not run.
pub(crate) fn ensure_component(component: &str, subcommand: &str) -> Result<()> {
    if process::listen(cargo().args([subcommand, "--version"]), RUSTUP)?.success { Ok(()) } else { rustup("component", component) }
}

/// Adds a target or a component to the toolchain, if the user agrees.
fn rustup(kind: &str, name: &str) -> Result<()> {
    ask(&format!("the Rust {kind} {name}"), &format!("rustup {kind} add {name}"))?;
    eprintln!("installing the Rust {kind} {name}");
    process::run(Command::new("rustup").current_dir(root::in_root("")).args([kind, "add", name]), RUSTUP).map(drop)
}
