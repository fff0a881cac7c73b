//! Counts of the rules that the answers reached, and the floors below which a run has not asked enough.

use std::{collections::BTreeMap, fmt, rc::Rc};

use sdk_core::{ErrorCode, Layer, Reason};
use serde::{Deserialize, de::IgnoredAny};

use crate::generate::{
    draws::{Edges, is_near},
    prerequisites::CAUSES,
    probes::{PROBES, Probe},
};

/// The names under which the answers of one flag are counted. No line has them.
#[derive(Clone, Debug, Default)]
pub struct Mark {
    /// The probe that the flag is, where one thing alone decides it.
    pub probe: Option<&'static Probe>,
    /// The cause, where one of its prerequisites is broken.
    pub broken: Option<&'static str>,
    /// True if the flag draws by `murmurhash-js`.
    pub murmur: bool,
    /// Bounds of its shares.
    pub bounds: Vec<u32>,
    /// The units at the edges of its rollout or, of a probe, of its condition.
    pub edges: Edges,
}

/// The names under which the answer to one question is counted.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The flag's mark; an empty one where no sound flag is asked for.
    pub mark: Rc<Mark>,
    /// True if the rollout or condition, if it is reached, compares a bucket at its edge.
    pub near: bool,
}

/// The number of times that each thing was answered.
#[derive(Default)]
pub struct Counts {
    pairs: u64,
    by_name: BTreeMap<(&'static str, &'static str), u64>,
}

/// The members of an answer that are counted.
#[derive(Deserialize)]
struct Answer<'a> {
    reason: Option<&'a str>,
    #[serde(rename = "errorCode")]
    error_code: Option<&'a str>,
    layer: Option<&'a str>,
    bucket: Option<u32>,
    step: Option<IgnoredAny>,
    metadata: Option<IgnoredAny>,
}

impl Counts {
    /// Counts one answer.
    ///
    /// # Panics
    ///
    /// If the answer is none: those come from the runner under test, whose bytes are about to be compared.
    pub fn add(&mut self, asked: &Asked, answer: &str) {
        let answer: Answer<'_> = serde_json::from_str(answer).expect("a runner answers JSON");
        self.pairs += 1;
        let Some(reason) = answer.reason else { return self.count("answer", "document refused") };
        self.named("reason", Reason::ALL.iter().map(|known| known.as_str()), Some(reason));
        self.named("errorCode", ErrorCode::ALL.iter().map(|known| known.as_str()), answer.error_code);
        self.named("layer", Layer::ALL.iter().map(|known| known.as_str()), answer.layer);
        if answer.bucket.is_some() {
            self.count("hash", if asked.mark.murmur { "murmurhash-js" } else { "sip-1" });
        }
        if answer.step.is_some() {
            self.named("step", Layer::ALL.iter().map(|known| known.as_str()), answer.layer);
            self.named("step", ErrorCode::ALL.iter().map(|known| known.as_str()), answer.error_code);
        }
        if answer.metadata.is_some() {
            self.count("told", "metadata");
        }
        if let (Some(cause), Some("PREREQUISITE_FAILED")) = (asked.mark.broken, answer.reason) {
            self.count("broken", cause);
        }
        let held = match answer.layer {
            Some("rule" | "rollout") => Some(true),
            Some("environment" | "default") => Some(false),
            _ => None,
        };
        match (asked.mark.probe, held) {
            (Some(probe), Some(held)) => {
                self.count(if held { "true" } else { "false" }, &probe.name);
                if asked.near {
                    self.count("edge", if held { "of a condition, in" } else { "of a condition, out" });
                }
            }
            (Some(_), None) => {}
            (None, _) => self.add_draw(asked, answer.bucket, held),
        }
    }

