//! The npm workspace: installs it by its lock file, and finds the tools in it.
use std::{fs, path::PathBuf, process::Command};

use anyhow::{Result, bail};

use crate::{build::stamp::Stamp, process, root};

/// The command that installs `node` and `npm`, for error messages.
pub(crate) const INSTALL: &str = "apt-get install nodejs npm   (20 or later: https://nodejs.org)";
const OLDEST_NODE: u32 = 20;

/// Installs the packages in `package-lock.json`, unless they are installed already.
pub(crate) fn ensure_packages() -> Result<()> {
    let npm = root::in_root("npm");
    let mut stamp = Stamp::default().path(&npm.join("package.json"))?.path(&npm.join("package-lock.json"))?;
    for workspace in workspaces()? {
        stamp = stamp.path(&workspace.join("package.json"))?;
    }
    stamp.rebuild(&npm.join("node_modules"), |_| {
        check_node()?;
        eprintln!("installing npm packages");
        process::run(Command::new("npm").current_dir(&npm).args(["ci", "--no-audit", "--no-fund"]), INSTALL)?;
        Ok(())
    })
}

/// Installs the packages of a folder with a `package.json` and a lock file of its own, unless they are installed already.
pub(crate) fn ensure_folder(folder: &str) -> Result<()> {
    let folder = root::in_root(folder);
    let stamp = Stamp::default().path(&folder.join("package.json"))?.path(&folder.join("package-lock.json"))?;
    stamp.rebuild(&folder.join("node_modules"), |_| {
        check_node()?;
        eprintln!("installing npm packages in {}", folder.display());
        process::run(Command::new("npm").current_dir(&folder).args(["ci", "--no-audit", "--no-fund"]), INSTALL).map(drop)
    })
}

/// A command for a program of an npm package.
pub(crate) fn tool(name: &str) -> Command {
    let mut tool = Command::new(root::in_root("npm/node_modules/.bin").join(name));
    tool.current_dir(root::in_root("npm"));
    tool
}

/// A command for Node, in the root of the repository.
pub(crate) fn node() -> Command {
    let mut node = Command::new("node");
    node.current_dir(root::in_root(""));
    node
}

/// The folders of the workspace's packages.
fn workspaces() -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for parent in ["npm", "npm/examples"] {
        for entry in fs::read_dir(root::in_root(parent))? {
            let directory = entry?.path();
            if directory.join("package.json").exists() && !directory.ends_with("node_modules") {
                found.push(directory);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn check_node() -> Result<()> {
    let version = process::run(node().arg("--version"), INSTALL)?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major >= OLDEST_NODE => Ok(()),
        _ => bail!("node {} is too old; install it with: {INSTALL}", version.trim()),
    }
}
