//! The sizes of what pages load.
use anyhow::Result;

use super::verdict;
use crate::{
    build::{packages, sdk, size},
    root,
};

/// Builds the packages, and compares their sizes with the budgets.
pub(super) fn print() -> Result<()> {
    packages::build()?;
    for (name, files, budget) in [("engine", sdk::ENGINE, Some(size::ENGINE_BUDGET)), ("full", sdk::FULL, None)] {
        let mut sum = size::Sizes::default();
        for file in files.map(root::in_root) {
            let sizes = size::of(&file)?;
            println!("{name:<7} {:<30} {sizes}", file.file_name().unwrap_or_default().to_string_lossy());
            sum = sum + sizes;
        }
        print!("{name:<7} {:<30} {sum}", "together");
        match budget {
            Some(budget) => println!("   ≤ {budget} B gzip {}", verdict(sum.gzip <= budget)),
            None => println!(),
        }
    }
    let script = size::of(&root::in_root(sdk::SCRIPT_ENGINE))?;
    let is_met = verdict(script.gzip <= size::SCRIPT_ENGINE_BUDGET);
    println!("{:<38} {script}   ≤ {} B gzip {is_met}", "engine as a script", size::SCRIPT_ENGINE_BUDGET);
    for page in packages::PAGES {
        let size = page.size()?;
        println!("{:<38} {size}   ≤ {} B gzip {}", page.name, page.budget, verdict(size.gzip <= page.budget));
    }
    Ok(())
}
