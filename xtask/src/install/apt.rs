//! Debian packages, for programs that neither npm nor cargo installs.
use std::{
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

use super::{ask, chromium};
use crate::process;

/// A Debian package, and the test whether its program is there.
pub(crate) struct Package {
    name: &'static str,
    is_there: fn() -> bool,
}

/// The browser of the tests. Another Chromium may be named in `CHROMIUM`.
pub(crate) const CHROMIUM: Package = Package { name: "chromium-headless-shell", is_there: || chromium::find().is_some() };
/// Reads the store in the guides.
pub(crate) const SQLITE: Package = Package { name: "sqlite3", is_there: || is_in_path("sqlite3") };
/// The database whose functions evaluate flags.
pub(crate) const POSTGRES: Package = Package { name: "postgresql-15", is_there: has_postgres };
/// Checks metrics and alert rules.
pub(crate) const PROMETHEUS: Package = Package { name: "prometheus", is_there: || is_in_path("promtool") };
/// Counts instructions.
pub(crate) const VALGRIND: Package = Package { name: "valgrind", is_there: || is_in_path("valgrind") };

/// Asks the user to agree to the installation of those packages that are missing.
pub(crate) fn ask_for(packages: &[&Package]) -> Result<()> {
    let missing = missing(packages);
    if missing.is_empty() { Ok(()) } else { ask(&missing.join(" "), &install_command(&missing)) }
}

/// Installs those packages that are missing, if the user agrees, this process is root and `apt-get` exists; otherwise the error names the
/// command.
pub(crate) fn ensure(packages: &[&Package]) -> Result<()> {
    let wanted = missing(packages);
    if wanted.is_empty() {
        return Ok(());
    }
    ask_for(packages)?;
    if !may_install() {
        bail!("{} is missing; install it with: {}", wanted.join(" "), install_command(&wanted));
    }
    eprintln!("installing {}", wanted.join(" "));
    process::run(Command::new("apt-get").args(["update", "--quiet"]), "Debian's apt")?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(&wanted);
    process::run(&mut install, "Debian's apt")?;
    match missing(packages).as_slice() {
        [] => Ok(()),
        still => bail!("{} is missing after its installation", still.join(" ")),
    }
}

fn missing(packages: &[&Package]) -> Vec<&'static str> {
    packages.iter().filter(|package| !(package.is_there)()).map(|package| package.name).collect()
}

fn install_command(packages: &[&str]) -> String {
    format!("apt-get install --no-install-recommends {}", packages.join(" "))
}

/// Returns true if the programs of a server are installed, of any version that `tests/sql/postgres.mjs` looks for.
fn has_postgres() -> bool {
    ["17", "16", "15"].iter().any(|version| Path::new("/usr/lib/postgresql").join(version).join("bin/initdb").exists())
}

fn is_in_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).exists()))
}

fn may_install() -> bool {
    let id = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    id.is_ok_and(|output| output.stdout == b"0\n") && Path::new("/usr/bin/apt-get").exists()
}
