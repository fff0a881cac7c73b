//! The answers that differ between two rulesets, found by asking both.
use alloc::{collections::BTreeSet, string::String, vec::Vec};

use sdk_core::{Context, Evaluation, Include, Millis, Overrides, Ruleset};

/// A flag that two rulesets answer differently for one context.
pub struct AnswerDiff {
    /// The index of the context.
    pub context: usize,
    /// The key of the flag.
    pub flag: String,
    /// The answer of the first ruleset, as canonical JSON; `None` if it has no such flag.
    pub before: Option<String>,
    /// The answer of the second ruleset, as canonical JSON; `None` if it has no such flag.
    pub after: Option<String>,
}

/// Asks two rulesets for every flag, for each context at one moment, and returns the answers with another value or another variant. A
/// different reason or layer alone is no difference.
pub fn answer_diffs(before: (&Ruleset, &Overrides), after: (&Ruleset, &Overrides), contexts: &[Context], now: Millis) -> Vec<AnswerDiff> {
    let keys: BTreeSet<&str> = before.0.flag_keys().chain(after.0.flag_keys()).collect();
    let mut diffs = Vec::new();
    for (index, context) in contexts.iter().enumerate() {
        let mut visitors = [before, after].map(|(ruleset, overrides)| (ruleset, ruleset.visitor(overrides.of(context), context, now)));
        for key in &keys {
            let [old, new] = visitors.each_mut().map(|(ruleset, visitor)| {
                // Only by its key: the key may be an alias of another flag in the other ruleset.
                let is_there = ruleset.find(key).is_some_and(|flag| ruleset.key_of(flag) == *key);
                is_there.then(|| visitor.evaluate(key, None))
            });
            let seen = |answer: Option<Evaluation<'_>>| answer.map(|answer| (answer.variant().map(String::from), written_value(answer)));
            if seen(old) != seen(new) {
                diffs.push(AnswerDiff { context: index, flag: (*key).into(), before: old.map(written), after: new.map(written) });
            }
        }
    }
    diffs
}

fn written(answer: Evaluation<'_>) -> String {
    let mut text = String::new();
    answer.write_canonical(&mut text, None, Include::default());
    text
}

fn written_value(answer: Evaluation<'_>) -> Option<String> {
    let mut text = String::new();
    answer.value()?.write_canonical(&mut text);
    Some(text)
}
