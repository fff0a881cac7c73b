//! The published npm packages: scripts by esbuild and declarations by tsc, in the `dist` of each package's folder.
use std::{fs, num::NonZeroU64, path::Path};

use anyhow::{Context, Result, bail};
use zopfli::{Format, Options};

use super::{sdk, site, size, stamp::Stamp, widget};
use crate::{install::npm, process, root};

/// A package below `npm/`, with the scripts and declarations to build.
struct Package {
    name: &'static str,
    entries: &'static [Entry],
    /// The TypeScript project that emits the declarations.
    types: &'static str,
    /// Options for esbuild that define constants in the scripts.
    constants: fn() -> Result<Vec<String>>,
}

/// The option of an entry for a `<script>`: it contains all that it needs but [`SCRIPT_ENGINE`], and exports nothing.
const ALONE: &str = "--format=iife";

/// The option of an entry that is one file, with what others load later.
const WHOLE: &str = "--splitting=false";

/// The file beside a script for a page, from which the page takes the engine if it may run no WebAssembly.
const SCRIPT_ENGINE: &str = "script-engine.js";

/// The option that leaves that file out of a script; [`put_script_engine`] puts it beside.
pub(super) const WITHOUT_SCRIPT_ENGINE: &str = "--external:*/script-engine.js";

/// Scripts that are bundled together, so that they share common chunks.
struct Entry {
    sources: &'static [&'static str],
    options: &'static [&'static str],
}

const CLIENT: Package = Package {
    name: "client",
    // Together: a page that imports several of them has what they share once.
    entries: &[
        Entry {
            sources: &[
                "src/entry/packed-engine.ts",
                "src/entry/inline.ts",
                "src/entry/url.ts",
                "src/entry/node.ts",
                "src/entry/workerd.ts",
                "src/entry/script-engine.ts",
                "src/outcomes.ts",
                "src/bootstrap.ts",
                "src/storage.ts",
                "src/tabs.ts",
            ],
            options: &["--entry-names=[name]", "--loader:.deflate=base64", "--external:node:*", "--external:*.wasm"],
        },
        // One file, because bundlers of apps split nothing; with what a mobile runtime lacks in place of its globals.
        Entry { sources: &["src/entry/native.ts"], options: &[WHOLE, "--inject:src/native/globals.ts"] },
    ],
    types: "tsconfig.types.json",
    constants: || {
        Ok(vec![
            // It stays as it is, for the bundler of a page; esbuild itself would write "development".
            "--define:process.env.NODE_ENV=process.env.NODE_ENV".to_owned(),
            // Numbers take the place of their names: a page's bundler no longer sees that they are constants.
            "--minify-syntax".to_owned(),
            // Names between modules, which no caller and no runtime sees.
            "--mangle-props=^(asking|answered|failed|restart|wake|turn|tell|isOverdue|recheck|heed|isServed|isHidden|isOffline|\
             renew|isBehind|see|newest|isFor|follow|news|minVersion|pauseMs|createTimer|bytes|receive|batch|drop)$"
                .to_owned(),
        ])
    },
};

const REACT: Package = Package {
    name: "react",
    // React server components may render these components, which run only in the browser.
    entries: &[
        Entry { sources: &["src/index.ts", "src/boolean.ts", "src/testing.ts"], options: &["--banner:js=\"use client\";"] },
        Entry { sources: &["src/posthog.ts"], options: &[] },
    ],
    types: "tsconfig.json",
    constants: || Ok(Vec::new()),
};

const ELEMENTS: Package = Package {
    name: "elements",
    entries: &[
        Entry { sources: &["src/index.ts", "src/define.ts"], options: &[] },
        Entry { sources: &["src/server.ts", "src/jsx.ts"], options: &[] },
        Entry { sources: &["src/twinflag-elements.ts"], options: &[ALONE] },
    ],
    types: "tsconfig.json",
    constants: || Ok(Vec::new()),
};

const EDGE: Package = Package {
    name: "edge",
    entries: &[Entry { sources: &["src/index.ts", "src/manager.ts", "src/widget-config.ts", "src/internal.ts"], options: &[] }],
    types: "tsconfig.json",
    constants: || Ok([vec!["--minify-syntax".to_owned()], widget::constants()?].concat()),
};

const SERVER: Package = Package {
    name: "server",
    entries: &[
        Entry { sources: &["src/entry/node.ts"], options: &["--loader:.deflate=base64", "--external:node:*"] },
        Entry { sources: &["src/entry/workerd.ts"], options: &["--external:*.wasm"] },
        Entry { sources: &["src/snapshot-file.ts"], options: &["--external:node:*"] },
    ],
    types: "tsconfig.json",
    constants: || Ok(Vec::new()),
};

const OPENFEATURE: Package = Package {
    name: "openfeature",
    entries: &[Entry { sources: &["src/server.ts", "src/web.ts"], options: &[] }],
    types: "tsconfig.json",
    constants: || Ok(Vec::new()),
};

