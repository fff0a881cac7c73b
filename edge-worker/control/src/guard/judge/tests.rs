use core::net::{IpAddr, Ipv4Addr};
use std::vec::Vec;

use sdk_core::Percentage;

use super::*;
use crate::{
    guard::{Block, UnitCaps, next_firing},
    lifecycle::Course,
};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn rollout(tier: Tier) -> Rollout {
    let course = Course { started_at: Some(Millis(0)), stage_since: Some(Millis(0)), ..Course::default() };
    Rollout { status: Status::Active, tier: Some(tier), percentage: tier.percentage(), course, ..Rollout::default() }
}

fn with_guard(tier: Tier, change: impl FnOnce(&mut Guard)) -> Rollout {
    let mut guard = Guard::default();
    change(&mut guard);
    Rollout { guard: Some(guard), ..rollout(tier) }
}

/// Outcomes of the treatment, each unit for the first time, and of the control.
fn observed((outcomes, errors): (u64, u64), (control, control_errors): (u64, u64), at: i64) -> Observation<'static> {
    let treatment = Sums::new(outcomes, errors);
    Observation { at: Millis(at), stage: treatment, treatment, control: Sums::new(control, control_errors), ..Observation::default() }
}

/// The word for the decision about these outcomes, from an empty state.
fn decided(rollout: &Rollout, treatment: (u64, u64), control: (u64, u64)) -> &'static str {
    word(&GuardState::default().observe(&Judge::of(rollout), &observed(treatment, control, HOUR)))
}

fn word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Continue => "continue",
        Decision::RollBack(Evidence { doubt: None, .. }) => "roll back",
        Decision::RollBack(_) => "roll back, alert",
        Decision::Held(Evidence { doubt: Some(Doubt::BothArms), .. }) => "held: both arms",
        Decision::Held(_) => "held: few sources",
    }
}

/// A linear congruential generator: the multiplier and the increment are Knuth's MMIX.
fn random(seed: &mut u64, below: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % below
}

/// An entry of a list.
fn one_of<T: Copy>(list: &[T], seed: &mut u64) -> T {
    list[usize::try_from(random(seed, list.len().try_into().unwrap())).unwrap()]
}

/// The errors among outcomes, each of which has one with a probability in per-cent.
fn drawn(seed: &mut u64, outcomes: u64, percent: u64) -> u64 {
    (0..outcomes).map(|_| u64::from(random(seed, 100) < percent)).sum()
}

#[test]
fn the_sequential_rule_rolls_back_at_its_boundary() {
    let full = rollout(Tier::Full);
    for (outcomes, errors) in [(20, 7), (50, 11), (100, 16), (500, 47), (1_000, 81), (5_000, 315)] {
        assert_eq!(decided(&full, (outcomes, errors), (0, 0)), "roll back", "{errors} of {outcomes}");
        assert_eq!(decided(&full, (outcomes, errors - 1), (0, 0)), "continue", "{} of {outcomes}", errors - 1);
        assert_eq!(next_firing(&Guard::default(), outcomes), Some(errors));
    }
}

#[test]
fn nothing_is_decided_below_the_least_outcomes() {
    for method in Method::ALL {
        let guarded = with_guard(Tier::Full, |guard| guard.method = method);
        assert_eq!(decided(&guarded, (19, 19), (0, 0)), "continue");
        assert_eq!(decided(&guarded, (20, 20), (0, 0)), "roll back");
        let eager = with_guard(Tier::Full, |guard| (guard.method, guard.min_samples) = (method, 0));
        assert_eq!(decided(&eager, (0, 0), (0, 0)), "continue");
        assert_eq!(decided(&eager, (5, 4), (0, 0)), "roll back");
    }
}

#[test]
fn the_literal_rule_rolls_back_above_the_limit_and_holds_at_it() {
    let literal = with_guard(Tier::General, |guard| guard.method = Method::Threshold);
    for (outcomes, errors, expected) in
        [(20, 1, "continue"), (20, 2, "roll back"), (100, 5, "continue"), (101, 6, "roll back"), (1_000_000, 50_000, "continue")]
    {
        // It does not look at the control.
        assert_eq!(decided(&literal, (outcomes, errors), (1_000, 900)), expected, "{errors} of {outcomes}");
    }
}

