//! Debian packages, for programs that neither npm nor cargo installs.
use std::{
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

use crate::process;

/// Installs a package if this process is root and `apt-get` exists; otherwise the error names the command.
pub(crate) fn install(package: &str) -> Result<()> {
    if !may_install() {
        bail!("{package} is missing; install it with: apt-get install --no-install-recommends {package}");
    }
    eprintln!("installing {package}");
    process::run(Command::new("apt-get").args(["update", "--quiet"]), "Debian's apt")?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "--yes", "--quiet", "--no-install-recommends", package]);
    process::run(&mut install, "Debian's apt")?;
    Ok(())
}

/// Installs the package of a program unless the program is in `PATH`.
pub(crate) fn ensure(program: &str, package: &str) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = || std::env::split_paths(&path).any(|folder| folder.join(program).exists());
    if is_there() {
        return Ok(());
    }
    install(package)?;
    if is_there() { Ok(()) } else { bail!("{program} is missing after the installation of {package}") }
}

fn may_install() -> bool {
    let id = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    id.is_ok_and(|output| output.stdout == b"0\n") && Path::new("/usr/bin/apt-get").exists()
}
