//! Simulates rollouts that the guard judges, and prints as JSON how often and how soon it rolls back. Draws come from a fixed seed, so the
//! figures are the same on every machine.

use control::{
    guard::{Decision, GuardState, Judge, Observation, Sums},
    lifecycle::{Guard, Rollout},
};
use sdk_core::{
    Millis,
    stage::{Method, Status, Tier},
};
use serde_json::{Value, json};

/// The outcomes that arrive in a minute of the simulated time.
const A_MINUTE: i64 = 100;
const ROLLOUTS: u32 = 10_000;
const OUTCOMES: u32 = 20_000;

fn main() {
    // As many threads as small machines have cores.
    let (others, [sequential, literal]) = std::thread::scope(|scope| {
        let at_the_limit = scope.spawn(at_the_limit);
        (others(), at_the_limit.join().unwrap_or([u32::MAX; 2]))
    });
    let mut figures = others;
    figures["at the limit"] = json!(per_cent(sequential, ROLLOUTS));
    figures["at the limit, literal"] = json!(per_cent(literal, ROLLOUTS));
    println!("{figures}");
}

/// The figures but for those at the limit.
fn others() -> Value {
    json!({
        "detects 10": median_to_detect(0, 10),
        "detects 20": median_to_detect(0, 20),
        "detects 50": median_to_detect(0, 50),
        "late 10": median_to_detect(20_000, 10),
        "late 20": median_to_detect(20_000, 20),
        "late 50": median_to_detect(20_000, 50),
        "beside, share 10": median_beside_a_control(10, 0),
        "beside, share 50": median_beside_a_control(50, 0),
        "beside, late, share 10": median_beside_a_control(10, 10_000),
        "beside, late, share 50": median_beside_a_control(50, 10_000),
        "both arms, share 1": both_arms_bad(1),
        "both arms, share 10": both_arms_bad(10),
        "both arms, share 50": both_arms_bad(50),
        "outage, share 1": outage_of_both_arms(1),
        "outage, share 10": outage_of_both_arms(10),
        "outage, share 50": outage_of_both_arms(50),
    })
}

/// The rollouts of which each method rolls one back at an error rate of exactly 5 %, asked after every outcome.
fn at_the_limit() -> [u32; 2] {
    let judges = [Method::Sequential, Method::Threshold].map(|method| judge(Tier::Full, method));
    let mut rolled_back = [0, 0];
    for run in 0..ROLLOUTS {
        let (mut draws, mut states) = (Draws::new(run, 1), [(); 2].map(|()| Some(GuardState::default())));
        for at in 0..OUTCOMES {
            let sums = Sums::new(1, draws.has_error(500));
            for ((state, judge), count) in states.iter_mut().zip(&judges).zip(&mut rolled_back) {
                if state.as_mut().is_some_and(|state| is_rolled_back(state, judge, at, sums, Sums::default())) {
                    (*state, *count) = (None, *count + 1);
                }
            }
        }
    }
    rolled_back
}

/// The median number of outcomes, of 1,001 rollouts, until a rollout is rolled back that has this percentage of errors after good outcomes
/// at 1 %; `None` if the median rollout is not within 20,000.
fn median_to_detect(good: u32, percent: u64) -> Option<u32> {
    let judge = judge(Tier::Full, Method::Sequential);
    let mut found: Vec<u32> = (0..1_001)
        .map(|run| {
            let (mut draws, mut state) = (Draws::new(run, 2 + percent), GuardState::default());
            for at in 0..good + OUTCOMES {
                let rate = if at < good { 100 } else { percent * 100 };
                let sums = Sums::new(1, draws.has_error(rate));
                if is_rolled_back(&mut state, &judge, at, sums, Sums::default()) {
                    return (at + 1).saturating_sub(good);
                }
            }
            u32::MAX
        })
        .collect();
    found.sort_unstable();
    found.get(500).copied().filter(|outcomes| *outcomes <= OUTCOMES)
}

/// The median number of the treatment's outcomes, of 1,001 rollouts, until a rollout is rolled back that has 20 % of errors after good
/// outcomes of both arms, beside a control with 1 %; `None` if the median rollout is not within 20,000 of both arms.
fn median_beside_a_control(share: u64, good: u32) -> Option<u32> {
    let judge = judge(Tier::General, Method::Sequential);
    let mut found: Vec<u32> = (0..1_001)
        .map(|run| {
            let (mut draws, mut state, mut outcomes) = (Draws::new(run, 300 + share), GuardState::default(), 0);
            for at in 0..good + OUTCOMES {
                let (is_treatment, is_late) = (draws.below(100) < share, at >= good);
                outcomes += u32::from(is_treatment && is_late);
                let one = Sums::new(1, draws.has_error(if is_treatment && is_late { 2_000 } else { 100 }));
                let (treatment, control) = if is_treatment { (one, Sums::default()) } else { (Sums::default(), one) };
                if is_rolled_back(&mut state, &judge, at, treatment, control) {
                    return outcomes;
                }
            }
            u32::MAX
        })
        .collect();
    found.sort_unstable();
    found.get(500).copied().filter(|outcomes| *outcomes <= OUTCOMES)
}