const CHAT_WIDGET: Package = Package {
    name: "chat-widget",
    entries: &[Entry { sources: &["src/index.ts", "src/define.ts", "src/config.ts"], options: &[] }],
    types: "tsconfig.json",
    constants: widget::constants,
};

const ADMIN: Package = Package {
    name: "admin",
    entries: &[Entry {
        sources: &["src/embed/index.tsx"],
        options: &["--loader:.css=text", "--loader:.deflate=base64", "--jsx=automatic", "--minify", "--banner:js=\"use client\";"],
    }],
    types: "tsconfig.types.json",
    constants: || Ok(Vec::new()),
};

/// Builds all packages. Each one may use the declarations of the packages before it.
pub(crate) fn build() -> Result<()> {
    sdk::build()?;
    site::api_types()?;
    pack("npm/client/dist/engine/engine.wasm", "npm/client/dist/packed", "engine")?;
    pack("npm/client/dist/full/full_bg.wasm", "npm/server/dist/packed", "full")?;
    for package in [CLIENT, REACT, ELEMENTS, EDGE, SERVER, OPENFEATURE, CHAT_WIDGET, ADMIN] {
        package.build().with_context(|| format!("@twinflag/{}", package.name))?;
    }
    chat_scripts()
}

/// Bundles the chat widget's scripts, which a page loads by a script tag: whole, with the client and its engine inside.
fn chat_scripts() -> Result<()> {
    let (folder, client) = (root::in_root("npm/chat-widget"), root::in_root("npm/client/dist/entry"));
    let stamp = Stamp::default().path(&folder)?.path(&client)?.path(&root::in_root(sdk::SCRIPT_ENGINE))?;
    stamp.rebuild(&folder.join("dist/script"), |out| {
        let mut esbuild = npm::tool("esbuild");
        esbuild.current_dir(&folder).args(["src/embed.ts", "src/frame.ts", "--bundle", "--minify", "--format=iife", "--target=es2022"]);
        esbuild.args(["--log-level=warning", WITHOUT_SCRIPT_ENGINE, "--define:process.env.NODE_ENV=\"production\""]);
        process::run(esbuild.arg(format!("--outdir={}", out.display())), npm::INSTALL)?;
        put_script_engine(out)
    })
}

/// Copies the engine as a script into a folder of scripts.
pub(super) fn put_script_engine(out: &Path) -> Result<()> {
    fs::copy(root::in_root(sdk::SCRIPT_ENGINE), out.join(SCRIPT_ENGINE))?;
    Ok(())
}

impl Package {
    fn build(&self) -> Result<()> {
        let npm = root::in_root("npm");
        let folder = npm.join(self.name);
        prepare(&folder)?;
        let constants = (self.constants)()?;
        let stamp = || {
            let own = Stamp::default().setting(self.options()).setting(&constants).path(&folder)?;
            // The packages and the modules that others are made of.
            ["client", "edge", "server", "chat-widget", "client/dist/engine", "client/dist/script", "server/dist/packed"]
                .iter()
                .try_fold(own, |stamp, path| stamp.path(&npm.join(path)))
        };
        stamp()?.rebuild(&folder.join("dist/types"), |out| {
            let mut tsc = npm::tool("tsc");
            tsc.arg("--project").arg(folder.join(self.types));
            tsc.args(["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--outDir"]).arg(out);
            process::run(&mut tsc, npm::INSTALL)?;
            // This file refers to wasm-bindgen's glue, which is not published.
            fs::remove_file(out.join("full.d.ts")).or_else(|_| Ok(()))
        })?;
        stamp()?.rebuild(&folder.join("dist/entry"), |out| self.entries.iter().try_for_each(|entry| entry.bundle(&folder, &constants, out)))
    }

    fn options(&self) -> Vec<&'static str> {
        self.entries.iter().flat_map(|entry| entry.options.iter().chain(entry.sources).copied()).collect()
    }
}

impl Entry {
    fn bundle(&self, folder: &Path, constants: &[String], out: &Path) -> Result<()> {
        let mut esbuild = npm::tool("esbuild");
        esbuild.current_dir(folder).args(self.sources).args(self.options).args(constants);
        esbuild.args(["--bundle", "--target=es2022", "--log-level=warning"]);
        if self.options.contains(&ALONE) {
            esbuild.args(["--minify", WITHOUT_SCRIPT_ENGINE]);
            put_script_engine(out)?;
        } else {
            esbuild.args(["--packages=external", "--format=esm"]);
            esbuild.args((!self.options.contains(&WHOLE)).then_some("--splitting"));
        }
        process::run(esbuild.arg(format!("--outdir={}", out.display())), npm::INSTALL).map(drop)
    }
}

