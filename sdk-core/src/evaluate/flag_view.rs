//! One flag of a ruleset, read as names and values instead of numbers.
use alloc::{collections::BTreeSet, string::String, vec::Vec};
use core::fmt;

use super::{describe::write_steps, evaluation::decoded, explain::rendered, ruleset::Ruleset};
use crate::{
    json::{
        Object,
        canonical::{write_list, write_string},
    },
    model::{
        condition::{Condition, Portion},
        details::{FlagType, Value},
        image::{Head, Image},
        step::{Draw, List, Step},
    },
};

/// One flag of a ruleset; made by [`Ruleset::flag`] and [`Ruleset::flags`].
///
/// A view shows the compiled flag, which has only the parts that can be reached: a disabled flag has no prerequisites and reads no
/// attribute, and a step behind one that always answers is not there.
#[derive(Clone, Copy)]
pub struct FlagView<'r> {
    pub(super) ruleset: &'r Ruleset,
    pub(super) flag: u32,
}

/// A prerequisite of a flag: another flag, and the variants of it that meet the prerequisite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrerequisiteView<'r> {
    /// The key of the other flag, also where the document names it by an alias.
    pub flag: &'r str,
    /// The names of the variants that meet the prerequisite, in the order of the other flag's variants; if there are none, nothing
    /// meets it.
    pub variants: Vec<&'r str>,
}

impl<'r> FlagView<'r> {
    /// The flag's key.
    pub fn key(&self) -> &'r str {
        self.ruleset.key_of(self.flag)
    }

    /// The type of all the flag's variants.
    pub fn flag_type(&self) -> FlagType {
        // Every compiled flag has one.
        self.image().flag_type(self.flag).unwrap_or(FlagType::Boolean)
    }

    /// The names and values of the variants, in the order of the document; at least one.
    pub fn variants(&self) -> impl Iterator<Item = (&'r str, Value<'r>)> + use<'r> {
        let (image, flag) = (self.image(), self.flag);
        (0..image.variants(flag)).filter_map(move |number| {
            let (name, encoded) = image.variant(flag, number);
            Some((image.str(name), decoded(encoded)?))
        })
    }

    /// The flag's aliases, in the order of the document.
    pub fn aliases(&self) -> impl Iterator<Item = &'r str> + use<'r> {
        let (image, own) = (self.image(), self.flag);
        // A ruleset has the aliases in the order of their flags, and the first of this flag is found by halving: a caller that asks for the
        // aliases of every flag does not walk over all of them each time.
        let count = image.head(Head::Aliases);
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            if image.alias(middle).1 < own {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low..count).map(|alias| image.alias(alias)).take_while(move |(_, flag)| *flag == own).map(|(alias, _)| image.str(alias))
    }

    /// The flag's tags, in the order of the document.
    pub fn tags(&self) -> impl Iterator<Item = &'r str> + use<'r> {
        self.ruleset.tags(self.flag)
    }

    /// The flag's metadata as canonical JSON of an object, or `None` if it has none.
    pub fn metadata(&self) -> Option<&'r str> {
        self.image().metadata(self.flag)
    }

    /// The flag's prerequisites, in the order of the document.
    pub fn prerequisites(&self) -> impl Iterator<Item = PrerequisiteView<'r>> + use<'r> {
        let ruleset = self.ruleset;
        self.image().steps_of(self.flag).filter_map(move |guarded| match guarded.step {
            Step::Prerequisite { flag, variants, .. } => {
                let variants = ruleset.image.words().run(variants).map(|variant| ruleset.variant_name(flag, variant)).collect();
                Some(PrerequisiteView { flag: ruleset.key_of(flag), variants })
            }
            Step::Overrides | Step::List(_) | Step::Draw(_) | Step::Const(_) | Step::Nothing => None,
        })
    }

    /// The names of the attributes that the flag's lists, draws and conditions read, also those in segments; sorted.
    ///
    /// `now` stands for the moment, and `userId` also reads `targetingKey`. Attributes that only the flag's prerequisites read are
    /// not among them, nor are `customerId` and `organizationId` if only overrides are found by them.
    pub fn attributes(&self) -> BTreeSet<&'r str> {
        self.reads().attributes
    }

    /// The names of the segments that the flag's conditions use, also those that other segments use; sorted.
    pub fn segments(&self) -> BTreeSet<&'r str> {
        self.reads().segments.into_iter().filter_map(|number| Some(&**self.ruleset.segments.get(number as usize)?)).collect()
    }

    /// The flag as canonical JSON, for people and tools: `aliases`, `attributes`, `key`, `metadata`, `prerequisites`, `segments`,
    /// `steps`, `tags`, `type`, `variants`.
    ///
    /// The steps are those of [`Program::to_json`](crate::Program::to_json), but for lists, which show their entries. Segments stand
    /// where they are used.
    ///
    /// ```
    /// use sdk_core::compile;
    ///
    /// let document = r#"{ "schema": "twinflag/1", "bucketKey": "000102030405060708090a0b0c0d0e0f", "flags": { "chat": {} } }"#;
    /// let ruleset = compile(document, None)?.ruleset;
    /// assert_eq!(
    ///     ruleset.flag("chat").map(|flag| flag.to_json()).as_deref(),
    ///     Some(concat!(
    ///         r#"{"aliases":[],"attributes":[],"key":"chat","prerequisites":[],"segments":[],"#,
    ///         r#""steps":[{"overrides":true},{"answer":{"layer":"default","reason":"STATIC","value":false,"variant":"off"}}],"#,
    ///         r#""tags":[],"type":"boolean","variants":[{"name":"on","value":true},{"name":"off","value":false}]}"#,
    ///     )),
    /// );
    /// # Ok::<(), sdk_core::DocumentError>(())
    /// ```
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        write_names(object.member("aliases"), self.aliases());
        write_names(object.member("attributes"), self.attributes().into_iter());
        write_string(object.member("key"), self.key());
        if let Some(metadata) = self.metadata() {
            object.member("metadata").push_str(metadata);
        }
        write_list(object.member("prerequisites"), self.prerequisites(), |out, prerequisite| {
            let mut object = Object::open(out);
            write_string(object.member("flag"), prerequisite.flag);
            write_names(object.member("variants"), prerequisite.variants.into_iter());
            object.close();
        });
        write_names(object.member("segments"), self.segments().into_iter());
        let image = self.image();
        write_steps(object.member("steps"), image, self.flag, &|symbol| rendered(image.value(symbol)));
        write_names(object.member("tags"), self.tags());
        write_string(object.member("type"), self.flag_type().as_str());
        write_list(object.member("variants"), self.variants(), |out, (name, value)| {
            let mut object = Object::open(out);
            write_string(object.member("name"), name);
            value.write_canonical(object.member("value"));
            object.close();
        });
        object.close();
        out
    }

    fn image(&self) -> &'r Image {
        &self.ruleset.image
    }

    fn reads(&self) -> Reads<'r> {
        let mut reads = Reads { image: self.image(), attributes: BTreeSet::new(), segments: BTreeSet::new() };
        for guarded in self.image().steps_of(self.flag) {
            if guarded.condition != 0 {
                reads.condition(guarded.condition);
            }
            match guarded.step {
                Step::List(List { attribute, .. }) | Step::Draw(Draw { attribute, .. }) => reads.attribute(attribute),
                Step::Prerequisite { .. } | Step::Overrides | Step::Const(_) | Step::Nothing => {}
            }
        }
        reads
    }
}

