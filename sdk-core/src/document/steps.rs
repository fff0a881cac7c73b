//! The order of precedence, written down here alone: the compiler lays steps in this order, and every reader follows them.
use super::{
    definition::{Definition, OnMissingUnit, Serve, TARGETING_KEY},
    state::State,
};
use crate::{
    bucket::{BUCKETS, BucketKey, DrawHash},
    model::{
        details::{Decision, Layer, Reason, StepIndex},
        write::StepTables,
    },
};

/// A prerequisite whose flag was looked up.
pub(crate) enum Required {
    /// A prerequisite that is never met: it names no flag, or one that needs this flag.
    Never,
    /// The number of its flag, and of the variants that meet it.
    Flag { flag: u32, variants: alloc::vec::Vec<u32> },
}

/// The inputs of a flag's steps.
pub(crate) struct Plan<'p> {
    pub(crate) flag_key: &'p str,
    pub(crate) definition: &'p Definition,
    pub(crate) state: &'p State,
    pub(crate) required: &'p [Required],
    /// The places of the conditions of all targets, then of all rules; 0 for a rule without one.
    pub(crate) conditions: &'p [u32],
    /// The environment that the document names, if it names one.
    pub(crate) environment: Option<&'p str>,
    pub(crate) key: BucketKey,
}

/// Lays the steps of a flag and returns the place where they start.
///
/// The steps behind one that always answers are laid too, although no evaluation takes them: the tables then have all that a later state
/// needs, and the flag's conditions are not copied again. Hidden lists are left out, because they may be most of a document.
pub(crate) fn lay(plan: &Plan<'_>, builder: &mut impl StepTables) -> u32 {
    let Plan { flag_key, definition, state: State { enabled, rollout }, required, conditions, environment, key } = *plan;
    let unit = builder.attribute(definition.unit.as_deref().unwrap_or(TARGETING_KEY));
    let continues = definition.on_missing_unit == OnMissingUnit::Continue;
    let start = builder.here();
    let off = |reason, step| Decision::new(definition.off, reason, Layer::Kill, step);

    if !enabled {
        builder.constant(off(Reason::Disabled, StepIndex::DISABLED));
    } else if rollout.rolled_back {
        builder.constant(off(Reason::Disabled, StepIndex::ROLLED_BACK));
    }
    let mut is_hidden = !enabled || rollout.rolled_back;
    let unmet = off(Reason::PrerequisiteFailed, StepIndex::PREREQUISITES);
    for required in required {
        match required {
            Required::Flag { flag, variants } => builder.prerequisite(*flag, unmet, variants),
            Required::Never => {
                builder.constant(unmet);
                is_hidden = true;
            }
        }
    }
    builder.overrides();
    if rollout.running && !is_hidden {
        let listed = |variant, step| Decision::new(variant, Reason::TargetingMatch, Layer::Rollout, step);
        if !rollout.deny.is_empty() {
            builder.list(unit, listed(definition.off, StepIndex::DENY), false, rollout.deny.iter());
        }
        if !rollout.allow.is_empty() {
            builder.list(unit, listed(Some(definition.on), StepIndex::ALLOW), true, rollout.allow.iter());
        }
    }
    let (of_targets, of_rules) = conditions.split_at_checked(definition.targets.len()).unwrap_or_default();
    for (index, (target, condition)) in definition.targets.iter().zip(of_targets).enumerate() {
        let step = StepIndex::FIRST_TARGET.plus(index);
        builder.guard(*condition);
        builder.constant(Decision::new(Some(target.variant), Reason::TargetingMatch, Layer::Target, step));
    }
    let draw = |salt: &str| if definition.murmurhash_js { DrawHash::MurmurhashJs } else { DrawHash::Sip(key.subkey(salt.as_bytes())) };
    let first_rule = StepIndex::FIRST_TARGET.plus(definition.targets.len());
    for (index, (rule, condition)) in definition.rules.iter().zip(of_rules).enumerate() {
        let step = first_rule.plus(index);
        match &rule.serve {
            Serve::Variant(variant) => {
                // A rule without a condition always holds, and no step behind it is reached.
                builder.guard(*condition);
                builder.constant(Decision::new(Some(*variant), Reason::TargetingMatch, Layer::Rule, step));
            }
            Serve::Split { shares, unit: own, salt } => {
                let unit = own.as_ref().map_or(unit, |own| builder.attribute(own));
                let shares =
                    shares.iter().map(|(bound, variant)| (*bound, Decision::new(Some(*variant), Reason::Split, Layer::Rule, step)));
                builder.guard(*condition);
                builder.draw(unit, draw(salt), continues, shares);
            }
        }
    }
    let percentage = first_rule.plus(definition.rules.len());
    // In tier 1 an allow list with entries is the audience, and nobody is drawn.
    let by_list = rollout.tier == Some(1) && !rollout.allow.is_empty();
    if rollout.running && !by_list {
        let on = Decision::new(Some(definition.on), Reason::Split, Layer::Rollout, percentage);
        match rollout.threshold {
            0 => {}
            BUCKETS => builder.constant(on),
            threshold => {
                builder.draw(unit, draw(definition.salt.as_deref().unwrap_or(flag_key)), continues, core::iter::once((threshold, on)));
            }
        }
    }
    let fixed = required.is_empty() && definition.targets.is_empty() && definition.rules.is_empty() && !rollout.running;
    let own = definition.environments.iter().find(|(name, _)| Some(&**name) == environment);
    let (variant, layer, step) = match own {
        Some((_, variant)) => (*variant, Layer::Environment, percentage.plus(1)),
        None => (definition.default, Layer::Default, percentage.plus(2)),
    };
    let reason = if fixed && variant.is_some() { Reason::Static } else { Reason::Default };
    builder.constant(Decision::new(variant, reason, layer, step));
    start
}
