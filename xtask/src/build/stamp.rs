//! Hashes of the inputs of a built directory, so that it is not built again from the same.
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// A hash of all inputs of an output. 64 bits are enough, because nobody forges inputs.
#[derive(Default)]
pub(crate) struct Stamp(DefaultHasher);

impl Stamp {
    /// Adds a setting, such as options, versions or names.
    pub(crate) fn setting(mut self, setting: impl Hash) -> Self {
        setting.hash(&mut self.0);
        self
    }

    /// Adds the name and content of a file, or of all files in a directory except its `dist` and `node_modules`.
    pub(crate) fn path(mut self, path: &Path) -> Result<Self> {
        if path.is_dir() {
            let mut entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<PathBuf>, _>>()?;
            entries.sort();
            for entry in entries.iter().filter(|entry| !entry.ends_with("dist") && !entry.ends_with("node_modules")) {
                self = self.path(entry)?;
            }
            return Ok(self);
        }
        path.file_name().hash(&mut self.0);
        fs::read(path).with_context(|| format!("cannot read {}", path.display()))?.hash(&mut self.0);
        Ok(self)
    }

    /// Runs `build` unless `directory` was last built from the same inputs. Deletes the directory's earlier content first.
    pub(crate) fn rebuild(self, directory: &Path, build: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let file = directory.join(".stamp");
        let wanted = format!("{:016x}", self.0.finish());
        if fs::read_to_string(&file).is_ok_and(|found| found == wanted) {
            return Ok(());
        }
        if directory.exists() {
            fs::remove_dir_all(directory)?;
        }
        fs::create_dir_all(directory)?;
        build(directory)?;
        Ok(fs::write(file, wanted)?)
    }
}