#[test]
fn the_literal_rule_forgets_what_is_older_than_the_window() {
    let judge = Judge::of(&with_guard(Tier::Full, |guard| guard.method = Method::Threshold));
    let mut state = GuardState::default();
    assert_eq!(word(&state.observe(&judge, &observed((15, 15), (0, 0), 0))), "continue");
    assert_eq!(word(&state.observe(&judge, &observed((15, 0), (0, 0), HOUR))), "continue");
    assert_eq!(word(&state.observe(&judge, &observed((5, 1), (0, 0), HOUR + MINUTE))), "continue");
    assert_eq!(word(&state.observe(&judge, &observed((0, 0), (0, 0), HOUR + MINUTE))), "continue");
    assert_eq!(word(&state.observe(&judge, &observed((0, 0), (0, 0), 2 * HOUR))), "continue");
    assert_eq!(word(&state.observe(&judge, &observed((15, 1), (0, 0), 2 * HOUR))), "roll back");
}

#[test]
fn a_late_regression_rolls_back_though_the_stage_was_good() {
    let (judge, mut good) = (Judge::of(&rollout(Tier::General)), GuardState::default());
    for minute in 0..200 {
        assert_eq!(good.observe(&judge, &observed((100, 1), (100, 1), minute * MINUTE)), Decision::Continue);
    }
    // Six errors in a row, by ln(8·10^6) / ln 16 = 5.73…; beside a good control of the same size 25, by ln(8·10^6) / ln(20/10.5) = 24.6….
    for (control_errors, errors, expected) in [(0, 25, "roll back"), (1, 6, "held: both arms")] {
        let (mut state, one) = (good.clone(), observed((1, 1), (1, control_errors), 200 * MINUTE));
        for error in 1..errors {
            assert_eq!(state.observe(&judge, &one), Decision::Continue, "{error} errors");
        }
        let decision = state.observe(&judge, &one);
        assert_eq!(word(&decision), expected);
        let (Decision::RollBack(evidence) | Decision::Held(evidence)) = decision else { panic!("{decision:?}") };
        assert_eq!((evidence.rule, evidence.strength_permille), (Rule::Late, 1_000));
        assert_eq!((evidence.counts, evidence.control), (Sums::new(errors, errors), Some(Sums::new(errors, errors * control_errors))));
    }
    // Without a control, six.
    let (judge, mut state) = (Judge::of(&rollout(Tier::Full)), GuardState::default());
    state.observe(&judge, &observed((20_000, 200), (0, 0), 0));
    let words: Vec<&str> = (0..6).map(|_| word(&state.observe(&judge, &observed((1, 1), (0, 0), 0)))).collect();
    assert_eq!(words, ["continue", "continue", "continue", "continue", "continue", "roll back"]);
}

#[test]
fn both_arms_bad_is_held_and_a_treatment_that_is_worse_is_rolled_back() {
    let half = rollout(Tier::General);
    for (treatment, control, expected) in [
        ((1_000, 90), (1_000, 90), "held: both arms"),
        ((1_000, 90), (1_000, 10), "roll back"),
        // At exactly the limit the control is not bad; 90 beside 50 errors are not evidently worse, and 120 are.
        ((1_000, 90), (1_000, 50), "continue"),
        ((1_000, 90), (1_000, 51), "held: both arms"),
        ((1_000, 120), (1_000, 50), "roll back"),
        ((1_000, 400), (1_000, 90), "roll back"),
        // Less than a tenth of the treatment's outcomes is no control.
        ((1_000, 90), (0, 0), "roll back"),
        ((1_000, 90), (99, 99), "roll back"),
        ((1_000, 90), (100, 100), "held: both arms"),
        ((1_000, 40), (1_000, 400), "continue"),
    ] {
        assert_eq!(decided(&half, treatment, control), expected, "{treatment:?} beside {control:?}");
    }
    // At 100 % there is no control, so outcomes that are counted as one are ignored.
    assert_eq!(decided(&rollout(Tier::Full), (1_000, 90), (1_000, 90)), "roll back");
}