impl fmt::Debug for FlagView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlagView").field("key", &self.key()).field("flag_type", &self.flag_type()).finish_non_exhaustive()
    }
}

/// The attributes and segments that the steps of a flag read.
struct Reads<'r> {
    image: &'r Image,
    attributes: BTreeSet<&'r str>,
    /// The numbers of segments.
    segments: BTreeSet<u32>,
}

impl Reads<'_> {
    fn attribute(&mut self, attribute: u32) {
        self.attributes.insert(self.image.str(self.image.attribute(attribute).name));
    }

    /// Adds the attributes and the segments that the condition at a place reads; a segment is read once.
    fn condition(&mut self, at: u32) {
        match self.image.words().condition(at) {
            Condition::All(children) | Condition::Any(children) => {
                self.image.words().run(children).for_each(|child| self.condition(child));
            }
            Condition::Not(inner) => self.condition(inner),
            Condition::Segment { number, condition } => {
                if self.segments.insert(number) {
                    self.condition(condition);
                }
            }
            Condition::Percentage(Portion { attribute, .. }) | Condition::Test { attribute, .. } => self.attribute(attribute),
            Condition::Nothing => {}
        }
    }
}

fn write_names<'n>(out: &mut String, names: impl Iterator<Item = &'n str>) {
    write_list(out, names, write_string);
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::PrerequisiteView;
    use crate::{
        document::compile,
        evaluate::ruleset::Ruleset,
        model::details::{FlagType, Value},
    };

    fn ruleset() -> Ruleset {
        let compiled = compile(
            r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f",
            "segments":{
                "eu":{"attribute":"geo.region","op":"eq","value":"EU"},
                "pro":{"all":[{"segment":"eu"},{"not":{"attribute":"plan","op":"in","value":["free","trial"]}}]},
                "unused":{"attribute":"unused","op":"exists"}},
            "flags":{
                "late":{"prerequisites":[{"flag":"alias","variants":["b","a"]}],"rollout":{"status":"active","percentage":50},"unit":"device"},
                "theme":{"type":"string","aliases":["alias","other"],"tags":["ui","web"],"metadata":{"z":1,"a":true},
                    "variants":{"b":"B","a":"A"},"on":"a","off":"b",
                    "targets":[{"attribute":"userId","values":["u"],"variant":"a"}],
                    "rules":[{"if":{"segment":"pro"},"serve":"a"},
                        {"name":"late","if":{"attribute":"now","op":"gt","value":5},"serve":{"split":[{"variant":"a","weight":100000}],"unit":"session"}}]},
                "off":{"enabled":false,"prerequisites":[{"flag":"theme","variants":["a"]}],"rules":[{"if":{"segment":"eu"},"serve":"on"}]},
                "limits":{"type":"object","variants":{"x":{"b":1,"a":"\u00e9"},"n":[]},"on":"x","off":"n"}}}"#,
            None,
        )
        .unwrap();
        assert_eq!(compiled.errors, []);
        compiled.ruleset
    }

    #[test]
    fn a_flag_has_the_aliases_that_its_document_gives_it() {
        let compiled = compile(
            r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{
                "a":{"aliases":["z","y"],"prerequisites":[{"flag":"c","variants":["on"]}]},
                "b":{},"c":{"aliases":["x"]},"d":{"aliases":["y","w","v","u"]},"e":{}}}"#,
            None,
        )
        .unwrap();
        // `y` is the alias of the flag that stands first, and a prerequisite is numbered first.
        assert_eq!(compiled.ruleset.flag_keys().collect::<Vec<_>>(), ["c", "a", "b", "d", "e"]);
        let expected: [(&str, &[&str]); 5] = [("a", &["z", "y"]), ("b", &[]), ("c", &["x"]), ("d", &["w", "v", "u"]), ("e", &[])];
        for (key, aliases) in expected {
            assert_eq!(compiled.ruleset.flag(key).unwrap().aliases().collect::<Vec<_>>(), aliases, "{key}");
        }
    }

    #[test]
    fn a_view_shows_what_the_document_says() {
        let ruleset = ruleset();
        let theme = ruleset.flag("alias").unwrap();
        assert_eq!((theme.key(), theme.flag_type()), ("theme", FlagType::String));
        assert_eq!(theme.variants().collect::<Vec<_>>(), [("b", Value::String("B")), ("a", Value::String("A"))]);
        assert_eq!(theme.aliases().collect::<Vec<_>>(), ["alias", "other"]);
        assert_eq!(theme.tags().collect::<Vec<_>>(), ["ui", "web"]);
        assert_eq!(theme.metadata(), Some(r#"{"a":true,"z":1}"#));
        let limits = ruleset.flag("limits").unwrap();
        assert_eq!(
            limits.variants().map(|(_, value)| value).collect::<Vec<_>>(),
            [Value::Object("{\"a\":\"\u{e9}\",\"b\":1}"), Value::Object("[]")]
        );
        assert!(limits.aliases().next().is_none() && limits.tags().next().is_none() && limits.metadata().is_none());
        assert!(ruleset.flag("nobody").is_none());
    }

    #[test]
    fn a_view_names_what_the_flag_reads() {
        let ruleset = ruleset();
        let reads = |key: &str| {
            let flag = ruleset.flag(key).unwrap();
            (flag.attributes().into_iter().collect::<Vec<_>>(), flag.segments().into_iter().collect::<Vec<_>>())
        };
        assert_eq!(reads("theme"), (["geo.region", "now", "plan", "session", "userId"].into(), ["eu", "pro"].into()));
        assert_eq!(reads("late"), (["device"].into(), [].into()));
        // A disabled flag reads nothing.
        assert_eq!(reads("off"), ([].into(), [].into()));
    }

    #[test]
    fn a_prerequisite_goes_by_its_key_and_stands_first() {
        let ruleset = ruleset();
        let late = ruleset.flag("late").unwrap();
        assert_eq!(late.prerequisites().collect::<Vec<_>>(), [PrerequisiteView { flag: "theme", variants: ["b", "a"].into() }]);
        assert_eq!(ruleset.flag("off").unwrap().prerequisites().count(), 0);
        let keys: Vec<&str> = ruleset.flags().map(|flag| flag.key()).collect();
        assert_eq!(keys, ruleset.flag_keys().collect::<Vec<_>>());
        let place = |key: &str| keys.iter().position(|known| *known == key);
        assert!(place("theme") < place("late"));
    }

    #[test]
    fn steps_are_described_with_the_entries_of_their_lists() {
        let ruleset = ruleset();
        let json = ruleset.flag("theme").unwrap().to_json();
        let plan = r#"{"not":{"attribute":"plan","op":"in","value":["free","trial"]}}"#;
        let region = r#"{"segment":{"attribute":"geo.region","op":"eq","value":"EU"}}"#;
        for part in [&alloc::format!(r#""if":{{"segment":{{"all":[{region},{plan}]}}}}"#), r#""below":100000"#, r#""unit":"session""#] {
            assert!(json.contains(part), "{part} in {json}");
        }
        let late = ruleset.flag("late").unwrap().to_json();
        assert!(late.contains(r#""unless":"theme","variants":["b","a"]}"#), "{late}");
    }
}
