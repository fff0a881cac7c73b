//! JSON Patch (RFC 6902) over JSON that keeps the order of its members: the order of variants counts. The crates for it work on maps.
use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::json::Json;

use crate::rows::spelling;

/// The most operations of a patch.
const MAX_OPERATIONS: usize = 1_000;

/// A patch that cannot be applied: a JSON pointer into the patch, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchError {
    /// The place in the patch.
    pub pointer: String,
    /// The reason.
    pub message: String,
}

/// Applies a patch to a JSON text: all of its operations, or none.
///
/// ```
/// use control::patched;
///
/// let patch = r#"[{ "op": "replace", "path": "/default", "value": "on" }, { "op": "remove", "path": "/tags/0" }]"#;
/// assert_eq!(patched(r#"{"default":"off","tags":["a","b"]}"#, patch).as_deref(), Ok(r#"{"default":"on","tags":["b"]}"#));
/// ```
///
/// # Errors
///
/// The first operation that is malformed, whose place is not there, or whose test fails.
pub fn patched(text: &str, patch: &str) -> Result<String, PatchError> {
    let whole = |message: String| PatchError { pointer: String::new(), message };
    let mut json: Json<'_> = serde_json::from_str(text).map_err(|error| whole(format!("the definition cannot be patched: {error}")))?;
    let patch: Json<'_> = serde_json::from_str(patch).map_err(|error| whole(error.to_string()))?;
    let Json::Array(operations) = patch else { return Err(whole("expected a list of operations".into())) };
    if operations.len() > MAX_OPERATIONS {
        return Err(whole(format!("expected at most {MAX_OPERATIONS} operations")));
    }
    for (index, operation) in operations.into_iter().enumerate() {
        carry_out(&mut json, &operation).map_err(|(member, message)| PatchError { pointer: format!("/{index}{member}"), message })?;
    }
    Ok(spelling::written(&json))
}

type Fault = (&'static str, String);

fn carry_out<'j>(json: &mut Json<'j>, operation: &Json<'j>) -> Result<(), Fault> {
    let text = |name: &str, member: &'static str| {
        operation.get(name).and_then(Json::as_str).ok_or_else(|| (member, format!("expected a member {name:?} with a text")))
    };
    let value = || operation.get("value").cloned().ok_or_else(|| ("", "expected a member \"value\"".to_string()));
    let path = pointer(text("path", "/path")?, "/path")?;
    match text("op", "/op")? {
        "add" => add(json, &path, value()?),
        "remove" => remove(json, &path, "/path").map(drop),
        "replace" => {
            *find(json, &path, "/path")? = value()?;
            Ok(())
        }
        "move" => {
            let from = pointer(text("from", "/from")?, "/from")?;
            if path.len() > from.len() && path.starts_with(&from) {
                return Err(("/path", "expected no place below the one that moves".into()));
            }
            let moved = remove(json, &from, "/from")?;
            add(json, &path, moved)
        }
        "copy" => {
            let from = pointer(text("from", "/from")?, "/from")?;
            let copied = find(json, &from, "/from")?.clone();
            add(json, &path, copied)
        }
        "test" => {
            let expected = value()?;
            if is_equal(find(json, &path, "/path")?, &expected) { Ok(()) } else { Err(("/value", "the value there is another one".into())) }
        }
        _ => Err(("/op", "expected add, remove, replace, move, copy or test".into())),
    }
}

/// The names in a JSON pointer (RFC 6901).
fn pointer(text: &str, member: &'static str) -> Result<Vec<String>, Fault> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let names = text.strip_prefix('/').ok_or_else(|| (member, "expected a JSON pointer, which begins with a slash".to_string()))?;
    Ok(names.split('/').map(|name| name.replace("~1", "/").replace("~0", "~")).collect())
}

fn absent(member: &'static str) -> Fault {
    (member, "there is nothing at this place".into())
}

/// The index that a name stands for in a list, below `end`.
fn index(name: &str, end: usize, member: &'static str) -> Result<usize, Fault> {
    let is_number = name == "0" || !name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit());
    name.parse().ok().filter(|index| is_number && *index < end).ok_or_else(|| absent(member))
}

fn find<'a, 'j>(json: &'a mut Json<'j>, path: &[String], member: &'static str) -> Result<&'a mut Json<'j>, Fault> {
    let Some((name, rest)) = path.split_first() else { return Ok(json) };
    let below = match json {
        Json::Object(members) => members.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value),
        Json::Array(items) => {
            let index = index(name, items.len(), member)?;
            items.get_mut(index)
        }
        Json::Null | Json::Boolean(_) | Json::Number(_) | Json::String(_) => None,
    };
    find(below.ok_or_else(|| absent(member))?, rest, member)
}

fn add<'j>(json: &mut Json<'j>, path: &[String], value: Json<'j>) -> Result<(), Fault> {
    let Some((name, above)) = path.split_last() else {
        *json = value;
        return Ok(());
    };
    match find(json, above, "/path")? {
        Json::Object(members) => match members.iter_mut().find(|(known, _)| known == name) {
            Some((_, held)) => *held = value,
            None => members.push((Cow::Owned(name.clone()), value)),
        },
        Json::Array(items) => {
            let at = if name == "-" { items.len() } else { index(name, items.len() + 1, "/path")? };
            items.insert(at, value);
        }
        Json::Null | Json::Boolean(_) | Json::Number(_) | Json::String(_) => return Err(absent("/path")),
    }
    Ok(())
}