/// An outage of both arms: no minute of it, nor of the hours after it, rolls the rollout back.
#[test]
fn an_outage_of_both_arms_is_held_and_leaves_nothing_behind() {
    for (share, rest) in [(2, 198), (50, 150), (100, 100), (150, 50)] {
        let (judge, mut state, mut words) = (Judge::of(&rollout(Tier::General)), GuardState::default(), Vec::new());
        let mut seed = share;
        for minute in 0..600 {
            let percent = if (120..180).contains(&minute) { 40 } else { 1 };
            let [treatment, control] = [share, rest].map(|outcomes| (outcomes, drawn(&mut seed, outcomes, percent)));
            words.push(word(&state.observe(&judge, &observed(treatment, control, minute * MINUTE))));
        }
        assert!(words.contains(&"held: both arms") && !words.contains(&"roll back"), "{share}: {words:?}");
        assert!(words[..120].iter().chain(&words[300..]).all(|word| *word == "continue"));
    }
}

#[test]
fn a_change_of_the_stage_restarts_its_evidence() {
    let (first, mut second) = (rollout(Tier::General), rollout(Tier::Full));
    second.course.stage_since = Some(Millis(HOUR));
    let mut state = GuardState::default();
    state.observe(&Judge::of(&first), &observed((100, 15), (0, 0), HOUR));
    let mut other = state.clone();
    assert_eq!(word(&state.observe(&Judge::of(&first), &observed((1, 1), (0, 0), HOUR))), "roll back");
    assert_eq!(word(&other.observe(&Judge::of(&second), &observed((20, 6), (0, 0), HOUR))), "continue");
    assert_eq!(word(&other.observe(&Judge::of(&second), &observed((1, 1), (0, 0), HOUR))), "roll back");
    // The window is of the time, not of the stage.
    assert_eq!(other.window.sums(), Sums::new(121, 22));
}

#[test]
fn another_rollout_starts_from_nothing_and_another_limit_from_its_window() {
    let first = rollout(Tier::Full);
    let mut again = first.clone();
    again.course.started_at = Some(Millis(1));
    let stricter = with_guard(Tier::Full, |guard| guard.error_rate = Rate::millionths(49_999));
    let longer = with_guard(Tier::Full, |guard| guard.time_window_ms = 2 * HOUR);
    for (next, window, late) in [(&first, 100, false), (&again, 0, true), (&longer, 0, true), (&stricter, 100, true)] {
        let mut state = GuardState::default();
        state.observe(&Judge::of(&first), &observed((100, 14), (0, 0), HOUR));
        assert!(state.late != Late::default());
        state.observe(&Judge::of(next), &observed((0, 0), (0, 0), HOUR));
        assert_eq!((state.window.sums().outcomes(), state.late == Late::default()), (window, late));
        assert_eq!(state.counts.outcomes(), if next == &first { 100 } else { 0 });
    }
}

#[test]
fn only_a_running_rollout_is_judged() {
    for status in Status::ALL {
        let expected = if matches!(status, Status::Active | Status::Paused) { "roll back" } else { "continue" };
        assert_eq!(decided(&Rollout { status, ..rollout(Tier::Full) }, (100, 100), (0, 0)), expected, "{status:?}");
    }
}

fn block(number: u32) -> Block {
    Block::of(IpAddr::V4(Ipv4Addr::from_bits(number << 8)))
}

/// The decision about 100 outcomes with 40 errors, of which one address block has these.
fn from_one_block(rollout: &Rollout, errors: u64) -> &'static str {
    let blocks = [BlockErrors { block: block(1), errors }];
    let observation = Observation { blocks: &blocks, ..observed((100, 40), (0, 0), 0) };
    word(&GuardState::default().observe(&Judge::of(rollout), &observation))
}

#[test]
fn errors_of_one_block_are_held_from_tier_2_and_below_it_roll_back_with_an_alert() {
    for (tier, expected) in [
        (Tier::Internal, "roll back, alert"),
        (Tier::EarlyAdopters, "held: few sources"),
        (Tier::General, "held: few sources"),
        (Tier::Full, "held: few sources"),
    ] {
        for method in Method::ALL {
            let guarded = with_guard(tier, |guard| guard.method = method);
            assert_eq!(from_one_block(&guarded, 9), expected, "{tier:?}");
            assert_eq!(from_one_block(&guarded, 8), "roll back", "{tier:?}");
        }
    }
    for (buckets, expected) in [(9_999, "roll back, alert"), (10_000, "held: few sources")] {
        let plain = Rollout { tier: None, percentage: Percentage::buckets(buckets), ..rollout(Tier::Full) };
        assert_eq!(from_one_block(&plain, 9), expected, "{buckets}");
    }
}

