//! Counts outcomes: which of them settle, for which arm, in which stage and window.
//!
//! An outcome settles at its first error, or [`SETTLES_MS`] after the exposure. A unit counts once a stage for the rule about the stage,
//! and once a window for the rules that look back. Times are those of arrival.
use std::collections::BTreeMap;

use control::guard::{Block, MAX_OBSERVED_BLOCKS, UnitCaps, window_of};
use sdk_core::Millis;

use super::wire::{Batch, COUNTED, FlagSums, OpenUnits, Stage, Stages, Trust};

/// The time after which an exposure without an error has gone well.
pub(crate) const SETTLES_MS: i64 = 60_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;
/// The name under which usage counts events with a name of one's own.
const OTHER: &str = "other";

/// The state of a unit's outcome in a stage or in a window. The numbers are stored.
pub(crate) const OPEN: u8 = 0;
pub(crate) const WELL: u8 = 1;
pub(crate) const ERROR: u8 = 2;
/// An error that came after the outcome had settled: it counts in the statistics, and for the guard in the next window.
pub(crate) const LATE: u8 = 3;

/// An outcome that arrived and is not counted yet.
pub(crate) struct Arrived {
    pub(crate) flag: String,
    pub(crate) unit: String,
    pub(crate) event: String,
    pub(crate) variant: Option<String>,
    pub(crate) evaluated_at: Option<(String, u32)>,
    pub(crate) trust: Trust,
    pub(crate) block: Option<u64>,
    pub(crate) at: i64,
}

/// A unit of a flag, as it was last counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) is_treatment: bool,
    pub(crate) block: Option<u64>,
    /// The beginning of the stage that counted it last.
    pub(crate) stage: i64,
    pub(crate) stage_state: u8,
    pub(crate) window: i64,
    pub(crate) window_state: u8,
}

impl Unit {
    /// The open exposures that the unit is.
    pub(crate) fn open(&self) -> OpenUnits {
        let is_open = |state: u8, is_arm: bool| i64::from(state == OPEN && is_arm);
        OpenUnits {
            stage: is_open(self.stage_state, self.is_treatment),
            treatment: is_open(self.window_state, self.is_treatment),
            control: is_open(self.window_state, !self.is_treatment),
        }
    }
}

/// A wait for an outcome to settle: the stage and the window that it is open in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) due: i64,
    pub(crate) stage: Option<i64>,
    pub(crate) window: Option<i64>,
}

/// The result of counting one outcome.
#[derive(Default)]
pub(crate) struct Counted {
    /// The unit to store; `None` if it stays as it was.
    pub(crate) unit: Option<Unit>,
    pub(crate) wait: Option<Wait>,
}

/// Sums while they are added up.
#[derive(Default)]
pub(crate) struct Adding {
    sums: BTreeMap<(String, i64, i64), Sum>,
    usage: BTreeMap<(String, i64, String, String), u64>,
}

#[derive(Default)]
struct Sum {
    all: FlagSums,
    blocks: BTreeMap<u64, u64>,
}

/// The arm that an outcome says its unit is in; `None` if it is not about this stage.
///
/// The variant is a claim. It counts if the rollout runs and the receipt is of the stage's first version or a later one; a server key needs
/// no receipt. Without a variant, `disabled` is said of units without the flag.
fn arm(outcome: &Arrived, stage: &Stage, epoch: &str) -> Option<bool> {
    let is_of_stage = match (&outcome.evaluated_at, outcome.trust) {
        (_, Trust::None) => false,
        (_, Trust::Server) => true,
        (Some((of, version)), _) => of == epoch && *version >= stage.version,
        (None, _) => false,
    };
    if !is_of_stage || outcome.at < stage.since {
        return None;
    }
    match (outcome.event.as_str(), &outcome.variant) {
        ("enabled" | "error" | "disabled", Some(variant)) => Some(*variant == stage.on),
        ("enabled" | "error", None) => Some(true),
        ("disabled", None) => Some(false),
        _ => None,
    }
}

impl Adding {
    fn of(&mut self, flag: &str, since: i64, at: i64) -> &mut Sum {
        let minute = at.div_euclid(MINUTE_MS);
        self.sums
            .entry((flag.to_owned(), since, minute))
            .or_insert_with(|| Sum { all: FlagSums { flag: flag.to_owned(), minute, since, ..FlagSums::default() }, ..Sum::default() })
    }

