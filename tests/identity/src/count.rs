//! What of the rules was reached by the questions asked, and whether that is enough.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    rc::Rc,
};

use sdk_core::{ErrorCode, Layer, Reason};
use serde::Deserialize;

use crate::generate::draws::is_near;

/// A flag whose only rule is one test: its number in [`Probe::NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe(pub usize);

impl Probe {
    /// Every operator, those that take it with `ignoreCase`, and the forms of conditions.
    pub const NAMES: [&str; 34] = [
        "eq",
        "neq",
        "in",
        "notIn",
        "contains",
        "startsWith",
        "endsWith",
        "lt",
        "lte",
        "gt",
        "gte",
        "before",
        "after",
        "semverEq",
        "semverGt",
        "semverGte",
        "semverLt",
        "semverLte",
        "semverCaret",
        "semverTilde",
        "matches",
        "cidr",
        "exists",
        "eq ignoreCase",
        "neq ignoreCase",
        "in ignoreCase",
        "notIn ignoreCase",
        "contains ignoreCase",
        "startsWith ignoreCase",
        "endsWith ignoreCase",
        "all",
        "any",
        "not",
        "segment",
    ];
}

/// What the answers of one flag are counted as. It never stands in a line.
#[derive(Clone, Debug, Default)]
pub struct Mark {
    /// The operator that alone decides the flag.
    pub probe: Option<Probe>,
    /// Whether the flag draws by `murmurhash-js`.
    pub murmur: bool,
    /// Bounds of its shares.
    pub bounds: Vec<u32>,
    /// What its rollout asks for.
    pub rollout_unit: String,
    /// Units, as written, at the edge of its rollout.
    pub edge_units: BTreeSet<String>,
}

/// What one question's answer is counted as.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The flag's mark; an empty one where no sound flag is asked for.
    pub mark: Rc<Mark>,
    /// Whether the rollout, if it is reached, compares a bucket at its edge.
    pub near: bool,
}

/// How often each thing was answered.
#[derive(Default)]
pub struct Counts {
    pairs: u64,
    by_name: BTreeMap<(&'static str, &'static str), u64>,
}

/// What of an answer is counted.
#[derive(Deserialize)]
struct Answer<'a> {
    reason: Option<&'a str>,
    #[serde(rename = "errorCode")]
    error_code: Option<&'a str>,
    layer: Option<&'a str>,
    bucket: Option<u32>,
}

impl Counts {
    /// Counts one answer.
    ///
    /// # Panics
    ///
    /// If the answer is none: those come from the door under test, whose bytes are about to be compared.
    pub fn add(&mut self, asked: &Asked, answer: &str) {
        let answer: Answer<'_> = serde_json::from_str(answer).expect("a door answers JSON");
        self.pairs += 1;
        let Some(reason) = answer.reason else { return self.count("answer", "document refused") };
        self.named("reason", Reason::ALL.iter().map(|known| known.as_str()), Some(reason));
        self.named("errorCode", ErrorCode::ALL.iter().map(|known| known.as_str()), answer.error_code);
        self.named("layer", Layer::ALL.iter().map(|known| known.as_str()), answer.layer);
        if answer.bucket.is_some() {
            self.count("hash", if asked.mark.murmur { "murmurhash-js" } else { "sip-1" });
        }
        // Past a rollout's percentage only the defaults stand: there it has compared a bucket that it does not tell.
        let passed = asked.near && matches!(answer.layer, Some("environment" | "default"));
        if passed || answer.bucket.is_some_and(|bucket| is_near(bucket, &asked.mark.bounds)) {
            self.count("edge", if passed { "at a bound, out" } else { "at a bound, in" });
            self.count("edge", "at a bound");
        }
        if let Some(Probe(number)) = asked.mark.probe {
            match answer.layer {
                Some("rule") => self.count("true", Probe::NAMES[number]),
                Some("default") => self.count("false", Probe::NAMES[number]),
                _ => {}
            }
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

    /// How often this was answered.
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
        names.extend(Probe::NAMES.iter().flat_map(|name| [("true", *name), ("false", *name)]));
        let mut floors: Vec<_> = names.into_iter().map(|name| (name, self.floor(1_000))).collect();
        floors.push((("edge", "at a bound"), self.floor(10_000)));
        floors
    }

    /// What a million questions must bring, scaled to how many there were. Answers come in clusters, a document at a time: where
    /// there are fewer than a million, a fifth of the share will do.
    fn floor(&self, of_a_million: u64) -> u64 {
        const MILLION: u64 = 1_000_000;
        let share = self.pairs * of_a_million / MILLION;
        if self.pairs < MILLION { share.div_ceil(5) } else { share }
    }

    /// What was answered too rarely, each as a sentence; `program` says whether a program answered.
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
        for name in Probe::NAMES {
            writeln!(f, "{:<10} {name:<24} {:>9} {:>9}", "", self.of("true", name), self.of("false", name))?;
        }
        Ok(())
    }
}