/// The per-cent of rollouts that are rolled back though both arms have 8 % of errors: 20,000 outcomes of the treatment, and of the control
/// what its share adds, looked at each minute.
fn both_arms_bad(share: u64) -> f64 {
    let (judge, rollouts) = (judge(Tier::General, Method::Sequential), 2_000);
    let rolled_back = (0..rollouts).filter(|run| {
        let (mut draws, mut state) = (Draws::new(*run, 100 + share), GuardState::default());
        (0..OUTCOMES / 100).any(|minute| {
            let [treatment, control] = [100, 100 * (100 - share) / share].map(|outcomes| draws.sums_at_8_percent(outcomes));
            is_rolled_back(&mut state, &judge, minute * 100, treatment, control)
        })
    });
    per_cent(u32::try_from(rolled_back.count()).unwrap_or(u32::MAX), rollouts)
}

/// The per-cent of rollouts that are rolled back by an outage of both arms: 1 % of errors, then 40 % in 2,000 outcomes, then 1 % again,
/// looked at after every outcome of either arm.
fn outage_of_both_arms(share: u64) -> f64 {
    let (judge, rollouts) = (judge(Tier::General, Method::Sequential), 2_000);
    let rolled_back = (0..rollouts).filter(|run| {
        let (mut draws, mut state) = (Draws::new(*run, 200 + share), GuardState::default());
        (0..OUTCOMES).any(|at| {
            let is_treatment = draws.below(100) < share;
            let one = Sums::new(1, draws.has_error(if (10_000..12_000).contains(&at) { 4_000 } else { 100 }));
            let (treatment, control) = if is_treatment { (one, Sums::default()) } else { (Sums::default(), one) };
            is_rolled_back(&mut state, &judge, at, treatment, control)
        })
    });
    per_cent(u32::try_from(rolled_back.count()).unwrap_or(u32::MAX), rollouts)
}

fn judge(tier: Tier, method: Method) -> Judge {
    let guard = Some(Guard { method, ..Guard::default() });
    Judge::of(&Rollout { status: Status::Active, tier: Some(tier), percentage: tier.percentage(), guard, ..Rollout::default() })
}

/// Returns true if these outcomes, the `at`th, roll the rollout back. Every unit is new.
fn is_rolled_back(state: &mut GuardState, judge: &Judge, at: u32, treatment: Sums, control: Sums) -> bool {
    let at = Millis(i64::from(at) * 60_000 / A_MINUTE);
    let observation = Observation { at, stage: treatment, treatment, control, ..Observation::default() };
    matches!(state.observe(judge, &observation), Decision::RollBack(_))
}

fn per_cent(part: u32, whole: u32) -> f64 {
    f64::from(part) * 100.0 / f64::from(whole)
}

/// Random numbers: `SplitMix64` of Steele, Lea and Flood.
struct Draws(u64);

impl Draws {
    fn new(run: u32, scenario: u64) -> Self {
        Self(scenario << 32 | u64::from(run))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below a small one: the bias is below 2^-50.
    fn below(&mut self, limit: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(limit)) >> 64).unwrap_or(0)
    }

    /// 1 with a probability in hundredths of a per-cent, else 0.
    fn has_error(&mut self, rate: u64) -> u64 {
        u64::from(self.below(10_000) < rate)
    }

    /// Outcomes of which each has an error with a probability of 8 %, 64 at a time: each bit of the words is one digit of one outcome's
    /// draw, compared with the digits of 0.08 from the lowest to the highest.
    fn sums_at_8_percent(&mut self, outcomes: u64) -> Sums {
        const RATE: u64 = 343_597_384;
        let words = (0..outcomes.div_ceil(64)).map(|word| {
            let is_error = (0..32).fold(0, |below, digit| {
                let drawn = self.next();
                if RATE >> digit & 1 == 1 { below | !drawn } else { below & !drawn }
            });
            let used = outcomes - word * 64;
            let mask = if used < 64 { (1 << used) - 1 } else { u64::MAX };
            u64::from((is_error & mask).count_ones())
        });
        let errors = words.sum();
        Sums::new(outcomes, errors)
    }
}
