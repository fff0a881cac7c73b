//! The guard's numbers, beside other implementations: `guard/tables.json` by Python's `decimal` (`guard/make.py`), and `guard/confseq.json`
//! by the library confseq.

use std::fs;

use control::{
    guard::{Sequential, Sums, next_firing},
    lifecycle::Guard,
};
use sdk_core::stage::{Method, Rate};
use serde::Deserialize;

/// ln(1 / 0.0025): an e-value beyond it is too unlikely within the limit.
const LOG_OF_400: f64 = 5.991_464_547_107_982;
/// One unit in Q32.
const UNIT: f64 = 1.0 / 4_294_967_296.0;

#[derive(Deserialize)]
struct Tables {
    limits: Limits,
    increments: Vec<(u32, Vec<(i64, i64)>)>,
    mixture: Vec<(u32, u64, u64, f64)>,
    boundary: Vec<(u32, u64, Option<u64>)>,
}

#[derive(Deserialize)]
struct Limits {
    stage: i64,
    late: i64,
}

#[derive(Deserialize)]
struct Confseq {
    #[serde(rename = "vectors_s_n_logE")]
    vectors: Vec<(u64, u64, f64)>,
}

fn tables() -> Tables {
    serde_json::from_str(&fs::read_to_string("guard/tables.json").unwrap()).unwrap()
}

#[test]
fn the_increments_are_those_of_another_implementation_at_every_limit() {
    let tables = tables();
    assert!(tables.increments.len() > 150);
    for (limit, expected) in tables.increments {
        let increments: Vec<(i64, i64)> = Sequential::new(Rate::millionths(limit)).increments().collect();
        assert_eq!(increments, expected, "against {limit} millionths");
    }
}

#[test]
fn the_boundary_is_that_of_exact_arithmetic() {
    let tables = tables();
    assert!(tables.boundary.len() > 150);
    for (limit, outcomes, expected) in tables.boundary {
        let guard = Guard { method: Method::Sequential, error_rate: Rate::millionths(limit), min_samples: 0, ..Guard::default() };
        let fires = next_firing(&guard, outcomes);
        if outcomes <= 1_000_000 {
            assert_eq!(fires, expected, "of {outcomes} against {limit} millionths");
        } else {
            // Of 2^40 outcomes the rounding of each adds up: it takes more errors, by less than a thousandth, and never fewer.
            let (fires, exact) = (fires.unwrap(), expected.unwrap());
            assert!((exact..=exact + exact / 1_000).contains(&fires), "{fires} of {outcomes} against {limit} millionths, exactly {exact}");
        }
    }
}

#[test]
fn the_limits_are_the_logarithms_rounded_up() {
    // Evidence in steps of one unit shows where the rule fires: the limit of 0 gives an error the evidence of the late limit.
    let Limits { stage, late } = tables().limits;
    assert_eq!(Sequential::new(Rate::millionths(0)).evidence(Sums::new(1, 1)), i128::from(late));
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let stage = stage as f64 * UNIT;
    assert!((0.0..UNIT).contains(&(stage - 3_200_f64.ln())), "{stage}");
}

/// The mean of the eight likelihood ratios is a martingale by construction; the largest of them, divided by eight, is never above it.
#[test]
fn the_rule_fires_only_where_the_mixture_is_evidence_enough() {
    let tables = tables();
    let mut fired = 0;
    for (limit, errors, outcomes, log) in &tables.mixture {
        let fires = Sequential::new(Rate::millionths(*limit)).fires(Sums::new(*outcomes, *errors));
        assert!(!fires || *log >= LOG_OF_400, "{errors} of {outcomes} against {limit}: {log}");
        // The largest is at least an eighth of the sum, so beyond ln 8 more the rule must fire.
        assert!(fires || *log < LOG_OF_400 + 8_f64.ln(), "{errors} of {outcomes} against {limit}: {log}");
        fired += usize::from(fires);
    }
    assert_eq!(tables.mixture.len(), 2_000);
    assert!((500..1_500).contains(&fired), "{fired}");
}

/// The mixture of confseq has other weights, so single counts may differ near the boundary, and must agree away from it.
#[test]
fn the_rule_agrees_with_the_beta_binomial_mixture_of_confseq() {
    let confseq: Confseq = serde_json::from_str(&fs::read_to_string("guard/confseq.json").unwrap()).unwrap();
    let rule = Sequential::new(Rate::millionths(50_000));
    let mut fired = 0;
    for (errors, outcomes, log) in &confseq.vectors {
        let fires = rule.fires(Sums::new(*outcomes, *errors));
        assert!(fires || *log < LOG_OF_400, "{errors} of {outcomes}: {log}");
        assert!(!fires || *log > 0.0, "{errors} of {outcomes}: {log}");
        fired += usize::from(fires);
    }
    assert_eq!((confseq.vectors.len(), fired), (300, 157));
}
