//! The order of precedence: the one place where it is written down. What is laid here is followed everywhere.
use super::{
    flag::{Draft, EnvironmentDefault, Serve},
    scalars::Scalars,
};
use crate::{
    bucket::{BUCKETS, BucketKey, Subkey},
    model::{
        build::Builder,
        code,
        details::{Decision, Layer, Reason},
    },
};

/// A prerequisite.
pub(crate) enum Required {
    /// It names no flag, or one that needs this one.
    Never,
    /// The number of its flag, and of the variants that meet it.
    Flag { flag: u32, variants: alloc::vec::Vec<u32> },
}

/// Lays the steps of a flag and answers where they start. `lowest` is the lowest number of any flag this one depends on.
pub(crate) fn lay(draft: &Draft<'_>, required: &[Required], lowest: u32, key: BucketKey, builder: &mut Builder) -> u32 {
    let unit = builder.attribute(&draft.unit);
    let start = builder.here();
    let off = |reason, layer| Decision::new(draft.off, reason, layer);
    let rollout = &draft.rollout;

    if !draft.enabled || rollout.rolled_back {
        builder.push_const(off(Reason::Disabled, Layer::Kill));
        return start;
    }
    let unmet = off(Reason::PrerequisiteFailed, Layer::Kill);
    if required.iter().any(|required| matches!(required, Required::Never)) {
        builder.push_const(unmet);
        return start;
    }
    if !required.is_empty() {
        builder.push(&[code::NEEDS, lowest]);
    }
    for required in required {
        if let Required::Flag { flag, variants } = required {
            builder.push(&[code::PREREQUISITE, *flag, unmet.word, count(variants.len())]);
            builder.push(variants);
        }
    }
    builder.push(&[code::OVERRIDES]);
    if rollout.running {
        list(builder, code::LIST, unit, &rollout.deny, off(Reason::TargetingMatch, Layer::Rollout));
        list(
            builder,
            code::LIST | code::ALLOW,
            unit,
            &rollout.allow,
            Decision::new(Some(draft.on), Reason::TargetingMatch, Layer::Rollout),
        );
    }
    for target in &draft.targets {
        when(builder, target.condition, Decision::new(Some(target.variant), Reason::TargetingMatch, Layer::Target));
    }
    for rule in &draft.rules {
        match &rule.serve {
            Serve::Variant(variant) => when(builder, rule.condition, Decision::new(Some(*variant), Reason::TargetingMatch, Layer::Rule)),
            Serve::Split { shares, unit: own, salt } => {
                let unit = own.as_ref().map_or(unit, |own| builder.attribute(own));
                let shares = shares.iter().map(|(bound, variant)| (*bound, Decision::new(Some(*variant), Reason::Split, Layer::Rule)));
                draw(builder, draft.murmurhash_js, rule.condition, unit, || key.subkey(salt.as_bytes()), shares);
            }
        }
    }
    // In tier 1 a list of those allowed is the audience.
    let by_list = rollout.tier == Some(1) && !rollout.allow.is_empty();
    if rollout.running && !by_list {
        let on = Decision::new(Some(draft.on), Reason::Split, Layer::Rollout);
        match rollout.threshold {
            0 => {}
            BUCKETS => builder.push_const(on),
            threshold => {
                let subkey = || key.subkey(draft.salt.as_bytes());
                draw(builder, draft.murmurhash_js, 0, unit, subkey, core::iter::once((threshold, on)));
            }
        }
    }
    let fixed = required.is_empty() && draft.targets.is_empty() && draft.rules.is_empty() && !rollout.running;
    let (variant, layer) = match draft.environment {
        Some(EnvironmentDefault(variant)) => (variant, Layer::Environment),
        None => (draft.default, Layer::Default),
    };
    let reason = if fixed && variant.is_some() { Reason::Static } else { Reason::Default };
    builder.push_const(Decision::new(variant, reason, layer));
    start
}

fn list(builder: &mut Builder, operation: u32, unit: u32, entries: &Scalars, decision: Decision) {
    if entries.is_empty() {
        return;
    }
    let start = builder.code.len();
    builder.push(&[0, unit, decision.word]);
    let count = builder.push_symbols(entries.iter());
    if let Some(word) = builder.code.get_mut(start) {
        *word = code::with_count(operation, count);
    }
}

fn when(builder: &mut Builder, condition: u32, decision: Decision) {
    // A rule without a condition always holds, and what follows is never reached.
    builder.push_guard(condition);
    builder.push_const(decision);
}

fn draw(
    builder: &mut Builder,
    murmurhash_js: bool,
    condition: u32,
    unit: u32,
    subkey: impl FnOnce() -> Subkey,
    shares: impl ExactSizeIterator<Item = (u32, Decision)>,
) {
    let profile = if murmurhash_js { code::MURMURHASH_JS } else { 0 };
    builder.push_guard(condition);
    builder.push(&[code::with_count(code::DRAW | profile, shares.len()), unit]);
    builder.push_subkey(if murmurhash_js { Subkey([0; 2]) } else { subkey() });
    for (bound, decision) in shares {
        builder.push(&[bound, decision.word]);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "lists are limited to 50,000 entries")]
const fn count(length: usize) -> u32 {
    length as u32
}
