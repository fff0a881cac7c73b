//! `cargo xtask tarball`: the npm package `twinflag`, installed with what it needs but Node, beside a systemd unit and a Dockerfile.
use std::{env, fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};
use clap::{Args, builder::PossibleValuesParser};

use crate::{install::npm, process, root};

/// The systems that the tarball may be for, each with npm's names for its kernel, processor and C library.
const SYSTEMS: &[(&str, [&str; 3])] = &[("linux-x64", ["linux", "x64", "glibc"]), ("linux-arm64", ["linux", "arm64", "glibc"])];

/// Pack the server with all but Node, a systemd unit and a Dockerfile into target/tarball.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask tarball --system linux-arm64")]
pub(crate) struct Tarball {
    /// The system that the server will run on; by default this one.
    #[arg(long, value_parser = PossibleValuesParser::new(SYSTEMS.iter().map(|(name, _)| *name)))]
    system: Option<String>,
}

impl Tarball {
    pub(crate) fn run(self) -> Result<()> {
        let name = self.system.map_or_else(|| here().map(str::to_owned), Ok)?;
        let (name, platform) = SYSTEMS.iter().find(|(known, _)| *known == name).with_context(|| format!("no system {name}"))?;
        pack_for(name, platform)
    }
}

fn pack_for(name: &str, [os, cpu, libc]: &[&str; 3]) -> Result<()> {
    super::all()?;
    let all = root::target().join("tarball");
    let title = format!("twinflag-{}-{name}", env!("CARGO_PKG_VERSION"));
    let folder = all.join(&title);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let packed = pack(&all)?;
    let mut install = Command::new("npm");
    install.current_dir(&folder).args([
        "install",
        "--no-audit",
        "--no-fund",
        "--no-save",
        "--no-package-lock",
        "--ignore-scripts",
        "--install-links",
    ]);
    install.args(["--prefer-offline", &format!("--os={os}"), &format!("--cpu={cpu}"), &format!("--libc={libc}")]);
    process::run(install.arg(&packed), npm::INSTALL)?;
    for entry in fs::read_dir(folder.join("node_modules/twinflag/deploy"))? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    archive(&all, &title)
}

/// The name of this system.
fn here() -> Result<&'static str> {
    match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => Ok("linux-x64"),
        ("linux", "aarch64") => Ok("linux-arm64"),
        (os, arch) => bail!("there is no tarball for {os} on {arch}; name another system with --system"),
    }
}

/// Packs the package into a folder; returns the path of the file.
fn pack(folder: &Path) -> Result<std::path::PathBuf> {
    let mut pack = Command::new("npm");
    pack.current_dir(root::in_root("npm")).args(["pack", "--workspace", "twinflag", "--pack-destination"]).arg(folder);
    process::run(&mut pack, npm::INSTALL)?;
    Ok(folder.join(format!("twinflag-{}.tgz", env!("CARGO_PKG_VERSION"))))
}

/// Archives a folder. Equal contents give equal bytes: names in order, and no times or owners of this machine.
fn archive(parent: &Path, name: &str) -> Result<()> {
    let file = parent.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.current_dir(parent).args(["--create", "--gzip", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"]);
    process::run(tar.arg("--file").arg(&file).arg(name), "apt-get install tar")?;
    println!("{}", file.strip_prefix(root::in_root("")).unwrap_or(&file).display());
    fs::metadata(&file).map(drop).with_context(|| format!("no {}", file.display()))
}
