//! The life cycle of rollouts: their status and tier, and the steps that change them.
//!
//! A step takes a rollout, the moment and the observed counts, and returns the next rollout or the reason why the step is refused. It
//! evaluates nothing: the core decides which units have the flag.
use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};
use core::ops::RangeInclusive;

use sdk_core::{
    Millis, Percentage,
    json::canonical::write_number,
    stage::{MAX_WHOLE, Method, Rate, Status, Tier},
};
use serde::{Deserialize, Serialize};

use crate::spelled;

/// The default of the milliseconds that a tier lasts at least: 48 hours. Source: the deployment checklist.
pub const MIN_TIER_DURATION_MS: i64 = 48 * 60 * 60 * 1_000;
/// The milliseconds that a rollout may make a tier last at least.
pub const MIN_TIER_MS: RangeInclusive<i64> = 0..=MAX_WHOLE;

/// The limits at which a rollout rolls itself back, and below which it may advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The method by which errors are judged; `sequential` by default.
    pub method: Method,
    /// The share of outcomes with an error that is the limit; 5 % by default.
    pub error_rate: Rate,
    /// The milliseconds that the guard looks back; an hour by default.
    pub time_window_ms: i64,
    /// The number of outcomes below which the guard decides nothing; 20 by default.
    pub min_samples: u64,
}

impl Default for Guard {
    fn default() -> Self {
        Self { method: Method::Sequential, error_rate: Rate::millionths(50_000), time_window_ms: 3_600_000, min_samples: 20 }
    }
}

/// The counts of a rollout's present stage, from trusted callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The number of units that were exposed.
    pub exposures: u64,
    /// The number of exposed units that had an error.
    pub errors: u64,
}

/// A rollout: the part that stands in documents, and the course, which the hub keeps beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    /// The status of the rollout.
    pub status: Status,
    /// The tier; `None` for a rollout by a plain percentage.
    pub tier: Option<Tier>,
    /// The share of units that have the flag, besides those on the lists.
    pub percentage: Percentage,
    /// The units that have the flag at any percentage.
    pub allow: Vec<String>,
    /// The units that do not have the flag at any percentage.
    pub deny: Vec<String>,
    /// The guard; `None` if the document writes none, and the default guard counts.
    pub guard: Option<Guard>,
    /// The course of the rollout.
    pub course: Course,
}

/// The course of a rollout: its moments, and its conditions for advancing. It stands in no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// The moment at which the rollout was created; `None` if the hub does not know it.
    pub created_at: Option<Millis>,
    /// The moment at which the rollout began to run; `None` before.
    pub started_at: Option<Millis>,
    /// The moment at which the present stage began: the last change of tier or percentage.
    pub stage_since: Option<Millis>,
    /// The milliseconds that a tier lasts at least, in [`MIN_TIER_MS`].
    pub min_tier_ms: i64,
    /// The share of exposed units without an error that the rollout must exceed to advance; 95 % by default.
    pub success_rate: Rate,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            created_at: None,
            started_at: None,
            stage_since: None,
            min_tier_ms: MIN_TIER_DURATION_MS,
            success_rate: Rate::millionths(950_000),
        }
    }
}

impl Default for Rollout {
    fn default() -> Self {
        Self {
            status: Status::Planned,
            tier: None,
            percentage: Percentage::default(),
            allow: Vec::new(),
            deny: Vec::new(),
            guard: None,
            course: Course::default(),
        }
    }
}

/// A step of a rollout's life cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Step {
    /// Starts a planned rollout: it enters tier 1, or runs at its plain percentage.
    Start,
    /// Advances to the next tier, if the present one has lasted long enough and its counts are good.
    Advance {
        /// True to advance though the time or the gate of the present tier stands against it.
        force: bool,
    },
    /// Pauses the rollout: units keep the flag, and the rollout cannot advance.
    Pause,
    /// Resumes a paused rollout.
    Resume,
    /// Completes a rollout that is at 100 %.
    Complete,
    /// Rolls the rollout back: nobody has the flag.
    RollBack,
    /// Sets the percentage and leaves the tier as it is.
    Percentage(#[serde(with = "spelled")] Percentage),
}

