//! Composes the text of a document from rows.
use alloc::{borrow::Cow, string::String, vec::Vec};

use sdk_core::OwnerKind;
use serde_json::value::RawValue;

use super::{Row, RowKey, RowKind, Rows, split::MEMBERS};

impl Rows {
    /// The document of these rows as it serves. Without its overrides it is never longer than a text that was split into the rows.
    pub fn compose(&self, with_overrides: bool) -> String {
        self.composed(&[], with_overrides, false)
    }

    /// The document of these rows as operators wrote it, with its overrides: a refused definition stands for the last good one.
    pub fn compose_as_written(&self) -> String {
        self.composed(&[], true, true)
    }

    /// The document of these rows, without its overrides, after some of its flags or their states were written.
    pub(crate) fn compose_after(&self, writes: &[(RowKey, Option<String>)]) -> String {
        self.composed(writes, false, false)
    }

    fn composed(&self, writes: &[(RowKey, Option<String>)], with_overrides: bool, as_written: bool) -> String {
        let mut out = String::from(r#"{"schema":"twinflag/1""#);
        for name in MEMBERS {
            if let Some(raw) = self.get(RowKind::Member, name) {
                out.extend([",\"", name, "\":", raw]);
            }
        }
        for (section, kind) in [("segments", RowKind::Segment), ("flags", RowKind::Flag)] {
            if self.names(section).next().is_some() {
                out.extend([",\"", section, "\":{"]);
                self.compose_section((section, kind), writes, as_written, &mut out);
                out.push('}');
            }
        }
        if with_overrides {
            self.compose_overrides(&mut out);
        }
        out.push('}');
        out
    }

    fn compose_section(
        &self,
        (section, kind): (&'static str, RowKind),
        writes: &[(RowKey, Option<String>)],
        as_written: bool,
        out: &mut String,
    ) {
        let mut first = true;
        for name in self.names(section) {
            self.compose_member(kind, name, writes, as_written, |value| {
                if !core::mem::take(&mut first) {
                    out.push(',');
                }
                out.extend(["\"", name, "\":"]);
                out.extend(value.iter().copied());
            });
        }
    }

    /// Hands `member` the pieces of each value that stands under a name among flags or segments, nearly always one value.
    pub(super) fn compose_member(
        &self,
        kind: RowKind,
        name: &str,
        writes: &[(RowKey, Option<String>)],
        as_written: bool,
        mut member: impl FnMut(&[&str]),
    ) {
        let [of_definition, of_state] = [kind, RowKind::State].map(|kind| RowKey { kind, name: name.into() });
        let refused = if as_written { self.refused(&of_definition) } else { None };
        let row = match refused {
            Some(refused) => Some(Cow::Owned(Row::new(kind, refused.text))),
            None => self.row_after(writes, &of_definition),
        };
        let Some(row) = row else { return };
        if row.joins
            && let Some(state) = self.row_after(writes, &of_state)
        {
            return member(&joined(row.text.trim_ascii(), if state.joins { state.text.trim_ascii() } else { NO_STATE }));
        }
        for value in values(&row.text) {
            member(&[value]);
        }
    }

    /// The text of a flag after some writes, as it stands in the document under its name; `None` if there is no such flag, or several.
    pub(crate) fn flag_after(&self, writes: &[(RowKey, Option<String>)], key: &RowKey) -> Option<String> {
        let mut values: Vec<String> = Vec::new();
        self.compose_member(RowKind::Flag, &key.name, writes, false, |value| values.push(value.concat()));
        let [text] = <[String; 1]>::try_from(values).ok()?;
        Some(text)
    }

    /// A row after these writes.
    fn row_after(&self, writes: &[(RowKey, Option<String>)], key: &RowKey) -> Option<Cow<'_, Row>> {
        match writes.iter().find(|(written, _)| written == key) {
            Some((_, text)) => text.as_ref().map(|text| Cow::Owned(Row::new(key.kind, text.clone()))),
            None => self.0.get(key).map(Cow::Borrowed),
        }
    }

    fn compose_overrides(&self, out: &mut String) {
        let mut opened = false;
        for kind in OwnerKind::ALL {
            for (index, (name, tree)) in self.of(kind.into()).enumerate() {
                match (index, opened) {
                    (0, false) => out.extend([r#","overrides":{""#, kind.section(), "\":{"]),
                    (0, true) => out.extend([",\"", kind.section(), "\":{"]),
                    _ => out.push(','),
                }
                opened = true;
                out.extend(["\"", name, "\":", tree]);
            }
            if self.of(kind.into()).next().is_some() {
                out.push('}');
            }
        }
        if opened {
            out.push('}');
        }
    }
}

/// Stands for a state that is no object, as only an edit of the store's file leaves one. The compiler refuses it, so that this flag alone is
/// left out and listed: without its state it would be on for everyone.
const NO_STATE: &str = r#"{"enabled":null}"#;

/// The pieces of one object with the members of two.
fn joined<'t>(definition: &'t str, state: &'t str) -> [&'t str; 3] {
    match (definition, state) {
        (definition, "{}") => [definition, "", ""],
        ("{}", state) => [state, "", ""],
        (definition, state) => [definition.strip_suffix('}').unwrap_or(definition), ",", state.strip_prefix('{').unwrap_or(state)],
    }
}

/// The values that stand under one name, nearly always one. A text that is no JSON, as only an edit of the store's file leaves one, is `null`:
/// the compiler refuses it, so that it is listed, and nothing else is lost.
fn values(text: &str) -> Vec<&str> {
    let list = alloc::format!("[{text}]");
    let begin = list.as_ptr().addr() + 1;
    let places = serde_json::from_str::<Vec<&RawValue>>(&list).unwrap_or_default();
    let found: Vec<_> = places
        .into_iter()
        .map(RawValue::get)
        .filter_map(|value| text.get(value.as_ptr().addr() - begin..).and_then(|rest| rest.get(..value.len())))
        .collect();
    if found.is_empty() { ["null"].into() } else { found }
}
