//! The flags that may answer otherwise in another ruleset.
use alloc::collections::{BTreeMap, BTreeSet};

use super::ruleset::Ruleset;
use crate::{
    context::value,
    model::{
        condition::{Among, Condition, Portion, Test},
        details::Decision,
        image::{Image, Span},
        step::{Draw, Guarded, List, Step},
        words::Run,
    },
};

impl Ruleset {
    /// The keys of the flags whose answers may differ between two rulesets, and of those that only one of them has; sorted.
    ///
    /// A flag whose key is not among them gives equal answers in both rulesets, whatever context, moment, overrides, alias and tags
    /// a question comes with. A flag is among them if its own definition differs as far as it can be reached, or that of a segment or
    /// a prerequisite it uses; a difference that no context happens to meet counts too.
    ///
    /// ```
    /// use sdk_core::compile;
    ///
    /// let document = |percentage: u32| {
    ///     format!(
    ///         r#"{{
    ///             "schema": "twinflag/1",
    ///             "bucketKey": "000102030405060708090a0b0c0d0e0f",
    ///             "flags": {{
    ///                 "chat": {{ "rollout": {{ "status": "active", "percentage": {percentage} }} }},
    ///                 "emoji": {{ "prerequisites": [{{ "flag": "chat", "variants": ["on"] }}] }},
    ///                 "theme": {{}}
    ///             }}
    ///         }}"#
    ///     )
    /// };
    /// let (before, after) = (compile(&document(10), None)?.ruleset, compile(&document(25), None)?.ruleset);
    /// assert_eq!(before.differing(&after).into_iter().collect::<Vec<_>>(), ["chat", "emoji"]);
    /// # Ok::<(), sdk_core::DocumentError>(())
    /// ```
    pub fn differing<'r>(&'r self, other: &'r Self) -> BTreeSet<&'r str> {
        let mut comparison = Comparison { rulesets: [self, other], segments: BTreeMap::new() };
        let mut differing = BTreeSet::new();
        for flag in 0..self.image.flags() {
            let key = self.key_of(flag);
            let is_same = match other.with_key(key) {
                Some(there) => {
                    // A prerequisite stands before the flags that need it.
                    self.view(flag).prerequisites().all(|needed| !differing.contains(needed.flag)) && comparison.flags([flag, there])
                }
                None => false,
            };
            if !is_same {
                differing.insert(key);
            }
        }
        differing.extend(other.flag_keys().filter(|key| self.with_key(key).is_none()));
        differing
    }

    /// The number of the flag with this key; an alias finds none.
    fn with_key(&self, key: &str) -> Option<u32> {
        self.find(key).filter(|flag| self.key_of(*flag) == key)
    }
}

/// Two rulesets, compared by the content of their tables: each ruleset has numbers of its own for flags, segments and symbols.
struct Comparison<'r> {
    rulesets: [&'r Ruleset; 2],
    /// True if two segments hold for the same contexts, by their numbers.
    segments: BTreeMap<[u32; 2], bool>,
}

/// Returns true if two values are equal.
fn equal<T: PartialEq>([one, other]: [T; 2]) -> bool {
    one == other
}

/// Returns true if two iterators have the same items, in any order.
fn same_items<T: Ord>([one, other]: [impl Iterator<Item = T> + Clone; 2]) -> bool {
    one.clone().eq(other.clone()) || one.collect::<BTreeSet<_>>() == other.collect()
}

impl<'r> Comparison<'r> {
    fn images(&self) -> [&'r Image; 2] {
        self.rulesets.map(|ruleset| &ruleset.image)
    }

