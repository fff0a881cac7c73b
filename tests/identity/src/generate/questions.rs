//! Questions: somebody, known in part, asks about flags.

use std::rc::Rc;

use super::{
    conditions::Interest,
    documents::{CUSTOMERS, Document, ORGANIZATIONS},
    draws,
    flags::Flag,
    json::{Json, in_ascii, quoted},
    pools::{NUMBERS, ODD, TEXT_NAMES, TEXTS},
    random::Random,
    spoilt, times,
};
use crate::count::{Asked, Mark};

/// A question as a line, and what its answer is counted as.
pub type Question = (String, Asked);

/// Members of a context that are always known.
const IDS: [&str; 2] = ["customerId", "organizationId"];

/// Somebody who asks a few questions.
struct Visit {
    context: Json,
    /// The names that are known, if `known` is given at all.
    known: Option<Vec<String>>,
}

/// Asks about the document until there are `count` questions.
///
/// With `strangers` some come from contexts that do not extend what is said to be known of them.
pub fn ask(random: &mut Random, document: &Document, count: usize, strangers: bool) -> Vec<Question> {
    let mut questions = Vec::with_capacity(count);
    while questions.len() < count {
        let visit = visit(random, document);
        let favourite = random.pick(&document.flags);
        for _ in 0..random.between(1, 9).min(count - questions.len()) {
            let flag = if random.one_in(2) { favourite } else { random.pick(&document.flags) };
            questions.push(question(random, document, &visit, flag, strangers));
        }
    }
    questions
}

fn visit(random: &mut Random, document: &Document) -> Visit {
    let mut context = Json::Object(vec![]);
    if random.percent(85) {
        context.put("targetingKey", Json::text(&draws::unit(random)));
    }
    for (name, owners, chance) in [("customerId", CUSTOMERS, 50), ("organizationId", ORGANIZATIONS, 35)] {
        if random.percent(chance) {
            let owner = *random.pick(owners);
            let number = owner.bytes().all(|byte| byte.is_ascii_digit()) && random.one_in(2);
            context.put(name, if number { Json::raw(owner) } else { Json::text(owner) });
        }
    }
    for interest in random.pick(&document.flags).interests.iter().take(4) {
        if random.one_in(2) {
            place(random, &mut context, interest);
        }
    }
    let known = random.percent(60).then(|| {
        let Json::Object(members) = &context else { return vec![] };
        members.iter().map(|(name, _)| name.clone()).filter(|name| name != "now" && random.one_in(2)).collect()
    });
    Visit { context, known }
}

fn question(random: &mut Random, document: &Document, visit: &Visit, flag: &Flag, strangers: bool) -> Question {
    let mut context = visit.context.clone();
    for interest in flag.interests.iter().take(6) {
        let head = interest.attribute.split('.').next().unwrap_or_default();
        let is_known = visit.known.iter().flatten().any(|name| name == head || *name == interest.attribute);
        if random.percent(if is_known { 10 } else { 85 }) {
            place(random, &mut context, interest);
        }
    }
    disturb(random, &mut context);
    let mut known = visit.known.as_ref().map(|names| known(random, &context, names, strangers));
    let near = is_near(&flag.mark, &context);
    let (key, mark) = key(random, document, flag);
    let mut line = format!("{{\"flag\":{key}");
    if random.percent(2) {
        context = spoilt::context(random);
        if !strangers {
            known = None;
        }
    } else {
        repeat(random, &mut context, visit.known.is_some());
    }
    if context != Json::Object(vec![]) || random.one_in(2) {
        let text = context.written();
        member(&mut line, "context", &if random.one_in(25) { in_ascii(&text) } else { text });
    }
    if let Some(default) = default(random, flag.kind) {
        member(&mut line, "default", &default);
    }
    if random.percent(75) {
        member(&mut line, "now", &now(random));
    }
    if let Some(known) = known {
        member(&mut line, "known", &known.written());
    }
    for wish in ["step", "metadata"] {
        if random.one_in(3) {
            member(&mut line, wish, "true");
        }
    }
    line.push_str(",\"bucket\":true}");
    (line, Asked { near: near && mark.is_some(), mark: mark.unwrap_or_default() })
}

fn member(line: &mut String, name: &str, value: &str) {
    line.extend([",\"", name, "\":", value]);
}

/// Gives an attribute one of the values that are looked for: under its name as written, along its path, or both.
fn place(random: &mut Random, context: &mut Json, interest: &Interest) {
    let name = interest.attribute.as_str();
    if interest.values.is_empty() {
        return;
    }
    let value = random.pick(&interest.values).clone();
    if name.contains('.') && !random.one_in(4) {
        context.put_at(name, value);
        if random.one_in(12) {
            context.put(name, Json::raw(*random.pick(ODD)));
        }
    } else {
        context.put(name, value);
        if name.contains('.') && random.one_in(4) {
            context.put_at(name, Json::raw(*random.pick(ODD)));
        }
    }
}

