//! The recipe "How to add an operator" of ARCHITECTURE.md: every place that the compiler does not ask for names every operator.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tests_identity::generate::{
    operators::{OPERATORS, Operator},
    probes::PROBES,
};

/// The root of the checkout that the tests run in, which may have been copied since they were built: cargo runs them in their package.
fn root() -> PathBuf {
    Path::new("../..").to_path_buf()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The part of a file between two texts that stand in it.
fn section(file: &str, from: &str, to: &str) -> String {
    let text = read(file);
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("{file} has no {from:?}"));
    rest.split_once(to).unwrap_or_else(|| panic!("{file} has no {to:?} behind {from:?}")).0.into()
}

/// The core's operators, each alone and with each option that it takes.
fn forms() -> BTreeSet<String> {
    sdk_core::operators()
        .flat_map(|(name, options)| core::iter::once(name.to_owned()).chain(options.map(move |option| format!("{name} {option}"))))
        .collect()
}

/// The operators for which `is_there` does not hold.
fn missing(is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let names: Vec<&str> = sdk_core::operators().map(|(name, _)| name).collect();
    assert!(names.len() >= 25 && !is_there("no operator"), "the search can fail");
    names.into_iter().filter(|name| !is_there(name)).collect()
}

/// The topics of the vectors.
fn topics() -> Vec<Value> {
    let index: Value = serde_json::from_str(&read("tests/vectors/index.json")).unwrap();
    let files = index["topics"].as_array().expect("the index lists topics");
    files.iter().map(|file| serde_json::from_str(&read(&format!("tests/vectors/{}", file["file"].as_str().unwrap()))).unwrap()).collect()
}

/// How often the vectors have a test, alone in the only rule of a flag, hold and not hold; by operator, alone and with an option.
fn in_vectors() -> BTreeMap<String, [u32; 2]> {
    let mut found = BTreeMap::new();
    for topic in topics() {
        for case in topic["cases"].as_array().unwrap() {
            let document = &topic["documents"][case["document"].as_str().unwrap()];
            let Some([rule]) = document["flags"][case["flag"].as_str().unwrap()]["rules"].as_array().map(Vec::as_slice) else { continue };
            let (test, Some(layer)) = (&rule["if"], case["expected"]["layer"].as_str()) else { continue };
            let (Some(operator), "rule" | "environment" | "default") = (test["op"].as_str(), layer) else { continue };
            let options = ["ignoreCase", "loose", "as"].into_iter().filter(|option| !test[option].is_null());
            for name in core::iter::once(operator.into()).chain(options.map(|option| format!("{operator} {option}"))) {
                let [held, not_held] = found.entry(name).or_insert([0, 0]);
                *if layer == "rule" { held } else { not_held } += 1;
            }
        }
    }
    found
}

#[test]
fn vectors_have_every_operator_and_option_hold_and_not_hold() {
    let found = in_vectors();
    let missing: Vec<_> =
        forms().into_iter().filter(|form| !found.get(form).is_some_and(|counts| counts.iter().all(|count| *count > 0))).collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn vectors_refuse_a_bad_operand_of_every_operator() {
    let topics = topics();
    let refusals = topics.iter().filter_map(|topic| topic["refusals"].as_array()).flatten();
    let refused: BTreeSet<&str> = refusals
        .flat_map(|refusal| refusal["errors"].as_array().into_iter().flatten().map(move |pointer| (&refusal["document"], pointer)))
        .filter_map(|(document, pointer)| document.pointer(pointer.as_str()?.split_once("/value")?.0)?["op"].as_str())
        .collect();
    assert_eq!(missing(|name| refused.contains(name)), Vec::<&str>::new());
}

#[test]
fn generated_documents_probe_every_operator_and_option_and_no_other() {
    let with_options = |operator: &Operator| {
        let name = operator.name;
        let options = operator.modifiers.iter().map(move |modifier| format!("{name} {}", modifier.name()));
        core::iter::once(name.to_owned()).chain(options).collect::<Vec<_>>()
    };
    assert_eq!(OPERATORS.iter().flat_map(with_options).collect::<BTreeSet<_>>(), forms());
    let probes: BTreeSet<String> = PROBES.iter().map(|probe| probe.name.clone()).collect();
    assert_eq!(forms().difference(&probes).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_reference_has_every_operator_with_its_options() {
    const FILE: &str = "tests/reference/conditions.mjs";
    let (table, options) = (section(FILE, "export const OPERATORS = {", "\n};"), section(FILE, "const OPTIONS = {", "\n};"));
    // The table has what needs a value; `exists` is answered before it is asked.
    assert_eq!(missing(|name| table.contains(&format!("\n  {name}: "))), ["exists"]);
    for (name, taken) in sdk_core::operators() {
        let taken: Vec<&str> = taken.collect();
        let listed: Vec<&str> = options
            .lines()
            .filter(|line| line.contains(&format!("'{name}'")))
            .map(|line| line.trim().split(':').next().unwrap_or_default())
            .collect();
        assert_eq!(listed, taken, "{name}");
    }
}

#[test]
fn the_guide_has_a_row_for_every_operator_with_its_options() {
    let section = section("docs/flags.md", "\n## Conditions\n", "\n## ");
    let rows: Vec<Vec<&str>> = section.lines().filter(|line| line.starts_with("| `")).map(|line| line.split(" | ").collect()).collect();
    let row = |name: &str| rows.iter().find(|row| row.first().is_some_and(|names| names.contains(&format!("`{name}`"))));
    assert_eq!(missing(|name| row(name).is_some()), Vec::<&str>::new());
    for (name, taken) in sdk_core::operators() {
        let listed = row(name).and_then(|row| row.last()).unwrap();
        let listed: Vec<&str> = listed.split(['`', ',', ' ', '|']).filter(|word| !word.is_empty()).collect();
        assert_eq!(listed, taken.collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn the_guide_has_a_row_for_every_member_of_a_flag() {
    let document = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{"a":{"no member":1}}}"#;
    let errors = sdk_core::compile(document, None).unwrap().errors;
    let (_, members) = errors[0].message.split_once("expected one of ").expect("the error lists the members");
    let section = section("docs/flags.md", "\n| member | what it says | absent |\n", "\n\n");
    let listed: BTreeSet<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|cell| cell.split(", ").map(|name| name.trim_matches('`')))
        .filter(|name| !name.starts_with("---"))
        .collect();
    assert_eq!(listed, members.split(", ").collect());
}

#[test]
fn the_fuzzer_knows_every_operator_and_starts_from_it() {
    let (words, start) = (read("tests/fuzz/document.dict"), read("tests/fuzz/ruleset.json"));
    assert_eq!(missing(|name| words.contains(&format!(r#""\"op\":\"{name}\"""#))), Vec::<&str>::new());
    assert_eq!(missing(|name| start.contains(&format!("\"op\": \"{name}\""))), Vec::<&str>::new());
    assert_eq!(sdk_core::compile(&start, None).map(|compiled| compiled.errors), Ok(vec![]));
}

#[test]
fn mutants_break_every_operator() {
    let mutants = read("tests/mutants/mutants.mjs");
    let broken: BTreeSet<&str> = mutants
        .lines()
        .filter_map(|line| line.trim().strip_prefix("operators: ["))
        .flat_map(|names| names.split(['\'', ',', ' ', ']']).filter(|name| !name.is_empty()))
        .collect();
    assert_eq!(missing(|name| broken.contains(name)), Vec::<&str>::new());
    let known: BTreeSet<&str> = sdk_core::operators().map(|(name, _)| name).collect();
    assert_eq!(broken.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new());
}
