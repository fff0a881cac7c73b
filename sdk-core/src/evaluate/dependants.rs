//! The flags that depend on a flag or on a segment.
use alloc::{collections::BTreeMap, vec, vec::Vec};

use super::ruleset::Ruleset;
use crate::model::{condition::Condition, step::Step};

impl Ruleset {
    /// The keys of the flags that have this flag as a prerequisite, directly or through others, each behind those it depends on.
    ///
    /// `key` may be an alias. Prerequisites that cannot be reached, such as those of a disabled flag, are none.
    ///
    /// ```
    /// use sdk_core::compile;
    ///
    /// let document = r#"{
    ///     "schema": "twinflag/1",
    ///     "bucketKey": "000102030405060708090a0b0c0d0e0f",
    ///     "segments": { "pro": { "attribute": "plan", "op": "eq", "value": "pro" } },
    ///     "flags": {
    ///         "chat": { "rules": [{ "if": { "segment": "pro" }, "serve": "on" }] },
    ///         "emoji": { "prerequisites": [{ "flag": "chat", "variants": ["on"] }] },
    ///         "skins": { "prerequisites": [{ "flag": "emoji", "variants": ["on"] }] }
    ///     }
    /// }"#;
    /// let ruleset = compile(document, None)?.ruleset;
    /// assert_eq!(ruleset.dependants_of_flag("chat"), ["emoji", "skins"]);
    /// assert_eq!(ruleset.dependants_of_segment("pro"), ["chat", "emoji", "skins"]);
    /// # Ok::<(), sdk_core::DocumentError>(())
    /// ```
    pub fn dependants_of_flag(&self, key: &str) -> Vec<&str> {
        match self.find(key) {
            Some(flag) => self.dependants(Some(flag), |_| false),
            None => Vec::new(),
        }
    }

    /// The keys of the flags whose conditions use this segment, directly or through other segments, and of those that have such a
    /// flag as a prerequisite; each behind those it depends on.
    pub fn dependants_of_segment(&self, name: &str) -> Vec<&str> {
        let number = (0..).zip(&self.segments).find(|(_, known)| &***known == name);
        let Some((number, _)) = number else { return Vec::new() };
        let mut users = Users { ruleset: self, wanted: number, known: BTreeMap::new() };
        self.dependants(None, |condition| users.uses(condition))
    }

    /// The keys of the flags that have `root` as a prerequisite or a condition that is met by `is_root`, and of those that depend on
    /// such a flag.
    fn dependants(&self, root: Option<u32>, mut is_root: impl FnMut(u32) -> bool) -> Vec<&str> {
        let mut depends = vec![false; self.len()];
        let mut keys = Vec::new();
        for flag in 0..self.image.flags() {
            let is_dependant = self.image.steps_of(flag).any(|guarded| {
                let has_root = guarded.condition != 0 && is_root(guarded.condition);
                has_root
                    || match guarded.step {
                        // A prerequisite stands before the flags that need it.
                        Step::Prerequisite { flag, .. } => Some(flag) == root || depends.get(flag as usize) == Some(&true),
                        Step::Overrides | Step::List(_) | Step::Draw(_) | Step::Const(_) | Step::Nothing => false,
                    }
            });
            if is_dependant {
                keys.push(self.key_of(flag));
                if let Some(place) = depends.get_mut(flag as usize) {
                    *place = true;
                }
            }
        }
        keys
    }
}

/// Finds the conditions that use a segment.
struct Users<'r> {
    ruleset: &'r Ruleset,
    /// The number of the segment.
    wanted: u32,
    /// For each segment that was asked, by number: true if it uses the wanted one.
    known: BTreeMap<u32, bool>,
}

impl Users<'_> {
    fn uses(&mut self, at: u32) -> bool {
        let words = self.ruleset.image.words();
        match words.condition(at) {
            Condition::All(children) | Condition::Any(children) => words.run(children).any(|child| self.uses(child)),
            Condition::Not(inner) => self.uses(inner),
            Condition::Segment { number, .. } if number == self.wanted => true,
            Condition::Segment { number, condition } => {
                if let Some(known) = self.known.get(&number) {
                    return *known;
                }
                let uses = self.uses(condition);
                self.known.insert(number, uses);
                uses
            }
            Condition::Percentage(_) | Condition::Test { .. } | Condition::Nothing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::document::compile;

    #[test]
    fn dependants_are_found_through_flags_and_segments() {
        let compiled = compile(
            r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f",
            "segments":{
                "a":{"attribute":"x","op":"exists"},
                "b":{"any":[{"attribute":"y","op":"exists"},{"not":{"segment":"a"}}]},
                "c":{"segment":"b"}},
            "flags":{
                "third":{"prerequisites":[{"flag":"second","variants":["on"]}]},
                "second":{"prerequisites":[{"flag":"first-alias","variants":["on"]}]},
                "first":{"aliases":["first-alias"],"rules":[{"if":{"all":[{"segment":"c"}]},"serve":"on"}]},
                "direct":{"rules":[{"if":{"segment":"a"},"serve":"on"}]},
                "off":{"enabled":false,"prerequisites":[{"flag":"first","variants":["on"]}],"rules":[{"if":{"segment":"a"},"serve":"on"}]},
                "alone":{}}}"#,
            None,
        )
        .unwrap();
        assert_eq!(compiled.errors, []);
        let ruleset = compiled.ruleset;
        for key in ["first", "first-alias"] {
            assert_eq!(ruleset.dependants_of_flag(key), ["second", "third"], "{key}");
        }
        for (key, dependants) in [("second", &["third"][..]), ("third", &[]), ("alone", &[]), ("off", &[]), ("unknown", &[])] {
            assert_eq!(ruleset.dependants_of_flag(key), dependants, "{key}");
        }
        for segment in ["b", "c"] {
            assert_eq!(ruleset.dependants_of_segment(segment), ["first", "second", "third"], "{segment}");
        }
        let mut dependants = ruleset.dependants_of_segment("a");
        dependants.sort_unstable();
        assert_eq!(dependants, ["direct", "first", "second", "third"]);
        assert_eq!(ruleset.dependants_of_segment("unknown"), [""; 0]);
    }
}
