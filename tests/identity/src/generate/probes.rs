//! Probes: flags that one test or one form of condition decides alone.

use std::sync::LazyLock;

use super::{
    conditions::{self, Condition, Interest, Scope},
    draws::{self, Edges},
    flags::{Flag, Surroundings},
    json::Json,
    operators::{Modifier, OPERATORS, Operator},
    percentages,
    pools::{ODD, UNIT_NAMES, UNIT_NUMBERS},
    random::Random,
};
use crate::count::Mark;

/// One kind of probe.
#[derive(Debug)]
pub struct Probe {
    /// The name under which its answers are counted.
    pub name: String,
    subject: Subject,
}

#[derive(Debug)]
enum Subject {
    Test(&'static Operator, Option<Modifier>),
    All,
    Any,
    Not,
    Segment,
    /// Several segments in one condition.
    Segments,
    Percentage,
    /// A rule that splits, in a flag that goes on without a unit.
    MissingAtRule,
    /// A rollout of nearly everybody, in a flag that goes on without a unit.
    MissingAtRollout,
}

/// Every operator alone and with each option it takes, and the forms of conditions and draws.
pub static PROBES: LazyLock<Vec<Probe>> = LazyLock::new(|| {
    let mut probes: Vec<_> =
        OPERATORS.iter().map(|operator| Probe { name: operator.name.into(), subject: Subject::Test(operator, None) }).collect();
    probes.extend(OPERATORS.iter().flat_map(|operator| {
        let with = |modifier: &Modifier| {
            let name = format!("{} {}", operator.name, modifier.name());
            Probe { name, subject: Subject::Test(operator, Some(*modifier)) }
        };
        operator.modifiers.iter().map(with)
    }));
    let forms = [
        ("all", Subject::All),
        ("any", Subject::Any),
        ("not", Subject::Not),
        ("segment", Subject::Segment),
        ("segments", Subject::Segments),
        ("percentage", Subject::Percentage),
        ("continue at a rule", Subject::MissingAtRule),
        ("continue at a rollout", Subject::MissingAtRollout),
    ];
    probes.extend(forms.map(|(name, subject)| Probe { name: name.into(), subject }));
    probes
});

/// Deals every probe once before one comes again: answers come in clusters, a document at a time.
#[derive(Debug, Default)]
pub struct Deck(Vec<&'static Probe>);

impl Deck {
    fn deal(&mut self, random: &mut Random) -> &'static Probe {
        if self.0.is_empty() {
            self.0.extend(PROBES.iter());
            random.shuffle(&mut self.0);
        }
        self.0.pop().unwrap_or(&PROBES[0])
    }
}

/// A flag that answers by its only rule, or by its rollout, where the next probe holds, and by its default where it does not.
pub fn flag(random: &mut Random, key: String, around: &Surroundings<'_>, deck: &mut Deck) -> Flag {
    let probe = deck.deal(random);
    let scope = Scope {
        key: around.key,
        segments: around.segments,
        flag: Some(draws::Drawing { unit: "targetingKey", salt: &key, murmur: false }),
    };
    let (json, interests, edges) = match probe.subject {
        Subject::Test(operator, modifier) => ruled(conditions::test(random, operator, modifier)),
        Subject::All => ruled(conditions::several(random, "all", 2, scope)),
        Subject::Any => ruled(conditions::several(random, "any", 2, scope)),
        Subject::Not => ruled(conditions::not(conditions::condition(random, 1, scope))),
        Subject::Segment => ruled(conditions::segment(random, around.segments)),
        Subject::Segments => ruled(conditions::segments(random, around.segments)),
        Subject::Percentage => {
            let (condition, edges) = percentages::condition(random, scope);
            let (json, interests, _) = ruled(condition);
            (json, interests, edges)
        }
        Subject::MissingAtRule => {
            let split = Json::raw("[{\"variant\":\"on\",\"weight\":100000}]");
            let rule = Json::object([("name", Json::text("r")), ("serve", Json::object([("split", split)]))]);
            unitless(random, "rules", Json::List(vec![rule]))
        }
        Subject::MissingAtRollout => unitless(random, "rollout", Json::raw("{\"status\":\"active\",\"percentage\":99.999}")),
    };
    let mark = Mark { probe: Some(probe), edges, ..Mark::default() };
    Flag { key, aliases: vec![], kind: "boolean", variants: vec!["on".into(), "off".into()], json, interests, mark: mark.into() }
}

type Decided = (Json, Vec<Interest>, Edges);

fn ruled(condition: Condition) -> Decided {
    let rule = Json::object([("if", condition.json), ("serve", Json::text("on"))]);
    (Json::object([("rules", Json::List(vec![rule]))]), condition.interests, Edges::default())
}

/// A flag that goes on where its unit is missing, which is so for half of the values.
fn unitless(random: &mut Random, name: &str, draws: Json) -> Decided {
    let unit = *random.pick(UNIT_NAMES);
    let mut values: Vec<_> = (0..4).map(|_| Json::text(&draws::unit(random))).collect();
    values.extend([UNIT_NUMBERS, ODD].map(|pool| Json::raw(*random.pick(pool))));
    values.extend(["null", "null", "\"\"", "\"\""].map(Json::raw));
    let json = Json::object([("unit", Json::text(unit)), ("onMissingUnit", Json::text("continue")), (name, draws)]);
    (json, vec![Interest { attribute: unit.into(), values }], Edges::default())
}