    /// Counts an outcome for the flag's usage, whatever it proves.
    pub(crate) fn used(&mut self, outcome: &Arrived) {
        let event = if COUNTED.contains(&outcome.event.as_str()) { outcome.event.as_str() } else { OTHER };
        let variant = outcome.variant.clone().unwrap_or_default();
        let key = (outcome.flag.clone(), outcome.at.div_euclid(HOUR_MS), variant, event.to_owned());
        *self.usage.entry(key).or_default() += 1;
    }

    /// Counts an outcome for the rollout of its flag. `admit` decides about a new anonymous unit; a unit that the tally has no room for is
    /// not counted.
    pub(crate) fn count(
        &mut self,
        outcome: &Arrived,
        known: Option<&Unit>,
        stages: &Stages,
        admit: impl FnOnce() -> worker::Result<bool>,
    ) -> worker::Result<Counted> {
        let Some(stage) = stages.flags.get(&outcome.flag) else { return Ok(Counted::default()) };
        let Some(is_treatment) = arm(outcome, stage, &stages.epoch) else { return Ok(Counted::default()) };
        let is_error = outcome.event == "error";
        let window = window_of(stage.window_ms, Millis(outcome.at));
        if !admit()? {
            if is_error && is_treatment {
                let sum = self.of(&outcome.flag, stage.since, outcome.at);
                sum.all.over_cap += 1;
                sum.add_block(outcome.block);
            }
            return Ok(Counted::default());
        }
        let block = outcome.block;
        let mut unit =
            known.cloned().unwrap_or(Unit { is_treatment, block, stage: 0, stage_state: WELL, window: i64::MIN, window_state: WELL });
        let (is_new_stage, is_new_window) = (unit.stage != stage.since, unit.window != window);
        if !is_new_stage && unit.is_treatment != is_treatment {
            // The other arm of the same stage is a claim that cannot hold.
            return Ok(Counted::default());
        }
        if is_new_stage {
            unit = Unit { is_treatment, block, stage: stage.since, stage_state: OPEN, ..unit };
        }
        if is_new_window {
            (unit.window, unit.window_state) = (window, OPEN);
        }
        let sum = self.of(&outcome.flag, stage.since, outcome.at);
        if is_treatment && is_new_stage {
            sum.all.exposures += 1;
        }
        if is_error {
            if unit.stage_state == OPEN {
                unit.stage_state = ERROR;
                if is_treatment {
                    sum.all.errors += 1;
                    add(&mut sum.all.stage, 1, 1);
                }
            } else if unit.stage_state == WELL {
                unit.stage_state = LATE;
                sum.all.errors += u64::from(is_treatment);
            }
            if unit.window_state == OPEN {
                unit.window_state = ERROR;
                add(if is_treatment { &mut sum.all.treatment } else { &mut sum.all.control }, 1, 1);
                if is_treatment {
                    sum.add_block(unit.block);
                }
            }
        }
        let wait = Wait {
            due: outcome.at.saturating_add(SETTLES_MS),
            stage: (is_new_stage && unit.stage_state == OPEN).then_some(stage.since),
            window: (is_new_window && unit.window_state == OPEN).then_some(window),
        };
        let wait = (wait.stage.is_some() || wait.window.is_some()).then_some(wait);
        Ok(Counted { unit: (known != Some(&unit)).then_some(unit), wait })
    }

    /// Settles an outcome whose wait is over and that had no error. Returns the unit as it is then; `None` if it stays as it was.
    pub(crate) fn settle(&mut self, flag: &str, mut unit: Unit, wait: Wait, stages: &Stages) -> Option<Unit> {
        let stage = stages.flags.get(flag);
        let mut is_changed = false;
        if wait.stage == Some(unit.stage) && unit.stage_state == OPEN {
            (unit.stage_state, is_changed) = (WELL, true);
            if let Some(stage) = stage.filter(|stage| stage.since == unit.stage && unit.is_treatment) {
                add(&mut self.of(flag, stage.since, wait.due).all.stage, 1, 0);
            }
        }
        if wait.window == Some(unit.window) && unit.window_state == OPEN {
            (unit.window_state, is_changed) = (WELL, true);
            if let Some(stage) = stage {
                let all = &mut self.of(flag, stage.since, wait.due).all;
                add(if unit.is_treatment { &mut all.treatment } else { &mut all.control }, 1, 0);
            }
        }
        is_changed.then_some(unit)
    }