/// Changes what nobody expects to change.
fn disturb(random: &mut Random, context: &mut Json) {
    if random.one_in(10) {
        let name = *random.pick(&["targetingKey", "userId", "customerId", "organizationId", "sessionId"]);
        context.put(name, Json::raw(*random.pick(ODD)));
    }
    if random.one_in(12) {
        context.put(random.pick::<&str>(TEXT_NAMES), Json::raw(*random.pick(NUMBERS)));
    }
    if random.one_in(16) {
        context.put("now", Json::raw(*random.pick(NUMBERS)));
    }
    if random.one_in(12)
        && let Json::Object(members) = context
    {
        members.retain(|(name, _)| name != "targetingKey");
    }
    if random.one_in(8)
        && let Json::Object(members) = context
    {
        random.shuffle(members);
    }
}

/// Writes a member a second time, before the one that counts.
fn repeat(random: &mut Random, context: &mut Json, is_known: bool) {
    if let Json::Object(members) = context
        && !members.is_empty()
        && !is_known
        && random.one_in(40)
    {
        let (name, _) = random.pick(members).clone();
        members.insert(0, (name, Json::raw(*random.pick(ODD))));
    }
}

/// The known part of the context: always the customer and the organization; now and then, with strangers, something that is not so.
fn known(random: &mut Random, context: &Json, names: &[String], strangers: bool) -> Json {
    let mut known = Json::Object(vec![]);
    for name in names.iter().map(String::as_str).chain(IDS) {
        if let Some(value) = context.member(name) {
            known.put(name, value.clone());
        }
    }
    if random.one_in(14)
        && let Json::Object(members) = &mut known
    {
        match random.below(5) {
            0 if strangers => members.push(("absent".into(), Json::raw(*random.pick(ODD)))),
            1 if strangers => members.retain(|(name, _)| !IDS.contains(&name.as_str())),
            2 => members.push(("now".into(), Json::raw("1"))),
            _ if members.is_empty() => {}
            3 if strangers => {
                let place = random.below(members.len());
                members[place].1 = Json::raw(*random.pick(ODD));
            }
            _ => random.shuffle(members),
        }
    }
    known
}

/// The key to ask for, and what the flag's answers are counted as where it is the flag's.
fn key(random: &mut Random, document: &Document, flag: &Flag) -> (String, Option<Rc<Mark>>) {
    if !document.others.is_empty() && random.percent(8) {
        return (quoted(random.pick::<String>(&document.others)), None);
    }
    if random.one_in(120) {
        let odd =
            ["\"\"", "\"nobody\"", "\"ui\"", "\"__proto__\"", "\"toString\"", "\"\\ud800\"", "\"a\\u0000\"", "\"f0 \"", "\"\u{17F}\""];
        return ((*random.pick(&odd)).into(), None);
    }
    let name = if flag.aliases.is_empty() || random.one_in(2) { &flag.key } else { random.pick::<String>(&flag.aliases) };
    (quoted(name), Some(flag.mark.clone()))
}

/// The caller's default, mostly of the flag's type.
fn default(random: &mut Random, kind: &str) -> Option<String> {
    if random.percent(45) {
        return None;
    }
    let kind = if random.one_in(5) { *random.pick(&["boolean", "string", "number", "object", "null"]) } else { kind };
    Some(match kind {
        "boolean" => (*random.pick(&["true", "false"])).into(),
        "string" => quoted(random.pick::<&str>(TEXTS)),
        "number" => (*random.pick(NUMBERS)).into(),
        "object" => (*random.pick(&["{}", "[]", "{\"b\":[1.0,-0],\"a\":\"\\u00e9\"}", "[1e21,null]", "{\"\u{FB33}\":1,\"😀\":2}"])).into(),
        _ => "null".into(),
    })
}

fn now(random: &mut Random) -> String {
    match random.below(12) {
        0 => (*random.pick(&["0", "-1", "9007199254740992", "-9007199254740992", "1.76e12", "1760000000000.0"])).into(),
        _ => times::some(random).to_string(),
    }
}

/// Returns true if the flag's rollout, or its condition, asks for a unit that stands at its edge.
fn is_near(mark: &Mark, context: &Json) -> bool {
    let find = |name: &str| context.member(name).or_else(|| context.at(name)).and_then(Json::as_raw).filter(|raw| *raw != "null");
    let name = mark.edges.attribute.as_str();
    let unit = find(name).or_else(|| if name == "userId" { find("targetingKey") } else { None });
    unit.is_some_and(|unit| mark.edges.units.contains(unit))
}
