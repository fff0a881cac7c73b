//! Paths in the repository and in cargo's target directory.
use std::path::{Path, PathBuf};

/// A path inside the repository.
pub(crate) fn in_root(path: &str) -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).join(path)
}

/// Cargo's target directory, two levels above this program in `<target>/<profile>/`.
pub(crate) fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.ancestors().nth(2).map_or_else(|| in_root("target"), Path::to_path_buf)
}
