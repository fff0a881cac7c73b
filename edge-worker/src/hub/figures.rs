//! The figures of a flag: what its outcomes say, and what the guard makes of them.
use control::{
    Feature,
    guard::{GuardState, Judge, next_firing},
    lifecycle::Observed,
};
use sdk_core::Millis;

use super::{
    FlagHub,
    sums::{is_running, stage_since},
};
use crate::{problem::Problem, store::Read as _};

/// The figures of a flag and of the present stage of its rollout.
#[derive(Clone, Copy, Default)]
pub(super) struct Figures {
    pub(super) observed: Observed,
    /// The evidence against the rollout in per-mille of what rolls it back; `None` unless the guard judges it.
    pub(super) evidence_permille: Option<u32>,
    /// The fewest errors of the present exposures that roll the rollout back; `None` unless the guard judges it, or if no number would.
    pub(super) rolls_back_at: Option<u64>,
    /// The moment at which the guard last held the rollout; `None` if it never did.
    pub(super) held_at: Option<Millis>,
    /// The hour since 1970 in which the last outcome arrived; `None` if none ever did.
    pub(super) last_hour: Option<i64>,
}

impl FlagHub {
    /// The counts of the present stage of a flag's rollout.
    pub(in crate::hub) fn counted(&self, feature: &Feature) -> Result<Observed, Problem> {
        match &feature.rollout {
            Some(rollout) => Ok(self.store.observed(&feature.key, Millis(stage_since(rollout)))?),
            None => Ok(Observed::default()),
        }
    }

    pub(in crate::hub) fn figures(&self, feature: &Feature) -> Result<Figures, Problem> {
        let last_hour = self.store.last_used(&feature.key)?;
        let Some(rollout) = &feature.rollout else { return Ok(Figures { last_hour, ..Figures::default() }) };
        let observed = self.counted(feature)?;
        let stored = self.store.guard_state(&feature.key)?;
        let held_at = stored.as_ref().and_then(|(_, held_at)| *held_at);
        let state = stored.map_or_else(GuardState::default, |(text, _)| GuardState::from_json(&text).0);
        let is_judged = is_running(rollout) && observed.exposures > 0;
        let evidence_permille = is_judged.then(|| state.strength_permille(&Judge::of(rollout)));
        let rolls_back_at = is_judged.then(|| next_firing(&rollout.guard.unwrap_or_default(), observed.exposures)).flatten();
        Ok(Figures { observed, evidence_permille, rolls_back_at, held_at, last_hour })
    }
}
