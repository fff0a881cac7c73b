//! Raising a percentage never takes a flag from anyone.

use sdk_core::{ApplicableOverrides, Context, Millis, Value, compile};

fn holders(percentage: &str, hash: &str) -> Vec<bool> {
    let text = format!(
        r#"{{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f",
        "flags":{{"f":{{"hash":"{hash}","rollout":{{"status":"active","percentage":{percentage}}}}}}}}}"#
    );
    let ruleset = compile(&text, None).unwrap().ruleset;
    let holds = |id: u32| {
        let context = Context::new().string("targetingKey", &format!("user-{id}"));
        ruleset.evaluate(ApplicableOverrides::NONE, "f", &context, Millis(0), None).value() == Some(Value::Boolean(true))
    };
    (0..20_000).map(holds).collect()
}

#[test]
fn whoever_is_in_stays_in() {
    for hash in ["sip-1", "murmurhash-js"] {
        let mut before = holders("0", hash);
        assert!(before.iter().all(|holds| !holds));
        for percentage in ["0.001", "1", "9.999", "10", "10.001", "33.333", "50", "99.999", "100"] {
            let now = holders(percentage, hash);
            let lost = before.iter().zip(&now).filter(|(before, now)| **before && !**now).count();
            assert_eq!(lost, 0, "{hash}: {lost} lost the flag at {percentage} %");
            before = now;
        }
        assert!(before.iter().all(|holds| *holds));
    }
}