    /// Applies `read` to each of two things, each in its own tables.
    fn each<N, T>(&self, things: [N; 2], read: impl Fn(&'r Image, N) -> T) -> [T; 2] {
        let [one, other] = self.images();
        let [left, right] = things;
        [read(one, left), read(other, right)]
    }

    fn flags(&mut self, flags: [u32; 2]) -> bool {
        let mut steps = self.each(flags, Image::steps_of);
        let is_alike = self.is_alike(flags);
        is_alike
            && loop {
                match steps.each_mut().map(Iterator::next) {
                    [Some(one), Some(other)] if self.steps(flags, [one, other]) => {}
                    [None, None] => break true,
                    [Some(_) | None, Some(_) | None] => break false,
                }
            }
    }

    /// Returns true if two flags have the same type, metadata, names, tags and variants.
    fn is_alike(&self, flags: [u32; 2]) -> bool {
        let [one, other] = self.rulesets;
        let views = [one.view(flags[0]), other.view(flags[1])];
        let values = |image: &'r Image, flag: u32| -> BTreeMap<&'r [u8], &'r [u8]> {
            let variants = (0..image.variants(flag)).map(|number| image.variant(flag, number));
            variants.map(|(name, value)| (image.text(name), value::split(value).map_or(value, |(whole, _)| whole))).collect()
        };
        // An override that is written as a boolean names the first variant with that value.
        let booleans = |ruleset: &'r Ruleset, flag: u32| {
            [true, false].map(|boolean| Some(ruleset.variant_name(flag, ruleset.first_boolean(flag, boolean)?)))
        };
        equal(views.map(|view| (view.flag_type(), view.metadata())))
            && equal(views.map(|view| view.aliases().collect::<BTreeSet<_>>()))
            && equal(views.map(|view| view.tags().collect::<BTreeSet<_>>()))
            && equal(self.each(flags, values))
            && booleans(one, flags[0]) == booleans(other, flags[1])
    }

    fn steps(&mut self, flags: [u32; 2], guarded: [Guarded; 2]) -> bool {
        let has_condition = match guarded.map(|guarded| guarded.condition) {
            [0, 0] => true,
            [0, _] | [_, 0] => false,
            conditions => self.conditions(conditions),
        };
        has_condition
            && match guarded.map(|guarded| guarded.step) {
                [
                    Step::Prerequisite { flag, unmet, variants },
                    Step::Prerequisite { flag: other_flag, unmet: other_unmet, variants: other_variants },
                ] => {
                    let names = |image: &'r Image, (flag, variants): (u32, Run)| {
                        let variants = image.words().run(variants).map(|number| image.text(image.variant(flag, number).0));
                        (image.text(image.flag(flag).key), variants.collect::<BTreeSet<_>>())
                    };
                    equal(self.each([(flag, variants), (other_flag, other_variants)], names)) && self.decisions(flags, [unmet, other_unmet])
                }
                [Step::Overrides, Step::Overrides] | [Step::Nothing, Step::Nothing] => true,
                [Step::List(one), Step::List(other)] => self.lists(flags, [one, other]),
                [Step::Draw(one), Step::Draw(other)] => self.draws(flags, [one, other]),
                [Step::Const(one), Step::Const(other)] => self.decisions(flags, [one, other]),
                [Step::Prerequisite { .. } | Step::Overrides | Step::List(_) | Step::Draw(_) | Step::Const(_) | Step::Nothing, _] => false,
            }
    }

    fn lists(&self, flags: [u32; 2], lists: [List; 2]) -> bool {
        self.attributes(lists.map(|list| list.attribute))
            && equal(lists.map(|list| list.allows))
            && self.decisions(flags, lists.map(|list| list.listed))
            && self.scalars(lists.map(|list| list.symbols))
    }

    fn draws(&self, flags: [u32; 2], draws: [Draw; 2]) -> bool {
        let [one, other] = self.each(draws, |image, draw| image.words().pairs(draw.shares));
        self.attributes(draws.map(|draw| draw.attribute))
            && equal(draws.map(|draw| (draw.hash, draw.continues, draw.shares.count)))
            && one.zip(other).all(|([bound, word], [other_bound, other_word])| {
                bound == other_bound && self.decisions(flags, [word, other_word].map(Decision::of))
            })
    }

    /// Returns true if two decisions, each on its own flag, answer the same.
    fn decisions(&self, flags: [u32; 2], decisions: [Decision; 2]) -> bool {
        let [one, other] = decisions;
        let name = |image: &'r Image, (flag, decision): (u32, Decision)| Some(image.text(image.variant(flag, decision.variant()?).0));
        equal(decisions.map(|decision| decision.with_variant(None))) && equal(self.each([(flags[0], one), (flags[1], other)], name))
    }

    fn conditions(&mut self, at: [u32; 2]) -> bool {
        match self.each(at, |image, at| image.words().condition(at)) {
            [Condition::All(one), Condition::All(other)] | [Condition::Any(one), Condition::Any(other)] => {
                let [mut ones, mut others] = self.each([one, other], |image, children| image.words().run(children));
                ones.len() == others.len() && ones.by_ref().zip(others.by_ref()).all(|(one, other)| self.conditions([one, other]))
            }
            [Condition::Not(one), Condition::Not(other)] => self.conditions([one, other]),
            [Condition::Segment { number, condition }, Condition::Segment { number: other_number, condition: other_condition }] => {
                let numbers = [number, other_number];
                if let Some(is_same) = self.segments.get(&numbers) {
                    return *is_same;
                }
                let is_same = self.conditions([condition, other_condition]);
                self.segments.insert(numbers, is_same);
                is_same
            }
            [Condition::Percentage(one), Condition::Percentage(other)] => {
                let rest = |portion: Portion| (portion.hash, portion.from, portion.to);
                self.attributes([one.attribute, other.attribute]) && equal([one, other].map(rest))
            }
            [Condition::Test { attribute, test }, Condition::Test { attribute: other_attribute, test: other_test }] => {
                self.attributes([attribute, other_attribute]) && self.tests([test, other_test])
            }
            [Condition::Nothing, Condition::Nothing] => true,
            [
                Condition::All(_)
                | Condition::Any(_)
                | Condition::Not(_)
                | Condition::Segment { .. }
                | Condition::Percentage(_)
                | Condition::Test { .. }
                | Condition::Nothing,
                _,
            ] => false,
        }
    }

    fn tests(&self, [one, other]: [Test; 2]) -> bool {
        match one {
            Test::Exists => matches!(other, Test::Exists),
            Test::Among(one) => {
                // A single operand answers as a list of one does, however the document spells it.
                let rest = |Among { symbols: _, none_of, kinds, ignore_case, as_number, single: _ }: Among| {
                    (none_of, kinds, ignore_case, as_number)
                };
                matches!(other, Test::Among(other) if rest(one) == rest(other) && self.scalars([one.symbols, other.symbols]))
            }
            Test::Members { symbols, every, ignore_case } => matches!(
                other,
                Test::Members { symbols: other, every: other_every, ignore_case: other_case }
                    if every == other_every && ignore_case == other_case && self.scalars([symbols, other])
            ),
            Test::Contains { operand, ignore_case, symbol: _ } => matches!(
                other,
                Test::Contains { operand: other, ignore_case: other_case, symbol: _ }
                    if ignore_case == other_case && self.texts([operand, other])
            ),
            Test::StartsWith { operand, ignore_case } => matches!(
                other,
                Test::StartsWith { operand: other, ignore_case: other_case } if ignore_case == other_case && self.texts([operand, other])
            ),
            Test::EndsWith { operand, ignore_case } => matches!(
                other,
                Test::EndsWith { operand: other, ignore_case: other_case } if ignore_case == other_case && self.texts([operand, other])
            ),
            Test::Number { comparison, operand, as_number } => matches!(
                other,
                Test::Number { comparison: other_comparison, operand: other, as_number: other_as_number }
                    if comparison == other_comparison && operand.to_bits() == other.to_bits() && as_number == other_as_number
            ),
            Test::Time { comparison, operand, written: _ } => matches!(
                other,
                Test::Time { comparison: other_comparison, operand: other, written: _ }
                    if comparison == other_comparison && operand.to_bits() == other.to_bits()
            ),
            Test::Semver { comparison, operand, loose } => matches!(
                other,
                Test::Semver { comparison: other_comparison, operand: other, loose: other_loose }
                    if comparison == other_comparison && loose == other_loose && self.texts([operand, other])
            ),
            Test::Matches { table, written: _ } => {
                matches!(other, Test::Matches { table: other, written: _ } if self.texts([table, other]))
            }
            Test::Cidr { narrow, wide, written: _ } => matches!(
                other,
                // The ends of a network are one word each, or four.
                Test::Cidr { narrow: other_narrow, wide: other_wide, written: _ }
                    if self.words([narrow, other_narrow], 2) && self.words([wide, other_wide], 8)
            ),
        }
    }

    fn attributes(&self, attributes: [u32; 2]) -> bool {
        equal(self.each(attributes, |image, attribute| image.text(image.attribute(attribute).name)))
    }

    fn texts(&self, spans: [Span; 2]) -> bool {
        equal(self.each(spans, Image::text))
    }

    /// Returns true if two lists hold the same scalars; each keeps them in an order of its own.
    fn scalars(&self, symbols: [Run; 2]) -> bool {
        equal(symbols.map(|symbols| symbols.count)) && same_items(self.each(symbols, Image::scalars))
    }

    /// Returns true if two runs have the same words; an item of a run has `width` words.
    fn words(&self, runs: [Run; 2], width: u32) -> bool {
        let [one, other] = self.each(runs, |image, run| image.words().run(Run { at: run.at, count: width * run.count }));
        one.eq(other)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String, vec::Vec};

    use crate::{document::compile, evaluate::ruleset::Ruleset};

    fn ruleset(key: u8, segments: &str, flags: &str) -> Ruleset {
        let document = format!(r#"{{"schema":"twinflag/1","bucketKey":"{key:032}","segments":{{{segments}}},"flags":{{{flags}}}}}"#);
        let compiled = compile(&document, None).unwrap();
        assert_eq!(compiled.errors, []);
        compiled.ruleset
    }

    const SEGMENTS: &str = r#""s":{"attribute":"a","op":"in","value":["x","y",1,true]},"t":{"not":{"segment":"s"}}"#;
    const FLAGS: &str = r#""f":{"rules":[{"if":{"segment":"t"},"serve":"on"}]},"g":{"prerequisites":[{"flag":"f","variants":["on","off"]}]},
        "h":{"rules":[{"if":{"attribute":"v","op":"matches","value":"^a"},"serve":"on"}],"metadata":{"m":1},"tags":["x","y"],
            "variants":{"on":true,"off":false}},
        "i":{"rollout":{"status":"active","percentage":50,"deny":["p","q"],"allow":["r"]}}"#;

    /// Checks the keys of the flags that differ once a part of the document is replaced by another.
    #[track_caller]
    fn check(from: &str, to: &str, expected: &[&str]) {
        let (before, document) = (ruleset(0, SEGMENTS, FLAGS), [SEGMENTS, FLAGS].map(|part| part.replace(from, to)));
        assert_ne!(document, [SEGMENTS, FLAGS], "{from}");
        let after = ruleset(0, &document[0], &document[1]);
        for (one, other) in [(&before, &after), (&after, &before)] {
            assert_eq!(Vec::from_iter(one.differing(other)), expected, "{from} to {to}");
        }
    }

    #[test]
    fn a_flag_differs_with_each_of_its_parts() {
        check(r#""metadata":{"m":1}"#, r#""metadata":{"m":2}"#, &["h"]);
        check(r#""tags":["x","y"]"#, r#""tags":["x"]"#, &["h"]);
        check(r#""value":"^a""#, r#""value":"^b""#, &["h"]);
        check(r#""off":false}"#, r#""off":true}"#, &["h"]);
        check(r#""off":false}"#, r#""off":false,"more":true}"#, &["h"]);
        check(r#""percentage":50"#, r#""percentage":51"#, &["i"]);
        check(r#"["p","q"]"#, r#"["p","z"]"#, &["i"]);
        check(r#""h":{"#, r#""h":{"aliases":["k"],"#, &["h"]);
        check(r#""i":{"#, r#""j":{"#, &["i", "j"]);
    }

    #[test]
    fn a_difference_reaches_the_flags_that_depend_on_it() {
        check(r#"["x","y",1,true]"#, r#"["x","y",1,false]"#, &["f", "g"]);
        check(r#""not":{"segment":"s"}"#, r#""all":[{"segment":"s"}]"#, &["f", "g"]);
        check(r#""variants":["on","off"]"#, r#""variants":["on"]"#, &["g"]);
    }

    #[test]
    fn flags_that_answer_the_same_do_not_differ() {
        check(r#"["x","y",1,true]"#, r#"[true,1,"y","x"]"#, &[]);
        check(r#""tags":["x","y"]"#, r#""tags":["y","x","x"]"#, &[]);
        check(r#""variants":{"on":true,"off":false}"#, r#""variants":{"off":false,"on":true}"#, &[]);
        check(r#""variants":["on","off"]"#, r#""variants":["off","on"]"#, &[]);
        check(r#""f":{"#, r#""f":{"description":"a flag","#, &[]);
        check(r#""s":{"#, r#""r":{"attribute":"z","op":"exists"},"s":{"#, &[]);
    }

    #[test]
    fn the_order_of_flags_and_segments_does_not_matter() {
        let reversed = |text: &str| -> String {
            let serde_json::Value::Object(members) = serde_json::from_str(&format!("{{{text}}}")).unwrap() else { panic!("{text}") };
            let members: Vec<String> = members.iter().rev().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            members.join(",")
        };
        let (one, other) = (ruleset(0, SEGMENTS, FLAGS), ruleset(0, &reversed(SEGMENTS), &reversed(FLAGS)));
        assert_ne!(one.numbering, other.numbering);
        assert_eq!(one.differing(&other).len(), 0);
    }

    #[test]
    fn another_bucket_key_makes_flags_with_draws_differ() {
        let (one, other) = (ruleset(0, SEGMENTS, FLAGS), ruleset(1, SEGMENTS, FLAGS));
        assert_eq!(Vec::from_iter(one.differing(&other)), ["i"]);
    }
}
