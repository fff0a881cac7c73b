//! The order of precedence: the one place where it is written down. What is laid here is followed everywhere.
use super::flag::{Draft, EnvironmentDefault, OnMissingUnit, Serve};
use crate::{
    bucket::{BUCKETS, BucketKey, DrawHash},
    model::{
        build::Builder,
        details::{Decision, Layer, Reason, StepIndex},
    },
};

/// A prerequisite.
pub(crate) enum Required {
    /// It names no flag, or one that needs this one: nothing meets it.
    Never,
    /// The number of its flag, and of the variants that meet it.
    Flag { flag: u32, variants: alloc::vec::Vec<u32> },
}

/// Lays the steps of a flag and answers where they start.
pub(crate) fn lay(draft: &Draft<'_>, required: &[Required], key: BucketKey, builder: &mut Builder) -> u32 {
    let unit = builder.attribute(&draft.unit);
    let continues = draft.on_missing_unit == OnMissingUnit::Continue;
    let start = builder.here();
    let off = |reason, step| Decision::new(draft.off, reason, Layer::Kill, step);
    let rollout = &draft.rollout;

    if !draft.enabled {
        builder.constant(off(Reason::Disabled, StepIndex::DISABLED));
        return start;
    }
    if rollout.rolled_back {
        builder.constant(off(Reason::Disabled, StepIndex::ROLLED_BACK));
        return start;
    }
    let unmet = off(Reason::PrerequisiteFailed, StepIndex::PREREQUISITES);
    for required in required {
        match required {
            Required::Flag { flag, variants } => builder.prerequisite(*flag, unmet, variants),
            Required::Never => {
                builder.constant(unmet);
                return start;
            }
        }
    }
    builder.overrides();
    if rollout.running {
        let listed = |variant, step| Decision::new(variant, Reason::TargetingMatch, Layer::Rollout, step);
        if !rollout.deny.is_empty() {
            builder.list(unit, listed(draft.off, StepIndex::DENY), false, rollout.deny.iter());
        }
        if !rollout.allow.is_empty() {
            builder.list(unit, listed(Some(draft.on), StepIndex::ALLOW), true, rollout.allow.iter());
        }
    }
    for (index, target) in draft.targets.iter().enumerate() {
        let step = StepIndex::FIRST_TARGET.plus(index);
        builder.guard(target.condition);
        builder.constant(Decision::new(Some(target.variant), Reason::TargetingMatch, Layer::Target, step));
    }
    let draw = |salt: &str| if draft.murmurhash_js { DrawHash::MurmurhashJs } else { DrawHash::Sip(key.subkey(salt.as_bytes())) };
    let first_rule = StepIndex::FIRST_TARGET.plus(draft.targets.len());
    for (index, rule) in draft.rules.iter().enumerate() {
        let step = first_rule.plus(index);
        match &rule.serve {
            Serve::Variant(variant) => {
                // A rule without a condition always holds, and what follows is never reached.
                builder.guard(rule.condition);
                builder.constant(Decision::new(Some(*variant), Reason::TargetingMatch, Layer::Rule, step));
            }
            Serve::Split { shares, unit: own, salt } => {
                let unit = own.as_ref().map_or(unit, |own| builder.attribute(own));
                let shares =
                    shares.iter().map(|(bound, variant)| (*bound, Decision::new(Some(*variant), Reason::Split, Layer::Rule, step)));
                builder.guard(rule.condition);
                builder.draw(unit, draw(salt), continues, shares);
            }
        }
    }
    let percentage = first_rule.plus(draft.rules.len());
    // In tier 1 a list of those allowed is the audience.
    let by_list = rollout.tier == Some(1) && !rollout.allow.is_empty();
    if rollout.running && !by_list {
        let on = Decision::new(Some(draft.on), Reason::Split, Layer::Rollout, percentage);
        match rollout.threshold {
            0 => {}
            BUCKETS => builder.constant(on),
            threshold => builder.draw(unit, draw(&draft.salt), continues, core::iter::once((threshold, on))),
        }
    }
    let fixed = required.is_empty() && draft.targets.is_empty() && draft.rules.is_empty() && !rollout.running;
    let (variant, layer, step) = match draft.environment {
        Some(EnvironmentDefault(variant)) => (variant, Layer::Environment, percentage.plus(1)),
        None => (draft.default, Layer::Default, percentage.plus(2)),
    };
    let reason = if fixed && variant.is_some() { Reason::Static } else { Reason::Default };
    builder.constant(Decision::new(variant, reason, layer, step));
    start
}
