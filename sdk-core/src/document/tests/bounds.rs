//! The bounds of what a document holds, whether it is compiled whole or linked of rows.
use super::*;

/// A flag of type object whose one value, a list, has `bytes` bytes in its canonical form.
pub(super) fn object_flag(bytes: usize) -> String {
    // Brackets and quotes, numbers of 21 digits with a comma behind each, and one text of the bytes that are left.
    let numbers = 40_000.min((bytes - 4) / 22);
    let value = format!("[{}\"{}\"]", "1e20,".repeat(numbers), "x".repeat(bytes - 4 - 22 * numbers));
    format!(r#"{{"type":"object","variants":{{"v":{value}}},"on":"v","off":"v"}}"#)
}

#[test]
fn values_count_in_their_canonical_form_and_8_000_000_bytes_of_them_are_taken() {
    let flags = |first, second| format!(r#""flags":{{"a":{},"b":{}}}"#, object_flag(first), object_flag(second));
    check(&flags(3_000_000, 5_000_000), &["a", "b"], &[]);
    refused(&flags(3_000_000, 5_000_001), "/flags/b");
    refused(&flags(8_000_001, 10), "/flags/a");
    // Only flags that are sound by themselves count, and a flag that stands twice is left out.
    let broken = |first: &str, second: &str, errors: &[&str]| check(&format!(r#""flags":{{"a":{first},"b":{second}}}"#), &["b"], errors);
    let unknown = object_flag(8_000_001).replace("{\"type\"", "{\"x\":1,\"type\"");
    broken(&unknown, &object_flag(600_000), &["/flags/a/x"]);
    let killed = object_flag(8_000_001).replace("{\"type\"", "{\"enabled\":1,\"type\"");
    broken(&killed, &object_flag(600_000), &["/flags/a/enabled"]);
    let unreadable = object_flag(5_000_000).replace("{\"type\"", "{\"salt\":\"\\ud800\",\"type\"");
    broken(&unreadable, &object_flag(3_100_000), &["/flags/a/salt"]);
    broken(&format!("{0},\"a\":{0}", object_flag(3_500_000)), &object_flag(1_500_000), &["/flags/a"]);

    // The limit is the same if each flag is compiled by itself, and if one of the two is kept from the document before.
    let environment = Environment { name: None, key: BucketKey::from_bytes([7; 16]), private: &[] };
    let state = FlagState::default();
    let linked = |first, second| {
        let [a, b] = [("a", first), ("b", second)].map(|(key, bytes)| CompiledFlag::compile(key, &object_flag(bytes)).unwrap());
        link(&environment, [], [(&a, &state), (&b, &state)]).map_err(|error| error.pointer)
    };
    assert_eq!(linked(3_000_000, 5_000_000).unwrap().ruleset.len(), 2);
    assert_eq!(linked(3_000_000, 5_000_001).unwrap_err(), "/flags/b");
    let mut compiler = Compiler::new();
    let mut pointer = |rest: &str| compiler.compile(&format!("{{{HEAD},{rest}}}"), None).map_err(|error| error.pointer).err();
    assert_eq!(pointer(&flags(3_000_000, 5_000_000)), None);
    assert_eq!(pointer(&flags(3_000_001, 5_000_000)), Some("/flags/b".into()));
    assert_eq!(pointer(&flags(3_000_000, 5_000_000)), None);
    // A flag counts again once its state is sound.
    let in_state = |state: &str| flags(3_000_001, 5_000_000).replacen("{\"type\"", &format!("{{{state},\"type\""), 1);
    assert_eq!(pointer(&in_state(r#""enabled":1"#)), None);
    assert_eq!(pointer(&in_state(r#""enabled":false"#)), Some("/flags/b".into()));
    assert_eq!(pointer(&in_state(r#""enabled":1"#)), None);
    let (huge, good) = (CompiledFlag::compile("a", &object_flag(8_000_001)).unwrap(), CompiledFlag::compile("b", "{}").unwrap());
    let with_state = |text: &str| {
        let state = FlagState::read("a", text);
        let linked = link(&environment, [], [(&huge, &state), (&good, &FlagState::default())]);
        linked.map(|linked| linked.ruleset.len()).map_err(|error| error.pointer)
    };
    assert_eq!(with_state("{}"), Err("/flags/a".into()));
    assert_eq!([r#"{"enabled":1}"#, "{"].map(with_state), [Ok(1), Ok(1)]);
}

#[test]
fn networks_count_by_the_entries_of_their_lists() {
    let of_lists = |lists: &[usize]| {
        let test = |count: &usize| format!(r#"{{"attribute":"ip","op":"cidr","value":[{}]}}"#, counted(*count, |_| r#""::/0""#.into()));
        let tests: Vec<String> = lists.iter().map(test).collect();
        format!(r#"{{"any":[{}]}}"#, tests.join(","))
    };
    let document = |segment: &[usize], flag: &[usize], more: &str| {
        let rule = format!(r#""rules":[{{"if":{},"serve":"on"}}]"#, of_lists(flag));
        format!(r#""segments":{{"s":{}}},"flags":{{"a":{{{more}{rule}}}}}"#, of_lists(segment))
    };
    check(&document(&[50_000; 3], &[50_000, 49_999, 1], ""), &["a"], &[]);
    refused(&document(&[50_000; 3], &[50_000, 49_999, 2], ""), "/flags/a");
    refused(&document(&[50_000, 50_000, 50_000, 50_000, 50_000, 1], &[], ""), "/segments/s");
    check(&document(&[50_000; 3], &[50_000; 3], r#""x":1,"#), &[], &["/flags/a/x"]);
    check(&document(&[50_000, 50_000, 50_000, 50_000, 50_001], &[50_000], ""), &["a"], &["/segments/s/any/4/value"]);
}

#[test]
fn rows_have_their_names_within_the_bytes_of_a_document_and_no_name_with_u0000() {
    let segment = |name: &str| CompiledSegment::compile(name, r#"{"all":[]}"#).unwrap();
    // Each takes its name, 2 quotes, a colon and a comma, and 10 bytes of text.
    let named = |longest: usize| -> Vec<_> { (0..1_000).map(|number| segment(&format!("{number:0>longest$}"))).collect() };
    assert_eq!(linked(&named(8_000 - 14), &[]).unwrap().error_count, 0);
    let mut more = named(8_000 - 14);
    more.push(segment(""));
    assert_eq!(linked(&more, &[]).unwrap_err().pointer, "");
    let with_nul = [segment("s\0")];
    let flag = CompiledFlag::compile("a", r#"{"rules":[{"if":{"segment":"s\u0000"},"serve":"on"}]}"#).unwrap();
    let compiled = linked(&with_nul, &[(flag, FlagState::default())]).unwrap();
    assert_eq!((compiled.ruleset.len(), compiled.errors.len()), (0, 2), "{:?}", compiled.errors);
}