fn remove<'j>(json: &mut Json<'j>, path: &[String], member: &'static str) -> Result<Json<'j>, Fault> {
    let Some((name, above)) = path.split_last() else { return Ok(core::mem::replace(json, Json::Null)) };
    match find(json, above, member)? {
        Json::Object(members) => {
            let at = members.iter().position(|(known, _)| known == name).ok_or_else(|| absent(member))?;
            Ok(members.remove(at).1)
        }
        Json::Array(items) => {
            let at = index(name, items.len(), member)?;
            Ok(items.remove(at))
        }
        Json::Null | Json::Boolean(_) | Json::Number(_) | Json::String(_) => Err(absent(member)),
    }
}

/// Returns true if two values are equal; the order of members makes no difference.
fn is_equal(one: &Json<'_>, other: &Json<'_>) -> bool {
    match (one, other) {
        (Json::Object(one), Json::Object(other)) => {
            let has = |(name, value): &(Cow<'_, str>, Json<'_>)| other.iter().any(|(known, held)| known == name && is_equal(value, held));
            one.len() == other.len() && one.iter().all(has)
        }
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_equal(one, other))
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 6902, appendix A: document, patch, and the result; `None` for an error.
    const EXAMPLES: [(&str, &str, Option<&str>); 16] = [
        (r#"{"foo":"bar"}"#, r#"[{"op":"add","path":"/baz","value":"qux"}]"#, Some(r#"{"foo":"bar","baz":"qux"}"#)),
        (r#"{"foo":["bar","baz"]}"#, r#"[{"op":"add","path":"/foo/1","value":"qux"}]"#, Some(r#"{"foo":["bar","qux","baz"]}"#)),
        (r#"{"baz":"qux","foo":"bar"}"#, r#"[{"op":"remove","path":"/baz"}]"#, Some(r#"{"foo":"bar"}"#)),
        (r#"{"foo":["bar","qux","baz"]}"#, r#"[{"op":"remove","path":"/foo/1"}]"#, Some(r#"{"foo":["bar","baz"]}"#)),
        (r#"{"baz":"qux","foo":"bar"}"#, r#"[{"op":"replace","path":"/baz","value":"boo"}]"#, Some(r#"{"baz":"boo","foo":"bar"}"#)),
        (
            r#"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
            r#"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
            Some(r#"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#),
        ),
        (
            r#"{"foo":["all","grass","cows","eat"]}"#,
            r#"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
            Some(r#"{"foo":["all","cows","eat","grass"]}"#),
        ),
        (
            r#"{"baz":"qux","foo":["a",2,"c"]}"#,
            r#"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
            Some(r#"{"baz":"qux","foo":["a",2,"c"]}"#),
        ),
        (r#"{"baz":"qux"}"#, r#"[{"op":"test","path":"/baz","value":"bar"}]"#, None),
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#,
            Some(r#"{"foo":"bar","child":{"grandchild":{}}}"#),
        ),
        (r#"{"foo":"bar"}"#, r#"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#, Some(r#"{"foo":"bar","baz":"qux"}"#)),
        (r#"{"foo":"bar"}"#, r#"[{"op":"add","path":"/baz/bat","value":"qux"}]"#, None),
        (r#"{"/":9,"~1":10}"#, r#"[{"op":"test","path":"/~01","value":10}]"#, Some(r#"{"/":9,"~1":10}"#)),
        (r#"{"/":9,"~1":10}"#, r#"[{"op":"test","path":"/~01","value":"10"}]"#, None),
        (r#"{"foo":["bar"]}"#, r#"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#, Some(r#"{"foo":["bar",["abc","def"]]}"#)),
        (
            r#"{"a":{"b":1,"c":2}}"#,
            r#"[{"op":"test","path":"/a","value":{"c":2,"b":1}},{"op":"copy","from":"/a/b","path":"/d"}]"#,
            Some(r#"{"a":{"b":1,"c":2},"d":1}"#),
        ),
    ];

    #[test]
    fn the_examples_of_the_standard_have_its_results() {
        for (document, patch, expected) in EXAMPLES {
            assert_eq!(patched(document, patch).ok().as_deref(), expected, "{patch}");
        }
    }

    #[test]
    fn a_bad_operation_is_told_by_its_place() {
        for (patch, pointer) in [
            ("{}", ""),
            ("[7]", "/0/path"),
            (r#"[{"op":"add","path":"/a"}]"#, "/0"),
            (r#"[{"op":"put","path":"/a","value":1}]"#, "/0/op"),
            (r#"[{"op":"test","path":"/a","value":1},{"op":"remove","path":"b"}]"#, "/1/path"),
            (r#"[{"op":"remove","path":"/list/01"}]"#, "/0/path"),
            (r#"[{"op":"remove","path":"/list/-"}]"#, "/0/path"),
            (r#"[{"op":"add","path":"/list/3","value":1}]"#, "/0/path"),
            (r#"[{"op":"copy","from":"/none","path":"/b"}]"#, "/0/from"),
            (r#"[{"op":"move","from":"/list","path":"/list/0"}]"#, "/0/path"),
        ] {
            assert_eq!(patched(r#"{"a":1,"list":[1,2]}"#, patch).map_err(|error| error.pointer), Err(pointer.into()), "{patch}");
        }
    }
}
