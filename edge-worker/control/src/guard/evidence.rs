//! Decisions of the guard, and the evidence behind them.
use alloc::string::String;

use serde::Serialize;

use super::sums::Sums;

/// A decision of the guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The rollout goes on: no rule fired.
    Continue,
    /// The rollout has to be rolled back. With a doubt, the operator has to be alerted as well.
    RollBack(Evidence),
    /// A rule fired, but there is a doubt that the feature is the cause: the rollout stays as it is, and the operator has to be alerted.
    Held(Evidence),
}

/// The rule that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// The error rate within the window is above the limit.
    Threshold,
    /// The evidence of the whole stage.
    Sequential,
    /// The evidence of a regression that came late.
    Late,
}

/// A reason to doubt that the feature is the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Doubt {
    /// Units without the feature have errors above the limit as well, and the treatment is not evidently worse.
    BothArms,
    /// More than a fifth of the errors come from one address block, or from units over the cap of their block.
    FewSources,
}

/// The counts and the figures behind a decision, for its record. Its JSON has the same names in camel case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The rule that fired.
    pub rule: Rule,
    /// The outcomes that the rule counted: those of the stage for [`Rule::Sequential`], those of the window for [`Rule::Threshold`], and
    /// those since the evidence began to grow for [`Rule::Late`].
    pub counts: Sums,
    /// The error rate of these outcomes, in millionths, rounded down.
    pub rate_millionths: u32,
    /// The limit of the rollout, in millionths.
    pub limit_millionths: u32,
    /// The evidence in per-mille of what fires: 1,000 or more, at most 1,000,000.
    pub strength_permille: u32,
    /// The outcomes of units without the feature in the same time; `None` if every unit has it, and for [`Rule::Threshold`].
    pub control: Option<Sums>,
    /// The address block with the most errors, such as `192.0.2.0/24`; `None` if no error came with an address.
    pub top_block: Option<String>,
    /// The errors of that block in per-mille of the treatment's errors; 0 without one.
    pub top_block_permille: u32,
    /// The errors of units over the cap of their block, in per-mille of the treatment's errors.
    pub over_cap_permille: u32,
    /// The doubt; `None` if there is none.
    pub doubt: Option<Doubt>,
}
