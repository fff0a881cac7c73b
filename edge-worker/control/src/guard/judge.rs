//! The judge: counts in, a decision out.
use sdk_core::{
    Millis,
    stage::{Method, Rate, Status, Tier},
};

use super::{
    evidence::{Decision, Doubt, Evidence, Rule},
    late::{Late, Run},
    sequential::{LATE_LIMIT, STAGE_LIMIT, Sequential},
    sources::{BlockErrors, Sources},
    sums::{Arms, Sums},
    two_arms::treatment_is_worse,
    window::{Division, Window},
};
use crate::lifecycle::{Guard, Rollout};

/// The outcomes since the last observation. Each sum counts trusted outcomes only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observation<'o> {
    /// The moment of arrival.
    pub at: Millis,
    /// The treatment's outcomes, a unit once a stage.
    pub stage: Sums,
    /// The treatment's outcomes, a unit once a window.
    pub treatment: Sums,
    /// The control's outcomes, a unit once a window.
    pub control: Sums,
    /// The treatment's errors of units over the cap of their address block, which are in no sum.
    pub over_cap: u64,
    /// The treatment's errors by address block, those over the cap included; those from a server with a server key have none.
    pub blocks: &'o [BlockErrors],
    /// The exposures that are not outcomes yet.
    pub open: Open,
}

/// The exposures that are not outcomes yet, because nothing went wrong and their time is not over.
///
/// An error is an outcome at once, and a success only later: without these, the first outcomes of a minute would be errors alone. A rule
/// fires only if it would fire although all of them went well. Each that goes wrong after all adds to the evidence, so that the order of
/// arrival rolls nothing back that the outcomes in the order of the exposures would not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// Those of the treatment, a unit once a stage.
    pub stage: u64,
    /// Those of the treatment, a unit once a window.
    pub treatment: u64,
    /// Those of the control, a unit once a window.
    pub control: u64,
}

/// The side of a rollout that the guard knows. It is made once, and judges any number of observations while the rollout stays the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judge {
    is_running: bool,
    guard: Guard,
    rule: Sequential,
    division: Division,
    stage: Stage,
    has_control: bool,
    /// True below tier 2, where one customer may be a large part of the audience.
    is_small: bool,
}

/// The stage that evidence is about, and the limit that it is against. Evidence of another one counts for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stage {
    pub(super) started_at: Option<i64>,
    pub(super) since: Option<i64>,
    pub(super) limit: u32,
}

impl Judge {
    /// The judge of a rollout. It judges active and paused rollouts; any other is left alone, and its outcomes are not counted.
    pub fn of(rollout: &Rollout) -> Self {
        let guard = rollout.guard.unwrap_or_default();
        let second = Tier::EarlyAdopters;
        let millis = |moment: Option<Millis>| moment.map(|Millis(millis)| millis);
        Self {
            is_running: matches!(rollout.status, Status::Active | Status::Paused),
            rule: Sequential::new(guard.error_rate),
            division: Division::of(guard.time_window_ms),
            stage: Stage {
                started_at: millis(rollout.course.started_at),
                since: millis(rollout.course.stage_since),
                limit: guard.error_rate.in_millionths(),
            },
            has_control: rollout.percentage < sdk_core::Percentage::FULL,
            is_small: rollout.tier.map_or(rollout.percentage < second.percentage(), |tier| tier < second),
            guard,
        }
    }
}

/// The counts and the evidence of a rollout. Its size is bounded: about 5 kB as JSON, at most [`MAX_STATE`](super::MAX_STATE).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardState {
    pub(super) stage: Stage,
    pub(super) slot_ms: i64,
    /// The outcomes of the stage since its beginning, or since a verdict of [`Decision::Held`], a unit once a stage.
    pub(super) counts: Sums,
    /// The outcomes of both arms in the same time, a unit once a window.
    pub(super) arms: Arms,
    /// The outcomes of both arms since the stage began, whatever was held.
    pub(super) whole: Arms,
    pub(super) late: Late,
    pub(super) window: Window,
    pub(super) sources: Sources,
}