    /// The batch of these sums; `None` if there are none.
    pub(crate) fn batch(self, tally: &str, number: i64, unknown: Vec<(String, u64)>, open: impl Fn(&str) -> OpenUnits) -> Option<Batch> {
        if self.sums.is_empty() && self.usage.is_empty() && unknown.is_empty() {
            return None;
        }
        let finish = |sum: Sum| FlagSums { open: open(&sum.all.flag), ..sum.finish() };
        let sums = self.sums.into_values().map(finish).collect();
        let usage = self.usage.into_iter().map(|((flag, hour, variant, event), count)| (flag, hour, variant, event, count)).collect();
        Some(Batch { tally: tally.to_owned(), number, sums, usage, unknown })
    }
}

impl Sum {
    fn add_block(&mut self, block: Option<u64>) {
        if let Some(block) = block {
            *self.blocks.entry(block).or_default() += 1;
        }
    }

    fn finish(self) -> FlagSums {
        let mut blocks: Vec<(u64, u64)> = self.blocks.into_iter().collect();
        blocks.sort_unstable_by_key(|(_, errors)| core::cmp::Reverse(*errors));
        blocks.truncate(MAX_OBSERVED_BLOCKS);
        FlagSums { blocks, ..self.all }
    }
}

fn add(pair: &mut (u64, u64), outcomes: u64, errors: u64) {
    *pair = (pair.0 + outcomes, pair.1 + errors);
}

