//! `cargo xtask releases`: rolls a release forward and back over one store, and opens the store of an earlier release.
use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    build::{edge, stamp::Stamp, wasm::Tree},
    install::{npm, toolchain},
    process, root,
};

/// The earlier release where no tag names one: a commit whose store has three migrations.
const EARLIER: &str = "1930915";
const GIT: &str = "apt-get install git";
/// Everything that a made-up release is copied from.
const SOURCES: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "sdk-core",
    "edge-worker",
    "tests/releases/edits.mjs",
    "tests/releases/sources.mjs",
    "tests/mutants/workshop.mjs",
];

/// Roll the worker forward to a made-up next release and back over one store, and open a store that an earlier commit filled.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask releases --from v0.1.0")]
pub(crate) struct Releases {
    /// The commit of the earlier release; by default the newest tag.
    #[arg(long, value_name = "COMMIT")]
    from: Option<String>,
    /// Put faults into this release: every check must fail.
    #[arg(long = "break")]
    is_broken: bool,
}

impl Releases {
    pub(crate) fn run(&self) -> Result<()> {
        compare(self.from.as_deref(), self.is_broken)
    }
}

/// Builds the releases, and rolls them over one store.
fn compare(from: Option<&str>, is_broken: bool) -> Result<()> {
    let earlier = commit(from);
    if let (None, Some(unknown)) = (&earlier, from) {
        bail!("git knows no commit {unknown}");
    }
    toolchain::ensure_wasm_targets()?;
    npm::ensure_packages()?;
    let now = if is_broken { edge::build_in(made_up("broken")?)? } else { edge::build()? };
    let mut workers = vec![("now", now), ("next", edge::build_in(made_up("next")?)?)];
    match earlier {
        Some(commit) => workers.push(("before", edge::build_in(checked_out(&commit)?)?)),
        None => println!("NOT CHECKED the store of an earlier release: git knows no tag here, nor {EARLIER}; name a commit with --from"),
    }
    let mut node = npm::node();
    node.arg("tests/releases/run.mjs").args(is_broken.then_some("--break"));
    node.args(workers.iter().map(|(name, folder)| format!("{name}={}", folder.display())));
    let status = process::start(node.stdin(Stdio::null()), npm::INSTALL)?.wait()?;
    if status.success() { Ok(()) } else { bail!("not every check came out as it should") }
}

/// The folder of a release; its sources stand in `source`.
fn tree(release: &str) -> Tree {
    let folder = root::target().join("releases").join(release);
    Tree { root: folder.join("source"), target: folder.join("build") }
}

/// A release that `tests/releases/sources.mjs` makes of the sources as they are.
fn made_up(release: &str) -> Result<Tree> {
    let tree = tree(release);
    let stamp = SOURCES.iter().try_fold(Stamp::default(), |stamp, path| stamp.path(&root::in_root(path)))?;
    stamp.rebuild(&tree.root, |out| {
        process::run(npm::node().arg("tests/releases/sources.mjs").arg(release).arg(out), npm::INSTALL).map(drop)
    })?;
    Ok(tree)
}

/// The sources of a commit.
fn checked_out(commit: &str) -> Result<Tree> {
    let tree = tree("before");
    Stamp::default().setting(commit).rebuild(&tree.root, |out| {
        let archive: PathBuf = out.join("archive.tar");
        process::run(git().args(["archive", "--output"]).arg(&archive).arg(commit), GIT)?;
        process::run(Command::new("tar").current_dir(out).arg("-xf").arg(&archive), "apt-get install tar")?;
        Ok(fs::remove_file(&archive)?)
    })?;
    Ok(tree)
}

/// The commit of the earlier release: the one that was named, else the newest tag before this commit, else [`EARLIER`]. `None` if git does
/// not know it.
fn commit(named: Option<&str>) -> Option<String> {
    let tag = || said(&["describe", "--tags", "--abbrev=0", "HEAD^"]);
    let commit = named.map(str::to_owned).or_else(tag).unwrap_or_else(|| EARLIER.to_owned());
    said(&["rev-parse", "--verify", "--quiet", &format!("{commit}^{{commit}}")])
}

/// The output of git; `None` if it fails.
fn said(arguments: &[&str]) -> Option<String> {
    let said = process::listen(git().args(arguments), GIT).ok().filter(|said| said.success)?;
    Some(said.text.trim().to_owned())
}

fn git() -> Command {
    let mut git = Command::new("git");
    git.current_dir(root::in_root(""));
    git
}