/// The reason why a step is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepError {
    /// The rollout cannot take this step from its status or tier.
    Illegal(String),
    /// The present tier has to last until this moment.
    TooEarly(Millis),
    /// The observed counts are too few, or show too many errors.
    Gate(String),
}

impl Rollout {
    /// The stage at which the rollout stands.
    pub(crate) fn stage(&self) -> (Status, Option<Tier>, Percentage) {
        (self.status, self.tier, self.percentage)
    }

    /// The rollout after a step, or the reason why the step is refused.
    pub fn step(&self, step: Step, observed: Observed, now: Millis) -> Result<Self, StepError> {
        let mut next = self.clone();
        let illegal = |expected: &str| Err(StepError::Illegal(format!("the rollout is {}; {expected}", self.status.as_str())));
        match (step, self.status) {
            (Step::Start, Status::Planned) => next.start(now),
            (Step::Start, _) => return illegal("only a planned one can be started"),
            (Step::Advance { force }, Status::Active) => next.advance(self.gate(observed, now, force)?, now),
            (Step::Advance { .. }, _) => return illegal("only an active one can be advanced"),
            (Step::Pause, Status::Active) => next.status = Status::Paused,
            (Step::Pause, _) => return illegal("only an active one can be paused"),
            (Step::Resume, Status::Paused) => next.status = Status::Active,
            (Step::Resume, _) => return illegal("only a paused one can be resumed"),
            (Step::Complete, Status::Active) if self.percentage == Percentage::FULL => next.complete(now),
            (Step::Complete, Status::Active) => {
                let percent = self.percentage.to_text();
                return Err(StepError::Illegal(format!("the rollout is at {percent} %; only one at 100 % can be completed")));
            }
            (Step::Complete, _) => return illegal("only an active one can be completed"),
            // Rolling back twice is no error: the operator on call need not know the state.
            (Step::RollBack, Status::RolledBack) => {}
            (Step::RollBack, _) => next.roll_back(now),
            (Step::Percentage(percentage), Status::Active | Status::Paused) => next.set_percentage(percentage, now),
            (Step::Percentage(percentage), Status::Planned) if self.tier.is_none() => next.percentage = percentage,
            (Step::Percentage(_), Status::Planned) => return illegal("its tiers say its percentage until it is started"),
            (Step::Percentage(_), _) => return illegal("only a running one has a percentage to set"),
        }
        Ok(next)
    }

    /// The tier that an advance leads to, or the reason that blocks it; [`StepError::Illegal`] if there is no next tier.
    pub fn gate(&self, observed: Observed, now: Millis, force: bool) -> Result<Tier, StepError> {
        let Some(tier) = self.tier else {
            return Err(StepError::Illegal("the rollout has a plain percentage and no tiers; set its percentage".to_string()));
        };
        let Some(next) = tier.next() else {
            return Err(StepError::Illegal(format!("the rollout is in {}, the last tier; it can be completed", tier.as_str())));
        };
        if force {
            return Ok(next);
        }
        if let Some(since) = self.course.stage_since {
            let end = since.0.saturating_add(self.course.min_tier_ms);
            if now.0 < end {
                return Err(StepError::TooEarly(Millis(end)));
            }
        }
        self.went_well(observed).map(|()| next)
    }

