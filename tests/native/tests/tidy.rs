//! Rules about the source: the words, names and dependencies that each folder may have.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The root of the checkout that the tests run in, which may have been copied since they were built: cargo runs them in their package.
fn root() -> PathBuf {
    Path::new("../..").to_path_buf()
}

/// All source files below a folder, with their text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 1, "{folder} has no source");
    found
}

/// The files below `folder` that have one of the words, except the allowed ones.
fn offenders(folder: &str, words: &[&str], allowed: &[&str]) -> Vec<String> {
    sources(folder)
        .into_iter()
        .filter(|(name, text)| !allowed.iter().any(|allowed| name.contains(allowed)) && words.iter().any(|word| text.contains(word)))
        .map(|(name, _)| name)
        .collect()
}

/// The names of everything that a package is built of, itself included.
fn dependencies(package: &str) -> BTreeSet<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let tree = ["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}", "--offline"];
    let output = Command::new(cargo).current_dir(root()).args(tree).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let names: BTreeSet<String> = text.lines().filter_map(|line| line.split(' ').next()).map(Into::into).collect();
    assert!(names.contains(package) && names.len() > 5, "{names:?}");
    names
}

/// The packages that the core may be built of; its `Cargo.toml` gives the reason for each.
const CORE: [&str; 17] = [
    "sdk-core",
    "serde",
    "serde_core",
    "serde_derive",
    "serde_json",
    "itoa",
    "memchr",
    "zmij",
    "bytemuck",
    "regex-automata",
    "regex-syntax",
    "ryu-js",
    "hashbrown",
    "proc-macro2",
    "quote",
    "syn",
    "unicode-ident",
];

/// The packages that steering may be built of besides: the hash of the audit chain.
const CONTROL: [&str; 9] =
    ["control", "sha2", "digest", "block-buffer", "crypto-common", "generic-array", "typenum", "cpufeatures", "cfg-if"];

#[test]
fn the_core_depends_on_little_and_on_nothing_of_steering() {
    let more: Vec<String> = dependencies("sdk-core").into_iter().filter(|name| !CORE.contains(&name.as_str())).collect();
    assert_eq!(more, Vec::<String>::new(), "not on the list");
}

#[test]
fn control_depends_on_the_core_and_a_hash_and_on_nothing_of_workers() {
    let all = dependencies("control");
    let more: Vec<&String> = all.iter().filter(|name| !CORE.contains(&name.as_str()) && !CONTROL.contains(&name.as_str())).collect();
    assert_eq!(more, Vec::<&String>::new(), "not on the list");
    assert!(all.contains("sdk-core"));
    // The control: the same search finds what the edge has.
    assert!(dependencies("edge-worker").contains("wasm-bindgen"));
}

#[test]
fn the_edge_and_the_bindings_decide_nothing() {
    // Variants are chosen here nowhere; their names (`Layer::as_str`) may be asked for.
    let layers =
        ["Kill", "Customer", "Organization", "Rollout", "Target", "Rule", "Environment", "Default"].map(|name| format!("Layer::{name}"));
    let words = ["Reason::", "\"TARGETING_MATCH\"", "\"SPLIT\"", "SipHasher", "murmur", "BUCKETS"];
    let words: Vec<&str> = words.into_iter().chain(layers.iter().map(String::as_str)).collect();
    // Entity tags are a hash, and decide nothing.
    assert_eq!(offenders("edge-worker/src", &words, &["etag.rs"]), Vec::<String>::new());
    // A test names the hash of a flag that it changes.
    assert_eq!(offenders("edge-worker/control/src", &words, &["consequences/tests.rs"]), Vec::<String>::new());
    assert_eq!(offenders("sdk-wasm/src", &words, &[]), Vec::<String>::new());
    // The control: the same search finds them where they belong.
    assert!(!offenders("sdk-core/src", &words, &[]).is_empty());
}

#[test]
fn one_file_of_the_core_names_a_hash() {
    assert_eq!(offenders("sdk-core/src", &["siphasher::", "murmur3("], &["bucket.rs"]), Vec::<String>::new());
    assert!(!offenders("sdk-core/src", &["siphasher::"], &[]).is_empty());
}

#[test]
fn only_the_model_knows_how_words_lie() {
    let words = ["model::code", "Operation::", "code::with_count"];
    assert_eq!(offenders("sdk-core/src", &words, &["sdk-core/src/model/"]), Vec::<String>::new());
    assert!(!offenders("sdk-core/src", &words, &[]).is_empty());
}

#[test]
fn only_the_exports_of_the_engine_may_be_unsafe() {
    for folder in ["sdk-core/src", "edge-worker/src", "edge-worker/control/src", "xtask/src", "tests/identity/src"] {
        assert_eq!(offenders(folder, &["unsafe_code"], &[]), Vec::<String>::new());
    }
    assert_eq!(offenders("sdk-wasm/src", &["unsafe_code"], &[]), ["sdk-wasm/src/lib.rs"]);
}

#[test]
fn no_test_is_left_out() {
    // Of scripts the linter says so.
    let word = format!("#[{}", "ignore");
    for folder in ["sdk-core", "sdk-wasm", "edge-worker/src", "edge-worker/control", "xtask", "tests"] {
        assert_eq!(offenders(folder, &[&word], &["tests/native/tests/tidy.rs"]), Vec::<String>::new());
    }
    // The control: the same search finds what this file has.
    assert!(!offenders("tests/native/tests", &[&word.replace("ignore", "test")], &[]).is_empty());
}

#[test]
fn sql_stands_in_the_store_and_the_clock_in_its_file() {
    assert_eq!(offenders("edge-worker/src", &["SELECT ", "INSERT ", "CREATE TABLE", "DELETE FROM"], &["store/"]), Vec::<String>::new());
    assert_eq!(offenders("edge-worker/src", &["Date::now", "performance.now"], &["clock.rs"]), Vec::<String>::new());
    assert!(!offenders("edge-worker/src", &["SELECT "], &[]).is_empty());
}
