//! JSON text of documents and contexts.
use std::fmt::Display;

/// A list of `count` items, joined by commas.
pub(crate) fn items<T: Display>(count: usize, item: impl Fn(usize) -> T) -> String {
    (0..count).map(|index| item(index).to_string()).collect::<Vec<_>>().join(",")
}

/// A document with these members besides its schema and key.
pub(crate) fn document(members: impl Display) -> String {
    format!(r#"{{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f",{members}}}"#)
}

/// A document of `count` flags, `f0` and on, each with these members.
pub(crate) fn flags<T: Display>(count: usize, members: impl Fn(usize) -> T) -> String {
    document(format_args!(r#""flags":{{{}}}"#, items(count, |flag| format!(r#""f{flag}":{{{}}}"#, members(flag)))))
}

/// The member `rules` with one rule of this condition, which serves `on`.
pub(crate) fn rule(condition: impl Display) -> String {
    format!(r#""rules":[{{"if":{condition},"serve":"on"}}]"#)
}

/// A condition on an attribute; `value` is JSON.
pub(crate) fn test(attribute: impl Display, op: &str, value: impl Display) -> String {
    format!(r#"{{"attribute":"{attribute}","op":"{op}","value":{value}}}"#)
}

/// A text condition on the attribute `name` that ignores case.
pub(crate) fn ignoring_case(op: &str, value: &str) -> String {
    format!(r#"{{"attribute":"name","op":"{op}","value":"{value}","ignoreCase":true}}"#)
}