impl GuardState {
    /// Takes outcomes in, and decides.
    ///
    /// Another stage or another limit restarts the evidence, another rollout or another length of slots everything. [`Decision::Held`]
    /// restarts the evidence as well: what an outage of both arms or a forger left must not roll the rollout back once the outage is over.
    /// An observation without outcomes may be made at any time; it lets the window move on.
    ///
    /// A rule that fired while units without the flag are observed as well waits until the comparison of both arms has a result.
    pub fn observe(&mut self, judge: &Judge, observation: &Observation<'_>) -> Decision {
        if !judge.is_running {
            return Decision::Continue;
        }
        self.enter(judge);
        self.count(judge, observation);
        if self.fired(judge).is_none() {
            return Decision::Continue;
        }
        let state = self.with_open(judge, observation);
        let Some(fired) = state.fired(judge) else {
            return Decision::Continue;
        };
        let doubt = match state.compared(judge, fired) {
            Some(Comparison::Open) => return Decision::Continue,
            Some(Comparison::BothBad) => Some(Doubt::BothArms),
            Some(Comparison::TreatmentWorse) | None => self.sources.are_few().then_some(Doubt::FewSources),
        };
        let top = self.sources.top_permille();
        let Fired { rule, counts, arms, strength_permille, .. } = fired;
        let evidence = Evidence {
            rule,
            counts,
            rate_millionths: quotient(u128::from(counts.errors()) * 1_000_000, counts.outcomes().into()),
            limit_millionths: judge.stage.limit,
            strength_permille,
            control: arms.filter(|_| judge.has_control).map(|arms| arms.control),
            top_block: top.map(|(block, _)| block.to_text()),
            top_block_permille: top.map_or(0, |(_, permille)| permille),
            over_cap_permille: self.sources.over_cap_permille(),
            doubt,
        };
        match doubt {
            None => Decision::RollBack(evidence),
            Some(Doubt::FewSources) if judge.is_small => Decision::RollBack(evidence),
            Some(_) => {
                self.restart();
                Decision::Held(evidence)
            }
        }
    }

    /// The evidence against the limit in per-mille of what fires, at most 1,000,000: for `threshold` the rate within the window as a part of
    /// the limit, else the stage's evidence that the error rate is above it. 0 for a rollout that is not judged, and without evidence.
    pub fn strength_permille(&self, judge: &Judge) -> u32 {
        let mut state = self.clone();
        state.enter(judge);
        if !judge.is_running {
            return 0;
        }
        if judge.guard.method == Method::Threshold {
            let counts = state.window.sums();
            let part = u128::from(counts.errors()) * 1_000_000_000;
            let whole = u128::from(counts.outcomes()) * u128::from(judge.stage.limit);
            return if part == 0 { 0 } else { quotient(part, whole) };
        }
        let evidence = judge.rule.evidence(state.counts);
        if evidence > 0 { strength(evidence, STAGE_LIMIT) } else { 0 }
    }

    /// Drops what is about another rollout, stage or limit than the judge's.
    fn enter(&mut self, judge: &Judge) {
        let (was, is) = (self.stage, judge.stage);
        if was.started_at != is.started_at || self.slot_ms != judge.division.slot_ms {
            *self = Self { slot_ms: judge.division.slot_ms, ..Self::default() };
        } else if was.limit != is.limit {
            self.restart();
        } else if was.since != is.since {
            self.restart_stage();
            self.whole = Arms::default();
        }
        self.stage = is;
    }

    fn restart(&mut self) {
        self.restart_stage();
        self.late = Late::default();
    }

    fn restart_stage(&mut self) {
        (self.counts, self.arms) = (Sums::default(), Arms::default());
    }

    fn count(&mut self, judge: &Judge, observation: &Observation<'_>) {
        let Observation { at, stage, treatment, control, over_cap, blocks, open: _ } = *observation;
        let arms = Arms { treatment, control };
        self.counts = self.counts.and(stage);
        self.arms = self.arms.and(arms);
        self.whole = self.whole.and(arms);
        self.late.add(&judge.rule, arms);
        self.window.add(judge.division, judge.division.slot(at.0), treatment);
        self.sources.add(judge.division.window(at.0), treatment.errors(), over_cap, blocks);
    }

