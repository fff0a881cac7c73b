//! Units fall evenly into buckets, within binomial and χ² bounds, which are arithmetic and not our own output.

use sdk_core::{BUCKETS, BucketKey};

const KEYS: [&str; 2] = ["000102030405060708090a0b0c0d0e0f", "6d91b62c99a0ea47a4423959838711ca"];
const SALTS: [&str; 3] = ["profile_ui_revamp", "sessionPersistence.phase2.enhancedStorage", "ai_alpha_users"];

fn buckets(key: &str, salt: &str, ids: u32) -> impl Iterator<Item = u32> {
    let subkey = BucketKey::from_hex(key).unwrap().subkey(salt.as_bytes());
    (0..ids).map(move |id| subkey.bucket(format!("user-{id}").as_bytes()))
}

/// Σ (observed − expected)² / expected, every cell expecting the same.
fn chi_squared(cells: &[u32]) -> f64 {
    let expected = f64::from(cells.iter().sum::<u32>()) / f64::from(u32::try_from(cells.len()).unwrap());
    cells.iter().map(|cell| (f64::from(*cell) - expected).powi(2) / expected).sum()
}

#[test]
fn a_rollout_takes_its_share_within_three_sigma() {
    for key in KEYS {
        for salt in SALTS {
            for ids in [10_000, 1_000_000] {
                let drawn: Vec<u32> = buckets(key, salt, ids).collect();
                for percent in [1_u32, 5, 10, 25, 50] {
                    let share = f64::from(percent) / 100.0;
                    let inside = drawn.iter().filter(|bucket| **bucket < percent * BUCKETS / 100).count();
                    let off = f64::from(u32::try_from(inside).unwrap()) - f64::from(ids) * share;
                    let sigma = (f64::from(ids) * share * (1.0 - share)).sqrt();
                    assert!(off.abs() <= 3.0 * sigma, "{salt}, {percent} % of {ids}: off by {:.2} σ", off / sigma);
                }
            }
        }
    }
}

#[test]
fn buckets_are_uniform() {
    // χ² with 99 degrees of freedom exceeds 148.23 once in a thousand.
    for key in KEYS {
        for salt in SALTS {
            let mut cells = [0; 100];
            buckets(key, salt, 1_000_000).for_each(|bucket| cells[(bucket / 1_000) as usize] += 1);
            let statistic = chi_squared(&cells);
            assert!(statistic < 148.23, "{salt}: χ² is {statistic}");
        }
    }
}

#[test]
fn two_salts_are_independent() {
    // Ten by ten cells, margins known: 99 degrees of freedom.
    let mut cells = [0; 100];
    let pairs = buckets(KEYS[0], SALTS[0], 1_000_000).zip(buckets(KEYS[0], SALTS[1], 1_000_000));
    pairs.for_each(|(first, second)| cells[(first / 10_000 * 10 + second / 10_000) as usize] += 1);
    let statistic = chi_squared(&cells);
    assert!(statistic < 148.23, "χ² is {statistic}");
}

#[test]
fn a_biased_draw_would_be_noticed() {
    // The control: one cell in a hundred is 1 % too full.
    let mut cells = [10_000; 100];
    cells[0] += 100;
    assert!(chi_squared(&cells) < 148.23, "a single cell this full is within chance");
    cells.iter_mut().step_by(2).for_each(|cell| *cell += 300);
    assert!(chi_squared(&cells) > 148.23, "every other cell 3 % too full is not");
}