/// Copies a module into a folder, and deflates it for the entry that contains it.
fn pack(module: &str, folder: &str, name: &str) -> Result<()> {
    /// The product of a module's bytes and the rounds over it: more rounds for the small module, whose every byte counts.
    const ROUND_BYTES: u64 = 10_000_000;
    let module = root::in_root(module);
    let bytes = fs::read(&module)?;
    // Zopfli's output is 4 % smaller than zlib's at its highest level, for any reader of the same format. It takes seconds, once for each module.
    let rounds = NonZeroU64::new(ROUND_BYTES / u64::try_from(bytes.len())?.max(1)).unwrap_or(NonZeroU64::MIN);
    let options = Options { iteration_count: rounds, ..Options::default() };
    Stamp::default().setting(format!("{options:?}")).path(&module)?.rebuild(&root::in_root(folder), |out| {
        let mut deflated = Vec::new();
        zopfli::compress(options, Format::Zlib, bytes.as_slice(), &mut deflated)?;
        fs::write(out.join(name).with_extension("deflate"), deflated)?;
        Ok(fs::write(out.join(name).with_extension("wasm"), bytes)?)
    })
}

/// Copies the licences into the folder of a package. Fails if the package names another version than the cargo workspace.
pub(crate) fn prepare(folder: &Path) -> Result<()> {
    has_version(&folder.join("package.json"))?;
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(root::in_root(licence), folder.join(licence))?;
    }
    Ok(())
}

/// Fails unless a package, and its dependencies on other packages of ours, have the version of the cargo workspace.
fn has_version(manifest: &Path) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let package: serde_json::Value = serde_json::from_slice(&fs::read(manifest)?)?;
    let dependencies = package["dependencies"].as_object().into_iter().flatten();
    let mut ours = dependencies.filter(|(name, _)| name.starts_with("@twinflag/")).map(|(_, version)| version);
    if package["version"] != version || ours.any(|wanted| wanted != version) {
        bail!("{} names another version than Cargo.toml, which has {version}", manifest.display());
    }
    Ok(())
}

/// The size that importing from a package adds to a page or an edge function, bundled and minified.
pub(crate) struct Page {
    pub(crate) name: &'static str,
    /// The script to bundle.
    import: &'static str,
    /// The packages that are not counted.
    external: &'static [&'static str],
    /// The agreed limit, in bytes after `gzip -9`.
    pub(crate) budget: u64,
    /// The size above which the test suite fails, in bytes after `gzip -9`.
    pub(crate) gate: u64,
}

pub(crate) const PAGES: &[Page] = &[
    Page {
        name: "@twinflag/client, engine inside",
        import: "export { createClient } from '@twinflag/client';",
        external: &[],
        budget: 18_500,
        gate: 18_550,
    },
    Page {
        name: "@twinflag/client, all options",
        import: "export { createClient } from '@twinflag/client'; export { outcomes } from '@twinflag/client/outcomes';
            export { storage } from '@twinflag/client/storage'; export { tabs } from '@twinflag/client/tabs';",
        external: &[],
        budget: 20_500,
        gate: 20_550,
    },
    Page {
        name: "@twinflag/client/bootstrap alone",
        import: "export * from '@twinflag/client/bootstrap';",
        external: &[],
        budget: 1_100,
        gate: 1_100,
    },
    Page {
        name: "@twinflag/react on top",
        import: "export * from '@twinflag/react';",
        external: &["react", "@twinflag/client"],
        budget: 2_500,
        gate: 1_900,
    },
    Page {
        name: "@twinflag/elements on top",
        import: "import '@twinflag/elements/define'; export * from '@twinflag/elements';",
        external: &["@twinflag/client"],
        budget: 3_000,
        gate: 2_450,
    },
    Page {
        name: "@twinflag/chat-widget on top",
        import: "import '@twinflag/chat-widget/define';",
        external: &["@twinflag/client", "@twinflag/client/outcomes"],
        budget: 30_000,
        gate: 12_000,
    },
    Page {
        name: "@twinflag/edge, one check",
        import: "export { checkFeatureFlag } from '@twinflag/edge';",
        external: &[],
        budget: 2_000,
        gate: 2_150,
    },
    Page {
        name: "@twinflag/edge, the managers",
        import: "export * from '@twinflag/edge/manager';",
        external: &[],
        budget: 5_000,
        gate: 4_700,
    },
];

impl Page {
    /// Bundles the script as an application in `npm/` does, and measures the file that the page loads first. The bundler puts what is imported
    /// behind that into files of their own.
    pub(crate) fn size(&self) -> Result<size::Sizes> {
        let folder = root::target().join("pages");
        let (page, bundle) = (root::in_root("npm/node_modules/.page.mjs"), folder.join(".page.js"));
        fs::create_dir_all(&folder)?;
        fs::write(&page, self.import)?;
        let mut esbuild = npm::tool("esbuild");
        esbuild.arg(&page).args(["--bundle", "--splitting", "--minify", "--format=esm", "--target=es2022", "--log-level=warning"]);
        esbuild.args(self.external.iter().map(|package| format!("--external:{package}")));
        process::run(esbuild.arg(format!("--outdir={}", folder.display())), npm::INSTALL)?;
        fs::remove_file(page)?;
        let text = fs::read_to_string(&bundle)?;
        anyhow::ensure!(!text.contains("from\"./"), "{} loads another file first", self.name);
        size::of(&bundle)
    }
}
