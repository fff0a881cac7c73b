//! Documents that break a rule or a limit, and the parts of them that stay.
use alloc::{format, string::String, vec::Vec};

use serde_json::Value;

use self::bounds::object_flag;
use super::{
    Compiled, CompiledFlag, CompiledSegment, Compiler, DocumentError, Environment, FlagState, compile,
    limits::{MAX_ERRORS, MAX_FLAGS, MAX_SEGMENTS},
    link,
    pattern::COMPILED,
};
use crate::{
    bucket::BucketKey,
    context::Context,
    evaluate::overrides::{ApplicableOverrides, OwnerKind},
    matching::millis::Millis,
};

mod bounds;

const HEAD: &str = r#""schema":"twinflag/1","environment":"test","bucketKey":"000102030405060708090a0b0c0d0e0f""#;

fn compiled(rest: &str) -> Result<Compiled, DocumentError> {
    compile(&format!("{{{HEAD},{rest}}}"), None)
}

/// Checks the flags that stay, sorted, and the places of the errors.
#[track_caller]
fn check(rest: &str, flags: &[&str], errors: &[&str]) -> Compiled {
    let compiled = compiled(rest).unwrap_or_else(|error| panic!("{rest:.200}: {error}"));
    let mut keys: Vec<&str> = compiled.ruleset.flag_keys().collect();
    keys.sort_unstable();
    let pointers: Vec<&str> = compiled.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!((keys.as_slice(), pointers.as_slice()), (flags, errors), "{rest:.200}: {:?}", compiled.errors);
    compiled
}

#[track_caller]
fn refused(rest: &str, pointer: &str) {
    match compiled(rest) {
        Err(error) => assert_eq!(error.pointer, pointer, "{error}"),
        Ok(_) => panic!("{rest:.200} is taken"),
    }
}

