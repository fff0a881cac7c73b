//! The admin API's flags, with the counts of their rollouts, as JSON.
use control::{Feature, lifecycle::Observed};
use sdk_core::{DocumentError, Evaluation, Include, Millis, stage::Tier};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{super::unknown_names::UnknownName, Fault, raw, rollout::RolloutView, text};
use crate::{hub::figures::Figures, problem::Problem, source, store::Used};

/// The visitor for whom a list of flags was evaluated, and the source of the answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct EvaluatedFor<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<&'v str>,
    /// True while all flags are switched off: then callers get their defaults, not the answers in the list.
    disabled: bool,
    evaluated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<&'v str>,
    source: &'static str,
}

impl<'v> EvaluatedFor<'v> {
    pub(in super::super) fn new(
        (customer_id, organization_id): (Option<&'v str>, Option<&'v str>),
        source: &'static str,
        disabled: bool,
        now: Millis,
    ) -> Self {
        Self { customer_id, disabled, evaluated_at: now.to_rfc3339(), organization_id, source }
    }
}

/// All flags, and the errors in the stored document; a part of the document with an error is left out.
pub(in super::super) fn features(
    features: &[Box<RawValue>],
    errors: &[DocumentError],
    version: u32,
    evaluation: EvaluatedFor<'_>,
) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct View<'v> {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        errors: Vec<Fault>,
        evaluation: EvaluatedFor<'v>,
        features: &'v [Box<RawValue>],
        success: bool,
        version: u32,
    }
    text(&View { errors: errors.iter().map(Fault::of).collect(), evaluation, features, success: true, version })
}

pub(in super::super) fn feature(
    feature: &Feature,
    figures: Figures,
    now: Millis,
    evaluation: &Evaluation<'_>,
    (customer, organization): (Option<&str>, Option<&str>),
    for_operator: bool,
) -> Result<Box<RawValue>, Problem> {
    #[derive(Serialize)]
    struct Overridden<'v> {
        customer: Option<&'v str>,
        organization: Option<&'v str>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        aliases: &'v [String],
        description: Option<&'v str>,
        enabled: bool,
        evaluation: Box<RawValue>,
        feature_name: &'v str,
        flag_path: &'v str,
        overrides: Overridden<'v>,
        owner: Option<&'v str>,
        /// True if the newest definition has an error, and the last good one serves.
        #[serde(skip_serializing_if = "core::ops::Not::not")]
        refused: bool,
        rollout: Option<RolloutView<'v>>,
        source: Option<&'static str>,
        stage: Option<&'v str>,
        statistics: Statistics,
        status: &'static str,
        tags: &'v [String],
        #[serde(rename = "type")]
        kind: &'v str,
    }
    let mut answer = String::new();
    evaluation.write_canonical(&mut answer, Some("null"), Include::default());
    let view = View {
        aliases: &feature.aliases,
        description: feature.description.as_deref(),
        enabled: feature.enabled,
        evaluation: raw(answer)?,
        feature_name: &feature.name,
        flag_path: &feature.key,
        overrides: Overridden { customer, organization },
        owner: feature.owner.as_deref(),
        refused: feature.refused && for_operator,
        rollout: feature.rollout.as_ref().map(|rollout| RolloutView::of(feature, rollout, figures, now, for_operator)),
        source: evaluation.layer().map(source::of),
        stage: feature.stage.as_deref(),
        statistics: Statistics::of(feature, figures),
        status: status(feature),
        tags: &feature.tags,
        kind: &feature.kind,
    };
    raw(text(&view)?)
}

/// A flag that a command changed, in its new state, with its rollout.
pub(in super::super) fn state(feature: &Feature, figures: Figures, now: Millis) -> Result<Box<RawValue>, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        enabled: bool,
        feature_name: &'v str,
        flag_path: &'v str,
        rollout: Option<RolloutView<'v>>,
        statistics: Statistics,
        status: &'static str,
    }
    let view = View {
        enabled: feature.enabled,
        feature_name: &feature.name,
        flag_path: &feature.key,
        rollout: feature.rollout.as_ref().map(|rollout| RolloutView::of(feature, rollout, figures, now, true)),
        statistics: Statistics::of(feature, figures),
        status: status(feature),
    };
    raw(text(&view)?)
}