#[test]
fn an_outage_of_both_arms_is_held_whatever_the_sources_are() {
    let blocks = [BlockErrors { block: block(1), errors: 9 }];
    for tier in [Tier::Internal, Tier::General] {
        let observation = Observation { blocks: &blocks, ..observed((100, 40), (1_000, 400), 0) };
        assert_eq!(word(&GuardState::default().observe(&Judge::of(&rollout(tier)), &observation)), "held: both arms");
    }
}

/// 1,000 honest outcomes at 1 %, then 100 forged errors from each of 200 sources: in as many address blocks, or all in one.
#[test]
fn two_hundred_sources_with_a_hundred_forged_errors_each_are_held() {
    for blocks in [200, 1] {
        let judge = Judge::of(&rollout(Tier::General));
        let (mut state, mut caps, mut words) = (GuardState::default(), UnitCaps::default(), Vec::new());
        state.observe(&judge, &observed((1_000, 10), (1_000, 10), 0));
        for source in 0..200 {
            let (block, at) = (block(source % blocks), i64::from(source) * 1_000);
            let counted = (0..100).map(|_| u64::from(caps.admit(Some(block), Millis(at)))).sum();
            let blocks = [BlockErrors { block, errors: 100 }];
            let observation = Observation { over_cap: 100 - counted, blocks: &blocks, ..observed((counted, counted), (0, 0), at) };
            words.push(word(&state.observe(&judge, &observation)));
        }
        assert!(words.iter().all(|word| !word.starts_with("roll back")), "{words:?}");
        // From one block the cap lets five errors through, which are no evidence.
        assert_eq!(words.contains(&"held: few sources"), blocks == 200);
    }
}

#[test]
fn the_evidence_has_the_counts_and_figures_of_its_rule() {
    let blocks = [BlockErrors { block: block(0xc0_0002), errors: 5 }];
    let observation = Observation { over_cap: 10, blocks: &blocks, ..observed((100, 40), (300, 3), HOUR) };
    let Decision::RollBack(evidence) = GuardState::default().observe(&Judge::of(&rollout(Tier::General)), &observation) else {
        panic!("not rolled back")
    };
    // ln 8·40 + ln(0.6/0.95)·60 = 55.606… against ln 3,200 = 8.0709…: 6,889 ‰, by Python's `decimal`.
    let expected = r#"{"rule":"sequential","counts":{"outcomes":100,"errors":40},"rateMillionths":400000,"limitMillionths":50000,"strengthPermille":6889,"control":{"outcomes":300,"errors":3},"topBlock":"192.0.2.0/24","topBlockPermille":100,"overCapPermille":200,"doubt":null}"#;
    assert_eq!(serde_json::to_string(&evidence).unwrap(), expected);
    let literal = with_guard(Tier::Full, |guard| guard.method = Method::Threshold);
    let Decision::RollBack(evidence) = GuardState::default().observe(&Judge::of(&literal), &observation) else { panic!("not rolled back") };
    // 40 % are eight times 5 %.
    assert_eq!((evidence.rule, evidence.strength_permille, evidence.control), (Rule::Threshold, 8_000, None));
}

#[test]
fn a_slot_decides_what_its_outcomes_one_by_one_would_have() {
    let (judge, mut seed, mut fired) = (Judge::of(&rollout(Tier::Full)), 3, [0, 0]);
    for percent in [5, 7, 10, 20, 50].repeat(60) {
        let (mut by_slot, mut one_by_one) = (GuardState::default(), GuardState::default());
        let mut has_fired = false;
        for minute in 0..90 {
            let outcomes = 1 + random(&mut seed, 30);
            let mut errors = 0;
            for _ in 0..outcomes {
                let error = u64::from(random(&mut seed, 100) < percent);
                errors += error;
                has_fired |= one_by_one.observe(&judge, &observed((1, error), (0, 0), minute * MINUTE)) != Decision::Continue;
            }
            let decision = by_slot.observe(&judge, &observed((outcomes, errors), (0, 0), minute * MINUTE));
            // All but the late test are sums, which know no order.
            assert_eq!((by_slot.counts, by_slot.window.sums()), (one_by_one.counts, one_by_one.window.sums()));
            assert!(has_fired || decision == Decision::Continue);
            fired[0] += i32::from(decision != Decision::Continue);
            fired[1] += i32::from(has_fired);
        }
    }
    assert!(fired[0] > 1_000 && fired[1] < 60 * 5 * 90 - 1_000, "{fired:?}");
}

