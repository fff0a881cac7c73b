//! JSON as it is to be written: numbers keep their spelling and texts their escapes, however odd.

use std::fmt::Write as _;

/// A value that will be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// Written as it stands.
    Raw(String),
    /// A list.
    List(Vec<Json>),
    /// An object, its members in this order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Written as it stands.
    pub fn raw(text: impl Into<String>) -> Self {
        Self::Raw(text.into())
    }

    /// A string.
    pub fn text(text: &str) -> Self {
        Self::Raw(quoted(text))
    }

    /// A list of strings.
    pub fn texts<T: AsRef<str>>(texts: &[T]) -> Self {
        Self::List(texts.iter().map(|text| Self::text(text.as_ref())).collect())
    }

    /// An object of these members.
    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.map(|(name, value)| (name.into(), value)).into())
    }

    /// What is written, where it is one word.
    pub fn as_raw(&self) -> Option<&str> {
        if let Self::Raw(text) = self { Some(text) } else { None }
    }

    /// A member of an object.
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Puts a member into an object, in place of any of this name.
    pub fn put(&mut self, name: &str, value: Self) {
        let Self::Object(members) = self else { return *self = Self::object([(name, value)]) };
        match members.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => members.push((name.into(), value)),
        }
    }

    /// Puts a member at the end of a path of names; what stands in the way becomes an object.
    pub fn put_at(&mut self, path: &str, value: Self) {
        let Some((head, rest)) = path.split_once('.') else { return self.put(path, value) };
        if !matches!(self.member(head), Some(Self::Object(_))) {
            self.put(head, Self::Object(Vec::new()));
        }
        if let Self::Object(members) = self
            && let Some((_, inner)) = members.iter_mut().find(|(name, _)| name == head)
        {
            inner.put_at(rest, value);
        }
    }

    /// The member at the end of a path of names.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |value, name| value.member(name))
    }

    /// Writes the value.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Raw(text) => out.push_str(text),
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.push(if index == 0 { '[' } else { ',' });
                    item.write(out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    out.push(if index == 0 { '{' } else { ',' });
                    write_quoted(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }

    /// The value as text.
    pub fn written(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }
}

/// Text between quotes, escaped only where it must be.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_quoted(text, &mut out);
    out
}

fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\0'..' ' => drop(write!(out, "\\u{:04x}", u32::from(character))),
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// The same JSON with everything beyond ASCII as escapes.
pub fn in_ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04X}");
            }
        }
    }
    out
}