    /// Fails if the observed counts stand against an advance. A share of exactly the limit neither rolls back nor advances.
    fn went_well(&self, Observed { exposures, errors }: Observed) -> Result<(), StepError> {
        let Guard { min_samples, error_rate, .. } = self.guard.unwrap_or_default();
        if exposures < min_samples {
            return Err(StepError::Gate(format!("{exposures} trusted exposures in this stage, at least {min_samples} are wanted")));
        }
        if exposures > 0 && error_rate.compare(errors, exposures).is_ge() {
            let limit = percent(error_rate);
            return Err(StepError::Gate(format!("{errors} of {exposures} exposures had an error, which is not below {limit} %")));
        }
        let success_rate = self.course.success_rate;
        if exposures > 0 && success_rate.compare(exposures.saturating_sub(errors), exposures).is_le() {
            let (well, limit) = (exposures.saturating_sub(errors), percent(success_rate));
            return Err(StepError::Gate(format!("{well} of {exposures} exposures went well, which is not above {limit} %")));
        }
        Ok(())
    }

    fn start(&mut self, now: Millis) {
        self.status = Status::Active;
        self.course.started_at = Some(now);
        match self.tier {
            Some(_) => self.advance(Tier::Internal, now),
            None => self.course.stage_since = Some(now),
        }
    }

    fn advance(&mut self, tier: Tier, now: Millis) {
        self.tier = Some(tier);
        // An operator may have set a higher percentage than the template's; advancing never lowers it.
        self.percentage = self.percentage.max(tier.percentage());
        self.course.stage_since = Some(now);
    }

    fn set_percentage(&mut self, percentage: Percentage, now: Millis) {
        if self.percentage != percentage {
            self.percentage = percentage;
            self.course.stage_since = Some(now);
        }
    }

    /// A rollout that is completed is on for everybody, whatever tier it was in: in tier 1 an allow list would still be the audience.
    fn complete(&mut self, now: Millis) {
        self.status = Status::Completed;
        let tier = self.tier.map(|_| Tier::Full);
        if self.tier != tier {
            self.tier = tier;
            self.course.stage_since = Some(now);
        }
    }

    fn roll_back(&mut self, now: Millis) {
        self.status = Status::RolledBack;
        self.tier = self.tier.map(|_| Tier::Disabled);
        self.percentage = Percentage::default();
        self.course.stage_since = Some(now);
    }
}

