//! Composes the text of a document from rows.
use alloc::string::String;

use sdk_core::OwnerKind;
use serde_json::value::RawValue;

use super::{
    RowKind, Rows,
    split::{MEMBERS, STATE, single},
};

impl Rows {
    /// The document of these rows, with or without its overrides. It is never longer than a text that was split into them.
    pub fn compose(&self, with_overrides: bool) -> String {
        let mut out = String::from(r#"{"schema":"twinflag/1""#);
        for name in MEMBERS {
            if let Some(raw) = self.get(RowKind::Member, name) {
                out.extend([",\"", name, "\":", raw]);
            }
        }
        for (section, kind) in [("segments", RowKind::Segment), ("flags", RowKind::Flag)] {
            if self.names(section).next().is_some() {
                out.extend([",\"", section, "\":{"]);
                self.compose_section(section, kind, &mut out);
                out.push('}');
            }
        }
        if with_overrides {
            self.compose_overrides(&mut out);
        }
        out.push('}');
        out
    }

    fn compose_section(&self, section: &'static str, kind: RowKind, out: &mut String) {
        let mut first = true;
        for name in self.names(section) {
            let Some(text) = self.get(kind, name) else { continue };
            let mut member = |value: &[&str]| {
                if !core::mem::take(&mut first) {
                    out.push(',');
                }
                out.extend(["\"", name, "\":"]);
                out.extend(value.iter().copied());
            };
            if kind == RowKind::Flag
                && let Some(state) = self.get(RowKind::State, name)
                && let Some(definition) = single(text)
                && definition.iter().all(|(name, _)| !STATE.contains(&name.as_str()))
            {
                member(&joined(text, state));
                continue;
            }
            for value in values(text) {
                member(&[value]);
            }
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

/// The pieces of one object with the members of two.
fn joined<'t>(definition: &'t str, state: &'t str) -> [&'t str; 3] {
    match (definition, state) {
        (definition, "{}") => [definition, "", ""],
        ("{}", state) => [state, "", ""],
        (definition, state) => [definition.strip_suffix('}').unwrap_or(definition), ",", state.strip_prefix('{').unwrap_or(state)],
    }
}

/// The values that stand under one name, nearly always one.
fn values(text: &str) -> alloc::vec::Vec<&str> {
    let list = alloc::format!("[{text}]");
    let lengths = serde_json::from_str::<alloc::vec::Vec<&RawValue>>(&list).unwrap_or_default();
    let mut at = 0;
    lengths
        .into_iter()
        .filter_map(|value| {
            let value_text = text.get(at..at + value.get().len());
            at += value.get().len() + 1;
            value_text
        })
        .collect()
}
