//! What must hold of any bytes at all.
//!
//! Nothing panics, nothing overflows, and whoever answers gives the same answer: alone or with all others, by the ruleset or by
//! a program made from it.
use sdk_core::{Compiled, Context, FlagType, Identity, Millis, Program, Runner};

/// A moment in 2025.
pub const NOW: Millis = Millis(1_762_128_000_000);
/// How many flags of one document are asked one by one.
const ASKED: usize = 24;

/// A document's text: compiles it and, where that succeeds, evaluates, specialises and runs it.
pub fn document(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(compiled) = sdk_core::compile(text, sdk_core::BucketKey::from_hex("000102030405060708090a0b0c0d0e0f")) else { return };
    for context in contexts() {
        agree(&compiled, &context);
    }
}

/// A context, as JSON and in the form a page writes, against a ruleset that has everything.
pub fn context(compiled: &Compiled, bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        agree(compiled, &Context::from_json(text));
    }
    agree(compiled, &Context::from_encoded(bytes.to_vec()));
    // What a page hands over is checked by the runner itself.
    let own = Context::new();
    let Ok(program) = sdk_core::specialise(&compiled.ruleset, compiled.overrides.of(&own), &own, Identity::Open) else { return };
    let mut runner = Runner::default();
    assert!(runner.load(&program.to_bytes()).is_ok());
    runner.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
    runner.identify(bytes.len(), NOW);
    whole(&mut runner);
}

/// A program's bytes: first as they are, then as if nothing in front of the tables were wrong.
pub fn program(bytes: &[u8]) {
    let as_they_are = Program::from_bytes(bytes);
    let mut mended = bytes.to_vec();
    mend(&mut mended);
    if mended != bytes
        && let Ok(program) = as_they_are
    {
        assert_eq!(program.to_bytes(), bytes, "a program that is taken is written as it was read");
    }
    let Ok(program) = Program::from_bytes(&mended) else { return };
    assert_eq!(program.to_bytes(), mended, "a program that is taken is written as it was read");
    let mut runner = Runner::default();
    assert!(runner.load(&mended).is_ok());
    for context in encoded_contexts() {
        runner.room(context.len())[..context.len()].copy_from_slice(&context);
        runner.identify(context.len(), NOW);
        whole(&mut runner);
        let context = Context::from_encoded(context);
        for key in program.flag_keys().take(ASKED) {
            let _ = program.run(key, &context, NOW, None);
            let _ = program.run(key, &context, NOW, Some(FlagType::Boolean));
        }
    }
}

/// Writes the magic, the format, the length and the checksum that the bytes behind them ask for.
pub fn mend(program: &mut Vec<u8>) {
    if program.len() < 20 {
        program.resize(20, 0);
    }
    let length = u32::try_from(program.len()).unwrap_or(0);
    let (words, rest) = program[20..].as_chunks();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    let checksum = rest.iter().map(|byte| u64::from(*byte)).fold(words.fold((program.len() - 20) as u64, step), step);
    program[..4].copy_from_slice(b"TFPG");
    program[4..8].copy_from_slice(&sdk_core::FORMAT.to_le_bytes());
    program[8..12].copy_from_slice(&length.to_le_bytes());
    program[12..20].copy_from_slice(&checksum.to_le_bytes());
}

/// All answers at once and one after the other.
fn whole(runner: &mut Runner) {
    let all: Vec<u64> = runner.evaluate_all().as_chunks().0.iter().map(|pair| u64::from_le_bytes(*pair)).collect();
    for (flag, expected) in (0..).zip(all).take(200) {
        assert_eq!(runner.evaluate(flag, 0), expected, "flag {flag} alone");
        for kind in FlagType::ALL {
            let _ = runner.evaluate(flag, *kind as u32);
        }
    }
    let _ = runner.evaluate(u32::MAX, 0);
}

/// The ruleset and its programs, on one context.
fn agree(compiled: &Compiled, context: &Context) {
    let ruleset = &compiled.ruleset;
    let own = compiled.overrides.of(context);
    let mut visitor = ruleset.visitor(own, context, NOW);
    let all: Vec<_> = visitor.evaluate_all().collect();
    assert_eq!(all.len(), ruleset.len());
    let identity = context.only(&["customerId", "organizationId"]);
    let programs = [(&identity, Identity::Open), (context, Identity::Vouched), (context, Identity::Open)].map(|(known, kind)| {
        let made = sdk_core::specialise(ruleset, own, known, kind).ok()?;
        let bytes = made.to_bytes();
        let read = Program::from_bytes(&bytes).expect("what was made is read");
        assert_eq!(read.to_bytes(), bytes);
        Some(read)
    });
    for expected in all.iter().take(ASKED) {
        let key = expected.flag_key();
        assert_eq!(&ruleset.evaluate(own, key, context, NOW, None), expected, "{key} alone");
        assert_eq!(&visitor.evaluate(key, None), expected, "{key} after others");
        for program in programs.iter().flatten() {
            assert_eq!(&program.run(key, context, NOW, None), expected, "{key} by a program");
        }
        for kind in FlagType::ALL {
            let expected = ruleset.evaluate(own, key, context, NOW, Some(*kind));
            for program in programs.iter().flatten() {
                assert_eq!(program.run(key, context, NOW, Some(*kind)), expected, "{key} as {kind:?}");
            }
        }
    }
}

/// A stranger, somebody with everything, and somebody whose attributes are of other kinds.
fn contexts() -> [Context; 3] {
    [
        Context::new(),
        Context::from_json(
            r#"{"targetingKey":"t-1","customerId":"c-1","organizationId":"o-1","userId":"u1","sessionId":"s-1","plan":"pro",
            "email":"Ada@Example.com","version":"1.2.3","age":42,"beta":true,"geo":{"region":"EU"},"tags":["a","b",1],
            "groups":["beta","a","b"],"seats":"0012.50","build":"v120.0.6099.109","ip":"192.0.2.7","at":"2025-11-03T00:00:00Z","a":"b","x":null}"#,
        ),
        Context::from_json(
            r#"{"targetingKey":7,"customerId":9,"userId":[1],"plan":1,"email":false,"version":2,"age":"42","geo":"EU","tags":{},"groups":"beta","seats":true,"build":"120.","ip":"::1","at":0,"a":{"b":"c"}}"#,
        ),
    ]
}

/// Two of those in the form a page writes.
fn encoded_contexts() -> [Vec<u8>; 3] {
    let mut full = Vec::new();
    for (name, text) in [
        ("targetingKey", "t-1"),
        ("customerId", "c-1"),
        ("plan", "pro"),
        ("email", "Ada@Example.com"),
        ("version", "1.2.3"),
        ("ip", "192.0.2.7"),
        ("at", "2025-11-03T00:00:00Z"),
        ("a", "b"),
    ] {
        for text in [name, text] {
            full.push(4);
            full.push(u8::try_from(text.len()).unwrap_or(0));
            full.extend_from_slice(text.as_bytes());
        }
    }
    let mut numbers = full.clone();
    numbers.extend_from_slice(b"\x04\x03age\x03\0\0\0\0\0\0\x45\x40\x04\x04tags\x05\x02\0\0\0\x04\x01a\x02\x04\x03geo\x06\x01\0\0\0\x04\x06region\x04\x02EU\x04\x04beta\x02");
    [Vec::new(), full, numbers]
}