/// A share as a percentage, spelled as JSON does.
fn percent(rate: Rate) -> String {
    let mut text = String::new();
    write_number(&mut text, f64::from(rate.in_millionths()) / 10_000.0);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const WELL: Observed = Observed { exposures: 1_000, errors: 0 };

    fn planned() -> Rollout {
        Rollout { tier: Some(Tier::Disabled), ..Rollout::default() }
    }

    fn at(tier: Tier, status: Status) -> Rollout {
        let course = Course { stage_since: Some(Millis(0)), ..Course::default() };
        Rollout { status, tier: Some(tier), percentage: tier.percentage(), course, ..Rollout::default() }
    }

    #[test]
    fn the_ladder_is_that_of_the_report() {
        let mut rollout = planned().step(Step::Start, Observed::default(), Millis(0)).unwrap();
        let mut seen = Vec::new();
        for stage in 1.. {
            seen.push((rollout.tier.unwrap().as_str(), rollout.percentage.percent()));
            match rollout.step(Step::Advance { force: false }, WELL, Millis(stage * 48 * HOUR)) {
                Ok(next) => rollout = next,
                Err(stop) => {
                    assert!(matches!(stop, StepError::Illegal(_)));
                    break;
                }
            }
        }
        assert_eq!(seen, [("tier_1_internal", 1.0), ("tier_2_early_adopters", 10.0), ("tier_3_general", 50.0), ("tier_4_full", 100.0)]);
        assert_eq!(rollout.step(Step::Complete, WELL, Millis(0)).unwrap().status, Status::Completed);
    }

    #[test]
    fn a_tier_lasts_two_days_unless_forced() {
        let rollout = at(Tier::Internal, Status::Active);
        let advance = |force, now| rollout.step(Step::Advance { force }, WELL, Millis(now)).map(|next| next.tier);
        assert_eq!(advance(false, 48 * HOUR - 1), Err(StepError::TooEarly(Millis(48 * HOUR))));
        assert_eq!(advance(false, 48 * HOUR), Ok(Some(Tier::EarlyAdopters)));
        assert_eq!(advance(true, 0), Ok(Some(Tier::EarlyAdopters)));
    }

    #[track_caller]
    fn check_gate(exposures: u64, errors: u64, expected: bool) {
        let answer = at(Tier::Internal, Status::Active).gate(Observed { exposures, errors }, Millis(48 * HOUR), false);
        assert_eq!(answer.is_ok(), expected, "{errors} of {exposures}: {answer:?}");
        assert!(answer.is_ok() || matches!(answer, Err(StepError::Gate(_))));
    }

    #[test]
    fn no_data_is_no_success_and_exactly_the_limit_is_not_below_it() {
        check_gate(0, 0, false);
        check_gate(19, 0, false);
        check_gate(20, 0, true);
        check_gate(20, 1, false);
        check_gate(100, 4, true);
        check_gate(100, 5, false);
        check_gate(100, 6, false);
        check_gate(1_000_000, 49_999, true);
    }

    #[test]
    fn steps_that_lead_nowhere_are_refused() {
        let steps = [
            (Step::Start, 0b00001),
            (Step::Advance { force: true }, 0b00010),
            (Step::Pause, 0b00010),
            (Step::Resume, 0b00100),
            (Step::Complete, 0b00010),
            (Step::RollBack, 0b11111),
            (Step::Percentage(Percentage::buckets(5)), 0b00110),
        ];
        for (step, legal) in steps {
            for (index, status) in Status::ALL.into_iter().enumerate() {
                let tier = if step == Step::Complete { Tier::Full } else { Tier::Internal };
                let answer = at(tier, status).step(step, WELL, Millis(0));
                assert_eq!(answer.is_ok(), legal >> index & 1 == 1, "{step:?} of a rollout that is {status:?}: {answer:?}");
            }
        }
    }

    #[test]
    fn a_rolled_back_rollout_is_at_tier_disabled_and_zero_percent() {
        let back = at(Tier::General, Status::Paused).step(Step::RollBack, Observed::default(), Millis(7)).unwrap();
        assert_eq!((back.status, back.tier, back.percentage.percent()), (Status::RolledBack, Some(Tier::Disabled), 0.0));
        let plain = Rollout { tier: None, status: Status::Active, percentage: Percentage::buckets(5_000), ..Rollout::default() };
        let back = plain.step(Step::RollBack, Observed::default(), Millis(7)).unwrap();
        assert_eq!((back.tier, back.percentage), (None, Percentage::default()));
    }

    #[test]
    fn a_completed_rollout_is_in_the_last_tier() {
        for tier in [Tier::Internal, Tier::EarlyAdopters, Tier::General, Tier::Full] {
            let full = Rollout { percentage: Percentage::FULL, ..at(tier, Status::Active) };
            let done = full.step(Step::Complete, WELL, Millis(7)).unwrap();
            let since = if tier == Tier::Full { Millis(0) } else { Millis(7) };
            assert_eq!((done.status, done.tier, done.course.stage_since), (Status::Completed, Some(Tier::Full), Some(since)));
        }
        let plain = Rollout { tier: None, percentage: Percentage::FULL, status: Status::Active, ..Rollout::default() };
        assert_eq!(plain.step(Step::Complete, WELL, Millis(7)).unwrap().tier, None);
    }

    #[test]
    fn advancing_takes_the_flag_from_nobody() {
        let mut rollout = at(Tier::Internal, Status::Active);
        rollout.percentage = Percentage::buckets(25_000);
        let next = rollout.step(Step::Advance { force: true }, WELL, Millis(0)).unwrap();
        assert_eq!((next.tier, next.percentage.percent()), (Some(Tier::EarlyAdopters), 25.0));
    }
}
