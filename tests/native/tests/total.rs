//! Calls that once failed under fuzzing: each must answer, whatever its arguments.

use sdk_core::{Context, Identity, Millis, Runner};

/// Code `FLAG_NOT_FOUND`, no layer and no step, in the bits of a decision.
const UNKNOWN: u32 = 1 << 24;

#[test]
fn a_number_that_no_flag_has_is_answered() {
    let compiled =
        sdk_core::compile(r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{"a":{}}}"#, None).unwrap();
    let context = Context::new();
    let program = sdk_core::specialise(&compiled.ruleset, compiled.overrides.of(&context), &context, Identity::Open).unwrap();
    let mut runner = Runner::default();
    runner.load(&program.to_bytes()).unwrap();
    runner.identify(0, Millis(0));
    for number in [1, 1 << 28, 1 << 30, u32::MAX] {
        assert_eq!(runner.evaluate(number, 0), u64::from(UNKNOWN), "flag {number}");
    }
}
