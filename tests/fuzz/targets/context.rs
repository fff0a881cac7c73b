//! Any bytes as a context.
#![no_main]

use std::sync::LazyLock;

use sdk_core::Compiled;

static RULESET: LazyLock<Compiled> = LazyLock::new(|| {
    let compiled = sdk_core::compile(include_str!("../ruleset.json"), None).expect("the ruleset compiles");
    assert!(compiled.errors.is_empty(), "{:?}", compiled.errors);
    compiled
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests_fuzz::context(&RULESET, bytes));
