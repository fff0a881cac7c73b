//! Builds a WebAssembly module from a crate: cargo, then `wasm-bindgen` by the program `bind` unless the module is bare, then `wasm-opt`; a script
//! is converted from the module then.
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::{script, stamp::Stamp};
use crate::{
    install::{npm, toolchain},
    process, root,
};

/// The WebAssembly features that `wasm-opt` may use, as in `worker-build`. With all of them it writes encodings that runtimes may not read.
const WASM_FEATURES: [&str; 7] =
    ["mutable-globals", "sign-ext", "nontrapping-float-to-int", "bulk-memory", "multivalue", "reference-types", "exception-handling"];

/// The environment that loads the module.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// A worker, which imports the module and can make a new instance after a trap.
    Worker,
    /// A page or Node, which passes the module to `init` or `initSync`.
    Web,
    /// Any environment: the module imports nothing and passes only numbers, so it needs no glue.
    Bare,
    /// An environment without WebAssembly: a script in place of a bare module.
    Script,
}

impl Host {
    /// Cargo's target. Scripts are converted from the first version of WebAssembly: `wasm2js` refuses later instructions, which the code for
    /// `wasm32-unknown-unknown` has.
    const fn target(self) -> &'static str {
        match self {
            Self::Worker | Self::Web | Self::Bare => "wasm32-unknown-unknown",
            Self::Script => "wasm32v1-none",
        }
    }

    /// The WebAssembly features that `wasm-opt` may use.
    fn features(self) -> &'static [&'static str] {
        match self {
            Self::Worker | Self::Web | Self::Bare => &WASM_FEATURES,
            Self::Script => &WASM_FEATURES[..1],
        }
    }
}

/// The sources that a module is built from, and cargo's target directory for them.
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    /// Cargo gives a module no hash in its name, so each tree has a target directory of its own.
    pub(crate) target: PathBuf,
}

impl Tree {
    /// This repository.
    pub(crate) fn here() -> Self {
        Self { root: root::in_root(""), target: root::target() }
    }
}

/// One module to build: `<out>/<name>.js` and `<out>/<name>_bg.wasm`; a bare one: `<out>/<name>.wasm`; a script: `<out>/<name>.js`.
pub(crate) struct Module<'a> {
    pub(crate) tree: Tree,
    pub(crate) package: &'a str,
    pub(crate) features: &'a [&'a str],
    pub(crate) profile: &'a str,
    /// Replaces the profile's `opt-level`; `None` keeps it.
    pub(crate) opt_level: Option<&'a str>,
    /// Options for LLVM, such as `-disable-lsr`.
    pub(crate) llvm: &'a [&'a str],
    /// Options for `wasm-opt`, such as `-Oz`.
    pub(crate) wasm_opt: &'a [&'a str],
    pub(crate) host: Host,
    pub(crate) name: &'a str,
    pub(crate) out: PathBuf,
}

impl Module<'_> {
    /// Builds the module unless it is up to date.
    pub(crate) fn build(&self) -> Result<()> {
        let compiled = self.compile()?;
        let settings = (self.name, self.host, self.wasm_opt, self.host.features(), env!("CARGO_PKG_VERSION"));
        Stamp::default().setting(settings).path(&compiled)?.rebuild(&self.out, |out| {
            eprintln!("optimising {}", self.name);
            if self.host == Host::Bare {
                return self.optimise(&compiled, &out.join(self.name).with_extension("wasm"));
            }
            if self.host == Host::Script {
                let smaller = out.join(self.name).with_extension("wasm");
                self.optimise(&compiled, &smaller)?;
                script::convert(&smaller, &out.join(self.name).with_extension("js"))?;
                return Ok(fs::remove_file(smaller)?);
            }
            self.bind(&compiled, out)?;
            let bound = out.join(format!("{}_bg.wasm", self.name));
            let smaller = bound.with_extension("opt");
            self.optimise(&bound, &smaller)?;
            Ok(fs::rename(smaller, bound)?)
        })
    }

    fn compile(&self) -> Result<PathBuf> {
        let mut cargo = toolchain::cargo();
        cargo.current_dir(&self.tree.root);
        // As a module alone: a library that is also for Rust is linked without optimising across its crates.
        cargo.args(["rustc", "--lib", "--crate-type", "cdylib"]);
        cargo.args(["--package", self.package, "--target", self.host.target(), "--profile", self.profile]);
        if !self.features.is_empty() {
            cargo.args(["--features", &self.features.join(",")]);
        }
        let mut target = self.tree.target.clone();
        if let Some(level) = self.opt_level {
            // Built twice in one place, each module would undo the other. Nothing is lost by another place, for at another level no
            // dependency could be shared.
            target.push(self.name);
            cargo.env(format!("CARGO_PROFILE_{}_OPT_LEVEL", self.profile.to_uppercase()), level);
        }
        cargo.arg("--target-dir").arg(&target);
        if !self.llvm.is_empty() {
            cargo.args(["--", "-C", &format!("llvm-args={}", self.llvm.join(" "))]);
        }
        process::show(&mut cargo, toolchain::RUSTUP)?;
        Ok(target.join(self.host.target()).join(self.profile).join(self.package.replace('-', "_")).with_extension("wasm"))
    }

    fn bind(&self, compiled: &Path, out: &Path) -> Result<()> {
        let host = match self.host {
            Host::Web => "web",
            Host::Worker => "worker",
            Host::Bare | Host::Script => return Ok(()),
        };
        // In a directory of its own, so that it compiles while tests do.
        let target = root::target().join("bind");
        process::show(toolchain::cargo().args(["build", "--package", "bind", "--target-dir"]).arg(&target), toolchain::RUSTUP)?;
        let mut bind = Command::new(target.join("debug/bind"));
        process::run(bind.arg(host).arg(compiled).arg(self.name).arg(out), toolchain::RUSTUP)?;
        if self.host == Host::Worker {
            // Neither esbuild nor workerd knows source phase imports. There, a plain import of a module means the same.
            let glue = out.join(self.name).with_extension("js");
            fs::write(&glue, fs::read_to_string(&glue)?.replace("import source ", "import "))?;
        }
        Ok(())
    }

    fn optimise(&self, from: &Path, to: &Path) -> Result<()> {
        let mut wasm_opt = npm::tool("wasm-opt");
        wasm_opt.arg(from).arg("-o").arg(to).args(self.wasm_opt);
        wasm_opt.args(self.host.features().iter().map(|feature| format!("--enable-{feature}")));
        process::run(&mut wasm_opt, npm::INSTALL).map(drop)
    }
}