fn status(feature: &Feature) -> &'static str {
    match (&feature.rollout, feature.enabled) {
        (_, false) => "killed",
        (Some(rollout), true) => rollout.status.as_str(),
        (None, true) => "enabled",
    }
}

/// The figures of a rollout, with its outcomes by hour if they are asked for.
pub(in super::super) fn statistics_of(feature: &Feature, figures: Figures, usage: Option<&[Used]>) -> Result<Box<RawValue>, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        current_tier: Option<&'static str>,
        feature_name: &'v str,
        flag_path: &'v str,
        #[serde(flatten)]
        statistics: Statistics,
        status: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        usage: Option<Vec<UsageView<'v>>>,
    }
    let rollout = feature.rollout.as_ref();
    let view = View {
        current_tier: rollout.and_then(|rollout| rollout.tier).map(Tier::as_str),
        feature_name: &feature.name,
        flag_path: &feature.key,
        statistics: Statistics::of(feature, figures),
        status: rollout.map(|rollout| rollout.status.as_str()),
        usage: usage.map(|usage| usage.iter().map(UsageView::of).collect()),
    };
    raw(text(&view)?)
}

/// The figures of rollouts, and names that no flag has.
pub(in super::super) fn statistics(statistics: &[Box<RawValue>], unknown_flags: &[UnknownName]) -> Result<String, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View<'v> {
        statistics: &'v [Box<RawValue>],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        unknown_flags: &'v [UnknownName],
    }
    text(&View { statistics, unknown_flags })
}

/// The outcomes of a flag in an hour.
#[derive(Serialize)]
struct UsageView<'v> {
    event: &'v str,
    hour: String,
    outcomes: u64,
    /// `None` for outcomes that named no variant of the flag.
    variant: Option<&'v str>,
}

impl<'v> UsageView<'v> {
    fn of(used: &'v Used) -> Self {
        let variant = Some(used.variant.as_str()).filter(|variant| !variant.is_empty());
        Self { event: &used.event_type, hour: hour(used.hour), outcomes: used.outcomes, variant }
    }
}

/// The beginning of an hour since 1970.
fn hour(hour: i64) -> String {
    Millis(hour.saturating_mul(3_600_000)).to_rfc3339()
}

/// The counts of a rollout's present stage, from trusted outcomes; the rates are `null` if no unit was exposed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    error_rate: Option<f64>,
    errors: u64,
    /// The evidence against the rollout, as a share of what rolls it back; `null` unless the guard judges the rollout.
    evidence: Option<f64>,
    exposures: u64,
    /// The beginning of the hour in which the last outcome arrived; `null` if none ever did.
    last_evaluated: Option<String>,
    /// The percentage of the rollout; `null` without one.
    percentage: Option<f64>,
    /// The fewest errors of these exposures that roll the rollout back; `null` where no number of errors does.
    rolls_back_at: Option<u64>,
    success_rate: Option<f64>,
}

impl Statistics {
    #[expect(clippy::cast_precision_loss, reason = "a share to show, not to decide by")]
    fn of(feature: &Feature, Figures { observed, evidence_permille, rolls_back_at, last_hour, .. }: Figures) -> Self {
        let Observed { exposures, errors } = observed;
        let share = |part: u64| (exposures > 0).then(|| part as f64 / exposures as f64);
        Self {
            error_rate: share(errors),
            errors,
            evidence: evidence_permille.map(|permille| f64::from(permille) / 1_000.0),
            exposures,
            last_evaluated: last_hour.map(hour),
            percentage: feature.rollout.as_ref().map(|rollout| rollout.percentage.percent()),
            rolls_back_at,
            success_rate: share(exposures.saturating_sub(errors)),
        }
    }
}
