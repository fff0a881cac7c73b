//! The state of a rollout and its next tier, as JSON.
use control::{
    Feature,
    lifecycle::{Guard, Observed, Rollout, StepError},
};
use sdk_core::{
    Millis,
    stage::{Status, Tier},
};
use serde::Serialize;

use crate::hub::{figures::Figures, sums::is_running};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RolloutView<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    blacklisted_customers: Option<&'v [String]>,
    created_at: Option<String>,
    current_tier: Option<&'static str>,
    /// True while the guard judges the rollout: it runs, and outcomes of units that have it were reported in this stage.
    guarded: bool,
    /// The moment at which the guard last held the rollout; `None` if it never did.
    held_at: Option<String>,
    min_tier_duration: i64,
    /// The next tier, and what still prevents it; `None` if the rollout cannot be advanced at all.
    next: Option<Next>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    percentage: f64,
    rollback_threshold: Threshold,
    started_at: Option<String>,
    status: &'static str,
    success_rate: f64,
    tier: Option<u8>,
    tier_since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    whitelisted_customers: Option<&'v [String]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Next {
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<String>,
    percentage: f64,
    tier: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Threshold {
    error_rate: f64,
    method: &'static str,
    min_samples: u64,
    time_window: i64,
}

impl<'v> RolloutView<'v> {
    /// The state of a rollout. Its lists name customers of every organization, so only the deployment's operators get them.
    pub(super) fn of(feature: &Feature, rollout: &'v Rollout, figures: Figures, now: Millis, for_operator: bool) -> Self {
        let Figures { observed, evidence_permille, held_at, .. } = figures;
        let moment = |moment: Option<Millis>| moment.map(Millis::to_rfc3339);
        let Guard { method, error_rate, time_window_ms, min_samples } = rollout.guard.unwrap_or_default();
        Self {
            blacklisted_customers: for_operator.then_some(&rollout.deny),
            created_at: moment(rollout.course.created_at),
            current_tier: rollout.tier.map(Tier::as_str),
            guarded: evidence_permille.is_some(),
            held_at: moment(held_at),
            min_tier_duration: rollout.course.min_tier_ms,
            next: next(rollout, observed, now),
            notes: notes(feature, rollout, observed),
            percentage: rollout.percentage.percent(),
            rollback_threshold: Threshold {
                error_rate: error_rate.share(),
                method: method.as_str(),
                min_samples,
                time_window: time_window_ms,
            },
            started_at: moment(rollout.course.started_at),
            status: rollout.status.as_str(),
            success_rate: rollout.course.success_rate.share(),
            tier: rollout.tier.map(Tier::number),
            tier_since: moment(rollout.course.stage_since),
            whitelisted_customers: for_operator.then_some(&rollout.allow),
        }
    }
}

/// The code that reports an exposure: three lines of JavaScript, without the key of the flag.
const REPORT: &str =
    "await fetch(`${url}/v1/outcomes`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  body: JSON.stringify({ outcomes: [{ id: crypto.randomUUID(), unit: sessionId, receipt, event: 'enabled', flag: FLAG }] }) });
// and the same with event: 'error' where the feature fails; a server key needs no receipt";

/// Notes on a rollout that runs and that nothing guards.
fn notes(feature: &Feature, rollout: &Rollout, observed: Observed) -> Vec<String> {
    if !is_running(rollout) || observed.exposures > 0 {
        return Vec::new();
    }
    let code = REPORT.replace("FLAG", &serde_json::Value::from(feature.key.as_str()).to_string());
    vec![format!(
        "no exposure was reported in this stage, so the guard judges nothing and the rollout does not advance; report them:\n{code}"
    )]
}

/// The next tier of a rollout; `None` unless it is active and has a tier that another one follows.
fn next(rollout: &Rollout, observed: Observed, now: Millis) -> Option<Next> {
    let to = rollout.gate(observed, now, true).ok().filter(|_| rollout.status == Status::Active)?;
    let stop = rollout.gate(observed, now, false).err();
    let (blocked_by, not_before) = match &stop {
        None => (None, None),
        Some(StepError::TooEarly(until)) => (Some("the present tier has to last longer".to_owned()), Some(until.to_rfc3339())),
        Some(StepError::Illegal(why) | StepError::Gate(why)) => (Some(why.clone()), None),
    };
    Some(Next { allowed: stop.is_none(), blocked_by, not_before, percentage: to.percentage().percent(), tier: to.as_str() })
}