    /// Counts what a rollout or split compared.
    fn add_draw(&mut self, asked: &Asked, bucket: Option<u32>, held: Option<bool>) {
        // Past a rollout's percentage only the defaults stand: there it has compared a bucket that it does not tell.
        let passed = asked.near && held == Some(false);
        if passed || bucket.is_some_and(|bucket| is_near(bucket, &asked.mark.bounds)) {
            self.count("edge", if passed { "at a bound, out" } else { "at a bound, in" });
            self.count("edge", "at a bound");
        }
    }

    fn named(&mut self, what: &'static str, mut names: impl Iterator<Item = &'static str>, name: Option<&str>) {
        if let Some(name) = name.and_then(|name| names.find(|known| *known == name)) {
            self.count(what, name);
        }
    }

    fn count(&mut self, what: &'static str, name: &'static str) {
        *self.by_name.entry((what, name)).or_default() += 1;
    }

    /// The number of times that this was answered.
    pub fn of(&self, what: &'static str, name: &'static str) -> u64 {
        self.by_name.get(&(what, name)).copied().unwrap_or_default()
    }

    /// Everything that must be answered, with how often at least.
    ///
    /// Of a million pairs a thousand each, and ten thousand at a bound. Only a program is not ready for a context.
    fn floors(&self, program: bool) -> Vec<((&'static str, &'static str), u64)> {
        let mut names: Vec<_> = Reason::ALL.iter().map(|reason| ("reason", reason.as_str())).collect();
        names.extend(Layer::ALL.iter().map(|layer| ("layer", layer.as_str())));
        names.extend(
            ErrorCode::ALL.iter().filter(|code| program || **code != ErrorCode::ProviderNotReady).map(|code| ("errorCode", code.as_str())),
        );
        names.extend([("hash", "sip-1"), ("hash", "murmurhash-js"), ("edge", "at a bound, in"), ("edge", "at a bound, out")]);
        names.extend([("edge", "of a condition, in"), ("edge", "of a condition, out"), ("told", "metadata")]);
        names.extend(Layer::ALL.iter().map(|layer| ("step", layer.as_str())));
        names.extend([ErrorCode::TargetingKeyMissing, ErrorCode::InvalidContext].map(|code| ("step", code.as_str())));
        names.extend(CAUSES.map(|cause| ("broken", cause)));
        names.extend(PROBES.iter().flat_map(|probe| [("true", probe.name.as_str()), ("false", &probe.name)]));
        let mut floors: Vec<_> = names.into_iter().map(|name| (name, self.floor(1_000))).collect();
        floors.push((("edge", "at a bound"), self.floor(10_000)));
        floors
    }

    /// The floor of a million questions, scaled to how many there were. Answers come in clusters, a document at a time, so a run of
    /// fewer than a million needs only a fifth of its share.
    fn floor(&self, of_a_million: u64) -> u64 {
        const MILLION: u64 = 1_000_000;
        let share = self.pairs * of_a_million / MILLION;
        if self.pairs < MILLION { share.div_ceil(5) } else { share }
    }

    /// Everything that was answered too rarely, each as a sentence; `program` says whether a program answered.
    pub fn missing(&self, program: bool) -> Vec<String> {
        let rare = self.floors(program).into_iter().filter(|((what, name), floor)| self.of(what, name) < *floor);
        rare.map(|((what, name), floor)| format!("{what} {name}: {} answers, expected at least {floor}", self.of(what, name))).collect()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<10} {:<24} {:>9}", "pairs", "", self.pairs)?;
        for ((what, name), count) in self.by_name.iter().filter(|((what, _), _)| !matches!(*what, "true" | "false")) {
            writeln!(f, "{what:<10} {name:<24} {count:>9}")?;
        }
        writeln!(f, "{:<10} {:<24} {:>9} {:>9}", "condition", "", "true", "false")?;
        for name in PROBES.iter().map(|probe| probe.name.as_str()) {
            writeln!(f, "{:<10} {name:<24} {:>9} {:>9}", "", self.of("true", name), self.of("false", name))?;
        }
        Ok(())
    }
}