/// Decides about new anonymous units by the cap of their address block.
pub(crate) fn admit(caps: &mut UnitCaps, block: Option<u64>, at: i64) -> bool {
    caps.admit(block.and_then(Block::from_number), Millis(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: &str = "0a1b2c3d4e5f";
    const START: i64 = 1_700_000_000_000;

    fn stages() -> Stages {
        let stage = Stage { since: START, version: 7, window_ms: HOUR_MS, on: "on".into() };
        Stages { epoch: EPOCH.into(), flags: [("f".to_owned(), stage)].into() }
    }

    fn outcome(event: &str, after: i64) -> Arrived {
        Arrived {
            flag: "f".into(),
            unit: "u".into(),
            event: event.into(),
            variant: None,
            evaluated_at: Some((EPOCH.into(), 7)),
            trust: Trust::Anonymous,
            block: Some(5),
            at: START + after,
        }
    }

    /// Counts outcomes of one unit in turn, and returns the sums.
    fn counted(outcomes: &[Arrived]) -> (Vec<FlagSums>, Option<Unit>) {
        let (mut adding, mut unit) = (Adding::default(), None);
        for outcome in outcomes {
            let counted = adding.count(outcome, unit.as_ref(), &stages(), || Ok(true)).unwrap();
            unit = counted.unit.or(unit);
        }
        (adding.batch("t", 1, Vec::new(), |_| OpenUnits::default()).map(|batch| batch.sums).unwrap_or_default(), unit)
    }

    #[test]
    fn a_unit_with_a_hundred_errors_counts_once_a_stage_and_once_a_window() {
        let mut all: Vec<Arrived> = vec![outcome("enabled", 0)];
        all.extend((1..=100).map(|after| outcome("error", after)));
        let (sums, _) = counted(&all);
        let [sum] = sums.as_slice() else { panic!("{sums:?}") };
        assert_eq!((sum.exposures, sum.errors, sum.stage, sum.treatment, sum.control), (1, 1, (1, 1), (1, 1), (0, 0)));
        assert_eq!(sum.blocks, [(5, 1)]);
        // Another window counts it again for the rules that look back, and the stage does not.
        all.push(outcome("error", HOUR_MS));
        let (sums, _) = counted(&all);
        assert_eq!(sums.iter().map(|sum| (sum.stage, sum.treatment)).collect::<Vec<_>>(), [((1, 1), (1, 1)), ((0, 0), (1, 1))]);
    }

    #[test]
    fn an_exposure_settles_after_a_minute_and_an_error_after_that_is_late() {
        let (mut adding, stages) = (Adding::default(), stages());
        let first = adding.count(&outcome("enabled", 0), None, &stages, || Ok(true)).unwrap();
        let (unit, wait) = (first.unit.unwrap(), first.wait.unwrap());
        assert_eq!((wait.due, wait.stage), (START + 60_000, Some(START)));
        let unit = adding.settle("f", unit, wait, &stages).unwrap();
        assert_eq!(adding.settle("f", unit.clone(), wait, &stages), None, "it settles once");
        let late = adding.count(&outcome("error", 61_000), Some(&unit), &stages, || Ok(true)).unwrap().unit.unwrap();
        assert_eq!((late.stage_state, late.window_state), (LATE, WELL));
        let sums = adding.batch("t", 1, Vec::new(), |_| OpenUnits::default()).unwrap().sums;
        let whole = sums
            .iter()
            .fold((0, 0, 0, 0), |all, sum| (all.0 + sum.exposures, all.1 + sum.errors, all.2 + sum.stage.0, all.3 + sum.stage.1));
        assert_eq!(whole, (1, 1, 1, 0), "the statistics have the error, and the stage has an outcome that went well");
    }

    #[test]
    fn a_claim_counts_only_with_a_proof_of_this_stage() {
        let count = |change: &dyn Fn(&mut Arrived)| {
            let mut one = outcome("error", 1);
            change(&mut one);
            counted(&[one]).0.first().map(|sum| (sum.treatment, sum.control))
        };
        assert_eq!(count(&|_| ()), Some(((1, 1), (0, 0))));
        assert_eq!(count(&|one| one.trust = Trust::None), None);
        assert_eq!(count(&|one| one.evaluated_at = None), None);
        assert_eq!(count(&|one| one.evaluated_at = Some((EPOCH.into(), 6))), None, "of an earlier stage");
        assert_eq!(count(&|one| one.evaluated_at = Some(("ffffffffffff".into(), 9))), None, "of another store");
        assert_eq!(count(&|one| one.at = START - 1), None);
        assert_eq!(count(&|one| one.flag = "no rollout".into()), None);
        assert_eq!(count(&|one| one.event = "viewed".into()), None);
        assert_eq!(count(&|one| (one.trust, one.evaluated_at) = (Trust::Server, None)), Some(((1, 1), (0, 0))));
        assert_eq!(count(&|one| one.variant = Some("on".into())), Some(((1, 1), (0, 0))));
        assert_eq!(count(&|one| one.variant = Some("off".into())), Some(((0, 0), (1, 1))));
    }

    #[test]
    fn a_unit_is_in_one_arm_of_a_stage() {
        let off = Arrived { variant: Some("off".into()), ..outcome("error", 1) };
        let (sums, unit) = counted(&[outcome("enabled", 0), off]);
        assert_eq!((sums[0].exposures, sums[0].control, unit.unwrap().stage_state), (1, (0, 0), OPEN));
    }

    #[test]
    fn errors_over_the_cap_are_in_no_sum() {
        let mut adding = Adding::default();
        let counted = adding.count(&outcome("error", 0), None, &stages(), || Ok(false)).unwrap();
        assert!(counted.unit.is_none() && counted.wait.is_none());
        let sum = adding.batch("t", 1, Vec::new(), |_| OpenUnits::default()).unwrap().sums.pop().unwrap();
        assert_eq!((sum.over_cap, sum.treatment, sum.stage, sum.errors, sum.blocks), (1, (0, 0), (0, 0), 0, vec![(5, 1)]));
    }

    #[test]
    fn usage_counts_by_hour_variant_and_a_bounded_set_of_events() {
        let mut adding = Adding::default();
        for (event, variant, at) in [("enabled", Some("on"), 0), ("enabled", Some("on"), 1), ("x", None, 2), ("y", None, HOUR_MS)] {
            let variant = variant.map(str::to_owned);
            adding.used(&Arrived { variant, trust: Trust::None, at, ..outcome(event, 0) });
        }
        let usage = adding.batch("t", 1, Vec::new(), |_| OpenUnits::default()).unwrap().usage;
        let expected = [("f", 0, "", "other", 1), ("f", 0, "on", "enabled", 2), ("f", 1, "", "other", 1)];
        assert_eq!(usage, expected.map(|(flag, hour, variant, event, count)| (flag.into(), hour, variant.into(), event.into(), count)));
    }
}
