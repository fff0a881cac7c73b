//! Flags at a limit of one flag, and others one past it.

use super::{
    json::{Json, quoted},
    metadata::{self, MOST_BYTES, MOST_NAMES},
    random::Random,
};

const RULES: usize = 256;
const TARGETS: usize = 256;
const VARIANTS: usize = 1_000;
const ENVIRONMENTS: usize = 100;
const ENTRIES: usize = 50_000;
/// Levels of conditions, of which the outermost is the first.
const CONDITION_DEPTH: usize = 16;
/// Levels of JSON in a document; the document itself is the first.
const NESTING: usize = 64;
/// Bytes of a key, an alias and the name of a variant.
const NAME: usize = 128;

/// Two flags, one at a limit and one past it, and how the second is past it.
pub fn flags(random: &mut Random) -> Vec<(String, Json)> {
    let kind = if random.one_in(20) { 0 } else { random.between(1, 11) };
    [0, 1].into_iter().map(|past| one(kind, past)).collect()
}

fn one(kind: usize, past: usize) -> (String, Json) {
    let repeated = |text: &str, count: usize| format!("[{}{text}]", format!("{text},").repeat(count - 1));
    let named = |count: usize, value: &str| {
        let members: Vec<_> = (0..count).map(|number| format!("\"n{number}\":{value}")).collect();
        members.join(",")
    };
    let text = match kind {
        0 => format!("{{\"rollout\":{{\"status\":\"active\",\"percentage\":100,\"deny\":{}}}}}", repeated("7", ENTRIES + past)),
        1 => format!("{{\"rules\":{}}}", repeated(r#"{"if":{"attribute":"plan","op":"eq","value":"pro"},"serve":"on"}"#, RULES + past)),
        2 => format!("{{\"targets\":{}}}", repeated(r#"{"attribute":"plan","values":["pro"],"variant":"on"}"#, TARGETS + past)),
        3 => format!("{{\"variants\":{{\"on\":true,\"off\":false,{}}}}}", named(VARIANTS - 2 + past, "true")),
        4 => format!("{{\"environments\":{{\"production\":\"on\",{}}}}}", named(ENVIRONMENTS - 1 + past, "\"off\"")),
        5 => {
            let levels = CONDITION_DEPTH - 1 + past;
            let condition = format!("{}{{\"all\":[]}}{}", "{\"not\":".repeat(levels), "}".repeat(levels));
            format!("{{\"rules\":[{{\"if\":{condition},\"serve\":\"on\"}}]}}")
        }
        6 => format!("{{\"metadata\":{}}}", metadata::named(MOST_NAMES + past).written()),
        7 => format!("{{\"metadata\":{}}}", metadata::filled(MOST_BYTES + past).written()),
        8 => {
            let name = quoted(&"ü".repeat(NAME / 2)).replace("ü\"", if past == 0 { "ü\"" } else { "üx\"" });
            format!("{{\"variants\":{{{name}:true,\"off\":false}},\"on\":{name},\"default\":{name}}}")
        }
        9 => return (format!("{}x", "size.".repeat(NAME / 5)).chars().chain("yyyyy".chars()).take(NAME + past).collect(), Json::raw("{}")),
        _ => format!("{{\"aliases\":[\"{}\"]}}", "a".repeat(NAME + past)),
    };
    ((if past == 0 { "size.full" } else { "size.over" }).into(), Json::Raw(text))
}

/// A flag whose variant nests as deep as a document may, or one level deeper, which refuses the document.
pub fn nested(past: usize) -> (String, Json) {
    // Above the value stand the document, `flags`, the flag and `variants`.
    let levels = NESTING - 4 + past;
    let value = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    ("size.deep".into(), Json::Raw(format!("{{\"type\":\"object\",\"variants\":{{\"on\":{value},\"off\":[]}}}}")))
}
