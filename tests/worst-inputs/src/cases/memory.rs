//! W13: the memory that documents of the largest size take while a fresh compiler reads them, by their shapes: one that keeps nothing, and one
//! that keeps the parts for the next document.
use std::fmt::Display;

use crate::{
    case::{Case, Check, Input, Load, NATIVE},
    text::{document, flags, items, rule, test},
};

/// The largest document.
const TEXT: usize = 8_000_000;
/// The most bytes that may be held above the text.
const CEILING: u64 = 64 << 20;
/// The most entries of a list.
const LIST: usize = 50_000;

pub(super) const CASES: &[Case] = &[
    case("allow lists of six digits", || Load::CompileBothWays(allow_lists(100_000, |unit| unit)).taken()),
    case("allow lists of nine digits", || Load::CompileBothWays(allow_lists(100_000_000, |unit| unit)).taken()),
    case("allow lists of texts", || Load::CompileBothWays(allow_lists(0, |unit| format!("\"{unit:x}\""))).taken()),
    case("deny lists of one digit, again and again", || {
        Load::CompileBothWays(flags(79, |_| format!(r#""rollout":{{"status":"active","deny":[{}]}}"#, items(LIST, |_| 1)))).taken()
    }),
    case("deny lists of three digits, again and again", || {
        Load::CompileBothWays(flags(39, |_| format!(r#""rollout":{{"status":"active","deny":[{}]}}"#, items(LIST, |_| 111)))).taken()
    }),
    case("one list of five digits, in every flag", || {
        let list = test("a", "in", format_args!("[{}]", items(LIST, |number| 10_000 + number)));
        Load::CompileBothWays(flags(26, |_| rule(&list))).taken()
    }),
    case("networks that hold everything, as many as a document may have", || {
        Load::CompileBothWays(flags(5, |_| rule(test("a", "cidr", format_args!("[{}]", items(LIST, |_| r#""::/0""#)))))).taken()
    }),
    case("networks that hold everything, in as many flags as a document has room for", || {
        Load::CompileBothWays(flags(22, |_| rule(test("a", "cidr", format_args!("[{}]", items(LIST, |_| r#""::/0""#)))))).refused()
    }),
    case("networks that hold everything, in one flag that is left out", || {
        let list = test("a", "cidr", format_args!("[{}]", items(LIST, |_| r#""::/0""#)));
        Load::CompileBothWays(flags(1, |_| format!(r#""x":1,{}"#, rule(format_args!(r#"{{"any":[{}]}}"#, items(22, |_| &list))))))
            .left_out()
    }),
    case("networks of one address each", || {
        let network = |number: usize| format!("\"::{:x}:{:x}/128\"", number >> 15, number << 1 & 0xffff);
        let list = |first: usize| test("a", "cidr", format_args!("[{}]", items(LIST, |number| network(first + number))));
        Load::CompileBothWays(flags(5, |flag| rule(list(flag * LIST)))).taken()
    }),
    case("a value that is lists of one digit", || Load::CompileBothWays(value(lists(LIST, |_| 1))).taken()),
    case("a value that is empty lists", || Load::CompileBothWays(value(lists(LIST, |_| "[]"))).taken()),
    case("a value that is empty objects", || Load::CompileBothWays(value(lists(LIST, |_| "{}"))).taken()),
    case("a value of short members", || Load::CompileBothWays(value(members(|number| format!("\"{number:x}\":1")))).taken()),
    case("a value of escaped members", || Load::CompileBothWays(value(members(|number| format!("\"\\n{number:x}\":1")))).taken()),
    case("a value that is one text", || Load::CompileBothWays(value(format_args!("[\"{}\"]", "x".repeat(TEXT - 300)))).taken()),
    case("a value that is one escaped text", || {
        Load::CompileBothWays(value(format_args!("[\"{}\"]", "\\n".repeat(TEXT / 2 - 150)))).taken()
    }),
    case("members that no flag has, in one flag", || {
        let unknown = fill(TEXT - 300, |number| format!("\"{number:x}\":1"));
        Load::CompileBothWays(flags(1, |_| &unknown)).left_out()
    }),
    case("one member, again and again", || Load::CompileBothWays(flags(1, |_| fill(TEXT - 300, |_| r#""":1"#))).left_out()),
    case("members that no flag has, in 1,000 flags", || {
        let unknown = fill(TEXT / 1_000 - 20, |number| format!("\"{number:x}\":1"));
        Load::CompileBothWays(flags(1_000, |_| &unknown)).left_out()
    }),
    case("a condition of lists of five digits", || Load::CompileBothWays(conditions(|number| list_test(10_000, number))).taken()),
    case("a condition of lists of six digits", || Load::CompileBothWays(conditions(|number| list_test(100_000, number))).taken()),
    case("a segment of lists of six digits", || Load::CompileBothWays(segment(|number| list_test(100_000, number))).taken()),
    case("empty conditions", || Load::CompileBothWays(conditions(|_| r#"{"all":[]}"#)).taken()),
    case("empty conditions in 16 levels", || Load::CompileBothWays(conditions(|_| nested(r#"{"any":[{}]}"#, r#"{"all":[]}"#, 11))).taken()),
    case("conditions in 13 levels of one", || Load::CompileBothWays(conditions(|_| nested(r#"{"not":{}}"#, r#"{"all":[]}"#, 11))).taken()),
    case("a segment of empty conditions", || Load::CompileBothWays(segment(|_| r#"{"all":[]}"#)).taken()),
    case("tests of one text each", || {
        Load::CompileBothWays(conditions(|number| test("a", "in", format_args!("[\"{number:x}\"]")))).taken()
    }),
    case("tests of one attribute each", || {
        Load::CompileBothWays(conditions(|number| format!(r#"{{"attribute":"{number:x}","op":"exists"}}"#))).taken()
    }),
    case("uses of a segment", || {
        let uses = wide(TEXT - 300, |_| r#"{"segment":"s"}"#);
        let segments = r#""segments":{"s":{"all":[]}}"#;
        Load::CompileBothWays(document(format_args!(r#"{segments},"flags":{{"f0":{{{}}}}}"#, rule(uses)))).taken()
    }),
    case("uses of a segment that is missing", || Load::CompileBothWays(conditions(|_| r#"{"segment":"s"}"#)).left_out()),
    case("conditions that are none", || Load::CompileBothWays(conditions(|_| 1)).left_out()),
    case("variants of prerequisites", || {
        let variants = |_| format!(r#"{{"flag":"f0","variants":[{}]}}"#, fill(150_000, |_| "\"\""));
        Load::CompileBothWays(flags(2, |flag| {
            if flag == 0 { String::new() } else { format!(r#""prerequisites":[{}]"#, fill(TEXT - 300, variants)) }
        }))
        .taken()
    }),
    case("aliases of flags", || Load::CompileBothWays(names("aliases", |number| format!("\"{number:x}a\""))).taken()),
    case("tags of flags", || Load::CompileBothWays(names("tags", |_| "\"\"".into())).taken()),
    case("numbers that grow when they are canonical", || Load::CompileBothWays(value(lists(LIST, |_| "1e20"))).refused()),
    case("numbers that grow to the largest values of a document", || {
        let list = format!("[{}]", items(LIST, |_| "1e20"));
        Load::CompileBothWays(value(format_args!("[{}]", items(7, |_| &list)))).taken()
    }),
    case("owners without overrides", || Load::CompileBothWays(owners(|number| format!(r#""{number:x}":{{}}"#))).taken()),
    case("owners with one override", || Load::CompileBothWays(owners(|number| format!(r#""{number:x}":{{"f0":true}}"#))).taken()),
    case("one owner with unknown flags", || {
        Load::CompileBothWays(owners(|_| format!(r#""c":{{{}}}"#, fill(TEXT - 300, |number| format!(r#""{number:x}":1"#))))).left_out()
    }),
    case("one owner with nested flags", || {
        Load::CompileBothWays(owners(|_| format!(r#""c":{{{}}}"#, fill(TEXT - 300, |number| format!(r#""{number:x}":{{}}"#))))).taken()
    }),
];

/// Values that take more memory than their text.
pub(super) const MISSED: Case = Case {
    row: 0,
    name: "a value that is lists of one digit, in no more than its text",
    machines: NATIVE,
    check: Check::Memory { worst: || Load::CompileBothWays(value(lists(LIST, |_| 1))).taken(), bytes: TEXT as u64 },
};

const fn case(name: &'static str, worst: fn() -> Input) -> Case {
    Case { row: 13, name, machines: NATIVE, check: Check::Memory { worst, bytes: CEILING } }
}

/// Items joined by commas, of about so many bytes.
fn fill<T: Display>(bytes: usize, item: impl Fn(usize) -> T) -> String {
    let mut text = String::with_capacity(bytes);
    for number in 0.. {
        let item = item(number).to_string();
        if !text.is_empty() && text.len() + 1 + item.len() > bytes {
            break;
        }
        text.push_str(if number > 0 { "," } else { "" });
        text.push_str(&item);
    }
    text
}

/// A list of as many lists as a document holds, each of at most so many items.
fn lists<T: Display>(most: usize, item: impl Fn(usize) -> T) -> String {
    let mut number = 0;
    let mut inner = Vec::new();
    let mut left = TEXT - 300;
    while left > 10 {
        let start = number;
        let mut text = String::new();
        while number - start < most {
            let item = item(number).to_string();
            if text.len() + item.len() + 4 > left {
                break;
            }
            text.push_str(if number > start { "," } else { "" });
            text.push_str(&item);
            number += 1;
        }
        if text.is_empty() {
            break;
        }
        left -= text.len() + 3;
        inner.push(format!("[{text}]"));
    }
    format!("[{}]", inner.join(","))
}

/// A document of one flag with this value.
fn value(value: impl Display) -> String {
    flags(1, |_| format!(r#""type":"object","variants":{{"on":{value},"off":{{}}}}"#))
}

/// An object of as many members as a document holds.
fn members(member: impl Fn(usize) -> String) -> String {
    format!("{{{}}}", fill(TEXT - 300, member))
}

/// Flags whose rollouts are for 10,000 units each, all of them different.
fn allow_lists<T: Display>(first: usize, unit: impl Fn(usize) -> T) -> String {
    let mut number = first;
    let mut all = String::new();
    for flag in 0.. {
        let list: Vec<String> = (number..number + 10_000).map(|number| unit(number).to_string()).collect();
        let flag = format!(r#""f{flag}":{{"rollout":{{"status":"active","percentage":10,"allow":[{}]}}}}"#, list.join(","));
        if all.len() + 1 + flag.len() > TEXT - 100 {
            break;
        }
        all.push_str(if number > first { "," } else { "" });
        all.push_str(&flag);
        number += 10_000;
    }
    document(format_args!(r#""flags":{{{all}}}"#))
}

/// Flags with lists of texts, as many as a document holds.
fn names(member: &str, text: impl Fn(usize) -> String) -> String {
    let flag = |flag: usize| {
        let first = flag * LIST;
        format!(r#""f{flag}":{{"{member}":[{}]}}"#, items(LIST, |number| text(first + number)))
    };
    document(format_args!(r#""flags":{{{}}}"#, fill(TEXT - 200, flag)))
}

/// A condition of so many bytes: lists of at most 50,000 others.
fn wide<T: Display>(bytes: usize, child: impl Fn(usize) -> T) -> String {
    let length = child(0).to_string().len() + 1;
    let most = (LIST * length).min(bytes / 2);
    let lists = fill(bytes - 20, |list| format!(r#"{{"any":[{}]}}"#, fill(most, |number| child(list * (most / length) + number))));
    format!(r#"{{"any":[{lists}]}}"#)
}

/// A document of one flag with such a condition.
fn conditions<T: Display>(child: impl Fn(usize) -> T) -> String {
    flags(1, |_| rule(wide(TEXT - 300, &child)))
}

/// A document of one segment with such a condition.
fn segment<T: Display>(child: impl Fn(usize) -> T) -> String {
    document(format_args!(r#""segments":{{"s":{}}},"flags":{{}}"#, wide(TEXT - 300, child)))
}

/// A test whose operand is a list of a thousand numbers.
fn list_test(first: usize, number: usize) -> String {
    test("a", "in", format_args!("[{}]", fill(7_000, |entry| first + (number * 1_000 + entry) % (9 * first))))
}

/// A condition in so many levels of another; `{}` in `around` is where the inner one stands.
fn nested(around: &str, inner: &str, levels: usize) -> String {
    (0..levels).fold(inner.into(), |inner, _| around.replace("{}", &inner))
}

/// A document with one flag and overrides of as many customers as it holds.
fn owners(owner: impl Fn(usize) -> String) -> String {
    document(format_args!(r#""flags":{{"f0":{{}}}},"overrides":{{"customers":{{{}}}}}"#, fill(TEXT - 200, owner)))
}
