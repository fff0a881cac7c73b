//! From a crate to what a JavaScript runtime loads: cargo, `wasm-bindgen` as a library, `wasm-opt`.
use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::{npm, process, root, stamp::Stamp, toolchain};

const TARGET: &str = "wasm32-unknown-unknown";

/// Enabled one by one, as in `worker-build`: with all of them on, encodings come out that a runtime may not read yet.
const WASM_FEATURES: [&str; 7] =
    ["mutable-globals", "sign-ext", "nontrapping-float-to-int", "bulk-memory", "multivalue", "reference-types", "exception-handling"];

/// Where the module will be loaded.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// A worker: the module is imported, and can be set back after a trap.
    Worker,
    /// A page or Node: the module is handed in, by `init` or `initSync`.
    Web,
}

/// One module to build: `<out>/<name>.js` and `<out>/<name>_bg.wasm`.
pub(crate) struct Module<'a> {
    pub(crate) package: &'a str,
    pub(crate) features: &'a [&'a str],
    pub(crate) profile: &'a str,
    /// Instead of the profile's `opt-level`.
    pub(crate) opt_level: Option<&'a str>,
    /// For `wasm-opt`, such as `-Oz`.
    pub(crate) wasm_opt: &'a [&'a str],
    /// Only numbers cross: the module is built without reference types, for which the glue would fill a table.
    pub(crate) only_numbers: bool,
    pub(crate) host: Host,
    pub(crate) name: &'a str,
    pub(crate) out: PathBuf,
}

impl Module<'_> {
    /// Builds the module; what is up to date stays.
    pub(crate) fn build(&self) -> Result<()> {
        let compiled = self.compile()?;
        let settings = (self.name, self.host, self.wasm_opt, self.only_numbers, WASM_FEATURES, env!("CARGO_PKG_VERSION"));
        Stamp::default().setting(settings).path(&compiled)?.rebuild(&self.out, |out| {
            eprintln!("optimising {}", self.name);
            self.bind(&compiled, out)?;
            self.optimise(&out.join(format!("{}_bg.wasm", self.name)))
        })
    }

    fn compile(&self) -> Result<PathBuf> {
        let mut cargo = toolchain::cargo();
        cargo.args(["build", "--lib", "--package", self.package, "--target", TARGET, "--profile", self.profile]);
        if !self.features.is_empty() {
            cargo.args(["--features", &self.features.join(",")]);
        }
        let mut target = root::target();
        if let Some(level) = self.opt_level {
            // Cargo gives a module no hash in its name: built twice in one place, each would undo the other. Nothing is lost by
            // another place, for at another level no dependency could be shared.
            target.push(self.name);
            cargo.arg("--target-dir").arg(&target);
            cargo.env(format!("CARGO_PROFILE_{}_OPT_LEVEL", self.profile.to_uppercase()), level);
        }
        if self.only_numbers {
            cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "-C target-feature=-reference-types");
        }
        let mut announced = false;
        let said = process::listen(&mut cargo, "rustup", |line| {
            if line.trim_start().starts_with("Compiling") && !std::mem::replace(&mut announced, true) {
                eprintln!("compiling {} to WebAssembly", self.name);
            }
        })?;
        if !said.success {
            bail!("{} failed\n{}", process::shown(&cargo), said.text);
        }
        Ok(target.join(TARGET).join(self.profile).join(self.package.replace('-', "_")).with_extension("wasm"))
    }

    fn bind(&self, compiled: &Path, out: &Path) -> Result<()> {
        let mut bindgen = Bindgen::new();
        let plain = out.join("plain.wasm");
        if self.only_numbers {
            // The standard library's part still says that it may use reference types; without the section nobody does.
            wasm_opt(compiled, &plain, &["--strip-target-features"])?;
        }
        bindgen.input_path(if self.only_numbers { &plain } else { compiled }).out_name(self.name).remove_producers_section(true);
        match self.host {
            Host::Web => bindgen.web(true)?.typescript(true).remove_name_section(true),
            Host::Worker => bindgen.module(true)?.typescript(false).reset_state_function(true).force_enable_abort_handler(true),
        };
        bindgen.generate(out).with_context(|| format!("wasm-bindgen cannot read {}", compiled.display()))?;
        if self.only_numbers {
            fs::remove_file(plain)?;
        }
        if self.host == Host::Worker {
            // A source phase import, which neither esbuild nor workerd knows; a plain import of a module means the same there.
            let glue = out.join(self.name).with_extension("js");
            fs::write(&glue, fs::read_to_string(&glue)?.replace("import source ", "import "))?;
        }
        Ok(())
    }

    fn optimise(&self, module: &Path) -> Result<()> {
        let smaller = module.with_extension("opt");
        wasm_opt(module, &smaller, self.wasm_opt)?;
        Ok(fs::rename(smaller, module)?)
    }
}

fn wasm_opt(from: &Path, to: &Path, options: &[&str]) -> Result<()> {
    let mut wasm_opt = npm::tool("wasm-opt");
    wasm_opt.arg(from).arg("-o").arg(to).args(options);
    wasm_opt.args(WASM_FEATURES.map(|feature| format!("--enable-{feature}")));
    process::run(&mut wasm_opt, "npm ci").map(drop)
}