/// The variant and the reason of a flag without overrides.
fn answer(compiled: &Compiled, flag: &str) -> (String, String) {
    let context = Context::from_json("{}");
    let answer = compiled.ruleset.evaluate(ApplicableOverrides::NONE, flag, &context, Millis(0), None);
    (answer.variant().unwrap_or("none").into(), answer.reason().as_str().into())
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn nesting_past_64_refuses_the_document_wherever_it_stands() {
    let value = |levels| format!(r#""flags":{{"a":{{"type":"object","variants":{{"v":{}}},"on":"v","off":"v"}}}}"#, nested(levels));
    // The document, its flags, the flag and its variants are four.
    check(&value(60), &["a"], &[]);
    refused(&value(61), &format!("/flags/a/variants/v{}", "/0".repeat(60)));
    for (place, before, after) in [
        ("/flags/a b", r#""flags":{"a b":"#, "}"),
        ("/segments/s", r#""segments":{"s":"#, "}"),
        ("/flags/a", r#""flags":{"a":{},"a":"#, "}"),
    ] {
        refused(&format!("{before}{}{after}", nested(63)), &format!("{place}{}", "/0".repeat(62)));
    }
    refused(&format!(r#""overrides":{{"nobody":{{"x":{}}}}}"#, nested(62)), &format!("/overrides/nobody/x{}", "/0".repeat(61)));
    refused(&format!(r#""private":{}"#, nested(64)), &format!("/private{}", "/0".repeat(63)));
    refused(&format!(r#""flags":{{"a":{}"#, "[".repeat(4_000_000)), &format!("/flags/a{}", "/0".repeat(62)));
}

#[test]
fn an_owner_read_alone_nests_as_deep_as_in_the_document() {
    let ruleset = check(r#""flags":{"a":{}}"#, &["a"], &[]).ruleset;
    let tree = |levels: usize| format!("{}0{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    let pointer = |levels: usize| {
        let (overrides, errors) = ruleset.owner_overrides(OwnerKind::Customer, "c", &tree(levels));
        assert!(overrides.is_empty());
        let [error] = errors.as_slice() else { panic!("{errors:?}") };
        assert_eq!(error.message.contains("nest"), levels > 61, "{error}");
        error.pointer.clone()
    };
    for levels in [61, 62] {
        assert_eq!(pointer(levels), format!("/overrides/customers/c{}", "/a".repeat(61)));
    }
    refused(&format!(r#""overrides":{{"customers":{{"c":{}}}}}"#, tree(62)), &pointer(62));
}

#[test]
fn keys_may_be_prefixes_and_the_shorter_one_is_warned_of() {
    let compiled = check(
        r#""flags":{"a.b.c":{},"a.b":{},"a":{},"ab":{},"x":{"enabled":1},"x.y":{}}"#,
        &["a", "a.b", "a.b.c", "ab", "x.y"],
        &["/flags/x/enabled"],
    );
    let warned: Vec<&str> = compiled.warnings.iter().map(|warning| warning.pointer.as_str()).collect();
    assert_eq!(warned, ["/flags/a.b", "/flags/a"]);
}

#[test]
fn a_broken_prerequisite_turns_its_flag_off_and_takes_none_away() {
    let needs = |flag: &str, variant: &str| format!(r#"{{"default":"on","prerequisites":[{{"flag":"{flag}","variants":["{variant}"]}}]}}"#);
    let rest = format!(
        r#""flags":{{"self":{},"round":{},"trip":{},"outside":{},"unknown":{},"bad":{{"enabled":1}},"left":{},"met":{},"base":{{"default":"on"}}}}"#,
        needs("self", "on"),
        needs("trip", "on"),
        needs("round", "off"),
        needs("trip", "off"),
        needs("nowhere", "on"),
        needs("bad", "on"),
        needs("base", "on"),
    );
    let flags = ["base", "left", "met", "outside", "round", "self", "trip", "unknown"];
    let place = |flag: &str| format!("/flags/{flag}/prerequisites/0/flag");
    let errors = [place("self"), place("round"), place("trip"), place("unknown"), "/flags/bad/enabled".into(), place("left")];
    let compiled = check(&rest, &flags, &errors.each_ref().map(String::as_str));
    for flag in ["self", "round", "trip", "unknown", "left"] {
        assert_eq!(answer(&compiled, flag), ("off".into(), "PREREQUISITE_FAILED".into()), "{flag}");
    }
    // `trip` is off, and `outside` requires that variant.
    for flag in ["outside", "met"] {
        assert_eq!(answer(&compiled, flag), ("on".into(), "DEFAULT".into()), "{flag}");
    }
}

#[test]
fn a_disabled_flag_in_a_cycle_is_read_and_reported() {
    let needs = |flag: &str, enabled: bool| format!(r#"{{"enabled":{enabled},"prerequisites":[{{"flag":"{flag}","variants":["off"]}}]}}"#);
    let compiled = check(
        &format!(r#""flags":{{"a":{},"b":{}}}"#, needs("b", true), needs("a", false)),
        &["a", "b"],
        &["/flags/a/prerequisites/0/flag", "/flags/b/prerequisites/0/flag"],
    );
    assert_eq!(answer(&compiled, "a").1, "PREREQUISITE_FAILED");
    assert_eq!(answer(&compiled, "b").1, "DISABLED");
}

#[test]
fn the_first_flag_keeps_an_alias_and_keys_block_them() {
    let compiled = check(
        r#""flags":{"a":{"aliases":["x","b","gone","a","x",1]},"b":{"aliases":["x","y"],"default":"on"},"gone":{"enabled":1,"aliases":["z"]},"c":{"aliases":["z","."]}}"#,
        &["a", "b", "c"],
        &[
            "/flags/a/aliases/5",
            "/flags/a/aliases/1",
            "/flags/a/aliases/2",
            "/flags/a/aliases/3",
            "/flags/a/aliases/4",
            "/flags/b/aliases/0",
            "/flags/gone/enabled",
            "/flags/c/aliases/1",
        ],
    );
    assert_eq!(answer(&compiled, "x").0, "off");
    assert_eq!(answer(&compiled, "y").0, "on");
    assert_eq!(answer(&compiled, "z").0, "off");
}

#[test]
fn a_name_twice_leaves_out_the_smallest_thing_that_holds_it() {
    check(r#""flags":{"a":{},"b":{},"a":{},"a":{}}"#, &["b"], &["/flags/a"]);
    check(r#""flags":{"a":{"tags":[],"tags":[]},"b":{}}"#, &["b"], &["/flags/a/tags"]);
    let segment = r#""segments":{"s":{"all":[]},"s":{"all":[]}},"flags":{"a":{"rules":[{"if":{"segment":"s"},"serve":"on"}]},"b":{}}"#;
    check(segment, &["b"], &["/segments/s", "/flags/a/rules/0/if/segment"]);
    refused(r#""flags":{},"flags":{}"#, "/flags");
    check(
        r#""flags":{"a":{}},"overrides":{"customers":{"c":{"a":true},"c":{"a":true},"d":{"a":true,"a":true}}}"#,
        &["a"],
        &["/overrides/customers/c", "/overrides/customers/d/a"],
    );
}

#[test]
fn of_overrides_of_one_flag_the_key_wins_then_the_first_that_is_sound() {
    let flags = r#"{"a.b":{"aliases":["x"],"type":"string","variants":{"on":"1","off":"2","third":"3"}}}"#;
    let ruleset = check(&format!(r#""flags":{flags}"#), &["a.b"], &[]).ruleset;
    let read = |tree: &str| {
        let (own, errors) = ruleset.owner_overrides(OwnerKind::Customer, "c", tree);
        let pointers: Vec<String> = errors.into_iter().map(|error| error.pointer).collect();
        (ruleset.overridden(&own, "a.b").map(String::from), pointers)
    };
    let place = |leaf: &str| Vec::from([format!("/overrides/customers/c/{leaf}")]);
    assert_eq!(read(r#"{"x":"on","a":{"b":"off"},"a.b":"third"}"#).0.as_deref(), Some("third"));
    assert_eq!(read(r#"{"a":{"b":"off"},"x":"on"}"#), (Some("off".into()), place("x")));
    assert_eq!(read(r#"{"x":"on","a":{"b":"off"}}"#), (Some("on".into()), place("a/b")));
    assert_eq!(read(r#"{"a.b":"nothing","x":"on"}"#), (Some("on".into()), place("a.b")));
    assert_eq!(read(r#"{"x":"on","a.b":"third"}"#), (Some("third".into()), place("x")));
}

#[test]
fn each_member_of_a_flag_is_checked_by_its_own_rule() {
    let long = "v".repeat(129);
    for (flag, error) in [
        (r#"{"lifetime":"release","expires":"2026-12-31T00:00:00Z","onMissingUnit":"continue","metadata":{"team":"chat","n":1.5,"b":true}}"#.into(), None),
        (r#"{"lifetime":"experiment","expires":1796000000000,"onMissingUnit":"error","metadata":{}}"#.into(), None),
        (r#"{"lifetime":"forever"}"#.into(), Some("lifetime")),
        (r#"{"locked":true}"#.into(), None),
        (r#"{"locked":"yes"}"#.into(), Some("locked")),
        (r#"{"expires":"tomorrow"}"#.into(), Some("expires")),
        (r#"{"expires":1.5}"#.into(), Some("expires")),
        (r#"{"expires":null}"#.into(), Some("expires")),
        (r#"{"onMissingUnit":"ignore"}"#.into(), Some("onMissingUnit")),
        (r#"{"metadata":{"a":null}}"#.into(), Some("metadata/a")),
        (r#"{"metadata":{"a":[]}}"#.into(), Some("metadata/a")),
        (r#"{"metadata":{"__proto__":1}}"#.into(), Some("metadata/__proto__")),
        (format!(r#"{{"metadata":{{"a":"{}"}}}}"#, "x".repeat(4_096 - 8)), None),
        (format!(r#"{{"metadata":{{"a":"{}"}}}}"#, "x".repeat(4_097 - 8)), Some("metadata")),
        (format!(r#"{{"metadata":{{{}}}}}"#, counted(32, |n| format!(r#""n{n}":1"#))), None),
        (format!(r#"{{"metadata":{{{}}}}}"#, counted(33, |n| format!(r#""n{n}":1"#))), Some("metadata")),
        (r#"{"variants":{"1 ü/":true,"off":false},"on":"1 ü/"}"#.into(), None),
        (r#"{"variants":{"":true,"on":true,"off":false}}"#.into(), Some("variants/")),
        (r#"{"variants":{"constructor":true,"on":true,"off":false}}"#.into(), Some("variants/constructor")),
        (format!(r#"{{"variants":{{"on":true,"off":false,"{}":true}}}}"#, &long[1..]), None),
        (format!(r#"{{"variants":{{"on":true,"off":false,"{long}":true}}}}"#), Some(&*format!("variants/{long}"))),
        (r#"{"rollout":{"allow":[9007199254740991,-9007199254740991]}}"#.into(), None),
        (r#"{"rollout":{"allow":[9007199254740992]}}"#.into(), Some("rollout/allow/0")),
    ]
    .map(|(flag, error): (String, Option<&str>)| (flag, error.map(String::from)))
    {
        let rest = format!(r#""flags":{{"a":{flag},"b":{{}}}}"#);
        match error {
            None => drop(check(&rest, &["a", "b"], &[])),
            Some(error) => drop(check(&rest, &["b"], &[&format!("/flags/a/{error}")])),
        }
    }
}

fn counted(count: usize, entry: impl Fn(usize) -> String) -> String {
    (0..count).map(entry).collect::<Vec<_>>().join(",")
}

#[test]
fn a_limit_of_one_flag_leaves_out_that_flag() {
    type Entry<'e> = &'e dyn Fn(usize) -> String;
    let rule = |_| String::from(r#"{"serve":"on"}"#);
    let target = |_| String::from(r#"{"attribute":"a","values":[],"variant":"on"}"#);
    let environment = |n| format!(r#""e{n}":"on""#);
    let variant = |n| format!(r#""v{n}":true"#);
    let tag = |_| String::from("\"\"");
    let cases: [(usize, &str, Entry<'_>, &str); 5] = [
        (256, "rules", &rule, "{\"#\":[@]}"),
        (256, "targets", &target, "{\"#\":[@]}"),
        (100, "environments", &environment, "{\"#\":{@}}"),
        (1_000, "variants", &variant, "{\"#\":{@},\"on\":\"v0\",\"off\":\"v999\"}"),
        (50_000, "tags", &tag, "{\"#\":[@]}"),
    ];
    for (most, name, entry, form) in cases {
        for (count, flags, errors) in [(most, &["a", "b"][..], Vec::new()), (most + 1, &["b"], Vec::from([format!("/flags/a/{name}")]))] {
            let flag = form.replace('#', name).replace('@', &counted(count, entry));
            let errors: Vec<&str> = errors.iter().map(String::as_str).collect();
            check(&format!(r#""flags":{{"a":{flag},"b":{{}}}}"#), flags, &errors);
        }
    }
    let condition = |depth: usize| format!(r#"{}{{"all":[]}}{}"#, r#"{"not":"#.repeat(depth - 1), "}".repeat(depth - 1));
    let flag = |depth| format!(r#""flags":{{"a":{{"rules":[{{"if":{},"serve":"on"}}]}},"b":{{}}}}"#, condition(depth));
    check(&flag(16), &["a", "b"], &[]);
    check(&flag(17), &["b"], &[&format!("/flags/a/rules/0/if{}", "/not".repeat(16))]);
    // A segment of 16 levels is sound; the condition that names it is one more.
    let segment =
        format!(r#""segments":{{"s":{}}},"flags":{{"a":{{"rules":[{{"if":{{"segment":"s"}},"serve":"on"}}]}},"b":{{}}}}"#, condition(16));
    check(&segment, &["b"], &["/flags/a/rules/0/if/segment"]);
}

#[test]
fn a_limit_of_the_document_refuses_it() {
    let flags = |count| format!(r#""flags":{{{}}}"#, counted(count, |n| format!(r#""f{n}":{{}}"#)));
    assert_eq!(compiled(&flags(5_000)).unwrap().ruleset.len(), 5_000);
    refused(&flags(5_001), "/flags");
    let segments = |count| format!(r#""segments":{{{}}}"#, counted(count, |n| format!(r#""s{n}":{{"all":[]}}"#)));
    assert_eq!(compiled(&segments(5_000)).unwrap().error_count, 0);
    refused(&segments(5_001), "/segments");
    let patterns = |count| {
        let rule = r#"{"if":{"attribute":"a","op":"matches","value":"(a|b)*a(a|b){20}"},"serve":"on"}"#;
        format!(r#""flags":{{"a":{{"rules":[{}]}}}}"#, counted(count, |_| rule.into()))
    };
    refused(&patterns(100), "/flags/a/rules/59/if/value");
}

#[test]
fn a_document_that_is_no_json_is_refused_with_the_line_and_the_column() {
    for (text, line, column) in [
        ("{ \"flags\": {\n  \"é\": { \"enabled\": tru } } }", 2, 21),
        ("{ \"flags\": {} \"schema\"", 1, 15),
        ("{\n\n\"schema\": 01", 3, 12),
        ("{}\n}", 2, 1),
    ] {
        let error = compile(text, None).unwrap_err();
        let place = format!(", at line {line}, column {column}");
        assert!(error.pointer.is_empty() && error.message.ends_with(&place), "{text}: {error}");
    }
}

#[test]
fn the_first_thousand_errors_are_reported_and_all_are_counted() {
    let unknown = counted(200_000, |n| format!(r#""u{n}":0"#));
    let compiled = compiled(&format!(r#""flags":{{"a":{{{unknown}}},"b":{{"x":0}}}},"segments":{{"s":0}}"#)).unwrap();
    assert_eq!(compiled.error_count, 200_002);
    assert_eq!(compiled.errors.len(), MAX_ERRORS);
    assert!(compiled.errors.iter().zip(0..).all(|(error, n)| error.pointer == format!("/flags/a/u{n}")));
    // Errors stand in the order of the document, not in that of reading: segments are read first and flags are linked last.
    let rest = r#""flags":{"a":{"prerequisites":[{"flag":"x","variants":[]}]},"b":{"enabled":1}},"segments":{"s":0}"#;
    check(rest, &["a"], &["/flags/a/prerequisites/0/flag", "/flags/b/enabled", "/segments/s"]);
}

#[test]
fn a_pointer_and_a_message_are_short_however_long_a_name_is() {
    let name = "n".repeat(1_000_000);
    let compiled = compiled(&format!(r#""flags":{{"{name}":{{"on":"{name}"}}}}"#)).unwrap();
    assert_eq!(compiled.error_count, 2);
    assert!(compiled.errors.iter().all(|error| error.pointer.len() < 1_010 && error.message.len() < 1_010));
}

/// Compiles `text`; returns the number of patterns that were compiled, and the errors, which are those that a fresh compiler finds.
#[track_caller]
fn recompiled(compiler: &mut Compiler, text: &str) -> (usize, Vec<DocumentError>) {
    let fresh = compile(text, None).unwrap();
    let before = COMPILED.get();
    let compiled = compiler.compile(text, None).unwrap();
    let patterns = COMPILED.get() - before;
    assert_eq!((&compiled.errors, compiled.error_count, &compiled.warnings), (&fresh.errors, fresh.error_count, &fresh.warnings), "{text}");
    (patterns, compiled.errors)
}

#[test]
fn only_definitions_that_changed_are_compiled_again() {
    let document = |key: &str, environment: &str, first: &str, pattern: &str| {
        format!(
            r#"{{"schema":"twinflag/1","bucketKey":"{key}","environment":"{environment}",
            "segments":{{"staff":{{"attribute":"mail","op":"matches","value":"@example\\.com$"}}}},"flags":{{
            "a":{{{first}"rules":[{{"if":{{"segment":"staff"}},"serve":"on"}},{{"if":{{"attribute":"x","op":"matches","value":"^a"}},"serve":"on"}}]}},
            "b":{{"rules":[{{"if":{{"attribute":"x","op":"matches","value":"{pattern}"}},"serve":"on"}}]}},
            "c":{{"rules":[{{"if":{{"attribute":"x","op":"matches","value":"^c"}},"serve":"missing"}}],"unknown":1}}}}}}"#
        )
    };
    let (one, other) = ("000102030405060708090a0b0c0d0e0f", "ffffffffffffffffffffffffffffffff");
    let mut compiler = Compiler::new();
    let mut patterns = |text: &str| {
        let (patterns, errors) = recompiled(&mut compiler, text);
        assert_eq!(errors.iter().filter(|error| error.pointer.starts_with("/flags/c")).count(), 2, "{errors:?}");
        patterns
    };
    assert_eq!(patterns(&document(one, "x", "", "^b")), 4);
    assert_eq!(patterns(&document(one, "x", "", "^b")), 0);
    // A kill, and then states with errors.
    assert_eq!(patterns(&document(one, "x", r#""enabled":false,"#, "^b")), 0);
    assert_eq!(patterns(&document(one, "x", r#""enabled":"no","#, "^b")), 0);
    assert_eq!(patterns(&document(one, "x", r#""rollout":{"status":"rolled_back","allow":["\ud800"]},"#, "^b")), 0);
    assert_eq!(patterns(&document(other, "y", r#""rollout":{"status":"active","percentage":5},"#, "^b")), 0);
    assert_eq!(patterns(&document(one, "x", "", "^other")), 1);
    assert_eq!(patterns(&document(one, "x", "", "(")), 1);
    assert_eq!(patterns(&document(one, "x", "", "(")), 0);
    // A member that stands twice is an error of the definition.
    assert_eq!(patterns(&document(one, "x", r#""enabled":true,"enabled":false,"#, "^b")), 2);
}

#[test]
fn a_refused_document_leaves_a_compiler_as_it_was() {
    let pattern = |value: &str| format!(r#"{{"rules":[{{"if":{{"attribute":"x","op":"matches","value":"{value}"}},"serve":"on"}}]}}"#);
    let document = |flags: &str| format!(r#"{{{HEAD},"flags":{{"a":{}{flags}}}}}"#, pattern("^a"));
    let hostile = |count: usize| -> String {
        let flags = (0..count).map(|number| format!(r#","b{number}":{}"#, pattern("(a|b)*a(a|b){20}")));
        flags.collect()
    };
    let another = format!(r#","c":{}"#, pattern("^c"));
    let refused = document(&(another.clone() + &hostile(100)));
    let fresh = compile(&refused, None).err();
    assert!(fresh.is_some());
    let mut compiler = Compiler::new();
    assert_eq!(recompiled(&mut compiler, &document("")).0, 1);
    assert_eq!(compiler.compile(&refused, None).err(), fresh);
    // The compiler still has `a`, and has not kept `c`: documents that are refused, one after the other, take no memory.
    assert_eq!(recompiled(&mut compiler, &document(&another)).0, 1);
    // The cost of flags that are kept counts against the budget again.
    assert!(compiler.compile(&document(&(another + &hostile(40))), None).is_ok());
    assert_eq!(compiler.compile(&refused, None).err(), fresh);
}

/// A document as rows: its segments, and its flags with their states. `serde_json` sorts the members of objects, so that the document has
/// to be sorted.
fn rows(sections: &str) -> (Vec<CompiledSegment>, Vec<(CompiledFlag, FlagState)>) {
    let mut document: Value = serde_json::from_str(&format!("{{{sections}}}")).unwrap();
    let mut members = |section: &str| document.get_mut(section).and_then(Value::as_object_mut).map(core::mem::take).into_iter().flatten();
    let segments = members("segments").map(|(name, text)| CompiledSegment::compile(&name, &format!("{text}")).unwrap()).collect();
    let flag = |(key, mut definition): (String, Value)| {
        let state: serde_json::Map<_, _> = ["enabled", "rollout"]
            .iter()
            .filter_map(|name| Some((String::from(*name), definition.as_object_mut()?.remove(*name)?)))
            .collect();
        let compiled = CompiledFlag::compile(&key, &format!("{definition}")).unwrap();
        (compiled, FlagState::read(&key, &format!("{}", Value::Object(state))))
    };
    (segments, members("flags").map(flag).collect())
}

fn linked(segments: &[CompiledSegment], flags: &[(CompiledFlag, FlagState)]) -> Result<Compiled, DocumentError> {
    let key = BucketKey::from_hex("000102030405060708090a0b0c0d0e0f").unwrap();
    let environment = Environment { name: Some("test"), key, private: &[] };
    link(&environment, segments, flags.iter().map(|(flag, state)| (flag, state)))
}

#[test]
fn rows_link_to_what_their_document_compiles_to() {
    let split = r#"{"split":[{"variant":"on","weight":100000}]}"#;
    let mut compiler = Compiler::new();
    for sections in [
        r#""flags":{}"#.into(),
        format!(
            r#""segments":{{"inner":{{"attribute":"mail","op":"matches","value":"@example\\.com$"}},"none":{{"segment":"none"}},"outer":{{"any":[{{"segment":"inner"}},{{"percentage":{{"unit":"org","salt":"s","to":5}}}}]}}}},
            "flags":{{
            "a":{{"aliases":["x","b"],"enabled":false,"rules":[{{"name":"r","if":{{"segment":"outer"}},"serve":{split}}}],"tags":["t"]}},
            "a.b":{{"environments":{{"test":"on"}},"prerequisites":[{{"flag":"x","variants":["on"]}},{{"flag":"none","variants":[]}}]}},
            "b":{{"rollout":{{"status":"active","percentage":37,"allow":[1,"two"],"deny":["x"]}},"metadata":{{"team":"chat"}}}},
            "c":{{"rules":[{{"if":{{"segment":"none"}},"serve":"on"}}]}},
            "d":{{"enabled":"no","on":"missing","rollout":{{"status":"running"}}}},
            "e":{{"targets":[{{"attribute":"userId","values":["u","v","u"],"variant":"on"}}],"type":"string","off":null,"variants":{{"on":"value"}}}},
            "f":7,
            "g":{{"rules":[{{"if":{{"attribute":"n","op":"in","value":[1,2,"x"]}},"serve":"on"}},{{"if":{{"attribute":"v","op":"semverGt","value":"1.2.3"}},"serve":"off"}},{{"if":{{"attribute":"now","op":"after","value":"2026-01-01T00:00:00Z"}},"serve":"off"}}]}}}}"#
        ),
    ] {
        let text = format!("{{{HEAD},{sections}}}");
        let whole = compile(&text, None).unwrap();
        let (segments, flags) = rows(&sections);
        let before = COMPILED.get();
        let linked = linked(&segments, &flags).unwrap();
        let kept = [compiler.compile(&text, None).unwrap(), compiler.compile(&text, None).unwrap()];
        assert_eq!(COMPILED.get() - before, usize::from(!segments.is_empty()), "the compiler alone meets a pattern for the first time");
        for other in [&linked, &kept[0], &kept[1]] {
            assert_eq!(other.ruleset.image.bytes(), whole.ruleset.image.bytes());
            assert_eq!((&other.errors, other.error_count, &other.warnings), (&whole.errors, whole.error_count, &whole.warnings));
        }
    }
}

#[test]
fn a_row_that_cannot_be_read_leaves_out_its_flag() {
    let (_, mut flags) = rows(r#""flags":{"a":{},"b":{},"c":{},"d":{},"e":{}}"#);
    flags[1].0 = CompiledFlag::compile("b", r#"{"rules":"#).unwrap();
    flags[2].1 = FlagState::read("c", r#"{"enabled":true,"enabled":false,"rules":[]}"#);
    flags[3].0 = CompiledFlag::compile("d", r#"{"enabled":false}"#).unwrap();
    flags.push((CompiledFlag::compile("e", "{}").unwrap(), FlagState::default()));
    let segments = [CompiledSegment::compile("s", "{").unwrap(), CompiledSegment::compile("t", "{}").unwrap()];
    let linked = linked(&segments, &flags).unwrap();
    assert_eq!(linked.ruleset.flag_keys().collect::<Vec<_>>(), ["a"]);
    let pointers: Vec<&str> = linked.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/segments/s", "/segments/t", "/flags/b/rules", "/flags/c/rules", "/flags/c/enabled", "/flags/d/enabled", "/flags/e"]
    );
}

#[test]
fn rows_past_a_limit_of_documents_are_refused() {
    let flag = |key: &str| (CompiledFlag::compile(key, "{}").unwrap(), FlagState::default());
    let flags: Vec<_> = (0..=MAX_FLAGS).map(|number| flag(&format!("f{number}"))).collect();
    assert_eq!(linked(&[], &flags[1..]).unwrap().ruleset.len(), MAX_FLAGS);
    assert_eq!(linked(&[], &flags).unwrap_err().pointer, "/flags");
    let segments: Vec<_> =
        (0..=MAX_SEGMENTS).map(|number| CompiledSegment::compile(&format!("s{number}"), "{\"all\":[]}").unwrap()).collect();
    assert_eq!(linked(&segments[1..], &[]).unwrap().error_count, 0);
    assert_eq!(linked(&segments, &[]).unwrap_err().pointer, "/segments");
    // Two rows of 3 MB are taken, three are not.
    let long: Vec<_> =
        ["a", "b", "c"].map(|key| (flag(key).0, FlagState::read(key, &format!("{{\"rollout\":{{}}{}}}", " ".repeat(3_000_000))))).into();
    assert_eq!(linked(&[], &long[1..]).unwrap().ruleset.len(), 2);
    assert_eq!(linked(&[], &long).unwrap_err().pointer, "");
    // Every rule takes a sixtieth of the work that all patterns may take.
    let rule = r#"{"if":{"attribute":"a","op":"matches","value":"(a|b)*a(a|b){20}"},"serve":"on"}"#;
    let costly = |key: &str, count| CompiledFlag::compile(key, &format!(r#"{{"rules":[{}]}}"#, counted(count, |_| rule.into())));
    let rows = ["a", "b"].map(|key| (costly(key, 31).unwrap(), FlagState::default()));
    assert_eq!(linked(&[], &rows[1..]).unwrap().error_count, 31);
    assert_eq!(linked(&[], &rows).unwrap_err().pointer, "/flags/b");
    assert_eq!(costly("c", 100).unwrap_err().pointer, "/flags/c/rules/59/if/value");
}

#[test]
fn an_unreadable_leaf_is_left_out_alone() {
    let rest =
        |tree: &str| format!(r#""flags":{{"a":{{}},"a.b":{{}},"c":{{}}}},"overrides":{{"customers":{{"x":{tree},"y":{{"c":"on"}}}}}}"#);
    let place = |leaf: &str| format!("/overrides/customers/x/{leaf}");
    let on = |compiled: &Compiled, owner: &str| {
        let context = Context::new().string("customerId", owner);
        let own = compiled.overrides.of(&context);
        ["a", "a.b", "c"].map(|flag| compiled.ruleset.evaluate(own, flag, &context, Millis(0), None).variant() == Some("on"))
    };
    let long = format!(r#"{{"a":"on","c":[{}]}}"#, counted(50_001, |_| "1".into()));
    for (tree, pointer, expected) in [
        (r#"{"a":"on","c":"\u0000"}"#, "c", [true, false, false]),
        (r#"{"c":"\ud800","a":{"b":"on"}}"#, "c", [false, true, false]),
        (r#"{"a":{"b":1e999},"c":true}"#, "a/b", [false, false, true]),
        (r#"{"a":{"b":"on","x":["\u0000"]},"c":"on"}"#, "a/x/0", [false, true, true]),
        (&long, "c", [true, false, false]),
        // A leaf that cannot be read still makes another one of its name the second.
        (r#"{"c":"on","c":1e999,"a":"on"}"#, "c", [true, false, false]),
    ] {
        let compiled = compiled(&rest(tree)).unwrap();
        assert_eq!(on(&compiled, "x"), expected, "{tree:.80}");
        assert_eq!(on(&compiled, "y"), [false, false, true], "{tree:.80}");
        assert!(compiled.errors.iter().any(|error| error.pointer == place(pointer)), "{tree:.80}: {:?}", compiled.errors);
        let (alone, errors) = compiled.ruleset.owner_overrides(OwnerKind::Customer, "x", tree);
        assert_eq!((Some(&alone), errors), (compiled.overrides.get(OwnerKind::Customer, "x"), compiled.errors), "{tree:.80}");
    }
    // A name that no pointer can hold.
    let compiled = compiled(&rest(r#"{"\u0000":true,"a":"on"}"#)).unwrap();
    assert_eq!((on(&compiled, "x"), compiled.error_count), ([true, false, false], 1));
}

#[test]
fn of_a_section_that_stands_twice_neither_counts() {
    let twice =
        r#""flags":{"a":{}},"overrides":{"customers":{"x":{"a":"on"}},"organizations":{"o":{"a":"on"}},"customers":{"x":{"a":"on"}}}"#;
    let compiled = check(twice, &["a"], &["/overrides/customers"]);
    assert!(compiled.overrides.get(OwnerKind::Customer, "x").is_none());
    assert!(compiled.overrides.get(OwnerKind::Organization, "o").is_some());
}

#[test]
fn a_flag_that_cannot_be_read_costs_nothing_where_its_definition_is_known() {
    let flags = |state: &str, second: &str| {
        let first = object_flag(4_500_000);
        format!(r#""flags":{{"a":{},"rollout":{{"status":"active"{state}}}}},"b":{second}}}"#, &first[..first.len() - 1])
    };
    let mut compiler = Compiler::new();
    let mut kept = |rest: &str| compiler.compile(&format!("{{{HEAD},{rest}}}"), None).map(|compiled| compiled.ruleset.len());
    assert_eq!(kept(&flags("", "{}")), Ok(2));
    let unreadable = flags(r#","allow":["\ud800"]"#, &object_flag(4_500_000));
    assert_eq!(compiled(&unreadable).unwrap().ruleset.len(), 1);
    assert_eq!(kept(&unreadable), Ok(1));
}

#[test]
fn a_message_takes_no_more_memory_than_is_kept_of_it() {
    let name = "\u{7f}".repeat(1_000_000);
    let compiled = compiled(&format!(r#""flags":{{"a":{{"default":"{name}"}}}}"#)).unwrap();
    let [error] = compiled.errors.as_slice() else { panic!("{:?}", compiled.errors) };
    assert!(error.message.ends_with('…') && error.message.len() <= 1_003 && error.message.capacity() < 4_000);
}