    /// The state after all open exposures went well.
    fn with_open(&self, judge: &Judge, observation: &Observation<'_>) -> Self {
        let Open { stage, treatment, control } = observation.open;
        let well = |count| Sums::new(count, 0);
        let mut state = self.clone();
        let of_open = Observation {
            at: observation.at,
            stage: well(stage),
            treatment: well(treatment),
            control: well(control),
            ..Observation::default()
        };
        state.count(judge, &of_open);
        state
    }

    fn fired(&self, judge: &Judge) -> Option<Fired> {
        let Guard { method, error_rate, min_samples, .. } = judge.guard;
        if method == Method::Threshold {
            let counts = self.window.sums();
            let part = u128::from(counts.errors()) * 1_000_000_000;
            let strength_permille = quotient(part, u128::from(counts.outcomes()) * u128::from(judge.stage.limit));
            let fired = Fired { rule: Rule::Threshold, counts, arms: None, limit: STAGE_LIMIT, strength_permille };
            return is_above(error_rate, counts, min_samples).then_some(fired);
        }
        if self.counts.outcomes() >= min_samples && judge.rule.fires(self.counts) {
            let strength_permille = strength(judge.rule.evidence(self.counts), STAGE_LIMIT);
            let (rule, arms) = (Rule::Sequential, Some(self.arms));
            return Some(Fired { rule, counts: self.counts, arms, limit: STAGE_LIMIT, strength_permille });
        }
        let Run { evidence, arms } = self.late.fired()?;
        let seen = self.window.sums().outcomes().max(self.counts.outcomes());
        let strength_permille = strength(evidence.into(), LATE_LIMIT);
        let fired = Fired { rule: Rule::Late, counts: arms.treatment, arms: Some(arms), limit: LATE_LIMIT, strength_permille };
        (seen >= min_samples).then_some(fired)
    }

    /// Compares both arms over the time whose evidence fired; `None` without a control that has at least a tenth of the treatment's
    /// outcomes in this stage.
    fn compared(&self, judge: &Judge, fired: Fired) -> Option<Comparison> {
        let is_enough = self.whole.control.outcomes() * 10 >= self.whole.treatment.outcomes();
        let arms = fired.arms.filter(|_| judge.has_control && is_enough)?;
        Some(if treatment_is_worse(arms, fired.limit) {
            Comparison::TreatmentWorse
        } else if is_above(judge.guard.error_rate, arms.control, 1) {
            Comparison::BothBad
        } else {
            Comparison::Open
        })
    }
}

/// The comparison of both arms.
enum Comparison {
    /// The treatment evidently has more errors than the control.
    TreatmentWorse,
    /// It has not, and the control has more errors than the limit, too.
    BothBad,
    /// Neither; more outcomes will tell.
    Open,
}

/// A rule that fired, and its counts.
#[derive(Clone, Copy)]
struct Fired {
    rule: Rule,
    /// The outcomes that the rule counted.
    counts: Sums,
    /// The outcomes of both arms in the same time; `None` for the literal rule, which does not look at the control.
    arms: Option<Arms>,
    /// The limit of its evidence, which the comparison of both arms has to reach as well.
    limit: i64,
    strength_permille: u32,
}

/// Returns true if at least `min_samples` outcomes have an error rate above a limit: exactly the limit is not above it.
fn is_above(limit: Rate, counts: Sums, min_samples: u64) -> bool {
    counts.outcomes() >= min_samples.max(1) && limit.compare(counts.errors(), counts.outcomes()).is_gt()
}

fn strength(evidence: i128, limit: i64) -> u32 {
    quotient(evidence.unsigned_abs() * 1_000, limit.unsigned_abs().into())
}

/// A quotient, rounded down and at most 1,000,000, which it is of nothing.
fn quotient(part: u128, whole: u128) -> u32 {
    const MOST: u32 = 1_000_000;
    part.checked_div(whole).and_then(|quotient| u32::try_from(quotient).ok()).map_or(MOST, |quotient| quotient.min(MOST))
}

#[cfg(test)]
mod tests;