#[test]
fn hostile_numbers_are_judged_without_a_panic_and_within_the_bounds() {
    let extremes = [0, 1, 2, 19, 20, 1 << 20, (1 << 40) - 1, 1 << 40, (1 << 53) - 1, u64::MAX - 1, u64::MAX];
    let moments = [i64::MIN, i64::MIN + 1, -1, 0, 1, HOUR, 1 << 53, i64::MAX - 1, i64::MAX];
    let (mut seed, mut state) = (1, GuardState::default());
    let limits = [0, 1, 50_000, 62_500, 799_999, 800_000, 1_000_000].map(Rate::millionths);
    for bits in (0..64).cycle().take(5_000) {
        let [stage, treatment, control] = [(); 3].map(|()| Sums::new(one_of(&extremes, &mut seed), one_of(&extremes, &mut seed)));
        let blocks = 0..u32::try_from(random(&mut seed, 300)).unwrap();
        let blocks: Vec<BlockErrors> =
            blocks.map(|number| BlockErrors { block: block(number), errors: one_of(&extremes, &mut seed) }).collect();
        let [at, since, time_window_ms] = [(); 3].map(|()| one_of(&moments, &mut seed));
        let [over_cap, min_samples] = [(); 2].map(|()| one_of(&extremes, &mut seed));
        let mut rollout = rollout(one_of(&Tier::ALL, &mut seed));
        rollout.percentage = Percentage::buckets(u32::try_from(random(&mut seed, 100_001)).unwrap());
        rollout.course.stage_since = Some(Millis(since));
        let guard = Guard { method: one_of(&Method::ALL, &mut seed), error_rate: one_of(&limits, &mut seed), time_window_ms, min_samples };
        rollout.guard = Some(guard);
        let at = Millis(at);
        let observation = Observation { at, stage, treatment, control, over_cap, blocks: &blocks, open: Open::default() };
        if let Decision::RollBack(evidence) | Decision::Held(evidence) = state.observe(&Judge::of(&rollout), &observation) {
            assert!(evidence.strength_permille >= 1_000 && evidence.top_block_permille <= 1_000 && evidence.over_cap_permille <= 1_000);
        }
        assert!(next_firing(&guard, u64::MAX >> bits).is_none_or(|errors| errors >= 1));
        let text = state.to_json();
        assert!(text.len() <= super::super::MAX_STATE);
        assert_eq!(GuardState::from_json(&text), (state.clone(), None));
    }
}

#[test]
fn errors_that_arrive_before_the_successes_of_their_time_roll_nothing_back() {
    for method in [Method::Sequential, Method::Threshold] {
        let rollout = with_guard(Tier::Internal, |guard| guard.method = method);
        let judge = Judge::of(&rollout);
        let open = |count| Open { stage: count, treatment: count, control: 0 };
        let errors = |open| Observation { open, ..observed((100, 100), (0, 0), 0) };
        // 100 errors of 100 outcomes, and of 10,000 exposures 1 %.
        let mut state = GuardState::default();
        assert_eq!(state.observe(&judge, &errors(open(9_900))), Decision::Continue, "{method:?}");
        // Their minute is over.
        assert_eq!(state.observe(&judge, &observed((9_900, 0), (0, 0), HOUR / 60)), Decision::Continue, "{method:?}");
        // The same errors of 100 exposures, and of 1,000: 10 %.
        for count in [0, 900] {
            let decision = GuardState::default().observe(&judge, &errors(open(count)));
            let Decision::RollBack(evidence) = decision else { panic!("{method:?} {count}: {decision:?}") };
            assert_eq!(evidence.counts, Sums::new(100 + count, 100));
        }
    }
}
