//! Paths in the repository and in cargo's target directory.
use std::{
    env,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// The root of the checkout: it is found at run time, so that a copied or moved checkout works with what it was built to before.
static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
    let here = env::current_dir().unwrap_or_default();
    let program = env::current_exe().unwrap_or_default();
    above(&here).or_else(|| above(&program)).unwrap_or(here)
});

/// A path inside the repository.
pub(crate) fn in_root(path: &str) -> PathBuf {
    ROOT.join(path)
}

/// Cargo's target directory, two levels above this program in `<target>/<profile>/`.
pub(crate) fn target() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    program.ancestors().nth(2).map_or_else(|| in_root("target"), Path::to_path_buf)
}

/// The nearest folder above a path that is a checkout.
fn above(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|folder| folder.join("xtask/Cargo.toml").exists() && folder.join("Cargo.lock").exists()).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_is_the_nearest_one_above() {
        let outer = env::temp_dir().join(format!("twinflag-root-{}", std::process::id()));
        let inner = outer.join("copies/inner");
        for checkout in [&outer, &inner] {
            std::fs::create_dir_all(checkout.join("xtask")).unwrap();
            std::fs::write(checkout.join("xtask/Cargo.toml"), "").unwrap();
            std::fs::write(checkout.join("Cargo.lock"), "").unwrap();
        }
        assert_eq!(above(&inner.join("npm/client")), Some(inner.clone()));
        assert_eq!(above(&outer.join("copies")), Some(outer.clone()));
        assert_eq!(above(Path::new("/")), None);
        std::fs::remove_dir_all(outer).unwrap();
    }
}
